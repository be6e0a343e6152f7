//! What the core asks of the world around it: protocols, applications, the log, authorizers, presence events and clocks.
//! Knows none of their makers.

use std::{
    any::Any,
    cell::Cell,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::{
    error::{CloseReason, LogError},
    id::{ChannelScope, LogPosition, MemberId, RoomKey},
    letter::{Content, Draft, EncodingId, Frame, TransportMessage},
    notice::cause,
    session::Member,
};

/// A future that stays on the thread it was made on.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Polls a future once: what it comes to, or the future itself if it has to wait.
///
/// # Errors
/// It has to wait: to be polled on, and soon, as nothing wakes anybody for it yet.
pub fn polled_once<T>(mut future: LocalFuture<T>) -> Result<T, LocalFuture<T>> {
    let mut cx = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut cx) {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err(future),
    }
}

/// What a client said, in the core's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientPacket {
    /// It asks to be let into a namespace.
    Connect {
        /// The namespace.
        namespace: Arc<str>,
        /// Credentials: a JSON text, if any were sent.
        auth: Option<Bytes>,
    },
    /// It leaves a namespace.
    Disconnect {
        /// The namespace.
        namespace: Arc<str>,
    },
    /// An event.
    Event {
        /// The namespace.
        namespace: Arc<str>,
        /// The number to answer under, if an answer is asked for.
        ack: Option<u64>,
        /// Name, arguments, blobs.
        content: Content,
    },
    /// The answer to an event of ours.
    Ack {
        /// The namespace.
        namespace: Arc<str>,
        /// The number that our event carried.
        id: u64,
        /// The answer.
        answer: Answer,
    },
    /// Something the protocol answers by itself.
    Reply(Frame),
}

/// The arguments of an acknowledgement, as in [`Content::args`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// JSON texts joined by commas.
    pub args: Bytes,
    /// The blobs that placeholders in them number.
    pub blobs: Vec<Bytes>,
}

/// Bytes that are against a protocol's rules: the session is closed. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// What a session speaks. One value per session, on the session's thread.
pub trait Protocol: 'static {
    /// Takes one message of the transport in; what it says, if it is complete.
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation>;

    /// Bytes held for a message that is not complete; 0 if none is under way.
    fn pending_bytes(&self) -> usize;

    /// The encoding that letters to this session take, given what it said when it connected.
    fn encoding(&self, auth: Option<&[u8]>) -> EncodingId;

    /// Tells the client that it is in a namespace.
    fn connected(&self, namespace: &str, member: &MemberId) -> Frame;

    /// Tells the client that it is not let into a namespace.
    fn refused(&self, namespace: &str, refusal: &Refusal) -> Frame;

    /// Tells the client that it was put out of a namespace.
    fn disconnected(&self, namespace: &str) -> Frame;

    /// An event to this client alone.
    fn event(&self, namespace: &str, content: &Content, ack: Option<u64>) -> Frame;

    /// The answer to an event of the client.
    fn ack(&self, namespace: &str, id: u64, answer: &Answer) -> Frame;
}

/// Why a namespace does not let a client in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For people, and for the clients' error event.
    pub message: String,
    /// Further data for the client: a JSON text.
    pub data: Option<String>,
}

/// An event as an application gets it.
pub struct Event {
    /// What is said.
    pub content: Content,
    /// Answers it, if the client asks for an answer.
    pub ack: Option<AckHandle>,
}

/// Answers one event, once, whichever of its clones does.
#[derive(Clone)]
pub struct AckHandle {
    member: Rc<Member>,
    id: u64,
    answered: Rc<Cell<bool>>,
}

impl AckHandle {
    pub(crate) fn new(member: Rc<Member>, id: u64) -> Self {
        Self {
            member,
            id,
            answered: Rc::default(),
        }
    }

    /// Whether it has no answer yet.
    pub fn is_open(&self) -> bool {
        !self.answered.get()
    }

    /// Sends the answer, unless there was one before: `false` then.
    pub fn answer(&self, answer: &Answer) -> bool {
        // Marked first: sending may run other code of this member.
        let open = !self.answered.replace(true);
        if open {
            self.member.answer(self.id, answer);
        }
        open
    }
}

/// What an application does in a namespace. Its futures run on the session's thread.
pub trait Application: Send + Sync + 'static {
    /// A member has come in: the client has its CONNECT already. Events wait until the future ends.
    /// An error puts the member out again.
    fn connected(
        &self,
        member: Rc<Member>,
        auth: Option<Bytes>,
    ) -> LocalFuture<Result<(), Refusal>>;

    /// An event has come. It is handled at once, up to its first wait, before the next event is looked at; what is left to
    /// do then is returned.
    fn event(&self, member: Rc<Member>, event: Event) -> Option<LocalFuture<()>>;

    /// The handling of an event panicked; `ack` if it had not answered yet.
    fn crashed(&self, member: Rc<Member>, name: &str, ack: Option<AckHandle>);

    /// The member is gone; its seats are being left.
    fn disconnected(&self, member: Rc<Member>, reason: CloseReason);
}

/// Numbers and keeps letters. One value per namespace, on its room thread.
pub trait Log: 'static {
    /// Asks for the numbers of a letter for `room`, whose last numbers are `last`.
    fn propose(&self, room: &RoomKey, last: LogPosition, draft: &Draft) -> Proposal;
}

/// How a log answers.
pub enum Proposal {
    /// At once.
    Numbered(LogPosition),
    /// It will not.
    Refused(LogError),
    /// Later; the room takes no further mail until then, or until its time limit.
    Later(LocalFuture<Result<LogPosition, LogError>>),
}

/// A log's late answer, within its time limit. It is polled outside of every guard: a panic in it would take an actor along.
pub(crate) async fn in_time(
    answer: LocalFuture<Result<LogPosition, LogError>>,
    limit: Duration,
) -> Result<LogPosition, LogError> {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match timeout(limit, answer).await {
        Ok(Ok(position)) => position,
        Ok(Err(payload)) => {
            std::mem::forget(payload);
            let what = format_args!("a log panicked over a letter");
            cause::LOG_PANICKED.tell(None, None, what);
            Err(LogError::Unavailable)
        }
        Err(_) => Err(LogError::TimedOut),
    }
}

/// Who may come in?
pub trait Authorizer: Send + Sync + 'static {
    /// May a client with these credentials come in? The identity it then has.
    fn connect(&self, namespace: &str, auth: Option<&[u8]>) -> Result<Identity, Refusal>;
}

/// Who a member is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account, if somebody is logged in.
    pub account: Option<Arc<str>>,
}

/// Lets everybody in as a guest.
#[derive(Debug, Default)]
pub struct AllowAll;

impl Authorizer for AllowAll {
    fn connect(&self, _: &str, _: Option<&[u8]>) -> Result<Identity, Refusal> {
        Ok(Identity::default())
    }
}

/// Makes a namespace's presence events.
pub trait PresenceEvents: Send + Sync + 'static {
    /// Who is online in channels.
    fn online(&self, online: &Online) -> Content;

    /// Who is in a room.
    fn room_online(&self, room: &RoomKey, online: &RoomOnline<'_>) -> Content;
}

/// The state of a namespace's channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Online {
    /// Distinct members in at least one channel.
    pub members: usize,
    /// Channels with their counts, at most [`Online::CHANNELS`]: changed ones first, then the largest.
    pub channels: Vec<(Arc<str>, usize)>,
    /// Whether channels were left out.
    pub truncated: bool,
    /// The channel that changed, if it was one.
    pub changed: Option<Arc<str>>,
}

impl Online {
    /// The most channels that are listed.
    pub const CHANNELS: usize = 100;
}

/// The state of one room under an address.
#[derive(Clone, Debug)]
pub struct RoomOnline<'a> {
    /// The address's channel.
    pub tag: &'a ChannelScope,
    /// Members that match it.
    pub count: usize,
    /// At most [`RoomOnline::USERS`] of them with the names they gave, longest seated first.
    pub users: Vec<(MemberId, Option<Arc<str>>)>,
}

impl RoomOnline<'_> {
    /// The most members that are listed.
    pub const USERS: usize = 100;
}

/// Tells the time of day. Intervals are tokio's, so that tests can hold them.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Makes ids that nobody can guess.
pub trait IdGenerator: Send + Sync + 'static {
    /// A fresh public id for a member: 20 URL-safe characters. `None`: the system has no randomness to give.
    fn member_id(&self) -> Option<MemberId>;
}

/// What an application keeps with a member.
pub type Extension = Rc<dyn Any>;
