//! What is asked of a room, and what it answers.

use std::sync::Arc;

use crate::{
    event::Access,
    event_template::EventTemplate,
    id::{ChannelScope, MemberId},
    state::audience::Scopes,
};

/// What a join may ask for. All but the token and `seats_max` has effect where the join makes the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomOptions {
    /// The member has brought a token that opens the address.
    pub has_token: bool,
    /// The most seats that match the address.
    pub capacity: Option<usize>,
    /// The most seats with which it is let in, whatever the address's policy says; it makes none.
    pub seats_max: Option<usize>,
    /// Who may join. Where it is stricter than an address that matches and is occupied, the join is refused.
    pub access: Option<Access>,
    /// Who may join where the member asks for nothing.
    pub default_access: Access,
    /// Member ids or accounts that may join by invitation.
    pub invite: Vec<Arc<str>>,
}

/// What an event has changed in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it had happened already.
    Nothing,
    /// A member joined, or has a tag more: all its tags now.
    Joined(Scopes),
    /// A member has another name, and these tags as before.
    Renamed(Scopes),
    /// A member left.
    Left(Departure),
    /// An address has another policy.
    Policy,
    /// The hook has another state, or other timers.
    Script,
}

/// See [`Change::Left`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Given-up tags, each with the members that match it now.
    pub gone: Vec<(ChannelScope, usize)>,
    /// The tags that the member keeps; none when it has left altogether.
    pub kept: Scopes,
    /// The leave event that it came with.
    pub leave_event: Option<EventTemplate>,
}

/// What holds at an address: its own policy and those of the addresses that match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPolicy {
    /// The join made the address.
    pub created: bool,
    /// The strictest access.
    pub access: Access,
    /// Whether the address without a channel is private, and with it the room's id in every channel.
    pub in_all_channels: bool,
    /// The smallest capacity.
    pub capacity: Option<usize>,
    /// The owner of the address itself.
    pub owner: Option<MemberId>,
}

/// Bytes that a room holds in memory for its members, near enough for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomBytes {
    /// Seats with their names, tags and leave events.
    pub memberships: usize,
    /// Invitations.
    pub invitations: usize,
}
