//! The room actor: a mailbox around a [`RoomState`]. One implementation for channels, the hub pack's rooms and plain
//! rooms (decision 0003). It speaks to one courier a worker and to the namespace above it, never to a session.

mod admission;
mod effects;
mod handlers;
mod letters;
mod owner;
#[cfg(feature = "testing")]
mod view;

use self::admission::Parked;
#[cfg(feature = "testing")]
pub(crate) use self::view::view;

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use tokio::time::Instant;

use crate::{
    context::NamespaceContext,
    error::{JoinError, LeaveReason},
    event::{Joined, RoomEvent},
    fault::{self, Point, Safeguard},
    flow::{Brake, Patience},
    guard::{Crashes, shielded},
    id::{Kind, MemberId, RoomId, WorkerId},
    letter::Content,
    mailbox::WeakMailbox,
    message::{
        CourierRef, Join, JoinAnswer, LeaveAnswer, Permits, PlacedJoin, ToNamespace, ToRoom,
        Unseated,
    },
    metrics::Metrics,
    ports::{Log, RoomOnline},
    state::{
        audience::LeaveScope,
        local_room::{Announcement, Effect, LocalRoom, Place, Surroundings},
        room::{Change, RoomBytes, RoomState},
    },
};

/// The actor.
pub struct Room {
    state: RoomState,
    local: LocalRoom,
    links: Links,
    crashes: Crashes,
}

/// What a room holds besides its state.
struct Links {
    id: RoomId,
    context: Arc<NamespaceContext>,
    log: Rc<dyn Log>,
    owner: WeakMailbox<ToNamespace>,
    this: WeakMailbox<ToRoom>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    brake: Arc<Brake>,
    patience: Patience,
    purse: Permits,
    parked: Parked,
    /// What the hub's account knows of.
    on_account: RoomBytes,
    joins_seen: u64,
    started: Instant,
}

impl Room {
    pub(crate) fn new(
        this: WeakMailbox<ToRoom>,
        state: RoomState,
        id: RoomId,
        context: Arc<NamespaceContext>,
        log: Rc<dyn Log>,
        owner: WeakMailbox<ToNamespace>,
    ) -> Self {
        let crashes = Crashes::new(context.metrics.clone());
        Metrics::add(&context.metrics.rooms, 1);
        let local = LocalRoom::new(context.settings.presence_rates());
        let links = Links {
            id,
            context,
            log,
            owner,
            this,
            couriers: BTreeMap::new(),
            brake: Arc::default(),
            patience: Patience::default(),
            purse: Permits::default(),
            parked: Parked::default(),
            on_account: RoomBytes::default(),
            joins_seen: 0,
            started: Instant::now(),
        };
        Self {
            state,
            local,
            links,
            crashes,
        }
    }

    fn part(&self) -> &'static str {
        match self.state.key().kind {
            Kind::Channel => "channel",
            Kind::Room | Kind::Plain => "room",
        }
    }

    fn decide_join(&mut self, placed: &PlacedJoin) -> Result<Vec<RoomEvent>, JoinError> {
        let part = self.part();
        let join = &*placed.join;
        let marked = join.joined.user.as_deref().unwrap_or_default();
        fault::strike(part, Point::Before, marked.as_bytes());
        let events = self.state.decide_join(&join.joined, join.options.clone())?;
        if !fault::stands(Safeguard::Decide) {
            events
                .iter()
                .for_each(|event| drop(self.state.apply(event)));
        }
        fault::strike(part, Point::Midway, marked.as_bytes());
        fault::strike(part, Point::After, marked.as_bytes());
        Ok(events)
    }

    /// Takes in what a join led to; the answer, and what follows from it.
    fn joined(&mut self, placed: &PlacedJoin, events: &[RoomEvent]) -> (JoinAnswer, Vec<Effect>) {
        let Join {
            joined, announce, ..
        } = &*placed.join;
        let Joined { member, tag, .. } = joined;
        let courier = &placed.courier;
        let place = Place {
            worker: courier.worker,
            local_id: placed.local_id,
            join: placed.number,
        };
        let created = !events.is_empty() && self.state.policy(tag).is_none();
        let mut effects = Vec::new();
        for event in events {
            if let Change::Joined(tags) = self.state.apply(event) {
                self.links
                    .couriers
                    .entry(place.worker)
                    .or_insert_with(|| courier.clone());
                effects = self.with_surroundings(|room, local, around| {
                    local.joined(
                        room,
                        (member, place),
                        (tag, tags),
                        announce.as_ref(),
                        around,
                    )
                });
            }
        }
        let users = match self.state.key().kind {
            Kind::Plain => Vec::new(),
            Kind::Channel | Kind::Room => self.state.present(tag, RoomOnline::USERS),
        };
        let tags = self.state.roster().get(member);
        let answer = JoinAnswer {
            already: events.is_empty(),
            count: self.state.roster().matching(tag),
            terms: self.state.terms(tag, created),
            users,
            tags: tags.map(|own| own.tags.clone()).unwrap_or_default(),
            number: placed.number,
            room: self.links.this.clone(),
        };
        (answer, effects)
    }

    /// Takes in that a member leaves; how many are left, and what follows from it.
    fn leave(
        &mut self,
        member: &MemberId,
        which: &LeaveScope,
        reason: LeaveReason,
        announcement: &Announcement,
    ) -> (LeaveAnswer, Vec<Effect>) {
        let event = self.state.decide_leave(member, which, reason);
        event.map_or_else(Default::default, |event| self.left(&event, announcement))
    }

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
        let count = self.state.roster().len();
        self.links.owner.send(Unseated {
            room: self.state.key().clone(),
            member,
            number,
            count,
            // Joins that came behind that one may have run before it, and others may wait.
            vacant: (count == 0).then(|| self.joins_seen()),
            seated: joined,
        });
    }
}
