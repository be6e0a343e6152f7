//! Messages: any event that is not reserved goes to the channel of its name, notify-room to a room (contract 3).
//! Knows no recipient: the room counts them.

use bytes::Bytes;
use dondo_actors::{
    id::{ChannelScope, RoomKey},
    letter::Content,
    session::NotifyRequest,
};

use super::{
    super::contract::{fault::Fault, normal_form, payload::Use, target},
    Request,
};

/// A channel message.
pub(crate) async fn to_channel(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Message)?;
    let channel = target::channel_of_message(request.event(), &payload, request.rules())?;
    let event = channel.clone();
    let content = normal_form::compose(event, &payload, None, Some(&channel), &request.stamp());
    drop(payload);
    let key = RoomKey::channel(channel.clone());
    let recipients = notify(request, key, None, content).await?;
    let mut ack = request.success();
    ack.channel = Some(&channel);
    ack.recipients = Some(recipients);
    Ok(ack.answer())
}

/// notify-room.
pub(crate) async fn to_room(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Message)?;
    let target = target::room(&payload, &request.channels(), request.rules())?;
    let tag = request.tag(target.channel.as_ref())?;
    let channel = target.channel.as_deref();
    let event = request.event().into();
    let content = normal_form::compose(
        event,
        &payload,
        Some(&target.room),
        channel,
        &request.stamp(),
    );
    drop(payload);
    let key = RoomKey::room(target.room.clone());
    let recipients = notify(request, key, tag, content).await?;
    let mut ack = request.success();
    ack.channel = target.channel.as_deref();
    ack.room = Some(&target.room);
    ack.recipients = Some(recipients);
    Ok(ack.answer())
}

async fn notify(
    request: &Request,
    room: RoomKey,
    tag: ChannelScope,
    content: Content,
) -> Result<usize, Fault> {
    let asked = NotifyRequest {
        room,
        tag,
        echo: request.settings().echo,
        seat_needed: request.settings().require_join_to_send,
    };
    let answer = request.member().notify(asked, content).await?;
    Ok(answer.recipients)
}
