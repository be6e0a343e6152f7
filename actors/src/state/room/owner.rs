//! What an owner may do at its address: invite, lock, kick; and what its invitations may cost.

use std::{collections::BTreeSet, sync::Arc};

use super::{Access, Policy, RoomEvent, RoomState, policy::invitation_bytes};
use crate::{
    error::{LeaveReason, ManageError},
    id::{ChannelScope, MemberId},
    state::audience::LeaveScope,
};

impl RoomState {
    /// Invites members or accounts to an address by invitation; elsewhere nothing is to happen.
    pub fn decide_invite(
        &self,
        by: &MemberId,
        address: &ChannelScope,
        names: &[Arc<str>],
    ) -> Result<Vec<RoomEvent>, ManageError> {
        let policy = self.owned(by, address)?;
        let known = |name: &&Arc<str>| policy.invited.binary_search(*name).is_ok();
        if policy.access == Access::Open || names.iter().all(|name| known(&name)) {
            return Ok(Vec::new());
        }
        let invited: BTreeSet<Arc<str>> = policy.invited.iter().chain(names).cloned().collect();
        let invited: Arc<[Arc<str>]> = invited.into_iter().collect();
        if !self.affordable(by, &invited, policy.invitation_bytes(), 0) {
            return Err(ManageError::TooManyInvitations);
        }
        Ok(changed(address, policy, |policy| policy.invited = invited))
    }

    /// Closes an address to newcomers, or opens it again.
    pub fn decide_lock(
        &self,
        by: &MemberId,
        address: &ChannelScope,
        locked: bool,
    ) -> Result<Vec<RoomEvent>, ManageError> {
        Ok(self.locked(self.owned(by, address)?, address, locked))
    }

    /// The same by the hub itself, whoever owns the address; somebody must have it.
    pub fn decide_lock_by_hub(
        &self,
        address: &ChannelScope,
        locked: bool,
    ) -> Result<Vec<RoomEvent>, ManageError> {
        let policy = self.policies.get(address).ok_or(ManageError::Forbidden)?;
        Ok(self.locked(policy, address, locked))
    }

    fn locked(&self, policy: &Policy, address: &ChannelScope, locked: bool) -> Vec<RoomEvent> {
        match policy.locked == locked {
            true => Vec::new(),
            false => changed(address, policy, |policy| policy.locked = locked),
        }
    }

    /// Ends invitations to an address, and has those of `members` leave it that have it.
    pub fn decide_kick(
        &self,
        by: &MemberId,
        address: &ChannelScope,
        members: &[MemberId],
    ) -> Result<Vec<RoomEvent>, ManageError> {
        let policy = self.owned(by, address)?;
        let which = LeaveScope::Exactly(address.clone());
        Ok(self.kicked(Some(policy), (address, which), members))
    }

    /// The same by the hub itself, whoever owns the address. Without a channel it is every seat that they have in the room.
    pub fn decide_kick_by_hub(
        &self,
        address: &ChannelScope,
        members: &[MemberId],
    ) -> Vec<RoomEvent> {
        let which = match address {
            Some(_) => LeaveScope::Exactly(address.clone()),
            None => LeaveScope::All,
        };
        self.kicked(self.policies.get(address), (address, which), members)
    }

    fn kicked(
        &self,
        policy: Option<&Policy>,
        (address, which): (&ChannelScope, LeaveScope),
        members: &[MemberId],
    ) -> Vec<RoomEvent> {
        let mut names: BTreeSet<&str> = members.iter().map(MemberId::as_str).collect();
        let mut leaving = BTreeSet::new();
        for member in members {
            let membership = self.roster.get(member);
            let membership =
                membership.filter(|membership| which.of(&membership.tags).next().is_some());
            leaving.extend(membership.map(|_| member.clone()));
            names.extend(membership.and_then(|membership| membership.account.as_deref()));
        }
        let kept = |name: &&Arc<str>| !names.contains(&***name);
        let mut events = Vec::new();
        if let Some(policy) = policy {
            let invited: Arc<[Arc<str>]> = policy.invited.iter().filter(kept).cloned().collect();
            if invited.len() != policy.invited.len() {
                events = changed(address, policy, |policy| policy.invited = invited);
            }
        }
        let leaving = Vec::from_iter(leaving);
        let left = |member| self.left(member, &which, LeaveReason::Kick, &leaving);
        events.extend(leaving.iter().filter_map(left));
        events
    }

    fn owned(&self, by: &MemberId, address: &ChannelScope) -> Result<&Policy, ManageError> {
        let policy = self.policies.get(address);
        policy
            .filter(|_| self.owner(address) == Some(by))
            .ok_or(ManageError::Forbidden)
    }

    /// Whether a member may own these invitations in the place of `before` bytes of others, when it is about to own `more`
    /// bytes.
    pub(super) fn affordable(
        &self,
        owner: &MemberId,
        names: &[Arc<str>],
        before: usize,
        more: usize,
    ) -> bool {
        let owned = self.allowance.owned(owner) + more;
        let after = (owned + invitation_bytes(names)).saturating_sub(before);
        names.is_empty()
            || names.len() <= self.allowance.count_max && after <= self.allowance.bytes_max
    }
}

fn changed(
    address: &ChannelScope,
    policy: &Policy,
    change: impl FnOnce(&mut Policy),
) -> Vec<RoomEvent> {
    let mut policy = policy.clone();
    change(&mut policy);
    vec![RoomEvent::Policy(address.clone(), policy)]
}
