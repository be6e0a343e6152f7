//! SignalR's hubs, each with a namespace behind it: the article's ChatHub, where the settings have a path for it, and those that a
//! host asks for.

use std::{sync::Arc, time::Duration};

use dondo_actors::{
    handshake::Handshake,
    id::MemberId,
    letter::Encodings,
    ports::Protocol,
    session::{Liveness, SessionSettings},
};

use super::{super::error::BuildError, AskedEndpoints, Base, Made, Make};
use crate::{
    config::{EngineSettings, Settings},
    dialect::Dialect,
    packs::hub,
    protocol::signalr::{EventSpellings, FormatEncodings, SignalR, ValueLimits},
    transport::{
        entrance::EntranceOptions,
        signalr::{self, SignalREndpoint},
    },
};

/// How long a client may say nothing, at least: stock clients say something every 15 s, whatever they are told.
const SILENCE_MIN: Duration = Duration::from_secs(30);
/// The longest time between two pings, for clients that give up after 30 s.
const PING_INTERVAL_MAX: Duration = Duration::from_secs(15);
/// How long a client may take to the end of its handshake, at most.
const HANDSHAKE_MAX: Duration = Duration::from_secs(15);

/// A hub at a path.
struct HubAt<'a> {
    path: &'a str,
    /// Where its clients come into.
    namespace: Arc<str>,
    encodings: FormatEncodings,
    /// What is to be made of their calls.
    dialect: Arc<dyn Fn() -> Dialect + Send + Sync>,
}

pub(super) fn endpoints<'a>(
    asked: &AskedEndpoints<'a>,
    encodings: &mut Encodings,
) -> Result<Vec<Make<'a>>, BuildError> {
    let mut hubs: Vec<_> = chat_hub(asked, encodings).into_iter().collect();
    if !asked.signalr.is_empty() {
        let encodings = FormatEncodings::register(None, encodings);
        for (path, namespace) in asked.signalr {
            hubs.push(of_namespace(asked, path, namespace, encodings)?);
        }
    }
    let settings = asked.settings;
    let make =
        |at: HubAt<'a>| Box::new(move |base: &Base| endpoint(at, settings, base)) as Make<'a>;
    Ok(hubs.into_iter().map(make).collect())
}

/// The article's hub is one of the hub pack, so it is there where that serves `/`.
fn chat_hub<'a>(asked: &AskedEndpoints<'a>, encodings: &mut Encodings) -> Option<HubAt<'a>> {
    let path = asked.settings.chat_hub.as_ref()?;
    let mut all = asked.namespaces.all();
    let served = all.find(|served| **served.name() == *"/" && served.has_pack())?;
    let view = Some(hub::chat_hub_view as fn(&_) -> _);
    Some(HubAt {
        path,
        namespace: served.name().clone(),
        encodings: FormatEncodings::register(view, encodings),
        dialect: asked.pack.chat_hub(),
    })
}

fn of_namespace<'a>(
    asked: &AskedEndpoints<'a>,
    path: &'a str,
    namespace: &str,
    encodings: FormatEncodings,
) -> Result<HubAt<'a>, BuildError> {
    let mut all = asked.namespaces.all();
    let served = all
        .find(|served| **served.name() == *namespace && !served.is_parent())
        .ok_or_else(|| BuildError::Namespace(namespace.to_owned()))?;
    let spellings = EventSpellings::new(served.events());
    Ok(HubAt {
        path,
        namespace: served.name().clone(),
        encodings,
        dialect: Arc::new(move || spellings.dialect()),
    })
}

/// The settings of its sessions: those of the main endpoint's, within what stock clients stand.
fn session_settings(engine: &EngineSettings, main: &SessionSettings) -> SessionSettings {
    SessionSettings {
        connect_timeout: Some(engine.connect_timeout.min(HANDSHAKE_MAX)),
        ping_interval: engine.ping_interval.min(PING_INTERVAL_MAX),
        ping_timeout: engine.ping_timeout.max(SILENCE_MIN),
        liveness: Liveness::Arrivals,
        ..main.clone()
    }
}

/// Its endpoint, which is to the settings of the main one what it is not to its own.
fn endpoint(at: HubAt<'_>, settings: &Settings, base: &Base) -> Made {
    let HubAt {
        path,
        namespace,
        encodings,
        dialect,
    } = at;
    let engine = &settings.engine;
    let session = session_settings(engine, &base.main.session);
    let options = EntranceOptions {
        protocol: "signalr",
        posts_beside_streams: true,
        is_told: signalr::parting::is_told,
        path: path.to_owned(),
        session: Arc::new(session),
        connects_later: false,
        ..base.main.clone()
    };
    let limits = ValueLimits {
        blobs_max: engine.attachments_max,
        text_bytes_max: engine.max_payload,
    };
    let protocol = move |_: &Handshake, member: MemberId| {
        let (namespace, dialect) = (namespace.clone(), dialect());
        Box::new(SignalR::new(namespace, member, encodings, dialect, limits)) as Box<dyn Protocol>
    };
    let entrance = base.entrance(options);
    Made::of(SignalREndpoint::new(entrance, Arc::new(protocol)))
}

#[cfg(test)]
mod tests;
