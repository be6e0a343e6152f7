//! The pack's own events as types, for `dondo types`: the form of `docs/events.md`, of which the hub takes others, too.
//! Nothing is read or written with them: tests/it/types.rs compares them with what comes.
#![allow(dead_code, reason = "they are for their schemas")]

mod acks;

use dondo_derive::{Event, Events};
use schemars::JsonSchema;

use self::acks::{
    JoinedChannel, JoinedRoom, LeftChannel, LeftRoom, Managed, Notified, RoomAccess, User,
};
use crate::io::{Declarations, RoomName, Value};

/// The events of a channel have its name.
const CHANNELS_TS: &str = "
/**
 * A message to a channel is an event of the channel's name:
 * `Socket<ServerToClientEvents & MessagesOf<\"lobby\">, ClientToServerEvents & MessagesTo<\"lobby\">>`.
 */
export type MessagesTo<Channel extends string> = {
  [Name in Channel]: ClientToServerEvents[\"notify-room\"];
};

/** What the members of a channel hear of such a message. */
export type MessagesOf<Channel extends string> = {
  [Name in Channel]: ServerToClientEvents[\"notify-room\"];
};
";

const CHANNELS_CS: &str = "
// A message to a channel is an event of the channel's name, with the data of ClientToServer.NotifyRoom; its members hear it with
// those of ServerToClient.NotifyRoom.
";

/// The events of the hub in TypeScript.
pub fn typescript() -> String {
    declarations().typescript() + CHANNELS_TS
}

/// The events of the hub in C#.
pub fn csharp() -> String {
    declarations().csharp() + CHANNELS_CS
}

fn declarations() -> Declarations {
    Declarations::new::<FromClient, ToClient>()
}

#[derive(Events)]
enum FromClient {
    JoinChannel(JoinChannel),
    LeaveChannel(LeaveChannel),
    JoinRoom(JoinRoom),
    NotifyRoom(NotifyRoom),
    LeaveRoom(LeaveRoom),
    InviteRoom(InviteRoom),
    KickRoom(KickRoom),
    LockRoom(LockRoom),
}

#[derive(Events)]
enum ToClient {
    ChannelJoined(ChannelJoined),
    ChannelLeft(ChannelLeft),
    RoomJoined(RoomJoined),
    RoomMessage(RoomMessage),
    RoomLeft(RoomLeft),
    RoomInvited(RoomInvited),
    RoomKicked(RoomKicked),
    RoomLocked(RoomLocked),
    OnlineUsers(ChannelsOnline),
    RoomOnlineUsers(RoomUsersOnline),
    HubError(HubError),
}

/// What a client sends: the event, and what stands in its `data`.
macro_rules! sent {
    ($($(#[$doc:meta])* $name:ident($event:literal, ack = $ack:ty) { $($(#[$field_meta:meta])* $field:ident: $of:ty,)* } as $data:ident;)*) => {$(
        $(#[$doc])*
        #[derive(JsonSchema, Event)]
        #[event($event, ack = $ack)]
        struct $name {
            data: $data,
            /// When, in ISO 8601; the server's time where nothing is said.
            time: Option<String>,
            source: Option<SourceSent>,
        }

        #[derive(JsonSchema)]
        #[serde(rename_all = "camelCase")]
        struct $data {
            message: Option<Value>,
            /// The channel.
            room_channel: Option<RoomName>,
            $($(#[$field_meta])* $field: $of,)*
        }
    )*};
}

sent! {
    /// Joins a channel, made if need be. Where `data` names none it is `source.channel`.
    JoinChannel("join-channel", ack = JoinedChannel) {
        /// So many of the last messages first: 0 to 100.
        history: Option<u8>,
        /// What was said since the `position` of an earlier ack.
        since: Option<String>,
    } as JoinChannelData;

    /// Leaves a channel and its rooms. Where nothing names one it is the only one joined.
    LeaveChannel("leave-channel", ack = LeftChannel) {} as LeaveChannelData;

    /// Joins a room, made if need be, with a channel or without.
    JoinRoom("join-room", ack = JoinedRoom) {
        /// The room.
        room_id: Option<RoomName>,
        /// So many of the last messages first: 0 to 100.
        history: Option<u8>,
        /// What was said since the `position` of an earlier ack.
        since: Option<String>,
        /// The most members, of who makes the room.
        capacity: Option<u32>,
        /// Who may join, of who makes the room.
        access: Option<RoomAccess>,
        /// Socket ids or accounts that may join, of who makes the room.
        invite: Option<Vec<String>>,
        /// What opens a room whose access is by token. Nobody else gets it.
        token: Option<String>,
    } as JoinRoomData;

    /// A message to a room.
    NotifyRoom("notify-room", ack = Notified) {
        /// The room.
        room_id: Option<RoomName>,
    } as NotifyRoomData;

    /// Leaves a room; without a channel, under every channel.
    LeaveRoom("leave-room", ack = LeftRoom) {
        /// The room.
        room_id: Option<RoomName>,
    } as LeaveRoomData;

    /// The owner lets somebody into a room by invitation.
    InviteRoom("invite-room", ack = Managed) {
        /// The room.
        room_id: Option<RoomName>,
        /// Socket ids or accounts.
        invite: Vec<String>,
    } as InviteRoomData;

    /// The owner sends somebody out.
    KickRoom("kick-room", ack = Managed) {
        /// The room.
        room_id: Option<RoomName>,
        /// Socket ids.
        kick: Vec<String>,
    } as KickRoomData;

    /// The owner closes a room to newcomers, or opens it.
    LockRoom("lock-room", ack = Managed) {
        /// The room.
        room_id: Option<RoomName>,
        /// True where nothing is said.
        locked: Option<bool>,
    } as LockRoomData;
}

/// Who speaks, by the client's own word.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SourceSent {
    platform: Option<String>,
    app_name: Option<String>,
    app_version: Option<String>,
    client_id: Option<String>,
    user_name: Option<String>,
    channel: Option<RoomName>,
    room: Option<RoomName>,
}

/// What members hear: the event, and what stands in its `data`.
macro_rules! told {
    ($($(#[$doc:meta])* $name:ident($event:literal) { $($(#[$field_meta:meta])* $field:ident: $of:ty,)* } as $data:ident;)*) => {$(
        $(#[$doc])*
        #[derive(JsonSchema, Event)]
        #[event($event)]
        #[serde(rename_all = "camelCase")]
        struct $name {
            data: $data,
            /// As the client said it, else the server's in ISO 8601.
            time: String,
            /// The sender's socket id; `server` of presence.
            client_id: String,
            source: SourceTold,
        }

        #[derive(JsonSchema)]
        #[serde(rename_all = "camelCase")]
        struct $data {
            /// As it was sent; an empty text where nothing was.
            message: Value,
            room_id: Option<String>,
            room_channel: Option<String>,
            $($(#[$field_meta])* $field: $of,)*
        }
    )*};
}

told! {
    /// Somebody has joined the channel.
    ChannelJoined("join-channel") {
        /// Members of the channel.
        online_users: u32,
    } as ChannelJoinedData;

    /// Somebody has left the channel.
    ChannelLeft("leave-channel") {
        /// Members of the channel.
        online_users: u32,
        reason: LeftFor,
    } as ChannelLeftData;

    /// Somebody has joined the room.
    RoomJoined("join-room") {
        /// Members of the room.
        online_users: u32,
    } as RoomJoinedData;

    /// A message to the room, or to a channel under the channel's name.
    RoomMessage("notify-room") {} as RoomMessageData;

    /// Somebody has left the room.
    RoomLeft("leave-room") {
        /// Members of the room.
        online_users: u32,
        reason: LeftFor,
    } as RoomLeftData;

    /// The owner has let somebody in.
    RoomInvited("invite-room") {
        /// Socket ids or accounts.
        invite: Vec<String>,
    } as RoomInvitedData;

    /// The owner has sent somebody out.
    RoomKicked("kick-room") {
        /// Socket ids.
        kick: Vec<String>,
    } as RoomKickedData;

    /// The owner has closed the room to newcomers, or opened it.
    RoomLocked("lock-room") {
        /// True where nothing is said.
        #[serde(skip_serializing_if = "absent")]
        locked: bool,
    } as RoomLockedData;

    /// How many are in channels, and in which.
    ChannelsOnline("online-users") {
        /// Clients in at least one channel.
        online_users: u32,
        /// Members of each channel.
        channels: std::collections::BTreeMap<String, u32>,
        /// There are more channels.
        #[serde(skip_serializing_if = "absent")]
        truncated: bool,
    } as ChannelsOnlineData;

    /// Who is in the room.
    RoomUsersOnline("room-online-users") {
        /// Members of the room.
        online_users: u32,
        users: Vec<User>,
        /// There are more users.
        #[serde(skip_serializing_if = "absent")]
        truncated: bool,
    } as RoomUsersOnlineData;
}

/// Who spoke: what the client said of itself, but for its socket id and whether it is logged in.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Source")]
struct SourceTold {
    platform: Option<String>,
    app_name: Option<String>,
    app_version: Option<String>,
    client_id: String,
    user_name: Option<String>,
    /// It is logged in, or the hub itself: the name is not its own word.
    #[serde(skip_serializing_if = "absent")]
    verified: bool,
    channel: Option<String>,
    #[serde(skip_serializing_if = "absent")]
    room: Option<String>,
}

/// Why somebody left.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
enum LeftFor {
    Leave,
    Disconnect,
    Kick,
}

/// What could not be done, where no ack was asked for.
#[derive(JsonSchema, Event)]
#[event("hub-error")]
struct HubError {
    #[schemars(extend("const" = false))]
    ok: bool,
    event: String,
    code: String,
    message: String,
}
