//! What the hub itself says for whoever runs it: in the same normal form as what clients say, from `server` (contract 2.2).
//! Knows no HTTP, and sends nothing.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    event_template::EventTemplate,
    id::{ChannelScope, RoomKey},
    letter::Content,
    message::Action,
};

use super::{
    AUTH, HubPack,
    command::Place,
    contract::{
        fault::{Code, Fault},
        json,
        name::{self, Named},
        normal_form::{self, ClientIdPolicy, Stamp},
        payload::{Payload, USER_NAME_BYTES_MAX, Use},
        target::RoomTarget,
    },
    render,
};
use crate::{config::RoomScope, io::Arguments};

/// Who speaks.
pub(crate) const SERVER: &str = "server";
/// The event of what is said to clients by themselves, if nothing else is said.
const TO_CLIENTS: &str = "message";

/// To whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WordTarget {
    Channel(Arc<str>),
    Room {
        room: Arc<str>,
        channel: Option<Arc<str>>,
    },
    /// Clients who are named otherwise, or all.
    Clients,
}

/// What is said: JSON texts that are valid, and have no blobs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServerWord<'a> {
    /// Its name, if it is not the one that clients' messages have there.
    pub(crate) event: Option<&'a str>,
    /// `data.message`.
    pub(crate) message: Option<&'a str>,
    /// The other fields of `data`, and its `message` where none is given.
    pub(crate) data: Option<&'a [(&'a str, &'a str)]>,
    /// `source.userName`.
    pub(crate) user_name: Option<&'a str>,
}

impl WordTarget {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Channel(channel) => Some(Place::Channel(channel.clone())),
            Self::Room { room, channel } => Some(Place::Room(RoomTarget {
                room: room.clone(),
                channel: channel.clone(),
            })),
            Self::Clients => None,
        }
    }
}

impl HubPack {
    /// A channel's name.
    pub(crate) fn channel_name(&self, text: &str) -> Result<Arc<str>, Fault> {
        let bytes_max = self.0.settings.name_bytes_max;
        name::check(Named::Channel, text, bytes_max).and_then(name::as_channel)
    }

    /// A room's name.
    pub(crate) fn room_name(&self, text: &str) -> Result<Arc<str>, Fault> {
        name::check(Named::Room, text, self.0.settings.name_bytes_max)
    }

    /// Where it goes, under the setting `room_scope`; none for clients by themselves.
    pub(crate) fn address(
        &self,
        target: &WordTarget,
    ) -> Result<Option<(RoomKey, ChannelScope)>, Fault> {
        let Some(place) = target.place() else {
            return Ok(None);
        };
        let channel = match (target, self.0.settings.room_scope) {
            (WordTarget::Channel(_) | WordTarget::Clients, _) | (_, RoomScope::Flat) => None,
            (WordTarget::Room { channel: None, .. }, RoomScope::Strict) => {
                return Err(Fault::new(
                    Code::MissingChannel,
                    "nothing names the room's channel, which --hub.room-scope strict requires",
                ));
            }
            (WordTarget::Room { channel, .. }, _) => channel.clone(),
        };
        Ok(Some((place.key(), channel)))
    }

    /// What is said, as clients get it.
    pub(crate) fn word(
        &self,
        target: &WordTarget,
        word: &ServerWord<'_>,
    ) -> Result<Content, Fault> {
        let event = match (word.event, target) {
            (Some(AUTH), _) => {
                let told = "auth is an event of clients, by which they bring a token";
                return Err(Fault::new(Code::ReservedName, told));
            }
            (Some(event), _) => self.channel_name(event)?,
            (None, WordTarget::Channel(channel)) => channel.clone(),
            (None, WordTarget::Room { .. }) => "notify-room".into(),
            (None, WordTarget::Clients) => TO_CLIENTS.into(),
        };
        if word.message.is_none() && word.data.is_none() {
            return Err(Fault::new(
                Code::BadPayload,
                "there is neither message nor data",
            ));
        }
        let mut text = b"{\"data\":{".to_vec();
        let message = word.message.map(|message| ("message", message));
        let own = |name: &str| message.is_some() && name == "message";
        let others = word.data.into_iter().flatten();
        let others = others.filter(|(name, _)| !own(name));
        for (place, (name, value)) in message.iter().chain(others).enumerate() {
            if place > 0 {
                text.push(b',');
            }
            json::put(&mut text, name);
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
        }
        text.extend_from_slice(b"},");
        put_source(&mut text, word.user_name)?;
        text.push(b'}');
        let payload = read(text.into(), &event)?;
        let stamp = self.server_stamp();
        let place = target.place();
        let room = place.as_ref().and_then(Place::room);
        let channel = place.as_ref().and_then(Place::channel);
        Ok(normal_form::compose(event, &payload, room, channel, &stamp))
    }

    /// What the members of a place hear of a command of the hub's own.
    pub(crate) fn server_command(
        &self,
        target: &WordTarget,
        action: &Action,
        reason: Option<&str>,
    ) -> Option<EventTemplate> {
        let place = target.place()?;
        let (event, name, value) = match action {
            Action::Kick(members) => {
                let ids: Vec<&str> = members.iter().map(|member| member.as_str()).collect();
                ("kick-room", "kick", json::text(&ids))
            }
            Action::Lock(locked) => ("lock-room", "locked", json::text(locked)),
            Action::Invite(_) => return None,
        };
        let mut text = b"{\"data\":{".to_vec();
        json::put(&mut text, name);
        text.push(b':');
        text.extend_from_slice(&value);
        if let Some(reason) = reason {
            text.extend_from_slice(b",\"message\":");
            json::put(&mut text, reason);
        }
        text.extend_from_slice(b"},");
        put_source(&mut text, None).ok()?;
        text.push(b'}');
        let payload = read(text.into(), event).ok()?;
        Some(render::managed(
            event,
            &payload,
            &place,
            &self.server_stamp(),
        ))
    }

    fn server_stamp(&self) -> Stamp<'_> {
        Stamp {
            client_id: SERVER,
            policy: ClientIdPolicy::Stamp,
            user_name: None,
            verified: true,
            now: self.0.clock.now(),
        }
    }
}

fn put_source(text: &mut Vec<u8>, user_name: Option<&str>) -> Result<(), Fault> {
    text.extend_from_slice(
        b"\"source\":{\"platform\":\"server\",\"appName\":\"dondo\",\"appVersion\":",
    );
    json::put(text, env!("CARGO_PKG_VERSION"));
    if let Some(name) = user_name {
        name::check(Named::User, name, USER_NAME_BYTES_MAX)?;
        text.extend_from_slice(b",\"userName\":");
        json::put(text, name);
    }
    text.push(b'}');
    Ok(())
}

fn read(text: Bytes, event: &str) -> Result<Payload, Fault> {
    let content = Content {
        name: event.into(),
        args: text,
        blobs: Vec::new(),
    };
    Payload::read(&Arguments::from(content), Use::Message)
}
