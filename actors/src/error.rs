//! One error for each question an actor can be asked; the variants are what the asker may do something about.
//! Knows no wire: each error has a stable code, and doors turn codes into what their clients read.

mod ask_share;

pub use self::ask_share::AskShare;

use std::{error, fmt, sync::Arc};

/// Why somebody is not in a room now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The room holds as many as its maker asked for.
    Full {
        /// The capacity in force.
        capacity: usize,
    },
    /// The room is by invitation and the member has none.
    NotInvited,
    /// The room is locked, or this way of access is not offered.
    Forbidden,
    /// A private room is asked for where an open one is occupied.
    RoomExists,
    /// More invitations than a room keeps, or than one member may own.
    TooManyInvitations,
    /// The clients of the member's address hold much already.
    AddressHigh,
    /// The room's hook, which an application has as its script, did not let it in.
    Vetoed(Veto),
    /// The log did not answer in time or refused.
    Log(LogError),
    /// The hub's own fault.
    Internal(Fault),
}

/// Why a letter was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyError {
    /// The room takes letters from its members only, and the sender is none.
    NotMember,
    /// The room is not open, and the sender has no seat in it.
    Forbidden,
    /// The room's hook, which an application has as its script, did not let it be said.
    Vetoed(Veto),
    /// The log did not answer in time or refused.
    Log(LogError),
    /// No worker could make a frame of it.
    Encode(String),
    /// The hub's own fault.
    Internal(Fault),
}

/// Why an owner's command on a room was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManageError {
    /// Only an owner of the room may ask for this.
    Forbidden,
    /// More invitations than a room keeps, or than one member may own.
    TooManyInvitations,
    /// The log did not answer in time or refused.
    Log(LogError),
    /// The hub's own fault.
    Internal(Fault),
}

/// Why one member's answer to an event did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// There is no such member, or it went before it answered.
    Ended,
    /// Its client has more acks to answer than are kept.
    TooManyAcks,
    /// It did not answer in time.
    TimedOut,
    /// The hub's own fault.
    Internal(Fault),
}

/// Why a room's hook did not answer what it was asked from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomAskError {
    /// There is no such room: nobody is in it, and nothing keeps it.
    NoRoom,
    /// The room has no hook.
    NoHook,
    /// The hook said so.
    Vetoed(Veto),
    /// The log did not answer in time or refused.
    Log(LogError),
    /// The hub's own fault, or the hook panicked.
    Internal(Fault),
}

/// What a room's hook, which an application has as its script, says where it does not do what is asked, for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// For programs.
    pub code: Arc<str>,
    /// For people.
    pub message: Arc<str>,
    /// Further data: a JSON text.
    pub data: Option<Arc<str>>,
}

/// Why the hub did not do what it was asked, whatever that was: what can befall any message to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The handler panicked; its state is as it was before.
    Crashed,
    /// Too many crashes in a short time: nothing is taken for a while.
    Quarantined,
    /// The actor is gone, or the sender is not known to it.
    Gone,
    /// Too much of what the sender said still waits to be sent.
    Full,
    /// The one addressed does nothing at present: it may still be done.
    Late,
}

/// Why the log did not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogError {
    /// No answer within the time limit: perhaps it took it, perhaps it still will.
    OutcomeUnknown,
    /// It certainly did not.
    Unavailable,
}

/// Why a session ended. Seen in the log, in metrics, and by applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The transport's connection was closed or lost.
    TransportClose,
    /// The client left a namespace; its session goes on.
    ClientLeft,
    /// The transport was used against its rules.
    TransportError,
    /// No pong within the time limit.
    PingTimeout,
    /// Bytes that are no packet.
    ParseError,
    /// A packet that may not come now, or the hub asked for it.
    ForcedClose,
    /// No namespace was joined in time.
    ConnectTimeout,
    /// Attachments that were promised did not come in time.
    HalfPacket,
    /// More was waiting for the client than an outbox may hold.
    OutboxFull,
    /// Something waited for the client and it took nothing for too long.
    Stalled,
    /// The process held more for its clients than it may, and this one had the most.
    MemoryMax,
    /// The process held more of unfinished messages than it may, and this one had the most.
    UnfinishedBytes,
    /// It held more than one session may.
    SessionBytes,
    /// The sessions of its address held more than they may, and this one asked for more.
    AddressBytes,
    /// The worker thread stood still too long.
    WorkerStalled,
    /// The rooms were started anew after a crash of their thread.
    ServerRestart,
    /// The server is shutting down.
    ShuttingDown,
    /// The session's own actor crashed.
    Crashed,
}

impl CloseReason {
    /// All reasons for which a session ends, for metrics.
    pub const ALL: [Self; 17] = [
        Self::TransportClose,
        Self::TransportError,
        Self::PingTimeout,
        Self::ParseError,
        Self::ForcedClose,
        Self::ConnectTimeout,
        Self::HalfPacket,
        Self::OutboxFull,
        Self::Stalled,
        Self::MemoryMax,
        Self::UnfinishedBytes,
        Self::SessionBytes,
        Self::AddressBytes,
        Self::WorkerStalled,
        Self::ServerRestart,
        Self::ShuttingDown,
        Self::Crashed,
    ];

    /// The reason in Socket.IO's words where it has some.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::ClientLeft => "client namespace disconnect",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ConnectTimeout => "connect timeout",
            Self::HalfPacket => "half packet",
            Self::OutboxFull => "outbox full",
            Self::Stalled => "stalled",
            Self::MemoryMax => "memory max",
            Self::UnfinishedBytes => "unfinished bytes",
            Self::SessionBytes => "session bytes",
            Self::AddressBytes => "address bytes",
            Self::WorkerStalled => "worker stalled",
            Self::ServerRestart => "server restart",
            Self::ShuttingDown => "server shutting down",
            Self::Crashed => "crashed",
        }
    }

    /// Whether what was queued before is still to be delivered.
    pub fn flushes(self) -> bool {
        matches!(
            self,
            Self::ForcedClose | Self::ShuttingDown | Self::ConnectTimeout | Self::ServerRestart
        )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a member left a room or a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaveReason {
    /// It asked to.
    Leave,
    /// Its session or its worker ended.
    Disconnect,
    /// An owner of the room sent it out.
    Kick,
}

impl LeaveReason {
    /// The reason as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Disconnect => "disconnect",
            Self::Kick => "kick",
        }
    }
}

impl fmt::Display for LeaveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! fault_from {
    ($($error:ty),*) => {$(
        impl From<Fault> for $error {
            fn from(fault: Fault) -> Self {
                Self::Internal(fault)
            }
        }
    )*};
}

fault_from!(JoinError, NotifyError, ManageError, AskError, RoomAskError);

macro_rules! log_error_from {
    ($($error:ty),*) => {$(
        impl From<LogError> for $error {
            fn from(error: LogError) -> Self {
                Self::Log(error)
            }
        }
    )*};
}

log_error_from!(JoinError, NotifyError, ManageError, RoomAskError);

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full { capacity } => {
                return write!(f, "the room holds {capacity} members and is full");
            }
            Self::NotInvited => "the room is by invitation, and there is none",
            Self::Forbidden => "the room is closed to newcomers",
            Self::RoomExists => "the room is occupied and less private than asked for",
            Self::TooManyInvitations => "the room keeps fewer invitations",
            Self::AddressHigh => {
                "the clients of this address hold too much (limits.address-bytes-max)"
            }
            Self::Vetoed(veto) => return veto.fmt(f),
            Self::Log(error) => return write!(f, "the join: {error}"),
            Self::Internal(fault) => return write!(f, "the room was not entered: {fault}"),
        })
    }
}

impl fmt::Display for NotifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMember => f.write_str("only members may say something there"),
            Self::Forbidden => {
                f.write_str("the room is not open: saying something there needs a seat")
            }
            Self::Vetoed(veto) => veto.fmt(f),
            Self::Log(error) => write!(f, "the letter: {error}"),
            Self::Encode(why) => f.write_str(why),
            Self::Internal(fault) => write!(f, "the letter was not delivered: {fault}"),
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the client is gone"),
            Self::TooManyAcks => f.write_str("the client has too many acks to answer already"),
            Self::TimedOut => f.write_str("the client did not answer in time"),
            Self::Internal(fault) => write!(f, "the client was not asked: {fault}"),
        }
    }
}

impl fmt::Display for RoomAskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom => f.write_str("there is no such room: nobody is in it"),
            Self::NoHook => f.write_str("the room has no hook that could be asked"),
            Self::Vetoed(veto) => veto.fmt(f),
            Self::Log(error) => write!(f, "what the hook was asked: {error}"),
            Self::Internal(fault) => write!(f, "the hook was not asked: {fault}"),
        }
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for RoomAskError {}
impl error::Error for JoinError {}
impl error::Error for NotifyError {}
impl error::Error for Fault {}
impl error::Error for AskError {}
impl error::Error for LogError {}
impl error::Error for Veto {}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutcomeUnknown => "the log has not said in time whether it took it",
            Self::Unavailable => "the log did not take it",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crashed => "the message made its handler crash and was dropped",
            Self::Quarantined => "crashed too often; nothing is taken for a while",
            Self::Gone => "the one addressed is gone",
            Self::Full => {
                "too much that was asked or said before is still under way; wait for some of it"
            }
            Self::Late => "the one addressed does nothing at present; it may still be done",
        })
    }
}
