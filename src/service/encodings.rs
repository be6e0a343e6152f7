//! The encodings that a hub's letters can take: those of the protocols that it serves, and no others, as each letter has a place
//! for each.

use std::sync::Arc;

use dondo_actors::{
    account::MemoryAccount,
    letter::{Encoding, EncodingId, Encodings},
};

use crate::{
    packs::hub,
    protocol::{
        bare::BareEncoding,
        event_stream::EventStreamEncoding,
        plain::PlainEncoding,
        signalr::{Format, FormatEncodings, SignalREncoding},
        socketio::SocketIoEncoding,
    },
};

/// What a hub serves beside Socket.IO.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OtherProtocols {
    pub(super) bare: bool,
    pub(super) websocket: bool,
    pub(super) events: bool,
    pub(super) signalr: bool,
    pub(super) chat_hub: bool,
}

/// Which encoding is whose.
pub(super) struct EncodingIds {
    pub(super) plain: EncodingId,
    pub(super) dotnet: Option<EncodingId>,
    pub(super) bare: Option<EncodingId>,
    /// Of plain WebSockets.
    pub(super) websocket: Option<EncodingId>,
    /// Of event streams.
    pub(super) events: Option<EncodingId>,
    pub(super) signalr: Option<FormatEncodings>,
    pub(super) chat_hub: Option<FormatEncodings>,
}

/// Registers them.
pub(super) fn register(
    served: OtherProtocols,
    account: Arc<MemoryAccount>,
) -> (Encodings, EncodingIds) {
    let mut all: Vec<Arc<dyn Encoding>> = Vec::new();
    let mut add = |encoding: Arc<dyn Encoding>| {
        all.push(encoding);
        all.len() - 1
    };
    let plain = SocketIoEncoding { view: None };
    add(Arc::new(plain));
    let view = Some(hub::dotnet_view as fn(&_) -> _);
    let dotnet = add(Arc::new(SocketIoEncoding { view }));
    let bare = served.bare.then(|| add(Arc::new(BareEncoding)));
    let websocket = served.websocket.then(|| add(Arc::new(PlainEncoding)));
    let events = served.events.then(|| add(Arc::new(EventStreamEncoding)));
    let mut formats = |view| {
        [Format::Json, Format::MessagePack]
            .map(|format| add(Arc::new(SignalREncoding { format, view })))
    };
    let signalr = served.signalr.then(|| formats(None));
    let chat_hub = served
        .chat_hub
        .then(|| formats(Some(hub::chat_hub_view as fn(&_) -> _)));
    let encodings = Encodings::new(all, account);
    let of_formats = |[json, messagepack]: [usize; 2]| {
        Some(FormatEncodings {
            json: encodings.id(json)?,
            messagepack: encodings.id(messagepack)?,
        })
    };
    let ids = EncodingIds {
        plain: EncodingId::FIRST,
        dotnet: encodings.id(dotnet),
        bare: bare.and_then(|bare| encodings.id(bare)),
        websocket: websocket.and_then(|websocket| encodings.id(websocket)),
        events: events.and_then(|events| encodings.id(events)),
        signalr: signalr.and_then(of_formats),
        chat_hub: chat_hub.and_then(of_formats),
    };
    (encodings, ids)
}
