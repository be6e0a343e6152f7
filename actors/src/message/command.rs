//! What an owner may command.

use std::sync::Arc;

use crate::id::{ChannelScope, MemberId};

/// What an owner commands, and at which of a room's addresses: it reaches no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The address's channel.
    pub tag: ChannelScope,
    /// What.
    pub action: Action,
}

/// What an owner may command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Let these members or accounts join an address by invitation.
    Invite(Vec<Arc<str>>),
    /// Send those of these members out that are seated under the address.
    Kick(Vec<MemberId>),
    /// Close the address to newcomers (`true`) or open it.
    Lock(bool),
}
