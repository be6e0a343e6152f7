//! An Engine.IO endpoint without Socket.IO: it says back what it hears. Some words make it do something else:
//! `query` answers the handshake's query, `quiet …` nothing, and `close` ends the session as the server's wish.

use std::sync::Arc;

use bytes::Bytes;
use dondo::internal::message;
use dondo::{Builder, Handshake};
use dondo_actors::id::{MemberId, Token};
use dondo_actors::letter::{
    Content, EncodeError, Encoding, EncodingId, Encodings, Frame, TransportMessage,
};
use dondo_actors::ports::{Answer, ClientPacket, Protocol, Refusal, Violation};

/// Where it stands.
pub const ECHO: &str = "/engine.io/";

/// Mounts it beside Socket.IO.
pub fn echo(builder: Builder) -> Builder {
    let encoding = Encodings::new(
        [Arc::new(NoForm) as Arc<dyn Encoding>],
        dondo_actors::account::MemoryAccount::new(1 << 30, 1 << 30),
    )
    .id(0)
    .unwrap();
    let upper = move |opening: &Handshake| -> Box<dyn Protocol> {
        Box::new(Echo {
            encoding,
            opening: opening.clone(),
        })
    };
    builder.engine_at(ECHO, Arc::new(upper))
}

struct Echo {
    encoding: EncodingId,
    opening: Handshake,
}

impl Protocol for Echo {
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        let TransportMessage::Text(text) = &wire else {
            return Ok(Some(ClientPacket::Reply(message(&wire))));
        };
        match &text[..] {
            b"close" => Err(Violation("it was asked to".to_owned())),
            b"query" => {
                let query: Vec<_> = self.opening.query().collect();
                let query = serde_json::to_vec(&query).unwrap();
                Ok(Some(ClientPacket::Reply(message(&TransportMessage::Text(
                    Bytes::from(query),
                )))))
            }
            quiet if quiet.starts_with(b"quiet") => Ok(None),
            _ => Ok(Some(ClientPacket::Reply(message(&wire)))),
        }
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        self.encoding
    }

    fn connected(&self, _: &str, _: &MemberId) -> Frame {
        unreachable!("it has no namespaces")
    }

    fn refused(&self, _: &str, _: &Refusal) -> Frame {
        unreachable!("it has no namespaces")
    }

    fn disconnected(&self, _: &str) -> Frame {
        unreachable!("it has no namespaces")
    }

    fn event(&self, _: &str, _: &Content, _: Option<u64>) -> Frame {
        unreachable!("it has no events")
    }

    fn ack(&self, _: &str, _: u64, _: &Answer) -> Frame {
        unreachable!("it has no events")
    }
}

struct NoForm;

impl Encoding for NoForm {
    fn encode(&self, _: &str, _: &Content, _: Option<Token>) -> Result<Frame, EncodeError> {
        unreachable!("it gets no letters")
    }
}
