//! SignalR as a session speaks it: records to the core's words, the core's answers to frames. Its connection is in one
//! namespace, or in none and over.

use std::{borrow::Cow, cell::RefCell, sync::Arc};

use dondo_actors::{
    id::{MemberId, Token},
    letter::{Content, EncodeError, Encoding, EncodingId, Encodings, Frame, TransportMessage},
    ports::{Answer, ClientPacket, EventStreams, ItemsAs, Protocol, Refusal, Violation},
};

use super::{
    answer,
    format::Format,
    handshake::{self, HandshakeFault},
    invocations::{self, Invocations, NotBegun, OpenCall},
    message::{Completed, HubMessage, ValueLimits, Values},
    read::read,
    write,
};
use crate::dialect::Dialect;

/// The protocol of one session. It is given records without their frames ([`Records`](super::Records)), as text or binary.
pub(crate) struct SignalR {
    namespace: Arc<str>,
    member: MemberId,
    encodings: FormatEncodings,
    dialect: Dialect,
    limits: ValueLimits,
    /// None before the handshake.
    format: Option<Format>,
    invocations: RefCell<Invocations>,
    /// What the last message said behind its first word.
    said: Option<ClientPacket>,
}

/// The encoding of each format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FormatEncodings {
    pub(crate) json: EncodingId,
    pub(crate) messagepack: EncodingId,
}

impl FormatEncodings {
    /// Registers them; a view goes before each.
    pub(crate) fn register(
        view: Option<fn(&Content) -> Content>,
        encodings: &mut Encodings,
    ) -> Self {
        let mut of = |format| encodings.register(SignalREncoding { format, view });
        Self {
            json: of(Format::Json),
            messagepack: of(Format::MessagePack),
        }
    }
}

impl SignalR {
    /// A session that has said nothing yet, of an endpoint's namespace, whose client knows its member by this id.
    pub(crate) fn new(
        namespace: Arc<str>,
        member: MemberId,
        encodings: FormatEncodings,
        dialect: Dialect,
        limits: ValueLimits,
    ) -> Self {
        Self {
            namespace,
            member,
            encodings,
            dialect,
            limits,
            format: None,
            invocations: RefCell::default(),
            said: None,
        }
    }

    fn handshake(&mut self, record: &[u8]) -> Result<ClientPacket, Violation> {
        match handshake::read(record) {
            Ok(format) => {
                self.format = Some(format);
                let namespace = self.namespace.clone();
                let auth = None;
                Ok(ClientPacket::Connect { namespace, auth })
            }
            Err(fault) => {
                let told = handshake::refused(None, &fault.to_string());
                let why = match fault {
                    // The log shows nothing that a client chose.
                    HandshakeFault::UnknownProtocol(_) => "an unknown protocol".into(),
                    fault => fault.to_string(),
                };
                Err(Violation::new(format!("bad_handshake: {why}")).told(told))
            }
        }
    }

    fn message(
        &mut self,
        format: Format,
        record: &[u8],
    ) -> Result<Option<ClientPacket>, Violation> {
        let message = read(format, record, self.limits);
        let message = message.map_err(|why| violated(format, format!("bad_message: {}", why.0)))?;
        Ok(match message {
            HubMessage::Invocation {
                id,
                target,
                arguments,
                streams,
            } => {
                let streams = sent(streams, ItemsAs::Refused);
                self.call(format, id, target, arguments, streams)?
            }
            HubMessage::StreamInvocation {
                id,
                target,
                arguments,
                streams,
            } => {
                let streams = sent(streams, ItemsAs::Items);
                self.call(format, Some(id), target, arguments, streams)?
            }
            HubMessage::StreamItem { id, item } => Some(ClientPacket::Item {
                namespace: self.namespace.clone(),
                stream: id.into(),
                item: item.into(),
            }),
            HubMessage::Completion { id, outcome } => Some(match invocations::number_of(&id) {
                Some(id) => ClientPacket::Ack {
                    namespace: self.namespace.clone(),
                    id,
                    answer: answer::answered(outcome),
                },
                None => ClientPacket::ItemsEnd {
                    namespace: self.namespace.clone(),
                    stream: id.into(),
                    error: match outcome {
                        Completed::Error(error) => Some(error),
                        Completed::Void | Completed::Result(_) => None,
                    },
                },
            }),
            HubMessage::CancelInvocation { id } => {
                let number = self.invocations.borrow().stream(&id);
                number.map(|id| ClientPacket::Cancel {
                    namespace: self.namespace.clone(),
                    id,
                })
            }
            HubMessage::Close => Some(ClientPacket::Disconnect {
                namespace: self.namespace.clone(),
            }),
            HubMessage::Ping | HubMessage::Unknown => None,
        })
    }

    fn call(
        &mut self,
        format: Format,
        id: Option<String>,
        target: String,
        arguments: Values,
        streams: EventStreams,
    ) -> Result<Option<ClientPacket>, Violation> {
        let called = (self.dialect)(Content {
            name: target.as_str().into(),
            args: arguments.text,
            blobs: arguments.blobs,
        });
        let called = match called {
            Ok(called) => called,
            Err(failure) => {
                let error = answer::error_in(&failure, Some(&target)).unwrap_or_default();
                return Ok(id.map(|id| failed(format, &id, error)));
            }
        };
        let event = |content, ack, streams| ClientPacket::Event {
            namespace: self.namespace.clone(),
            ack,
            content,
            streams,
        };
        let call = OpenCall {
            target: (*called.event.name != target).then_some(target),
            is_void: called.is_void,
            is_stream: streams.taken == ItemsAs::Items,
        };
        let mut invocations = self.invocations.borrow_mut();
        let ack = match id.map(|id| invocations.begin(id, call)).transpose() {
            Ok(ack) => ack,
            Err(NotBegun::InUse(id)) => {
                return Ok(Some(failed(format, &id, answer::in_use(&id))));
            }
            Err(NotBegun::TooManyOpen) => {
                let most = invocations::OPEN_MAX;
                let why = format!("too_many_open: more than {most} calls are open");
                return Err(violated(format, why));
            }
        };
        let (before, called) = (called.before, event(called.event, ack, streams));
        match before {
            None => Ok(Some(called)),
            Some(before) => {
                self.said = Some(called);
                Ok(Some(event(
                    before,
                    None,
                    sent(Vec::new(), ItemsAs::Refused),
                )))
            }
        }
    }

    fn format(&self) -> Format {
        self.format.unwrap_or(Format::Json)
    }
}

impl Protocol for SignalR {
    fn ends_with_its_namespace(&self) -> bool {
        true
    }

    fn connect_comes_first(&self) -> bool {
        true
    }

    fn answers_only_who_asks(&self) -> bool {
        true
    }

    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        match self.format {
            None => self.handshake(wire.bytes()).map(Some),
            Some(format) => self.message(format, wire.bytes()),
        }
    }

    fn decode_more(&mut self) -> Option<ClientPacket> {
        self.said.take()
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        match self.format() {
            Format::Json => self.encodings.json,
            Format::MessagePack => self.encodings.messagepack,
        }
    }

    fn member_id(&self) -> Option<MemberId> {
        Some(self.member.clone())
    }

    fn connected(&self, _: &str, _: &MemberId) -> Option<Frame> {
        Some(handshake::accepted(self.format()))
    }

    fn refused(&self, _: &str, refusal: &Refusal) -> Option<Frame> {
        Some(handshake::refused(self.format, &refusal.message))
    }

    fn disconnected(&self, _: &str) -> Option<Frame> {
        // Clients that come back by themselves do so after any other end.
        Some(write::close(self.format(), None, false))
    }

    fn disconnected_for(&self, _: &str, why: &str) -> Option<Frame> {
        Some(write::close(self.format(), Some(why), true))
    }

    fn event(&self, _: &str, content: &Content, ack: Option<u64>) -> Frame {
        let id = ack.map(invocations::id_of);
        write::invocation(self.format(), id.as_deref(), &content.name, &content.into())
    }

    fn ack(&self, _: &str, id: u64, answer: &Answer) -> Frame {
        let ended = self.invocations.borrow_mut().end(id);
        let outcome = match answer::completed(answer, ended.call.target.as_deref()) {
            Completed::Result(_) if ended.call.is_void => Completed::Void,
            outcome => outcome,
        };
        write::completion(self.format(), &ended.id, &outcome)
    }

    fn item(&self, _: &str, id: u64, item: &Answer) -> Option<Frame> {
        let invocations = self.invocations.borrow();
        let id = invocations.id(id);
        Some(write::stream_item(self.format(), &id, &item.into()))
    }

    fn items_end(&self, _: &str, id: u64, failure: Option<&Answer>) -> Option<Frame> {
        let ended = self.invocations.borrow_mut().end(id);
        let outcome = match failure {
            None => Completed::Void,
            Some(failure) => Completed::Error(answer::stream_failed(&failure.args)),
        };
        Some(write::completion(self.format(), &ended.id, &outcome))
    }
}

fn sent(streams: Vec<String>, taken: ItemsAs) -> EventStreams {
    EventStreams {
        taken,
        sent: streams.into_iter().map(Into::into).collect(),
    }
}

fn failed(format: Format, id: &str, error: String) -> ClientPacket {
    ClientPacket::Reply(write::completion(format, id, &Completed::Error(error)))
}

fn violated(format: Format, why: String) -> Violation {
    Violation::new(why).told(write::close(
        format,
        Some(write::CLOSED_WITH_AN_ERROR),
        false,
    ))
}

/// An encoding of letters: invocations in a format, seen through a dialect's view where there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignalREncoding {
    pub(crate) format: Format,
    /// Changes what is said before it is encoded. A pure function: its result is shared by all who take this encoding.
    pub(crate) view: Option<fn(&Content) -> Content>,
}

impl SignalREncoding {
    fn invocation(&self, content: &Content, id: Option<&str>) -> Frame {
        let seen = self
            .view
            .map_or(Cow::Borrowed(content), |view| Cow::Owned(view(content)));
        write::invocation(self.format, id, &seen.name, &(&*seen).into())
    }
}

impl Encoding for SignalREncoding {
    fn encode(&self, _: &str, content: &Content, _: Option<Token>) -> Result<Frame, EncodeError> {
        Ok(self.invocation(content, None))
    }

    fn encode_asking(
        &self,
        _: &str,
        content: &Content,
        _: Option<Token>,
        ack: u64,
    ) -> Result<Frame, EncodeError> {
        Ok(self.invocation(content, Some(&invocations::id_of(ack))))
    }
}
