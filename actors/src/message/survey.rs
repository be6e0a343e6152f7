//! What is asked of a namespace from anywhere about itself: which rooms it has, and how many of all there are.

use std::sync::Arc;

use crate::{id::Kind, mailbox::Reply};

/// From anywhere to a namespace.
pub enum Survey {
    /// Which rooms there are.
    Rooms(SurveyRequest, Reply<RoomNames>),
    /// The channels with the most members: at most so many.
    Largest(usize, Reply<RoomNames>),
    /// How many of all.
    Counts(Reply<NamespaceCounts>),
}

/// Some of the rooms of one kind, in the order of their names.
#[derive(Clone, Debug)]
pub struct SurveyRequest {
    /// Of this kind.
    pub kind: Kind,
    /// Behind this name.
    pub after: Option<Arc<str>>,
    /// At most so many.
    pub limit: usize,
}

/// See [`SurveyRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomNames {
    /// Their names, in the order that was asked for; with how many are in it, which is known of channels alone.
    pub names: Vec<(Arc<str>, Option<usize>)>,
    /// More follow behind the last.
    pub more: bool,
}

/// How many of all a namespace has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamespaceCounts {
    /// Members.
    pub members: usize,
    /// Distinct members who are in some channel.
    pub online: usize,
    /// Channels that have members.
    pub channels: usize,
    /// Rooms of a pack.
    pub rooms: usize,
    /// Rooms of the application.
    pub plain: usize,
}
