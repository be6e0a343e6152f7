//! What the core asks of the world around it: protocols, authorizers, presence events, clocks and rooms' hooks; what runs for a member is
//! [`crate::session::Application`], what numbers and keeps letters is [`crate::log::Log`]. Knows none of their makers.

mod admission;
mod greetings;
mod hooks;
mod streams;

pub use self::admission::{
    Admission, Admitted, Authorizer, Extension, Identity, LoggedIn, Refusal,
};
pub use self::greetings::Greetings;
pub use self::hooks::{
    EFFECT_BYTES_MAX, EFFECTS_MAX, EffectsFull, HookCall, HookMember, HookRoom, HookedJoin,
    RoomHook, RoomHooks, TIMER_TIME_MAX, TIMERS_MAX,
};
pub(crate) use self::hooks::{HookEffect, HookEffects};
pub use self::streams::{EventStreams, ItemsAs};

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::SystemTime,
};

use bytes::Bytes;

use crate::{
    id::{ChannelScope, MemberId, RoomKey},
    letter::{Content, EncodingId, Frame, TransportMessage},
    state::roster::ListedMember,
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
        /// What of it comes in items.
        streams: EventStreams,
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
    /// An item of a stream that it sends with an event.
    Item {
        /// The namespace.
        namespace: Arc<str>,
        /// The stream, as in [`EventStreams::sent`].
        stream: Arc<str>,
        /// The item: one argument.
        item: Answer,
    },
    /// A stream that it sends has come to its end.
    ItemsEnd {
        /// The namespace.
        namespace: Arc<str>,
        /// The stream, as in [`EventStreams::sent`].
        stream: Arc<str>,
        /// Why it ends too early, in the client's words.
        error: Option<String>,
    },
    /// It takes no more items as the answer to an event.
    Cancel {
        /// The namespace.
        namespace: Arc<str>,
        /// The event's ack.
        id: u64,
    },
    /// Something the protocol answers by itself.
    Reply(Frame),
}

/// The arguments of an acknowledgement, as in [`Content::args`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// JSON texts joined by commas.
    pub args: Bytes,
    /// The blobs that placeholders in them number.
    pub blobs: Vec<Bytes>,
}

impl Answer {
    /// Bytes of the arguments and the blobs.
    pub(crate) fn len(&self) -> usize {
        self.args.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Bytes that are against a protocol's rules: the session is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// For the log.
    pub why: String,
    /// The last that the client is told, in a protocol that has words for it.
    pub told: Option<Frame>,
}

impl Violation {
    /// A violation that ends the session without a word.
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            told: None,
        }
    }

    /// The same, of which the client is told with this frame.
    #[must_use]
    pub fn told(self, frame: Frame) -> Self {
        Self {
            told: Some(frame),
            ..self
        }
    }
}

/// What a session speaks. One value per session, on the session's thread.
pub trait Protocol: 'static {
    /// The namespace that a session comes into as it opens, without being asked.
    fn opens(&self) -> Option<Arc<str>> {
        None
    }

    /// Whether the session is for one namespace: it is closed once that refused the client or put it out, who is told first,
    /// or once the client left it.
    fn ends_with_its_namespace(&self) -> bool {
        false
    }

    /// Whether a client is told nothing before its CONNECT, no ping that asks for nothing either: what [`Admitted::said`] has
    /// comes right behind it then.
    fn connect_comes_first(&self) -> bool {
        false
    }

    /// Whether a client is told nothing of an event that it asked no answer for, not even that it failed.
    fn answers_only_who_asks(&self) -> bool {
        false
    }

    /// Takes one message of the transport in; what it says, if it is complete.
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation>;

    /// What else the last message said, a word at a time, behind what [`Protocol::decode`] answered.
    fn decode_more(&mut self) -> Option<ClientPacket> {
        None
    }

    /// Bytes held for a message that is not complete; 0 if none is under way.
    fn pending_bytes(&self) -> usize;

    /// The encoding that letters to this session take, given what it said when it connected.
    fn encoding(&self, auth: Option<&[u8]>) -> EncodingId;

    /// The id that the client was told its member would have; none where the hub makes one.
    fn member_id(&self) -> Option<MemberId> {
        None
    }

    /// Tells the client that it is in a namespace, if there is a word for that.
    fn connected(&self, namespace: &str, member: &MemberId) -> Option<Frame>;

    /// Tells the client that it is not let into a namespace. Without a word for that its session is closed.
    fn refused(&self, namespace: &str, refusal: &Refusal) -> Option<Frame>;

    /// Tells the client that it was put out of a namespace. Without a word for that its session is closed.
    fn disconnected(&self, namespace: &str) -> Option<Frame>;

    /// The same where it may come again as somebody else, and why it was put out.
    fn disconnected_for(&self, namespace: &str, _why: &str) -> Option<Frame> {
        self.disconnected(namespace)
    }

    /// An event to this client alone.
    fn event(&self, namespace: &str, content: &Content, ack: Option<u64>) -> Frame;

    /// The answer to an event of the client.
    fn ack(&self, namespace: &str, id: u64, answer: &Answer) -> Frame;

    /// An item of the answer to an event of the client; none in a protocol whose clients do not take [`ItemsAs::Items`].
    fn item(&self, _namespace: &str, _id: u64, _item: &Answer) -> Option<Frame> {
        None
    }

    /// The end of an answer in items, as of [`Protocol::item`]; a failure, where it has one, is what an ack would say of it.
    fn items_end(&self, _namespace: &str, _id: u64, _failure: Option<&Answer>) -> Option<Frame> {
        None
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
    pub users: Vec<ListedMember>,
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
