//! What a room is, and its decisions: who may join, who may speak, who leaves when, and how many that makes. A decision
//! changes nothing, it says what is to happen; what has happened is applied, and that cannot fail.
//! Knows no actor, no clock, no wire, no worker; the same value serves channels, the hub pack's rooms and plain rooms.

mod apply;
mod owner;
mod policy;
mod script;
mod words;

use self::policy::Policies;
pub use self::{
    policy::Allowance,
    script::ScriptData,
    words::{Change, Departure, RoomBytes, RoomOptions, RoomPolicy},
};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    error::{JoinError, LeaveReason, NotifyError},
    event::{Access, Joined, Left, Policy, RoomEvent, Said},
    id::{ChannelScope, MemberId, RoomKey, Token},
    log::{Expect, Standing},
    state::{
        audience::{LeaveScope, Scopes},
        roster::{ListedMember, Membership, Roster},
    },
};

/// All that a room is.
pub struct RoomState {
    key: RoomKey,
    roster: Roster,
    policies: Policies,
    standing: Standing,
    /// How many joins there were.
    joins: u64,
    allowance: Allowance,
    script: ScriptData,
}

impl RoomState {
    /// An empty room.
    pub fn new(key: RoomKey, allowance: Allowance) -> Self {
        Self {
            key,
            roster: Roster::default(),
            policies: Policies::default(),
            standing: Standing::default(),
            joins: 0,
            allowance,
            script: ScriptData::default(),
        }
    }

    /// Which room this is.
    pub fn key(&self) -> &RoomKey {
        &self.key
    }

    /// The members.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The policy of an address, while somebody has it.
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

    /// Who may change what holds at an address: whoever has it longest.
    pub fn owner(&self, address: &ChannelScope) -> Option<&MemberId> {
        self.roster.by_age(address).next()
    }

    /// A member wants to join: what is to happen. If it has the tag already, that is another name or nothing.
    pub fn decide_join(
        &self,
        joined: &Joined,
        options: RoomOptions,
    ) -> Result<Vec<RoomEvent>, JoinError> {
        let Joined { member, tag, .. } = joined;
        let asked = options.access.unwrap_or_default();
        if self.policies.some_looser(tag, asked) {
            return Err(JoinError::RoomExists);
        }
        let old = self.roster.get(member);
        if let Some(old) = old.filter(|old| old.tags.has(tag)) {
            let again = old.is_renamed_by(joined);
            let again = again.then(|| RoomEvent::Joined(joined.clone()));
            return Ok(again.into_iter().collect());
        }
        let old = old.map(|old| &old.tags);
        self.policies.admit(joined, options.has_token, old)?;
        self.has_room(tag, old)?;
        let is_in = old.is_some_and(|tags| tags.matches(tag));
        let full = |seats: &usize| !is_in && self.roster.matching(tag) >= *seats;
        if let Some(capacity) = options.seats_max.filter(full) {
            return Err(JoinError::Full { capacity });
        }
        let policy = match self.policies.get(tag) {
            Some(_) => Policy::default(),
            None => self.new_policy(member, tag, old, options)?,
        };
        let mut events = vec![RoomEvent::Joined(joined.clone())];
        if policy != Policy::default() {
            events.push(RoomEvent::Policy(tag.clone(), policy));
        }
        Ok(events)
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
        if access == Access::Token && !options.has_token {
            return Err(JoinError::NotInvited);
        }
        let invited: BTreeSet<Arc<str>> = match access {
            Access::Open => BTreeSet::new(),
            Access::Token | Access::Invite => options.invite.into_iter().collect(),
        };
        let policy = Policy {
            capacity: options.capacity,
            access,
            locked: false,
            invited: invited.into_iter().collect(),
        };
        match self.affordable(owner, &policy.invited, 0, 0) {
            true => Ok(policy),
            false => Err(JoinError::TooManyInvitations),
        }
    }

    /// What holds at an address, which was just made or was there.
    pub fn terms(&self, address: &ChannelScope, created: bool) -> RoomPolicy {
        let none = self.policies.get(&None);
        RoomPolicy {
            created,
            access: self.policies.access(address),
            in_all_channels: none.is_some_and(|policy| policy.access != Access::Open),
            capacity: self.policies.capacity(address),
            owner: self.owner(address).cloned(),
        }
    }

    /// A member wants to leave under some of its tags: what is to happen; `None` if it has none of them.
    pub fn decide_leave(
        &self,
        member: &MemberId,
        which: &LeaveScope,
        reason: LeaveReason,
    ) -> Option<RoomEvent> {
        self.left(member, which, reason, std::slice::from_ref(member))
    }

    /// As [`RoomState::decide_leave`], where all of `leaving`, which are in order, leave the same addresses at once.
    fn left(
        &self,
        member: &MemberId,
        which: &LeaveScope,
        reason: LeaveReason,
        leaving: &[MemberId],
    ) -> Option<RoomEvent> {
        let membership = self.roster.get(member)?;
        let tags: Vec<ChannelScope> = which.of(&membership.tags).cloned().collect();
        let mut inherited = BTreeMap::new();
        let uninvited = tags
            .iter()
            .filter(|tag| !self.may_inherit(member, tag, leaving, &mut inherited))
            .cloned()
            .collect();
        (!tags.is_empty()).then(|| {
            RoomEvent::Left(Left {
                member: member.clone(),
                tags,
                reason,
                uninvited,
            })
        })
    }

    /// Whether the invitations of an address may stay when an owner leaves: nobody comes to own more by staying than by
    /// inviting. `inherited` are bytes that members come to own by the same leave.
    fn may_inherit(
        &self,
        member: &MemberId,
        tag: &ChannelScope,
        leaving: &[MemberId],
        inherited: &mut BTreeMap<MemberId, usize>,
    ) -> bool {
        let invited = self.policies.get(tag).map(|policy| &policy.invited);
        let Some(invited) = invited.filter(|invited| !invited.is_empty()) else {
            return true;
        };
        if self.owner(tag) != Some(member) {
            return true;
        }
        let mut heirs = self.roster.by_age(tag);
        let Some(heir) = heirs.find(|heir| leaving.binary_search(heir).is_err()) else {
            return true;
        };
        let more = inherited.entry(heir.clone()).or_default();
        let may = self.affordable(heir, invited, 0, *more);
        if may {
            *more += policy::invitation_bytes(invited);
        }
        may
    }

    /// Whether `from` may speak to the seats that match `address`.
    pub fn check_notify(
        &self,
        from: &MemberId,
        address: &ChannelScope,
        seat_needed: bool,
    ) -> Result<(), NotifyError> {
        let membership = self.roster.get(from);
        let is_in = membership.is_some_and(|own| own.tags.matches(address));
        if !self.may_reach(membership, address) {
            return Err(NotifyError::Forbidden);
        }
        if !is_in && seat_needed {
            return Err(NotifyError::NotMember);
        }
        Ok(())
    }

    /// To how many seats something that was said goes: those that match, without the sender if it is not to hear itself.
    pub fn recipients(&self, said: &Said) -> usize {
        let is_in = |own: &Membership| own.tags.matches(&said.tag);
        let excluded = !said.echo && self.roster.get(&said.from).is_some_and(is_in);
        self.roster.matching(&said.tag) - usize::from(excluded)
    }

    /// Whether a membership matches every private address that matches this one.
    fn may_reach(&self, membership: Option<&Membership>, address: &ChannelScope) -> bool {
        let Some(membership) = membership else {
            return self.policies.closed(address).next().is_none();
        };
        // Each closed address with a channel takes a tag of its own, unless the seat matches all.
        membership.tags.has(&None)
            || (address.is_some() || self.policies.closed_count() <= membership.tags.len() + 1)
                && self
                    .policies
                    .closed(address)
                    .all(|(closed, _)| membership.tags.matches(closed))
    }

    /// How far the room's log was when the last of what was applied came to stand there.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// What is applied next is what the log has there.
    pub fn reach(&mut self, standing: Standing) {
        self.standing = standing;
    }

    /// See [`Roster::told_since`].
    pub fn told_since(&mut self, member: &MemberId, tag: &ChannelScope, since: Token) {
        self.roster.told_since(member, tag, since);
    }

    /// Under which condition a join may happen: where places are counted, every change counts.
    pub fn expect_of_join(&self, joined: &Joined, options: &RoomOptions) -> Expect {
        let counted = self.policies.capacity(&joined.tag).is_some()
            || options.capacity.is_some()
            || options.seats_max.is_some()
            || options.access.unwrap_or(options.default_access) != Access::Open;
        match counted {
            true => Expect::Exactly(self.standing.revision),
            false => self.expect_of_policy(),
        }
    }

    /// Whether an address or one that matches it does not let everybody in.
    pub fn is_closed(&self, address: &ChannelScope) -> bool {
        self.policies.closed(address).next().is_some()
    }

    /// Whether what is said to an address may be told those who come later. What is said without a channel while the room is
    /// private in some is for those who are in all of these; who comes to another channel later need be in none.
    pub fn is_for_later(&self, address: &ChannelScope) -> bool {
        let all_closed = || self.policies.get(&None).is_some_and(Policy::closed);
        address.is_some() || all_closed() || !self.is_closed(&None)
    }

    /// Under which condition something may happen that depends on the policies alone.
    pub fn expect_of_policy(&self) -> Expect {
        Expect::Policy(self.standing.policy)
    }

    /// The addresses whose history ends with these events: those that are closed from now on or no more, and those that were
    /// and that nobody has from now on.
    pub fn histories_ended(&self, events: &[RoomEvent]) -> Vec<ChannelScope> {
        let mut leaving: BTreeMap<&ChannelScope, usize> = BTreeMap::new();
        let mut ended = Vec::new();
        for event in events {
            match event {
                RoomEvent::Policy(address, policy) => {
                    let before = self.policies.get(address).is_some_and(Policy::closed);
                    if before != policy.closed() {
                        ended.push(address.clone());
                    }
                }
                RoomEvent::Left(left) => {
                    for tag in &left.tags {
                        *leaving.entry(tag).or_default() += 1;
                    }
                }
                RoomEvent::Joined(_) | RoomEvent::Said(_) | RoomEvent::Script(_) => {}
            }
        }
        let left = leaving.into_iter().filter(|(tag, leaving)| {
            self.roster.under(tag) == *leaving && self.policies.get(tag).is_some_and(Policy::closed)
        });
        ended.extend(left.map(|(tag, _)| tag.clone()));
        ended
    }

    /// Members that match an address, at most `limit`, in the order of joining.
    pub fn present(&self, address: &ChannelScope, limit: usize) -> Vec<ListedMember> {
        self.roster
            .in_order(address)
            .take(limit)
            .map(|(member, membership)| ListedMember {
                member: member.clone(),
                name: membership.user.clone(),
                is_logged_in: membership.account.is_some(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
