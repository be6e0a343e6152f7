//! Over 400 lines: it is the whole glossary.
//! Every word that the actors say to each other: one enum for each that hears. Read this first: a word that is not here is
//! said by nobody.

mod acks;
mod command;
mod courier_ref;
mod gateway;
mod receipt;
mod room_ask;
mod selection;
mod survey;
mod watching;

#[cfg(test)]
pub(crate) use self::watching::CHANGES_MAX;
pub(crate) use self::{
    acks::SHARED_ACKS,
    courier_ref::Permits,
    gateway::{Gateway, pass},
};
pub use self::{
    acks::{AckStream, AskPlace, AskedLetter, Asking, MemberAnswer, SelectedLetter, SharedAck},
    command::{Action, Command},
    courier_ref::{CourierParts, CourierRef, WeakCourierRef},
    gateway::{GatePlace, Parcel},
    receipt::{NotifyAnswer, Receipt},
    room_ask::RoomAsk,
    selection::{
        ChangeCount, CourierSelect, MemberChange, MemberInfo, MemberPage, MemberRequest,
        MemberTask, Select, Selected, Selection, SelectionRequest,
    },
    survey::{NamespaceCounts, RoomNames, Survey, SurveyRequest},
    watching::{PresenceChange, PresentMember, Watch, Watcher},
};

use std::{sync::Arc, time::Duration};

use actix::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[cfg(test)]
use crate::testing::call::Call;
use crate::{
    account::{Payer, Weighed},
    error::{CloseReason, JoinError, LeaveReason, ManageError, NotifyError},
    event::Joined,
    event_template::EventTemplate,
    flow::{Brake, DeliveryPermit, InboundUnit},
    id::{BatchId, ChannelScope, LocalId, LogPosition, MemberId, RoomId, RoomKey, Token},
    lease::Lease,
    letter::{Content, Draft, EncodingId, Frame, Letter, TransportMessage},
    log::{AppendRefusal, Committed, Feed, Standing},
    mailbox::{Reply, WeakMailbox, Word},
    outbox::{Outbox, OutboxLimits},
    state::{
        audience::{LeaveScope, PresenceScope, Scopes, SeatTags},
        gate::PlaceId,
        room::{RoomOptions, RoomPolicy},
        roster::ListedMember,
    },
};

/// What was said before may take one part in so many of an outbox.
const REPLAY_SHARE: usize = 4;

/// For each enum of words: what it takes from a sender who names the word alone.
macro_rules! told {
    ($($to:ident: $($variant:ident($word:ty)),+ $(,)?;)+) => {$(
        impl Message for $to {
            type Result = ();
        }

        impl Word for $to {}

        $(impl From<$word> for $to {
            fn from(word: $word) -> Self {
                Self::$variant(word)
            }
        })+

        #[cfg(test)]
        impl From<Call> for $to {
            fn from(call: Call) -> Self {
                Self::Call(call)
            }
        }
    )+};
}

told! {
    ToNamespace: Connected(Box<Connected>), Disconnected(Disconnected), Join(Box<Join>), Leave(Leave), Resolve(Resolve),
        Letter(Box<SelectedLetter>), Select(Box<Select>), Ask(Box<RoomAsk>), Survey(Survey), Watch(Watch), Seated(Seated), Unseated(Unseated), Feed(Feed), Ping(Ping);
    ToRoom: Join(PlacedJoin), Leave(Leave), Notify(Notify), Manage(Manage), Ask(Box<RoomAsk>), Watch(Watcher), Commit(Box<Commit>);
    ToCourier: Register(Register), Direct(Direct), MirrorJoin(MirrorJoin), MirrorLeave(MirrorLeave), Deliver(Deliver), AskedLetter(Box<AskedLetter>),
        SharedAck(SharedAck), Replay(Replay), Select(Box<CourierSelect>), Ping(Ping);
    ToSession: FromClient(FromClient), ForMember(Box<MemberRequest>), Observed(Box<Observed>);
}

/// What a namespace hears. Boxed is what its sender has in a box, and what is much larger than the rest.
pub enum ToNamespace {
    /// From a session.
    Connected(Box<Connected>),
    /// From a session.
    Disconnected(Disconnected),
    /// From a session.
    Join(Box<Join>),
    /// From a session.
    Leave(Leave),
    /// From a session.
    Resolve(Resolve),
    /// From anywhere: a letter to some of its members.
    Letter(Box<SelectedLetter>),
    /// From anywhere: something is asked of some of its members.
    Select(Box<Select>),
    /// From anywhere: something is asked of a room's hook.
    Ask(Box<RoomAsk>),
    /// From anywhere: which rooms there are, and how many of all.
    Survey(Survey),
    /// From anywhere: somebody watches the presence of a room.
    Watch(Watch),
    /// From anywhere: somebody has watched this room, and does not any more.
    Unwatched(RoomKey),
    /// From a room.
    Seated(Seated),
    /// From a room.
    Unseated(Unseated),
    /// From a room: nobody is in it, nothing of it is under way, and every join up to this one was seen: without a later one it
    /// may go.
    Vacant {
        /// The room.
        room: RoomKey,
        /// The join.
        seen: u64,
        /// Addresses whose history ends, which the log was not told yet.
        ends: Vec<ChannelScope>,
    },
    /// From a room: it died, outside of its guard.
    RoomDied(RoomKey),
    /// From the log.
    Feed(Feed),
    /// From a room: all that a commit led to. Its place in the order is held until then.
    Released {
        /// The place.
        place: PlaceId,
        /// What it led to.
        parcels: Vec<Parcel>,
    },
    /// From a room: goes behind every commit that has come so far.
    Behind(Parcel),
    /// From a room: it wants [`ToRoom::Due`] after this time.
    WakeAfter {
        /// The room.
        room: RoomKey,
        /// The time.
        time: Duration,
    },
    /// From whoever looks after the process.
    Ping(Ping),
    /// From a test.
    #[cfg(test)]
    Call(Call),
}

/// What a room hears.
pub enum ToRoom {
    /// From the namespace.
    Join(PlacedJoin),
    /// From the namespace, in its order.
    Leave(Leave),
    /// From a session.
    Notify(Notify),
    /// From a session.
    Manage(Manage),
    /// From the namespace: something is asked of the room's hook.
    Ask(Box<RoomAsk>),
    /// From the namespace: somebody watches who is there.
    Watch(Watcher),
    /// From the namespace: a watcher may be gone.
    Unwatched,
    /// From the namespace: what the log has committed by its feed.
    Commit(Box<Commit>),
    /// From the namespace: the log has not taken a batch.
    Rejected(BatchId, AppendRefusal),
    /// From the namespace: the log does not know what became of a batch.
    Unknown(BatchId),
    /// From the namespace: how far the room's log is, in an epoch that begins.
    Opened(Standing),
    /// From the namespace: the time has come for what the room waits for: a presence event, or a log.
    Due,
    /// From a test.
    #[cfg(test)]
    Call(Call),
}

/// What a courier hears. Every letter pays for the largest of these: none is much larger than [`Deliver`].
pub enum ToCourier {
    /// From a session.
    Register(Register),
    /// From a session: a member is served no more.
    Unregister(LocalId),
    /// From a session.
    Direct(Direct),
    /// From a room.
    MirrorJoin(MirrorJoin),
    /// From a room.
    MirrorLeave(MirrorLeave),
    /// From rooms, namespaces and sessions.
    Deliver(Deliver),
    /// From a namespace.
    AskedLetter(Box<AskedLetter>),
    /// From a session.
    SharedAck(SharedAck),
    /// From a room, before the seat that it goes with.
    Replay(Replay),
    /// From a namespace: something is asked of some of its members.
    Select(Box<CourierSelect>),
    /// From a room: something is asked of one of its members.
    ForMember(Box<MemberRequest>),
    /// From the hub: the rooms of this namespace are gone with their thread, and its members are to come back.
    CloseNamespace(Arc<str>),
    /// From a session: ends an outbox behind everything that the courier was sent before.
    EndOutbox {
        /// Whose.
        local_id: LocalId,
        /// Why.
        reason: CloseReason,
    },
    /// From the hub: asks for the sessions here that hold most, those that take nothing first; at most a few.
    HeaviestPayers {
        /// What counts.
        weighed: Weighed,
        /// Takes the answer.
        reply: Reply<Vec<Payer>>,
    },
    /// From the hub: closes a session.
    Evict {
        /// Its place.
        local_id: LocalId,
        /// Why.
        reason: CloseReason,
    },
    /// From a session: somebody looks on at what goes to one of its members.
    Observe {
        /// Its place.
        local_id: LocalId,
        /// So many events may be under way to the observers.
        places: Arc<Semaphore>,
    },
    /// From whoever waits for the courier.
    Ping(Ping),
    /// From a test.
    #[cfg(test)]
    Call(Call),
}

/// What a session hears.
pub enum ToSession {
    /// From the transport.
    FromClient(FromClient),
    /// From the transport: something has come in that is no message. Holds a unit too: a client may send nothing else.
    Noise {
        /// The client answered a heartbeat.
        pong: bool,
        /// Held until it is counted.
        unit: InboundUnit,
    },
    /// From the transport: it is gone, or the session is to end.
    Close(CloseReason),
    /// From the transport: runs something on the session's thread, while the session lives. So a socket moves to its
    /// session's worker.
    RunHere(Box<dyn FnOnce() + Send>),
    /// From one of its members, or what runs for it: that one is disconnected.
    Disconnect {
        /// The member's place.
        local_id: LocalId,
        /// And the whole connection is closed.
        close: bool,
        /// Why, if it may come again as somebody else.
        why: Option<Arc<str>>,
    },
    /// From the courier: something is asked of one of its members.
    ForMember(Box<MemberRequest>),
    /// From the courier: an event went to one of its members that is observed.
    Observed(Box<Observed>),
    /// From the courier: its outbox was ended for this reason.
    Evicted(CloseReason),
    /// From the courier: one of its members lost tags of its seat in a room.
    Kicked {
        /// The member's place.
        local_id: LocalId,
        /// The room.
        room: RoomKey,
        /// The last join that the room had seen by then: a later one stands.
        number: u64,
        /// The tags that it lost.
        gone: Scopes,
    },
    /// From a test.
    #[cfg(test)]
    Call(Call),
}

// Session to namespace.

/// A member has come in; before this the namespace does not know it. Not answered: what follows is refused if it failed.
pub struct Connected {
    /// The member.
    pub member: MemberId,
    /// Its place at its courier.
    pub local_id: LocalId,
    /// The courier that serves it.
    pub courier: CourierRef,
    /// Held until the namespace knows it.
    pub unit: InboundUnit,
}

/// A member is gone: it leaves every room it was ever sent to. Sent by the drop of its session's guard, so always.
pub struct Disconnected {
    /// The member.
    pub member: MemberId,
    /// Held until the last room has seen it off.
    pub unit: Arc<InboundUnit>,
    /// Keeps the namespace until then, if it has a parent.
    pub(crate) lease: Option<Lease>,
}

/// A member wants to sit down in a room, which is made if need be.
pub struct Join {
    /// The room.
    pub room: RoomKey,
    /// What happens if it may.
    pub joined: Joined,
    /// What the maker of a room may ask for.
    pub options: RoomOptions,
    /// Makes the join event; without it nobody is told.
    pub announce: Option<EventTemplate>,
    /// What it wants to be told of what was said before.
    pub history: Option<HistoryRequest>,
    /// Of whom it is to be told from now on.
    pub told: PresenceScope,
    /// Takes the answer.
    pub reply: Reply<Result<JoinAnswer, JoinError>>,
}

/// What a member that joins wants to be told of what was said to the address before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Behind this position.
    pub since: Option<Token>,
    /// At most so many letters, the newest.
    pub count: usize,
    /// At most so many bytes of them.
    pub bytes: usize,
    /// More letters were asked for than `count`.
    pub cut: bool,
}

impl HistoryRequest {
    /// As much of it as an outbox has a place for beside all else.
    pub(crate) fn within(self, limits: OutboxLimits) -> Self {
        let count_max = limits.count_max / REPLAY_SHARE;
        Self {
            count: self.count.min(count_max),
            bytes: self.bytes.min(limits.bytes_max / REPLAY_SHARE),
            cut: self.cut || self.count > count_max,
            ..self
        }
    }
}

/// What a member that joined was told of what was said before.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The position behind which what is said reaches the member by itself.
    pub position: LogPosition,
    /// How many letters it was told.
    pub count: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Whether that is all it asked for.
    pub complete: bool,
    /// Tells when its courier has handed them on.
    pub receipt: Arc<Receipt>,
}

/// How a join went.
#[derive(Clone)]
pub struct JoinAnswer {
    /// The member had this address already; nothing was sent to anybody.
    pub already: bool,
    /// Members that match the address, the joiner among them.
    pub count: usize,
    /// What holds at the address.
    pub terms: RoomPolicy,
    /// At most [`crate::ports::RoomOnline::USERS`] of the members that match the address with the names they gave, longest seated
    /// first; none of a plain room.
    pub users: Vec<ListedMember>,
    /// All tags of the seat now.
    pub tags: Scopes,
    /// The number of this join in the namespace.
    pub number: u64,
    /// What it was told of what was said before, if it asked.
    pub replayed: Option<Replayed>,
    /// The room, for the messages that follow.
    pub room: WeakMailbox<ToRoom>,
}

/// A member gives seats up.
pub struct Leave {
    /// The room.
    pub room: RoomKey,
    /// Which of its tags.
    pub which: LeaveScope,
    /// Who leaves.
    pub member: MemberId,
    /// Why.
    pub reason: LeaveReason,
    /// Makes the leave event, once for each tag; without it the one of the join does.
    pub announce: Option<EventTemplate>,
    /// Takes the answer; none for leaves that nobody waits for.
    pub reply: Option<Reply<LeaveAnswer>>,
    /// Held until the room has seen it off; none where the hub itself sends somebody away.
    pub unit: Option<Arc<InboundUnit>>,
}

/// What a leave led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaveAnswer {
    /// The tags given up, each with the members that match it now. Empty: there was no such seat.
    pub gone: Vec<(ChannelScope, usize)>,
}

/// Asks for a room that the sender has no seat in.
pub struct Resolve {
    /// The room.
    pub room: RoomKey,
    /// Takes the way to it; `None` if there is no such room: nobody is in it.
    pub reply: Reply<Option<Resolved>>,
}

/// See [`Resolve`].
pub struct Resolved {
    /// The way to the room.
    pub way: WeakMailbox<ToRoom>,
    /// It died and was made anew: what was on its way to it then is lost.
    pub died: bool,
}

/// A letter for a room, sent straight to it.
pub struct Notify {
    /// The address's channel.
    pub tag: ChannelScope,
    /// Who says it.
    pub member: MemberId,
    /// Whether the sender hears itself, if it is a member.
    pub echo: bool,
    /// Whether only members may say something here.
    pub seat_needed: bool,
    /// The hub itself says it: it needs no seat, of a private address neither.
    pub by_hub: bool,
    /// What is said.
    pub draft: Draft,
    /// Takes the answer.
    pub reply: Reply<Result<NotifyAnswer, NotifyError>>,
}

/// An owner's command on an address of a room, or the hub's.
pub struct Manage {
    /// Who commands.
    pub by: MemberId,
    /// The hub itself commands: it need not own the address.
    pub by_hub: bool,
    /// What.
    pub command: Command,
    /// Makes the event that tells the members.
    pub announce: Option<EventTemplate>,
    /// Takes the answer: to how many members it was told.
    pub reply: Reply<Result<usize, ManageError>>,
}

// To namespaces and couriers.

/// Asks whether the actor's thread still comes round to it.
pub struct Ping(pub Reply<()>);

// Namespace to room.

/// A join, with what the namespace knows of who joins.
pub struct PlacedJoin {
    /// The join.
    pub join: Box<Join>,
    /// The courier that serves the member.
    pub courier: CourierRef,
    /// Its place there.
    pub local_id: LocalId,
    /// The number of this join in the namespace.
    pub number: u64,
}

/// What the log has committed, and its place in the order of what leaves the namespace.
pub struct Commit {
    /// What.
    pub committed: Committed,
    /// Held until the room has done with it.
    pub place: GatePlace,
}

// Room to namespace.

/// A member sat down in a channel, which has `count` now.
pub struct Seated {
    /// The room.
    pub room: RoomKey,
    /// The member.
    pub member: MemberId,
    /// All members.
    pub count: usize,
    /// Of whom it is told.
    pub told: PresenceScope,
}

/// A member has no seat any more, or was refused one, as of join `number`.
pub struct Unseated {
    /// The room.
    pub room: RoomKey,
    /// The member.
    pub member: MemberId,
    /// The last join of this member that the room had seen.
    pub number: u64,
    /// All members.
    pub count: usize,
    /// It had a seat before.
    pub seated: bool,
}

// To couriers.

/// A member is served here from now on.
pub struct Register {
    /// Its place.
    pub local_id: LocalId,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// The public id; none of a session by itself.
    pub member: Option<MemberId>,
    /// The account, if somebody is logged in.
    pub account: Option<Arc<str>>,
    /// Where its letters go.
    pub outbox: Arc<Outbox>,
    /// The encoding they take.
    pub encoding: EncodingId,
    /// The way to its session.
    pub session: WeakMailbox<ToSession>,
    /// See `DeliveryWindow::generation`, when this was said.
    pub generation: usize,
}

/// A frame for one member alone.
pub struct Direct {
    /// Its place.
    pub local_id: LocalId,
    /// What.
    pub frame: Frame,
    /// May be dropped where the reader is slow.
    pub volatile: bool,
    /// The sender's, until the frame is in the outbox.
    pub unit: InboundUnit,
    /// Which event it is, if the member is observed.
    pub observed: Option<Box<Content>>,
    /// An item's, until the frame is in the outbox: the next one waits for it.
    pub place: Option<OwnedSemaphorePermit>,
}

/// An event that went to a member, for those who look on.
pub struct Observed {
    /// The member's place.
    pub local_id: LocalId,
    /// The event.
    pub content: Content,
    /// Held until they are done with it.
    pub place: OwnedSemaphorePermit,
}

/// A room's seat, as the courier is to mirror it.
pub struct MirrorJoin {
    /// The room.
    pub room: RoomId,
    /// The room's key: letters to several rooms name that.
    pub key: RoomKey,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Whose seat.
    pub local_id: LocalId,
    /// Its tags now.
    pub seat: SeatTags,
    /// The room's, if this is the last thing that a command led to here.
    pub permit: Option<DeliveryPermit>,
}

/// A seat that is no more.
pub struct MirrorLeave {
    /// The room.
    pub room: RoomId,
    /// Whose seat.
    pub local_id: LocalId,
    /// What its session must be told, because somebody else took the seat away: the room, the last join that it had seen
    /// by then, and the tags that are gone. Where the seat keeps others a [`MirrorJoin`] follows.
    pub kicked: Option<(RoomKey, u64, Scopes)>,
    /// See [`MirrorJoin::permit`].
    pub permit: Option<DeliveryPermit>,
}

/// A letter for those of a courier's members who are in the audience.
pub struct Deliver {
    /// Who receives it.
    pub audience: Audience,
    /// The letter.
    pub letter: Arc<Letter>,
    /// Settled when the courier is done with it.
    pub receipt: Option<Arc<Receipt>>,
    /// See [`MirrorJoin::permit`].
    pub permit: Option<DeliveryPermit>,
}

/// What was said before a member joined, for it alone, in order.
pub struct Replay {
    /// Its place.
    pub local_id: LocalId,
    /// The letters, shared with all whom they are told.
    pub letters: Vec<Arc<Letter>>,
    /// Settled when the courier is done with it.
    pub receipt: Arc<Receipt>,
}

/// Who of a courier's members receives a letter.
pub enum Audience {
    /// The seats of one room that match an address.
    Room {
        /// The room.
        room: RoomId,
        /// The address's channel.
        tag: ChannelScope,
        /// All but this one.
        except: Option<LocalId>,
        /// Only those who are told who is there.
        of_presence: bool,
        /// Holds the room back while its readers are behind; none where a namespace speaks to a channel.
        brake: Option<Arc<Brake>>,
    },
    /// Members of the letter's namespace, each once.
    Selected(Arc<Selected>),
    /// Everybody who is in some channel of the letter's namespace, and told who is in the others.
    AnyChannel,
    /// One member.
    Member(LocalId),
}

// Transport to session.

/// A whole message has come in.
pub struct FromClient {
    /// The message.
    pub wire: TransportMessage,
    /// Held while it is handled.
    pub unit: InboundUnit,
}
