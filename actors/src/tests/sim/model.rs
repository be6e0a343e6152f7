//! What ought to be: who has which seat by the answers, and what was said. Knows no actor.

use std::collections::{BTreeMap, BTreeSet};

use super::events::Move;
use crate::{
    id::{ChannelScope, LocalId, MemberId, RoomKey},
    state::audience::Scopes,
    testing::Poison,
};

/// What one letter was and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct ClientPacket {
    pub(crate) by: usize,
    pub(crate) to: Whom,
    /// What it makes panic.
    pub(crate) poison: Option<Poison>,
    /// How many facts there were when it was said, and when it was answered.
    pub(crate) from: usize,
    pub(crate) until: Option<usize>,
    pub(crate) answer: Option<Result<usize, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Room(RoomKey),
    Rooms {
        rooms: Option<Vec<RoomKey>>,
        except: Vec<RoomKey>,
        echo: bool,
    },
    Player(usize),
}

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    pub(crate) id: MemberId,
    pub(crate) local_id: LocalId,
    /// It hung up, was panicked, or reads too slowly: what it has is a beginning of what was for it.
    pub(crate) gone: bool,
}

/// The model.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) players: Vec<Player>,
    /// Seats by the answers that players got.
    pub(crate) seats: BTreeMap<(usize, RoomKey), Scopes>,
    /// Tags that an owner may have taken: only the room knows.
    pub(crate) kicked: BTreeSet<(usize, RoomKey, ChannelScope)>,
    /// Joins that took a seat and leaves that gave one up, by the answers.
    pub(crate) moves: BTreeMap<(usize, Move), usize>,
    /// Players that were told of a failure: what became of what they asked only the room knows.
    pub(crate) unsure: BTreeSet<usize>,
    pub(crate) letters: BTreeMap<(usize, u64), ClientPacket>,
    pub(crate) faults: Vec<String>,
    /// What is wrong if the player lives to the end.
    pub(crate) suspicions: Vec<(usize, String)>,
    pub(crate) story: Vec<String>,
    /// Whether all presence events that were due have come.
    pub(crate) settled_presence: bool,
}

impl Model {
    pub(crate) fn joined(&mut self, player: usize, room: RoomKey, tag: &ChannelScope) {
        let tags = self.seats.entry((player, room)).or_default();
        *tags = tags.with(tag);
    }

    pub(crate) fn moved(&mut self, player: usize, what: Move) {
        *self.moves.entry((player, what)).or_default() += 1;
    }

    pub(crate) fn left(&mut self, player: usize, room: RoomKey, gone: &[(ChannelScope, usize)]) {
        for (tag, _) in gone {
            self.moved(player, Move::Leave(room.clone(), tag.clone()));
        }
        let Some(tags) = self.seats.get(&(player, room.clone())) else {
            return;
        };
        let kept = gone.iter().fold(tags.clone(), |tags, (tag, _)| {
            tags.without_all(|t| t == tag)
        });
        if kept.is_empty() {
            self.seats.remove(&(player, room));
        } else {
            self.seats.insert((player, room), kept);
        }
    }

    pub(crate) fn suspect(&mut self, player: usize, fault: String) {
        self.suspicions.push((player, fault));
    }

    pub(crate) fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// What a player's tags in a room may be, as texts: those that an owner may have taken are there or not.
    pub(crate) fn possible(&self, player: usize, room: &RoomKey) -> BTreeSet<Option<String>> {
        let tags = match self.seats.get(&(player, room.clone())) {
            Some(tags) if !self.players[player].gone => tags.clone(),
            _ => Scopes::default(),
        };
        let mut possible = vec![tags.clone()];
        for tag in tags.iter() {
            if self.kicked.contains(&(player, room.clone(), tag.clone())) {
                let without: Vec<_> = possible
                    .iter()
                    .map(|tags| tags.without_all(|t| t == tag))
                    .collect();
                possible.extend(without);
            }
        }
        let text = |tags: Scopes| {
            (!tags.is_empty()).then(|| format!("{:?}", tags.iter().collect::<Vec<_>>()))
        };
        possible.into_iter().map(text).collect()
    }
}
