//! The endpoints beside that of Socket.IO, as the settings have them.

use std::sync::Arc;

use dondo_actors::{
    handshake::Handshake,
    hub::HubHandle,
    ports::Protocol,
    session::{Applications, Liveness, SessionSettings},
};

use super::{encodings::EncodingIds, parts::limits};
use crate::{
    config::Settings,
    protocol::{
        echo::Echo,
        plain::{Plain, SUBPROTOCOL},
    },
    transport::{
        endpoint::Endpoint,
        entrance::{Entrance, EntranceOptions},
        event_stream_endpoint::EventStreamEndpoint,
        websocket_endpoint::WebSocketEndpoint,
    },
};

/// An endpoint, and its entrance for all that is counted over all endpoints.
pub(super) type OtherEndpoint = (Entrance, Box<dyn Endpoint>);

/// What they have in common with that of Socket.IO is in `main`.
pub(super) fn others(
    config: &Settings,
    main: &EntranceOptions,
    hub: &HubHandle,
    encodings: &EncodingIds,
) -> Vec<OtherEndpoint> {
    let all = [
        websocket(config, main, hub, encodings),
        events(config, main, hub, encodings),
        echo(config, main, hub),
    ];
    all.into_iter().flatten().collect()
}

fn websocket(
    config: &Settings,
    main: &EntranceOptions,
    hub: &HubHandle,
    encodings: &EncodingIds,
) -> Option<OtherEndpoint> {
    let options = EntranceOptions {
        protocol: SUBPROTOCOL,
        path: config.endpoints.websocket.clone()?,
        ..main.clone()
    };
    let (limits, encoding) = (limits(config), encodings.websocket?);
    let protocol = move |opening: &Handshake| {
        let namespace = opening.parameter("namespace");
        let namespace = namespace.as_deref().unwrap_or("/").into();
        Box::new(Plain::new(namespace, limits, encoding)) as Box<dyn Protocol>
    };
    let entrance = Entrance::new(options, hub.clone());
    let endpoint = WebSocketEndpoint::new(entrance.clone(), Arc::new(protocol), Some(SUBPROTOCOL));
    Some((entrance, Box::new(endpoint)))
}

fn events(
    config: &Settings,
    main: &EntranceOptions,
    hub: &HubHandle,
    encodings: &EncodingIds,
) -> Option<OtherEndpoint> {
    let session = SessionSettings {
        connect_timeout: None,
        liveness: Liveness::Transport,
        ..(*main.session).clone()
    };
    let options = EntranceOptions {
        protocol: "event-stream",
        path: config.endpoints.events.clone()?,
        session: Arc::new(session),
        ..main.clone()
    };
    let entrance = Entrance::new(options, hub.clone());
    let endpoint = EventStreamEndpoint::new(entrance.clone(), encodings.events?, config.grace);
    Some((entrance, Box::new(endpoint)))
}

fn echo(config: &Settings, main: &EntranceOptions, hub: &HubHandle) -> Option<OtherEndpoint> {
    let session = SessionSettings {
        connect_timeout: None,
        applications: Applications::default(),
        ..(*main.session).clone()
    };
    let options = EntranceOptions {
        protocol: "echo",
        path: config.endpoints.echo.clone()?,
        session: Arc::new(session),
        ..main.clone()
    };
    let entrance = Entrance::new(options, hub.clone());
    let protocol = Arc::new(|_: &Handshake| Box::new(Echo) as Box<dyn Protocol>);
    let endpoint = WebSocketEndpoint::new(entrance.clone(), protocol, None);
    Some((entrance, Box::new(endpoint)))
}
