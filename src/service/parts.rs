//! The settings, as doors, engines, sessions and logs take them.

use std::{rc::Rc, sync::Arc};

use dondo_actors::{
    account::MemoryAccount,
    hub::LogMaker,
    log::{HistorySettings, MemoryLog},
    outbox::OutboxLimits,
    rate::Rates,
    session::{Applications, SessionSettings},
};

use crate::{
    config::{LimitSettings, Settings},
    transport::{
        doors::{DoorSettings, Doors},
        embedded_driver::Untuned,
        engine::EngineOptions,
        login::Login,
    },
};

pub(super) fn door_settings(config: &Settings) -> DoorSettings {
    let limits = &config.limits;
    let rated = config.rate_limits;
    DoorSettings {
        trusted_proxies: config.trusted_proxies.clone(),
        hosts: config.hosts.clone(),
        sessions_max: limits.sessions_max,
        address_sessions_max: limits.address_sessions_max,
        connection_sessions_max: limits.connection_sessions_max,
        address_handshakes_per_s: rated.then_some(limits.address_handshakes_per_s),
        address_bytes_max: limits.address_bytes_max,
        address_rates: Arc::new(if rated {
            Rates {
                messages: limits.address_messages_per_s as u64,
                bytes: limits.address_bytes_per_s as u64,
                joins: limits.address_joins_per_s as u64,
                deliveries: limits.address_deliveries_per_s as u64,
                burst: limits.burst,
            }
        } else {
            Rates::default()
        }),
        burst: limits.burst,
        request_timeout: config.engine.request_timeout,
    }
}

fn session_rates(limits: &LimitSettings) -> Rates {
    Rates {
        messages: limits.messages_per_s as u64,
        bytes: limits.bytes_per_s as u64,
        joins: limits.joins_per_s as u64,
        deliveries: limits.deliveries_per_s as u64,
        burst: limits.burst,
    }
}

/// Logs in memory, which keep what the settings say.
pub(super) fn memory_log(config: &Settings, account: Arc<MemoryAccount>) -> LogMaker {
    let history = HistorySettings {
        count: config.history.count,
        age: config.history.age,
        bytes: config.history_bytes() / config.namespaces.len().max(1),
    };
    Arc::new(move |_, _| Rc::new(MemoryLog::new(history, account.clone())))
}

pub(super) fn engine_options(
    config: &Settings,
    doors: Doors,
    applications: Applications,
    login: Login,
    keeps_handshakes: bool,
) -> EngineOptions {
    let engine = &config.engine;
    EngineOptions {
        path: config.path.clone(),
        origins: config.origins.clone(),
        doors,
        upgrade_timeout: engine.upgrade_timeout,
        max_payload: engine.max_payload,
        http_compression: engine.http_compression,
        keeps_handshakes,
        login,
        untuned: Untuned::default(),
        subprotocols: engine.subprotocols.clone().into(),
        session: Arc::new(SessionSettings {
            ping_interval: engine.ping_interval,
            ping_timeout: engine.ping_timeout,
            connect_timeout: Some(engine.connect_timeout),
            half_packet_timeout: engine.attachments_timeout,
            credit: config.limits.inbound_max,
            credit_bytes: engine.max_payload,
            bytes_max: config.session_bytes_max,
            rates: Arc::new(if config.rate_limits {
                session_rates(&config.limits)
            } else {
                Rates::default()
            }),
            outbox: OutboxLimits {
                bytes_max: config.outbox_bytes_max(),
                count_max: config.delivery.outbox_count_max,
                stall_timeout: config.stall_timeout(),
            },
            applications,
        }),
    }
}
