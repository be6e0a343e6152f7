//! join-channel and join-room: a seat, and everybody there is told (contract 3).
//! Knows no seat itself: the room decides.

use bytes::Bytes;
use dondo_actors::{
    event,
    id::{ChannelScope, RoomKey},
    session::JoinRequest,
    state::room::RoomOptions,
};

use super::{
    super::{
        contract::{
            fault::{Code, Fault},
            history,
            name::{self, Named},
            payload::Use,
            room_options::{Access, AskedOptions},
            target,
        },
        render::{RoomTerms, presence},
    },
    Place, Request,
};
use crate::config::DefaultAccess;

/// join-channel.
pub(crate) async fn channel(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let channel = target::channel_to_join(&payload, request.rules())?;
    request.not_an_event(&channel)?;
    let key = RoomKey::channel(channel.clone());
    request.place_for(&key, &None)?;
    let history = history::asked(&payload)?;
    let place = Place {
        room: None,
        channel: Some(channel.clone()),
    };
    let joining = request.member().join(JoinRequest {
        room: key,
        tag: None,
        user: request.user(&payload),
        options: RoomOptions::default(),
        announce: Some(request.announce(&payload, &place)),
        leave_event: Some(request.leave_event(&payload, &place)),
        history,
    });
    drop(payload);
    let joined = joining.await?;
    let (users, complete) = presence::users(&joined);
    let mut ack = request.success();
    ack.channel = Some(&channel);
    ack.online_users = Some(joined.count);
    ack.already = Some(joined.already);
    ack.history = joined.replayed.as_ref().map(Into::into);
    ack.users = users.as_deref();
    ack.truncated = (!complete).then_some(true);
    Ok(ack.answer())
}

/// join-room.
pub(crate) async fn room(request: &Request) -> Result<Bytes, Fault> {
    let payload = request.payload(Use::Command)?;
    let target = target::room(&payload, &request.channels(), request.rules())?;
    let tag = request.tag(target.channel.as_ref())?;
    if let Some(channel) = &target.channel {
        request.not_an_event(channel)?;
    }
    if request.settings().require_channel_for_room {
        in_its_channel(request, &target.channel)?;
    }
    let key = RoomKey::room(target.room.clone());
    request.place_for(&key, &tag)?;
    let options = options(request, AskedOptions::read(&payload)?)?;
    let history = history::asked(&payload)?;
    let place = Place {
        room: Some(target.room.clone()),
        channel: target.channel.clone(),
    };
    let joining = request.member().join(JoinRequest {
        room: key,
        tag,
        user: request.user(&payload),
        options,
        announce: Some(request.announce(&payload, &place)),
        leave_event: Some(request.leave_event(&payload, &place)),
        history,
    });
    drop(payload);
    let joined = joining.await?;
    let (users, complete) = presence::users(&joined);
    let mut ack = request.success();
    ack.channel = target.channel.as_deref();
    ack.room = Some(&target.room);
    ack.online_users = Some(joined.count);
    ack.already = Some(joined.already);
    ack.terms = Some(RoomTerms::new(&joined.terms));
    ack.history = joined.replayed.as_ref().map(Into::into);
    ack.users = users.as_deref();
    ack.truncated = (!complete).then_some(true);
    Ok(ack.answer())
}

fn in_its_channel(request: &Request, channel: &ChannelScope) -> Result<(), Fault> {
    let Some(channel) = channel else {
        return Err(Fault::new(
            Code::MissingChannel,
            "nothing names the room's channel, which the setting require_channel_for_room asks for",
        ));
    };
    match request.member().tags(&RoomKey::channel(channel.clone())) {
        Some(_) => Ok(()),
        None => Err(Fault::new(
            Code::NotMember,
            "join the room's channel first, as the setting require_channel_for_room asks",
        )),
    }
}

/// What the maker of a room asks for, in the core's words.
fn options(request: &Request, room_options: AskedOptions) -> Result<RoomOptions, Fault> {
    let access = match room_options.access {
        None => None,
        Some(Access::Open) => Some(event::Access::Open),
        Some(Access::Invite) => Some(event::Access::Invite),
        Some(Access::Token) => {
            return Err(Fault::new(
                Code::Forbidden,
                "rooms by token need a key to check tokens with, and this hub has none configured",
            ));
        }
    };
    let default_access = match request.settings().rooms_default_access {
        DefaultAccess::Open => event::Access::Open,
        DefaultAccess::Invite => event::Access::Invite,
    };
    let namespace = request.member().namespace();
    let namespace_config = request.member().hub().namespace_config(namespace);
    let limit =
        namespace_config.map_or(0, |namespace_config| namespace_config.settings.invites_max);
    if room_options.invite.len() > limit {
        return Err(Fault::new(
            Code::LimitReached,
            format!("a room keeps {limit} invitations"),
        ));
    }
    for guest in &room_options.invite {
        name::check(Named::Other, guest, request.settings().name_bytes_max)?;
    }
    Ok(RoomOptions {
        capacity: room_options
            .capacity
            .and_then(|seats| usize::try_from(seats).ok()),
        access,
        default_access,
        invite: room_options.invite,
    })
}
