//! A member's own view of its seats: those it was told of, and those it will have when what it asked for is done.
//! Knows no queue: it is told what was asked, in order, and what was answered.

use std::collections::BTreeMap;

use crate::{
    account::Charge,
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
    /// Up to which join which tags were taken away, while an answer to a join may still be on its way.
    kicked: BTreeMap<RoomKey, Vec<(u64, Tags)>>,
}

struct Held {
    tags: Tags,
    number: u64,
    way: WeakPost<Room>,
    /// What the room keeps for it.
    _kept: Charge,
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
    pub(super) fn joined(
        &mut self,
        room: &RoomKey,
        answer: &Result<JoinAnswer, JoinError>,
        kept: Charge,
    ) {
        self.answered(room);
        if let Ok(JoinAnswer {
            tags,
            number,
            room: way,
            ..
        }) = answer.clone()
        {
            let kicks = self.kicked.get(room).into_iter().flatten();
            let later = kicks.filter(|(last, _)| number <= *last);
            let tags = later.fold(tags, |tags, (_, gone)| without(&tags, gone));
            match tags.is_empty() {
                true => drop(self.held.remove(room)),
                false => drop(self.held.insert(
                    room.clone(),
                    Held {
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

    /// Somebody else took tags of the seat away, as of join `number`. The word may come after that of a later join.
    pub(super) fn kicked(&mut self, room: &RoomKey, number: u64, gone: &Tags) {
        if let Some(held) = self.held.get_mut(room)
            && held.number <= number
        {
            held.tags = without(&held.tags, gone);
            if held.tags.is_empty() {
                self.held.remove(room);
            }
        }
        if self.joining(room) {
            let kicks = self.kicked.entry(room.clone()).or_default();
            kicks.push((number, gone.clone()));
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

fn without(tags: &Tags, gone: &Tags) -> Tags {
    gone.iter()
        .fold(tags.clone(), |kept, tag| kept.without(tag))
}
