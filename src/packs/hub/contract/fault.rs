//! Why a request was refused, with its stable code (contract 4.3).
//! Refuses to know how an answer travels.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use super::json;

/// Why a request was refused. The text of [`Code::as_str`] is stable: clients may branch on it (contract 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// No payload, or one that cannot be read.
    BadPayload,
    /// Nothing names the channel.
    MissingChannel,
    /// Nothing names the room.
    MissingRoom,
    /// A name against contract 2.3.
    InvalidName,
    /// A channel named like an event of the hub or of the clients' libraries (contract 3.2).
    ReservedName,
    /// The room's capacity is taken.
    RoomFull,
    /// The client holds as many channels or rooms as it may.
    LimitReached,
    /// A private room is asked for where an open one is occupied.
    RoomExists,
    /// The room is private and the client is not invited.
    NotInvited,
    /// Only an owner may do it, or the client's token does not allow it.
    Forbidden,
    /// `strict_targets` is on, and the request names two targets.
    TargetMismatch,
    /// A setting asks for a seat in the target first.
    NotMember,
    /// A token that is none, or that nobody should take.
    TokenInvalid,
    /// A token whose time is over.
    TokenExpired,
    /// A token of somebody else's, or for somebody else.
    TokenForeign,
    /// Whoever moderates has taken the word from the client.
    Muted,
    /// The hub's own fault; it tells no details.
    Internal,
}

impl Code {
    /// The code as it is sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadPayload => "bad_payload",
            Self::MissingChannel => "missing_channel",
            Self::MissingRoom => "missing_room",
            Self::InvalidName => "invalid_name",
            Self::ReservedName => "reserved_name",
            Self::RoomFull => "room_full",
            Self::LimitReached => "limit_reached",
            Self::RoomExists => "room_exists",
            Self::NotInvited => "not_invited",
            Self::Forbidden => "forbidden",
            Self::TargetMismatch => "target_mismatch",
            Self::NotMember => "not_member",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::TokenForeign => "token_foreign",
            Self::Muted => "muted",
            Self::Internal => "internal",
        }
    }
}

/// A refused request: a code for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The stable code.
    pub(crate) code: Code,
    /// One sentence; may change between releases.
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    /// A fault with its sentence.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// `{ ok: false, event, code, message }`: the one argument of the ack, or of `hub-error` where no ack was asked for.
    pub(crate) fn answer(&self, event: &str) -> Bytes {
        json::text(&Failure {
            ok: false,
            event,
            code: self.code.as_str(),
            message: &self.message,
        })
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    ok: bool,
    event: &'a str,
    code: &'a str,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_event_code_and_reason() {
        let fault = Fault::new(Code::RoomFull, "the room holds 2 members");
        assert_eq!(
            &fault.answer("join-room")[..],
            br#"{"ok":false,"event":"join-room","code":"room_full","message":"the room holds 2 members"}"#
        );
    }
}
