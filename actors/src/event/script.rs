//! What comes of a room's hook: its state, its timers, and what it has said or done to single members.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    id::{MemberId, RoomKey},
    letter::Content,
};

/// See [`RoomEvent::Script`](super::RoomEvent::Script). What a hook says to all is a [`Said`](super::Said), and whom it sends out a
/// [`Left`](super::Left).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptEvent {
    /// The hook's state from now on.
    State(ScriptState),
    /// The hook has no state and no timers any more: it begins anew.
    Closed,
    /// The hook is to hear a message after a time.
    TimerSet {
        /// The timer.
        id: TimerId,
        /// The time, from when this is taken in.
        after: Duration,
        /// The message.
        message: Bytes,
    },
    /// It was heard, or is not to be.
    TimerEnded(TimerId),
    /// One member was told something.
    Told(MemberId, Content),
    /// A member is to leave for another room.
    Transferred(MemberId, RoomKey),
}

/// What a hook keeps in its room. The core knows of it only that it is another one now.
#[derive(Clone)]
pub struct ScriptState(pub Arc<dyn Any + Send + Sync>);

/// The same value, not an equal one.
impl PartialEq for ScriptState {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ScriptState {}

/// Shows nothing of it.
impl fmt::Debug for ScriptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptState")
    }
}

/// A timer of a room's hook. Never used twice while the room lives.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct TimerId(u64);

impl TimerId {
    /// The one behind it.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
