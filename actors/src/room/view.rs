//! What a world sees of a room.

use super::{Effect, For, Room};
use crate::{
    id::{ChannelScope, MemberId},
    state::room::{RoomBytes, RoomState},
    testing::inspect::{RoomView, SeatRecord},
};

/// What a world sees of a room.
pub(crate) fn view(room: &Room) -> RoomView {
    let seat = |(member, seat): (&MemberId, &crate::state::roster::Seat)| {
        let record = SeatRecord::new(seat.worker, seat.local_id, room.links.id, &seat.tags);
        (member.clone(), record)
    };
    let seats = room.state.roster().iter().map(seat).collect();
    RoomView {
        seats,
        offset: room.state.position().offset,
        faults: faults(&room.state),
    }
}

/// Each address that is occupied has one policy and an owner who is seated there, and no other address has.
fn faults(state: &RoomState) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault =
        |what: &str, tag: &ChannelScope| faults.push(format!("{:?} {tag:?} {what}", state.key()));
    for (tag, policy) in state.policies() {
        match state.roster().get(&policy.owner) {
            Some(seat) if seat.tags.has(tag) => {}
            _ => fault("is owned by one who is not there", tag),
        }
    }
    for (_, seat) in state.roster().iter() {
        for tag in seat.tags.iter().filter(|&tag| state.policy(tag).is_none()) {
            fault("is occupied and has no policy", tag);
        }
    }
    if state.roster().is_empty() && state.bytes() != RoomBytes::default() {
        fault("is empty and holds bytes", &None);
    }
    faults
}

impl Room {
    pub(super) fn trace(&self, effect: &Effect) {
        use crate::testing::trace::{Fact, Recipients, note};
        let room = self.links.id;
        match effect {
            Effect::Seat { seat, .. } => {
                note(|| Fact::Seated {
                    room,
                    key: seat.key.clone(),
                    local_id: seat.local_id,
                    tags: seat.tags.clone(),
                });
            }
            Effect::Unseat { unseat, .. } => note(|| Fact::Unseated {
                room,
                local_id: unseat.local_id,
            }),
            Effect::Letter {
                audience,
                draft,
                receipt,
                ..
            } => note(|| {
                let to = match audience {
                    For::All { tag, except } => Recipients::Matching(tag.clone(), *except),
                    For::One { local_id, .. } => Recipients::One(*local_id),
                };
                let (content, said) = (draft.content.clone(), receipt.is_some());
                Fact::Letter {
                    room,
                    key: self.state.key().clone(),
                    to,
                    content,
                    offset: self.state.position().offset,
                    said,
                }
            }),
            Effect::Up(_) => {}
        }
    }
}
