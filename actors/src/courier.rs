//! The courier of one worker thread: it mirrors the rooms' seats of its members and is the only writer of their
//! outboxes. Knows no room beyond its mirror, waits for nobody.

mod asked;
mod deliver;
mod handlers;
mod members;
mod mirror;
mod observers;
mod selections;
mod wakes;
mod watermarks;

use self::{
    asked::AskedLetters, members::AccountIndex, mirror::Mirror, wakes::Wakes,
    watermarks::Watermarks,
};

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap, btree_map::Entry},
    ops::Bound,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};

use crate::{
    account::{AddressAccount, NAMED, Payer, SMALL, Weighed},
    answers::Answers,
    error::CloseReason,
    flow::{Brake, Braking, DeliveryWindow},
    guard::{Crashes, Guard},
    id::{LocalId, MemberId, RoomId, RoomKey, WorkerId},
    letter::{EncodingId, Encodings},
    mailbox::WeakMailbox,
    message::{CourierRef, Direct, MirrorJoin, MirrorLeave, Replay, ToSession},
    metrics::Metrics,
    notice::cause,
    outbox::{Full, Outbox, Pushed},
};

/// How often some of the readers are looked at, for who took too little.
const STALL_TICK: Duration = Duration::from_millis(50);
/// One in so many is looked at each time: everybody's turn comes twice a second.
const STALL_TURNS: usize = 10;
/// At most so many, a millisecond or two: of more than ten times as many, everybody's turn comes less often.
const STALL_LOOKS: usize = 1024;
/// How often a braked room's readers are looked at.
const BRAKE_TICK: Duration = Duration::from_millis(10);
/// While less than one in so many of a room's readers are behind, its brake is not told.
const FEW_BEHIND: usize = 4;
/// Up to so many of a room's readers are all asked whether they are behind; of more, every n-th from a place that changes
/// with each look: nobody can choose a seat that counts for several.
const ASKED: usize = 2048;

/// The actor. Its state is the mirror; who waits for what is in the outboxes, which survive it.
pub struct Courier {
    worker: WorkerId,
    encodings: Encodings,
    window: Arc<DeliveryWindow>,
    metrics: Arc<Metrics>,
    crashes: Crashes,
    members: BTreeMap<LocalId, Rc<LocalMember>>,
    accounts: AccountIndex,
    rooms: BTreeMap<RoomId, Mirror>,
    keys: BTreeMap<(Arc<str>, RoomKey), RoomId>,
    brakes: BTreeMap<RoomId, Braking>,
    /// A timer looks at the brakes.
    easing: bool,
    wakes: Rc<Wakes>,
    /// The last reader that was looked at; none: from the first again.
    looked_at: Option<LocalId>,
    watermarks: Watermarks,
    asked: Rc<AskedLetters>,
    on_end: Option<Box<dyn FnOnce()>>,
}

struct LocalMember {
    local_id: LocalId,
    namespace: Arc<str>,
    /// None of a session by itself.
    member: Option<MemberId>,
    account: Option<Arc<str>>,
    outbox: Arc<Outbox>,
    encoding: EncodingId,
    session: WeakMailbox<ToSession>,
    /// Most are not observed.
    observers: OnceCell<Arc<Semaphore>>,
}

impl Courier {
    /// Starts the courier of the present thread. At most `window` deliveries wait before it. Runs `on_end` when it is gone,
    /// with its thread if not before.
    pub fn start(
        worker: WorkerId,
        encodings: Encodings,
        window: usize,
        metrics: Arc<Metrics>,
        on_end: impl FnOnce() + 'static,
    ) -> CourierRef {
        Answers::hear();
        let window = DeliveryWindow::new(worker, window);
        let courier = Self {
            worker,
            encodings,
            window: window.clone(),
            crashes: Crashes::of_courier(worker, metrics.clone()),
            metrics,
            members: BTreeMap::new(),
            accounts: AccountIndex::default(),
            rooms: BTreeMap::new(),
            keys: BTreeMap::new(),
            brakes: BTreeMap::new(),
            easing: false,
            wakes: Rc::default(),
            looked_at: None,
            watermarks: Watermarks::default(),
            asked: Rc::default(),
            on_end: Some(Box::new(on_end)),
        };
        CourierRef::new(worker, Guard::start(|_| courier), window)
    }

    fn before_any(&mut self) {
        self.window.progress();
        if self.window.suspended() {
            let worker = self.worker.0;
            cause::COURIER_BACK.tell(
                None,
                None,
                format_args!("worker {worker} stood still too long: its sessions are closed and may come back"),
            );
            for served in self.members.values() {
                served.evict(CloseReason::WorkerStalled);
            }
            self.rooms.clear();
            self.keys.clear();
            self.brakes.clear();
            self.window.noticed();
        }
    }

    fn mirror(&mut self, seat: &MirrorJoin) {
        let Some(served) = self.members.get(&seat.local_id) else {
            return;
        };
        if served.outbox.ended().is_some() {
            // Its session is closing; the room's word that the seat is gone may have been held back already.
            return;
        }
        self.keys
            .insert((seat.namespace.clone(), seat.key.clone()), seat.room);
        let mirror = self
            .rooms
            .entry(seat.room)
            .or_insert_with(|| Mirror::new(seat.namespace.clone(), seat.key.clone()));
        mirror.put(served, seat.seat.clone());
    }

    fn forget_rooms(&mut self, namespace: &str) {
        let gone = self
            .rooms
            .extract_if(.., |_, mirror| *mirror.namespace == *namespace);
        for (room, _) in gone {
            self.brakes.remove(&room);
        }
        self.keys.retain(|(of, _), _| **of != *namespace);
    }

    fn unmirror(&mut self, room: RoomId, local_id: LocalId) {
        let Some(mirror) = self.rooms.get_mut(&room) else {
            return;
        };
        mirror.remove(local_id);
        if mirror.seats().is_empty() {
            let key = (mirror.namespace.clone(), mirror.key.clone());
            // A room of the same name that came later keeps its entry.
            if self.keys.get(&key) == Some(&room) {
                self.keys.remove(&key);
            }
            self.rooms.remove(&room);
            self.brakes.remove(&room);
        }
    }

    fn mirror_leave(&mut self, leave: MirrorLeave) {
        let local_id = leave.local_id;
        self.unmirror(leave.room, local_id);
        if let (Some((room, number, gone)), Some(served)) =
            (leave.kicked, self.members.get(&local_id))
        {
            served.session.send(ToSession::Kicked {
                local_id,
                room,
                number,
                gone,
            });
        }
    }

    /// The rooms of a namespace are gone with their thread, and its members are to come back.
    fn close_namespace(&mut self, namespace: &Arc<str>) {
        let members = self.members.values();
        for served in members.filter(|served| served.namespace == *namespace) {
            served.evict(CloseReason::ServerRestart);
        }
        self.forget_rooms(namespace);
        self.watermarks.forget(namespace);
    }

    /// How many of a room's readers here are behind, near enough, and how many there are.
    fn behind(&self, room: RoomId, look: usize) -> (usize, usize) {
        let seats = self.rooms.get(&room).map_or(&[][..], Mirror::seats);
        let step = seats.len().div_ceil(ASKED).max(1);
        let asked = seats.iter().skip(look % step).step_by(step);
        let behind = asked.filter(|(served, _)| served.outbox.behind()).count();
        ((behind * step).min(seats.len()), seats.len())
    }

    /// A number that no client can foresee well enough to sit by it.
    fn look(&self) -> usize {
        self.window.handled() as usize
    }

    /// Tells a room's brake how many are behind: only the room knows whether that is half of all.
    fn brake(&mut self, room: RoomId, brake: &Arc<Brake>) {
        let (behind, _) = self.behind(room, self.look());
        match self.brakes.entry(room) {
            Entry::Occupied(mut entry) => entry.get_mut().set(behind),
            Entry::Vacant(entry) => drop(entry.insert(brake.pull(behind))),
        }
    }

    /// Lets rooms go on whose readers have caught up.
    fn ease(&mut self) {
        let (mut brakes, look) = (std::mem::take(&mut self.brakes), self.look());
        brakes.retain(|room, braking| {
            let (behind, all) = self.behind(*room, look);
            braking.set(behind);
            behind * FEW_BEHIND > all
        });
        self.brakes = brakes;
    }

    /// Cuts readers that take too little of what waits for them, and sessions that hold more than they may: of those
    /// whose turn it is.
    fn inspect_readers(&mut self) {
        let now = Instant::now();
        let from = self.looked_at.map_or(Bound::Unbounded, Bound::Excluded);
        let share = (self.members.len() / STALL_TURNS).clamp(1, STALL_LOOKS);
        let turn = self.members.range((from, Bound::Unbounded)).take(share);
        self.looked_at = None;
        for (local_id, served) in turn {
            self.looked_at = Some(*local_id);
            if !served.namespace.is_empty() {
                continue;
            }
            if served.outbox.is_stalled(now) {
                served.evict(CloseReason::Stalled);
            } else if served.outbox.is_over() {
                served.evict(CloseReason::SessionBytes);
            }
        }
    }

    /// Each session stands here once without a namespace, and once more in each.
    fn sessions(&self) -> impl Iterator<Item = &Rc<LocalMember>> {
        self.members
            .values()
            .filter(|served| served.namespace.is_empty())
    }

    fn heaviest_payers(&self, weighed: Weighed) -> Vec<Payer> {
        let mut of_address: HashMap<*const AddressAccount, usize> = HashMap::new();
        let mut payers = Vec::new();
        for served in self.sessions() {
            let (outbox, account) = (&served.outbox, served.outbox.account());
            let (bytes, least, reads) = match weighed {
                Weighed::All => (outbox.held(), SMALL, outbox.is_read()),
                // Whether it takes letters says nothing of what it sends.
                Weighed::Partial => (account.partial(), 1, true),
            };
            if bytes < least {
                continue;
            }
            let is_leaving = outbox.ended().is_some();
            let address = account.address().map(Arc::as_ptr);
            if let Some(address) = address.filter(|_| !is_leaving) {
                *of_address.entry(address).or_default() += bytes;
            }
            let payer = Payer {
                local_id: served.local_id,
                bytes,
                address_bytes: bytes,
                reads,
                is_leaving,
            };
            payers.push((payer, address));
        }
        let of_all = |(mut payer, address): (Payer, Option<_>)| {
            if let Some(bytes) = address.and_then(|address| of_address.get(&address)) {
                payer.address_bytes = *bytes;
            }
            payer
        };
        let mut payers: Vec<Payer> = payers.into_iter().map(of_all).collect();
        payers.sort_by_key(Payer::order);
        payers.truncate(NAMED);
        payers
    }

    /// Into how many places of its outbox what was said before went.
    fn replay(&mut self, replay: &Replay) -> usize {
        let Some(served) = self.members.get(&replay.local_id) else {
            return 0;
        };
        self.crashes.count_time();
        let (mut taken, mut wakes) = (0, false);
        // All that was said before them went this way, or to nobody here.
        if let Some(last) = replay.letters.last() {
            self.watermarks.raise_again(&self.encodings, last);
        }
        for letter in &replay.letters {
            let frame = match letter.frame(served.encoding, &self.encodings, None) {
                Ok(frame) => frame,
                Err(error) => {
                    cause::NO_FRAME.tell(None, None, format_args!("{error}"));
                    continue;
                }
            };
            match served.outbox.push(frame, false) {
                Ok((_, to_wake)) => {
                    wakes |= to_wake;
                    if served.observers.get().is_some() {
                        served.observed(letter.content.clone());
                    }
                }
                Err(Full) => {
                    served.evict(CloseReason::OutboxFull);
                    break;
                }
            }
            taken += 1;
        }
        if wakes {
            served.outbox.wake();
        }
        self.metrics.deliveries.add(self.worker, taken as u64);
        taken
    }

    fn direct(&mut self, message: Direct) {
        let Some(served) = self.members.get(&message.local_id) else {
            return;
        };
        match served.outbox.push_own(message.frame, message.volatile) {
            Ok(Pushed::Dropped) => {}
            Ok(_) => {
                if let Some(content) = message.observed {
                    served.observed(*content);
                }
            }
            Err(Full) => served.evict(CloseReason::OutboxFull),
        }
    }
}

impl LocalMember {
    #[cold]
    fn evict(&self, reason: CloseReason) {
        if self.outbox.ended().is_none() {
            self.outbox.end(reason);
            self.session.send(ToSession::Evicted(reason));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
