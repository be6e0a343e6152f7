//! The log's port: what happens in a namespace is numbered there, and what is said is kept for a while, in one order.
//! Rooms append to it, and go on when it has committed; what it commits later it says through its feed.
//!
//! The rules of a log:
//! * Positions rise in the order of commits, over all rooms of the namespace; revisions rise, too, and never begin anew
//!   within an epoch, whatever becomes of a room.
//! * Batches of one room that are committed are so in the order in which they were appended, but for those that were unknown.
//! * A batch is taken whole or not at all, under its condition; its letters have numbers in a row, and its standing is that
//!   behind the last of them; each batch that is [`Appended::Pending`] is told later by the
//!   feed as committed, rejected or unknown, once; one that is unknown may still be committed.
//! * The feed says commits in the order of their positions. It may say one again, skip numbers, and begin a new epoch.
//! * A page has all that was committed before it was asked for; what is committed meanwhile may be in it.
//! * While it is made, a log says nothing. While the feed owes the commit of a batch, no later one is answered as committed at once.

mod memory;

use std::{cell::Cell, ops::Deref, rc::Rc, sync::Arc};

use smallvec::SmallVec;

pub use self::memory::{HistorySettings, MemoryLog};
use crate::{
    error::LogError,
    event::{RoomEvent, Said},
    id::{BatchId, ChannelScope, Epoch, LogKey, LogPosition, Token},
    ports::LocalFuture,
};

/// The events of a batch.
pub type Events = SmallVec<[RoomEvent; 1]>;

/// Under which condition a batch is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Under none.
    Nothing,
    /// The newest revision that set a policy is this one; 0 if none did.
    Policy(u64),
    /// Nothing has changed since this revision.
    Exactly(u64),
}

/// What a log is asked to take at once.
#[derive(Debug)]
pub struct Batch {
    /// Its number.
    pub id: BatchId,
    /// Whose log.
    pub log: LogKey,
    /// What happens.
    pub events: Events,
    /// Under which condition.
    pub expect: Expect,
    /// The epoch that the condition speaks of: in another it does not hold.
    pub epoch: Epoch,
    /// Addresses whose history ends with it: what was said there so far is for nobody who joins later.
    pub ends: Vec<ChannelScope>,
}

/// How a log answers.
#[derive(Debug)]
pub enum Appended {
    /// It has it.
    Committed(Committed),
    /// The feed will tell.
    Pending,
    /// It certainly has not.
    Refused(AppendRefusal),
}

/// Why a log has not taken a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendRefusal {
    /// The condition does not hold. What the room does not know yet was said by the feed before.
    Conflict,
    /// It cannot take anything now.
    Unavailable,
}

/// How far a room's log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The last letter: the namespace's last cursor, the room's last offset.
    pub position: LogPosition,
    /// Changes so far.
    pub revision: u64,
    /// The newest revision that set a policy.
    pub policy: u64,
}

impl Standing {
    /// Whether what came to stand at `other` was taken in already.
    pub fn covers(&self, other: &Self) -> bool {
        self.position.epoch == other.position.epoch
            && self.position.cursor >= other.position.cursor
            && self.revision >= other.revision
    }
}

/// A batch that is in the log.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The batch, if it is of this namespace of this process.
    pub id: Option<BatchId>,
    /// Whose log.
    pub log: LogKey,
    /// What happened.
    pub events: Events,
    /// How far the log is with it.
    pub standing: Standing,
}

/// What a log says by itself.
#[derive(Debug)]
pub enum Feed {
    /// A batch is in the log, whoever's it is.
    Committed(Committed),
    /// A batch certainly is not.
    Rejected(BatchId, LogKey, AppendRefusal),
    /// Nobody knows; it may still come.
    Unknown(BatchId, LogKey),
    /// From here on positions are of this epoch, and what is of another is old. How far each room's log is then it says next.
    NewEpoch(Epoch),
    /// How far the log of a room is.
    Opened(LogKey, Standing),
}

/// Takes what a log says by itself, in order.
pub type FeedSink = Rc<dyn Fn(Feed)>;

/// The log as the actors of its namespace hold it.
pub(crate) struct LogClient {
    log: Rc<dyn Log>,
    feed: FeedSink,
    batches: Cell<u64>,
}

impl LogClient {
    pub(crate) fn new(log: Rc<dyn Log>, feed: FeedSink) -> Rc<Self> {
        Rc::new(Self {
            log,
            feed,
            batches: Cell::new(0),
        })
    }

    /// Appends a batch under a fresh number.
    pub(crate) fn append(
        &self,
        log: LogKey,
        events: Events,
        (expect, epoch): (Expect, Epoch),
        ends: Vec<ChannelScope>,
    ) -> (BatchId, Appended) {
        let id = BatchId(self.batches.get());
        self.batches.set(id.0 + 1);
        let batch = Batch {
            id,
            log,
            events,
            expect,
            epoch,
            ends,
        };
        (id, self.log.append(batch))
    }

    /// Says something in the place of the log, behind what its feed has said.
    pub(crate) fn feed(&self, feed: Feed) {
        (self.feed)(feed);
    }
}

impl Deref for LogClient {
    type Target = dyn Log;

    fn deref(&self) -> &(dyn Log + 'static) {
        &*self.log
    }
}

/// Asks for letters that a log keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Whose log.
    pub log: LogKey,
    /// Letters that match this address.
    pub address: ChannelScope,
    /// Behind this position.
    pub after: Option<Token>,
    /// At most so many, the newest.
    pub count: usize,
    /// At most so many bytes of them.
    pub bytes: usize,
}

/// Letters of a log, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The letters with their positions.
    pub letters: Vec<(LogPosition, Arc<Said>)>,
    /// Whether nothing that was asked for is missing: after a position, all that was said since; else as many as were asked
    /// for, or all that ever were.
    pub complete: bool,
}

/// Numbers what happens in a namespace and keeps what is said. One value per namespace, on its room thread. See the module.
pub trait Log: 'static {
    /// How far the log of a room is that begins.
    fn open(&self, log: &LogKey) -> Standing;

    /// A room has ended: nobody is in it, and the history of these addresses ends.
    fn close(&self, log: &LogKey, ends: &[ChannelScope]);

    /// Something was said to a room that nobody is in: it is not kept, and a history that reaches back before it is not whole.
    fn missed(&self, log: &LogKey);

    /// Takes a batch.
    fn append(&self, batch: Batch) -> Appended;

    /// Letters that are kept.
    fn read(&self, read: Read) -> LocalFuture<Result<Page, LogError>>;
}
