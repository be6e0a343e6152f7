//! What reads the bytes of clients, each as a session or a connection has it, for the targets of `tests/fuzz`. Behind the
//! feature `testing`; nobody else can rely on it.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dondo_actors::{
    error::CloseReason,
    id::MemberId,
    letter::{Encoding, EncodingId, TransportMessage, WsFrame},
    ports::{Protocol, SystemClock},
};

use crate::moderation::Moderation;
use crate::{
    config::{HubSettings, InsecureSettings},
    packs::hub::{HubPack, chat_hub_view, dotnet_view},
    protocol::{
        Limits,
        event_stream::{EventStream, EventStreamEncoding, Subscription},
        plain::{Plain, PlainEncoding},
        signalr::{
            EventSpellings, Format, FormatEncodings, Records, SignalR, ValueLimits,
            session::SignalREncoding,
        },
        socketio::{SocketIo, SocketIoEncoding},
    },
    transport::{
        engine::{packet::EnginePacket, payload, query::Query},
        signalr::parting::{last_words, message},
    },
    ws::{WsDecoder, WsEvent},
};

/// The namespace of each session that is in one from the beginning.
pub const NAMESPACE: &str = "/fuzz";

/// Whether an event of this name is the client libraries' own.
pub fn is_reserved(name: &str) -> bool {
    crate::reserved::is_reserved(name)
}

/// A session of Socket.IO.
pub fn socketio(attachments_max: usize, packet_bytes_max: usize) -> Box<dyn Protocol> {
    let limits = Limits {
        attachments_max,
        packet_bytes_max,
    };
    let encoding = EncodingId::FIRST;
    Box::new(SocketIo::new(limits, encoding, Some(encoding), false))
}

/// A session of `dondo.1`.
pub fn plain(attachments_max: usize, packet_bytes_max: usize) -> Box<dyn Protocol> {
    let limits = Limits {
        attachments_max,
        packet_bytes_max,
    };
    Box::new(Plain::new(NAMESPACE.into(), limits, EncodingId::FIRST))
}

/// A session of SignalR: of the ChatHub, or of an application that has these events.
pub fn signalr(
    events: Option<&[&str]>,
    blobs_max: usize,
    text_bytes_max: usize,
) -> Box<dyn Protocol> {
    let dialect = match events {
        Some(events) => EventSpellings::new(events.iter().map(|event| (*event).into())).dialect(),
        None => HubPack::new(
            HubSettings::default(),
            &InsecureSettings::default(),
            Arc::new(SystemClock),
            Moderation::default(),
        )
        .chat_hub()(),
    };
    let encodings = FormatEncodings {
        json: EncodingId::FIRST,
        messagepack: EncodingId::FIRST,
    };
    let member = MemberId::new("fuzz");
    let limits = ValueLimits {
        blobs_max,
        text_bytes_max,
    };
    Box::new(SignalR::new(
        NAMESPACE.into(),
        member,
        encodings,
        dialect,
        limits,
    ))
}

/// A session of an event stream, and how many joins it is to say.
///
/// # Errors
/// What is wrong with the query, or with the header.
pub fn event_stream(
    query: &[u8],
    last_event_id: Option<&str>,
) -> Result<(Box<dyn Protocol>, usize), String> {
    let subscription = Subscription::read(form_urlencoded::parse(query), last_event_id)?;
    let joins = subscription.joins();
    Ok((
        Box::new(EventStream::new(
            subscription,
            EncodingId::FIRST,
            Duration::from_secs(25),
        )),
        joins,
    ))
}

/// Whose clients an encoding of letters is for.
#[derive(Clone, Copy, Debug)]
pub enum ClientKind {
    /// Socket.IO's.
    SocketIo,
    /// Socket.IO's in .NET.
    DotNet,
    /// Those of `dondo.1`.
    Plain,
    /// Event streams.
    EventStream,
    /// SignalR's in JSON.
    SignalRJson,
    /// SignalR's in MessagePack.
    SignalRMessagePack,
    /// The ChatHub's in JSON.
    ChatHubJson,
    /// The ChatHub's in MessagePack.
    ChatHubMessagePack,
}

/// The encoding that letters to such clients take.
pub fn encoding(client: ClientKind) -> Box<dyn Encoding> {
    let socketio = |view| Box::new(SocketIoEncoding { view });
    let signalr = |format, view| Box::new(SignalREncoding { format, view });
    match client {
        ClientKind::SocketIo => socketio(None),
        ClientKind::DotNet => socketio(Some(dotnet_view)),
        ClientKind::Plain => Box::new(PlainEncoding),
        ClientKind::EventStream => Box::new(EventStreamEncoding),
        ClientKind::SignalRJson => signalr(Format::Json, None),
        ClientKind::SignalRMessagePack => signalr(Format::MessagePack, None),
        ClientKind::ChatHubJson => signalr(Format::Json, Some(chat_hub_view)),
        ClientKind::ChatHubMessagePack => signalr(Format::MessagePack, Some(chat_hub_view)),
    }
}

/// The records of a connection of SignalR, as its WebSocket takes them off.
#[derive(Debug)]
pub struct SignalRRecords(Records);

impl SignalRRecords {
    /// Of a connection that has said nothing yet.
    pub fn new(record_max: usize) -> Self {
        Self(Records::new(record_max))
    }

    /// The next record as a message of the session; none if more must come first.
    ///
    /// # Errors
    /// The connection is to be closed.
    pub fn take(&mut self, input: &mut Bytes) -> Result<Option<TransportMessage>, String> {
        let format = self.0.format();
        match self.0.take(input) {
            Ok(None) => Ok(None),
            Ok(Some(record)) => message(format, record)
                .map(Some)
                .ok_or_else(|| "not UTF-8".to_owned()),
            Err(fault) => {
                let _ = last_words(self.0.format(), CloseReason::ParseError);
                Err(fault.to_string())
            }
        }
    }

    /// Bytes that are kept of a record that is not whole.
    pub fn pending_bytes(&self) -> usize {
        self.0.pending_bytes()
    }
}

/// Something in a body or a frame: what it has for a session, and how it shows itself, to be compared.
pub type Shown = (Option<TransportMessage>, String);

/// The packets of a body of Engine.IO's long-polling.
pub fn engine_packets(body: Bytes) -> impl Iterator<Item = Shown> {
    payload::decode(body).map(|packet| match packet {
        Ok(EnginePacket::Message(message)) => (Some(message), String::new()),
        other => (None, format!("{other:?}")),
    })
}

/// A packet of Engine.IO that came as a message of a WebSocket.
pub fn engine_packet(wire: TransportMessage) -> Shown {
    match EnginePacket::from_wire(wire) {
        Ok(EnginePacket::Message(message)) => (Some(message), String::new()),
        other => (None, format!("{other:?}")),
    }
}

/// A body of Engine.IO's long-polling with these frames.
pub fn engine_body(frames: &[WsFrame]) -> Bytes {
    let mut body = payload::encode(frames.iter());
    let pieces = std::iter::from_fn(|| body.take(usize::MAX));
    pieces.collect::<Vec<_>>().concat().into()
}

/// `EIO`, `transport` and `sid` of a query of Engine.IO's.
pub fn engine_query(query: &str) -> [Option<String>; 3] {
    let Query {
        eio,
        transport,
        sid,
    } = Query::parse(query);
    [eio, transport, sid].map(|value| value.map(Into::into))
}

/// The frames of a WebSocket.
#[derive(Debug)]
pub struct WebSocketFrames(WsDecoder);

impl WebSocketFrames {
    /// Of a connection that has said nothing yet.
    pub fn new(message_max: usize) -> Self {
        Self(WsDecoder::new(message_max))
    }

    /// What comes next; none if more must come first.
    ///
    /// # Errors
    /// The connection is to be closed.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<Option<Shown>, String> {
        let event = self.0.feed(input);
        let event = event.map_err(|fault| format!("{} {}", fault.code, fault.reason))?;
        Ok(event.map(|event| match event {
            WsEvent::Message(message) => (Some(message), String::new()),
            other => (None, format!("{other:?}")),
        }))
    }

    /// Memory that is held for a message that is not whole.
    pub fn pending_bytes(&self) -> usize {
        self.0.pending_bytes()
    }
}
