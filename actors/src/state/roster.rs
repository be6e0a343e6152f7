//! Members and presence of one room, and the orders and counts that are derived from them.
//! Knows no actor, no clock, no wire.

use std::{
    collections::{BTreeMap, btree_map},
    iter::{self, Peekable},
    sync::Arc,
};

use crate::{
    event::Joined,
    event_template::EventTemplate,
    id::{ChannelScope, LogPosition, MemberId, Token},
    state::audience::{Scopes, addresses_match},
};

/// A member of a room, with its presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The channels that it was joined under.
    pub tags: Scopes,
    /// The name to show, as the member said.
    pub user: Option<Arc<str>>,
    /// Its number in the order of joining: the lowest is the longest member.
    pub since: u64,
    /// The event that tells the others when the member's session ends.
    pub leave_event: Option<EventTemplate>,
    /// For each tag, in their order, how it was taken.
    taken: Box<[TakenTag]>,
}

/// A member as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMember {
    /// Its id.
    pub member: MemberId,
    /// The name that it gave, or its login did.
    pub name: Option<Arc<str>>,
    /// Whether it is logged in: then the name is not its own word.
    pub is_logged_in: bool,
}

/// How a tag was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TakenTag {
    /// Its number in the order of joining.
    number: u64,
    /// Behind which letter of the namespace's log its letters are told.
    told_since: Token,
}

// Measured as growth of the process, a hundred thousand times each.
/// What a room takes that has a member.
const ROOM_BYTES: usize = 4500;
/// What an address takes that has one.
const ADDRESS_BYTES: usize = 700;
/// What a membership takes besides its tags and texts.
const MEMBERSHIP_BYTES: usize = 320;
/// What a tag of a membership takes besides its text.
const TAG_BYTES: usize = 80;

impl Membership {
    /// Bytes that it holds in memory, near enough for an account; the room itself is not among them.
    pub fn bytes(&self) -> usize {
        let tags = self
            .tags
            .iter()
            .map(|tag| tag.as_ref().map_or(0, |tag| tag.len()));
        let user = self.user.as_ref().map_or(0, |user| user.len());
        let leave_event = self.leave_event.as_ref().map_or(0, EventTemplate::bytes);
        MEMBERSHIP_BYTES + self.tags.len() * TAG_BYTES + tags.sum::<usize>() + user + leave_event
    }

    /// Whether a join under a tag that it has gives it another name. One that says none takes none away.
    pub fn is_renamed_by(&self, joined: &Joined) -> bool {
        joined.user.is_some() && joined.user != self.user
    }

    fn taken(&self, tag: &ChannelScope) -> Option<TakenTag> {
        self.taken.get(self.tags.position(tag)?).copied()
    }

    /// The number of a tag in the order of joining.
    fn number(&self, tag: &ChannelScope) -> Option<u64> {
        self.taken(tag).map(|taken| taken.number)
    }

    /// Whether what stands in the namespace's present log there, said to this address, was told to the member.
    pub fn was_told(&self, address: &ChannelScope, position: LogPosition) -> bool {
        let mut tags = self.tags.iter().zip(&self.taken);
        tags.any(|(tag, TakenTag { told_since, .. })| {
            // Who joined in an epoch that is over came before all of this one.
            let later = told_since.epoch != position.epoch || told_since.cursor < position.cursor;
            later && addresses_match(tag, address)
        })
    }
}

/// The members of a room.
#[derive(Default)]
pub struct Roster {
    members: BTreeMap<MemberId, Membership>,
    index: Index,
}

/// Everything here follows from the memberships.
#[derive(Default, PartialEq, Debug)]
struct Index {
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
    /// Takes a member in under one tag more that it has not, as number `number` in the order of joining; letters behind this
    /// one are told.
    pub fn join(&mut self, joined: &Joined, number: u64, told_since: Token) {
        let Joined {
            member,
            tag,
            account,
            user,
            leave_event,
        } = joined;
        let old = self.members.get(member);
        let tags = old.map_or_else(|| Scopes::one(tag.clone()), |old| old.tags.with(tag));
        let mut taken: Vec<TakenTag> = old.map(|old| old.taken.to_vec()).unwrap_or_default();
        if let Some(place) = tags.position(tag) {
            taken.insert(place.min(taken.len()), TakenTag { number, told_since });
        }
        let membership = Membership {
            account: account.clone(),
            tags,
            user: user.clone().or_else(|| old?.user.clone()),
            since: old.map_or(number, |old| old.since),
            leave_event: leave_event.clone(),
            taken: taken.into(),
        };
        match old {
            Some(old) => self.index.bytes -= old.bytes(),
            None => self.index.enter(member, &membership),
        }
        self.index.bytes += membership.bytes();
        self.index.take(member, &membership, tag);
        self.members.insert(member.clone(), membership);
    }

    /// A member comes to be shown, and told to be gone, as this join says.
    pub fn rename(&mut self, joined: &Joined) {
        if let Some(membership) = self.members.get_mut(&joined.member) {
            self.index.bytes -= membership.bytes();
            membership.user = joined.user.clone();
            membership.leave_event = joined.leave_event.clone();
            self.index.bytes += membership.bytes();
        }
    }

    /// A member was told of all letters of an address that it has behind this one of the namespace.
    pub fn told_since(&mut self, member: &MemberId, tag: &ChannelScope, since: Token) {
        if let Some(membership) = self.members.get_mut(member)
            && let Some(place) = membership.tags.position(tag)
            && let Some(taken) = membership.taken.get_mut(place)
        {
            taken.told_since = since;
        }
    }

    /// Takes some of a member's tags away, which are in order; the tags that it keeps.
    pub fn give_up(&mut self, member: &MemberId, gone: &[ChannelScope]) -> Scopes {
        let Some(membership) = self.members.get_mut(member) else {
            return Scopes::default();
        };
        self.index.give_up(membership, gone);
        self.index.bytes -= membership.bytes();
        let tags = membership
            .tags
            .without_all(|tag| gone.binary_search(tag).is_ok());
        if tags.is_empty() {
            self.index.exit(membership);
            self.members.remove(member);
            return tags;
        }
        membership.taken = tags
            .iter()
            .filter_map(|tag| membership.taken(tag))
            .collect();
        membership.tags = tags.clone();
        self.index.bytes += membership.bytes();
        tags
    }

    /// A member's membership.
    pub fn get(&self, member: &MemberId) -> Option<&Membership> {
        self.members.get(member)
    }

    /// All memberships, ordered by member.
    pub fn iter(&self) -> impl Iterator<Item = (&MemberId, &Membership)> {
        self.members.iter()
    }

    /// The members that match an address, the longest one first. Each takes the time of a look-up, none is sorted.
    pub fn in_order<'a>(
        &'a self,
        address: &'a ChannelScope,
    ) -> impl Iterator<Item = (&'a MemberId, &'a Membership)> {
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
                let membership = self.look_up(member)?;
                // One with both tags stands in both orders.
                let both =
                    address.is_some() && membership.tags.has(address) && membership.tags.has(&None);
                let first =
                    || membership.number(address).min(membership.number(&None)) == Some(*number);
                if !both || first() {
                    return Some((member, membership));
                }
            }
        })
    }

    /// The members under exactly this tag, the longest one first.
    pub fn by_age(&self, tag: &ChannelScope) -> impl Iterator<Item = &MemberId> {
        let places = self.index.tags.get(tag).into_iter();
        places.flat_map(|places| places.order.values())
    }

    /// How many members match an address (contract 3.1).
    pub fn matching(&self, address: &ChannelScope) -> usize {
        match address {
            None => self.members.len(),
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

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Bytes that the members hold in memory, near enough for an account. Constant time.
    pub fn bytes(&self) -> usize {
        match self.index.tags.len() {
            0 => 0,
            addresses => ROOM_BYTES + addresses * ADDRESS_BYTES + self.index.bytes,
        }
    }

    fn look_up(&self, member: &MemberId) -> Option<&Membership> {
        #[cfg(test)]
        tests::LOOKED_UP.set(tests::LOOKED_UP.get() + 1);
        self.members.get(member)
    }
}

type Order<'a> = btree_map::Iter<'a, u64, MemberId>;

fn peekable(order: Option<Order<'_>>) -> Peekable<iter::Flatten<std::option::IntoIter<Order<'_>>>> {
    order.into_iter().flatten().peekable()
}

impl Index {
    fn enter(&mut self, member: &MemberId, membership: &Membership) {
        self.order.insert(membership.since, member.clone());
    }

    fn exit(&mut self, membership: &Membership) {
        self.order.remove(&membership.since);
    }

    /// `membership` has the tag now, and had not before.
    fn take(&mut self, member: &MemberId, membership: &Membership, tag: &ChannelScope) {
        let Some(number) = membership.number(tag) else {
            return;
        };
        let none = membership.tags.has(&None);
        let places = self.tags.entry(tag.clone()).or_default();
        places.order.insert(number, member.clone());
        places.with_none += usize::from(none && tag.is_some());
        if tag.is_none() {
            self.with_channels(membership, |places| places.with_none += 1);
        }
    }

    /// `membership` is to lose tags that it has.
    fn give_up(&mut self, membership: &Membership, gone: &[ChannelScope]) {
        let mut none = membership.tags.has(&None);
        if none && gone.contains(&None) {
            self.with_channels(membership, |places| places.with_none -= 1);
            none = false;
        }
        for tag in gone {
            let (Some(number), Some(places)) = (membership.number(tag), self.tags.get_mut(tag))
            else {
                continue;
            };
            places.order.remove(&number);
            places.with_none -= usize::from(none);
            if places.order.is_empty() {
                self.tags.remove(tag);
            }
        }
    }

    fn with_channels(&mut self, membership: &Membership, change: impl Fn(&mut Places)) {
        for tag in membership.tags.iter().filter(|tag| tag.is_some()) {
            if let Some(places) = self.tags.get_mut(tag) {
                change(places);
            }
        }
    }
}

#[cfg(test)]
mod tests;
