//! A namespace's decisions: who is in it, which rooms each was sent to, and who is online in channels.
//! Knows no actor, no clock, no wire.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::id::{Kind, LocalId, MemberId, RoomKey, WorkerId};

/// Where a member is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedMember {
    /// Its worker.
    pub worker: WorkerId,
    /// Its place at that worker's courier.
    pub local_id: LocalId,
}

/// All that a namespace is, besides the addresses of its rooms.
#[derive(Default)]
pub struct NamespaceState {
    members: BTreeMap<MemberId, ConnectedMember>,
    sent: BTreeMap<(MemberId, RoomKey), u64>,
    rooms: BTreeMap<RoomKey, u64>,
    channels: BTreeMap<Arc<str>, usize>,
    online: BTreeMap<MemberId, usize>,
    joins: u64,
    by_size: BTreeSet<(Reverse<usize>, Arc<str>)>,
}

impl NamespaceState {
    /// A member came in.
    pub fn enter(&mut self, member: MemberId, connected: ConnectedMember) {
        self.members.insert(member, connected);
    }

    /// Where a member is served.
    pub fn connected(&self, member: &MemberId) -> Option<&ConnectedMember> {
        self.members.get(member)
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// All members.
    pub fn members(&self) -> impl Iterator<Item = (&MemberId, &ConnectedMember)> {
        self.members.iter()
    }

    /// A member is sent to a room; the number of this join.
    pub fn sent(&mut self, member: &MemberId, room: &RoomKey) -> u64 {
        self.joins += 1;
        self.sent.insert((member.clone(), room.clone()), self.joins);
        self.rooms.insert(room.clone(), self.joins);
        self.joins
    }

    /// A room says that a member has no seat as of join `number`; a later join stands.
    pub fn unseated(&mut self, member: &MemberId, room: &RoomKey, number: u64) {
        let key = (member.clone(), room.clone());
        if self.sent.get(&key).is_some_and(|&last| last <= number) {
            self.sent.remove(&key);
        }
    }

    /// A member is gone; the rooms that it was sent to.
    pub fn gone(&mut self, member: &MemberId) -> Vec<RoomKey> {
        self.members.remove(member);
        let least = RoomKey {
            kind: Kind::Channel,
            name: "".into(),
        };
        let rooms: Vec<RoomKey> = self
            .sent
            .range((member.clone(), least)..)
            .take_while(|((id, _), _)| id == member)
            .map(|((_, room), _)| room.clone())
            .collect();
        for room in &rooms {
            self.sent.remove(&(member.clone(), room.clone()));
        }
        rooms
    }

    /// The number of the last join that was sent to a room.
    pub fn last_join(&self, room: &RoomKey) -> u64 {
        self.rooms.get(room).copied().unwrap_or_default()
    }

    /// A room says that it is empty as of join `number`; `true` if it may go.
    pub fn vacant(&mut self, room: &RoomKey, number: u64) -> bool {
        let stale = self.rooms.get(room).is_some_and(|&last| last > number);
        if !stale {
            self.rooms.remove(room);
        }
        !stale
    }

    /// A member sat down in a channel, or left it; the channel has `count` members now.
    pub fn occupancy(&mut self, channel: &Arc<str>, member: &MemberId, joined: bool, count: usize) {
        let channels = self.online.get(member).copied().unwrap_or(0);
        match if joined {
            channels + 1
        } else {
            channels.saturating_sub(1)
        } {
            0 => drop(self.online.remove(member)),
            more => drop(self.online.insert(member.clone(), more)),
        }
        if let Some(&before) = self.channels.get(channel) {
            self.by_size.remove(&(Reverse(before), channel.clone()));
        }
        if count == 0 {
            self.channels.remove(channel);
        } else {
            self.channels.insert(channel.clone(), count);
            self.by_size.insert((Reverse(count), channel.clone()));
        }
    }

    /// How many are in a channel.
    pub fn channel(&self, name: &Arc<str>) -> Option<usize> {
        self.channels.get(name).copied()
    }

    /// Distinct members in at least one channel.
    pub fn online(&self) -> usize {
        self.online.len()
    }

    /// Channels that have members, the largest first.
    pub fn channels(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.by_size
            .iter()
            .map(|(Reverse(count), name)| (name, *count))
    }

    /// How many channels have members.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(name: &str) -> MemberId {
        MemberId::new(name)
    }

    fn entered(names: &[&str]) -> NamespaceState {
        let mut namespace = NamespaceState::default();
        for (local_id, name) in names.iter().enumerate() {
            let connected = ConnectedMember {
                worker: WorkerId(0),
                local_id: LocalId(local_id as u64),
            };
            namespace.enter(id(name), connected);
        }
        namespace
    }

    #[test]
    fn a_stale_unseat_does_not_hide_a_later_join_from_a_disconnect() {
        let mut namespace = entered(&["a", "b"]);
        let room = RoomKey::room("r");
        let first = namespace.sent(&id("a"), &room);
        namespace.sent(&id("a"), &room);
        namespace.unseated(&id("a"), &room, first);
        assert_eq!(namespace.gone(&id("a")), std::slice::from_ref(&room));
        let only = namespace.sent(&id("b"), &room);
        namespace.unseated(&id("b"), &room, only);
        assert!(namespace.gone(&id("b")).is_empty());
    }

    #[test]
    fn a_room_with_a_join_under_way_is_not_let_go() {
        let mut namespace = entered(&["a", "b"]);
        let room = RoomKey::channel("c");
        let first = namespace.sent(&id("a"), &room);
        let second = namespace.sent(&id("b"), &room);
        assert!(!namespace.vacant(&room, first));
        assert!(namespace.vacant(&room, second));
    }

    #[test]
    fn somebody_in_two_channels_is_online_once_until_both_are_left() {
        let mut namespace = entered(&["a"]);
        let (c, d): (Arc<str>, Arc<str>) = ("c".into(), "d".into());
        namespace.occupancy(&c, &id("a"), true, 1);
        namespace.occupancy(&d, &id("a"), true, 1);
        assert_eq!(namespace.online(), 1);
        namespace.occupancy(&c, &id("a"), false, 0);
        assert_eq!(namespace.online(), 1);
        assert_eq!(namespace.channel_count(), 1);
        namespace.occupancy(&d, &id("a"), false, 0);
        assert_eq!(namespace.online(), 0);
    }
}
