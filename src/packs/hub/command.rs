//! What a client asks of the hub, and what comes of it, as values; what others are shown of it is a payload beside it. Refuses to know a session: what depends on where the sender is, the service resolves.

use std::sync::Arc;

use dondo_actors::{
    id::{ChannelScope, MemberId, RoomKey},
    message::{Action, HistoryRequest, JoinAnswer},
};

use super::contract::{
    fault::{Code, Fault},
    history,
    payload::{Payload, Use},
    room_options::{self, AskedOptions},
    target::{self, RoomTarget, Rules},
};
use crate::io::Arguments;

/// What is to be done. What others are shown of it is a [`Payload`] beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    JoinChannel {
        channel: Arc<str>,
        history: Option<HistoryRequest>,
    },
    JoinRoom {
        target: RoomTarget,
        options: AskedOptions,
        history: Option<HistoryRequest>,
    },
    /// Without a name it is the sender's only channel.
    LeaveChannel {
        channel: Option<Arc<str>>,
    },
    LeaveRoom {
        target: RoomTarget,
    },
    NotifyChannel {
        channel: Arc<str>,
    },
    NotifyRoom {
        target: RoomTarget,
    },
    /// What a room's owner may ask for.
    Manage {
        target: RoomTarget,
        action: Action,
    },
}

/// What a command goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Channel(Arc<str>),
    /// A room, under the channel that is shown with it.
    Room(RoomTarget),
}

/// What came of a command.
pub(crate) struct Success {
    pub(crate) place: Place,
    pub(crate) done: Done,
}

/// See [`Success`].
pub(crate) enum Done {
    Joined(JoinAnswer),
    /// The channel of each seat that was given up, and who is left there.
    Left(Vec<(ChannelScope, usize)>),
    /// So many it was handed to.
    Notified(usize),
    Managed,
}

impl Command {
    /// Whether others hear words of the sender's.
    pub(crate) fn says_something(&self) -> bool {
        matches!(self, Self::NotifyChannel { .. } | Self::NotifyRoom { .. })
    }

    /// Reads an event of a client: any name that is not the hub's own is a channel. A `guest` has the name that the
    /// payload says, so that has to be one.
    pub(crate) fn read(
        event: &str,
        arguments: &Arguments,
        rules: Rules,
        guest: bool,
    ) -> Result<(Self, Payload), Fault> {
        let read = |purpose| -> Result<Payload, Fault> {
            let payload = Payload::read(arguments, purpose)?;
            if guest {
                payload.user_name()?;
            }
            Ok(payload)
        };
        let payload;
        let command = match event {
            "join-channel" => {
                payload = read(Use::Command)?;
                let channel = target::channel(&payload, rules)?;
                Self::JoinChannel {
                    channel: channel.ok_or_else(no_channel)?,
                    history: history::asked(&payload)?,
                }
            }
            "join-room" => {
                payload = read(Use::Command)?;
                Self::JoinRoom {
                    target: target::room(&payload, rules)?,
                    options: AskedOptions::read(&payload, rules.name_bytes_max)?,
                    history: history::asked(&payload)?,
                }
            }
            "leave-channel" => {
                payload = read(Use::Command)?;
                Self::LeaveChannel {
                    channel: target::channel(&payload, rules)?,
                }
            }
            "leave-room" => {
                payload = read(Use::Command)?;
                Self::LeaveRoom {
                    target: target::room(&payload, rules)?,
                }
            }
            "notify-room" => {
                payload = read(Use::RoomMessage)?;
                Self::NotifyRoom {
                    target: target::room(&payload, rules)?,
                }
            }
            "invite-room" => {
                payload = read(Use::Command)?;
                let guests = room_options::listed(&payload, "invite", rules.name_bytes_max)?;
                manage(&payload, rules, Action::Invite(guests))?
            }
            "kick-room" => {
                payload = read(Use::Command)?;
                let ids = room_options::listed(&payload, "kick", rules.name_bytes_max)?;
                let ids = ids.into_iter().map(MemberId::new).collect();
                manage(&payload, rules, Action::Kick(ids))?
            }
            "lock-room" => {
                payload = read(Use::Command)?;
                manage(
                    &payload,
                    rules,
                    Action::Lock(room_options::locked(&payload)?),
                )?
            }
            _ => {
                payload = read(Use::Message)?;
                Self::NotifyChannel {
                    channel: target::channel_of_message(event, &payload, rules)?,
                }
            }
        };
        Ok((command, payload))
    }
}

fn manage(payload: &Payload, rules: Rules, action: Action) -> Result<Command, Fault> {
    let target = target::room(payload, rules)?;
    Ok(Command::Manage { target, action })
}

pub(super) fn no_channel() -> Fault {
    Fault::new(Code::MissingChannel, "nothing names the channel")
}

impl Place {
    pub(crate) fn key(&self) -> RoomKey {
        match self {
            Self::Channel(channel) => RoomKey::channel(channel.clone()),
            Self::Room(target) => RoomKey::room(target.room.clone()),
        }
    }

    pub(crate) fn room(&self) -> Option<&str> {
        match self {
            Self::Channel(_) => None,
            Self::Room(target) => Some(&target.room),
        }
    }

    pub(crate) fn channel(&self) -> Option<&str> {
        match self {
            Self::Channel(channel) => Some(channel),
            Self::Room(target) => target.channel.as_deref(),
        }
    }
}
