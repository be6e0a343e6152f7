//! Who watches a room hears of it what its members' couriers do, in the same order. Nothing waits for a watcher: one that is
//! behind is let go, and asks anew.

use super::Room;
use crate::{
    id::MemberId,
    message::{PresenceChange, PresentMember, Watcher},
};

impl Room {
    /// Tells who is there, and from now on what changes.
    pub(super) fn watch(&mut self, watcher: Watcher) {
        // Who waits for a log or for its courier is not there yet.
        let members = self.state.roster().iter();
        let members = members.filter(|(id, _)| self.local.place(id).is_some());
        let mut members: Vec<_> = members
            .map(|(id, membership)| (membership.since, id, &membership.account))
            .collect();
        members.sort_unstable_by_key(|(since, ..)| *since);
        let members = members.into_iter().map(|(_, id, account)| PresentMember {
            id: id.clone(),
            account: account.clone(),
        });
        if watcher.tell(PresenceChange::Snapshot(members.collect())) {
            self.links.watchers.push(watcher);
        }
    }

    /// Somebody does not watch any more.
    pub(super) fn unwatched(&mut self) {
        self.links.watchers.retain(|watcher| !watcher.is_gone());
    }

    pub(super) fn watched_join(&mut self, member: &MemberId) {
        self.tell_watchers(|room| {
            let membership = room.state.roster().get(member);
            PresenceChange::Joined(PresentMember {
                id: member.clone(),
                account: membership.and_then(|own| own.account.clone()),
            })
        });
    }

    pub(super) fn tell_watchers(&mut self, change: impl FnOnce(&Self) -> PresenceChange) {
        if self.links.watchers.is_empty() {
            return;
        }
        let change = change(self);
        let watchers = &mut self.links.watchers;
        watchers.retain(|watcher| watcher.tell(change.clone()));
    }
}
