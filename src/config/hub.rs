//! Settings of the hub pack, as the contract names them (part 6).
//! Knows no event and no payload: what a setting changes is the pack's matter.

use std::time::Duration;

use clap::ValueEnum;

/// How channels, rooms and presence behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubSettings {
    /// Senders get their own messages too. Default: true (contract 4.1).
    pub echo: bool,
    /// Bytes of a channel's or room's name. Default: 256 (contract 2.3).
    pub name_bytes_max: usize,
    /// Channels that one client may be in. Default: 256.
    pub channels_max: usize,
    /// Rooms that one client may be in. Default: 256.
    pub rooms_max: usize,
    /// When two addresses of a room are one room. Default: match (contract 3.1).
    pub room_scope: RoomScope,
    /// Whose word the `clientId` of a message is. Default: stamp (contract 2.2).
    pub client_id: ClientId,
    /// A payload and a second argument that name two targets are an error. Default: false (contract 2.4).
    pub strict_targets: bool,
    /// Only members may send to a channel or room. Default: false (contract 3).
    pub require_join_to_send: bool,
    /// Only members of a channel may join its rooms. Default: false (contract 3).
    pub require_channel_for_room: bool,
    /// Who may join a room whose maker says nothing of it. Default: open (contract 3).
    pub default_access: DefaultAccess,
    /// Presence events.
    pub presence: PresenceSettings,
}

/// How often, and to whom, presence is told (contract 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceSettings {
    /// Least time between two presence events to the same recipients. Default: 250 ms.
    pub interval: Duration,
    /// Presence events handed out a second, all recipients together; the interval grows to keep to it. Default: 10,000.
    pub deliveries_per_s: usize,
    /// Who is told `online-users`. Default: all.
    pub online_users: OnlineUsers,
    /// Members up to which all of them are told of joins and leaves. Default: 1000; may be 0.
    pub join_events_up_to: usize,
}

/// When two addresses (room id, channel or none) mean the same room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RoomScope {
    /// Equal ids, and equal channels or none on either side.
    #[default]
    Match,
    /// Equal ids, whatever the channels.
    Flat,
    /// Equal ids and equal channels; a channel is required.
    Strict,
}

/// Whose word the `clientId` of a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClientId {
    /// The server's: the sender's own socket id is written into it.
    #[default]
    Stamp,
    /// The client's: it stays as sent, so one client can speak as another.
    Keep,
}

/// Who is told `online-users`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnlineUsers {
    /// Every client that is in any channel of the namespace.
    #[default]
    All,
    /// The members of the channel that changed.
    Channel,
    /// Nobody.
    Off,
}

/// Who may join a room whose maker says nothing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DefaultAccess {
    /// Everybody.
    #[default]
    Open,
    /// Whom an owner invites.
    Invite,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            echo: true,
            name_bytes_max: 256,
            channels_max: 256,
            rooms_max: 256,
            room_scope: RoomScope::default(),
            client_id: ClientId::default(),
            strict_targets: false,
            require_join_to_send: false,
            require_channel_for_room: false,
            default_access: DefaultAccess::default(),
            presence: PresenceSettings::default(),
        }
    }
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(250),
            deliveries_per_s: 10_000,
            online_users: OnlineUsers::default(),
            join_events_up_to: 1000,
        }
    }
}
