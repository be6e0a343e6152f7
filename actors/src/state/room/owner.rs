//! What an owner may do at its address: invite, lock, kick; and what its invitations may cost.

use std::{collections::BTreeSet, sync::Arc};

use super::{Access, Kicked, Policy, RoomState, policy::invitation_bytes};
use crate::{
    error::ManageError,
    id::{ChannelScope, MemberId},
};

impl RoomState {
    /// Invites members or accounts to an address by invitation; elsewhere it has no effect.
    pub fn invite(
        &mut self,
        by: &MemberId,
        address: &ChannelScope,
        names: &[Arc<str>],
    ) -> Result<(), ManageError> {
        let policy = self.owned(by, address)?;
        if policy.access == Access::Open {
            return Ok(());
        }
        let before = policy.invitation_bytes();
        let known = |name: &&Arc<str>| policy.invited.binary_search(*name).is_ok();
        if names.iter().all(|name| known(&name)) {
            return Ok(());
        }
        let invited: BTreeSet<Arc<str>> = policy.invited.iter().chain(names).cloned().collect();
        let policy = Policy {
            invited: invited.into_iter().collect(),
            ..policy.clone()
        };
        if !self.affordable(by, &policy.invited, before) {
            return Err(ManageError::TooManyInvitations);
        }
        self.owe(by.clone(), before, policy.invitation_bytes());
        self.policies.put(address, policy, &self.roster);
        Ok(())
    }

    /// Closes an address to newcomers, or opens it again.
    pub fn lock(
        &mut self,
        by: &MemberId,
        address: &ChannelScope,
        locked: bool,
    ) -> Result<(), ManageError> {
        let policy = Policy {
            locked,
            ..self.owned(by, address)?.clone()
        };
        self.policies.put(address, policy, &self.roster);
        Ok(())
    }

    /// Ends invitations to an address; which of `members` have a seat under it, for the caller to let them leave.
    pub fn kick(
        &mut self,
        by: &MemberId,
        address: &ChannelScope,
        members: &[MemberId],
    ) -> Result<Kicked, ManageError> {
        let policy = self.owned(by, address)?;
        let mut names: BTreeSet<&str> = members.iter().map(MemberId::as_str).collect();
        let mut seated = BTreeSet::new();
        for member in members {
            let seat = self
                .roster
                .get(member)
                .filter(|seat| seat.tags.has(address));
            seated.extend(seat.map(|_| member.clone()));
            names.extend(seat.and_then(|seat| seat.account.as_deref()));
        }
        let seated = seated.into_iter().collect();
        let kept = |name: &&Arc<str>| !names.contains(&***name);
        let invited: Arc<[Arc<str>]> = policy.invited.iter().filter(kept).cloned().collect();
        if invited.len() == policy.invited.len() {
            return Ok(Kicked {
                seated,
                uninvited: false,
            });
        }
        let before = policy.invitation_bytes();
        let policy = Policy {
            invited,
            ..policy.clone()
        };
        self.owe(by.clone(), before, policy.invitation_bytes());
        self.policies.put(address, policy, &self.roster);
        Ok(Kicked {
            seated,
            uninvited: true,
        })
    }

    fn owned(&self, by: &MemberId, address: &ChannelScope) -> Result<&Policy, ManageError> {
        let policy = self.policies.get(address);
        policy
            .filter(|policy| policy.owner == *by)
            .ok_or(ManageError::Forbidden)
    }

    /// Whether a member may own these invitations in the place of `before` bytes of others.
    pub(super) fn affordable(&self, owner: &MemberId, names: &[Arc<str>], before: usize) -> bool {
        let mut owned = self.allowance.owned(owner);
        for (_, gone, new) in self.owed.iter().filter(|(member, ..)| member == owner) {
            owned = (owned + new).saturating_sub(*gone);
        }
        let after = (owned + invitation_bytes(names)).saturating_sub(before);
        names.is_empty()
            || names.len() <= self.allowance.count_max && after <= self.allowance.bytes_max
    }

    pub(super) fn owe(&mut self, owner: MemberId, before: usize, after: usize) {
        if before != after {
            self.owed.push((owner, before, after));
        }
    }
}
