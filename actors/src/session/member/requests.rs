//! What a member can be asked for, and why it is not even tried.

use std::sync::Arc;

use crate::{
    event_template::EventTemplate,
    id::{ChannelScope, RoomKey},
    message::HistoryRequest,
    state::{audience::PresenceScope, room::RoomOptions},
};

/// What a join asks for.
pub struct JoinRequest {
    /// The room.
    pub room: RoomKey,
    /// The channel it is joined under.
    pub tag: ChannelScope,
    /// The name to show.
    pub user: Option<Arc<str>>,
    /// What the maker of the room asks for.
    pub options: RoomOptions,
    /// Makes the join event.
    pub announce: Option<EventTemplate>,
    /// Makes the leave event for when the session ends.
    pub leave_event: Option<EventTemplate>,
    /// What it wants to be told of what was said before.
    pub history: Option<HistoryRequest>,
    /// Of whom it is to be told from now on.
    pub told: PresenceScope,
}

impl JoinRequest {
    /// A silent join without a channel.
    pub fn plain(room: RoomKey) -> Self {
        Self {
            room,
            tag: None,
            user: None,
            options: RoomOptions::default(),
            announce: None,
            leave_event: None,
            history: None,
            told: PresenceScope::Everyone,
        }
    }
}

/// To whom a letter goes.
#[derive(Clone, Debug)]
pub struct NotifyRequest {
    /// The room.
    pub room: RoomKey,
    /// The address's channel.
    pub tag: ChannelScope,
    /// Whether the sender hears itself, if it is a member.
    pub echo: bool,
    /// Whether only members may say something there.
    pub seat_needed: bool,
}

/// Why something a member asked for was not even tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberError {
    /// The client has more acks to answer than are kept.
    TooManyAcks,
    /// The session ended, or the member was put out.
    Ended,
    /// Too much of what was said waits.
    Full,
}
