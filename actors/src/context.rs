//! What a namespace and its rooms are told when they start, and never change.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::{
    letter::Encodings,
    lifecycle::LifecycleSender,
    metrics::Metrics,
    ports::{Clock, IdGenerator, PresenceEvents, RoomHooks},
    state::throttle::PresenceRates,
};

/// Whom `online-users` goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnlineUsers {
    /// Everybody who is in some channel.
    #[default]
    All,
    /// The members of the channel that changed.
    Channel,
    /// Nobody.
    Off,
}

/// A namespace's settings.
#[derive(Clone, Debug)]
pub struct NamespaceSettings {
    /// The least time between two presence events to the same many.
    pub presence_interval: Duration,
    /// The most deliveries of presence events in a second, per namespace and per room.
    pub deliveries_per_second: usize,
    /// The most bytes of presence events in a second, per namespace and per room, recipients counted each.
    pub presence_bytes_per_second: usize,
    /// Whom `online-users` goes to.
    pub online_users: OnlineUsers,
    /// In rooms with more members than this only the newcomer gets a join event, and nobody a leave event.
    pub join_events_up_to: usize,
    /// How long a courier may do nothing at all, while rooms wait for it, before it is given up.
    pub courier_patience: Duration,
    /// How long a log may take to number a letter.
    pub log_timeout: Duration,
    /// How long an authorizer may take to let a client in.
    pub admission_timeout: Duration,
    /// Invitations that an address of a room keeps.
    pub invites_max: usize,
    /// Bytes of invitations that one member may own, all its addresses together.
    pub invite_bytes_max: usize,
}

impl Default for NamespaceSettings {
    fn default() -> Self {
        Self {
            presence_interval: Duration::from_millis(250),
            deliveries_per_second: 10_000,
            presence_bytes_per_second: 4 << 20,
            online_users: OnlineUsers::All,
            join_events_up_to: 1000,
            courier_patience: Duration::from_secs(5),
            log_timeout: Duration::from_secs(2),
            admission_timeout: Duration::from_secs(10),
            invites_max: 256,
            invite_bytes_max: 64 << 10,
        }
    }
}

impl NamespaceSettings {
    /// How much presence may be told.
    pub fn presence_rates(&self) -> PresenceRates {
        PresenceRates {
            interval: self.presence_interval,
            deliveries_per_second: self.deliveries_per_second,
            bytes_per_second: self.presence_bytes_per_second,
        }
    }
}

/// What a namespace and its rooms share and never change.
pub struct NamespaceContext {
    /// The namespace's name.
    pub namespace: Arc<str>,
    /// Its settings.
    pub settings: NamespaceSettings,
    /// The hub's encodings.
    pub encodings: Encodings,
    /// Makes the presence events, where an application wants some.
    pub presence_events: Option<Arc<dyn PresenceEvents>>,
    /// Which rooms have a hook, where an application has any.
    pub room_hooks: Option<Arc<dyn RoomHooks>>,
    /// Places for rooms that are kept while nobody is in them.
    pub kept_rooms: Arc<Semaphore>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from, and what nobody is to guess.
    pub ids: Arc<dyn IdGenerator>,
    /// The hub's numbers.
    pub metrics: Arc<Metrics>,
    /// Hears what comes and goes.
    pub lifecycle: LifecycleSender,
    /// Counts the room actors of the hub.
    pub room_ids: Arc<AtomicU64>,
}
