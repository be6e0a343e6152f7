//! The courier of one worker thread: it mirrors the rooms' seats of its members and is the only writer of their
//! outboxes. Knows no room beyond its mirror, waits for nobody.

mod backlog;
mod handlers;
#[cfg(feature = "testing")]
mod view;

pub use self::backlog::{Backlog, CourierRef};
#[cfg(feature = "testing")]
pub(crate) use self::view::view;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    error::CloseReason,
    fault::{self, Point, Safeguard},
    guard::Crashes,
    id::{Kind, RoomId, RoomKey, Slot, WorkerId},
    letter::{Class, FormId, Forms, Frame, Letter},
    message::{Audience, CourierSays, Deliver, Direct, MirrorSeat},
    metrics::Metrics,
    notice::cause,
    outbox::{Outbox, Overflow},
    post::{Post, UpPost},
    state::{audience::Tags, ledger::Ledger},
};

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
            let worker = self.worker.0;
            cause::COURIER_BACK.tell(
                None,
                None,
                format_args!("worker {worker} stood still too long: its sessions are closed and may come back"),
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
                cause::NO_FRAME.tell(
                    None,
                    None,
                    format_args!("{error}; the members that need this form do not get it"),
                );
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
