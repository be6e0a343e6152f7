//! A member's own view of its seats: those it was told of, and those it will have when what it asked for is done.
//! Knows no queue: it is told what was asked, in order, and what was answered.

use std::collections::BTreeMap;

use crate::{
    error::JoinError,
    id::{RoomKey, Tag},
    message::{JoinAnswer, LeaveAnswer},
    post::{Post, WeakPost},
    room::Room,
    state::audience::{Tags, Which},
};

/// See the module.
#[derive(Default)]
pub(super) struct Seats {
    held: BTreeMap<RoomKey, Held>,
    pending: Vec<(RoomKey, Change)>,
    /// Up to which join a seat was taken away, while an answer to a join may still be on its way.
    kicked: BTreeMap<RoomKey, u64>,
}

struct Held {
    tags: Tags,
    number: u64,
    way: WeakPost<Room>,
}

enum Change {
    Join(Tag),
    Leave(Which),
}

impl Change {
    fn apply(&self, tags: Tags) -> Tags {
        match self {
            Self::Join(tag) => tags.with(tag),
            Self::Leave(which) => which
                .of(&tags)
                .fold(tags.clone(), |kept, tag| kept.without(tag)),
        }
    }
}

impl Seats {
    /// A seat was asked for.
    pub(super) fn ask(&mut self, room: RoomKey, tag: Tag) {
        self.pending.push((room, Change::Join(tag)));
    }

    /// It was asked to give seats up.
    pub(super) fn give_up(&mut self, room: RoomKey, which: Which) {
        self.pending.push((room, Change::Leave(which)));
    }

    /// The oldest join of a room was answered.
    pub(super) fn joined(&mut self, room: &RoomKey, answer: &Result<JoinAnswer, JoinError>) {
        self.answered(room);
        if let Ok(answer) = answer
            && self
                .kicked
                .get(room)
                .is_none_or(|&last| answer.number > last)
        {
            let JoinAnswer {
                tags,
                number,
                room: way,
                ..
            } = answer.clone();
            self.held.insert(room.clone(), Held { tags, number, way });
        }
        if !self.joining(room) {
            self.kicked.remove(room);
        }
    }

    /// The oldest leave of a room was answered.
    pub(super) fn left(&mut self, room: &RoomKey, answer: &LeaveAnswer) {
        self.answered(room);
        let Some(held) = self.held.get_mut(room) else {
            return;
        };
        held.tags = answer
            .gone
            .iter()
            .fold(held.tags.clone(), |tags, (tag, _)| tags.without(tag));
        if held.tags.is_empty() {
            self.held.remove(room);
        }
    }

    /// Somebody else took the seat away, as of join `number`. The word may come after that of a later join.
    pub(super) fn kicked(&mut self, room: &RoomKey, number: u64) {
        if self
            .held
            .get(room)
            .is_some_and(|held| held.number <= number)
        {
            self.held.remove(room);
        }
        if self.joining(room) {
            self.kicked.insert(room.clone(), number);
        }
    }

    /// The tags in a room once all that was asked for is done.
    pub(super) fn expected(&self, room: &RoomKey) -> Option<Tags> {
        let held = self
            .held
            .get(room)
            .map(|held| held.tags.clone())
            .unwrap_or_default();
        let changes = self.pending.iter().filter(|(key, _)| key == room);
        let tags = changes.fold(held, |tags, (_, change)| change.apply(tags));
        (!tags.is_empty()).then_some(tags)
    }

    /// All rooms with a seat, as in [`Seats::expected`].
    pub(super) fn all_expected(&self) -> impl Iterator<Item = (RoomKey, Tags)> + '_ {
        let held = self.held.iter();
        let mut seats: BTreeMap<&RoomKey, Tags> =
            held.map(|(key, held)| (key, held.tags.clone())).collect();
        for (key, change) in &self.pending {
            let tags = seats.entry(key).or_default();
            *tags = change.apply(std::mem::take(tags));
        }
        seats
            .into_iter()
            .filter(|(_, tags)| !tags.is_empty())
            .map(|(key, tags)| (key.clone(), tags))
    }

    /// The way to a room with a seat, while it lives.
    pub(super) fn way(&self, room: &RoomKey) -> Option<Post<Room>> {
        self.held.get(room).and_then(|held| held.way.upgrade())
    }

    fn answered(&mut self, room: &RoomKey) {
        if let Some(at) = self.pending.iter().position(|(key, _)| key == room) {
            self.pending.remove(at);
        }
    }

    fn joining(&self, room: &RoomKey) -> bool {
        self.pending
            .iter()
            .any(|(key, change)| key == room && matches!(change, Change::Join(_)))
    }
}
