//! Messages of `dondo.1` as a client sends them: text and attachments in, what they say out.
//! Knows no member and no time: how long half a message may wait is decided elsewhere.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    letter::{Content, TransportMessage},
    ports::{Answer, ClientPacket, EventStreams, Violation},
};

use super::{
    encode,
    ids::{OPEN_MAX, OpenIds},
    message::{MessageFields, PlainFault, PlainMessage},
};
use crate::placeholders::{self, PlaceholderFault};
use crate::protocol::Limits;

/// Reads the messages of one connection, in order. What it hands out owns its memory, each piece as large as it is.
pub(super) struct PlainDecoder {
    namespace: Arc<str>,
    limits: Limits,
    /// It has asked to be let in, whatever came of it.
    connected: bool,
    half: Option<Box<HalfMessage>>,
}

/// A message whose attachments have not all come.
struct HalfMessage {
    packet: ClientPacket,
    /// For each placeholder number in the arguments, the attachment it stands for.
    order: Vec<usize>,
    announced: usize,
    arrived: Vec<Bytes>,
    /// Text and attachments so far.
    bytes: usize,
}

impl PlainDecoder {
    pub(super) fn new(namespace: Arc<str>, limits: Limits) -> Self {
        Self {
            namespace,
            limits,
            half: None,
            connected: false,
        }
    }

    /// Bytes held for a message that is not whole yet, its text included; 0 where there is none.
    pub(super) fn pending_bytes(&self) -> usize {
        self.half.as_ref().map_or(0, |half| half.bytes)
    }

    /// Takes one message of the WebSocket in.
    pub(super) fn decode(
        &mut self,
        wire: TransportMessage,
        ids: &OpenIds,
    ) -> Result<Option<ClientPacket>, Violation> {
        match wire {
            TransportMessage::Text(text) => self.text(&text, ids),
            TransportMessage::Binary(blob) => self.attachment(&blob),
        }
    }

    fn text(&mut self, text: &[u8], ids: &OpenIds) -> Result<Option<ClientPacket>, Violation> {
        if let Some(half) = self.half.take() {
            return Err(violation(format!(
                "text where attachment {} of {} was due",
                half.arrived.len() + 1,
                half.announced
            )));
        }
        if text.len() > self.limits.packet_bytes_max {
            return Err(self.too_large());
        }
        let Ok(text) = str::from_utf8(text) else {
            return Err(violation("the text is not UTF-8"));
        };
        let fields = MessageFields::read(text)
            .map_err(|reason| violation(format!("not a message: {reason}")))?;
        let read = fields
            .attachments()
            .and_then(|count| Ok((count, fields.message()?)));
        match read {
            Ok((_, PlainMessage::Connect(_))) if self.connected => {
                Err(violation("it is connected already: connect comes once"))
            }
            Ok((_, PlainMessage::Event(..) | PlainMessage::Ack(..))) if !self.connected => {
                Err(violation("connect comes first: {\"type\":\"connect\"}"))
            }
            Ok((0, message)) => {
                self.connected |= matches!(message, PlainMessage::Connect(_));
                Ok(Some(self.packet(message, ids)))
            }
            Ok((announced, message)) => {
                self.half = Some(Box::new(self.begin(message, announced, text.len(), ids)?));
                Ok(None)
            }
            // Its attachments would come as messages of their own, which nothing announces.
            Err(fault) if fields.attachments() != Ok(0) => Err(violation(fault.message)),
            Err(fault) => Ok(Some(refused(fields.id(), &fault))),
        }
    }

    fn packet(&self, message: PlainMessage<'_>, ids: &OpenIds) -> ClientPacket {
        let namespace = self.namespace.clone();
        match message {
            PlainMessage::Connect(auth) => ClientPacket::Connect {
                namespace,
                auth: auth.map(copy),
            },
            PlainMessage::Event(name, args, id) => {
                let ack = id.map(|id| ids.open(id).ok_or(id));
                let ack = match ack.transpose() {
                    Ok(ack) => ack,
                    Err(id) => return refused(Some(id), &too_many_open()),
                };
                let content = Content {
                    name,
                    args: copy(args),
                    blobs: Vec::new(),
                };
                ClientPacket::Event {
                    namespace,
                    ack,
                    content,
                    streams: EventStreams::default(),
                }
            }
            PlainMessage::Ack(id, args) => ClientPacket::Ack {
                namespace,
                id,
                answer: Answer {
                    args: copy(args),
                    blobs: Vec::new(),
                },
            },
            PlainMessage::Ping(id) => ClientPacket::Reply(encode::pong(id)),
        }
    }

    /// Checks all that can be checked before the attachments come, so that nothing is held for a wrong message.
    fn begin(
        &self,
        message: PlainMessage<'_>,
        announced: usize,
        bytes: usize,
        ids: &OpenIds,
    ) -> Result<HalfMessage, Violation> {
        let limit = self.limits.attachments_max;
        if announced > limit {
            return Err(violation(format!(
                "more than {limit} attachments announced: send fewer, or raise --engine.attachments-max"
            )));
        }
        let args = match &message {
            PlainMessage::Event(_, args, _) | PlainMessage::Ack(_, args) => *args,
            PlainMessage::Connect(_) | PlainMessage::Ping(_) => "",
        };
        let numbered = placeholders::number(args, announced).map_err(|fault| match fault {
            PlaceholderFault::Unannounced { announced } => violation(format!(
                "a placeholder's num is a whole number from 0 and below the {announced} announced"
            )),
            PlaceholderFault::TooDeep { limit } => violation(format!(
                "a payload with attachments is nested more than {limit} levels deep"
            )),
        })?;
        let mut packet = self.packet(message, ids);
        if let ClientPacket::Event { content, .. } = &mut packet {
            content.args = numbered.args;
        } else if let ClientPacket::Ack { answer, .. } = &mut packet {
            answer.args = numbered.args;
        }
        Ok(HalfMessage {
            packet,
            order: numbered.order,
            announced,
            arrived: Vec::new(),
            bytes,
        })
    }

    fn attachment(&mut self, blob: &[u8]) -> Result<Option<ClientPacket>, Violation> {
        let Some(mut half) = self.half.take() else {
            return Err(violation(
                "a binary message that no message before it announces",
            ));
        };
        half.bytes += blob.len();
        if half.bytes > self.limits.packet_bytes_max {
            return Err(self.too_large());
        }
        half.arrived.push(Bytes::copy_from_slice(blob));
        if half.arrived.len() < half.announced {
            self.half = Some(half);
            return Ok(None);
        }
        let named = half
            .order
            .iter()
            .filter_map(|number| half.arrived.get(*number));
        let whole: Vec<_> = named.cloned().collect();
        match &mut half.packet {
            ClientPacket::Event { content, .. } => content.blobs = whole,
            ClientPacket::Ack { answer, .. } => answer.blobs = whole,
            _ => {}
        }
        Ok(Some(half.packet))
    }

    fn too_large(&self) -> Violation {
        violation(format!(
            "a message of more than {} bytes with its attachments: send less, or raise --engine.packet-bytes-max",
            self.limits.packet_bytes_max
        ))
    }
}

/// So that a client that is never answered does not fill memory.
fn too_many_open() -> PlainFault {
    PlainFault {
        code: "limit_reached",
        message: format!(
            "more than {OPEN_MAX} events wait for answers under an id that is no whole number"
        ),
    }
}

fn refused(id: Option<&str>, fault: &PlainFault) -> ClientPacket {
    ClientPacket::Reply(encode::error(id, fault))
}

/// What ends the connection. Its last message says so.
fn violation(what: impl Into<String>) -> Violation {
    let fault = PlainFault {
        code: "violation",
        message: what.into(),
    };
    let told = encode::error(None, &fault);
    Violation::new(fault.message).told(told)
}

fn copy(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
