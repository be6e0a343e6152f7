//! Members and presence of one room: the seats, and the counts that are derived from them.
//! Knows no actor, no clock, no wire.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    event_template::EventTemplate,
    id::{MemberId, Slot, Tag, WorkerId},
    state::{audience::Tags, ledger::Ledger},
};

/// A member's place in a room, with its presence.
#[derive(Clone)]
pub struct Seat {
    /// The worker whose courier serves the member.
    pub worker: WorkerId,
    /// The member's place at that courier.
    pub slot: Slot,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The channels that the seat was taken under.
    pub tags: Tags,
    /// The name to show, as the member said.
    pub user: Option<Arc<str>>,
    /// The seat's number in the order of joining: the lowest is the longest seated.
    pub since: u64,
    /// Makes the event that tells the others when the member's session ends.
    pub farewell: Option<EventTemplate>,
}

/// The seats of a room by member.
#[derive(Default)]
pub struct Roster {
    seats: Ledger<MemberId, Seat>,
    counts: Counts,
}

#[derive(Default, PartialEq, Debug)]
struct Counts {
    workers: BTreeMap<WorkerId, usize>,
    tags: BTreeMap<Tag, usize>,
    tag_and_none: BTreeMap<Tag, usize>,
}

impl Roster {
    /// Seats a member or changes its seat.
    pub fn put(&mut self, member: MemberId, seat: Seat) {
        if let Some(old) = self.seats.get(&member) {
            self.counts.remove(old);
        }
        self.counts.add(&seat);
        self.seats.put(member, seat);
    }

    /// Takes a seat away.
    pub fn remove(&mut self, member: &MemberId) {
        if let Some(old) = self.seats.get(member) {
            self.counts.remove(old);
        }
        self.seats.remove(member);
    }

    /// A member's seat.
    pub fn get(&self, member: &MemberId) -> Option<&Seat> {
        self.seats.get(member)
    }

    /// All seats, ordered by member.
    pub fn iter(&self) -> impl Iterator<Item = (&MemberId, &Seat)> {
        self.seats.iter()
    }

    /// How many members match an address (contract 3.1). Constant time.
    pub fn matching(&self, address: &Tag) -> usize {
        if address.is_none() {
            return self.seats.len();
        }
        let count = |map: &BTreeMap<Tag, usize>, tag: &Tag| map.get(tag).copied().unwrap_or(0);
        count(&self.counts.tags, address) + count(&self.counts.tags, &None)
            - count(&self.counts.tag_and_none, address)
    }

    /// The workers that serve at least one member.
    pub fn workers(&self) -> impl Iterator<Item = WorkerId> {
        self.counts.workers.keys().copied()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Keeps the changes of the present message.
    pub fn commit(&mut self) {
        self.seats.commit();
    }

    /// Takes the changes of the present message back. The counts are wrong until [`Roster::rebuild`].
    pub fn rollback(&mut self) {
        self.seats.rollback();
    }

    /// Counts anew from the seats.
    pub fn rebuild(&mut self) {
        let mut counts = Counts::default();
        for (_, seat) in self.seats.iter() {
            counts.add(seat);
        }
        self.counts = counts;
    }
}

impl Counts {
    fn add(&mut self, seat: &Seat) {
        *self.workers.entry(seat.worker).or_default() += 1;
        let none = seat.tags.has(&None);
        for tag in seat.tags.iter() {
            *self.tags.entry(tag.clone()).or_default() += 1;
            if none && tag.is_some() {
                *self.tag_and_none.entry(tag.clone()).or_default() += 1;
            }
        }
    }

    fn remove(&mut self, seat: &Seat) {
        less(&mut self.workers, &seat.worker);
        let none = seat.tags.has(&None);
        for tag in seat.tags.iter() {
            less(&mut self.tags, tag);
            if none && tag.is_some() {
                less(&mut self.tag_and_none, tag);
            }
        }
    }
}

fn less<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(tags: Tags) -> Seat {
        Seat {
            worker: WorkerId(0),
            slot: Slot(0),
            account: None,
            tags,
            user: None,
            since: 0,
            farewell: None,
        }
    }

    #[test]
    fn the_count_of_an_address_is_that_of_the_matching_seats() {
        let tags = [None, Some("a".into()), Some("b".into())];
        let mut roster = Roster::default();
        let mut seed = 7_u32;
        for round in 0..400 {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let member = MemberId::new(format!("m{}", seed >> 16 & 7));
            let tag: &Tag = &tags[(seed >> 20) as usize % 3];
            match roster.get(&member).cloned() {
                Some(old) if seed >> 24 & 1 == 0 => {
                    let left = old.tags.without(tag);
                    if left.is_empty() {
                        roster.remove(&member);
                    } else {
                        roster.put(member, Seat { tags: left, ..old });
                    }
                }
                Some(old) => roster.put(
                    member,
                    Seat {
                        tags: old.tags.with(tag),
                        ..old
                    },
                ),
                None => roster.put(member, seat(Tags::one(tag.clone()))),
            }
            if round % 5 == 4 {
                roster.rollback();
                roster.rebuild();
            } else if round % 2 == 0 {
                roster.commit();
            }
            for address in &tags {
                let scanned = roster
                    .iter()
                    .filter(|(_, seat)| seat.tags.matches(address))
                    .count();
                assert_eq!(
                    roster.matching(address),
                    scanned,
                    "round {round}, address {address:?}"
                );
            }
        }
    }
}
