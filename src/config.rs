//! Every setting and every named limit, said once: unit, default, range and meaning; plain data.
//! Over 400 lines: the table of them.
//! Refuses to know who acts on a setting. How one is declared is in `config/table.rs`.

mod admin;
mod api;
mod auth;
mod begun;
mod channels;
mod check;
mod commands;
mod dev;
mod doctor;
mod file;
mod flags;
mod given;
mod history;
mod hub;
mod insecure;
mod memory;
mod nearest;
mod open_files;
mod printed;
mod said;
#[cfg(feature = "program")]
mod shell;
mod spelling;
mod start_log;
mod table;
mod tls;
mod units;
mod variables;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::ValueEnum;

use self::spelling::{
    Address, Choice, Count, Folder, HostName, NamespaceName, Network, Spelling, Switch, Token,
    UrlPath,
};
use self::table::{settings, within};
use self::units::{Size, Span};

pub use crate::transport::origin::{BadOrigins, Origin, Origins};
pub use admin::AdminSettings;
pub use api::ApiSettings;
pub use auth::AuthSettings;
pub use channels::{ChannelCapacity, SlowMode};
pub use history::HistorySettings;
pub use hub::{DefaultAccess, HubSettings, OnlineUsers, PresenceSettings, RoomScope};
pub use insecure::InsecureSettings;
pub use ipnet::IpNet;
pub use table::SettingError;
pub use tls::TlsSettings;

pub(crate) use self::{channels::SLOW_MODE, open_files::FILES_KEPT};

#[doc(hidden)]
#[cfg(feature = "program")]
pub use self::shell::told_to_a_shell;
/// For the program, and for the tests of what it prints.
#[doc(hidden)]
pub use self::{
    commands::{CommandAnswer, answered},
    flags::matches_from,
    given::{Given, WrongSettings},
    table::Setting,
    variables::unknown_variables,
};

const MIB: usize = 1 << 20;
const MB: usize = 1_000_000;

/// Counts of which none would let nothing through. The end leaves room to compute with them.
const SOME: RangeInclusive<usize> = 1..=u32::MAX as usize;
const ANY: RangeInclusive<usize> = 0..=u32::MAX as usize;
const BYTES: RangeInclusive<usize> = 1..=match 1_usize.checked_shl(50) {
    Some(pebibyte) => pebibyte,
    None => usize::MAX,
};
/// More threads than any machine has cores: a slip of the finger, not a wish.
const THREADS: RangeInclusive<usize> = 1..=1024;
/// A client's timers count milliseconds in 31 bits: beyond 24 days they would fire at once.
const TIMER: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

settings! {
    /// Settings of a dondo server. All of them take effect at start.
    ///
    /// ```
    /// # use dondo::config::Settings;
    /// let mut settings = Settings::default();
    /// settings.workers = 2;
    /// settings.engine.max_payload = 64 * 1024;
    /// settings.hub.echo = false;
    /// settings.check()?;
    /// # Ok::<(), dondo::config::SettingError>(())
    /// ```
    pub struct Settings = "" at [] {
        /// Addresses and ports to listen on; repeat it, or separate several by commas.
        listen: Vec<SocketAddr> as Vec<Address> = loopback().to_vec(), check check::listen;
        /// For development on this machine: loopback alone, web pages of localhost, and a password, printed at start, for the first
        /// page's buttons that break things.
        dev: bool as Switch = false, check dev::dev;
        /// For a container, which others reach by its own addresses: where nobody wrote `listen`, that is port 11000 of all addresses,
        /// over IPv4 and over IPv6 if there is that.
        container: bool as Switch = false;
        /// Address and port of the operators' listener, or off.
        admin_listen: Option<SocketAddr> as Option<Address> = Some((Ipv4Addr::LOCALHOST, 11001).into()),
            check check::admin_listen;
        /// Namespaces that clients may connect to, separated by commas.
        namespaces: Vec<String> as Vec<NamespaceName> = vec!["/".to_owned()], check check::namespaces;
        /// Where the Socket.IO endpoint stands; begins and ends with a slash.
        path: String as UrlPath = "/socket.io/".to_owned(), check check::path;
        /// Where SignalR's clients find the ChatHub, a view of the main namespace's channels; or off.
        chat_hub: Option<String> as Option<UrlPath> = Some("/chatHub/".to_owned()), check check::chat_hub;
        /// Web origins that may connect from a browser; clients that send none always may.
        origins: Origins as Origins = Origins::SameHost;
        /// Names that a request's Host may have; any, because proxies pass their own.
        hosts: Vec<String> as Vec<HostName> = Vec::new(), check check::hosts;
        /// Proxies whose word on a client's address is taken.
        trusted_proxies: Vec<IpNet> as Vec<Network> = Vec::new();
        /// Folder with the stock client for other people's pages (dist of the npm package socket.io-client).
        client_dist: Option<PathBuf> as Option<Folder> = None, check check::client_dist;
        /// Folder that is served at / in place of the hub's own pages; without what is hidden, links that lead out of it, and lists.
        static_files: Option<PathBuf> as Option<Folder> = None, check check::static_files, also "static";
        /// HTTP worker threads.
        workers: usize as Count = available_parallelism().map_or(1, usize::from), in THREADS, of "as many as the machine runs at once";
        /// Threads of their own for rooms; with 0, rooms run on the first worker.
        room_threads: usize as Count = 1, in 0..=1024;
        /// Time over which a shutdown spreads the closing of connections.
        grace: Duration as Span = Duration::from_secs(10), in Duration::ZERO..=DAY;
        /// How log lines are written.
        log_format: LogFormat as Choice = LogFormat::Text;
        /// Whether each request is a line of the log once it is answered, and each WebSocket once it has ended.
        access_log: bool as Switch = false;
        /// Bytes that the whole process may hold for its sessions.
        memory_max: Option<usize> as Option<Size> = None, check check::memory_max,
            else memory_max "half of what the machine or its control group has, at least 512MiB",
            was "outbox-total-max";
        /// Bytes that the process may hold for one session.
        session_bytes_max: usize as Size = 32 * MIB, check check::session_bytes_max;
    }
    with {
        /// TLS of the standalone server.
        tls: TlsSettings,
        /// Where other protocols than Socket.IO are spoken.
        endpoints: EndpointSettings,
        /// Connections and packets.
        engine: EngineSettings,
        /// What sessions and addresses may have, and may do in a second.
        limits: LimitSettings,
        /// What waits for slow readers.
        delivery: DeliverySettings,
        /// What is kept of what was said.
        history: HistorySettings,
        /// Who comes in.
        auth: AuthSettings,
        /// The hub pack: channels, rooms and presence.
        hub: HubSettings,
        /// The HTTP API.
        api: ApiSettings,
        /// The admin view.
        admin: AdminSettings,
        /// What only relaxes.
        insecure: InsecureSettings,
    }
}

settings! {
    /// Where other protocols than Socket.IO are spoken: paths, or off.
    pub struct EndpointSettings = "endpoints" at [endpoints] {
        /// Path of plain WebSockets, for clients without a library.
        websocket: Option<String> as Option<UrlPath> = Some("/ws/".to_owned()), check check::websocket_path;
        /// Path of event streams (Server-Sent Events), which tell what is said in channels and rooms.
        events: Option<String> as Option<UrlPath> = Some("/events/".to_owned()), check check::events_path;
        /// Path of a WebSocket that answers with what it is sent, to try clients.
        echo: Option<String> as Option<UrlPath> = None, check check::echo_path;
    }
}

settings! {
    /// Limits of one connection, as Socket.IO names them.
    pub struct EngineSettings = "engine" at [engine] {
        /// Time between two pings.
        ping_interval: Duration as Span = Duration::from_secs(25), in TIMER, was "ping-interval";
        /// Time to wait for a pong before the connection counts as lost.
        ping_timeout: Duration as Span = Duration::from_secs(20), in TIMER, was "ping-timeout";
        /// Time a transport upgrade may take.
        upgrade_timeout: Duration as Span = Duration::from_secs(10), in TIMER, was "upgrade-timeout";
        /// Time a connection may take to join its first namespace.
        connect_timeout: Duration as Span = Duration::from_secs(20), in TIMER, was "connect-timeout";
        /// Time that a request's head may take, and the first bytes of its body.
        request_timeout: Duration as Span = Duration::from_secs(10), in TIMER;
        /// Subprotocols of WebSockets that are answered; by default whatever a client names first.
        subprotocols: Vec<String> as Vec<Token> = Vec::new(), check check::subprotocols;
        /// Whether the page's and the client's files, and polls over 1 KB, are compressed (gzip) for those who ask for it.
        http_compression: bool as Switch = true;
        /// Size of one message, a binary attachment too, or of one POST body.
        max_payload: usize as Size = MB, in BYTES, was "max-payload";
        /// Bytes of one packet, its text and its binary attachments together.
        packet_bytes_max: Option<usize> as Option<Size> = None, check check::packet_bytes_max,
            else packet_bytes_max "half of delivery.outbox-bytes-max or session-bytes-max, whichever is less";
        /// Binary attachments of one packet.
        attachments_max: usize as Count = 10, in ANY, was "attachments-max";
        /// Time that promised attachments may stay away; longer where a kilobyte a second comes.
        attachments_timeout: Duration as Span = Duration::from_secs(10), in TIMER, was "attachments-timeout";
    }
}

settings! {
    /// What sessions and addresses may have, and may do in a second.
    ///
    /// Limits per address hold for every address but 127.0.0.1 and ::1, after `trusted_proxies` were resolved.
    pub struct LimitSettings = "limits" at [limits] {
        /// Sessions of the whole process.
        sessions_max: usize as Count = 250_000, in SOME;
        /// Sessions of one address.
        address_sessions_max: usize as Count = 10_000, in SOME;
        /// Sessions that were opened over one TCP connection and live.
        connection_sessions_max: usize as Count = 1_000, in SOME;
        /// Messages of one session in handling; then its socket is not read.
        inbound_max: usize as Count = 64, in SOME, was "inbound-max";
        /// Bytes that the process may hold for all sessions of one address, beside what waits for them. A message in handling
        /// counts 3 KiB more than its own.
        address_bytes_max: usize as Size = 128 * MIB, in BYTES, check check::address_bytes_max;
        /// Bytes of messages and bodies of which a part has come, of all sessions; and of heads of requests.
        unfinished_bytes_max: usize as Size = 128 * MIB, in BYTES, check check::unfinished_bytes_max;
        /// How many seconds' worth of a rate may come at once.
        burst: Duration as Span = Duration::from_secs(30), in Duration::from_secs(1)..=DAY;
        /// Handshakes of one address a second.
        address_handshakes_per_s: usize as Count = 1_000, in SOME;
        /// Messages of one session a second.
        messages_per_s: usize as Count = 1_000, in SOME;
        /// Messages of all sessions of one address a second.
        address_messages_per_s: usize as Count = 20_000, in SOME;
        /// Joins and leaves of one session a second.
        joins_per_s: usize as Count = 20, in SOME;
        /// Joins and leaves of all sessions of one address a second.
        address_joins_per_s: usize as Count = 2_000, in SOME;
        /// Bytes that one session sends a second, or asks to be told of what was said before.
        bytes_per_s: usize as Size = 4 * MB, in BYTES;
        /// Bytes that all sessions of one address send a second, or ask to be told.
        address_bytes_per_s: usize as Size = 64 * MB, in BYTES;
        /// Deliveries a second that one session's messages cause.
        deliveries_per_s: usize as Count = 20_000, in SOME;
        /// Deliveries a second that the messages of all sessions of one address cause.
        address_deliveries_per_s: usize as Count = 200_000, in SOME;
        /// Clients of one account in a namespace: one more is refused.
        account_sessions_max: usize as Count = 10_000, in SOME;
        /// Messages of all sessions of one account a second.
        account_messages_per_s: usize as Count = 20_000, in SOME;
    }
}

settings! {
    /// Limits of what is on its way to sessions.
    pub struct DeliverySettings = "delivery" at [delivery] {
        /// Bytes that may wait for one session.
        outbox_bytes_max: Option<usize> as Option<Size> = None, check check::outbox_bytes_max,
            else outbox_bytes_max "16MiB, or twice engine.max-payload if that is more", was "outbox-bytes-max";
        /// Letters that may wait for one session.
        outbox_count_max: usize as Count = 65_536, in 16..=u32::MAX as usize, was "outbox-count-max";
        /// Time that a session with letters waiting may take less than 1,000 bytes a second of them.
        stall_timeout: Option<Duration> as Option<Span> = None, check check::stall_timeout,
            else stall_timeout "as engine.ping-timeout", was "stall-timeout";
        /// Deliveries that may wait before one courier, at their cost; then rooms take no mail.
        courier_window: usize as Count = 16_384, in SOME, was "courier-backlog-max";
        /// Time that a worker may make no progress before rooms go on without it.
        courier_stall: Duration as Span = Duration::from_secs(5), in TIMER, was "courier-stall";
    }
}

impl Settings {
    /// Where the default server listens, as on every other machine.
    pub const PORT: u16 = 11000;

    /// What is known of every setting, in the order of sections.
    #[doc(hidden)]
    pub fn table() -> impl Iterator<Item = &'static Setting> {
        [
            Self::TABLE,
            TlsSettings::TABLE,
            EndpointSettings::TABLE,
            EngineSettings::TABLE,
            LimitSettings::TABLE,
            DeliverySettings::TABLE,
            HistorySettings::TABLE,
            AuthSettings::TABLE,
            HubSettings::TABLE,
            PresenceSettings::TABLE,
            ApiSettings::TABLE,
            AdminSettings::TABLE,
            InsecureSettings::TABLE,
        ]
        .into_iter()
        .flatten()
    }

    /// Where endpoints stand, each with the setting's name.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let others = &self.endpoints;
        let others = [
            ("chat-hub", &self.chat_hub),
            ("endpoints.websocket", &others.websocket),
            ("endpoints.events", &others.events),
            ("endpoints.echo", &others.echo),
        ];
        let others = others.into_iter();
        let others = others.filter_map(|(name, path)| Some((name, path.as_ref()?)));
        std::iter::once(("path", &self.path)).chain(others)
    }

    /// Bytes that the whole process may hold: what is set, else half of what the machine or its control group has, and
    /// at least 512 MiB. Looks at the system each time.
    pub fn memory_max(&self) -> usize {
        self.memory_max.unwrap_or_else(memory::half)
    }

    /// Bytes that may wait for one session: what is set, else 16 MiB and never under twice `max_payload`.
    pub fn outbox_bytes_max(&self) -> usize {
        let least = self.engine.max_payload.saturating_mul(2);
        self.delivery
            .outbox_bytes_max
            .unwrap_or(least.max(16 * MIB))
    }

    /// Bytes of letters that are kept: what is set, else 64 MiB or, if that is less, an eighth of what the process may hold.
    pub fn history_bytes(&self) -> usize {
        let most = self.memory_max() / 8;
        self.history.bytes.unwrap_or(most.min(64 * MIB))
    }

    /// Bytes of one packet with its attachments: what is set, else so much that two of them may wait for one session.
    pub fn packet_bytes_max(&self) -> usize {
        let most = self.outbox_bytes_max().min(self.session_bytes_max) / 2;
        self.engine.packet_bytes_max.unwrap_or(most)
    }

    /// Time that a session with letters waiting may take none of them: what is set, else the ping timeout.
    pub fn stall_timeout(&self) -> Duration {
        self.delivery
            .stall_timeout
            .unwrap_or(self.engine.ping_timeout)
    }
}

/// The namespace of the first page and of the example for clients: `/` where that is one of them, else the first.
pub(crate) fn first_namespace(namespaces: &[String]) -> &str {
    match namespaces.first() {
        Some(first) if !namespaces.iter().any(|name| name == "/") => first,
        _ => "/",
    }
}

fn loopback() -> [SocketAddr; 2] {
    [
        (Ipv4Addr::LOCALHOST, Settings::PORT).into(),
        (Ipv6Addr::LOCALHOST, Settings::PORT).into(),
    ]
}

#[cfg(test)]
mod tests;
