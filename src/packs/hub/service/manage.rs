//! invite-room, kick-room and lock-room: what a room's owner may ask for (contract 3, private rooms).
//! Knows no owner: the room does.

use dondo_actors::message::{self, Action};

use super::{Begun, Caller, Done, Fault, Payload, Place, RoomTarget, Success, render};
use crate::config::RoomScope;

/// Has the room carry the action out at the owner's address, which is the channel that it names, else the sender's own; the
/// members there are told.
pub(super) fn manage(
    caller: &Caller<'_>,
    mut target: RoomTarget,
    action: Action,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    if target.channel.is_none() && caller.settings.room_scope != RoomScope::Flat {
        let held = caller.held(&target.room);
        let only = held.iter().next().filter(|_| held.len() == 1);
        target = match only {
            Some(only) => RoomTarget {
                channel: only.clone(),
                ..target
            },
            None => target.under_only(&caller.channels()),
        };
    }
    let tag = caller.tag(target.channel.as_ref())?;
    let event = match action {
        Action::Invite(_) => "invite-room",
        Action::Kick(_) => "kick-room",
        Action::Lock(_) => "lock-room",
    };
    let place = Place::Room(target);
    let announce = render::managed(event, payload, &place, &caller.stamp());
    let command = message::Command { tag, action };
    let managing = caller.member().manage(place.key(), command, Some(announce));
    Ok(async move {
        managing.await?;
        Ok(Success {
            place,
            done: Done::Managed,
        })
    })
}
