//! What has happened in a room is taken in: total, and twice is once.

use std::sync::Arc;

use super::{Change, Departure, RoomState};
use crate::{
    event::{Joined, Left, Policy, RoomEvent},
    id::{ChannelScope, MemberId},
    state::audience::Scopes,
};

impl RoomState {
    /// Takes in what has happened; twice is once. What is against the present state changes nothing.
    pub fn apply(&mut self, event: &RoomEvent) -> Change {
        match event {
            RoomEvent::Joined(joined) => self.apply_join(joined),
            RoomEvent::Left(left) => self.apply_leave(left),
            RoomEvent::Policy(address, policy) => self.apply_policy(address, policy),
            // Its number is all that is kept of it here.
            RoomEvent::Said(_) => Change::Nothing,
            RoomEvent::Script(event) => self.apply_script(event),
        }
    }

    fn apply_join(&mut self, joined: &Joined) -> Change {
        let Joined { member, tag, .. } = joined;
        let old = self.roster.get(member);
        if let Some(old) = old.filter(|old| old.tags.has(tag)) {
            if !old.is_renamed_by(joined) {
                return Change::Nothing;
            }
            let tags = old.tags.clone();
            self.roster.rename(joined);
            return Change::Renamed(tags);
        }
        self.joins += 1;
        let position = self.standing.position;
        self.roster.join(joined, self.joins, position.token());
        if self.policies.get(tag).is_none() {
            self.policies.put(tag, Policy::default(), &self.roster);
        }
        let tags = self.roster.get(member).map(|new| new.tags.clone());
        let tags = tags.unwrap_or_default();
        self.recount(tag, &tags);
        Change::Joined(tags)
    }

    fn apply_leave(&mut self, left: &Left) -> Change {
        let Some(membership) = self.roster.get(&left.member) else {
            return Change::Nothing;
        };
        let before = membership.tags.clone();
        let tags: Vec<_> = before
            .iter()
            .filter(|tag| left.tags.binary_search(tag).is_ok())
            .cloned()
            .collect();
        if tags.is_empty() {
            return Change::Nothing;
        }
        let leave_event = membership.leave_event.clone();
        let owned: Vec<_> = tags.iter().map(|tag| self.invitations(tag)).collect();
        let kept = self.roster.give_up(&left.member, &tags);
        for (tag, owned) in tags.iter().zip(owned) {
            match self.policies.get(tag) {
                Some(_) if self.roster.under(tag) == 0 => self.policies.end(tag),
                Some(policy) if left.uninvited.binary_search(tag).is_ok() => {
                    let policy = Policy {
                        invited: Arc::default(),
                        ..policy.clone()
                    };
                    self.policies.put(tag, policy, &self.roster);
                }
                _ => {}
            }
            self.recount(tag, &before);
            self.settle(tag, owned);
        }
        let count = |tag| (self.roster.matching(&tag), tag);
        let gone = tags.into_iter().map(count).map(|(count, tag)| (tag, count));
        Change::Left(Departure {
            gone: gone.collect(),
            kept,
            leave_event,
        })
    }

    fn apply_policy(&mut self, address: &ChannelScope, policy: &Policy) -> Change {
        if self.policies.get(address).is_none_or(|old| old == policy) {
            return Change::Nothing;
        }
        let owned = self.invitations(address);
        self.policies.put(address, policy.clone(), &self.roster);
        self.settle(address, owned);
        Change::Policy
    }

    /// Who owns an address, and bytes of its invitations, if there are any.
    fn invitations(&self, address: &ChannelScope) -> Option<(MemberId, usize)> {
        let bytes = self.policies.get(address)?.invitation_bytes();
        (bytes > 0).then(|| Some((self.owner(address)?.clone(), bytes)))?
    }

    /// Tells the namespace's allowance what has become of the invitations of an address.
    fn settle(&self, address: &ChannelScope, before: Option<(MemberId, usize)>) {
        let now = self.invitations(address);
        if now != before {
            if let Some((owner, bytes)) = before {
                self.allowance.change(owner, bytes, 0);
            }
            if let Some((owner, bytes)) = now {
                self.allowance.change(owner, 0, bytes);
            }
        }
    }

    fn recount(&mut self, tag: &ChannelScope, of_member: &Scopes) {
        self.policies.recount(tag, &self.roster);
        if tag.is_none() {
            for other in of_member.iter() {
                self.policies.recount(other, &self.roster);
            }
        }
    }
}
