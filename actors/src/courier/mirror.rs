//! A room as one courier knows it: the seats of the members that it serves.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use super::LocalMember;
use crate::{
    id::{ChannelScope, LocalId, RoomKey},
    state::audience::SeatTags,
};

/// See the module.
pub(super) struct Mirror {
    pub(super) key: RoomKey,
    pub(super) namespace: Arc<str>,
    /// In one piece: a letter goes to all of them.
    seats: Vec<(Rc<LocalMember>, SeatTags)>,
    /// Where in `seats` a member's is: many may leave a large room at once.
    places: HashMap<LocalId, usize>,
}

impl Mirror {
    pub(super) fn new(namespace: Arc<str>, key: RoomKey) -> Self {
        Self {
            key,
            namespace,
            seats: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// All seats, in no order.
    pub(super) fn seats(&self) -> &[(Rc<LocalMember>, SeatTags)] {
        &self.seats
    }

    /// Whether a member has a seat that hears what is said under a channel.
    pub(super) fn has(&self, local_id: LocalId, under: &ChannelScope) -> bool {
        let place = self.places.get(&local_id);
        let seat = place.and_then(|place| self.seats.get(*place));
        seat.is_some_and(|(_, seat)| seat.hears(under, false))
    }

    /// A member has a seat with these tags.
    pub(super) fn put(&mut self, served: &Rc<LocalMember>, seat: SeatTags) {
        let place = self.places.get(&served.local_id);
        if let Some((_, held)) = place.and_then(|place| self.seats.get_mut(*place)) {
            *held = seat;
        } else {
            self.places.insert(served.local_id, self.seats.len());
            self.seats.push((served.clone(), seat));
        }
    }

    /// A member has no seat any more. The last one takes its place.
    pub(super) fn remove(&mut self, local_id: LocalId) {
        let Some(place) = self.places.remove(&local_id) else {
            return;
        };
        self.seats.swap_remove(place);
        if let Some((moved, _)) = self.seats.get(place) {
            self.places.insert(moved.local_id, place);
        }
    }
}
