//! The endpoints beside that of Socket.IO, as the settings have them.

use std::sync::Arc;

use dondo_actors::{
    handshake::Handshake,
    hub::HubHandle,
    ports::Protocol,
    session::{Applications, SessionSettings},
};

use crate::{
    config::Settings,
    protocol::echo::Echo,
    transport::{
        endpoint::Endpoint,
        entrance::{Entrance, EntranceOptions},
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
) -> Vec<OtherEndpoint> {
    let all = [echo(config, main, hub)];
    all.into_iter().flatten().collect()
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
