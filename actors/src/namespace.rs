//! The namespace actor: it knows who is in it, owns its rooms, counts the joins it sends them, and tells who is online
//! in channels. All its rooms run on its thread. It reads no letter.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, AsyncContext, Context, Handler, Supervised, Supervisor, WrapFuture};
use tokio::time::Instant;

use crate::{
    courier::CourierRef,
    error::{Fault, JoinError, LeaveReason, NotifyError},
    fault::{self, Point},
    guard::{Crashes, Guarded, guard, guard_always},
    id::{Kind, MemberId, Numbers, RoomId, RoomKey, Slot, WorkerId},
    letter::{Address, Content, Draft, Forms, Letter, Origin, Target},
    message::{
        Audience, Broadcast, Deliver, Enter, Gone, Join, Leave, NotifyAnswer, PresenceDue, Receipt,
        Resolve, RoomFact, RoomSays, SitDown, StandUp,
    },
    metrics::Metrics,
    ports::{Clock, Herald, Log, Online, Proposal},
    post::{Post, WeakPost},
    room::Room,
    state::{
        audience::Which,
        pace::{self, Pace, Verdict},
        room::{Joiner, RoomState},
        tenancy::{Tenancy, Tenant},
    },
};

/// How often couriers that died with their worker are looked for.
const SWEEP: Duration = Duration::from_millis(500);

/// Whom `online-users` goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnlineUsers {
    /// Everybody who is in some channel.
    #[default]
    All,
    /// The members of the channel that changed.
    Channel,
    /// Nobody.
    Off,
}

/// A namespace's settings.
#[derive(Clone, Debug)]
pub struct NamespaceSettings {
    /// The least time between two presence events to the same many.
    pub presence_interval: Duration,
    /// The most deliveries of presence events in a second, per namespace and per room.
    pub deliveries_per_second: usize,
    /// Whom `online-users` goes to.
    pub online_users: OnlineUsers,
    /// In rooms with more members than this only the newcomer gets a join event, and nobody a leave event.
    pub join_events_up_to: usize,
    /// Messages that wait in a room's mailbox before senders wait.
    pub mailbox_max: usize,
    /// How long rooms wait for a courier that is behind before they give it up.
    pub courier_patience: Duration,
    /// How long a log may take to number a letter.
    pub log_timeout: Duration,
    /// Invitations that a room keeps.
    pub invites_max: usize,
}

impl Default for NamespaceSettings {
    fn default() -> Self {
        Self {
            presence_interval: Duration::from_millis(250),
            deliveries_per_second: 10_000,
            online_users: OnlineUsers::All,
            join_events_up_to: 1000,
            mailbox_max: 256,
            courier_patience: Duration::from_secs(1),
            log_timeout: Duration::from_secs(2),
            invites_max: 1024,
        }
    }
}

/// What a namespace and its rooms share and never change.
pub struct Tenure {
    /// The hub's name.
    pub hub: Arc<str>,
    /// The namespace's name.
    pub namespace: Arc<str>,
    /// Its settings.
    pub settings: NamespaceSettings,
    /// The hub's forms.
    pub forms: Forms,
    /// Makes the presence events, where an application wants some.
    pub herald: Option<Arc<dyn Herald>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The hub's numbers.
    pub metrics: Arc<Metrics>,
    /// Counts the room actors of the hub.
    pub room_ids: Arc<AtomicU64>,
}

/// The actor.
pub struct Namespace {
    tenure: Arc<Tenure>,
    state: Tenancy,
    log: Rc<dyn Log>,
    rooms: BTreeMap<RoomKey, (RoomId, Post<Room>)>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    paces: BTreeMap<Option<Arc<str>>, Pace>,
    changed: BTreeSet<Arc<str>>,
    wheel: BTreeMap<(Instant, u64), Wake>,
    wakes: u64,
    armed: Option<Instant>,
    sweeping: bool,
    started: Instant,
    crashes: Crashes,
    this: Option<WeakPost<Namespace>>,
    effects: Vec<Effect>,
}

enum Wake {
    Online(Option<Arc<str>>),
    Room(RoomKey),
    Sweep,
}

enum Effect {
    SitDown(RoomKey, Box<SitDown>),
    StandUp(Leave),
    Online { audience: To, content: Content },
}

/// A channel that changed, and who is new there.
type Changed = (Arc<str>, Option<(WorkerId, Slot)>);

#[derive(Clone)]
enum To {
    Everyone,
    Channel(Arc<str>),
    Member(WorkerId, Slot),
}

impl Namespace {
    /// Starts the actor on the present thread.
    pub fn start(tenure: Arc<Tenure>, log: Rc<dyn Log>) -> Post<Self> {
        let crashes = Crashes::new(tenure.metrics.clone());
        let post = Post::new(Supervisor::start(|_| Self {
            tenure,
            state: Tenancy::default(),
            log,
            rooms: BTreeMap::new(),
            couriers: BTreeMap::new(),
            paces: BTreeMap::new(),
            changed: BTreeSet::new(),
            wheel: BTreeMap::new(),
            wakes: 0,
            armed: None,
            sweeping: false,
            started: Instant::now(),
            crashes,
            this: None,
            effects: Vec::new(),
        }));
        post.control(Introduce(post.downgrade()));
        post
    }

    fn room(&mut self, key: &RoomKey) -> Option<Post<Room>> {
        if let Some((_, room)) = self.rooms.get(key) {
            return Some(room.clone());
        }
        let owner = self.this.as_ref()?.upgrade()?.up::<RoomSays>();
        let number = self.tenure.room_ids.fetch_add(1, Ordering::Relaxed);
        let id = RoomId(number);
        let state = RoomState::new(key.clone(), number);
        let room = Room::new(state, id, self.tenure.clone(), self.log.clone(), owner);
        let post = Post::new(Supervisor::start(|_| room));
        post.control(IntroduceRoom(post.downgrade()));
        self.rooms.insert(key.clone(), (id, post.clone()));
        Some(post)
    }

    fn join(&mut self, join: Join) {
        let Join {
            room,
            tag,
            user,
            member,
            wish,
            announce,
            farewell,
            reply,
        } = join;
        let marked = user.clone().unwrap_or_default();
        fault::strike("namespace", Point::Before, marked.as_bytes());
        let Some(number) = self.state.send(&member, &room) else {
            return reply.send(Err(JoinError::Internal(Fault::Gone)));
        };
        fault::strike("namespace", Point::Midway, marked.as_bytes());
        let Some(tenant) = self.state.tenant(&member) else {
            return;
        };
        let Some(courier) = self.couriers.get(&tenant.worker).cloned() else {
            return reply.send(Err(JoinError::Internal(Fault::Gone)));
        };
        let Tenant {
            worker,
            slot,
            account,
        } = tenant.clone();
        let joiner = Joiner {
            member,
            worker,
            slot,
            account,
            user,
            farewell,
        };
        let sit = SitDown {
            joiner,
            courier,
            number,
            tag,
            wish,
            announce,
            reply,
        };
        self.effects.push(Effect::SitDown(room, Box::new(sit)));
        fault::strike("namespace", Point::After, marked.as_bytes());
    }

    fn gone(&mut self, member: &MemberId) {
        for room in self.state.gone(member) {
            let leave = Leave {
                room,
                which: Which::All,
                member: member.clone(),
                reason: LeaveReason::Disconnect,
                announce: None,
                reply: None,
            };
            self.effects.push(Effect::StandUp(leave));
        }
    }

    /// The channel that it changed, and who is new there.
    fn fact(&mut self, RoomSays { room, fact }: RoomSays) -> Option<Changed> {
        match fact {
            RoomFact::Seated { member, count } => {
                if room.kind == Kind::Channel {
                    self.state.occupancy(&room.name, &member, true, count);
                    let newcomer = self
                        .state
                        .tenant(&member)
                        .map(|tenant| (tenant.worker, tenant.slot));
                    return Some((room.name, newcomer));
                }
            }
            RoomFact::Unseated {
                member,
                number,
                count,
                seated,
            } => {
                self.state.unseated(&member, &room, number);
                if seated && room.kind == Kind::Channel {
                    self.state.occupancy(&room.name, &member, false, count);
                    return Some((room.name, None));
                }
            }
            RoomFact::Vacant { number } => {
                if self.state.vacant(&room, number) {
                    self.rooms.remove(&room);
                    self.paces.remove(&Some(room.name));
                }
            }
            RoomFact::WakeAfter(time) => self.wake_after(time, Wake::Room(room)),
        }
        None
    }

    /// A channel changed: who is told now, who later.
    fn online(&mut self, channel: &Arc<str>, newcomer: Option<(WorkerId, Slot)>) {
        let settings = &self.tenure.settings;
        if self.tenure.herald.is_none() || settings.online_users == OnlineUsers::Off {
            return;
        }
        self.changed.insert(channel.clone());
        let (scope, recipients) = match settings.online_users {
            OnlineUsers::Channel => (
                Some(channel.clone()),
                self.state.channel(channel).unwrap_or(0),
            ),
            _ => (None, self.state.online()),
        };
        let interval = pace::interval(
            settings.presence_interval,
            recipients,
            settings.deliveries_per_second,
        );
        let now = self.started.elapsed();
        let verdict = self
            .paces
            .entry(scope.clone())
            .or_default()
            .changed(now, interval);
        if verdict == Verdict::Now {
            return self.tell_online(scope);
        }
        if let Some((worker, slot)) = newcomer {
            self.push_online(To::Member(worker, slot), &BTreeSet::from([channel.clone()]));
        }
        if let Verdict::WakeAt(due) = verdict {
            self.wake_after(due.saturating_sub(now), Wake::Online(scope));
        }
    }

    fn tell_online(&mut self, scope: Option<Arc<str>>) {
        let (to, changed) = match scope {
            None => (To::Everyone, std::mem::take(&mut self.changed)),
            Some(channel) => {
                self.changed.remove(&channel);
                (To::Channel(channel.clone()), BTreeSet::from([channel]))
            }
        };
        self.push_online(to, &changed);
    }

    fn push_online(&mut self, audience: To, changed: &BTreeSet<Arc<str>>) {
        let Some(herald) = &self.tenure.herald else {
            return;
        };
        let count = |name: &Arc<str>| Some((name.clone(), self.state.channel(name)?));
        let others = self
            .state
            .channels()
            .filter(|(name, _)| !changed.contains(*name));
        let channels: Vec<_> = changed
            .iter()
            .filter_map(count)
            .chain(others.map(|(name, count)| (name.clone(), count)))
            .take(Online::CHANNELS)
            .collect();
        let one = changed.first().filter(|_| changed.len() == 1).cloned();
        let truncated = self.state.channel_count() > channels.len();
        let online = Online {
            members: self.state.online(),
            channels,
            truncated,
            changed: one,
        };
        let content = herald.online(&online);
        self.effects.push(Effect::Online { audience, content });
    }

    fn wake_after(&mut self, time: Duration, wake: Wake) {
        self.wakes += 1;
        self.wheel.insert((Instant::now() + time, self.wakes), wake);
    }

    /// One timer for the whole namespace: a room with a timer of its own would outlive its owner's interest in it.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some((&(due, _), _)) = self.wheel.first_key_value() else {
            return;
        };
        if self.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        // A later timer is not cancelled, it finds nothing due: in actix a cancellation that outlives a restart hits
        // the first timer after it.
        ctx.run_later(
            due.saturating_duration_since(Instant::now()),
            move |namespace, ctx| {
                if namespace.armed == Some(due) {
                    namespace.armed = None;
                }
                for wake in namespace.due() {
                    // Each for itself: one that crashes must not take the others along.
                    if guard_always(namespace, ctx, |namespace| namespace.woken(wake)).is_ok() {
                        namespace.carry_out();
                    }
                }
                namespace.await_credit(ctx);
                namespace.arm(ctx);
            },
        );
        self.armed = Some(due);
    }

    fn due(&mut self) -> Vec<Wake> {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some(entry) = self.wheel.first_entry()
            && entry.key().0 <= now
        {
            due.push(entry.remove());
        }
        due
    }

    fn woken(&mut self, wake: Wake) {
        match wake {
            Wake::Online(scope) => {
                let elapsed = self.started.elapsed();
                if self
                    .paces
                    .get_mut(&scope)
                    .is_some_and(|pace| pace.woken(elapsed))
                {
                    self.tell_online(scope);
                }
            }
            Wake::Room(key) => {
                if let Some((_, room)) = self.rooms.get(&key) {
                    room.control(PresenceDue);
                }
            }
            Wake::Sweep => self.sweep(),
        }
    }

    /// As rooms do: what the namespace itself sends counts like their letters.
    fn await_credit(&self, ctx: &mut Context<Self>) {
        let patience = self.tenure.settings.courier_patience;
        for wait in self
            .couriers
            .values()
            .filter_map(|courier| courier.behind(patience))
        {
            ctx.wait(wait.into_actor(self));
        }
    }

    /// A courier that is gone took its members' sockets with it.
    fn sweep(&mut self) {
        let dead: Vec<WorkerId> = self
            .couriers
            .values()
            .filter(|courier| !courier.post.connected())
            .map(|c| c.worker)
            .collect();
        for worker in dead {
            self.couriers.remove(&worker);
            let of_worker = self
                .state
                .members()
                .filter(|(_, tenant)| tenant.worker == worker);
            let members: Vec<MemberId> = of_worker.map(|(member, _)| member.clone()).collect();
            log::error!(
                "worker {} is gone, and {} members of {} with it",
                worker.0,
                members.len(),
                self.tenure.namespace
            );
            for member in &members {
                self.gone(member);
            }
        }
        self.sweeping = !self.couriers.is_empty();
        if self.sweeping {
            self.wake_after(SWEEP, Wake::Sweep);
        }
    }

    fn carry_out(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                Effect::SitDown(key, sit) => {
                    if let Some(room) = self.room(&key) {
                        room.control(*sit);
                    }
                }
                Effect::StandUp(leave) => {
                    if let Some((_, room)) = self.rooms.get(&leave.room) {
                        room.control(StandUp(leave));
                    } else if let Some(reply) = leave.reply {
                        reply.send(Default::default());
                    }
                }
                Effect::Online { audience, content } => self.deliver_online(&audience, content),
            }
        }
    }

    fn deliver_online(&self, to: &To, content: Content) {
        let draft = Draft::new(content, &self.tenure.forms);
        let letter = self.seal(
            draft,
            Origin::default(),
            Target::AnyChannel,
            Numbers::default(),
        );
        match to {
            To::Member(worker, slot) => {
                if let Some(courier) = self.couriers.get(worker) {
                    courier.owe(Deliver {
                        audience: Audience::Member(*slot),
                        letter,
                        receipt: None,
                    });
                }
            }
            To::Everyone => self.owe_all(&letter, None, || Audience::AnyChannel { except: None }),
            To::Channel(name) => {
                if let Some(&(room, _)) = self.rooms.get(&RoomKey::channel(name.clone())) {
                    self.owe_all(&letter, None, || Audience::Room {
                        room,
                        tag: None,
                        except: None,
                    });
                }
            }
        }
    }

    fn seal(&self, draft: Draft, origin: Origin, target: Target, numbers: Numbers) -> Arc<Letter> {
        let hub = self.tenure.hub.clone();
        let address = Address {
            hub,
            namespace: self.tenure.namespace.clone(),
            target,
            origin,
        };
        Arc::new(draft.seal(address, numbers, self.tenure.clock.now()))
    }

    fn owe_all(
        &self,
        letter: &Arc<Letter>,
        receipt: Option<&Arc<Receipt>>,
        audience: impl Fn() -> Audience,
    ) {
        for courier in self.couriers.values() {
            let receipt = receipt.cloned();
            let settle = receipt.clone();
            let sent = courier.owe(Deliver {
                audience: audience(),
                letter: letter.clone(),
                receipt,
            });
            if let Some(receipt) = settle.filter(|_| !sent) {
                receipt.settle(true);
            }
        }
    }

    fn broadcast(&self, broadcast: &Broadcast) -> Proposal {
        fault::strike("namespace", Point::Before, &broadcast.draft.content.args);
        let first = broadcast.rooms.as_ref().and_then(|rooms| rooms.first());
        let everyone = RoomKey::plain("");
        let proposal = self.log.propose(
            first.unwrap_or(&everyone),
            Numbers::default(),
            &broadcast.draft,
        );
        fault::strike("namespace", Point::Midway, &broadcast.draft.content.args);
        fault::strike("namespace", Point::After, &broadcast.draft.content.args);
        proposal
    }
}

/// A namespace learns its own address.
struct Introduce(WeakPost<Namespace>);

/// A room learns its own address.
pub(crate) struct IntroduceRoom(pub(crate) WeakPost<Room>);

impl actix::Message for Introduce {
    type Result = ();
}

impl actix::Message for IntroduceRoom {
    type Result = ();
}

impl Handler<Introduce> for Namespace {
    type Result = ();

    fn handle(&mut self, introduce: Introduce, _: &mut Self::Context) {
        self.this = Some(introduce.0);
    }
}

impl Handler<IntroduceRoom> for Room {
    type Result = ();

    fn handle(&mut self, introduce: IntroduceRoom, _: &mut Self::Context) {
        self.introduce(introduce.0);
    }
}

impl Actor for Namespace {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4096);
        self.arm(ctx);
    }
}

impl Supervised for Namespace {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.state.rebuild();
        // A restart cancels the timer; `started` arms it again.
        self.armed = None;
    }
}

impl Guarded for Namespace {
    fn title(&self) -> String {
        format!("the namespace {}", self.tenure.namespace)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn commit(&mut self) {
        self.state.commit();
    }

    fn rollback(&mut self) {
        self.state.rollback();
        self.effects.clear();
    }
}

impl Handler<Enter> for Namespace {
    type Result = ();

    fn handle(&mut self, enter: Enter, ctx: &mut Self::Context) {
        let Enter {
            member,
            slot,
            account,
            courier,
        } = enter;
        let worker = courier.worker;
        let _ = guard_always(self, ctx, |namespace| {
            namespace.state.enter(
                member,
                Tenant {
                    worker,
                    slot,
                    account,
                },
            );
            namespace.couriers.insert(worker, courier);
            if !namespace.sweeping {
                namespace.sweeping = true;
                namespace.wake_after(SWEEP, Wake::Sweep);
            }
        });
        self.arm(ctx);
    }
}

impl Handler<Gone> for Namespace {
    type Result = ();

    fn handle(&mut self, gone: Gone, ctx: &mut Self::Context) {
        if guard_always(self, ctx, |namespace| namespace.gone(&gone.member)).is_ok() {
            self.carry_out();
        }
    }
}

impl Handler<Join> for Namespace {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        // After a crash the reply is gone with the join, and the asker reads that.
        if guard(self, ctx, |namespace| namespace.join(join)).is_ok() {
            self.carry_out();
        }
    }
}

impl Handler<Leave> for Namespace {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        let done = guard_always(self, ctx, |namespace| {
            namespace.effects.push(Effect::StandUp(leave))
        });
        if done.is_ok() {
            self.carry_out();
        }
    }
}

impl Handler<Resolve> for Namespace {
    type Result = ();

    fn handle(&mut self, resolve: Resolve, _: &mut Self::Context) {
        resolve.reply.send(
            self.rooms
                .get(&resolve.room)
                .map(|(_, room)| room.downgrade()),
        );
    }
}

impl Handler<Broadcast> for Namespace {
    type Result = ();

    fn handle(&mut self, broadcast: Broadcast, ctx: &mut Self::Context) {
        let numbers = match guard(self, ctx, |namespace| namespace.broadcast(&broadcast)) {
            Ok(Proposal::Numbered(numbers)) => numbers,
            Ok(Proposal::Refused(error)) => {
                return broadcast.reply.send(Err(NotifyError::Log(error)));
            }
            // A letter to several rooms has no single stream: a log that answers late numbers it by its cursor alone.
            Ok(Proposal::Later(_)) => Numbers::default(),
            Err(fault) => return broadcast.reply.send(Err(fault.into())),
        };
        let Broadcast {
            rooms,
            except_rooms,
            except,
            origin,
            draft,
            reply,
        } = broadcast;
        let target = rooms.clone().map_or(Target::Everyone, Target::Rooms);
        let letter = self.seal(draft, origin, target, numbers);
        let receipt = Receipt::new(self.couriers.len());
        self.owe_all(&letter, Some(&receipt), || Audience::Rooms {
            rooms: rooms.clone(),
            except_rooms: except_rooms.clone(),
            except,
        });
        Metrics::add(&self.tenure.metrics.letters, 1);
        self.await_credit(ctx);
        reply.send(Ok(NotifyAnswer {
            recipients: 0,
            numbers,
            receipt,
        }));
    }
}

impl Handler<RoomSays> for Namespace {
    type Result = ();

    fn handle(&mut self, says: RoomSays, ctx: &mut Self::Context) {
        if let Ok(changed) = guard_always(self, ctx, |namespace| namespace.fact(says)) {
            self.carry_out();
            // A herald that crashes costs its event, not the fact.
            if let Some((channel, newcomer)) = changed
                && guard_always(self, ctx, |namespace| namespace.online(&channel, newcomer)).is_ok()
            {
                self.carry_out();
                self.await_credit(ctx);
            }
        }
        self.arm(ctx);
    }
}

/// What a world sees of a namespace.
#[cfg(feature = "testing")]
pub(crate) fn view(namespace: &Namespace) -> crate::testing::inspect::NamespaceView {
    let state = &namespace.state;
    crate::testing::inspect::NamespaceView {
        rooms: namespace
            .rooms
            .iter()
            .map(|(key, (_, room))| (key.clone(), room.downgrade()))
            .collect(),
        members: state.members().map(|(member, _)| member.clone()).collect(),
        channels: state
            .channels()
            .map(|(name, count)| (name.to_string(), count))
            .collect(),
        online: state.online(),
    }
}
