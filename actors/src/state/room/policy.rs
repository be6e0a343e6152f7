//! The policies of a room's addresses: each has its own owner, capacity, access, lock and invitations (contract 3.1).
//! Knows no seat; what depends on their number is handed in.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use crate::{
    error::JoinError,
    event::{Access, Joined, Policy},
    id::{ChannelScope, MemberId},
    state::{audience::Scopes, roster::Roster},
};

impl Policy {
    pub(super) fn closed(&self) -> bool {
        self.locked || self.access != Access::Open
    }

    pub(super) fn invitation_bytes(&self) -> usize {
        invitation_bytes(&self.invited)
    }

    pub(super) fn admits(&self, joined: &Joined, has_token: bool) -> Result<(), JoinError> {
        if self.locked {
            return Err(JoinError::Forbidden);
        }
        let known = |name: &str| {
            let place = self
                .invited
                .binary_search_by(|invited| (**invited).cmp(name));
            place.is_ok()
        };
        let account = joined.account.as_deref();
        match self.access {
            Access::Open => Ok(()),
            Access::Token if has_token => Ok(()),
            Access::Token | Access::Invite
                if known(joined.member.as_str()) || account.is_some_and(known) =>
            {
                Ok(())
            }
            Access::Token | Access::Invite => Err(JoinError::NotInvited),
        }
    }
}

/// What an invitation takes besides its text, measured as growth of the process.
const INVITATION_BYTES: usize = 48;

/// Bytes that invitations hold in memory.
pub(super) fn invitation_bytes(names: &[Arc<str>]) -> usize {
    names.iter().map(|name| name.len() + INVITATION_BYTES).sum()
}

/// Private addresses of one room id that a join without a channel is checked against; where there are more it is
/// refused.
const CHECKED_MAX: usize = 256;

/// How many invitations a namespace keeps, and for whom: shared by its rooms.
#[derive(Clone, Debug, Default)]
pub struct Allowance {
    /// Invitations of one address.
    pub count_max: usize,
    /// Bytes of the invitations of all addresses that one member owns.
    pub bytes_max: usize,
    owned: Rc<RefCell<BTreeMap<MemberId, usize>>>,
}

impl Allowance {
    /// With nothing owned yet.
    pub fn new(count_max: usize, bytes_max: usize) -> Self {
        Self {
            count_max,
            bytes_max,
            owned: Rc::default(),
        }
    }

    /// Bytes of the invitations that a member owns.
    pub fn owned(&self, member: &MemberId) -> usize {
        self.owned.borrow().get(member).copied().unwrap_or(0)
    }

    pub(super) fn change(&self, member: MemberId, before: usize, after: usize) {
        let mut owned = self.owned.borrow_mut();
        let bytes = owned.get(&member).copied().unwrap_or(0) + after;
        match bytes.saturating_sub(before) {
            0 => owned.remove(&member),
            bytes => owned.insert(member, bytes),
        };
    }
}

/// All policies of a room.
#[derive(Default)]
pub(super) struct Policies {
    by_tag: BTreeMap<ChannelScope, Policy>,
    index: PolicyIndex,
}

/// Everything here follows from the policies and the number of seats.
#[derive(Default, PartialEq, Debug)]
struct PolicyIndex {
    /// Addresses that everybody may join, locked or not.
    open: usize,
    /// Addresses that a token opens.
    by_token: usize,
    closed: BTreeSet<ChannelScope>,
    capacities: BTreeSet<(usize, ChannelScope)>,
    /// For each address with a channel and a capacity: how many members with the tag none fit beside its own.
    room_for_none: BTreeSet<(usize, ChannelScope)>,
    /// The entries of `room_for_none` by tag.
    entries: BTreeMap<ChannelScope, usize>,
    bytes: usize,
}

impl Policies {
    pub(super) fn get(&self, tag: &ChannelScope) -> Option<&Policy> {
        self.by_tag.get(tag)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ChannelScope, &Policy)> {
        self.by_tag.iter()
    }

    pub(super) fn put(&mut self, tag: &ChannelScope, policy: Policy, roster: &Roster) {
        self.end(tag);
        self.index.add(tag, &policy, roster);
        self.by_tag.insert(tag.clone(), policy);
    }

    pub(super) fn end(&mut self, tag: &ChannelScope) {
        if let Some(old) = self.by_tag.remove(tag) {
            self.index.remove(tag, &old);
        }
    }

    /// The seats under a tag have changed.
    pub(super) fn recount(&mut self, tag: &ChannelScope, roster: &Roster) {
        if let Some(policy) = self.by_tag.get(tag) {
            self.index.forget_entry(tag);
            self.index.enter(tag, policy, roster);
        }
    }

    /// Whether some address that matches this one lets more in than `access` does.
    pub(super) fn some_looser(&self, address: &ChannelScope, access: Access) -> bool {
        let looser =
            |tag: &ChannelScope| self.get(tag).is_some_and(|policy| policy.access < access);
        match address {
            None => {
                let by_access = [
                    (Access::Open, self.index.open),
                    (Access::Token, self.index.by_token),
                ];
                let mut found = by_access.into_iter().filter(|(_, count)| *count > 0);
                found.any(|(found, _)| found < access)
            }
            Some(_) => looser(address) || looser(&None),
        }
    }

    /// The policies that match an address and do not let everybody in.
    pub(super) fn closed<'a>(
        &'a self,
        address: &'a ChannelScope,
    ) -> impl Iterator<Item = (&'a ChannelScope, &'a Policy)> {
        let all = address.is_none().then(|| self.index.closed.iter());
        let own = [address, &None].into_iter().filter(|_| address.is_some());
        let own = own.filter(|&tag| self.index.closed.contains(tag));
        all.into_iter()
            .flatten()
            .chain(own)
            .filter_map(|tag| Some((tag, self.get(tag)?)))
    }

    /// Whether every private address that matches lets the member in. Where its seat matches already, it is in.
    pub(super) fn admit(
        &self,
        joined: &Joined,
        has_token: bool,
        old: Option<&Scopes>,
    ) -> Result<(), JoinError> {
        let tag = &joined.tag;
        let is_in = |address: &ChannelScope| old.is_some_and(|tags| tags.matches(address));
        if tag.is_none() && self.closed_count() > CHECKED_MAX {
            return Err(JoinError::Forbidden);
        }
        let mut closed = self.closed(tag);
        closed.try_for_each(|(address, policy)| match is_in(address) {
            true => Ok(()),
            false => policy.admits(joined, has_token),
        })
    }

    /// How many addresses do not let everybody in.
    pub(super) fn closed_count(&self) -> usize {
        self.index.closed.len()
    }

    /// The addresses with a channel that have no room for one more beside `others` members with the tag none.
    pub(super) fn full_for_none(
        &self,
        others: usize,
    ) -> impl Iterator<Item = (&ChannelScope, usize)> {
        let full = self.index.room_for_none.iter();
        full.take_while(move |(room, _)| *room <= others)
            .filter_map(|(_, tag)| Some((tag, self.get(tag)?.capacity?)))
    }

    /// The smallest capacity among the addresses that match this one.
    pub(super) fn capacity(&self, address: &ChannelScope) -> Option<usize> {
        let of = |tag: &ChannelScope| self.get(tag).and_then(|policy| policy.capacity);
        match address {
            None => self.index.capacities.first().map(|(capacity, _)| *capacity),
            Some(_) => of(address).into_iter().chain(of(&None)).min(),
        }
    }

    /// The strictest access among the addresses that match this one.
    pub(super) fn access(&self, address: &ChannelScope) -> Access {
        let of = |tag: &ChannelScope| self.get(tag).map(|policy| policy.access);
        match address {
            None if self.index.open + self.index.by_token < self.by_tag.len() => Access::Invite,
            None if self.index.by_token > 0 => Access::Token,
            None => Access::Open,
            Some(_) => of(address).max(of(&None)).unwrap_or_default(),
        }
    }

    /// Bytes that the invitations hold in memory. Constant time.
    pub(super) fn bytes(&self) -> usize {
        self.index.bytes
    }
}

impl PolicyIndex {
    fn add(&mut self, tag: &ChannelScope, policy: &Policy, roster: &Roster) {
        self.open += usize::from(policy.access == Access::Open);
        self.by_token += usize::from(policy.access == Access::Token);
        if policy.closed() {
            self.closed.insert(tag.clone());
        }
        if let Some(capacity) = policy.capacity {
            self.capacities.insert((capacity, tag.clone()));
        }
        self.enter(tag, policy, roster);
        self.bytes += policy.invitation_bytes();
    }

    fn remove(&mut self, tag: &ChannelScope, policy: &Policy) {
        self.open -= usize::from(policy.access == Access::Open);
        self.by_token -= usize::from(policy.access == Access::Token);
        self.closed.remove(tag);
        if let Some(capacity) = policy.capacity {
            self.capacities.remove(&(capacity, tag.clone()));
        }
        self.forget_entry(tag);
        self.bytes -= policy.invitation_bytes();
    }

    fn enter(&mut self, tag: &ChannelScope, policy: &Policy, roster: &Roster) {
        if let Some(capacity) = policy.capacity.filter(|_| tag.is_some()) {
            let room = capacity.saturating_sub(roster.under_it_alone(tag));
            self.room_for_none.insert((room, tag.clone()));
            self.entries.insert(tag.clone(), room);
        }
    }

    fn forget_entry(&mut self, tag: &ChannelScope) {
        if let Some(room) = self.entries.remove(tag) {
            self.room_for_none.remove(&(room, tag.clone()));
        }
    }
}
