//! The namespace actor: it knows who is in it, owns its rooms, counts the joins it sends them, and tells who is online
//! in channels. All its rooms run on its thread. It reads no letter.

mod feed;
mod handlers;
mod online;
mod rooms;
mod selections;
mod survey;
mod watchers;

use self::rooms::{RoomEntry, disconnect};

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::AsyncContext;
use tokio::time::Instant;

use crate::{
    context::{NamespaceContext, OnlineUsers},
    crash_book::CrashedPart,
    error::{Fault, JoinError},
    flow::InboundUnit,
    guard::{Crashes, Guard, GuardedContext, then},
    id::{Epoch, Kind, LocalId, MemberId, RoomKey, Token, WorkerId},
    letter::{Content, Draft, Letter},
    log::{Feed, FeedSink, Log, LogClient},
    mailbox::{Mailbox, WeakMailbox},
    message::{
        Audience, Connected, CourierRef, Deliver, Join, Leave, Parcel, Permits, PlacedJoin, Seated,
        ToCourier, ToNamespace, Unseated, Watcher, pass,
    },
    state::{
        audience::PresenceScope,
        gate::Gate,
        namespace::{ConnectedMember, NamespaceState},
        room::Allowance,
        throttle::Throttle,
    },
};

/// Makes the log of one namespace, on that namespace's thread.
pub type LogMaker = Arc<dyn Fn(&str, FeedSink) -> Rc<dyn Log> + Send + Sync>;

/// How often couriers that died with their worker are looked for.
const SWEEP: Duration = Duration::from_millis(500);

/// The actor.
pub struct Namespace {
    context: Arc<NamespaceContext>,
    state: NamespaceState,
    log: Rc<LogClient>,
    /// Positions are of this one, if the log has said so.
    epoch: Option<Epoch>,
    gate: Gate<Parcel>,
    /// Commits of the feed that have not left, and what goes behind them.
    feed_under_way: Arc<AtomicUsize>,
    under_way: feed::WaitingBroadcasts,
    rooms: BTreeMap<RoomKey, RoomEntry>,
    /// By kind: operators ask each second, and a walk over all rooms is long.
    room_counts: [usize; 3],
    /// Of rooms that do not exist.
    watchers: BTreeMap<RoomKey, Vec<Watcher>>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    allowance: Allowance,
    presence: Throttle<Option<Arc<str>>>,
    changed: BTreeSet<Arc<str>>,
    wheel: BTreeMap<(Instant, u64), Wake>,
    wakes: u64,
    armed: Option<Instant>,
    sweeping: bool,
    started: Instant,
    crashes: Crashes,
    this: WeakMailbox<ToNamespace>,
    effects: Vec<NamespaceEffect>,
}

enum Wake {
    Online,
    Room(RoomKey),
    /// A broadcast may have waited too long for the log.
    Log,
    Sweep,
}

enum NamespaceEffect {
    Join(PlacedJoin),
    Leave(Leave),
    Online {
        audience: OnlineAudience,
        content: Content,
    },
}

/// A channel that changed, and who is new there.
type Changed = (Arc<str>, Option<(WorkerId, LocalId)>);

#[derive(Clone)]
enum OnlineAudience {
    Everyone,
    Channel(Arc<str>),
    Member(WorkerId, LocalId),
}

impl Namespace {
    /// Starts the actor on the present thread.
    pub fn start(context: Arc<NamespaceContext>, log: &LogMaker) -> Mailbox<ToNamespace> {
        let crashes = Crashes::new(
            CrashedPart::Namespace(context.namespace.clone()),
            context.metrics.clone(),
        );
        let settings = &context.settings;
        let allowance = Allowance::new(settings.invites_max, settings.invite_bytes_max);
        let presence = Throttle::new(settings.presence_rates());
        let feed_under_way = Arc::new(AtomicUsize::new(0));
        let log = log.clone();
        Guard::start(move |this| Self {
            log: Self::log(&context.namespace, &log, &feed_under_way, &this),
            epoch: None,
            gate: Gate::default(),
            feed_under_way,
            under_way: feed::WaitingBroadcasts::default(),
            context,
            state: NamespaceState::default(),
            rooms: BTreeMap::new(),
            room_counts: [0; 3],
            watchers: BTreeMap::new(),
            couriers: BTreeMap::new(),
            allowance,
            presence,
            changed: BTreeSet::new(),
            wheel: BTreeMap::new(),
            wakes: 0,
            armed: None,
            sweeping: false,
            started: Instant::now(),
            crashes,
            this,
            effects: Vec::new(),
        })
    }

    /// Makes the log, with the way by which it says something by itself.
    fn log(
        namespace: &str,
        log: &LogMaker,
        under_way: &Arc<AtomicUsize>,
        this: &WeakMailbox<ToNamespace>,
    ) -> Rc<LogClient> {
        let (under_way, this) = (under_way.clone(), this.clone());
        let feed: FeedSink = Rc::new(move |feed| {
            // From here on what a room sends would overtake it.
            let Some(namespace) = this.upgrade() else {
                return;
            };
            let commits = matches!(feed, Feed::Committed(_));
            under_way.fetch_add(usize::from(commits), Ordering::Relaxed);
            namespace.send(feed);
        });
        LogClient::new(log(namespace, feed.clone()), feed)
    }

    fn enter(&mut self, connected: Connected) {
        let worker = connected.courier.worker;
        let member = ConnectedMember {
            worker,
            local_id: connected.local_id,
        };
        self.state.enter(connected.member, member);
        self.couriers.insert(worker, connected.courier);
        if !self.sweeping {
            self.sweeping = true;
            self.wake_after(SWEEP, Wake::Sweep);
        }
    }

    fn join(&mut self, join: Box<Join>) {
        let connected = self.state.connected(&join.joined.member);
        let courier = connected.and_then(|connected| self.couriers.get(&connected.worker));
        let (Some(connected), Some(courier)) = (connected, courier) else {
            return join.reply.send(Err(JoinError::Internal(Fault::Gone)));
        };
        let local_id = connected.local_id;
        let courier = courier.clone();
        self.effects.push(NamespaceEffect::Join(PlacedJoin {
            number: self.state.sent(&join.joined.member, &join.room),
            join,
            courier,
            local_id,
        }));
    }

    fn gone(&mut self, member: &MemberId, unit: Option<&Arc<InboundUnit>>) {
        for room in self.state.gone(member) {
            let leave = disconnect(room, member.clone(), unit.cloned());
            self.effects.push(NamespaceEffect::Leave(leave));
        }
    }

    fn seated(&mut self, seated: Seated) -> Changed {
        let Seated {
            room,
            member,
            count,
            told,
        } = seated;
        self.state.occupancy(&room.name, &member, true, count);
        let least = match self.context.settings.online_users {
            OnlineUsers::Channel => PresenceScope::Room,
            OnlineUsers::All | OnlineUsers::Off => PresenceScope::Everyone,
        };
        let newcomer = self.state.connected(&member).filter(|_| told >= least);
        let newcomer = newcomer.map(|connected| (connected.worker, connected.local_id));
        (room.name, newcomer)
    }

    fn unseated(&mut self, unseated: Unseated) -> Option<Changed> {
        let Unseated {
            room,
            member,
            number,
            count,
            seated,
        } = unseated;
        self.state.unseated(&member, &room, number);
        let changes = seated && room.kind == Kind::Channel;
        if changes {
            self.state.occupancy(&room.name, &member, false, count);
        }
        changes.then_some((room.name, None))
    }

    fn carry_out(&mut self, ctx: &mut GuardedContext<Self>) {
        for effect in std::mem::take(&mut self.effects) {
            match effect {
                NamespaceEffect::Join(placed) => self.room(&placed.join.room).send(placed),
                NamespaceEffect::Leave(leave) => {
                    if let Some(room) = self.living(&leave.room) {
                        room.send(leave);
                    } else if let Some(reply) = leave.reply {
                        reply.send(Default::default());
                    }
                }
                NamespaceEffect::Online { audience, content } => {
                    let needs = self.needs(&audience, content.len());
                    self.admit(ctx, needs, move |namespace, permits| {
                        namespace.deliver_online(&audience, content, permits);
                    });
                }
            }
        }
    }

    /// As rooms do: what the namespace itself sends waits for leave like their letters.
    fn admit(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        needs: Vec<(CourierRef, usize)>,
        send: impl FnOnce(&mut Self, Permits) + 'static,
    ) {
        if let Some(permits) = Permits::now(&needs, &mut Permits::default()) {
            return send(self, permits);
        }
        let permits = Permits::wait(needs, self.context.settings.courier_patience);
        ctx.wait(then(permits, |namespace: &mut Self, (permits, _), _| {
            send(namespace, permits);
        }));
    }

    /// What a letter needs of each courier. Where members are is known to the couriers alone: an equal share each.
    fn needs(&self, to: &OnlineAudience, bytes: usize) -> Vec<(CourierRef, usize)> {
        let all = match to {
            // One for each join, which waited already.
            OnlineAudience::Member(..) => return Vec::new(),
            OnlineAudience::Everyone => self.state.member_count(),
            OnlineAudience::Channel(name) => self.state.channel(name).unwrap_or(0),
        };
        let share = all.div_ceil(self.couriers.len().max(1));
        self.couriers
            .values()
            .map(|courier| (courier.clone(), courier.window.cost(share, bytes)))
            .collect()
    }

    fn deliver_online(&mut self, to: &OnlineAudience, content: Content, permits: Permits) {
        let draft = Draft::new(content, &self.context.encodings);
        let letter = self.seal(draft, None);
        let mut words: Vec<(CourierRef, ToCourier)> = Vec::new();
        match to {
            OnlineAudience::Member(worker, local_id) => {
                if let Some(courier) = self.couriers.get(worker) {
                    let deliver = Deliver {
                        audience: Audience::Member(*local_id),
                        letter,
                        receipt: None,
                        permit: None,
                    };
                    words.push((courier.clone(), deliver.into()));
                }
            }
            OnlineAudience::Everyone => {
                let audience = || Audience::AnyChannel;
                self.to_all(&letter, permits, audience, |courier, word| {
                    words.push((courier.clone(), word))
                });
            }
            OnlineAudience::Channel(name) => {
                let entry = self.rooms.get(&RoomKey::channel(name.clone()));
                if let Some(room) = entry.map(|entry| entry.id) {
                    let audience = || Audience::Room {
                        room,
                        tag: None,
                        except: None,
                        of_presence: true,
                        brake: None,
                    };
                    self.to_all(&letter, permits, audience, |courier, word| {
                        words.push((courier.clone(), word))
                    });
                }
            }
        }
        for (courier, word) in words {
            self.send_in_order(courier, word);
        }
    }

    /// Sends, behind every commit so far.
    fn send_in_order(&mut self, courier: CourierRef, word: impl Into<ToCourier>) {
        match self.gate.is_closed() {
            true => self.hold(Parcel::new(courier, word.into())),
            false => pass(&courier, word.into()),
        }
    }

    fn seal(&self, draft: Draft, token: Option<Token>) -> Arc<Letter> {
        Arc::new(draft.seal(self.context.namespace.clone(), token))
    }

    /// One for each courier.
    fn to_all(
        &self,
        letter: &Arc<Letter>,
        mut permits: Permits,
        audience: impl Fn() -> Audience,
        mut send: impl FnMut(&CourierRef, ToCourier),
    ) {
        for courier in self.couriers.values() {
            let deliver = Deliver {
                audience: audience(),
                letter: letter.clone(),
                receipt: None,
                permit: permits.take(courier.worker),
            };
            send(courier, deliver.into());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
