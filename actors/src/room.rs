//! The room actor: a mailbox around a [`RoomState`]. One implementation for channels, the hub pack's rooms and plain
//! rooms (decision 0003). It speaks to one courier a worker and to the namespace above it, never to a session.

mod admission;
mod commits;
mod effects;
mod handlers;
mod hooked;
mod joins;
mod leaves;
mod letters;
mod owner;
mod requests;
mod timers;
mod under_way;
mod watchers;

#[cfg(test)]
pub(crate) use self::hooked::ASKS_MAX;
pub(crate) use self::timers::Timers;
use self::{
    admission::Parked,
    hooked::{Hooked, Owed},
    under_way::UnderWay,
};

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::{Arc, Weak, atomic::AtomicUsize},
};

use tokio::time::Instant;

use crate::{
    context::NamespaceContext,
    crash_book::CrashedPart,
    event::RoomEvent,
    flow::{Brake, Patience},
    guard::{Crashes, shielded},
    id::{Epoch, Kind, LogKey, MemberId, RoomId, WorkerId},
    letter::{Content, Letter},
    log::LogClient,
    mailbox::WeakMailbox,
    message::{CourierRef, Gateway, LeaveAnswer, Permits, ToNamespace, ToRoom, Unseated, Watcher},
    metrics::Metrics,
    ports::RoomOnline,
    state::{
        local_room::{Announcement, Effect, LocalRoom, Surroundings},
        room::{Change, RoomBytes, RoomState},
    },
};

/// The actor.
pub struct Room {
    state: RoomState,
    local: LocalRoom,
    timers: Timers,
    links: Links,
    crashes: Crashes,
    hooked: Option<Box<Hooked>>,
}

/// What a room holds besides its state.
struct Links {
    id: RoomId,
    context: Arc<NamespaceContext>,
    log: Rc<LogClient>,
    log_key: LogKey,
    under_way: UnderWay,
    owner: WeakMailbox<ToNamespace>,
    this: WeakMailbox<ToRoom>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    gateway: Gateway,
    brake: Arc<Brake>,
    patience: Patience,
    purse: Permits,
    owed: Owed,
    parked: Parked,
    /// Letters of former times that were told, by epoch and cursor, while somebody holds them.
    told_again: HashMap<(Epoch, u64), Weak<Letter>>,
    /// What the hub's account knows of.
    on_account: RoomBytes,
    watchers: Vec<Watcher>,
    joins_seen: u64,
    started: Instant,
    left_behind: LeftBehind,
}

/// What a room leaves behind when it dies.
pub(crate) type LeftBehind = Rc<RefCell<Option<(RoomState, LocalRoom, Timers)>>>;

/// What a room is made of.
pub(crate) struct RoomParts {
    pub(crate) id: RoomId,
    pub(crate) state: RoomState,
    pub(crate) local: LocalRoom,
    pub(crate) timers: Timers,
    pub(crate) context: Arc<NamespaceContext>,
    pub(crate) log: Rc<LogClient>,
    pub(crate) owner: WeakMailbox<ToNamespace>,
    pub(crate) feed_under_way: Arc<AtomicUsize>,
    pub(crate) couriers: BTreeMap<WorkerId, CourierRef>,
    /// Every join up to this one was seen, or is lost.
    pub(crate) joins_seen: u64,
    /// Who watched before there was such a room.
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) left_behind: LeftBehind,
}

impl Room {
    pub(crate) fn new(this: WeakMailbox<ToRoom>, parts: RoomParts) -> Self {
        let RoomParts {
            id,
            state,
            local,
            timers,
            context,
            log,
            owner,
            feed_under_way,
            couriers,
            joins_seen,
            watchers,
            left_behind,
        } = parts;
        let crashes = Crashes::new(
            CrashedPart::Room(context.namespace.clone(), state.key().clone()),
            context.metrics.clone(),
        );
        Metrics::add(&context.metrics.rooms, 1);
        let hooks = context.room_hooks.as_ref();
        let hook = hooks.and_then(|hooks| hooks.of(state.key()));
        let links = Links {
            id,
            context,
            log,
            log_key: LogKey::Room(state.key().clone()),
            under_way: UnderWay::new(hook.is_some()),
            gateway: Gateway::new(owner.clone(), feed_under_way),
            owner,
            this,
            couriers,
            brake: Arc::default(),
            patience: Patience::default(),
            purse: Permits::default(),
            owed: Owed::default(),
            parked: Parked::default(),
            told_again: HashMap::new(),
            on_account: RoomBytes::default(),
            watchers,
            joins_seen,
            started: Instant::now(),
            left_behind,
        };
        let mut room = Self {
            state,
            local,
            timers,
            links,
            crashes,
            hooked: hook.map(|hook| Box::new(Hooked::new(hook))),
        };
        room.settle_account();
        room
    }

    fn part(&self) -> &'static str {
        match self.state.key().kind {
            Kind::Channel => "channel",
            Kind::Room | Kind::Plain => "room",
        }
    }

    /// Takes in that a member has left; how many are left, and what follows from it.
    fn left(
        &mut self,
        event: &RoomEvent,
        announcement: &Announcement,
    ) -> (LeaveAnswer, Vec<Effect>) {
        let (RoomEvent::Left(left), Change::Left(departure)) = (event, self.state.apply(event))
        else {
            return Default::default();
        };
        let effects = self.with_surroundings(|room, local, around| {
            local.left(room, left, &departure, announcement, around)
        });
        let gone = departure.gone;
        (LeaveAnswer { gone }, effects)
    }

    /// What follows from an event depends on the time and on what renders presence: application code, which costs no more
    /// than its event if it panics.
    fn with_surroundings<T>(
        &mut self,
        follow: impl FnOnce(&RoomState, &mut LocalRoom, &Surroundings<'_>) -> T,
    ) -> T {
        let Self {
            state,
            local,
            links,
            crashes,
            ..
        } = self;
        let presence_events = links.context.presence_events.as_ref();
        let render = |room: &RoomState, tag: &_| -> Option<Content> {
            let presence_events = presence_events?;
            let count = room.roster().matching(tag);
            let users = room.present(tag, RoomOnline::USERS);
            let online = RoomOnline { tag, count, users };
            shielded(crashes, || presence_events.room_online(room.key(), &online))
        };
        let around = Surroundings {
            now: links.started.elapsed(),
            time: links.context.clock.now(),
            join_events_up_to: links.context.settings.join_events_up_to,
            render: &render,
        };
        follow(state, local, &around)
    }

    /// All joins up to this number were seen: of those that are parked, none was.
    fn joins_seen(&self) -> u64 {
        let parked = self.links.parked.first_join();
        parked.map_or(self.links.joins_seen, |first| {
            self.links.joins_seen.min(first.saturating_sub(1))
        })
    }

    /// The namespace hears that a member has left, or was refused with join `number`.
    fn without(&self, member: MemberId, number: u64, joined: bool) {
        self.links.owner.send(Unseated {
            room: self.state.key().clone(),
            member,
            number,
            count: self.state.roster().len(),
            seated: joined,
        });
        self.tell_if_vacant();
    }

    /// The namespace hears that the room may go. Joins that came behind that one may have run before it, and others may wait.
    fn tell_if_vacant(&self) {
        let is_kept = self.is_kept();
        if !is_kept && self.state.roster().is_empty() && self.links.under_way.is_empty() {
            self.links.owner.send(ToNamespace::Vacant {
                room: self.state.key().clone(),
                seen: self.joins_seen(),
                ends: self.links.under_way.ends().to_vec(),
            });
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
