//! Members and presence of one room: the seats, and the orders and counts that are derived from them.
//! Knows no actor, no clock, no wire.

use std::{
    collections::{BTreeMap, btree_map},
    iter::{self, Peekable},
    sync::Arc,
};

use crate::{
    event_template::EventTemplate,
    id::{ChannelScope, LocalId, MemberId, WorkerId},
    state::{audience::Scopes, ledger::Ledger},
};

/// A member's place in a room, with its presence.
#[derive(Clone)]
pub struct Seat {
    /// The worker whose courier serves the member.
    pub worker: WorkerId,
    /// The member's place at that courier.
    pub local_id: LocalId,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The channels that the seat was taken under.
    pub tags: Scopes,
    /// The name to show, as the member said.
    pub user: Option<Arc<str>>,
    /// The seat's number in the order of joining: the lowest is the longest seated.
    pub since: u64,
    /// The event that tells the others when the member's session ends.
    pub farewell: Option<EventTemplate>,
    /// For each tag, in their order, its number in the order of joining.
    taken: Box<[u64]>,
}

/// What a joining member brings to its seat.
pub struct Occupant {
    /// See [`Seat::worker`].
    pub worker: WorkerId,
    /// See [`Seat::local_id`].
    pub local_id: LocalId,
    /// See [`Seat::account`].
    pub account: Option<Arc<str>>,
    /// See [`Seat::user`].
    pub user: Option<Arc<str>>,
    /// See [`Seat::farewell`].
    pub farewell: Option<EventTemplate>,
}

// Measured as growth of the process, a hundred thousand times each.
/// What a room takes that has a member.
const ROOM_BYTES: usize = 4500;
/// What an address takes that has one.
const ADDRESS_BYTES: usize = 700;
/// What a seat takes besides its tags and texts.
const SEAT_BYTES: usize = 320;
/// What a tag of a seat takes besides its text.
const TAG_BYTES: usize = 80;

impl Seat {
    /// Bytes that it holds in memory, near enough for an account; the room itself is not among them.
    pub fn bytes(&self) -> usize {
        let tags = self
            .tags
            .iter()
            .map(|tag| tag.as_ref().map_or(0, |tag| tag.len()));
        let user = self.user.as_ref().map_or(0, |user| user.len());
        let farewell = self.farewell.as_ref().map_or(0, EventTemplate::bytes);
        SEAT_BYTES + self.tags.len() * TAG_BYTES + tags.sum::<usize>() + user + farewell
    }

    /// The number of a tag in the order of joining.
    fn taken(&self, tag: &ChannelScope) -> Option<u64> {
        self.taken.get(self.tags.position(tag)?).copied()
    }
}

/// The seats of a room by member.
#[derive(Default)]
pub struct Roster {
    seats: Ledger<MemberId, Seat>,
    index: Index,
}

/// Everything here follows from the seats.
#[derive(Default, PartialEq, Debug)]
struct Index {
    workers: BTreeMap<WorkerId, usize>,
    order: BTreeMap<u64, MemberId>,
    tags: BTreeMap<ChannelScope, Places>,
    bytes: usize,
}

/// Who has a tag.
#[derive(Default, PartialEq, Debug)]
struct Places {
    order: BTreeMap<u64, MemberId>,
    with_none: usize,
}

impl Roster {
    /// Seats a member under one tag more, as number `number` in the order of joining.
    pub fn sit(&mut self, member: MemberId, occupant: Occupant, tag: &ChannelScope, number: u64) {
        let old = self.seats.get(&member);
        let tags = old.map_or_else(|| Scopes::one(tag.clone()), |seat| seat.tags.with(tag));
        let mut taken: Vec<u64> = old.map(|seat| seat.taken.to_vec()).unwrap_or_default();
        if let Some(place) = tags.position(tag) {
            taken.insert(place.min(taken.len()), number);
        }
        let Occupant {
            worker,
            local_id,
            account,
            user,
            farewell,
        } = occupant;
        let seat = Seat {
            worker,
            local_id,
            account,
            tags,
            user,
            since: old.map_or(number, |seat| seat.since),
            farewell,
            taken: taken.into(),
        };
        match old {
            Some(old) => self.index.bytes -= old.bytes(),
            None => self.index.enter(&member, &seat),
        }
        self.index.bytes += seat.bytes();
        self.index.take(&member, &seat, tag);
        self.seats.put(member, seat);
    }

    /// Takes some of a seat's tags away, which are in order; the tags that it keeps.
    pub fn give_up(&mut self, member: &MemberId, gone: &[ChannelScope]) -> Scopes {
        let Some(seat) = self.seats.get(member) else {
            return Scopes::default();
        };
        self.index.give_up(seat, gone);
        let tags = seat.tags.without_all(|tag| gone.binary_search(tag).is_ok());
        self.index.bytes -= seat.bytes();
        if tags.is_empty() {
            self.index.exit(seat);
            self.seats.remove(member);
            return tags;
        }
        let taken = tags.iter().filter_map(|tag| seat.taken(tag)).collect();
        let kept = Seat {
            tags: tags.clone(),
            taken,
            ..seat.clone()
        };
        self.index.bytes += kept.bytes();
        self.seats.put(member.clone(), kept);
        tags
    }

    /// A member's seat.
    pub fn get(&self, member: &MemberId) -> Option<&Seat> {
        self.seats.get(member)
    }

    /// All seats, ordered by member.
    pub fn iter(&self) -> impl Iterator<Item = (&MemberId, &Seat)> {
        self.seats.iter()
    }

    /// The members that match an address, longest seated first. Each takes the time of a look-up, none is sorted.
    pub fn in_order<'a>(
        &'a self,
        address: &'a ChannelScope,
    ) -> impl Iterator<Item = (&'a MemberId, &'a Seat)> {
        let order = |tag: &ChannelScope| self.index.tags.get(tag).map(|places| places.order.iter());
        let (own, none) = match address {
            None => (Some(self.index.order.iter()), None),
            Some(_) => (order(address), order(&None)),
        };
        let (mut own, mut none) = (peekable(own), peekable(none));
        iter::from_fn(move || {
            loop {
                let (number, member) = match (own.peek(), none.peek()) {
                    (Some((a, _)), Some((b, _))) if a > b => none.next()?,
                    (Some(_), _) => own.next()?,
                    (None, _) => none.next()?,
                };
                let seat = self.look_up(member)?;
                // One with both tags stands in both orders.
                let both = address.is_some() && seat.tags.has(address) && seat.tags.has(&None);
                let first = || seat.taken(address).min(seat.taken(&None)) == Some(*number);
                if !both || first() {
                    return Some((member, seat));
                }
            }
        })
    }

    /// The longest seated member under exactly this tag.
    pub fn first(&self, tag: &ChannelScope) -> Option<&MemberId> {
        self.index.tags.get(tag)?.order.values().next()
    }

    /// How many members match an address (contract 3.1).
    pub fn matching(&self, address: &ChannelScope) -> usize {
        match address {
            None => self.seats.len(),
            Some(_) => self.under_it_alone(address) + self.under(&None),
        }
    }

    /// How many members have this tag and not the tag none.
    pub fn under_it_alone(&self, tag: &ChannelScope) -> usize {
        let places = self.index.tags.get(tag);
        places.map_or(0, |places| places.order.len() - places.with_none)
    }

    /// How many members have this tag.
    pub fn under(&self, tag: &ChannelScope) -> usize {
        self.index
            .tags
            .get(tag)
            .map_or(0, |places| places.order.len())
    }

    /// The workers that serve at least one member.
    pub fn workers(&self) -> impl Iterator<Item = WorkerId> {
        self.index.workers.keys().copied()
    }

    /// The workers, each with how many members it serves.
    pub fn members_by_worker(&self) -> impl Iterator<Item = (WorkerId, usize)> {
        self.index
            .workers
            .iter()
            .map(|(&worker, &members)| (worker, members))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Bytes that the seats hold in memory, near enough for an account. Constant time.
    pub fn bytes(&self) -> usize {
        match self.index.tags.len() {
            0 => 0,
            addresses => ROOM_BYTES + addresses * ADDRESS_BYTES + self.index.bytes,
        }
    }

    /// Keeps the changes of the present message.
    pub fn commit(&mut self) {
        self.seats.commit();
    }

    /// Takes the changes of the present message back.
    pub fn rollback(&mut self) {
        if self.seats.rollback() {
            self.index = Index::of(&self.seats);
        }
    }

    fn look_up(&self, member: &MemberId) -> Option<&Seat> {
        #[cfg(test)]
        tests::LOOKED_UP.set(tests::LOOKED_UP.get() + 1);
        self.seats.get(member)
    }
}

type Order<'a> = btree_map::Iter<'a, u64, MemberId>;

fn peekable(order: Option<Order<'_>>) -> Peekable<iter::Flatten<std::option::IntoIter<Order<'_>>>> {
    order.into_iter().flatten().peekable()
}

impl Index {
    fn of(seats: &Ledger<MemberId, Seat>) -> Self {
        let mut index = Self::default();
        for (member, seat) in seats.iter() {
            index.enter(member, seat);
            index.bytes += seat.bytes();
            let none = seat.tags.has(&None);
            for (tag, &number) in seat.tags.iter().zip(&seat.taken) {
                let places = index.tags.entry(tag.clone()).or_default();
                places.order.insert(number, member.clone());
                places.with_none += usize::from(none && tag.is_some());
            }
        }
        index
    }

    fn enter(&mut self, member: &MemberId, seat: &Seat) {
        *self.workers.entry(seat.worker).or_default() += 1;
        self.order.insert(seat.since, member.clone());
    }

    fn exit(&mut self, seat: &Seat) {
        self.order.remove(&seat.since);
        if let Some(count) = self.workers.get_mut(&seat.worker) {
            *count -= 1;
            if *count == 0 {
                self.workers.remove(&seat.worker);
            }
        }
    }

    /// `seat` has the tag now, and had not before.
    fn take(&mut self, member: &MemberId, seat: &Seat, tag: &ChannelScope) {
        let Some(number) = seat.taken(tag) else {
            return;
        };
        let none = seat.tags.has(&None);
        let places = self.tags.entry(tag.clone()).or_default();
        places.order.insert(number, member.clone());
        places.with_none += usize::from(none && tag.is_some());
        if tag.is_none() {
            self.with_channels(seat, |places| places.with_none += 1);
        }
    }

    /// `seat` is to lose tags that it has.
    fn give_up(&mut self, seat: &Seat, gone: &[ChannelScope]) {
        let mut none = seat.tags.has(&None);
        if none && gone.contains(&None) {
            self.with_channels(seat, |places| places.with_none -= 1);
            none = false;
        }
        for tag in gone {
            let (Some(number), Some(places)) = (seat.taken(tag), self.tags.get_mut(tag)) else {
                continue;
            };
            places.order.remove(&number);
            places.with_none -= usize::from(none);
            if places.order.is_empty() {
                self.tags.remove(tag);
            }
        }
    }

    fn with_channels(&mut self, seat: &Seat, change: impl Fn(&mut Places)) {
        for tag in seat.tags.iter().filter(|tag| tag.is_some()) {
            if let Some(places) = self.tags.get_mut(tag) {
                change(places);
            }
        }
    }
}

#[cfg(test)]
mod tests;
