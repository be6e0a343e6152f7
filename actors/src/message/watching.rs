//! Who watches the presence of a room: the words of it, and what a watcher hears.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::{
    error::{Fault, LeaveReason},
    id::{MemberId, RoomKey},
};

/// Changes that a watcher has not taken. One more ends its watching: it asks anew, and has a snapshot in place of what it missed.
pub(crate) const CHANGES_MAX: usize = 64;

/// Somebody who is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresentMember {
    /// Its id.
    pub id: MemberId,
    /// The account that was logged in when it joined, if any.
    pub account: Option<Arc<str>>,
}

/// What a watcher of a room hears, in the room's order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceChange {
    /// Who is there, whoever joined first first; what was heard before no longer counts. It comes at the beginning, in place of
    /// what a slow reader has missed, and after the room has ended or died.
    Snapshot(Vec<PresentMember>),
    /// One more is there.
    Joined(PresentMember),
    /// One is gone, and why.
    Left(MemberId, LeaveReason),
    /// Nothing more comes: too many watch ([`Fault::Full`]), or the namespace is gone ([`Fault::Gone`]), with its thread or its hub
    /// or, as the child of a pattern, with its last client.
    Ended(Fault),
}

/// From anywhere to a namespace, and from there to the room, if there is one.
pub struct Watch {
    pub(crate) room: RoomKey,
    pub(crate) watcher: Watcher,
}

impl Watch {
    pub(crate) fn new(room: RoomKey) -> (Self, mpsc::Receiver<PresenceChange>) {
        let (changes, heard) = mpsc::channel(CHANGES_MAX);
        let watcher = Watcher(changes);
        (Self { room, watcher }, heard)
    }
}

/// Takes what happens in a room, and is never waited for.
pub struct Watcher(mpsc::Sender<PresenceChange>);

impl Watcher {
    /// `false` if it is gone or behind: then it is to be let go.
    pub(crate) fn tell(&self, change: PresenceChange) -> bool {
        self.0.try_send(change).is_ok()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}
