//! The program's flags and their environment twins, and how they become a `Config`.
//! Knows the spelling of settings, not their meaning; `check` on the `Config` says whether they can work.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::units::{Size, Span};
use super::{
    ClientId, Config, DefaultAccess, DeliverySettings, EngineSettings, HubSettings, OnlineUsers,
    PresenceSettings, RoomScope,
};
use crate::transport::origin::Origins;

/// A self-hosted realtime chat hub for stock Socket.IO clients.
///
/// Durations and sizes carry units: 250ms, 25s, 1MB (1,000,000 bytes), 64KiB.
/// A flag beats its environment variable; what neither says has the default shown.
#[derive(Clone, Debug, Parser)]
#[command(name = "dondo", version)]
pub struct Flags {
    /// Address and port to listen on; repeat it, or separate several by commas.
    #[arg(long, env = "DONDO_LISTEN", value_name = "ADDR:PORT", value_delimiter = ',', default_values_t = Config::default().listen)]
    listen: Vec<SocketAddr>,
    /// Namespaces that clients may connect to, separated by commas.
    #[arg(long, env = "DONDO_NAMESPACES", value_name = "/,/OTHER", value_delimiter = ',', default_values_t = Config::default().namespaces)]
    namespaces: Vec<String>,
    /// Where the Socket.IO endpoint stands; a slash at its end is understood.
    #[arg(long, env = "DONDO_PATH", default_value_t = Config::default().path)]
    path: String,
    /// Web origins that may connect [default: the server's own host].
    #[arg(long, env = "DONDO_ORIGINS", value_name = "same-host|*|ORIGIN,ORIGIN")]
    origins: Option<Origins>,
    /// Folder with socket.io.js and its sisters (the dist folder of the npm package socket.io-client).
    #[arg(long, env = "DONDO_CLIENT_DIST", value_name = "DIR")]
    client_dist: Option<PathBuf>,
    /// HTTP worker threads.
    #[arg(long, env = "DONDO_WORKERS", value_name = "COUNT", default_value_t = Config::default().workers)]
    workers: usize,
    /// Threads of their own for rooms; 0: rooms run on the first worker.
    #[arg(long, env = "DONDO_ROOM_THREADS", value_name = "COUNT", default_value_t = Config::default().room_threads)]
    room_threads: usize,
    /// Time over which a shutdown spreads the closing of connections.
    #[arg(long, env = "DONDO_GRACE", value_name = "DURATION", default_value_t = Span(Config::default().grace))]
    grace: Span,

    /// Time between two pings.
    #[arg(long, env = "DONDO_PING_INTERVAL", value_name = "DURATION", default_value_t = Span(engine().ping_interval))]
    ping_interval: Span,
    /// Time to wait for a pong before the connection counts as lost.
    #[arg(long, env = "DONDO_PING_TIMEOUT", value_name = "DURATION", default_value_t = Span(engine().ping_timeout))]
    ping_timeout: Span,
    /// Time a transport upgrade may take.
    #[arg(long, env = "DONDO_UPGRADE_TIMEOUT", value_name = "DURATION", default_value_t = Span(engine().upgrade_timeout))]
    upgrade_timeout: Span,
    /// Time a connection may take to join its first namespace.
    #[arg(long, env = "DONDO_CONNECT_TIMEOUT", value_name = "DURATION", default_value_t = Span(engine().connect_timeout))]
    connect_timeout: Span,
    /// Size of one message or one POST body.
    #[arg(long, env = "DONDO_MAX_PAYLOAD", value_name = "SIZE", default_value_t = Size(engine().max_payload))]
    max_payload: Size,
    /// Binary attachments of one packet.
    #[arg(long, env = "DONDO_ATTACHMENTS_MAX", value_name = "COUNT", default_value_t = engine().attachments_max)]
    attachments_max: usize,
    /// Time that promised attachments may stay away.
    #[arg(long, env = "DONDO_ATTACHMENTS_TIMEOUT", value_name = "DURATION", default_value_t = Span(engine().attachments_timeout))]
    attachments_timeout: Span,
    /// Unfinished messages that one session may have in handling.
    #[arg(long, env = "DONDO_INBOUND_MAX", value_name = "COUNT", default_value_t = engine().inbound_max)]
    inbound_max: usize,

    /// Bytes that may wait for one session [default: 2MiB, or twice --max-payload if that is more].
    #[arg(long, env = "DONDO_OUTBOX_BYTES_MAX", value_name = "SIZE")]
    outbox_bytes_max: Option<Size>,
    /// Letters that may wait for one session.
    #[arg(long, env = "DONDO_OUTBOX_COUNT_MAX", value_name = "COUNT", default_value_t = delivery().outbox_count_max)]
    outbox_count_max: usize,
    /// Bytes that may wait in the whole process.
    #[arg(long, env = "DONDO_OUTBOX_TOTAL_MAX", value_name = "SIZE", default_value_t = Size(delivery().outbox_total_max))]
    outbox_total_max: Size,
    /// Time that a session with letters waiting may take none of them [default: as --ping-timeout].
    #[arg(long, env = "DONDO_STALL_TIMEOUT", value_name = "DURATION")]
    stall_timeout: Option<Span>,
    /// Deliveries that a worker may leave undigested before rooms stop taking mail.
    #[arg(long, env = "DONDO_COURIER_BACKLOG_MAX", value_name = "COUNT", default_value_t = delivery().courier_backlog_max)]
    courier_backlog_max: usize,
    /// Time that a worker may leave a delivery undigested before rooms go on without it.
    #[arg(long, env = "DONDO_COURIER_STALL", value_name = "DURATION", default_value_t = Span(delivery().courier_stall))]
    courier_stall: Span,

    /// Senders get their own messages too.
    #[arg(long, env = "DONDO_ECHO", value_enum, default_value_t = Switch::from(hub().echo))]
    echo: Switch,
    /// Bytes of a channel's or room's name.
    #[arg(long, env = "DONDO_NAME_BYTES_MAX", value_name = "COUNT", default_value_t = hub().name_bytes_max)]
    name_bytes_max: usize,
    /// Channels that one client may be in.
    #[arg(long, env = "DONDO_CHANNELS_MAX", value_name = "COUNT", default_value_t = hub().channels_max)]
    channels_max: usize,
    /// Rooms that one client may be in.
    #[arg(long, env = "DONDO_ROOMS_MAX", value_name = "COUNT", default_value_t = hub().rooms_max)]
    rooms_max: usize,
    /// When two addresses of a room are one room.
    #[arg(long, env = "DONDO_ROOM_SCOPE", value_enum, default_value_t = hub().room_scope)]
    room_scope: RoomScope,
    /// Whose word the clientId of a message is.
    #[arg(long, env = "DONDO_CLIENT_ID", value_enum, default_value_t = hub().client_id)]
    client_id: ClientId,
    /// Refuse messages whose payload and second argument name two targets.
    #[arg(long, env = "DONDO_STRICT_TARGETS", value_enum, default_value_t = Switch::from(hub().strict_targets))]
    strict_targets: Switch,
    /// Only members may send to a channel or room.
    #[arg(long, env = "DONDO_REQUIRE_JOIN_TO_SEND", value_enum, default_value_t = Switch::from(hub().require_join_to_send))]
    require_join_to_send: Switch,
    /// Only members of a channel may join its rooms.
    #[arg(long, env = "DONDO_REQUIRE_CHANNEL_FOR_ROOM", value_enum, default_value_t = Switch::from(hub().require_channel_for_room))]
    require_channel_for_room: Switch,
    /// Who may join a room whose maker says nothing of it.
    #[arg(long, env = "DONDO_ROOMS_DEFAULT_ACCESS", value_enum, default_value_t = hub().default_access)]
    rooms_default_access: DefaultAccess,
    /// Least time between two presence events to the same recipients.
    #[arg(long, env = "DONDO_PRESENCE_INTERVAL", value_name = "DURATION", default_value_t = Span(presence().interval))]
    presence_interval: Span,
    /// Presence events handed out a second, all recipients together.
    #[arg(long, env = "DONDO_PRESENCE_DELIVERIES_PER_S", value_name = "COUNT", default_value_t = presence().deliveries_per_s)]
    presence_deliveries_per_s: usize,
    /// Who is told online-users.
    #[arg(long, env = "DONDO_PRESENCE_ONLINE_USERS", value_enum, default_value_t = presence().online_users)]
    presence_online_users: OnlineUsers,
    /// Members up to which all of them are told of joins and leaves.
    #[arg(long, env = "DONDO_PRESENCE_JOIN_EVENTS_UP_TO", value_name = "COUNT", default_value_t = presence().join_events_up_to)]
    presence_join_events_up_to: usize,
}

/// `on` or `off`: flags that take no value could not be switched off from the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

impl From<Switch> for bool {
    fn from(switch: Switch) -> Self {
        switch == Switch::On
    }
}

impl From<Flags> for Config {
    fn from(flags: Flags) -> Self {
        Self {
            listen: flags.listen,
            namespaces: flags.namespaces,
            path: format!("{}/", flags.path.trim_end_matches('/')),
            origins: flags.origins.unwrap_or_default(),
            client_dist: flags.client_dist,
            workers: flags.workers,
            room_threads: flags.room_threads,
            grace: flags.grace.0,
            engine: EngineSettings {
                ping_interval: flags.ping_interval.0,
                ping_timeout: flags.ping_timeout.0,
                upgrade_timeout: flags.upgrade_timeout.0,
                connect_timeout: flags.connect_timeout.0,
                max_payload: flags.max_payload.0,
                attachments_max: flags.attachments_max,
                attachments_timeout: flags.attachments_timeout.0,
                inbound_max: flags.inbound_max,
            },
            delivery: DeliverySettings {
                outbox_bytes_max: flags.outbox_bytes_max.map(|size| size.0),
                outbox_count_max: flags.outbox_count_max,
                outbox_total_max: flags.outbox_total_max.0,
                stall_timeout: flags.stall_timeout.map(|span| span.0),
                courier_backlog_max: flags.courier_backlog_max,
                courier_stall: flags.courier_stall.0,
            },
            hub: HubSettings {
                echo: flags.echo.into(),
                name_bytes_max: flags.name_bytes_max,
                channels_max: flags.channels_max,
                rooms_max: flags.rooms_max,
                room_scope: flags.room_scope,
                client_id: flags.client_id,
                strict_targets: flags.strict_targets.into(),
                require_join_to_send: flags.require_join_to_send.into(),
                require_channel_for_room: flags.require_channel_for_room.into(),
                default_access: flags.rooms_default_access,
                presence: PresenceSettings {
                    interval: flags.presence_interval.0,
                    deliveries_per_s: flags.presence_deliveries_per_s,
                    online_users: flags.presence_online_users,
                    join_events_up_to: flags.presence_join_events_up_to,
                },
            },
        }
    }
}

fn engine() -> EngineSettings {
    EngineSettings::default()
}

fn delivery() -> DeliverySettings {
    DeliverySettings::default()
}

fn hub() -> HubSettings {
    HubSettings::default()
}

fn presence() -> PresenceSettings {
    PresenceSettings::default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;
    use std::process::Command;

    use clap::CommandFactory;

    use super::*;

    /// Every flag with a value that is not its default.
    const CASES: [(&str, &str); 36] = [
        ("--listen", "0.0.0.0:80,[::]:80"),
        ("--namespaces", "/,/other"),
        ("--path", "/live/"),
        ("--origins", "https://a.example"),
        ("--client-dist", "dist"),
        ("--workers", "77"),
        ("--room-threads", "0"),
        ("--grace", "1s"),
        ("--ping-interval", "1s"),
        ("--ping-timeout", "1s"),
        ("--upgrade-timeout", "1s"),
        ("--connect-timeout", "1s"),
        ("--max-payload", "64KiB"),
        ("--attachments-max", "0"),
        ("--attachments-timeout", "1s"),
        ("--inbound-max", "1"),
        ("--outbox-bytes-max", "3MB"),
        ("--outbox-count-max", "1"),
        ("--outbox-total-max", "2GiB"),
        ("--stall-timeout", "1s"),
        ("--courier-backlog-max", "1"),
        ("--courier-stall", "2s"),
        ("--echo", "off"),
        ("--name-bytes-max", "1"),
        ("--channels-max", "1"),
        ("--rooms-max", "1"),
        ("--room-scope", "strict"),
        ("--client-id", "keep"),
        ("--strict-targets", "on"),
        ("--require-join-to-send", "on"),
        ("--require-channel-for-room", "on"),
        ("--rooms-default-access", "invite"),
        ("--presence-interval", "1s"),
        ("--presence-deliveries-per-s", "1"),
        ("--presence-online-users", "channel"),
        ("--presence-join-events-up-to", "0"),
    ];

    fn config<'a>(flags: impl IntoIterator<Item = &'a str>) -> Result<Config, String> {
        let words = std::iter::once("dondo").chain(flags);
        Flags::try_parse_from(words)
            .map(Config::from)
            .map_err(|error| error.to_string())
    }

    fn shown_config(config: &Config) -> String {
        format!("{config:?}")
    }

    fn twin(flag: &str) -> String {
        let name = flag.trim_start_matches("--").replace('-', "_");
        format!("DONDO_{}", name.to_uppercase())
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        let plain = config([]).unwrap();
        assert_eq!(shown_config(&plain), shown_config(&Config::default()));
    }

    #[test]
    fn each_flag_changes_the_config_in_a_way_of_its_own() {
        let mut seen = BTreeSet::from([shown_config(&Config::default())]);
        for (flag, value) in CASES {
            let changed = config([flag, value]).unwrap();
            assert!(seen.insert(shown_config(&changed)), "{flag}");
        }
    }

    #[test]
    fn no_flag_is_missing_from_these_tests() {
        let known: BTreeSet<_> = CASES.iter().map(|(flag, _)| (*flag).to_owned()).collect();
        let flags: BTreeSet<_> = Flags::command()
            .get_arguments()
            .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
            .collect();
        assert_eq!(flags, known);
    }

    /// Runs itself once more with the twins set: a process cannot safely change its own environment.
    #[test]
    fn the_environment_twins_say_the_same_as_the_flags() {
        const MARK: &str = "config of the child: ";
        if std::env::var_os("DONDO_TEST_CHILD").is_some() {
            println!("{MARK}{}", shown_config(&config([]).unwrap()));
            return;
        }
        let name = std::thread::current().name().unwrap().to_owned();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture", "--test-threads=1"])
            .env("DONDO_TEST_CHILD", "1")
            .envs(CASES.map(|(flag, value)| (twin(flag), value)))
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        let flagged = config(CASES.into_iter().flat_map(|(flag, value)| [flag, value])).unwrap();
        let expected = format!("{MARK}{}", shown_config(&flagged));
        assert!(said.contains(&expected), "{said}\nlacks\n{expected}");
    }

    #[test]
    fn a_path_needs_no_slash_at_its_end() {
        assert_eq!(config(["--path", "/live"]).unwrap().path, "/live/");
        assert_eq!(config(["--path", "/live/"]).unwrap().path, "/live/");
    }

    #[test]
    fn a_flag_that_may_be_repeated_collects_its_values() {
        let config = config(["--listen", "127.0.0.1:1", "--listen", "[::1]:2"]).unwrap();
        let listen: Vec<_> = config.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["127.0.0.1:1", "[::1]:2"]);
    }

    #[test]
    fn a_bare_number_is_refused_where_a_unit_is_meant() {
        for arg in Flags::command().get_arguments() {
            let unit = arg.get_value_names().unwrap_or_default().first();
            let example = match unit.map(|name| name.as_str()) {
                Some("DURATION") => "25s",
                Some("SIZE") => "64KiB",
                _ => continue,
            };
            let flag = format!("--{}", arg.get_long().unwrap());
            let refusal = config([flag.as_str(), "25"]).unwrap_err();
            assert!(refusal.contains(&flag), "{refusal}");
            assert!(refusal.contains("needs a unit"), "{refusal}");
            assert!(refusal.contains(example), "{refusal}");
        }
    }

    #[test]
    fn a_bad_value_is_refused_with_the_name_of_its_flag() {
        for (flag, bad) in [
            ("--listen", "localhost"),
            ("--workers", "many"),
            ("--echo", "yes"),
            ("--room-scope", "loose"),
            ("--presence-online-users", "none"),
            ("--ping-interval", "soon"),
        ] {
            let refusal = config([flag, bad]).unwrap_err();
            assert!(refusal.contains(flag), "{refusal}");
            assert!(refusal.contains(bad), "{refusal}");
        }
    }

    #[test]
    fn the_help_shows_every_default() {
        let help = Flags::command().render_help().to_string();
        for default in [
            "[::1]:11000",
            "25s",
            "250ms",
            "1MB",
            "1GiB",
            "match",
            "stamp",
        ] {
            assert!(help.contains(default), "{default} in {help}");
        }
    }
}
