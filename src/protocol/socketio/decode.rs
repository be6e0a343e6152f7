//! Socket.IO packets as a client sends them: text and attachments in, one whole packet out.
//! Knows no namespace's state, no member and no time: who may say what, and how long half a packet may wait, is decided
//! elsewhere.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use dondo_actors::letter::{Content, TransportMessage};
use socketioxide_core::{
    Str, Value,
    packet::{Packet as Framed, PacketData},
    parser::{Parse, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_common::CommonParser;

use super::{
    head,
    packet::{Packet, Violation},
    payload,
};
use crate::{placeholders, protocol::Limits};

/// Bytes of a namespace's name that a connection keeps between packets. A longer one is none that there is, or rare.
const REMEMBERED_MAX: usize = 256;

/// Reads the packets of one connection, in order.
///
/// What it hands out owns its memory, each piece exactly as large as it is: nothing keeps the buffer alive that a
/// message was read into.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    root: Arc<str>,
    /// The namespace seen last: most connections have one, so that a typical event allocates none.
    last: Arc<str>,
    half: Option<Box<Half>>,
}

/// A packet whose attachments have not all come.
#[derive(Debug)]
struct Half {
    config: ParseConfig,
    state: ParserState,
    /// The event's name; none for an ack.
    name: Option<Arc<str>>,
    args: Bytes,
    /// For each placeholder number in the arguments, the attachment it stands for.
    order: Vec<usize>,
    announced: usize,
    arrived: usize,
    /// Text and attachments so far.
    bytes: usize,
}

impl Decoder {
    /// A decoder for one connection.
    pub(crate) fn new(limits: Limits) -> Self {
        let root: Arc<str> = Arc::from("/");
        Self {
            limits,
            last: Arc::clone(&root),
            root,
            half: None,
        }
    }

    /// Takes the next message: the data of an Engine.IO message packet, without its digit `4`.
    ///
    /// `None` where there is nothing to do: attachments are still due ([`pending_bytes`](Self::pending_bytes) is not 0),
    /// or it was an ack that names no event or has no arguments, which is ignored as the reference ignores it.
    /// After a [`Violation`] the connection must be closed.
    pub(crate) fn decode(&mut self, wire: TransportMessage) -> Result<Option<Packet>, Violation> {
        match wire {
            TransportMessage::Text(text) => self.text(&text),
            TransportMessage::Binary(blob) => self.attachment(blob),
        }
    }

    /// Bytes held for a packet that is not whole yet, its text included; 0 where there is none.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.half.as_ref().map_or(0, |half| half.bytes)
    }

    fn text(&mut self, text: &[u8]) -> Result<Option<Packet>, Violation> {
        if let Some(half) = self.half.take() {
            return Err(Violation::AttachmentMissing {
                announced: half.announced,
                arrived: half.arrived,
            });
        }
        let limit = self.limits.packet_bytes_max;
        if text.len() > limit {
            return Err(Violation::TooLarge { limit });
        }
        let text = str::from_utf8(text).map_err(|_| Violation::NotUtf8)?;
        let head = head::length(text)?;
        let json = &text[head..];
        if json.starts_with('[')
            && let Some(ack) = head::root_event(&text[..head])
        {
            let (name, args) = payload::event(json)?;
            let root = Arc::clone(&self.root);
            return Ok(Some(event(root, ack, name, copy(args), Vec::new())));
        }
        // The parser does not look behind the first bracket; so it gets no more, and the rest is copied once, not twice.
        let framed = Str::copy_from_slice(&text[..text.len().min(head + 1)]);
        let state = ParserState::default();
        let config = ParseConfig {
            max_incoming_binaries: self.limits.attachments_max,
            max_incoming_binary_buf_size: limit - text.len(),
            packet_completion_timeout: Duration::MAX,
        };
        match CommonParser.decode_str(&config, &state, framed) {
            Ok(framed) => self.plain(framed, json).map(Some),
            Err(ParseError::NeedsMoreBinaryData) => {
                self.half = Some(Box::new(Half::begin(text, json, config, state)?));
                Ok(None)
            }
            // The type is a known one, so this says: an ack without its number or without arguments.
            Err(ParseError::InvalidPacketType) if text.starts_with('3') => {
                if !json.is_empty() {
                    payload::arguments(json)?;
                }
                Ok(None)
            }
            Err(ParseError::InvalidPacketType) => Err(Violation::AckIncomplete),
            // The count is made of digits, so the second says: more of them than fit a number.
            Err(ParseError::TooManyAttachments { .. } | ParseError::InvalidAttachments) => {
                Err(Violation::TooManyAttachments {
                    limit: self.limits.attachments_max,
                })
            }
            Err(_) => Err(Violation::Unreadable),
        }
    }

    /// A packet without attachments.
    fn plain(&mut self, framed: Framed, json: &str) -> Result<Packet, Violation> {
        let namespace = self.namespace(&framed.ns);
        match framed.inner {
            PacketData::Connect(_) => Ok(Packet::Connect {
                namespace,
                auth: payload::credentials(json)?.map(copy),
            }),
            PacketData::Disconnect if json.is_empty() => Ok(Packet::Disconnect { namespace }),
            PacketData::Disconnect => Err(Violation::Payload {
                wanted: "DISCONNECT carries nothing",
            }),
            // A placeholder in here is an ordinary object and stays one: content without blobs is always sent as a
            // plain event again, in which no client looks for placeholders.
            PacketData::Event(_, ack) => {
                let (name, args) = payload::event(json)?;
                let ack = ack.map(i64::unsigned_abs);
                Ok(event(namespace, ack, name, copy(args), Vec::new()))
            }
            PacketData::EventAck(_, id) => {
                let args = payload::arguments(json)?;
                Ok(answer(namespace, id, copy(args), Vec::new()))
            }
            PacketData::BinaryEvent(..) | PacketData::BinaryAck(..) => {
                Err(Violation::AttachmentCount)
            }
            PacketData::ConnectError(_) => Err(Violation::ServerOnly),
        }
    }

    fn attachment(&mut self, blob: Bytes) -> Result<Option<Packet>, Violation> {
        let mut half = self.half.take().ok_or(Violation::UnexpectedBinary)?;
        half.arrived += 1;
        half.bytes += blob.len();
        // The parser copies the blob, and counts it before it does.
        match CommonParser.decode_bin(&half.config, &half.state, blob) {
            Ok(framed) => self.whole(framed, *half).map(Some),
            Err(ParseError::NeedsMoreBinaryData) => {
                self.half = Some(half);
                Ok(None)
            }
            Err(ParseError::AttachmentsTooHeavy { .. }) => Err(Violation::TooLarge {
                limit: self.limits.packet_bytes_max,
            }),
            Err(_) => Err(Violation::Unreadable),
        }
    }

    /// A packet whose last attachment has come.
    fn whole(&mut self, framed: Framed, half: Half) -> Result<Packet, Violation> {
        let namespace = self.namespace(&framed.ns);
        let (attachments, ack) = match framed.inner {
            PacketData::BinaryEvent(Value::Str(_, came), ack) => (came.unwrap_or_default(), ack),
            PacketData::BinaryAck(Value::Str(_, came), id) => (came.unwrap_or_default(), Some(id)),
            _ => return Err(Violation::Unreadable),
        };
        let named = half
            .order
            .iter()
            .filter_map(|number| attachments.get(*number));
        let blobs = named.cloned().collect();
        match (half.name, ack) {
            (Some(name), ack) => {
                let ack = ack.map(i64::unsigned_abs);
                Ok(event(namespace, ack, name, half.args, blobs))
            }
            (None, Some(id)) => Ok(answer(namespace, id, half.args, blobs)),
            (None, None) => Err(Violation::AckIncomplete),
        }
    }

    fn namespace(&mut self, name: &str) -> Arc<str> {
        if *name == *self.root {
            return Arc::clone(&self.root);
        }
        if *name == *self.last {
            return Arc::clone(&self.last);
        }
        let name: Arc<str> = Arc::from(name);
        if name.len() <= REMEMBERED_MAX {
            self.last = Arc::clone(&name);
        }
        name
    }
}

impl Half {
    /// Checks all that can be checked before the attachments come, so that nothing is held for a wrong packet.
    fn begin(
        text: &str,
        json: &str,
        config: ParseConfig,
        state: ParserState,
    ) -> Result<Self, Violation> {
        let announced = state.incoming_binary_cnt.load(Ordering::Relaxed);
        let (name, args) = if text.starts_with('5') {
            let (name, args) = payload::event(json)?;
            (Some(name), args)
        } else {
            (None, payload::arguments(json)?)
        };
        let placeholders::Numbered { args, order } = placeholders::number(args, announced)?;
        Ok(Self {
            config,
            state,
            name,
            args,
            order,
            announced,
            arrived: 0,
            bytes: text.len(),
        })
    }
}

fn event(
    namespace: Arc<str>,
    ack: Option<u64>,
    name: Arc<str>,
    args: Bytes,
    blobs: Vec<Bytes>,
) -> Packet {
    Packet::Event {
        namespace,
        ack,
        content: Content { name, args, blobs },
    }
}

fn answer(namespace: Arc<str>, id: i64, args: Bytes, blobs: Vec<Bytes>) -> Packet {
    Packet::Ack {
        namespace,
        id: id.unsigned_abs(),
        args,
        blobs,
    }
}

fn copy(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::slice;

    use dondo_actors::letter::WsFrame;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::protocol::socketio::encode;

    // Here and not beside the encoder, since no other file knows the parser.
    #[test]
    fn our_encoder_writes_what_the_common_parser_writes() {
        let blob = Bytes::from_static(b"\x01\x02");
        let [chat, quoted] = ["chat caf\u{e9}\u{7f}", "\"q\"\n\u{1}\\/"];
        let args = [
            format!("{{\"a\":{}}}", Json::from(quoted)),
            r#"{"_placeholder":true,"num":0}"#.into(),
        ];
        let content = |name: &str, count: usize, blobs: &[Bytes]| Content {
            name: name.into(),
            args: args[..count].join(",").into(),
            blobs: blobs.to_vec(),
        };
        let theirs = |name, blob: Option<&Bytes>| {
            let object = json!({ "a": quoted });
            match blob {
                Some(blob) => CommonParser
                    .encode_value(&(object, blob.clone()), name)
                    .unwrap(),
                None => CommonParser.encode_value(&(object,), name).unwrap(),
            }
        };
        let sid = CommonParser
            .encode_default(&json!({ "sid": "abc" }))
            .unwrap();
        for ns in ["/", "/chat", "/é?x=1"] {
            let binary = content(chat, 2, slice::from_ref(&blob));
            let mut numbered = Framed::event(ns, theirs(Some(chat), None));
            numbered.inner.set_ack_id(120);
            for (ours, theirs) in [
                (
                    encode::event(ns, &content(chat, 1, &[]), None),
                    Framed::event(ns, theirs(Some(chat), None)),
                ),
                (
                    encode::event(ns, &content(quoted, 1, &[]), None),
                    Framed::event(ns, theirs(Some(quoted), None)),
                ),
                (
                    encode::event(ns, &content(chat, 1, &[]), Some(120)),
                    numbered,
                ),
                (
                    encode::event(ns, &binary, None),
                    Framed::event(ns, theirs(Some(chat), Some(&blob))),
                ),
                (
                    encode::ack(ns, 0, args[0].as_bytes(), &[]),
                    Framed::ack(ns, theirs(None, None), 0),
                ),
                (
                    encode::ack(ns, 9, &binary.args, &binary.blobs),
                    Framed::ack(ns, theirs(None, Some(&blob)), 9),
                ),
                (
                    encode::refused(ns, quoted, None),
                    Framed::connect_error(ns, quoted),
                ),
                (
                    encode::connected(ns, "abc"),
                    Framed::connect(ns, Some(sid.clone())),
                ),
                (encode::disconnected(ns), Framed::disconnect(ns)),
            ] {
                let Value::Str(text, blobs) = CommonParser.encode(theirs) else {
                    panic!("this parser writes text");
                };
                let payloads: Vec<Bytes> = ours.parts().map(WsFrame::payload).collect();
                assert_eq!(payloads[0], format!("4{text}"));
                assert_eq!(payloads[1..], Vec::from(blobs.unwrap_or_default()));
            }
        }
    }
}
