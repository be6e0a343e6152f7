//! What is asked of a room, and what it answers.

use std::sync::Arc;

use crate::{
    event_template::EventTemplate,
    id::{ChannelScope, LocalId, MemberId, WorkerId},
    state::audience::Scopes,
};

/// Who may join an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Those whom an owner has invited.
    Invite,
}

/// What a join may ask for. It has effect where the join makes the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomOptions {
    /// The most seats that match the address.
    pub capacity: Option<usize>,
    /// Who may join. Where it is stricter than an address that matches and is occupied, the join is refused.
    pub access: Option<Access>,
    /// Who may join where the member asks for nothing.
    pub default_access: Access,
    /// Member ids or accounts that may join by invitation.
    pub invite: Vec<Arc<str>>,
}

/// A member as a room sees it.
#[derive(Clone)]
pub struct Joiner {
    /// Its public id.
    pub member: MemberId,
    /// The worker that serves it.
    pub worker: WorkerId,
    /// Its place at that worker's courier.
    pub local_id: LocalId,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The name to show.
    pub user: Option<Arc<str>>,
    /// The event for when its session ends.
    pub farewell: Option<EventTemplate>,
}

/// What a join led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The member had this address already: nothing changed.
    pub already: bool,
    /// Members that match the joiner's address, the joiner among them.
    pub count: usize,
    /// What holds at the joiner's address.
    pub terms: RoomPolicy,
    /// All tags of the seat now.
    pub tags: Scopes,
}

/// What holds at an address: its own policy and those of the addresses that match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPolicy {
    /// The join made the address.
    pub created: bool,
    /// The strictest access.
    pub access: Access,
    /// Whether the address without a channel is by invitation, and with it the room's id in every channel.
    pub in_all_channels: bool,
    /// The smallest capacity.
    pub capacity: Option<usize>,
    /// The owner of the address itself.
    pub owner: Option<MemberId>,
}

/// What a leave led to: one entry for each tag given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Given-up tags, each with the members that match it now.
    pub gone: Vec<(ChannelScope, usize)>,
    /// The tags that the seat keeps; none when the member has left altogether.
    pub kept: Scopes,
    /// Where the member was served.
    pub worker: WorkerId,
    /// Its place there.
    pub local_id: LocalId,
    /// The farewell that the seat had.
    pub farewell: Option<EventTemplate>,
}

/// What a kick led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kicked {
    /// Those that have a seat under the owner's address: they are to leave it.
    pub seated: Vec<MemberId>,
    /// Whether invitations ended.
    pub uninvited: bool,
}

/// Bytes that a room holds in memory for its members, near enough for an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomBytes {
    /// Seats with their names, tags and farewells.
    pub memberships: usize,
    /// Invitations.
    pub invitations: usize,
}
