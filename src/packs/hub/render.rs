//! What a client hears about its own request: the ack of a success, and faults with their stable codes.
//! Refuses to know how an ack travels; contract 4.3 names every field.

pub(super) mod presence;
mod presence_events;

use bytes::Bytes;
use dondo_actors::{event::Access, id::MemberId, message::Replayed, state::room::RoomPolicy};
use serde::Serialize;
use serde_json::value::RawValue;

use super::contract::json;

/// The ack of a request that was carried out. Fields left `None` are not sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Success<'a> {
    ok: bool,
    event: &'a str,
    /// The channel that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<&'a str>,
    /// The room that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<&'a str>,
    client_id: &'a str,
    /// Members of the target afterwards; on joins and leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) online_users: Option<usize>,
    /// It was so before the request; on joins and leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) already: Option<bool>,
    /// Members that a message was handed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipients: Option<usize>,
    /// What holds at the address; on joins of rooms.
    #[serde(flatten)]
    pub(crate) terms: Option<RoomTerms<'a>>,
    /// What was told of former times; on joins that ask for it.
    #[serde(flatten)]
    pub(crate) history: Option<History>,
    /// Members of the target as `[{clientId, userName}]`; on joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) users: Option<&'a RawValue>,
    /// There are members that `users` does not list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truncated: Option<bool>,
    /// Every seat that a leave-room gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<&'a [Left<'a>]>,
}

/// What a join was told of what was said before (contract 3.3).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct History {
    /// For a later join's `since`.
    position: String,
    /// Letters.
    replayed: usize,
    /// Whether that is all it asked for.
    complete: bool,
}

impl From<&Replayed> for History {
    fn from(replayed: &Replayed) -> Self {
        Self {
            position: replayed.position.token().to_string(),
            replayed: replayed.count,
            complete: replayed.complete,
        }
    }
}

/// What is in force at a room's address (contract 3.1).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomTerms<'a> {
    /// The join made it.
    created: bool,
    /// `open` or `invite`.
    access: &'a str,
    /// Sent where a private room without a channel closes the id in all channels.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all_channels: bool,
    /// The most members, if there is such a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<usize>,
    /// The socket id of the owner.
    owner: Option<&'a str>,
}

impl<'a> RoomTerms<'a> {
    /// The terms as the core has them.
    pub(crate) fn new(terms: &'a RoomPolicy) -> Self {
        Self {
            created: terms.created,
            access: match terms.access {
                Access::Open => "open",
                Access::Invite => "invite",
            },
            all_channels: terms.in_all_channels,
            capacity: terms.capacity,
            owner: terms.owner.as_ref().map(MemberId::as_str),
        }
    }
}

/// One seat given up: the address it had and who is left there.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Left<'a> {
    /// The room.
    pub(crate) room: &'a str,
    /// The channel of the seat; `null` for a seat in none.
    pub(crate) channel: Option<&'a str>,
    /// Members at that address afterwards.
    pub(crate) online_users: usize,
}

impl<'a> Success<'a> {
    /// An ack with the fields that all have: `ok`, `event`, `clientId`.
    pub(crate) fn new(event: &'a str, client_id: &'a str) -> Self {
        Self {
            ok: true,
            event,
            channel: None,
            room: None,
            client_id,
            online_users: None,
            already: None,
            recipients: None,
            terms: None,
            history: None,
            users: None,
            truncated: None,
            left: None,
        }
    }

    /// The JSON text of the ack's one argument.
    pub(crate) fn answer(&self) -> Bytes {
        json::text(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_success_sends_only_the_fields_that_were_given() {
        let mut ack = Success::new("join-channel", "abc");
        ack.channel = Some("some \"channel\"");
        ack.online_users = Some(3);
        ack.already = Some(false);
        assert_eq!(
            &ack.answer()[..],
            br#"{"ok":true,"event":"join-channel","channel":"some \"channel\"","clientId":"abc","onlineUsers":3,"already":false}"#
        );
    }

    #[test]
    fn a_message_ack_tells_its_recipients() {
        let mut ack = Success::new("lobby", "abc");
        ack.channel = Some("lobby");
        ack.recipients = Some(0);
        assert_eq!(
            &ack.answer()[..],
            br#"{"ok":true,"event":"lobby","channel":"lobby","clientId":"abc","recipients":0}"#
        );
    }

    #[test]
    fn leave_room_lists_every_seat_given_up() {
        let left = [
            Left {
                room: "r",
                channel: Some("a"),
                online_users: 1,
            },
            Left {
                room: "r",
                channel: None,
                online_users: 0,
            },
        ];
        let mut ack = Success::new("leave-room", "abc");
        ack.left = Some(&left);
        assert_eq!(
            &ack.answer()[..],
            br#"{"ok":true,"event":"leave-room","clientId":"abc","left":[{"room":"r","channel":"a","onlineUsers":1},{"room":"r","channel":null,"onlineUsers":0}]}"#
        );
    }
}
