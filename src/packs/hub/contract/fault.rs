//! Why a request was refused, with its stable code (contract 4.3).
//! Refuses to know how an answer travels.

use std::borrow::Cow;
use std::time::Duration;

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
    /// A token that was taken back.
    TokenRevoked,
    /// A token of another account, or of one where a guest came in.
    OtherAccount,
    /// Whoever moderates has taken the word from the client.
    Muted,
    /// The channel has as many members as it may.
    ChannelFull,
    /// The channel has slow mode, and the client has said something a moment ago.
    SlowMode,
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
            Self::TokenRevoked => "token_revoked",
            Self::OtherAccount => "other_account",
            Self::Muted => "muted",
            Self::ChannelFull => "channel_full",
            Self::SlowMode => "slow_mode",
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
    /// After how long the same may be done, where that is known.
    pub(crate) retry_after: Option<Duration>,
}

impl Fault {
    /// A fault with its sentence.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The same, which may go well after a while.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    /// `{ ok: false, event, code, message, data? }`: the one argument of the ack, or of `hub-error` where no ack was asked for.
    pub(crate) fn answer(&self, event: &str) -> Bytes {
        json::text(&Failure {
            ok: false,
            event,
            code: self.code.as_str(),
            message: &self.message,
            data: self.retry_after.map(|wait| RetryAfter {
                retry_after: whole_seconds(wait),
            }),
        })
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    ok: bool,
    event: &'a str,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<RetryAfter>,
}

/// Whole seconds, as the header of that name has them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RetryAfter {
    retry_after: u64,
}

/// Who comes then does not come too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if who does as it is told comes too early.
    #[test]
    fn whoever_is_to_wait_is_told_whole_seconds() {
        let slow = Fault::new(Code::SlowMode, "wait").after(Duration::from_millis(4_001));
        assert_eq!(
            &slow.answer("lobby")[..],
            br#"{"ok":false,"event":"lobby","code":"slow_mode","message":"wait","data":{"retryAfter":5}}"#
        );
    }

    #[test]
    fn a_fault_names_event_code_and_reason() {
        let fault = Fault::new(Code::RoomFull, "the room holds 2 members");
        assert_eq!(
            &fault.answer("join-room")[..],
            br#"{"ok":false,"event":"join-room","code":"room_full","message":"the room holds 2 members"}"#
        );
    }
}
