//! join-channel and join-room: a seat, and everybody there is told (contract 3).
//! Knows no seat itself: the room decides.

use std::sync::Arc;

use dondo_actors::{
    error::JoinError,
    event,
    id::{ChannelScope, Kind, RoomKey},
    message::HistoryRequest,
    session::JoinRequest,
    state::room::RoomOptions,
};

use super::{
    Begun, Caller, Code, Done, Fault, Payload, Place, RoomTarget, Success, render, rights,
};
use crate::{
    config::{DefaultAccess, RoomScope},
    io::PackSocket,
    packs::hub::{
        AUTH,
        contract::room_options::{Access, AskedOptions},
    },
    tokens::Right,
};

/// join-channel.
pub(super) fn channel(
    caller: &Caller<'_>,
    channel: Arc<str>,
    history: Option<HistoryRequest>,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    not_an_event(caller, &channel)?;
    let place = Place::Channel(channel);
    let history = allowed(caller, &place, &None, history)?;
    place_for(caller, &place.key(), &None)?;
    let options = RoomOptions {
        seats_max: capacity(caller, &place),
        ..RoomOptions::default()
    };
    Ok(seat(caller, place, None, options, history, payload))
}

/// join-room.
pub(super) fn room(
    caller: &Caller<'_>,
    target: RoomTarget,
    options: AskedOptions,
    history: Option<HistoryRequest>,
    payload: &Payload,
) -> Result<impl Begun, Fault> {
    let target = target.under_only(&caller.channels());
    let tag = caller.tag(target.channel.as_ref())?;
    if let Some(channel) = &target.channel {
        not_an_event(caller, channel)?;
    }
    if caller.settings.require_channel_for_room {
        in_its_channel(caller, &target.channel)?;
    }
    let target_room = target.room.clone();
    let place = Place::Room(target);
    let history = allowed(caller, &place, &tag, history)?;
    place_for(caller, &place.key(), &tag)?;
    let has_token = rights::opens(caller, options.token.as_deref(), &target_room, &tag)?;
    let options = in_force(caller, options)?;
    let options = RoomOptions {
        has_token,
        ..options
    };
    Ok(seat(caller, place, tag, options, history, payload))
}

/// The first user that a client names in a channel names its seat, where no join did: those who join as SignalR's clients do
/// say who they are only when they speak.
pub(super) fn name_seat(caller: &Caller<'_>, channel: &Place, payload: &Payload) {
    let is_named = matches!(payload.user_name(), Ok(Some(_)));
    if caller.member().is_unnamed(&channel.key()) && is_named {
        let place = channel.clone();
        // The seat may be one that the channel has not given yet, and may not give.
        let options = RoomOptions {
            seats_max: capacity(caller, &place),
            ..RoomOptions::default()
        };
        // Queued by the call; nobody needs its answer.
        drop(seat(caller, place, None, options, None, payload));
    }
}

fn seat(
    caller: &Caller<'_>,
    place: Place,
    tag: ChannelScope,
    options: RoomOptions,
    history: Option<HistoryRequest>,
    payload: &Payload,
) -> impl Begun {
    let stamp = caller.stamp();
    // A seat in a room may have several channels; the room says which one it is about.
    let by_tag = caller.settings.room_scope != RoomScope::Flat;
    let told = rights::sees(caller, &place, &tag);
    let own = caller.member().id().clone();
    // The account's name where somebody is logged in, else the client's word.
    let name = caller.login.as_ref().map(|login| login.name.clone());
    let user = name.or_else(|| payload.user_name().ok().flatten().map(Arc::from));
    let joining = caller.member().join(JoinRequest {
        room: place.key(),
        tag,
        user,
        options,
        announce: Some(render::joined(payload, &place, &stamp)),
        leave_event: Some(render::gone(payload, &place, by_tag, &stamp)),
        history,
        told,
    });
    async move {
        let joined = joining.await.map_err(|error| match (error, &place) {
            (JoinError::Full { capacity }, Place::Channel(_)) => channel_full(capacity),
            (error, _) => error.into(),
        });
        let done = rights::as_seen(told, Done::Joined(joined?), &own);
        Ok(Success { place, done })
    }
}

fn channel_full(capacity: usize) -> Fault {
    let message = format!("the channel takes {capacity} members (hub.channel-capacity)");
    Fault::new(Code::ChannelFull, message)
}

/// What the client is told of what was said before, if it may join. Who comes back and may not be told is told that something
/// may be missing: clients say by themselves where they were.
fn allowed(
    caller: &Caller<'_>,
    place: &Place,
    tag: &ChannelScope,
    history: Option<HistoryRequest>,
) -> Result<Option<HistoryRequest>, Fault> {
    rights::allow(caller, Right::Join, place, tag)?;
    let is_told = |asked: &HistoryRequest| asked.count > 0 || asked.since.is_some();
    let asked = match history {
        Some(asked) if is_told(&asked) => asked,
        little => return Ok(little),
    };
    match rights::allow(caller, Right::History, place, tag) {
        Ok(()) => Ok(Some(asked)),
        Err(_) if asked.since.is_some() => Ok(Some(HistoryRequest {
            since: None,
            count: 0,
            cut: true,
            ..asked
        })),
        Err(fault) => Err(fault),
    }
}

/// With how many members the client may come into a channel, if there is a limit that holds for it.
fn capacity(caller: &Caller<'_>, place: &Place) -> Option<usize> {
    let key = caller.key(place)?;
    let capacity = caller.limits.capacity(&key)?;
    let moderates = rights::moderates(caller, &key.1);
    (!moderates).then_some(capacity)
}

/// The channel, unless its name was an event of the host's own when the client connected (contract 3.2).
fn not_an_event(caller: &Caller<'_>, channel: &str) -> Result<(), Fault> {
    let is_auth = channel == AUTH && caller.socket.credentials().is_some();
    match is_auth || caller.socket.is_reserved(channel) {
        false => Ok(()),
        true => Err(Fault::new(
            Code::ReservedName,
            format!("no channel can have the name {channel}: it is an event of the server"),
        )),
    }
}

/// Whether the client may have one seat more, if this one is new.
fn place_for(caller: &Caller<'_>, key: &RoomKey, tag: &ChannelScope) -> Result<(), Fault> {
    let held = caller.member().tags(key);
    if held.is_some_and(|tags| tags.has(tag)) {
        return Ok(());
    }
    let (limit, what) = match key.kind {
        Kind::Channel => (caller.settings.channels_max, "channels"),
        Kind::Room | Kind::Plain => (caller.settings.rooms_max, "rooms"),
    };
    // A room under two channels takes two places: each is kept and told apart.
    match caller.member().seats(key.kind) < limit {
        true => Ok(()),
        false => Err(Fault::new(
            Code::LimitReached,
            format!("a client can be in {limit} {what} at a time"),
        )),
    }
}

fn in_its_channel(caller: &Caller<'_>, channel: &ChannelScope) -> Result<(), Fault> {
    let Some(channel) = channel else {
        return Err(Fault::new(
            Code::MissingChannel,
            "nothing names the room's channel, which the setting require_channel_for_room asks for",
        ));
    };
    match caller.member().tags(&RoomKey::channel(channel.clone())) {
        Some(_) => Ok(()),
        None => Err(Fault::new(
            Code::NotMember,
            "join the room's channel first, as the setting require_channel_for_room asks",
        )),
    }
}

/// What the maker of a room asks for, in the core's words.
fn in_force(caller: &Caller<'_>, asked: AskedOptions) -> Result<RoomOptions, Fault> {
    let access = match asked.access {
        None => None,
        Some(Access::Open) => Some(event::Access::Open),
        Some(Access::Invite) => Some(event::Access::Invite),
        Some(Access::Token) if caller.socket.credentials().is_some() => Some(event::Access::Token),
        Some(Access::Token) => {
            return Err(Fault::new(
                Code::Forbidden,
                "rooms by token need a key to check tokens with, and this hub has none configured",
            ));
        }
    };
    let default_access = match caller.settings.rooms_default_access {
        DefaultAccess::Open => event::Access::Open,
        DefaultAccess::Invite => event::Access::Invite,
    };
    let namespace = caller.member().namespace();
    let settings = caller.member().hub().namespace_settings(namespace);
    let limit = settings.map_or(0, |settings| settings.invites_max);
    if asked.invite.len() > limit {
        return Err(Fault::new(
            Code::LimitReached,
            format!("a room keeps {limit} invitations"),
        ));
    }
    Ok(RoomOptions {
        has_token: false,
        seats_max: None,
        capacity: asked.capacity.and_then(|seats| usize::try_from(seats).ok()),
        access,
        default_access,
        invite: asked.invite,
    })
}
