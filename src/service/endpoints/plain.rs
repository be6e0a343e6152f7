//! `dondo.1`, at the path that the settings have.

use std::sync::Arc;

use dondo_actors::{handshake::Handshake, letter::Encodings, ports::Protocol};

use super::{super::parts::limits, AskedEndpoints, Base, Made, Make};
use crate::{
    protocol::plain::{Plain, PlainEncoding, SUBPROTOCOL},
    transport::{entrance::EntranceOptions, websocket_endpoint::WebSocketEndpoint},
};

pub(super) fn endpoint<'a>(
    asked: &AskedEndpoints<'a>,
    encodings: &mut Encodings,
) -> Option<Make<'a>> {
    let path = asked.settings.endpoints.websocket.as_ref()?;
    let (limits, encoding) = (limits(asked.settings), encodings.register(PlainEncoding));
    Some(Box::new(move |base: &Base| {
        let options = EntranceOptions {
            protocol: SUBPROTOCOL,
            path: path.clone(),
            ..base.main.clone()
        };
        let protocol = move |opening: &Handshake| {
            let namespace = opening.parameter("namespace");
            let namespace = namespace.as_deref().unwrap_or("/").into();
            Box::new(Plain::new(namespace, limits, encoding)) as Box<dyn Protocol>
        };
        let entrance = base.entrance(options);
        let endpoint = WebSocketEndpoint::new(entrance, Arc::new(protocol), Some(SUBPROTOCOL));
        Made::of(endpoint)
    }))
}
