//! The settings, as doors, engines, sessions and logs take them.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use dondo_actors::{
    account::MemoryAccount,
    error::CloseReason,
    hub::LogMaker,
    log::{HistorySettings, MemoryLog},
    outbox::OutboxLimits,
    rate::Rates,
    session::{Applications, Liveness, SessionSettings},
};

use crate::{
    accounts::AccountBounds,
    config::Settings,
    io::{Namespace, nameless},
    own_paths::is_own,
    protocol::Limits,
    transport::{
        doors::{DoorLimits, DoorSettings, Doors},
        embedded_driver::Untuned,
        engine::EngineOptions,
        entrance::EntranceOptions,
        login::Login,
    },
};

pub(super) fn door_settings(config: &Settings) -> DoorSettings {
    DoorSettings {
        trusted_proxies: config.trusted_proxies.clone(),
        hosts: config.hosts.clone(),
        limits: door_limits(config),
        address_bytes_max: config.limits.address_bytes_max,
        address_rates: address_rates(config).into(),
        request_timeout: config.engine.request_timeout,
    }
}

pub(super) fn door_limits(config: &Settings) -> DoorLimits {
    let limits = &config.limits;
    DoorLimits {
        sessions_max: limits.sessions_max,
        address_sessions_max: limits.address_sessions_max,
        connection_sessions_max: limits.connection_sessions_max,
        address_handshakes_per_s: (!config.insecure.no_rate_limits)
            .then_some(limits.address_handshakes_per_s),
        burst: limits.burst,
    }
}

pub(super) fn address_rates(config: &Settings) -> Rates {
    let limits = &config.limits;
    if config.insecure.no_rate_limits {
        return Rates::default();
    }
    Rates {
        messages: limits.address_messages_per_s as u64,
        bytes: limits.address_bytes_per_s as u64,
        joins: limits.address_joins_per_s as u64,
        deliveries: limits.address_deliveries_per_s as u64,
        burst: limits.burst,
    }
}

/// What holds for all clients of an account.
pub(super) fn account_bounds(config: &Settings) -> AccountBounds {
    AccountBounds {
        sessions_max: Some(config.limits.account_sessions_max),
        rates: account_rates(config).into(),
    }
}

pub(super) fn account_rates(config: &Settings) -> Rates {
    let limits = &config.limits;
    if config.insecure.no_rate_limits {
        return Rates::default();
    }
    Rates {
        messages: limits.account_messages_per_s as u64,
        burst: limits.burst,
        ..Rates::default()
    }
}

pub(super) fn session_rates(config: &Settings) -> Rates {
    let limits = &config.limits;
    if config.insecure.no_rate_limits {
        return Rates::default();
    }
    Rates {
        messages: limits.messages_per_s as u64,
        bytes: limits.bytes_per_s as u64,
        joins: limits.joins_per_s as u64,
        deliveries: limits.deliveries_per_s as u64,
        burst: limits.burst,
    }
}

/// So many children of a parent have together as much history as a namespace of its own; more of them have more, as long as the
/// hub's memory allows it.
const CHILDREN_OF_ONE: usize = 1024;

/// Logs in memory, which keep what the settings say.
pub(super) fn memory_log(config: &Settings, account: Arc<MemoryAccount>) -> LogMaker {
    let history = HistorySettings {
        count: config.history.count,
        age: config.history.age,
        bytes: config.history_bytes() / config.namespaces.len().max(1),
    };
    let named = config.namespaces.clone();
    Arc::new(move |namespace, _| {
        let bytes = match named.iter().any(|named| named == namespace) {
            true => history.bytes,
            false => history.bytes / CHILDREN_OF_ONE,
        };
        let history = HistorySettings { bytes, ..history };
        Rc::new(MemoryLog::new(history, account.clone()))
    })
}

pub(super) fn engine_options(config: &Settings) -> EngineOptions {
    let engine = &config.engine;
    EngineOptions {
        upgrade_timeout: engine.upgrade_timeout,
        http_compression: engine.http_compression,
        subprotocols: engine.subprotocols.clone().into(),
    }
}

/// The settings of a session, of the main endpoint's.
pub(super) fn session_settings(config: &Settings, applications: Applications) -> SessionSettings {
    let engine = &config.engine;
    SessionSettings {
        ping_interval: engine.ping_interval,
        ping_timeout: engine.ping_timeout,
        liveness: Liveness::Pong,
        connect_timeout: Some(engine.connect_timeout),
        half_packet_timeout: engine.attachments_timeout,
        credit: config.limits.inbound_max,
        credit_bytes: engine.max_payload,
        bytes_max: config.session_bytes_max,
        rates: session_rates(config).into(),
        outbox: OutboxLimits {
            bytes_max: config.outbox_bytes_max(),
            count_max: config.delivery.outbox_count_max,
            stall_timeout: config.stall_timeout(),
        },
        applications,
    }
}

/// The main endpoint's entrance; others have what is their own instead.
pub(super) fn entrance_options(
    config: &Settings,
    doors: Doors,
    applications: Applications,
    login: Login,
    keeps_handshakes: bool,
) -> EntranceOptions {
    let engine = &config.engine;
    EntranceOptions {
        protocol: "socket.io",
        path: config.path.clone(),
        origins: config.origins.clone(),
        doors,
        max_payload: engine.max_payload,
        keeps_handshakes,
        login,
        connects_later: true,
        untuned: Untuned::default(),
        posts_beside_streams: false,
        is_told: CloseReason::flushes,
        session: Arc::new(session_settings(config, applications)),
    }
}

/// The path of an endpoint that cannot stand there.
pub(super) fn wrong_path<'a>(
    config: &'a Settings,
    paths: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let mut taken: Vec<_> = config.paths().map(|(_, path)| path.as_str()).collect();
    paths.into_iter().find(|path| {
        let is_path = path.len() > 1
            && path.starts_with('/')
            && path.ends_with('/')
            && !path.contains("//")
            && !path.contains(['{', '}', '%', '?', '#'])
            && !is_own(path)
            && !path.split('/').any(|part| part == "..");
        // What stands below another is never asked.
        let is_free = !taken
            .iter()
            .any(|other| path.starts_with(other) || other.starts_with(path));
        taken.push(path);
        !(is_path && is_free)
    })
}

/// Two namespaces by pattern, of which the first one has all clients.
pub(super) fn pattern_twice(namespaces: &[Namespace]) -> Option<(String, String)> {
    let mut taken = BTreeMap::new();
    let parents = namespaces.iter().filter(|namespace| namespace.is_parent());
    let mut twice = parents.filter_map(|parent| {
        let pattern = nameless(&parent.name);
        if let Some(first) = taken.get(&pattern) {
            return Some((String::from(*first), parent.name.to_string()));
        }
        if !parent.asks() {
            taken.insert(pattern, &*parent.name);
        }
        None
    });
    twice.next()
}

/// How large what a client says may be.
pub(super) fn limits(config: &Settings) -> Limits {
    Limits {
        attachments_max: config.engine.attachments_max,
        packet_bytes_max: config.packet_bytes_max(),
    }
}
