//! Settings of the hub pack, as the contract names them (part 6).
//! Knows no event and no payload: what a setting changes is the pack's matter.

use std::time::Duration;

use clap::ValueEnum;

use super::channels::{self, ChannelCapacity, SlowMode};
use super::spelling::{Choice, Count, Spelling, Switch};
use super::table::{settings, within};
use super::units::Span;
use super::{ANY, SOME, TIMER};

settings! {
    /// How channels, rooms and presence behave.
    pub struct HubSettings = "hub" at [hub] {
        /// Senders get their own messages too (contract 4.1).
        echo: bool as Switch = true, was "echo";
        /// Bytes of a channel's or room's name (contract 2.3).
        name_bytes_max: usize as Count = 256, in SOME, was "name-bytes-max";
        /// Channels that one client may be in.
        channels_max: usize as Count = 256, in SOME, was "channels-max";
        /// Rooms that one client may be in.
        rooms_max: usize as Count = 256, in SOME, was "rooms-max";
        /// When two addresses of a room are one room (contract 3.1).
        room_scope: RoomScope as Choice = RoomScope::Match, was "room-scope";
        /// Refuse messages whose payload and second argument name two targets (contract 2.4).
        strict_targets: bool as Switch = false, was "strict-targets";
        /// Only members may send to a channel or room (contract 3).
        require_join_to_send: bool as Switch = false, was "require-join-to-send";
        /// Only members of a channel may join its rooms (contract 3).
        require_channel_for_room: bool as Switch = false, was "require-channel-for-room";
        /// Time between two messages of one member, or of one account, in channels; the first pattern that fits counts.
        slow_mode: Vec<SlowMode> as Vec<SlowMode> = Vec::new(), check channels::slow_mode;
        /// Members of channels; the first pattern that fits counts.
        channel_capacity: Vec<ChannelCapacity> as Vec<ChannelCapacity> = Vec::new(), check channels::capacity;
        /// Who may join a room whose maker says nothing of it (contract 3).
        rooms_default_access: DefaultAccess as Choice = DefaultAccess::Open, was "rooms-default-access";
    }
    with {
        /// Presence events.
        presence: PresenceSettings,
    }
}

settings! {
    /// How often, and to whom, presence is told (contract 4.2).
    pub struct PresenceSettings = "presence" at [hub presence] {
        /// Least time between two presence events to the same recipients.
        interval: Duration as Span = Duration::from_millis(250), in TIMER, was "presence-interval";
        /// Presence events handed out a second, all recipients together; the interval grows to keep to it.
        deliveries_per_s: usize as Count = 10_000, in SOME, was "presence-deliveries-per-s";
        /// Who is told online-users.
        online_users: OnlineUsers as Choice = OnlineUsers::All, was "presence-online-users";
        /// Members up to which all of them are told of joins and leaves.
        join_events_up_to: usize as Count = 1_000, in ANY, was "presence-join-events-up-to";
    }
}

/// When two addresses (room id, channel or none) mean the same room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum RoomScope {
    /// Equal ids, and equal channels or none on either side.
    #[default]
    Match,
    /// Equal ids, whatever the channels.
    Flat,
    /// Equal ids and equal channels; a channel is required.
    Strict,
}

/// Who is told `online-users`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum DefaultAccess {
    /// Everybody.
    #[default]
    Open,
    /// Whom an owner invites.
    Invite,
}
