//! What tests see of a room.

use super::Room;
use crate::{
    id::{ChannelScope, MemberId},
    letter::Content,
    state::{
        local_room::{Effect, Recipients},
        room::RoomBytes,
        roster::Membership,
    },
    testing::inspect::{RoomView, SeatRecord},
};
/// What a world sees of a room.
pub(crate) fn view(room: &Room) -> RoomView {
    let seat = |(member, membership): (&MemberId, &Membership)| {
        let place = room.local.place(member)?;
        let record = SeatRecord::new(
            place.worker,
            place.local_id,
            room.links.id,
            &membership.tags,
        );
        Some((member.clone(), record))
    };
    let seats = room.state.roster().iter().filter_map(seat).collect();
    RoomView {
        seats,
        watchers: room.links.watchers.len(),
        offset: room.state.standing().position.offset,
        faults: faults(room),
    }
}

/// Each address that is occupied has one policy and an owner who is seated there, and no other address has.
fn faults(room: &Room) -> Vec<String> {
    let state = &room.state;
    let mut faults = Vec::new();
    let fault = |what: &str, tag: &ChannelScope| format!("{:?} {tag:?} {what}", state.key());
    for (tag, _) in state.policies() {
        if state.owner(tag).is_none() {
            faults.push(fault("has a policy and nobody", tag));
        }
    }
    for (_, membership) in state.roster().iter() {
        for tag in membership
            .tags
            .iter()
            .filter(|&tag| state.policy(tag).is_none())
        {
            faults.push(fault("is occupied and has no policy", tag));
        }
    }
    for (member, _) in state.roster().iter() {
        if room.local.place(member).is_none() {
            faults.push(format!(
                "{:?}: {member} is a member that nobody serves",
                state.key()
            ));
        }
    }
    if state.roster().is_empty() && state.bytes() != RoomBytes::default() {
        faults.push(fault("is empty and holds bytes", &None));
    }
    faults
}

impl Room {
    pub(super) fn trace(&self, effect: &Effect) {
        use crate::testing::trace::{Fact, note};
        let room = self.links.id;
        match effect {
            Effect::MirrorJoin { place, seat } => {
                note(|| Fact::Seated {
                    room,
                    key: self.state.key().clone(),
                    local_id: place.local_id,
                    tags: seat.tags.clone(),
                });
            }
            Effect::MirrorLeave { place, .. } => note(|| Fact::Unseated {
                room,
                local_id: place.local_id,
            }),
            Effect::Tell { to, content } => self.trace_letter(to, content, false),
            Effect::Joined(..) | Effect::Left { .. } => {}
        }
    }

    pub(super) fn trace_letter(&self, to: &Recipients, content: &Content, said: bool) {
        use crate::testing::trace::{self, Fact, note};
        note(|| Fact::Letter {
            room: self.links.id,
            key: self.state.key().clone(),
            to: match to {
                Recipients::Matching { tag, except, .. } => {
                    trace::Recipients::Matching(tag.clone(), *except)
                }
                Recipients::One(place) => trace::Recipients::One(place.local_id),
            },
            content: content.clone(),
            offset: self.state.standing().position.offset,
            said,
        });
    }
}
