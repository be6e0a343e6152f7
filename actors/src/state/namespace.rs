//! A namespace's decisions: who is in it, which rooms each was sent to, and who is online in channels.
//! Knows no actor, no clock, no wire.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use crate::{
    id::{Kind, LocalId, MemberId, RoomKey, WorkerId},
    state::ledger::{Kept, Ledger},
};

/// Where a member is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedMember {
    /// Its worker.
    pub worker: WorkerId,
    /// Its place at that worker's courier.
    pub local_id: LocalId,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
}

/// All that a namespace is, besides the addresses of its rooms.
#[derive(Default)]
pub struct NamespaceState {
    members: Ledger<MemberId, ConnectedMember>,
    sent: Ledger<(MemberId, RoomKey), u64>,
    rooms: Ledger<RoomKey, u64>,
    channels: Ledger<Arc<str>, usize>,
    online: Ledger<MemberId, usize>,
    joins: Kept<u64>,
    by_size: BTreeSet<(Reverse<usize>, Arc<str>)>,
}

impl NamespaceState {
    /// A member came in.
    pub fn enter(&mut self, member: MemberId, connected: ConnectedMember) {
        self.members.put(member, connected);
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

    /// A member is being sent to a room; the number of this join, or `None` for a stranger.
    pub fn send(&mut self, member: &MemberId, room: &RoomKey) -> Option<u64> {
        self.members.get(member)?;
        let number = *self.joins.get() + 1;
        self.joins.set(number);
        self.sent.put((member.clone(), room.clone()), number);
        self.rooms.put(room.clone(), number);
        Some(number)
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
            .from(&(member.clone(), least))
            .take_while(|((id, _), _)| id == member)
            .map(|((_, room), _)| room.clone())
            .collect();
        for room in &rooms {
            self.sent.remove(&(member.clone(), room.clone()));
        }
        rooms
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
            more => self.online.put(member.clone(), more),
        }
        if let Some(&before) = self.channels.get(channel) {
            self.by_size.remove(&(Reverse(before), channel.clone()));
        }
        if count == 0 {
            self.channels.remove(channel);
        } else {
            self.channels.put(channel.clone(), count);
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

    /// Keeps the changes of the present message.
    pub fn commit(&mut self) {
        self.members.commit();
        self.sent.commit();
        self.rooms.commit();
        self.channels.commit();
        self.online.commit();
        self.joins.commit();
    }

    /// Takes the changes of the present message back.
    pub fn rollback(&mut self) {
        self.members.rollback();
        self.sent.rollback();
        self.rooms.rollback();
        if self.channels.rollback() {
            let channels = self.channels.iter();
            let by_size = channels.map(|(name, count)| (Reverse(*count), name.clone()));
            self.by_size = by_size.collect();
        }
        self.online.rollback();
        self.joins.rollback();
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
                account: None,
            };
            namespace.enter(id(name), connected);
        }
        namespace
    }

    #[test]
    fn a_stranger_or_one_who_is_gone_is_sent_nowhere() {
        let mut namespace = entered(&["a"]);
        assert!(namespace.send(&id("b"), &RoomKey::room("r")).is_none());
        namespace.gone(&id("a"));
        assert!(namespace.send(&id("a"), &RoomKey::room("r")).is_none());
    }

    #[test]
    fn a_stale_unseat_does_not_hide_a_later_join_from_a_disconnect() {
        let mut namespace = entered(&["a", "b"]);
        let room = RoomKey::room("r");
        let first = namespace.send(&id("a"), &room).unwrap();
        namespace.send(&id("a"), &room).unwrap();
        namespace.unseated(&id("a"), &room, first);
        assert_eq!(namespace.gone(&id("a")), std::slice::from_ref(&room));
        let only = namespace.send(&id("b"), &room).unwrap();
        namespace.unseated(&id("b"), &room, only);
        assert!(namespace.gone(&id("b")).is_empty());
    }

    #[test]
    fn a_room_with_a_join_under_way_is_not_let_go() {
        let mut namespace = entered(&["a", "b"]);
        let room = RoomKey::channel("c");
        let first = namespace.send(&id("a"), &room).unwrap();
        let second = namespace.send(&id("b"), &room).unwrap();
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
