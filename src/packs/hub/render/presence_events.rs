//! Presence events as the core asks for them: who is online in channels, who is in a room (contract 4.2).
//! Knows neither when they are due nor whom they go to.

use dondo_actors::{
    id::RoomKey,
    letter::Content,
    ports::{Online, PresenceEvents, RoomOnline},
};

use super::{
    super::HubPack,
    presence::{self, HubInfo},
};

/// Who the hub says it is.
const HUB: HubInfo<'static> = HubInfo {
    app_name: env!("CARGO_PKG_NAME"),
    app_version: env!("CARGO_PKG_VERSION"),
};

impl PresenceEvents for HubPack {
    fn online(&self, online: &Online) -> Content {
        let channels = online.channels.iter();
        presence::online_users(
            online.members,
            channels.map(|(name, count)| (&**name, *count)),
            online.truncated,
            online.changed.as_deref(),
            &HUB,
            self.0.clock.now(),
        )
    }

    fn room_online(&self, room: &RoomKey, online: &RoomOnline<'_>) -> Content {
        let users = online.users.iter();
        presence::room_online_users(
            &room.name,
            online.tag.as_deref(),
            online.count,
            users.map(|(id, name)| (id.as_str(), name.as_deref())),
            &HUB,
            self.0.clock.now(),
        )
    }
}
