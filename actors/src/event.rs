//! What happens in a room: decided on one copy of it, applied to every copy. Plain data with global ids, so that a log can
//! number it and another node apply it.

mod script;

pub use self::script::{ScriptEvent, ScriptState, TimerId};

use std::sync::Arc;

use crate::{
    error::LeaveReason,
    event_template::EventTemplate,
    id::{ChannelScope, MemberId},
    letter::Content,
};

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A member joined under a tag; under one that it has, it has another name from now on.
    Joined(Joined),
    /// A member left under some of its tags.
    Left(Left),
    /// What holds at an occupied address from now on.
    Policy(ChannelScope, Policy),
    /// A member said something. It alone is kept by a log, and alone takes a number there.
    Said(Arc<Said>),
    /// What the room's hook came to. In a batch it stands behind what was asked for, and what follows it is the hook's too.
    Script(ScriptEvent),
}

/// See [`RoomEvent::Said`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub from: MemberId,
    /// To which address.
    pub tag: ChannelScope,
    /// Whether it is to hear itself, if it is a member.
    pub echo: bool,
    /// Whether those who come later may be told.
    pub for_later: bool,
    /// What.
    pub content: Content,
}

/// See [`RoomEvent::Joined`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Who.
    pub member: MemberId,
    /// Under which tag.
    pub tag: ChannelScope,
    /// Who is logged in, where known.
    pub account: Option<Arc<str>>,
    /// The name to show.
    pub user: Option<Arc<str>>,
    /// Tells the others when the member's session ends.
    pub leave_event: Option<EventTemplate>,
}

/// See [`RoomEvent::Left`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Who.
    pub member: MemberId,
    /// Which of its tags are gone, in order.
    pub tags: Vec<ChannelScope>,
    /// Why.
    pub reason: LeaveReason,
    /// Addresses among them whose invitations end, because whoever owns the address next may not own so many.
    pub uninvited: Vec<ChannelScope>,
}

/// Who may join an address; each is stricter than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Those who bring a token that opens it, and those whom an owner has invited.
    Token,
    /// Those whom an owner has invited.
    Invite,
}

/// What holds at one address, made by its first member; it ends when nobody has the address. Its owner is the member that
/// has it longest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The most members that match the address.
    pub capacity: Option<usize>,
    /// Who may join.
    pub access: Access,
    /// Whether the owner has closed the address to newcomers.
    pub locked: bool,
    /// Member ids and accounts that may join by invitation, in order, each once.
    pub invited: Arc<[Arc<str>]>,
}
