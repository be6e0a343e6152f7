//! What a namespace tells of itself: its rooms by their names, and how many of all there are. It asks no room.

use std::ops::Bound;

use super::Namespace;
use crate::{
    id::{Kind, RoomKey},
    message::{NamespaceCounts, RoomNames, Survey, SurveyRequest},
};

impl Namespace {
    pub(super) fn survey(&self, survey: Survey) {
        match survey {
            Survey::Rooms(asked, reply) => reply.send(self.room_names(&asked)),
            Survey::Largest(limit, reply) => reply.send(self.largest(limit)),
            Survey::Counts(reply) => reply.send(self.counts()),
        }
    }

    fn room_names(&self, asked: &SurveyRequest) -> RoomNames {
        let key = |name| RoomKey {
            kind: asked.kind,
            name,
        };
        let from = match &asked.after {
            Some(name) => Bound::Excluded(key(name.clone())),
            None => Bound::Included(key("".into())),
        };
        let mut rooms = self
            .rooms
            .range((from, Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(|key| key.kind == asked.kind)
            .map(|key| match asked.kind {
                Kind::Channel => (key.name.clone(), self.state.channel(&key.name)),
                Kind::Room | Kind::Plain => (key.name.clone(), None),
            });
        let names: Vec<_> = rooms.by_ref().take(asked.limit).collect();
        RoomNames {
            more: rooms.next().is_some(),
            names,
        }
    }

    fn largest(&self, limit: usize) -> RoomNames {
        let mut channels = self.state.channels();
        let some = channels.by_ref().take(limit);
        let names = some.map(|(name, members)| (name.clone(), Some(members)));
        RoomNames {
            names: names.collect(),
            more: channels.next().is_some(),
        }
    }

    fn counts(&self) -> NamespaceCounts {
        let of = |kind: Kind| self.room_counts[kind as usize];
        NamespaceCounts {
            members: self.state.member_count(),
            online: self.state.online(),
            channels: self.state.channel_count(),
            rooms: of(Kind::Room),
            plain: of(Kind::Plain),
        }
    }
}
