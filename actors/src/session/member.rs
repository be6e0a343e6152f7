//! A member: one session in one namespace, as applications hold it. Whatever it says goes through one queue, in order:
//! letters to one target are pipelined, and before the target changes the last answer is waited for.
//! Stays on its session's thread.

mod answering;
mod asking;
mod incoming;
mod notifying;
mod outgoing;
mod parts;
mod profile;
mod queue;
mod requests;
mod telling;

#[cfg(test)]
pub(crate) use self::queue::WAITING_MAX;
pub use self::requests::{JoinRequest, MemberError, NotifyRequest};
pub(super) use self::{answering::OpenAnswer, parts::Parts};
use self::{
    answering::OpenAnswers,
    incoming::IncomingStreams,
    outgoing::{ManageOp, Outgoing},
    queue::Queue,
};
pub use self::{
    answering::{AnswerItems, TooManyStreams},
    incoming::{IncomingItems, ItemsFault},
};

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    future::Future,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::future::{Either, ready};
use tokio::sync::oneshot;

use crate::{
    account::Charge,
    error::{Fault, JoinError, LeaveReason, ManageError, NotifyError},
    event::Joined,
    event_template::EventTemplate,
    flow::InboundUnit,
    hub::{Asker, HubHandle},
    id::{Kind, LocalId, MemberId, RoomKey},
    letter::{Content, Draft, Manner},
    mailbox::{Mailbox, Reply},
    message::{Command, Connected, CourierRef, Join, JoinAnswer, Leave, LeaveAnswer, ToNamespace},
    ports::{Answer, Extension, Identity},
    rate::Rated,
    session::seats::Seats,
    state::audience::{LeaveScope, Scopes},
};

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("id", self.id())
            .field("namespace", self.namespace())
            .finish_non_exhaustive()
    }
}

/// Answers to one target that may be outstanding at once.
const PIPELINE: usize = 32;

/// See the module.
pub struct Member {
    parts: Parts,
    queue: RefCell<Queue>,
    seats: RefCell<Seats>,
    acks: RefCell<BTreeMap<u64, oneshot::Sender<(Answer, Charge)>>>,
    /// Most ask nothing of many.
    asker: RefCell<Option<Box<Asker>>>,
    next_ack: Cell<u64>,
    ended: Cell<bool>,
    /// The application has put it out: its events are for nobody.
    put_out: Cell<bool>,
    /// It goes, and its application says goodbye.
    leaving: Cell<bool>,
    extension: RefCell<Option<Extension>>,
    /// Most have none, and each connection has a member.
    data: RefCell<Option<Box<Bytes>>>,
    is_observed: Cell<bool>,
    streams: OnceCell<Box<MemberStreams>>,
}

/// Streams of items that are under way. Most members have none.
#[derive(Default)]
struct MemberStreams {
    answers: OpenAnswers,
    incoming: IncomingStreams,
}

impl Member {
    /// The client's address, for the log.
    pub fn peer(&self) -> Option<IpAddr> {
        self.parts.peer
    }

    pub(super) fn new(parts: Parts) -> Rc<Self> {
        Rc::new(Self {
            parts,
            queue: RefCell::default(),
            seats: RefCell::default(),
            acks: RefCell::default(),
            asker: RefCell::default(),
            next_ack: Cell::new(0),
            ended: Cell::new(false),
            put_out: Cell::new(false),
            leaving: Cell::new(false),
            extension: RefCell::default(),
            data: RefCell::default(),
            is_observed: Cell::new(false),
            streams: OnceCell::new(),
        })
    }

    /// The public id.
    pub fn id(&self) -> &MemberId {
        &self.parts.id
    }

    /// The namespace.
    pub fn namespace(&self) -> &Arc<str> {
        &self.parts.namespace
    }

    /// Who is logged in.
    pub fn identity(&self) -> &Identity {
        &self.parts.identity
    }

    /// The hub.
    pub fn hub(&self) -> &HubHandle {
        &self.parts.hub
    }

    /// Whether the session has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Whether what its client says is still for the application: it has neither gone nor been put out.
    pub fn is_heard(&self) -> bool {
        !(self.ended.get() || self.put_out.get())
    }

    /// Whether others hear what is said in its name: as long as it is heard, and once more when it goes.
    pub fn is_speaking(&self) -> bool {
        self.is_heard() || (self.leaving.get() && !self.ended.get())
    }

    /// Whether its client is told of the failure of an event that it asked no answer for.
    pub fn hears_of_failures(&self) -> bool {
        !self.parts.protocol.borrow().answers_only_who_asks()
    }

    /// What the application keeps with this member.
    pub fn extension(&self) -> Option<Extension> {
        self.extension.borrow().clone()
    }

    /// Keeps something with this member.
    pub fn extend(&self, extension: Extension) {
        *self.extension.borrow_mut() = Some(extension);
    }

    /// Rooms of a kind that the member is in, or will be when what it asked for is done, with its tags.
    pub fn rooms(&self, kind: Kind) -> Vec<(RoomKey, Scopes)> {
        let seats = self.seats.borrow();
        let rooms = seats.all_expected(kind);
        rooms
            .map(|(key, tags)| (key.clone(), tags.clone()))
            .collect()
    }

    /// How many seats those are: a room counts once for each tag.
    pub fn seats(&self, kind: Kind) -> usize {
        let seats = self.seats.borrow();
        seats.all_expected(kind).map(|(_, tags)| tags.len()).sum()
    }

    /// The member's tags in a room, as in [`Member::rooms`].
    pub fn tags(&self, room: &RoomKey) -> Option<Scopes> {
        self.seats.borrow().expected(room).cloned()
    }

    /// Whether the member has a seat in a channel, as in [`Member::rooms`], and has named no user there.
    pub fn is_unnamed(&self, room: &RoomKey) -> bool {
        self.seats.borrow().unnamed(room)
    }

    /// Asks for a seat, at the client's cost. Who has gone or was put out gets none.
    pub fn join(
        self: &Rc<Self>,
        request: JoinRequest,
    ) -> impl Future<Output = Result<JoinAnswer, JoinError>> + 'static {
        if self.may_ask().is_ok() {
            self.parts.pacer.charge(Rated::Joins, 1);
        }
        self.be_seated(request)
    }

    fn may_ask(&self) -> Result<(), Fault> {
        match self.is_heard() {
            true => self.has_room(),
            false => Err(Fault::Gone),
        }
    }

    /// The same where somebody else wants it so: what others do costs a client nothing.
    pub(super) fn be_seated(
        self: &Rc<Self>,
        request: JoinRequest,
    ) -> impl Future<Output = Result<JoinAnswer, JoinError>> + 'static {
        let (done, answer) = oneshot::channel();
        let JoinRequest {
            room,
            tag,
            user,
            options,
            announce,
            leave_event,
            history,
            told,
        } = request;
        if let Err(why) = self.may_ask() {
            return Either::Left(ready(Err(why.into())));
        }
        self.seats
            .borrow_mut()
            .ask(room.clone(), tag.clone(), user.is_some());
        let joined = Joined {
            member: self.id().clone(),
            tag,
            account: self.identity().account.clone(),
            user,
            leave_event,
        };
        // The reply is replaced when the join is sent.
        let (reply, _) = Reply::new();
        let join = Join {
            room,
            joined,
            options,
            announce,
            history: history.map(|asked| asked.within(self.parts.outbox.limits())),
            told,
            reply,
        };
        self.enqueue(Outgoing::Join(Box::new(join), done));
        Either::Right(async move {
            answer
                .await
                .unwrap_or(Err(JoinError::Internal(Fault::Gone)))
        })
    }

    /// Gives seats up, at the client's cost.
    pub fn leave(
        self: &Rc<Self>,
        room: RoomKey,
        which: LeaveScope,
        announce: Option<EventTemplate>,
    ) -> impl Future<Output = LeaveAnswer> + 'static {
        self.parts.pacer.charge(Rated::Joins, 1);
        self.be_unseated(room, which, announce)
    }

    /// The same where somebody else wants it so.
    pub(super) fn be_unseated(
        self: &Rc<Self>,
        room: RoomKey,
        which: LeaveScope,
        announce: Option<EventTemplate>,
    ) -> impl Future<Output = LeaveAnswer> + 'static {
        let (done, answer) = oneshot::channel();
        self.seats.borrow_mut().give_up(room.clone(), which.clone());
        let member = self.id().clone();
        let leave = Leave {
            room,
            which,
            member,
            reason: LeaveReason::Leave,
            announce,
            reply: None,
            unit: None,
        };
        self.enqueue(Outgoing::Leave(Box::new(leave), done));
        async move { answer.await.unwrap_or_default() }
    }

    /// Says something to one member. `false`: there is no such member.
    pub fn send_to_member(
        self: &Rc<Self>,
        to: MemberId,
        content: Content,
        manner: Manner,
    ) -> impl Future<Output = Result<bool, NotifyError>> + 'static {
        let (done, answer) = oneshot::channel();
        let queued = self.has_room().map(|()| {
            let draft = Draft::new(content, self.hub().encodings()).told(manner);
            self.enqueue(Outgoing::Member(to, Box::new(draft), done));
        });
        async move {
            queued?;
            Ok(answer.await.unwrap_or(false))
        }
    }

    /// Commands a room as its owner.
    pub fn manage(
        self: &Rc<Self>,
        room: RoomKey,
        command: Command,
        announce: Option<EventTemplate>,
    ) -> impl Future<Output = Result<(), ManageError>> + 'static {
        let (done, answer) = oneshot::channel();
        let queued = self.has_room().map(|()| {
            self.enqueue(Outgoing::Manage(
                Box::new(ManageOp {
                    room,
                    command,
                    announce,
                }),
                done,
            ));
        });
        async move {
            queued?;
            answer
                .await
                .unwrap_or(Err(ManageError::Internal(Fault::Gone)))
        }
    }

    pub(super) fn enter(self: &Rc<Self>, enter: Connected) {
        self.enqueue(Outgoing::Connected(Box::new(enter)));
    }

    /// Somebody else took tags of the seat away, as of join `number`.
    pub(super) fn kicked(&self, room: &RoomKey, number: u64, gone: &Scopes) {
        self.seats.borrow_mut().kicked(room, number, gone);
    }

    /// It says nothing more. What it has said goes: its queue is driven to the end.
    pub(super) fn end(&self) {
        self.ended.set(true);
        self.acks.borrow_mut().clear();
        self.asker.take();
        if let Some(streams) = self.streams.get() {
            streams.answers.end();
            self.end_incoming();
        }
    }

    fn streams(&self) -> &MemberStreams {
        self.streams.get_or_init(Box::default)
    }

    pub(super) fn home(&self) -> Option<Mailbox<ToNamespace>> {
        self.parts.home.upgrade()
    }

    pub(super) fn courier(&self) -> &CourierRef {
        &self.parts.courier
    }

    pub(super) fn local_id(&self) -> LocalId {
        self.parts.local_id
    }

    /// A unit for something that leaves: its client is not read while too many are out.
    pub(super) fn unit(&self) -> InboundUnit {
        self.parts.credit.unit(0)
    }
}
