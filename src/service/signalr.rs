//! SignalR's endpoints: hubs, each with a namespace behind it.

use std::{sync::Arc, time::Duration};

use dondo_actors::{
    handshake::Handshake,
    hub::HubHandle,
    id::MemberId,
    ports::Protocol,
    session::{Liveness, SessionSettings},
};

use crate::{
    config::Settings,
    protocol::signalr::{Dialect, FormatEncodings, SignalR},
    transport::{
        entrance::{Entrance, EntranceOptions},
        signalr::SignalREndpoint,
    },
};

/// How long a client may say nothing: they say something every 15 s, and give up themselves after 30 s.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The longest time between two pings, for clients that give up after 30 s.
const PING_INTERVAL_MAX: Duration = Duration::from_secs(15);
/// How long a client may take to the end of its handshake, at most.
const HANDSHAKE_MAX: Duration = Duration::from_secs(15);

/// A hub at a path.
pub(super) struct HubAt {
    pub(super) path: String,
    /// Where its clients come into.
    pub(super) namespace: Arc<str>,
    pub(super) encodings: FormatEncodings,
    /// What is to be made of their calls.
    pub(super) dialect: Arc<dyn Fn() -> Dialect + Send + Sync>,
}

/// Its endpoint, which is to the settings of the main one what it is not to its own.
pub(super) fn endpoint(
    at: HubAt,
    config: &Settings,
    main: &EntranceOptions,
    hub: &HubHandle,
) -> SignalREndpoint {
    let HubAt {
        path,
        namespace,
        encodings,
        dialect,
    } = at;
    let engine = &config.engine;
    let session = SessionSettings {
        connect_timeout: Some(engine.connect_timeout.min(HANDSHAKE_MAX)),
        ping_interval: engine.ping_interval.min(PING_INTERVAL_MAX),
        ping_timeout: SILENCE_MAX,
        liveness: Liveness::Arrivals,
        ..(*main.session).clone()
    };
    let options = EntranceOptions {
        protocol: "signalr",
        posts_beside_streams: true,
        path,
        session: Arc::new(session),
        ..main.clone()
    };
    let blobs_max = engine.attachments_max;
    let protocol = move |_: &Handshake, member: MemberId| {
        let (namespace, dialect) = (namespace.clone(), dialect());
        Box::new(SignalR::new(
            namespace, member, encodings, dialect, blobs_max,
        )) as Box<dyn Protocol>
    };
    SignalREndpoint::new(Entrance::new(options, hub.clone()), Arc::new(protocol))
}
