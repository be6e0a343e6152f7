//! Messages: any event that is not reserved goes to the channel of its name, notify-room to a room (contract 3).
//! Knows no recipient: the room counts them.

use std::sync::Arc;

use dondo_actors::{id::ChannelScope, session::NotifyRequest};

use super::{
    Begun, Caller, Done, Fault, Payload, Place, RoomTarget, Success, join, render, rights,
    slow_mode,
};
use crate::tokens::Right;

/// A channel message.
pub(super) fn to_channel(
    caller: &Caller<'_>,
    channel: Arc<str>,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    let place = Place::Channel(channel);
    rights::allow(caller, Right::Send, &place, &None)?;
    let turn = slow_mode::take_turn(caller, &place)?;
    join::name_seat(caller, &place, payload);
    let notified = notify(caller, place, None, payload);
    Ok(async move {
        let notified = notified.await;
        if let Some(turn) = turn.filter(|_| notified.is_err()) {
            turn.give_back();
        }
        notified
    })
}

/// notify-room.
pub(super) fn to_room(
    caller: &Caller<'_>,
    target: RoomTarget,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    let target = target.under_only(&caller.channels());
    let tag = caller.tag(target.channel.as_ref())?;
    let place = Place::Room(target);
    rights::allow(caller, Right::Send, &place, &tag)?;
    Ok(notify(caller, place, tag, payload))
}

fn notify(caller: &Caller<'_>, place: Place, tag: ChannelScope, payload: &Payload) -> impl Begun {
    let asked = NotifyRequest {
        room: place.key(),
        tag,
        echo: caller.settings.echo,
        seat_needed: caller.settings.require_join_to_send,
    };
    let told = rights::sees(caller, &place, &asked.tag);
    let own = caller.member().id().clone();
    let content = render::message(payload, &place, &caller.stamp());
    let telling = caller.member().notify(asked, content);
    async move {
        let done = Done::Notified(telling.await?.recipients);
        let done = rights::as_seen(told, done, &own);
        Ok(Success { place, done })
    }
}
