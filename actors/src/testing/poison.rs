//! Ports that panic on demand: a log as it takes, or has taken, what is marked; an encoding as it encodes it. What the log
//! commits is noted.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, sync::Arc};

use super::trace::{Fact, note};
use crate::{
    error::LogError,
    event::RoomEvent,
    hub::LogMaker,
    id::{ChannelScope, LogKey, MemberId},
    log::{Appended, Batch, Log, Page, Read, Standing},
    ports::LocalFuture,
};

/// Where what is marked makes a port panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poison {
    /// The log, before it has taken it.
    Append,
    /// The log, once it has taken it.
    Appended,
    /// The log, before it has taken that whoever joined so leaves.
    Leave,
    /// An encoding that tells tokens: on a courier.
    Encode,
}

impl Poison {
    /// As the name of a joiner, or in the arguments of a letter.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Append => "poison:append!",
            Self::Appended => "poison:appended!",
            Self::Leave => "poison:leave!",
            Self::Encode => "poison:encode!",
        }
    }

    /// Panics if this is marked.
    pub(super) fn panic_if_marked(self, text: &[u8]) {
        let mark = self.mark().as_bytes();
        let marked = text.windows(mark.len()).any(|part| part == mark);
        assert!(!marked, "planted: {self:?}");
    }

    fn panic_at_marked(self, events: &[RoomEvent]) {
        for event in events {
            match event {
                RoomEvent::Joined(joined) => {
                    self.panic_if_marked(joined.user.as_deref().unwrap_or_default().as_bytes());
                }
                RoomEvent::Said(said) => self.panic_if_marked(&said.content.args),
                RoomEvent::Left(_) | RoomEvent::Policy(..) | RoomEvent::Script(_) => {}
            }
        }
    }
}

/// Logs that panic on what is marked.
pub(super) fn poisoned(maker: LogMaker) -> LogMaker {
    Arc::new(move |namespace, feed| {
        Rc::new(PoisonedLog(maker(namespace, feed), RefCell::default()))
    })
}

/// With those whose leaves it panics on.
struct PoisonedLog(Rc<dyn Log>, RefCell<BTreeSet<MemberId>>);

impl PoisonedLog {
    fn panic_at_leaves(&self, events: &[RoomEvent]) {
        for event in events {
            match event {
                RoomEvent::Joined(joined)
                    if joined.user.as_deref() == Some(Poison::Leave.mark()) =>
                {
                    self.1.borrow_mut().insert(joined.member.clone());
                }
                RoomEvent::Left(left) => {
                    let marked = self.1.borrow().contains(&left.member);
                    assert!(!marked, "planted: {:?}", Poison::Leave);
                }
                _ => {}
            }
        }
    }
}

impl Log for PoisonedLog {
    fn open(&self, log: &LogKey) -> Standing {
        self.0.open(log)
    }

    fn close(&self, log: &LogKey, ends: &[ChannelScope]) {
        self.0.close(log, ends);
    }

    fn missed(&self, log: &LogKey) {
        self.0.missed(log);
    }

    fn append(&self, batch: Batch) -> Appended {
        Poison::Append.panic_at_marked(&batch.events);
        self.panic_at_leaves(&batch.events);
        let (log, events) = (batch.log.clone(), batch.events.clone());
        let appended = self.0.append(batch);
        Poison::Appended.panic_at_marked(&events);
        if let Appended::Committed(_) = appended {
            note(|| Fact::Committed(log, events));
        }
        appended
    }

    fn read(&self, read: Read) -> LocalFuture<Result<Page, LogError>> {
        self.0.read(read)
    }
}
