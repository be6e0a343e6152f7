//! One event for the hub pack: who sent it, what the settings make of it, and the way back.
//! Knows no event by name.

use std::{rc::Rc, sync::Arc, time::SystemTime};

use bytes::Bytes;
use dondo_actors::{
    error::{JoinError, ManageError, NotifyError},
    id::{Kind, MemberId, RoomKey, Tag},
    ports::{Announce, Happening},
    session::Member,
};

use super::{
    Shared,
    answer::{Code, Fault, Success},
    hub_error,
    normal::{Announcement, ClientIdPolicy, Stamp, seat_source},
    payload::{Payload, Use},
    target::Rules,
};
use crate::{
    config::{ClientId, HubSettings, RoomScope},
    io::{Event, Socket},
};

/// See the module.
pub(super) struct Request {
    shared: Arc<Shared>,
    socket: Socket,
    event: Event,
    now: SystemTime,
}

impl Request {
    pub(super) fn new(shared: Arc<Shared>, socket: Socket, event: Event) -> Self {
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

    pub(super) fn payload(&self, purpose: Use) -> Result<Payload, Fault> {
        Payload::read(&self.event.content, purpose)
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
        account.or_else(|| payload.user_name().map(Arc::from))
    }

    /// The seat's tag for an address with this channel, under the setting `room_scope`.
    pub(super) fn tag(&self, channel: Option<&Arc<str>>) -> Result<Tag, Fault> {
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
                format!("{channel} is an event of the server, no channel can have its name"),
            )),
        }
    }

    /// Whether the client may have one seat more, if this one is new.
    pub(super) fn place_for(&self, key: &RoomKey, tag: &Tag) -> Result<(), Fault> {
        let held = self.member().tags(key);
        if held.is_some_and(|tags| tags.has(tag)) {
            return Ok(());
        }
        let (limit, what) = match key.kind {
            Kind::Channel => (self.settings().channels_max, "channels"),
            Kind::Room | Kind::Plain => (self.settings().rooms_max, "rooms"),
        };
        // A room under two channels takes two places: each is kept and told apart.
        let seats = self.member().rooms(key.kind).into_iter();
        match seats.map(|(_, tags)| tags.iter().count()).sum::<usize>() < limit {
            true => Ok(()),
            false => Err(Fault::new(
                Code::LimitReached,
                format!("a client can be in {limit} {what} at a time"),
            )),
        }
    }

    /// Makes this event for those in `place`: composed now, all but the numbers.
    pub(super) fn announce(&self, payload: &Payload, place: &Place) -> Announce {
        let (room, channel) = (place.room.as_deref(), place.channel.as_deref());
        let told = Announcement::new(
            self.event.name.clone(),
            payload,
            room,
            channel,
            &self.stamp(),
        );
        announce(move |happening| {
            told.with(happening.count, happening.reason.map(|why| why.as_str()))
        })
    }

    /// Makes this event for each address that a leave without a channel gives up: which ones, only the room knows.
    pub(super) fn announce_each(&self, payload: &Payload, room: &Arc<str>) -> Announce {
        let (event, payload, room) = (self.event.name.clone(), payload.clone(), room.clone());
        let speaker = self.speaker();
        let user = self.socket.account().cloned();
        let now = self.now;
        announce(move |happening| {
            let stamp = Stamp {
                client_id: speaker.client_id.as_str(),
                policy: speaker.policy,
                user_name: user.as_deref(),
                now,
            };
            let channel = happening.tag.as_deref();
            Announcement::new(event.clone(), &payload, Some(&room), channel, &stamp)
                .with(happening.count, happening.reason.map(|why| why.as_str()))
        })
    }

    /// Makes the leave event for when the client is gone, with the source of this join.
    pub(super) fn farewell(&self, payload: &Payload, place: &Place) -> Announce {
        let source = seat_source(payload, place.channel.as_deref(), &self.stamp());
        let event: Arc<str> = match place.room {
            Some(_) => "leave-room".into(),
            None => "leave-channel".into(),
        };
        // A seat in a room may have several channels; the room says which one it is about.
        let by_tag = place.room.is_some() && self.settings().room_scope != RoomScope::Flat;
        let (place, speaker, shared) = (place.clone(), self.speaker(), self.shared.clone());
        announce(move |happening| {
            let channel = if by_tag {
                happening.tag
            } else {
                &place.channel
            };
            let stamp = Stamp {
                client_id: speaker.client_id.as_str(),
                policy: speaker.policy,
                user_name: None,
                now: shared.clock.now(),
            };
            let (room, channel) = (place.room.as_deref(), channel.as_deref());
            Announcement::of_gone(event.clone(), &source, room, channel, &stamp)
                .with(happening.count, happening.reason.map(|why| why.as_str()))
        })
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

    fn speaker(&self) -> Speaker {
        Speaker {
            client_id: self.member().id().clone(),
            policy: policy(self.settings()),
        }
    }
}

/// A channel, or a room under the channel that is shown with it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) room: Option<Arc<str>>,
    pub(super) channel: Tag,
}

/// The part of a stamp that outlives its request.
struct Speaker {
    client_id: MemberId,
    policy: ClientIdPolicy,
}

fn announce(
    make: impl Fn(&Happening<'_>) -> dondo_actors::letter::Content + Send + Sync + 'static,
) -> Announce {
    Announce(Arc::new(make))
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
            JoinError::NotInvited => {
                Self::new(Code::NotInvited, "the room is by invitation: ask its owner")
            }
            JoinError::Forbidden => Self::new(
                Code::Forbidden,
                "the room is closed: ask its owner to open it",
            ),
            JoinError::Internal(_) => internal(),
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
            NotifyError::Log(_) | NotifyError::Encode(_) | NotifyError::Internal(_) => internal(),
        }
    }
}

impl From<ManageError> for Fault {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Forbidden => {
                Self::new(Code::Forbidden, "only the room's owner may do this")
            }
            ManageError::Internal(_) => internal(),
        }
    }
}

fn internal() -> Fault {
    Fault::new(Code::Internal, "the hub could not do it; try again")
}
