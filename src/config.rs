//! Every setting and every named limit, each with its unit, default and meaning; plain data.
//! Refuses to know who acts on a setting. Where settings come from is `config/flags.rs`.

mod check;
mod flags;
mod hub;
mod tutorial;
pub mod units;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::transport::origin::Origins;

pub use check::ConfigError;
pub use flags::Flags;
pub use hub::{ClientId, DefaultAccess, HubSettings, OnlineUsers, PresenceSettings, RoomScope};

/// Settings of a dondo server. All of them take effect at start.
///
/// ```
/// # use dondo::config::Config;
/// let mut config = Config { workers: 2, ..Config::default() };
/// config.engine.max_payload = 64 * 1024;
/// config.hub.echo = false;
/// config.check()?;
/// # Ok::<(), dondo::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses to listen on. Default: port 11000 of this machine's own loopback, IPv4 and IPv6.
    pub listen: Vec<SocketAddr>,
    /// The namespaces that clients may connect to (contract 5). Default: `/` alone.
    pub namespaces: Vec<String>,
    /// Where the Socket.IO endpoint stands; begins and ends with a slash. Default: `/socket.io/`.
    pub path: String,
    /// Which web origins may connect. Default: the server's own host, and clients that send none.
    pub origins: Origins,
    /// Folder with the browser client (`socket.io.js` …) to serve below `path`.
    /// Default: none, so that the first page looks for it elsewhere.
    pub client_dist: Option<PathBuf>,
    /// HTTP worker threads. Default: as many as the machine runs at once.
    pub workers: usize,
    /// Threads of their own for rooms. Default: 1. With 0, rooms run on the first worker.
    pub room_threads: usize,
    /// Time over which a shutdown spreads the closing of connections. Default: 10 s; may be 0.
    pub grace: Duration,
    /// Connections and packets.
    pub engine: EngineSettings,
    /// What waits for slow readers.
    pub delivery: DeliverySettings,
    /// The hub pack: channels, rooms and presence.
    pub hub: HubSettings,
}

/// Limits of one connection, as Socket.IO names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// Time between two pings. Default: 25 s.
    pub ping_interval: Duration,
    /// Time to wait for a pong before the connection counts as lost. Default: 20 s.
    pub ping_timeout: Duration,
    /// Time a transport upgrade may take. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// Time a connection may take to join its first namespace. Default: 45 s.
    pub connect_timeout: Duration,
    /// Bytes of one message or one POST body. Default: 1,000,000.
    pub max_payload: usize,
    /// Binary attachments of one packet. Default: 10; may be 0.
    pub attachments_max: usize,
    /// Time that promised attachments may stay away. Default: 10 s.
    pub attachments_timeout: Duration,
    /// Unfinished messages that one session may have in handling; then its socket is not read. Default: 64.
    pub inbound_max: usize,
}

/// Limits of what is on its way to sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Bytes that may wait for one session. Default: 2 MiB, or twice `max_payload` if that is more.
    pub outbox_bytes_max: Option<usize>,
    /// Letters that may wait for one session. Default: 16,384.
    pub outbox_count_max: usize,
    /// Bytes that may wait in the whole process; beyond, the session owing most is closed. Default: 1 GiB.
    pub outbox_total_max: usize,
    /// Time that a session with letters waiting may take none of them. Default: the ping timeout.
    pub stall_timeout: Option<Duration>,
    /// Delivers that a worker may leave undigested before rooms stop taking mail. Default: 1024.
    pub courier_backlog_max: usize,
    /// Time that a worker may leave a Deliver undigested before rooms go on without it. Default: 1 s.
    pub courier_stall: Duration,
}

impl Config {
    /// Where the default server listens, as on every other machine.
    pub const PORT: u16 = 11000;

    /// Bytes that may wait for one session: what is set, else 2 MiB and never under twice `max_payload`.
    pub fn outbox_bytes_max(&self) -> usize {
        let least = self.engine.max_payload.saturating_mul(2);
        self.delivery
            .outbox_bytes_max
            .unwrap_or(least.max(2 * 1024 * 1024))
    }

    /// Time that a session with letters waiting may take none of them: what is set, else the ping timeout.
    pub fn stall_timeout(&self) -> Duration {
        self.delivery
            .stall_timeout
            .unwrap_or(self.engine.ping_timeout)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, Self::PORT)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, Self::PORT)),
            ],
            namespaces: vec!["/".to_owned()],
            path: "/socket.io/".to_owned(),
            origins: Origins::default(),
            client_dist: None,
            workers: available_parallelism().map_or(1, usize::from),
            room_threads: 1,
            grace: Duration::from_secs(10),
            engine: EngineSettings::default(),
            delivery: DeliverySettings::default(),
            hub: HubSettings::default(),
        }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(45),
            max_payload: 1_000_000,
            attachments_max: 10,
            attachments_timeout: Duration::from_secs(10),
            inbound_max: 64,
        }
    }
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            outbox_bytes_max: None,
            outbox_count_max: 16_384,
            outbox_total_max: 1 << 30,
            stall_timeout: None,
            courier_backlog_max: 1024,
            courier_stall: Duration::from_secs(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outbox_holds_two_messages_of_any_legal_size() {
        let mut config = Config::default();
        assert_eq!(config.outbox_bytes_max(), 2 * 1024 * 1024);
        config.engine.max_payload = 5_000_000;
        assert_eq!(config.outbox_bytes_max(), 10_000_000);
        config.delivery.outbox_bytes_max = Some(20_000_000);
        assert_eq!(config.outbox_bytes_max(), 20_000_000);
    }

    #[test]
    fn a_stall_is_as_long_as_a_lost_ping_unless_set() {
        let mut config = Config::default();
        config.engine.ping_timeout = Duration::from_secs(3);
        assert_eq!(config.stall_timeout(), Duration::from_secs(3));
        config.delivery.stall_timeout = Some(Duration::from_secs(7));
        assert_eq!(config.stall_timeout(), Duration::from_secs(7));
    }
}
