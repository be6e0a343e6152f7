//! A room's decisions: who may sit down, who may speak, who leaves when, and how many that makes.
//! Knows no actor, no clock, no wire; the same value serves channels, the hub pack's rooms and plain rooms.

mod owner;
mod policy;
mod words;

use self::policy::Policies;
pub use self::{
    policy::{Allowance, Policy},
    words::{Access, Joined, Joiner, Kicked, Left, RoomBytes, RoomOptions, RoomPolicy},
};

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    error::{JoinError, NotifyError},
    id::{ChannelScope, LogPosition, MemberId, RoomKey},
    state::{
        audience::{LeaveScope, Scopes},
        ledger::Kept,
        roster::{Occupant, Roster, Seat},
    },
};

/// Private addresses of one room id that a join without a channel is checked against; where there are more it is
/// refused.
const CHECKED_MAX: usize = 256;

/// All that a room is.
pub struct RoomState {
    key: RoomKey,
    roster: Roster,
    policies: Policies,
    position: Kept<LogPosition>,
    seated: Kept<u64>,
    allowance: Allowance,
    /// Owners whose invitations changed in the present message: bytes before and after.
    owed: Vec<(MemberId, usize, usize)>,
}

impl RoomState {
    /// An empty room.
    pub fn new(key: RoomKey, allowance: Allowance) -> Self {
        Self {
            key,
            roster: Roster::default(),
            policies: Policies::default(),
            position: Kept::default(),
            seated: Kept::default(),
            allowance,
            owed: Vec::new(),
        }
    }

    /// Which room this is.
    pub fn key(&self) -> &RoomKey {
        &self.key
    }

    /// The seats.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The policy of an address, while somebody is seated there.
    pub fn policy(&self, address: &ChannelScope) -> Option<&Policy> {
        self.policies.get(address)
    }

    /// All policies.
    pub fn policies(&self) -> impl Iterator<Item = (&ChannelScope, &Policy)> {
        self.policies.iter()
    }

    /// Bytes held for the members. Constant time.
    pub fn bytes(&self) -> RoomBytes {
        RoomBytes {
            memberships: self.roster.bytes(),
            invitations: self.policies.bytes(),
        }
    }

    /// Seats a member under a tag.
    pub fn join(
        &mut self,
        joiner: Joiner,
        tag: ChannelScope,
        options: RoomOptions,
    ) -> Result<Joined, JoinError> {
        if options.access == Some(Access::Invite) && self.policies.some_open(&tag) {
            return Err(JoinError::RoomExists);
        }
        let old = self.roster.get(&joiner.member).map(|seat| &seat.tags);
        if let Some(tags) = old.filter(|tags| tags.has(&tag)) {
            return Ok(Joined {
                already: true,
                count: self.roster.matching(&tag),
                terms: self.terms(&tag, false),
                tags: tags.clone(),
            });
        }
        self.admits(&joiner, &tag, old)?;
        self.has_room(&tag, old)?;
        let created = match self.policies.get(&tag) {
            Some(_) => None,
            None => Some(self.new_policy(&joiner.member, &tag, old, options)?),
        };
        let number = *self.seated.get();
        self.seated.set(number + 1);
        let Joiner {
            member,
            worker,
            local_id,
            account,
            user,
            farewell,
        } = joiner;
        let occupant = Occupant {
            worker,
            local_id,
            account,
            user,
            farewell,
        };
        self.roster.sit(member.clone(), occupant, &tag, number);
        let made = created.is_some();
        if let Some(policy) = created {
            self.owe(policy.owner.clone(), 0, policy.invitation_bytes());
            self.policies.put(&tag, policy, &self.roster);
        }
        let seat = self.roster.get(&member);
        let tags = seat.map(|seat| seat.tags.clone()).unwrap_or_default();
        self.recount(&tag, &tags);
        Ok(Joined {
            already: false,
            count: self.roster.matching(&tag),
            terms: self.terms(&tag, made),
            tags,
        })
    }

    /// Whether every private address that matches lets the member in. Where its seat matches already, it is in.
    fn admits(
        &self,
        joiner: &Joiner,
        tag: &ChannelScope,
        old: Option<&Scopes>,
    ) -> Result<(), JoinError> {
        let is_in = |address: &ChannelScope| old.is_some_and(|tags| tags.matches(address));
        if tag.is_none() && self.policies.closed_count() > CHECKED_MAX {
            return Err(JoinError::Forbidden);
        }
        let mut closed = self.policies.closed(tag);
        closed.try_for_each(|(address, policy)| match is_in(address) {
            true => Ok(()),
            false => policy.admits(joiner),
        })
    }

    /// Whether every address that matches has room. A seat that matches it already takes no further place.
    fn has_room(&self, tag: &ChannelScope, old: Option<&Scopes>) -> Result<(), JoinError> {
        let is_in = |address: &ChannelScope| old.is_some_and(|tags| tags.matches(address));
        for address in [tag, &None] {
            let capacity = self
                .policies
                .get(address)
                .and_then(|policy| policy.capacity);
            if let Some(capacity) = capacity
                && !is_in(address)
                && self.roster.matching(address) >= capacity
            {
                return Err(JoinError::Full { capacity });
            }
        }
        let full = tag
            .is_none()
            .then(|| self.policies.full_for_none(self.roster.under(&None)));
        match full
            .into_iter()
            .flatten()
            .find(|(address, _)| !is_in(address))
        {
            Some((_, capacity)) => Err(JoinError::Full { capacity }),
            None => Ok(()),
        }
    }

    /// The policy that a member makes with an address.
    fn new_policy(
        &self,
        owner: &MemberId,
        tag: &ChannelScope,
        old: Option<&Scopes>,
        options: RoomOptions,
    ) -> Result<Policy, JoinError> {
        let is_in = old.is_some_and(|tags| tags.matches(tag));
        let others = self.roster.matching(tag) - usize::from(is_in);
        if let Some(capacity) = options.capacity.filter(|capacity| others >= *capacity) {
            return Err(JoinError::Full { capacity });
        }
        let access = options.access.unwrap_or(options.default_access);
        let invited: BTreeSet<Arc<str>> = match access {
            Access::Open => BTreeSet::new(),
            Access::Invite => options.invite.into_iter().collect(),
        };
        let policy = Policy {
            owner: owner.clone(),
            capacity: options.capacity,
            access,
            locked: false,
            invited: invited.into_iter().collect(),
        };
        match self.affordable(owner, &policy.invited, 0) {
            true => Ok(policy),
            false => Err(JoinError::TooManyInvitations),
        }
    }

    fn terms(&self, address: &ChannelScope, created: bool) -> RoomPolicy {
        let none = self.policies.get(&None);
        RoomPolicy {
            created,
            access: self.policies.access(address),
            in_all_channels: none.is_some_and(|policy| policy.access == Access::Invite),
            capacity: self.policies.capacity(address),
            owner: self
                .policies
                .get(address)
                .map(|policy| policy.owner.clone()),
        }
    }

    /// Takes tags from a member's seat; `None` if it has none of them.
    pub fn leave(&mut self, member: &MemberId, which: &LeaveScope) -> Option<Left> {
        let seat = self.roster.get(member)?;
        let gone: Vec<ChannelScope> = which.of(&seat.tags).cloned().collect();
        if gone.is_empty() {
            return None;
        }
        let before = seat.tags.clone();
        let (worker, local_id, farewell) = (seat.worker, seat.local_id, seat.farewell.clone());
        let kept = self.roster.give_up(member, &gone);
        for tag in &gone {
            self.succeed(member, tag);
            self.recount(tag, &before);
        }
        let count = |tag: ChannelScope| {
            let count = self.roster.matching(&tag);
            (tag, count)
        };
        let gone = gone.into_iter().map(count).collect();
        Some(Left {
            gone,
            kept,
            worker,
            local_id,
            farewell,
        })
    }

    /// An owner who leaves is followed by the longest seated member of the address; without any the policy ends.
    fn succeed(&mut self, member: &MemberId, tag: &ChannelScope) {
        let Some(policy) = self.policies.get(tag) else {
            return;
        };
        let bytes = policy.invitation_bytes();
        let Some(heir) = self.roster.first(tag) else {
            let owner = policy.owner.clone();
            self.owe(owner, bytes, 0);
            return self.policies.end(tag);
        };
        if policy.owner == *member {
            let mut policy = Policy {
                owner: heir.clone(),
                ..policy.clone()
            };
            // Nobody comes to own more by staying than by inviting.
            if !self.affordable(&policy.owner, &policy.invited, 0) {
                policy.invited = Arc::default();
            }
            self.owe(member.clone(), bytes, 0);
            self.owe(policy.owner.clone(), 0, policy.invitation_bytes());
            self.policies.put(tag, policy, &self.roster);
        }
    }

    fn recount(&mut self, tag: &ChannelScope, of_seat: &Scopes) {
        self.policies.recount(tag, &self.roster);
        if tag.is_none() {
            for other in of_seat.iter() {
                self.policies.recount(other, &self.roster);
            }
        }
    }

    /// Whether `from` may speak to the seats that match `address`; how many those are, without the sender if it is not
    /// to hear itself.
    pub fn check_notify(
        &self,
        from: &MemberId,
        address: &ChannelScope,
        echo: bool,
        seat_needed: bool,
    ) -> Result<usize, NotifyError> {
        let seat = self.roster.get(from);
        let seated = seat.is_some_and(|seat| seat.tags.matches(address));
        if !self.may_reach(seat, address) {
            return Err(NotifyError::Forbidden);
        }
        if !seated && seat_needed {
            return Err(NotifyError::NotMember);
        }
        let excluded = !echo && seated;
        Ok(self.roster.matching(address) - usize::from(excluded))
    }

    /// Whether a seat matches every private address that matches this one.
    fn may_reach(&self, seat: Option<&Seat>, address: &ChannelScope) -> bool {
        let Some(seat) = seat else {
            return self.policies.closed(address).next().is_none();
        };
        // Each closed address with a channel takes a tag of its own, unless the seat matches all.
        seat.tags.has(&None)
            || (address.is_some() || self.policies.closed_count() <= seat.tags.len() + 1)
                && self
                    .policies
                    .closed(address)
                    .all(|(closed, _)| seat.tags.matches(closed))
    }

    /// The last numbers that the log gave.
    pub fn position(&self) -> LogPosition {
        *self.position.get()
    }

    /// Takes what the log answered.
    pub fn set_position(&mut self, position: LogPosition) {
        self.position.set(position);
    }

    /// Members that match an address, at most `limit`, in the order of joining.
    pub fn present(
        &self,
        address: &ChannelScope,
        limit: usize,
    ) -> Vec<(MemberId, Option<Arc<str>>)> {
        self.roster
            .in_order(address)
            .take(limit)
            .map(|(member, seat)| (member.clone(), seat.user.clone()))
            .collect()
    }

    /// Keeps the changes of the present message.
    pub fn commit(&mut self) {
        self.roster.commit();
        self.policies.commit();
        self.position.commit();
        self.seated.commit();
        for (owner, before, after) in self.owed.drain(..) {
            self.allowance.change(owner, before, after);
        }
    }

    /// Takes the changes of the present message back.
    pub fn rollback(&mut self) {
        self.roster.rollback();
        self.policies.rollback(&self.roster);
        self.position.rollback();
        self.seated.rollback();
        self.owed.clear();
    }
}

#[cfg(test)]
mod tests;
