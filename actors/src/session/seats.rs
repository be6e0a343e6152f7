//! A member's own view of its seats: those it was told of, and those it will have when what it asked for is done.
//! Knows no queue: it is told what was asked, in order, and what was answered.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    account::Charge,
    error::JoinError,
    id::{ChannelScope, Kind, RoomKey},
    mailbox::{Mailbox, WeakMailbox},
    message::{JoinAnswer, LeaveAnswer, ToRoom},
    state::audience::{LeaveScope, Scopes},
};

/// See the module.
#[derive(Default)]
pub(super) struct Seats {
    held: BTreeMap<RoomKey, HeldSeat>,
    pending: Vec<(RoomKey, SeatChange)>,
    /// What `held` will be once `pending` is done; a room without tags is not in it. Kept, not computed when asked:
    /// every request of a client asks, with many others of its own under way.
    expected: BTreeMap<RoomKey, Scopes>,
    /// Channels that none of its joins named a user in, as far as it is known while they are under way.
    unnamed: BTreeSet<RoomKey>,
    /// Up to which join which tags were taken away, while an answer to a join may still be on its way.
    kicked: BTreeMap<RoomKey, Vec<(u64, Scopes)>>,
}

struct HeldSeat {
    tags: Scopes,
    number: u64,
    way: WeakMailbox<ToRoom>,
    /// What the room keeps for it.
    _kept: Charge,
}

enum SeatChange {
    Join(ChannelScope),
    Leave(LeaveScope),
}

impl SeatChange {
    fn apply(&self, tags: &Scopes) -> Scopes {
        match self {
            Self::Join(tag) => tags.with(tag),
            Self::Leave(which) => tags.without_all(|tag| which.takes(tag)),
        }
    }
}

impl Seats {
    /// A seat was asked for, under a user's name or without one.
    pub(super) fn ask(&mut self, room: RoomKey, tag: ChannelScope, is_named: bool) {
        if is_named {
            self.unnamed.remove(&room);
        } else if room.kind == Kind::Channel && !self.expected.contains_key(&room) {
            self.unnamed.insert(room.clone());
        }
        self.change(room, SeatChange::Join(tag));
    }

    /// It was asked to give seats up.
    pub(super) fn give_up(&mut self, room: RoomKey, which: LeaveScope) {
        self.change(room, SeatChange::Leave(which));
    }

    fn change(&mut self, room: RoomKey, change: SeatChange) {
        let before = self.expected.get(&room).cloned().unwrap_or_default();
        self.expect(&room, change.apply(&before));
        self.pending.push((room, change));
    }

    fn expect(&mut self, room: &RoomKey, tags: Scopes) {
        match tags.is_empty() {
            true => {
                self.expected.remove(room);
                self.unnamed.remove(room);
            }
            false => drop(self.expected.insert(room.clone(), tags)),
        }
    }

    /// The oldest join of a room was answered.
    pub(super) fn joined(
        &mut self,
        room: &RoomKey,
        answer: &Result<JoinAnswer, JoinError>,
        kept: Charge,
    ) {
        let foreseen = self.answered(room);
        if let Ok(JoinAnswer {
            tags,
            number,
            room: way,
            ..
        }) = answer.clone()
        {
            let kicks = self.kicked.get(room).into_iter().flatten();
            let later = kicks.filter(|(last, _)| number <= *last);
            let tags = later.fold(tags, |tags, (_, gone)| {
                tags.without_all(|tag| gone.has(tag))
            });
            match tags.is_empty() {
                true => drop(self.held.remove(room)),
                false => drop(self.held.insert(
                    room.clone(),
                    HeldSeat {
                        tags,
                        number,
                        way,
                        _kept: kept,
                    },
                )),
            }
        }
        if !self.joining(room) {
            self.kicked.remove(room);
        }
        self.settle(room, foreseen);
    }

    /// The oldest leave of a room was answered.
    pub(super) fn left(&mut self, room: &RoomKey, answer: &LeaveAnswer) {
        let foreseen = self.answered(room);
        let gone: BTreeSet<&ChannelScope> = answer.gone.iter().map(|(tag, _)| tag).collect();
        self.take(room, |tag| gone.contains(tag));
        self.settle(room, foreseen);
    }

    /// The oldest leave of a room had nobody to go to: the namespace is gone, and its rooms with it.
    pub(super) fn lost(&mut self, room: &RoomKey) {
        let Some(left) = self.answered(room) else {
            return;
        };
        self.take(room, |tag| !left.has(tag));
        self.settle(room, Some(left));
    }

    /// Somebody else took tags of the seat away, as of join `number`. The word may come after that of a later join.
    pub(super) fn kicked(&mut self, room: &RoomKey, number: u64, gone: &Scopes) {
        if self
            .held
            .get(room)
            .is_some_and(|held| held.number <= number)
        {
            self.take(room, |tag| gone.has(tag));
            self.settle(room, None);
        }
        if self.joining(room) {
            let kicks = self.kicked.entry(room.clone()).or_default();
            kicks.push((number, gone.clone()));
        }
    }

    /// Takes tags of a seat away, and the seat with the last of them.
    fn take(&mut self, room: &RoomKey, gone: impl Fn(&ChannelScope) -> bool) {
        if let Some(held) = self.held.get_mut(room) {
            held.tags = held.tags.without_all(gone);
            if held.tags.is_empty() {
                self.held.remove(room);
            }
        }
    }

    /// A seat is another now. Where it is as `foreseen`, what is expected stays.
    fn settle(&mut self, room: &RoomKey, foreseen: Option<Scopes>) {
        let now = self.now(room);
        if foreseen.as_ref() != Some(&now) {
            let changes = self.pending.iter().filter(|(key, _)| key == room);
            let tags = changes.fold(now, |tags, (_, change)| change.apply(&tags));
            self.expect(room, tags);
        }
    }

    fn now(&self, room: &RoomKey) -> Scopes {
        self.held
            .get(room)
            .map(|held| held.tags.clone())
            .unwrap_or_default()
    }

    /// The tags in a room once all that was asked for is done.
    pub(super) fn expected(&self, room: &RoomKey) -> Option<&Scopes> {
        self.expected.get(room)
    }

    /// Whether there will be a seat in a channel then, and no join gave it a name.
    pub(super) fn unnamed(&self, room: &RoomKey) -> bool {
        self.unnamed.contains(room)
    }

    /// Whether something that was asked of a room is not answered.
    pub(super) fn changes(&self, room: &RoomKey) -> bool {
        self.pending.iter().any(|(key, _)| key == room)
    }

    /// All rooms of a kind with a seat, as in [`Seats::expected`].
    pub(super) fn all_expected(&self, kind: Kind) -> impl Iterator<Item = (&RoomKey, &Scopes)> {
        self.expected
            .iter()
            .filter(move |(key, _)| key.kind == kind)
    }

    /// The way to a room with a seat, while it lives.
    pub(super) fn way(&self, room: &RoomKey) -> Option<Mailbox<ToRoom>> {
        self.held.get(room).and_then(|held| held.way.upgrade())
    }

    /// The oldest of what was asked of a room is answered; gives what the seat is now, if it was done as asked.
    fn answered(&mut self, room: &RoomKey) -> Option<Scopes> {
        let at = self.pending.iter().position(|(key, _)| key == room)?;
        let (_, change) = self.pending.remove(at);
        Some(change.apply(&self.now(room)))
    }

    fn joining(&self, room: &RoomKey) -> bool {
        self.pending
            .iter()
            .any(|(key, change)| key == room && matches!(change, SeatChange::Join(_)))
    }
}

#[cfg(test)]
mod tests;
