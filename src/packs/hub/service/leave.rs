//! leave-channel and leave-room: seats are given up, and those who stay are told (contract 3).
//! Knows no seat itself: the session lists what it holds, the room decides.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    id::{ChannelScope, Kind, RoomKey},
    state::audience::LeaveScope,
};

use super::{
    super::{
        contract::{fault::Fault, payload::Use, target},
        render::Left,
    },
    Place, Request,
};
use crate::config::RoomScope;

/// leave-channel. A member's rooms of that channel go first: they are parts of it.
pub(crate) async fn channel(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let channel = target::channel_to_leave(&payload, &request.channels(), request.rules())?;
    let key = RoomKey::channel(channel.clone());
    if request.member().tags(&key).is_some() {
        let tag: ChannelScope = Some(channel.clone());
        for (room, tags) in request.member().rooms(Kind::Room) {
            if tags.has(&tag) {
                // Told with the source given at joining. Queued by the call; nobody needs its answer.
                drop(
                    request
                        .member()
                        .leave(room, LeaveScope::Exactly(tag.clone()), None),
                );
            }
        }
    }
    let place = Place {
        room: None,
        channel: Some(channel.clone()),
    };
    let announce = request.announce(&payload, &place);
    let leaving = request.member().leave(key, LeaveScope::All, Some(announce));
    drop(payload);
    let left = leaving.await;
    let mut ack = request.success();
    ack.channel = Some(&channel);
    ack.online_users = left.gone.first().map(|(_, count)| *count);
    ack.already = Some(left.gone.is_empty());
    Ok(ack.answer())
}

/// leave-room.
pub(crate) async fn room(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let strict = request.settings().room_scope == RoomScope::Strict;
    let target = match strict {
        true => target::room(&payload, &request.channels(), request.rules())?,
        false => target::room_to_leave(&payload, request.rules())?,
    };
    let tag = request.tag(target.channel.as_ref())?;
    let which = match &tag {
        None => LeaveScope::All,
        Some(_) if strict => LeaveScope::Exactly(tag),
        Some(channel) => LeaveScope::Matching(channel.clone()),
    };
    let key = RoomKey::room(target.room.clone());
    let announce = match request.settings().room_scope {
        RoomScope::Flat => {
            let place = Place {
                room: Some(target.room.clone()),
                channel: target.channel.clone(),
            };
            request.announce(&payload, &place)
        }
        RoomScope::Match | RoomScope::Strict => {
            let held = request.member().tags(&key).unwrap_or_default();
            request.announce_each(&payload, &target.room, which.of(&held).count())
        }
    };
    let leaving = request.member().leave(key, which, Some(announce));
    drop(payload);
    let gone = leaving.await.gone;
    let left = seats(&target.room, &gone);
    let mut ack = request.success();
    ack.channel = target.channel.as_deref();
    ack.room = Some(&target.room);
    // Of several seats, the most that any still shares; `left` has each.
    ack.online_users = gone.iter().map(|(_, count)| *count).max();
    ack.already = Some(gone.is_empty());
    ack.left = Some(&left);
    Ok(ack.answer())
}

fn seats<'a>(room: &'a Arc<str>, gone: &'a [(ChannelScope, usize)]) -> Vec<Left<'a>> {
    let seats = gone.iter().map(|(tag, count)| Left {
        room,
        channel: tag.as_deref(),
        online_users: *count,
    });
    seats.collect()
}
