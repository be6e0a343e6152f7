//! The courier of one worker thread: it mirrors the rooms' seats of its members and is the only writer of their
//! outboxes. Knows no room beyond its mirror, waits for nobody.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Context, Handler, Supervised};
use tokio::{sync::Notify as Bell, time::timeout};

use crate::{
    error::CloseReason,
    fault::{self, Point, Safeguard},
    guard::{Crashes, Guarded, guard, guard_always},
    id::{Kind, RoomId, RoomKey, Slot, WorkerId},
    letter::{Class, FormId, Forms, Frame, Letter},
    message::{
        Audience, CloseNamespace, CourierSays, Deliver, Direct, EndOutbox, MirrorSeat,
        MirrorUnseat, Register, Unregister,
    },
    metrics::Metrics,
    outbox::{Outbox, Overflow},
    post::{Post, UpPost},
    state::{audience::Tags, ledger::Ledger},
};

/// A courier as rooms and sessions hold it.
#[derive(Clone)]
pub struct CourierRef {
    /// Its worker.
    pub worker: WorkerId,
    /// The way to it.
    pub post: Post<Courier>,
    /// What it has not digested yet.
    pub backlog: Arc<Backlog>,
}

impl CourierRef {
    /// Sends what a room owes the courier; nothing while the courier is given up (see [`Backlog`]).
    pub(crate) fn owe<M>(&self, message: M) -> bool
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        Courier: Handler<M>,
    {
        if self.backlog.given_up() || !self.post.connected() {
            return false;
        }
        self.backlog.undigested.fetch_add(1, Ordering::AcqRel);
        self.post.control(message);
        true
    }

    /// What whoever owes it has to wait for before taking further mail: that it has caught up, or is given up.
    pub(crate) fn behind(&self, patience: Duration) -> Option<impl Future<Output = ()> + 'static> {
        if !self.backlog.full() || !self.post.connected() || !fault::stands(Safeguard::Credit) {
            return None;
        }
        let (backlog, worker) = (self.backlog.clone(), self.worker);
        Some(async move {
            if timeout(patience, backlog.caught_up()).await.is_err() && backlog.give_up() {
                log::error!(
                    "worker {} has not run for {} ms: nothing more is sent to it, its members will be closed",
                    worker.0,
                    patience.as_millis()
                );
            }
        })
    }
}

/// The credit between rooms and one courier: what rooms sent and the courier has not handled.
///
/// A room above the limit takes no mail until the courier has caught up. If that takes longer than its patience, the
/// courier is given up: nothing more is sent to it, and when its thread runs again it closes all its sessions, so that
/// nobody misses a letter unknowingly.
#[derive(Debug)]
pub struct Backlog {
    max: usize,
    undigested: AtomicUsize,
    /// Odd while the courier is given up.
    lapses: AtomicUsize,
    caught_up: Bell,
}

impl Backlog {
    /// Messages that the courier has not handled.
    pub fn undigested(&self) -> usize {
        self.undigested.load(Ordering::Acquire)
    }

    /// Whether the courier was given up and has not noticed yet.
    pub fn given_up(&self) -> bool {
        self.lapses() % 2 == 1
    }

    /// Changes whenever the courier is given up, and when it has noticed.
    pub(crate) fn lapses(&self) -> usize {
        self.lapses.load(Ordering::Acquire)
    }

    fn new(max: usize) -> Self {
        Self {
            max: max.max(2),
            undigested: AtomicUsize::new(0),
            lapses: AtomicUsize::new(0),
            caught_up: Bell::new(),
        }
    }

    /// `true` if nobody else has given it up before.
    fn give_up(&self) -> bool {
        let lapses = self.lapses();
        lapses.is_multiple_of(2)
            && self
                .lapses
                .compare_exchange(lapses, lapses + 1, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    /// Whether rooms may send no more.
    pub(crate) fn full(&self) -> bool {
        self.undigested() >= self.max && !self.given_up()
    }

    /// Waits until half of what may be undigested is digested.
    pub(crate) async fn caught_up(&self) {
        loop {
            let bell = self.caught_up.notified();
            tokio::pin!(bell);
            bell.as_mut().enable();
            if self.undigested() <= self.max / 2 {
                return;
            }
            bell.await;
        }
    }

    fn digest(&self) {
        if self.undigested.fetch_sub(1, Ordering::AcqRel) == self.max / 2 + 1 {
            self.caught_up.notify_waiters();
        }
    }
}

/// The actor. Its state is the mirror; who waits for what is in the outboxes, which survive it.
pub struct Courier {
    worker: WorkerId,
    forms: Forms,
    backlog: Arc<Backlog>,
    metrics: Arc<Metrics>,
    crashes: Crashes,
    members: BTreeMap<Slot, Rc<Served>>,
    seats: Ledger<(RoomId, Slot), Tags>,
    rooms: BTreeMap<RoomId, Mirror>,
    keys: BTreeMap<(Arc<str>, RoomKey), RoomId>,
}

struct Served {
    slot: Slot,
    namespace: Arc<str>,
    outbox: Arc<Outbox>,
    form: FormId,
    session: UpPost<CourierSays>,
}

struct Mirror {
    key: RoomKey,
    namespace: Arc<str>,
    seats: Vec<(Rc<Served>, Tags)>,
}

impl Courier {
    /// Starts the courier of the present thread. `backlog_max` as in the rooms' settings.
    pub fn start(
        worker: WorkerId,
        forms: Forms,
        backlog_max: usize,
        metrics: Arc<Metrics>,
    ) -> CourierRef {
        let backlog = Arc::new(Backlog::new(backlog_max));
        let courier = Self {
            worker,
            forms,
            backlog: backlog.clone(),
            crashes: Crashes::new(metrics.clone()),
            metrics,
            members: BTreeMap::new(),
            seats: Ledger::new(),
            rooms: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        let post = Post::new(actix::Supervisor::start(|_| courier));
        CourierRef {
            worker,
            post,
            backlog,
        }
    }

    fn before_any(&mut self) {
        if self.backlog.given_up() {
            log::error!(
                "worker {} stood still too long: its sessions are closed and may come back",
                self.worker.0
            );
            for served in self.members.values() {
                served.evict(CloseReason::WorkerStalled);
            }
            self.seats = Ledger::new();
            self.rooms.clear();
            self.keys.clear();
            self.backlog.lapses.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn mirror(&mut self, seat: &MirrorSeat) {
        let Some(served) = self.members.get(&seat.slot) else {
            return;
        };
        if served.outbox.ended().is_some() {
            // Its session is closing; the room's word that the seat is gone may have been held back already.
            return;
        }
        let new = self.seats.get(&(seat.room, seat.slot)).is_none();
        self.seats.put((seat.room, seat.slot), seat.tags.clone());
        let mirror = self.rooms.entry(seat.room).or_insert_with(|| Mirror {
            key: seat.key.clone(),
            namespace: seat.namespace.clone(),
            seats: Vec::new(),
        });
        self.keys
            .insert((seat.namespace.clone(), seat.key.clone()), seat.room);
        if new {
            mirror.seats.push((served.clone(), seat.tags.clone()));
        } else if let Some((_, tags)) = mirror
            .seats
            .iter_mut()
            .find(|(served, _)| served.slot == seat.slot)
        {
            *tags = seat.tags.clone();
        }
    }

    fn unmirror(&mut self, room: RoomId, slot: Slot) {
        if !self.seats.remove(&(room, slot)) {
            return;
        }
        let Some(mirror) = self.rooms.get_mut(&room) else {
            return;
        };
        mirror.seats.retain(|(served, _)| served.slot != slot);
        if mirror.seats.is_empty() {
            let key = (mirror.namespace.clone(), mirror.key.clone());
            // A room of the same name that came later keeps its entry.
            if self.keys.get(&key) == Some(&room) {
                self.keys.remove(&key);
            }
            self.rooms.remove(&room);
        }
    }

    fn deliver(&mut self, message: &Deliver) {
        let letter = &message.letter;
        let marked = &letter.content.args;
        fault::strike("courier", Point::Before, marked);
        #[cfg(feature = "fault")]
        fault::freeze(marked);
        let mut hands = Hands {
            letter,
            forms: &self.forms,
            metrics: &self.metrics,
            full: Vec::new(),
            frames: Vec::new(),
        };
        match &message.audience {
            Audience::Room { room, tag, except } => {
                let seats = self.rooms.get(room).map_or(&[][..], |mirror| &mirror.seats);
                for (at, (served, tags)) in seats.iter().enumerate() {
                    if at == seats.len() / 2 {
                        fault::strike("courier", Point::Midway, marked);
                    }
                    if Some(served.slot) != *except && tags.matches(tag) {
                        hands.over(served);
                    }
                }
            }
            Audience::Rooms {
                rooms,
                except_rooms,
                except,
            } => {
                let excluded: BTreeSet<Slot> = except_rooms
                    .iter()
                    .flat_map(|key| self.seated(letter, key))
                    .map(|s| s.slot)
                    .chain(*except)
                    .collect();
                match rooms {
                    None => {
                        for served in self.members.values() {
                            if served.namespace == letter.namespace
                                && !excluded.contains(&served.slot)
                            {
                                hands.over(served);
                            }
                        }
                    }
                    Some(rooms) => {
                        let mut seen = excluded;
                        for served in rooms.iter().flat_map(|key| self.seated(letter, key)) {
                            if seen.insert(served.slot) || !fault::stands(Safeguard::Dedup) {
                                hands.over(served);
                            }
                        }
                    }
                }
            }
            Audience::AnyChannel { except } => {
                let mut seen: BTreeSet<Slot> = except.iter().copied().collect();
                for mirror in self.rooms.values() {
                    if mirror.key.kind == Kind::Channel && mirror.namespace == letter.namespace {
                        for (served, _) in &mirror.seats {
                            if seen.insert(served.slot) {
                                hands.over(served);
                            }
                        }
                    }
                }
            }
            Audience::Member(slot) => {
                if let Some(served) = self.members.get(slot) {
                    hands.over(served);
                }
            }
        }
        fault::strike("courier", Point::After, marked);
        for (served, overflow, frame) in hands.full {
            self.overflowed(&served, overflow, frame, letter.class == Class::Volatile);
        }
    }

    fn seated<'a>(
        &'a self,
        letter: &Letter,
        key: &RoomKey,
    ) -> impl Iterator<Item = &'a Rc<Served>> {
        let room = self.keys.get(&(letter.namespace.clone(), key.clone()));
        let mirror = room.and_then(|room| self.rooms.get(room));
        mirror
            .into_iter()
            .flat_map(|mirror| mirror.seats.iter().map(|(served, _)| served))
    }

    fn overflowed(&self, served: &Served, overflow: Overflow, frame: &Frame, volatile: bool) {
        match overflow {
            Overflow::Full => served.evict(CloseReason::OutboxFull),
            Overflow::Stalled => served.evict(CloseReason::Stalled),
            Overflow::Total => {
                // The worst payer of this worker goes; the one that was just served may be quite innocent.
                if let Some(worst) = self
                    .members
                    .values()
                    .max_by_key(|served| served.outbox.bytes())
                {
                    worst.evict(CloseReason::OutboxTotal);
                }
                // The innocent one still gets its letter; if that is not to be, it must not go on without.
                match served.outbox.push(frame, volatile) {
                    Ok(()) => Metrics::add(&self.metrics.deliveries, 1),
                    Err(_) => served.evict(CloseReason::OutboxTotal),
                }
            }
        }
    }

    fn direct(&mut self, message: &Direct) {
        if let Some(served) = self.members.get(&message.slot)
            && let Err(overflow) = served.outbox.push(&message.frame, message.volatile)
        {
            self.overflowed(served, overflow, &message.frame, message.volatile);
        }
    }
}

impl Served {
    fn evict(&self, reason: CloseReason) {
        if self.outbox.ended().is_none() {
            self.outbox.end(reason);
            self.session.tell(CourierSays::Evicted(reason));
        }
    }
}

/// Hands one letter to many, with its frame looked up once for each form.
struct Hands<'a> {
    letter: &'a Letter,
    forms: &'a Forms,
    metrics: &'a Metrics,
    full: Vec<(Rc<Served>, Overflow, &'a Frame)>,
    frames: Vec<(FormId, Option<&'a Frame>)>,
}

impl Hands<'_> {
    fn over(&mut self, served: &Rc<Served>) {
        let known = self
            .frames
            .iter()
            .find(|(form, _)| *form == served.form)
            .map(|(_, frame)| *frame);
        let frame = known.unwrap_or_else(|| {
            let frame = self.letter.frame(served.form, self.forms);
            if let Err(error) = &frame {
                log::error!("{error}; the members that need this form do not get it");
            }
            let frame = frame.ok();
            self.frames.push((served.form, frame));
            frame
        });
        let Some(frame) = frame else { return };
        match served
            .outbox
            .push(frame, self.letter.class == Class::Volatile)
        {
            Ok(()) => Metrics::add(&self.metrics.deliveries, 1),
            Err(overflow) => self.full.push((served.clone(), overflow, frame)),
        }
    }
}

impl Actor for Courier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4096);
    }
}

impl Supervised for Courier {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The lists by room are derived from the ledger of seats; after a crash they are not trusted.
        let mut rooms: BTreeMap<RoomId, Mirror> = BTreeMap::new();
        for ((room, slot), tags) in self.seats.iter() {
            let (Some(old), Some(served)) = (self.rooms.get(room), self.members.get(slot)) else {
                continue;
            };
            let mirror = rooms.entry(*room).or_insert_with(|| Mirror {
                key: old.key.clone(),
                namespace: old.namespace.clone(),
                seats: Vec::new(),
            });
            mirror.seats.push((served.clone(), tags.clone()));
        }
        self.keys = rooms
            .iter()
            .map(|(id, m)| ((m.namespace.clone(), m.key.clone()), *id))
            .collect();
        self.rooms = rooms;
    }
}

impl Guarded for Courier {
    fn title(&self) -> String {
        format!("the courier of worker {}", self.worker.0)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn commit(&mut self) {
        self.seats.commit();
    }

    fn rollback(&mut self) {
        self.seats.rollback();
    }
}

impl Handler<Register> for Courier {
    type Result = ();

    fn handle(&mut self, register: Register, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            let Register {
                slot,
                namespace,
                outbox,
                form,
                session,
                lapses,
            } = register;
            let served = Rc::new(Served {
                slot,
                namespace,
                outbox,
                form,
                session,
            });
            if lapses != courier.backlog.lapses() {
                // Something for this member may have been held back while this very message waited.
                served.evict(CloseReason::WorkerStalled);
            }
            courier.members.insert(slot, served);
        });
    }
}

impl Handler<Unregister> for Courier {
    type Result = ();

    fn handle(&mut self, unregister: Unregister, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.members.remove(&unregister.slot);
        });
    }
}

impl Handler<Direct> for Courier {
    type Result = ();

    fn handle(&mut self, direct: Direct, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.direct(&direct);
        });
    }
}

impl Handler<MirrorSeat> for Courier {
    type Result = ();

    fn handle(&mut self, seat: MirrorSeat, ctx: &mut Self::Context) {
        self.backlog.digest();
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.mirror(&seat);
        });
    }
}

impl Handler<MirrorUnseat> for Courier {
    type Result = ();

    fn handle(&mut self, unseat: MirrorUnseat, ctx: &mut Self::Context) {
        self.backlog.digest();
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.unmirror(unseat.room, unseat.slot);
            if let (Some((room, number)), Some(served)) =
                (unseat.kicked, courier.members.get(&unseat.slot))
            {
                served.session.tell(CourierSays::Kicked {
                    slot: unseat.slot,
                    room,
                    number,
                });
            }
        });
    }
}

impl Handler<Deliver> for Courier {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Self::Context) {
        self.backlog.digest();
        let receipt = deliver.receipt.clone();
        let done = guard(self, ctx, |courier| {
            courier.before_any();
            courier.deliver(&deliver);
        });
        if let Some(receipt) = receipt {
            receipt.settle(done.is_ok());
        }
    }
}

impl Handler<CloseNamespace> for Courier {
    type Result = ();

    fn handle(&mut self, close: CloseNamespace, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            for served in courier
                .members
                .values()
                .filter(|served| served.namespace == close.namespace)
            {
                served.evict(CloseReason::ServerRestart);
            }
        });
    }
}

impl Handler<EndOutbox> for Courier {
    type Result = ();

    fn handle(&mut self, end: EndOutbox, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            if let Some(served) = courier.members.get(&end.slot) {
                served.outbox.end(end.reason);
            }
        });
    }
}

/// What a world sees of a courier: the mirror by room, which letters are resolved by.
#[cfg(feature = "testing")]
pub(crate) fn view(courier: &Courier) -> crate::testing::inspect::CourierView {
    let mut seats = Vec::new();
    for (room, mirror) in &courier.rooms {
        for (served, tags) in &mirror.seats {
            let seat = crate::testing::SeatRecord::new(courier.worker, served.slot, *room, tags);
            seats.push((mirror.namespace.clone(), seat));
        }
    }
    crate::testing::inspect::CourierView {
        seats,
        served: courier.members.len(),
    }
}
