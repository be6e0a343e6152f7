//! Names and numbers as types: members, rooms, workers, local ids and the numbers of letters.
//! Knows no rule about what a good name is: packs decide that before they ask.

use std::{fmt, sync::Arc};

/// The public id of a member: a session in a namespace. Socket.IO calls it the socket id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(Arc<str>);

impl MemberId {
    /// Wraps an id that the caller has made from the system's generator.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberId({})", self.0)
    }
}

/// The three spaces of names that never collide, whatever the names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A channel of the hub pack.
    Channel,
    /// A room of the hub pack.
    Room,
    /// A room of the embedding API (`socket.join`).
    Plain,
}

/// Which room of a namespace: its kind and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomKey {
    /// The space that the name lives in.
    pub kind: Kind,
    /// The name, compared byte for byte.
    pub name: Arc<str>,
}

impl RoomKey {
    /// The channel `name`.
    pub fn channel(name: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind::Channel,
            name: name.into(),
        }
    }

    /// The hub pack's room `name`, whatever the channel.
    pub fn room(name: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind::Room,
            name: name.into(),
        }
    }

    /// The embedding API's room `name`.
    pub fn plain(name: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind::Plain,
            name: name.into(),
        }
    }
}

/// The channel that a seat in a room was taken under; `None` is a tag too: a seat without a channel.
pub type ChannelScope = Option<Arc<str>>;

/// An HTTP worker thread of this process; each has one courier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

/// A member's place at its courier. Never used twice within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u64);

/// One life of a room actor, crashes included; couriers keep their mirror of its seats under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub u64);

/// What the log answers for a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// The letter's number in its room, without gaps from 1.
    pub offset: u64,
}
