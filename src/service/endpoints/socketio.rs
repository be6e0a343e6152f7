//! Socket.IO, which every hub serves.

use std::sync::Arc;

use dondo_actors::{handshake::Handshake, letter::Encodings};

use super::super::parts::limits;
use crate::{
    config::Settings,
    packs::hub,
    protocol::socketio::{SocketIo, SocketIoEncoding},
    transport::entrance::ProtocolFactory,
};

/// What its sessions speak, in two encodings: the other is of clients that say `dialect=dotnet`.
pub(in crate::service) fn protocol(
    settings: &Settings,
    encodings: &mut Encodings,
) -> ProtocolFactory {
    let plain = encodings.register(SocketIoEncoding { view: None });
    let view = Some(hub::dotnet_view as fn(&_) -> _);
    let dotnet = encodings.register(SocketIoEncoding { view });
    let limits = limits(settings);
    Arc::new(move |opening: &Handshake| {
        let dialect = opening
            .query()
            .any(|(key, value)| key == "dialect" && value == "dotnet");
        Box::new(SocketIo::new(limits, plain, Some(dotnet), dialect))
    })
}
