//! A member: one session in one namespace, as scripts hold it. Whatever it says goes through one queue, in order:
//! letters to one target are pipelined, and before the target changes the last answer is waited for.
//! Stays on its session's thread.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::Future,
    rc::Rc,
    sync::Arc,
};

use tokio::{sync::oneshot, time::timeout};

use crate::{
    courier::CourierRef,
    credit::Credit,
    error::{Fault, JoinError, LeaveReason, ManageError, NotifyError},
    fault::{self, Safeguard},
    hub::HubHandle,
    id::{Kind, MemberId, Numbers, RoomKey, Slot, Tag},
    letter::{Address, Content, Draft, FormId, Frame, Origin, Target},
    message::{
        Audience, Broadcast, Command, Deliver, Direct, Enter, Join, JoinAnswer, Leave, LeaveAnswer,
        Manage, Notify, NotifyAnswer, Receipt, Resolve,
    },
    namespace::Namespace,
    ports::{Announce, Answer, Extension, Identity, LocalFuture, Protocol},
    post::{Post, Reply, Unsent, WeakPost},
    room::Room,
    session::seats::Seats,
    state::{
        audience::{Tags, Which},
        room::Wish,
    },
};

/// Answers to one target that may be outstanding at once.
const PIPELINE: usize = 32;
/// Acks of the client that may be outstanding at once.
const ACKS_MAX: usize = 1024;

/// See the module.
pub struct Member {
    parts: Parts,
    queue: RefCell<Queue>,
    seats: RefCell<Seats>,
    acks: RefCell<BTreeMap<u64, oneshot::Sender<Answer>>>,
    next_ack: Cell<u64>,
    ended: Cell<bool>,
    extension: RefCell<Option<Extension>>,
}

pub(super) struct Parts {
    pub(super) id: MemberId,
    pub(super) namespace: Arc<str>,
    pub(super) slot: Slot,
    pub(super) identity: Identity,
    pub(super) hub: HubHandle,
    pub(super) courier: CourierRef,
    pub(super) home: WeakPost<Namespace>,
    pub(super) protocol: Rc<RefCell<Box<dyn Protocol>>>,
    pub(super) form: FormId,
    pub(super) credit: Arc<Credit>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Op>,
    answers: VecDeque<LocalFuture<()>>,
    under_way: usize,
    aim: Option<Aim>,
    blocked: bool,
    pumping: bool,
    route: Option<(RoomKey, WeakPost<Room>)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Aim {
    Namespace,
    /// Joins and leaves: they go through the namespace, letters go straight to the room.
    Seat(RoomKey),
    Room(RoomKey),
    Member(MemberId),
    Own,
}

enum Op {
    Enter(Box<Enter>),
    Join(Box<Join>, Done<JoinAnswer, JoinError>),
    Leave(Box<Leave>, oneshot::Sender<LeaveAnswer>),
    Notify(Box<NotifyOp>, Done<NotifyAnswer, NotifyError>),
    Broadcast(Box<Broadcast>, Done<NotifyAnswer, NotifyError>),
    Manage(Box<ManageOp>, Done<(), ManageError>),
    Member(MemberId, Box<Draft>, oneshot::Sender<bool>),
    Own(Frame, bool),
}

type Done<T, E> = oneshot::Sender<Result<T, E>>;

struct NotifyOp {
    request: NotifyRequest,
    draft: Draft,
    resolved: bool,
}

struct ManageOp {
    room: RoomKey,
    command: Command,
    announce: Option<Announce>,
}

/// What a join asks for.
pub struct JoinRequest {
    /// The room.
    pub room: RoomKey,
    /// The channel it is joined under.
    pub tag: Tag,
    /// The name to show.
    pub user: Option<Arc<str>>,
    /// What the maker of the room asks for.
    pub wish: Wish,
    /// Makes the join event.
    pub announce: Option<Announce>,
    /// Makes the leave event for when the session ends.
    pub farewell: Option<Announce>,
}

impl JoinRequest {
    /// A silent join without a channel.
    pub fn plain(room: RoomKey) -> Self {
        Self {
            room,
            tag: None,
            user: None,
            wish: Wish::default(),
            announce: None,
            farewell: None,
        }
    }
}

/// To whom a letter goes.
#[derive(Clone, Debug)]
pub struct NotifyRequest {
    /// The room.
    pub room: RoomKey,
    /// The address's channel.
    pub tag: Tag,
    /// Whether the sender hears itself, if it is a member.
    pub echo: bool,
    /// Whether only members may say something there.
    pub seat_needed: bool,
}

/// Why something a member asked for was not even tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberError {
    /// The client has more acks to answer than are kept.
    TooManyAcks,
    /// The session ended.
    Ended,
}

impl Member {
    pub(super) fn new(parts: Parts) -> Rc<Self> {
        Rc::new(Self {
            parts,
            queue: RefCell::default(),
            seats: RefCell::default(),
            acks: RefCell::default(),
            next_ack: Cell::new(0),
            ended: Cell::new(false),
            extension: RefCell::default(),
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

    /// What the script keeps with this member.
    pub fn extension(&self) -> Option<Extension> {
        self.extension.borrow().clone()
    }

    /// Keeps something with this member.
    pub fn extend(&self, extension: Extension) {
        *self.extension.borrow_mut() = Some(extension);
    }

    /// Rooms of a kind that the member is in, or will be when what it asked for is done, with its tags.
    pub fn rooms(&self, kind: Kind) -> Vec<(RoomKey, Tags)> {
        self.seats
            .borrow()
            .all_expected()
            .filter(|(key, _)| key.kind == kind)
            .collect()
    }

    /// How many rooms of a kind that is.
    pub fn room_count(&self, kind: Kind) -> usize {
        self.seats
            .borrow()
            .all_expected()
            .filter(|(key, _)| key.kind == kind)
            .count()
    }

    /// The member's tags in a room, as in [`Member::rooms`].
    pub fn tags(&self, room: &RoomKey) -> Option<Tags> {
        self.seats.borrow().expected(room)
    }

    /// Asks for a seat.
    pub fn join(
        self: &Rc<Self>,
        request: JoinRequest,
    ) -> impl Future<Output = Result<JoinAnswer, JoinError>> + 'static {
        let (done, answer) = oneshot::channel();
        let JoinRequest {
            room,
            tag,
            user,
            wish,
            announce,
            farewell,
        } = request;
        self.seats.borrow_mut().ask(room.clone(), tag.clone());
        let member = self.id().clone();
        // The reply is replaced when the join is sent.
        let (reply, _) = Reply::new();
        let join = Join {
            room,
            tag,
            user,
            member,
            wish,
            announce,
            farewell,
            reply,
        };
        self.enqueue(Op::Join(Box::new(join), done));
        async move {
            answer
                .await
                .unwrap_or(Err(JoinError::Internal(Fault::Gone)))
        }
    }

    /// Gives seats up.
    pub fn leave(
        self: &Rc<Self>,
        room: RoomKey,
        which: Which,
        announce: Option<Announce>,
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
        };
        self.enqueue(Op::Leave(Box::new(leave), done));
        async move { answer.await.unwrap_or_default() }
    }

    /// Says something to a room. The answer comes when every courier has handed it on, or after the hub's settle time.
    pub fn notify(
        self: &Rc<Self>,
        request: NotifyRequest,
        content: Content,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let drafted = self.draft(content);
        let queued = drafted.map(|draft| {
            let (done, answer) = oneshot::channel();
            self.enqueue(Op::Notify(
                Box::new(NotifyOp {
                    request,
                    draft,
                    resolved: false,
                }),
                done,
            ));
            answer
        });
        self.clone().settled(queued)
    }

    /// Says something to the members of several rooms, each once; `None` is everybody in the namespace.
    pub fn broadcast(
        self: &Rc<Self>,
        rooms: Option<Vec<RoomKey>>,
        except_rooms: Vec<RoomKey>,
        echo: bool,
        content: Content,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let queued = self.draft(content).map(|draft| {
            let (done, answer) = oneshot::channel();
            let except = (!echo).then_some(self.slot());
            let (reply, _) = Reply::new();
            let origin = self.origin();
            let broadcast = Broadcast {
                rooms,
                except_rooms,
                except,
                origin,
                draft,
                reply,
            };
            self.enqueue(Op::Broadcast(Box::new(broadcast), done));
            answer
        });
        self.clone().settled(queued)
    }

    /// Says something to one member. `false`: there is no such member.
    pub fn whisper(
        self: &Rc<Self>,
        to: MemberId,
        content: Content,
    ) -> impl Future<Output = bool> + 'static {
        let (done, answer) = oneshot::channel();
        let draft = Draft::new(content, self.hub().forms());
        self.enqueue(Op::Member(to, Box::new(draft), done));
        async move { answer.await.unwrap_or(false) }
    }

    /// Commands a room as its owner.
    pub fn manage(
        self: &Rc<Self>,
        room: RoomKey,
        command: Command,
        announce: Option<Announce>,
    ) -> impl Future<Output = Result<(), ManageError>> + 'static {
        let (done, answer) = oneshot::channel();
        self.enqueue(Op::Manage(
            Box::new(ManageOp {
                room,
                command,
                announce,
            }),
            done,
        ));
        async move {
            answer
                .await
                .unwrap_or(Err(ManageError::Internal(Fault::Gone)))
        }
    }

    /// Says something to this member's own client.
    pub fn emit(self: &Rc<Self>, content: &Content, volatile: bool) {
        match self
            .hub()
            .forms()
            .encode(self.parts.form, self.namespace(), content)
        {
            Ok(frame) => self.own(frame, volatile),
            Err(error) => log::error!("{error}"),
        }
    }

    /// Says something to this member's own client and waits for its answer. While waiting, the client's further
    /// messages are read.
    pub fn ask(
        self: &Rc<Self>,
        content: &Content,
    ) -> Result<impl Future<Output = Result<Answer, MemberError>> + 'static, MemberError> {
        if self.acks.borrow().len() >= ACKS_MAX {
            return Err(MemberError::TooManyAcks);
        }
        let id = self.next_ack.replace(self.next_ack.get() + 1);
        let (done, answer) = oneshot::channel();
        self.acks.borrow_mut().insert(id, done);
        let frame = self
            .parts
            .protocol
            .borrow()
            .event(self.namespace(), content, Some(id));
        self.own(frame, false);
        let waiting = AwaitingAck {
            member: self.clone(),
            id,
        };
        self.parts.credit.give();
        Ok(async move {
            let _waiting = waiting;
            answer.await.map_err(|_| MemberError::Ended)
        })
    }

    /// Sends an answer to the client: at once, unless something is queued that must go before it.
    pub(crate) fn answer(self: &Rc<Self>, id: u64, answer: &Answer) {
        let frame = self
            .parts
            .protocol
            .borrow()
            .ack(self.namespace(), id, answer);
        if self.queue.borrow().waiting.is_empty() {
            self.direct(frame, false);
        } else {
            self.enqueue(Op::Own(frame, false));
        }
    }

    pub(super) fn own(self: &Rc<Self>, frame: Frame, volatile: bool) {
        self.enqueue(Op::Own(frame, volatile));
    }

    pub(super) fn enter(self: &Rc<Self>, enter: Enter) {
        self.enqueue(Op::Enter(Box::new(enter)));
    }

    /// The client answered an event of ours. Answers nobody waits for are dropped.
    pub(super) fn answered(&self, id: u64, answer: Answer) {
        if let Some(done) = self.acks.borrow_mut().remove(&id) {
            let _ = done.send(answer);
        }
    }

    /// Somebody else took the seat away, as of join `number`.
    pub(super) fn kicked(&self, room: &RoomKey, number: u64) {
        self.seats.borrow_mut().kicked(room, number);
    }

    /// Nothing that is queued is sent any more.
    pub(super) fn end(&self) {
        self.ended.set(true);
        self.queue.borrow_mut().waiting.clear();
        self.acks.borrow_mut().clear();
    }

    pub(super) fn home(&self) -> Option<Post<Namespace>> {
        self.parts.home.upgrade()
    }

    pub(super) fn courier(&self) -> &CourierRef {
        &self.parts.courier
    }

    pub(super) fn slot(&self) -> Slot {
        self.parts.slot
    }

    fn origin(&self) -> Origin {
        let account = self.identity().account.clone();
        Origin {
            member: Some(self.id().clone()),
            account,
            ..Origin::default()
        }
    }

    /// Encodes for the sender's own form here, on the sender's thread: what cannot be encoded is the sender's to know.
    fn draft(&self, content: Content) -> Result<Draft, NotifyError> {
        let draft = Draft::new(content, self.hub().forms());
        match draft.prepare(self.parts.form, self.hub().forms(), self.namespace()) {
            Ok(()) => Ok(draft),
            Err(error) => Err(NotifyError::Encode(error.to_string())),
        }
    }

    async fn settled(
        self: Rc<Self>,
        queued: Result<oneshot::Receiver<Result<NotifyAnswer, NotifyError>>, NotifyError>,
    ) -> Result<NotifyAnswer, NotifyError> {
        let answer = queued?
            .await
            .unwrap_or(Err(NotifyError::Internal(Fault::Gone)))?;
        match timeout(self.hub().settle_timeout(), answer.receipt.settled()).await {
            Ok(false) => Err(NotifyError::Internal(Fault::Crashed)),
            Ok(true) | Err(_) => Ok(answer),
        }
    }

    fn direct(&self, frame: Frame, volatile: bool) {
        self.courier().post.control(Direct {
            slot: self.slot(),
            frame,
            volatile,
        });
    }

    fn enqueue(self: &Rc<Self>, op: Op) {
        if self.ended.get() {
            return;
        }
        self.queue.borrow_mut().waiting.push_back(op);
        self.issue();
        let mut queue = self.queue.borrow_mut();
        if queue.under_way > 0 && !queue.pumping {
            queue.pumping = true;
            drop(queue);
            actix_rt::spawn(self.clone().pump());
        }
    }

    /// Takes the answers in order, and sends what they make room for.
    async fn pump(self: Rc<Self>) {
        loop {
            let next = self.queue.borrow_mut().answers.pop_front();
            let Some(answer) = next else { break };
            answer.await;
            self.queue.borrow_mut().under_way -= 1;
            self.issue();
        }
        self.queue.borrow_mut().pumping = false;
    }

    /// Sends what may be sent now.
    fn issue(self: &Rc<Self>) {
        loop {
            let op = {
                let mut queue = self.queue.borrow_mut();
                let Some(aim) = queue.waiting.front().map(Op::aim) else {
                    return;
                };
                let changes = queue.under_way > 0 && queue.aim.as_ref() != Some(&aim);
                if queue.blocked
                    || queue.under_way >= PIPELINE
                    || (changes && fault::stands(Safeguard::Order))
                {
                    return;
                }
                queue.aim = Some(aim);
                queue.waiting.pop_front()
            };
            let Some(answer) = op.and_then(|op| self.send(op)) else {
                continue;
            };
            let mut queue = self.queue.borrow_mut();
            queue.answers.push_back(answer);
            queue.under_way += 1;
        }
    }

    fn send(self: &Rc<Self>, op: Op) -> Option<LocalFuture<()>> {
        match op {
            Op::Own(frame, volatile) => {
                self.direct(frame, volatile);
                None
            }
            Op::Enter(enter) => {
                if let Some(home) = self.home() {
                    home.control(*enter);
                }
                None
            }
            Op::Join(join, done) => self.send_join(*join, done),
            Op::Leave(mut leave, done) => {
                let (reply, answer) = Reply::new();
                leave.reply = Some(reply);
                let room = leave.room.clone();
                let this = self.clone();
                self.home()?.control(*leave);
                Some(Box::pin(async move {
                    let answer = answer.await.unwrap_or_default();
                    this.seats.borrow_mut().left(&room, &answer);
                    let _ = done.send(answer);
                }))
            }
            Op::Notify(notify, done) => self.send_notify(notify, done),
            Op::Broadcast(mut broadcast, done) => {
                let (reply, answer) = Reply::new();
                broadcast.reply = reply;
                self.offer(&self.home()?, *broadcast, async move {
                    let _ = done.send(
                        answer
                            .await
                            .unwrap_or(Err(NotifyError::Internal(Fault::Crashed))),
                    );
                })
            }
            Op::Manage(op, done) => {
                let Some(room) = self.route(&op.room) else {
                    let _ = done.send(Err(ManageError::Forbidden));
                    return None;
                };
                let (reply, answer) = Reply::new();
                let ManageOp {
                    room: key,
                    command,
                    announce,
                } = *op;
                let manage = Manage {
                    room: key,
                    by: self.id().clone(),
                    command,
                    announce,
                    reply,
                };
                self.offer(&room, manage, async move {
                    let _ = done.send(
                        answer
                            .await
                            .unwrap_or(Err(ManageError::Internal(Fault::Crashed))),
                    );
                })
            }
            Op::Member(to, draft, done) => {
                let place = self
                    .hub()
                    .members()
                    .find(&(self.namespace().clone(), to.clone()));
                let Some(place) = place else {
                    let _ = done.send(false);
                    return None;
                };
                let target = Target::Member(to);
                let hub = self.hub().name().clone();
                let address = Address {
                    hub,
                    namespace: self.namespace().clone(),
                    target,
                    origin: self.origin(),
                };
                let letter = draft.seal(address, Numbers::default(), self.hub().clock().now());
                let audience = Audience::Member(place.slot);
                let sent = place.courier.owe(Deliver {
                    audience,
                    letter: Arc::new(letter),
                    receipt: None,
                });
                let _ = done.send(sent);
                let backlog = place.courier.backlog;
                if !backlog.full() {
                    return None;
                }
                self.queue.borrow_mut().blocked = true;
                let this = self.clone();
                let patience = self.hub().settle_timeout();
                Some(Box::pin(async move {
                    let _ = timeout(patience, backlog.caught_up()).await;
                    this.queue.borrow_mut().blocked = false;
                }))
            }
        }
    }

    fn send_join(
        self: &Rc<Self>,
        mut join: Join,
        done: Done<JoinAnswer, JoinError>,
    ) -> Option<LocalFuture<()>> {
        let (reply, answer) = Reply::new();
        join.reply = reply;
        let room = join.room.clone();
        let this = self.clone();
        self.offer(&self.home()?, join, async move {
            let answer = answer
                .await
                .unwrap_or(Err(JoinError::Internal(Fault::Crashed)));
            this.seats.borrow_mut().joined(&room, &answer);
            let _ = done.send(answer);
        })
    }

    fn send_notify(
        self: &Rc<Self>,
        mut op: Box<NotifyOp>,
        done: Done<NotifyAnswer, NotifyError>,
    ) -> Option<LocalFuture<()>> {
        if let Some(room) = self.route(&op.request.room) {
            let (reply, answer) = Reply::new();
            let NotifyOp { request, draft, .. } = *op;
            let NotifyRequest {
                room: key,
                tag,
                echo,
                seat_needed,
            } = request;
            let except = (!echo).then_some(self.slot());
            let origin = self.origin();
            let notify = Notify {
                room: key,
                tag,
                origin,
                except,
                seat_needed,
                draft,
                reply,
            };
            let weak = room.downgrade();
            return self.offer(&room, notify, async move {
                let answer = match answer.await {
                    Ok(answer) => answer,
                    // The last member left while the letter was on its way: nobody was there to have it.
                    Err(_) if weak.upgrade().is_none() => Ok(nobody()),
                    Err(_) => Err(NotifyError::Internal(Fault::Crashed)),
                };
                let _ = done.send(answer);
            });
        }
        let unseated = op.request.seat_needed.then_some(NotifyError::NotMember);
        let home = self.home().filter(|_| !op.resolved);
        let Some(home) = home else {
            let _ = done.send(unseated.map_or_else(|| Ok(nobody()), Err));
            return None;
        };
        // Everything behind this letter waits until it is known where it goes.
        self.queue.borrow_mut().blocked = true;
        let (reply, answer) = Reply::new();
        let room = op.request.room.clone();
        home.control(Resolve {
            room: room.clone(),
            reply,
        });
        let this = self.clone();
        Some(Box::pin(async move {
            let way = answer.await.ok().flatten();
            op.resolved = true;
            let mut queue = this.queue.borrow_mut();
            queue.blocked = false;
            queue.route = way.map(|way| (room, way));
            queue.waiting.push_front(Op::Notify(op, done));
        }))
    }

    /// Sends one message whose answer `then` takes. If the mailbox is full, nothing else is sent until it was handled.
    fn offer<A, M>(
        self: &Rc<Self>,
        to: &Post<A>,
        message: M,
        then: impl Future<Output = ()> + 'static,
    ) -> Option<LocalFuture<()>>
    where
        A: actix::Actor<Context = actix::Context<A>> + actix::Handler<M>,
        M: actix::Message<Result = ()> + Send + 'static,
    {
        match to.offer(message) {
            Ok(()) | Err(Unsent::Gone) => Some(Box::pin(then)),
            Err(Unsent::Full(message)) => {
                self.queue.borrow_mut().blocked = true;
                let sending = to.addr().send(message);
                let this = self.clone();
                Some(Box::pin(async move {
                    if this.ended.get() {
                        // The message holds the reply that `then` waits for, and keeps the addressee alive.
                        drop(sending);
                    } else {
                        let _ = sending.await;
                    }
                    this.queue.borrow_mut().blocked = false;
                    then.await;
                }))
            }
        }
    }

    fn route(&self, room: &RoomKey) -> Option<Post<Room>> {
        self.seats
            .borrow()
            .way(room)
            .or_else(|| match &self.queue.borrow().route {
                Some((key, way)) if key == room => way.upgrade(),
                _ => None,
            })
    }
}

impl Op {
    fn aim(&self) -> Aim {
        match self {
            Self::Enter(_) | Self::Broadcast(..) => Aim::Namespace,
            Self::Join(join, _) => Aim::Seat(join.room.clone()),
            Self::Leave(leave, _) => Aim::Seat(leave.room.clone()),
            Self::Notify(notify, _) => Aim::Room(notify.request.room.clone()),
            Self::Manage(manage, _) => Aim::Room(manage.room.clone()),
            Self::Member(to, ..) => Aim::Member(to.clone()),
            Self::Own(..) => Aim::Own,
        }
    }
}

fn nobody() -> NotifyAnswer {
    NotifyAnswer {
        recipients: 0,
        numbers: Numbers::default(),
        receipt: Receipt::new(0),
    }
}

/// While a handler waits for its client, the client's next messages are read.
struct AwaitingAck {
    member: Rc<Member>,
    id: u64,
}

impl Drop for AwaitingAck {
    fn drop(&mut self) {
        self.member.acks.borrow_mut().remove(&self.id);
        self.member.parts.credit.take();
    }
}
