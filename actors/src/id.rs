//! Names and numbers as types: members, rooms, workers, local ids and the numbers of letters.
//! Knows no rule about what a good name is: packs decide that before they ask.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        f.write_str(&self.0)
    }
}

impl Serialize for MemberId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Ok(Self(id.into()))
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

/// One life of a namespace's log: positions of two epochs say nothing about each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

/// Where a letter stands in its namespace's log; for anything else, behind which letter it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// Which log this is a position of.
    pub epoch: Epoch,
    /// The letter's number in its namespace. Rises, not always by one.
    pub cursor: u64,
    /// The letter's number in its room, from 1, without gaps as long as the log knows the room.
    pub offset: u64,
}

impl LogPosition {
    /// The position without its room.
    pub fn token(self) -> Token {
        Token {
            epoch: self.epoch,
            cursor: self.cursor,
        }
    }
}

/// A position without its room. Clients hold its text: they give it back, and read nothing from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Which log it is of.
    pub epoch: Epoch,
    /// Behind which letter of the namespace.
    pub cursor: u64,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.epoch.0, self.cursor)
    }
}

impl Token {
    /// Reads what its `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, cursor) = text.split_once('-')?;
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u64::from_str_radix(digits, 16).ok().filter(|_| plain)
        };
        Some(Self {
            epoch: Epoch(number(epoch)?),
            cursor: number(cursor)?,
        })
    }
}

/// What a log is asked to take at once, as the one who asks numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(pub u64);

/// What has a log of its own within a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogKey {
    /// A room.
    Room(RoomKey),
    /// What goes to several rooms, or to all members.
    Everyone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_read() {
        let position = LogPosition {
            epoch: Epoch(u64::MAX),
            cursor: 77,
            offset: 3,
        };
        let token = position.token();
        assert_eq!((token.epoch, token.cursor), (Epoch(u64::MAX), 77));
        assert_eq!(Token::parse(&token.to_string()), Some(token));
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "+1-1",
            "1-+1",
            "1-1-1",
            "g-1",
            "1-11111111111111111",
        ] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
