//! Carries commands out: for a client in a namespace, under the pack's settings.
//! Knows no JSON: commands are read, and what came of them is told, elsewhere.

mod join;
mod leave;
mod manage;
mod notify;
mod rights;
mod slow_mode;

use std::{rc::Rc, sync::Arc, time::SystemTime};

use dondo_actors::{
    error::{JoinError, ManageError, NotifyError},
    id::{ChannelScope, Kind, RoomKey},
    ports::{LocalFuture, LoggedIn, polled_once},
    session::Member,
    state::audience::Scopes,
};

use super::{
    command::{Command, Done, Place, Success},
    contract::{
        fault::{Code, Fault},
        normal_form::{ClientIdPolicy, Stamp},
        payload::Payload,
        target::{RoomTarget, Rules},
    },
    render,
};
use crate::{
    accounts::Accounts,
    channel_limits::ChannelLimits,
    config::{HubSettings, RoomScope},
    io::{PackSocket, Socket},
};

/// Who asks, when, and under which settings.
pub(super) struct Caller<'a> {
    pub(super) settings: &'a HubSettings,
    /// Whose word the `clientId` of a message is.
    pub(super) client_ids: ClientIdPolicy,
    pub(super) socket: &'a Socket,
    /// Who that is, if somebody is logged in.
    pub(super) login: Option<Arc<LoggedIn>>,
    pub(super) now: SystemTime,
    pub(super) limits: &'a ChannelLimits,
    pub(super) accounts: &'a Accounts,
}

/// What a command comes to; it asks the core for all it needs before it is made, so what a client sends stays in its order.
trait Begun: Future<Output = Result<Success, Fault>> + 'static {}

impl<F: Future<Output = Result<Success, Fault>> + 'static> Begun for F {}

impl Caller<'_> {
    /// Carries a command out and tells `answer` how it went: at once, but for what is left to wait for.
    pub(super) fn carry_out(
        &self,
        command: Command,
        payload: Payload,
        answer: impl FnOnce(Result<Success, Fault>) + 'static,
    ) -> Option<LocalFuture<()>> {
        let said = &payload;
        match command {
            Command::JoinChannel { channel, history } => {
                wait(join::channel(self, channel, history, said), answer)
            }
            Command::JoinRoom {
                target,
                options,
                history,
            } => wait(join::room(self, target, options, history, said), answer),
            Command::LeaveChannel { channel } => wait(leave::channel(self, channel, said), answer),
            Command::LeaveRoom { target } => wait(leave::room(self, target, said), answer),
            Command::NotifyChannel { channel } => {
                wait(notify::to_channel(self, channel, said), answer)
            }
            Command::NotifyRoom { target } => wait(notify::to_room(self, target, said), answer),
            Command::Manage { target, action } => {
                wait(manage::manage(self, target, action, said), answer)
            }
        }
    }

    pub(super) fn rules(&self) -> Rules {
        rules(self.settings)
    }

    fn member(&self) -> &Rc<Member> {
        self.socket.member()
    }

    /// The sender's channels.
    fn channels(&self) -> Vec<Arc<str>> {
        let channels = self.member().rooms(Kind::Channel).into_iter();
        channels.map(|(key, _)| key.name).collect()
    }

    /// What the hub puts on what this client says.
    fn stamp(&self) -> Stamp<'_> {
        Stamp {
            client_id: self.member().id().as_str(),
            policy: self.client_ids,
            user_name: self.login.as_ref().map(|login| &*login.name),
            verified: self.login.is_some(),
            now: self.now,
        }
    }

    /// The seat's tag for an address with this channel, under the setting `room_scope`.
    fn tag(&self, channel: Option<&Arc<str>>) -> Result<ChannelScope, Fault> {
        match (self.settings.room_scope, channel) {
            (RoomScope::Flat, _) => Ok(None),
            (RoomScope::Match, channel) => Ok(channel.cloned()),
            (RoomScope::Strict, Some(channel)) => Ok(Some(channel.clone())),
            (RoomScope::Strict, None) => Err(Fault::new(
                Code::MissingChannel,
                "nothing names the room's channel, which the setting room_scope = strict requires",
            )),
        }
    }

    /// The tags of the seats that the client has in a room.
    fn held(&self, room: &Arc<str>) -> Scopes {
        let held = self.member().tags(&RoomKey::room(room.clone()));
        held.unwrap_or_default()
    }
}

pub(super) fn rules(settings: &HubSettings) -> Rules {
    Rules {
        name_bytes_max: settings.name_bytes_max,
        strict: settings.strict_targets,
    }
}

fn wait(
    begun: Result<impl Begun, Fault>,
    answer: impl FnOnce(Result<Success, Fault>) + 'static,
) -> Option<LocalFuture<()>> {
    match begun {
        Ok(begun) => polled_once(Box::pin(async move { answer(begun.await) })).err(),
        Err(fault) => {
            answer(Err(fault));
            None
        }
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
            JoinError::NotInvited => Self::new(
                Code::NotInvited,
                "the room is private: ask its owner, or bring a token that opens it",
            ),
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
