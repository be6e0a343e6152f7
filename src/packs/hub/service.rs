//! One event for the hub pack: who sent it, what the settings make of it, and the way back.
//! Knows no event by name.

pub(super) mod join;
pub(super) mod leave;
pub(super) mod manage;
pub(super) mod notify;

use std::{rc::Rc, sync::Arc, time::SystemTime};

use bytes::Bytes;
use dondo_actors::{
    error::{JoinError, ManageError, NotifyError},
    event_template::EventTemplate,
    id::{ChannelScope, Kind, RoomKey},
    session::Member,
};

use super::{
    PackShared,
    contract::{
        fault::{Code, Fault},
        normal_form::{self, Channel, ClientIdPolicy, SEAT_SOURCE_BYTES_MAX, Stamp, seat_source},
        payload::{Payload, Use},
        target::{self, RoomTarget, Rules},
    },
    hub_error,
    render::Success,
};
use crate::{
    config::{ClientId, HubSettings, RoomScope},
    io::{Event, Socket},
};

/// See the module.
pub(super) struct Request {
    shared: Arc<PackShared>,
    socket: Socket,
    event: Event,
    now: SystemTime,
}

impl Request {
    pub(super) fn new(shared: Arc<PackShared>, socket: Socket, event: Event) -> Self {
        let now = shared.clock.now();
        Self {
            shared,
            socket,
            event,
            now,
        }
    }

    /// The event's name.
    pub(super) fn event(&self) -> &str {
        &self.event.name
    }

    pub(super) fn member(&self) -> &Rc<Member> {
        self.socket.member()
    }

    pub(super) fn settings(&self) -> &HubSettings {
        &self.shared.settings
    }

    /// The payload. Who says who they are says it with a valid name, or is refused.
    pub(super) fn payload(&self, purpose: Use) -> Result<Payload, Fault> {
        let payload = Payload::read(&self.event.arguments, purpose)?;
        if self.socket.account().is_none() {
            payload.user_name()?;
        }
        Ok(payload)
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            name_bytes_max: self.settings().name_bytes_max,
            strict: self.settings().strict_targets,
        }
    }

    /// The sender's channels.
    pub(super) fn channels(&self) -> Vec<Arc<str>> {
        let channels = self.member().rooms(Kind::Channel).into_iter();
        channels.map(|(key, _)| key.name).collect()
    }

    /// What the hub puts on what this client says.
    pub(super) fn stamp(&self) -> Stamp<'_> {
        Stamp {
            client_id: self.member().id().as_str(),
            policy: policy(self.settings()),
            user_name: self.socket.account().map(|account| &**account),
            now: self.now,
        }
    }

    /// The name to show in lists of members: the account's where somebody is logged in, else the client's word.
    pub(super) fn user(&self, payload: &Payload) -> Option<Arc<str>> {
        let account = self.socket.account().cloned();
        account.or_else(|| payload.user_name().ok().flatten().map(Arc::from))
    }

    /// The seat's tag for an address with this channel, under the setting `room_scope`.
    pub(super) fn tag(&self, channel: Option<&Arc<str>>) -> Result<ChannelScope, Fault> {
        match (self.settings().room_scope, channel) {
            (RoomScope::Flat, _) => Ok(None),
            (RoomScope::Match, channel) => Ok(channel.cloned()),
            (RoomScope::Strict, Some(channel)) => Ok(Some(channel.clone())),
            (RoomScope::Strict, None) => Err(Fault::new(
                Code::MissingChannel,
                "nothing names the room's channel, which the setting room_scope = strict requires",
            )),
        }
    }

    /// The channel, unless its name was an event of the host's own when the client connected (contract 3.2).
    pub(super) fn not_an_event(&self, channel: &str) -> Result<(), Fault> {
        match self.socket.reserved().contains(channel) {
            false => Ok(()),
            true => Err(Fault::new(
                Code::ReservedName,
                format!("no channel can have the name {channel}: it is an event of the server"),
            )),
        }
    }

    /// Whether the client may have one seat more, if this one is new.
    pub(super) fn place_for(&self, key: &RoomKey, tag: &ChannelScope) -> Result<(), Fault> {
        let held = self.member().tags(key);
        if held.is_some_and(|tags| tags.has(tag)) {
            return Ok(());
        }
        let (limit, what) = match key.kind {
            Kind::Channel => (self.settings().channels_max, "channels"),
            Kind::Room | Kind::Plain => (self.settings().rooms_max, "rooms"),
        };
        // A room under two channels takes two places: each is kept and told apart.
        match self.member().seats(key.kind) < limit {
            true => Ok(()),
            false => Err(Fault::new(
                Code::LimitReached,
                format!("a client can be in {limit} {what} at a time"),
            )),
        }
    }

    /// This event for those in `place`.
    pub(super) fn announce(&self, payload: &Payload, place: &Place) -> EventTemplate {
        let channel = Channel::Named(place.channel.as_deref());
        self.template(payload, place.room.as_deref(), channel)
    }

    /// This event for each of `seats` addresses that a leave gives up. One that is long is told in short to several:
    /// what a client sends once, the room must not have to write many times.
    pub(super) fn announce_each(
        &self,
        payload: &Payload,
        room: &Arc<str>,
        seats: usize,
    ) -> EventTemplate {
        if seats > 1 && payload.bytes() > SEAT_SOURCE_BYTES_MAX {
            let place = Place {
                room: Some(room.clone()),
                channel: None,
            };
            return self.leave_event(payload, &place);
        }
        self.template(payload, Some(room), Channel::OfTheAddress)
    }

    /// The leave event for when the client is gone, with the source of this request.
    pub(super) fn leave_event(&self, payload: &Payload, place: &Place) -> EventTemplate {
        let source = seat_source(payload, place.channel.as_deref(), &self.stamp());
        let event: Arc<str> = match place.room {
            Some(_) => "leave-room".into(),
            None => "leave-channel".into(),
        };
        // A seat in a room may have several channels; the room says which one it is about.
        let by_tag = place.room.is_some() && self.settings().room_scope != RoomScope::Flat;
        let channel = match by_tag {
            true => Channel::OfTheAddress,
            false => Channel::Named(place.channel.as_deref()),
        };
        let client_id = self.member().id().as_str();
        normal_form::gone_template(event, &source, place.room.as_deref(), channel, client_id)
    }

    fn template(
        &self,
        payload: &Payload,
        room: Option<&str>,
        channel: Channel<'_>,
    ) -> EventTemplate {
        let event = self.event.name.clone();
        normal_form::template(event, payload, room, channel, &self.stamp())
    }

    /// The address of a room that an owner's event means: the channel that it names, else the sender's own.
    pub(super) fn own_address(
        &self,
        payload: &Payload,
    ) -> Result<(RoomTarget, ChannelScope), Fault> {
        let mut target = target::room_to_leave(payload, self.rules())?;
        if target.channel.is_none() && self.settings().room_scope != RoomScope::Flat {
            let held = self.member().tags(&RoomKey::room(target.room.clone()));
            let held = held.unwrap_or_default();
            let only = held.iter().next().filter(|_| held.len() == 1);
            target.channel = match only {
                Some(only) => only.clone(),
                None => target::room(payload, &self.channels(), self.rules())?.channel,
            };
        }
        let tag = self.tag(target.channel.as_ref())?;
        Ok((target, tag))
    }

    /// An ack with the fields that all have.
    pub(super) fn success(&self) -> Success<'_> {
        Success::new(&self.event.name, self.member().id().as_str())
    }

    /// Tells the client how it went: in the ack if there is one, else only faults, as `hub-error`. Never both.
    pub(super) fn answer(&self, done: Result<Bytes, Fault>) {
        match done {
            Ok(success) => {
                self.event.ack.text(success);
            }
            Err(fault) => {
                let args = fault.answer(&self.event.name);
                if !self.event.ack.text(args.clone()) {
                    hub_error(&self.socket, args);
                }
            }
        }
    }
}

/// A channel, or a room under the channel that is shown with it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) room: Option<Arc<str>>,
    pub(super) channel: ChannelScope,
}

fn policy(settings: &HubSettings) -> ClientIdPolicy {
    match settings.client_id {
        ClientId::Stamp => ClientIdPolicy::Stamp,
        ClientId::Keep => ClientIdPolicy::Keep,
    }
}

impl From<JoinError> for Fault {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Full { capacity } => {
                Self::new(Code::RoomFull, format!("the room holds {capacity} members"))
            }
            JoinError::RoomExists => Self::new(
                Code::RoomExists,
                "the room is occupied and less private than asked for: take another name",
            ),
            JoinError::TooManyInvitations => too_many_invitations(),
            JoinError::AddressHigh => Self::new(
                Code::LimitReached,
                "the clients of this address hold too much (--limits.address-bytes-max)",
            ),
            JoinError::NotInvited => {
                Self::new(Code::NotInvited, "the room is by invitation: ask its owner")
            }
            JoinError::Forbidden => Self::new(
                Code::Forbidden,
                "the room is closed: ask its owner to open it",
            ),
            _ => internal(),
        }
    }
}

impl From<NotifyError> for Fault {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::NotMember => Self::new(
                Code::NotMember,
                "only members may send here, as the setting require_join_to_send asks",
            ),
            NotifyError::Forbidden => Self::new(
                Code::Forbidden,
                "the room is private: only members may send here",
            ),
            _ => internal(),
        }
    }
}

impl From<ManageError> for Fault {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Forbidden => {
                Self::new(Code::Forbidden, "only the room's owner may do this")
            }
            ManageError::TooManyInvitations => too_many_invitations(),
            ManageError::Log(_) | ManageError::Internal(_) => internal(),
        }
    }
}

fn too_many_invitations() -> Fault {
    Fault::new(
        Code::LimitReached,
        "more invitations than a room keeps, or than one client may have given in all its rooms",
    )
}

fn internal() -> Fault {
    Fault::new(Code::Internal, "the hub could not do it; try again")
}
