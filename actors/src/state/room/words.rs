//! What is asked of a room, and what it answers.

use std::sync::Arc;

use crate::{
    event_template::EventTemplate,
    id::{MemberId, Slot, Tag, WorkerId},
    state::audience::Tags,
};

/// Who may join a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Those whom an owner has invited.
    Invite,
}

/// What the member that makes a room may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The most seats that match the maker's address.
    pub capacity: Option<usize>,
    /// Who may join.
    pub access: Access,
    /// Member ids or accounts that may join a room by invitation.
    pub invite: Vec<Arc<str>>,
}

impl Wish {
    /// The most invitations that a wish may hold; those beyond are not taken.
    pub const INVITES_MAX: usize = 1024;
}

/// The terms of a room, made by its first member; they end when the room is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The most seats that match a joiner's address.
    pub capacity: Option<usize>,
    /// Who may join.
    pub access: Access,
    /// Whether an owner has closed the room to newcomers.
    pub locked: bool,
    pub(super) owner: Option<MemberId>,
    pub(super) invited: Arc<[Arc<str>]>,
}

/// A member as a room sees it.
#[derive(Clone)]
pub struct Joiner {
    /// Its public id.
    pub member: MemberId,
    /// The worker that serves it.
    pub worker: WorkerId,
    /// Its place at that worker's courier.
    pub slot: Slot,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The name to show.
    pub user: Option<Arc<str>>,
    /// Makes the event for when its session ends.
    pub farewell: Option<EventTemplate>,
}

/// What a join led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The member had this address already: nothing changed.
    pub already: bool,
    /// Members that match the joiner's address, the joiner among them.
    pub count: usize,
    /// The capacity in force.
    pub capacity: Option<usize>,
    /// All tags of the seat now.
    pub tags: Tags,
}

/// What a leave led to: one entry for each tag given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Given-up tags, each with the members that match it now.
    pub gone: Vec<(Tag, usize)>,
    /// The tags that the seat keeps; `None` when the member has left altogether.
    pub kept: Option<Tags>,
    /// Where the member was served.
    pub worker: WorkerId,
    /// Its place there.
    pub slot: Slot,
    /// The farewell that the seat had.
    pub farewell: Option<EventTemplate>,
}
