//! What the pack's events are answered with, where they are carried out; else it is a `Failure`.

use schemars::JsonSchema;

/// Acks: what all have, and what each has beside it.
macro_rules! acks {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $of:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name {
            #[schemars(extend("const" = true))]
            ok: bool,
            event: String,
            /// The own socket id.
            client_id: String,
            $($(#[$field_meta])* $field: $of,)*
        }
    )*};
}

acks! {
    /// The ack of `join-channel`.
    JoinedChannel {
        channel: String,
        online_users: u32,
        /// The client was a member before.
        already: bool,
        users: Vec<User>,
        /// There are more users.
        #[serde(skip_serializing_if = "absent")]
        truncated: bool,
        /// For `data.since` of a later join, where history was asked for.
        #[serde(skip_serializing_if = "absent")]
        position: String,
        /// How many letters came first.
        #[serde(skip_serializing_if = "absent")]
        replayed: u32,
        /// Whether that was all there was.
        #[serde(skip_serializing_if = "absent")]
        complete: bool,
    }

    /// The ack of `join-room`.
    JoinedRoom {
        room: String,
        #[serde(skip_serializing_if = "absent")]
        channel: String,
        online_users: u32,
        /// The client was a member before.
        already: bool,
        /// The client has made the room.
        created: bool,
        access: RoomAccess,
        /// The room holds for its id in all channels.
        #[serde(skip_serializing_if = "absent")]
        all_channels: bool,
        #[serde(skip_serializing_if = "absent")]
        capacity: u32,
        /// The owner's socket id.
        owner: Option<String>,
        users: Vec<User>,
        /// There are more users.
        #[serde(skip_serializing_if = "absent")]
        truncated: bool,
        /// For `data.since` of a later join, where history was asked for.
        #[serde(skip_serializing_if = "absent")]
        position: String,
        /// How many letters came first.
        #[serde(skip_serializing_if = "absent")]
        replayed: u32,
        /// Whether that was all there was.
        #[serde(skip_serializing_if = "absent")]
        complete: bool,
    }

    /// The ack of `leave-channel`.
    LeftChannel {
        channel: String,
        #[serde(skip_serializing_if = "absent")]
        online_users: u32,
        /// The client was no member.
        already: bool,
    }

    /// The ack of `leave-room`.
    LeftRoom {
        room: String,
        #[serde(skip_serializing_if = "absent")]
        channel: String,
        #[serde(skip_serializing_if = "absent")]
        online_users: u32,
        /// The client was no member.
        already: bool,
        /// Each membership that was given up.
        left: Vec<LeftSeat>,
    }

    /// The ack of a message.
    Notified {
        #[serde(skip_serializing_if = "absent")]
        room: String,
        #[serde(skip_serializing_if = "absent")]
        channel: String,
        /// Members that it was handed to.
        recipients: u32,
    }

    /// The ack of an owner's event.
    Managed {
        room: String,
        #[serde(skip_serializing_if = "absent")]
        channel: String,
    }
}

/// A membership of a room that was given up.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LeftSeat {
    room: String,
    channel: Option<String>,
    online_users: u32,
}

/// A member.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    client_id: String,
    user_name: Option<String>,
    /// It is logged in: the name is not its own word.
    #[serde(skip_serializing_if = "absent")]
    verified: bool,
}

/// Who may join a room.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Access")]
pub(super) enum RoomAccess {
    Open,
    Token,
    Invite,
}
