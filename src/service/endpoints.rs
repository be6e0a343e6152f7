//! The table of what a hub serves beside Socket.IO: a file and a line for each protocol.

mod bare;
mod echo;
mod event_stream;
mod plain;
mod signalr;
pub(super) mod socketio;

use dondo_actors::{hub::HubHandle, letter::Encodings};

use super::error::BuildError;
use crate::{
    config::Settings,
    io::Namespaces,
    packs::hub::HubPack,
    transport::{
        endpoint::Endpoint,
        entrance::{Entrance, EntranceOptions},
        session_endpoint::SessionEndpoint,
    },
};

/// What was asked for.
pub(super) struct AskedEndpoints<'a> {
    pub(super) settings: &'a Settings,
    pub(super) pack: &'a HubPack,
    pub(super) namespaces: &'a Namespaces,
    /// Endpoints without Socket.IO: the path and the one namespace of each.
    pub(super) bare: &'a [(String, Namespaces)],
    /// Hubs of SignalR: their paths and the names of their namespaces.
    pub(super) signalr: &'a [(String, String)],
}

/// What endpoints are made of, once the hub stands.
pub(super) struct Base {
    /// The options of Socket.IO's entrance; others have what is their own instead.
    pub(super) main: EntranceOptions,
    pub(super) hub: HubHandle,
}

impl Base {
    fn entrance(&self, options: EntranceOptions) -> Entrance {
        Entrance::new(options, self.hub.clone())
    }
}

/// An endpoint, and its entrance for all that is counted over all endpoints.
pub(super) struct Made {
    pub(super) entrance: Entrance,
    pub(super) endpoint: Box<dyn Endpoint>,
}

impl Made {
    pub(super) fn of(endpoint: impl SessionEndpoint) -> Self {
        Self {
            entrance: endpoint.entrance().clone(),
            endpoint: Box::new(endpoint),
        }
    }
}

/// Makes an endpoint whose encodings are registered. Those of endpoints that are not asked for are not: each letter has a place
/// for each.
type Make<'a> = Box<dyn FnOnce(&Base) -> Made + 'a>;

/// All that is asked for.
pub(super) fn table<'a>(
    asked: &AskedEndpoints<'a>,
    encodings: &mut Encodings,
) -> Result<Vec<Make<'a>>, BuildError> {
    let mut table = Vec::new();
    table.extend(bare::endpoints(asked, encodings));
    table.extend(signalr::endpoints(asked, encodings)?);
    table.extend(plain::endpoint(asked, encodings));
    table.extend(event_stream::endpoint(asked, encodings));
    table.extend(echo::endpoint(asked));
    Ok(table)
}
