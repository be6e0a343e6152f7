//! leave-channel and leave-room: seats are given up, and those who stay are told (contract 3).
//! Knows no seat itself: the session lists what it holds, the room decides.

use std::sync::Arc;

use dondo_actors::{
    event_template::EventTemplate,
    id::{ChannelScope, Kind},
    state::audience::LeaveScope,
};

use super::{
    super::contract::target, Begun, Caller, Done, Fault, Payload, Place, RoomTarget, Success,
    render, rights,
};
use crate::config::RoomScope;

/// leave-channel. A member's rooms of that channel go first: they are parts of it.
pub(super) fn channel(
    caller: &Caller<'_>,
    channel: Option<Arc<str>>,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    let channel = match channel {
        Some(channel) => channel,
        None => target::channel_to_leave(&caller.channels())?,
    };
    let place = Place::Channel(channel.clone());
    if caller.member().tags(&place.key()).is_some() {
        let tag: ChannelScope = Some(channel);
        for (room, tags) in caller.member().rooms(Kind::Room) {
            if tags.has(&tag) {
                let which = LeaveScope::Exactly(tag.clone());
                // Told with the source given at joining. Queued by the call; nobody needs its answer.
                drop(caller.member().leave(room, which, None));
            }
        }
    }
    let announce = render::left(payload, &place, &caller.stamp());
    Ok(give_up(caller, place, LeaveScope::All, announce))
}

/// leave-room.
pub(super) fn room(
    caller: &Caller<'_>,
    mut target: RoomTarget,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    let scope = caller.settings.room_scope;
    if scope == RoomScope::Strict {
        target = target.under_only(&caller.channels());
    }
    let which = match caller.tag(target.channel.as_ref())? {
        None => LeaveScope::All,
        Some(channel) if scope == RoomScope::Strict => LeaveScope::Exactly(Some(channel)),
        Some(channel) => LeaveScope::Matching(channel),
    };
    let seats = which.of(&caller.held(&target.room)).count();
    let place = Place::Room(target);
    let announce = match scope {
        RoomScope::Flat => render::left(payload, &place, &caller.stamp()),
        RoomScope::Match | RoomScope::Strict => {
            render::left_seats(payload, &place, seats, &caller.stamp())
        }
    };
    Ok(give_up(caller, place, which, announce))
}

fn give_up(
    caller: &Caller<'_>,
    place: Place,
    which: LeaveScope,
    announce: EventTemplate,
) -> impl Begun {
    let own = caller.member().id().clone();
    let tag = place.channel().filter(|_| place.room().is_some());
    let told = rights::sees(caller, &place, &tag.map(Arc::from));
    let leaving = caller.member().leave(place.key(), which, Some(announce));
    async move {
        let done = Done::Left(leaving.await.gone);
        let done = rights::as_seen(told, done, &own);
        Ok(Success { place, done })
    }
}
