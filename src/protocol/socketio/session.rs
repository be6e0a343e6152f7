//! Socket.IO as a session speaks it: packets to the core's words, the core's answers to frames.
//! Knows no member and no room; which namespaces exist and who may come in is the core's matter.

use std::borrow::Cow;

use dondo_actors::{
    id::{MemberId, Token},
    letter::{Content, EncodeError, Encoding, EncodingId, Frame, TransportMessage},
    ports::{self, Answer, ClientPacket, EventStreams, Protocol, Refusal},
};
use serde::Deserialize;

use super::{Decoder, Packet, Violation, encode};
use crate::protocol::Limits;

/// The protocol of one session.
#[derive(Debug)]
pub(crate) struct SocketIo {
    decoder: Decoder,
    plain: EncodingId,
    dotnet: Option<EncodingId>,
    dialect_from_query: bool,
}

impl SocketIo {
    /// A session that has said nothing yet. Its letters take the encoding `plain`, or `dotnet` where there is one and the
    /// client asks for that dialect: in the handshake's query (`dialect_from_query`) or with a CONNECT (contract 2.2).
    pub(crate) fn new(
        limits: Limits,
        plain: EncodingId,
        dotnet: Option<EncodingId>,
        dialect_from_query: bool,
    ) -> Self {
        Self {
            decoder: Decoder::new(limits),
            plain,
            dotnet,
            dialect_from_query,
        }
    }
}

impl Protocol for SocketIo {
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, ports::Violation> {
        match self.decoder.decode(wire) {
            Ok(packet) => Ok(packet.map(said)),
            Err(violation) => Err(named(&violation)),
        }
    }

    fn pending_bytes(&self) -> usize {
        self.decoder.pending_bytes()
    }

    fn encoding(&self, auth: Option<&[u8]>) -> EncodingId {
        let asked = self.dialect_from_query || auth.is_some_and(asks_for_dotnet);
        self.dotnet.filter(|_| asked).unwrap_or(self.plain)
    }

    fn connected(&self, namespace: &str, member: &MemberId) -> Option<Frame> {
        Some(encode::connected(namespace, member.as_str()))
    }

    fn refused(&self, namespace: &str, refusal: &Refusal) -> Option<Frame> {
        Some(encode::refused(
            namespace,
            &refusal.message,
            refusal.data.as_deref(),
        ))
    }

    fn disconnected(&self, namespace: &str) -> Option<Frame> {
        Some(encode::disconnected(namespace))
    }

    fn event(&self, namespace: &str, content: &Content, ack: Option<u64>) -> Frame {
        encode::event(namespace, content, ack)
    }

    fn ack(&self, namespace: &str, id: u64, answer: &Answer) -> Frame {
        encode::ack(namespace, id, &answer.args, &answer.blobs)
    }
}

/// An encoding of letters: Socket.IO events, seen through a pack's view where there is one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SocketIoEncoding {
    /// Changes what is said before it is encoded. A pure function: its result is shared by all who take this encoding.
    pub view: Option<fn(&Content) -> Content>,
}

impl Encoding for SocketIoEncoding {
    fn encode(
        &self,
        namespace: &str,
        content: &Content,
        _: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        Ok(encode::event(namespace, &self.seen(content), None))
    }

    fn encode_asking(
        &self,
        namespace: &str,
        content: &Content,
        _: Option<Token>,
        ack: u64,
    ) -> Result<Frame, EncodeError> {
        Ok(encode::event(namespace, &self.seen(content), Some(ack)))
    }
}

impl SocketIoEncoding {
    fn seen<'a>(&self, content: &'a Content) -> Cow<'a, Content> {
        self.view
            .map_or(Cow::Borrowed(content), |view| Cow::Owned(view(content)))
    }
}

fn said(packet: Packet) -> ClientPacket {
    match packet {
        Packet::Connect { namespace, auth } => ClientPacket::Connect { namespace, auth },
        Packet::Disconnect { namespace } => ClientPacket::Disconnect { namespace },
        Packet::Event {
            namespace,
            ack,
            content,
        } => ClientPacket::Event {
            namespace,
            ack,
            content,
            streams: EventStreams::default(),
        },
        Packet::Ack {
            namespace,
            id,
            args,
            blobs,
        } => ClientPacket::Ack {
            namespace,
            id,
            answer: Answer { args, blobs },
        },
    }
}

fn named(violation: &Violation) -> ports::Violation {
    ports::Violation::new(format!("{}: {violation}", violation.code()))
}

/// Whether a CONNECT's JSON has `"dialect":"dotnet"`. What cannot be read asks for nothing.
fn asks_for_dotnet(auth: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Auth<'a> {
        #[serde(borrow)]
        dialect: Cow<'a, str>,
    }
    serde_json::from_slice::<Auth<'_>>(auth).is_ok_and(|auth| auth.dialect == "dotnet")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::Arc;

    use bytes::Bytes;
    use dondo_actors::letter::Encodings;

    use super::*;

    fn encodings() -> (Encodings, EncodingId, EncodingId) {
        let view: fn(&Content) -> Content = |content| Content {
            args: Bytes::from_static(b"\"seen\""),
            ..content.clone()
        };
        let account = dondo_actors::account::MemoryAccount::new(1 << 30, 1 << 30);
        let mut encodings = Encodings::new(account);
        let plain = encodings.register(SocketIoEncoding::default());
        let dotnet = encodings.register(SocketIoEncoding { view: Some(view) });
        (encodings, plain, dotnet)
    }

    fn text(wire: &str) -> TransportMessage {
        TransportMessage::Text(Bytes::copy_from_slice(wire.as_bytes()))
    }

    #[test]
    fn the_dialect_is_asked_for_in_the_query_or_in_the_connects_auth() {
        let (_, plain, dotnet) = encodings();
        let by_auth = SocketIo::new(Limits::default(), plain, Some(dotnet), false);
        let asked: &[u8] = br#"{"token":{"a":[1]},"dialect":"dotnet"}"#;
        assert_eq!(by_auth.encoding(Some(asked)), dotnet);
        for other in [
            r#"{"dialect":"java"}"#,
            r#"{"dialect":1}"#,
            "{}",
            r#"{"a":{"dialect":"dotnet"}}"#,
        ] {
            assert_eq!(by_auth.encoding(Some(other.as_bytes())), plain, "{other}");
        }
        assert_eq!(by_auth.encoding(None), plain);
        let by_query = SocketIo::new(Limits::default(), plain, Some(dotnet), true);
        assert_eq!(by_query.encoding(None), dotnet);
    }

    #[test]
    fn without_a_form_for_the_dialect_nobody_gets_it() {
        let (_, plain, _) = encodings();
        let protocol = SocketIo::new(Limits::default(), plain, None, true);
        assert_eq!(
            protocol.encoding(Some(br#"{"dialect":"dotnet"}"#.as_slice())),
            plain
        );
    }

    #[test]
    fn every_packet_becomes_the_cores_word_for_it() {
        let (_, plain, _) = encodings();
        let mut protocol = SocketIo::new(Limits::default(), plain, None, false);
        let mut said = |wire| protocol.decode(text(wire)).unwrap().unwrap();
        let root: Arc<str> = "/".into();
        assert_eq!(
            said(r#"0{"a":1}"#),
            ClientPacket::Connect {
                namespace: root.clone(),
                auth: Some(Bytes::from_static(br#"{"a":1}"#))
            }
        );
        assert_eq!(
            said("1/a,"),
            ClientPacket::Disconnect {
                namespace: "/a".into()
            }
        );
        let content = Content {
            name: "x".into(),
            args: Bytes::from_static(b"1"),
            blobs: Vec::new(),
        };
        assert_eq!(
            said(r#"27["x",1]"#),
            ClientPacket::Event {
                namespace: root.clone(),
                ack: Some(7),
                content,
                streams: EventStreams::default(),
            }
        );
        let answer = Answer {
            args: Bytes::from_static(b"1,2"),
            blobs: Vec::new(),
        };
        assert_eq!(
            said("30[1,2]"),
            ClientPacket::Ack {
                namespace: root,
                id: 0,
                answer
            }
        );
    }

    #[test]
    fn attachments_are_waited_for_and_counted_in_bytes() {
        let (_, plain, _) = encodings();
        let mut protocol = SocketIo::new(Limits::default(), plain, None, false);
        let half = r#"51-["x",{"_placeholder":true,"num":0}]"#;
        assert_eq!(protocol.decode(text(half)), Ok(None));
        assert!(protocol.pending_bytes() > 0);
        let blob = TransportMessage::Binary(Bytes::from_static(b"\x01"));
        assert!(matches!(
            protocol.decode(blob),
            Ok(Some(ClientPacket::Event { .. }))
        ));
        assert_eq!(protocol.pending_bytes(), 0);
    }

    #[test]
    fn a_violation_is_named_for_the_log() {
        let (_, plain, _) = encodings();
        let mut protocol = SocketIo::new(Limits::default(), plain, None, false);
        let violation = protocol.decode(text("9")).unwrap_err();
        assert!(
            violation.why.starts_with("unknown_packet_type: "),
            "{}",
            violation.why
        );
    }

    #[test]
    fn a_form_shows_what_its_view_makes_of_a_letter() {
        let (encodings, plain, dotnet) = encodings();
        let content = Content {
            name: "x".into(),
            args: Bytes::from_static(b"1"),
            blobs: Vec::new(),
        };
        let text = |encoding| {
            encodings
                .encode(encoding, "/", &content)
                .unwrap()
                .first
                .payload()
        };
        assert_eq!(text(plain), r#"42["x",1]"#);
        assert_eq!(text(dotnet), r#"42["x","seen"]"#);
        // Fails if a letter that may be answered is not seen so, or has no number.
        let view: fn(&Content) -> Content = |content| Content {
            args: Bytes::from_static(b"2"),
            ..content.clone()
        };
        let form = SocketIoEncoding { view: Some(view) };
        let asking = form.encode_asking("/a", &content, None, 1 << 30).unwrap();
        assert_eq!(asking.first.payload(), r#"42/a,1073741824["x",2]"#);
    }
}
