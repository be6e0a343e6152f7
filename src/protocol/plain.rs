//! The protocol `dondo.1`: one JSON object for each message of a WebSocket, for clients without a library. `websocket.md` is
//! its page. Knows no event of any application: what the hub pack takes and tells goes through under its own names.

mod decode;
mod encode;
mod ids;
mod message;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use dondo_actors::{
    id::{MemberId, Token},
    letter::{Content, EncodeError, Encoding, EncodingId, Frame, TransportMessage},
    ports::{Answer, ClientPacket, Protocol, Refusal, Violation},
};

use self::{decode::PlainDecoder, ids::OpenIds};
use super::Limits;

/// What a client may offer as subprotocol, and what it is answered.
pub(crate) const SUBPROTOCOL: &str = "dondo.1";

/// The protocol of one session.
pub(crate) struct Plain {
    decoder: PlainDecoder,
    ids: OpenIds,
    encoding: EncodingId,
}

impl Plain {
    /// A session for this namespace, whose letters take the encoding of [`PlainEncoding`].
    pub(crate) fn new(namespace: Arc<str>, limits: Limits, encoding: EncodingId) -> Self {
        Self {
            decoder: PlainDecoder::new(namespace, limits),
            ids: OpenIds::default(),
            encoding,
        }
    }
}

impl Protocol for Plain {
    fn ends_with_its_namespace(&self) -> bool {
        true
    }

    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        self.decoder.decode(wire, &self.ids)
    }

    fn pending_bytes(&self) -> usize {
        self.decoder.pending_bytes()
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        self.encoding
    }

    fn connected(&self, namespace: &str, member: &MemberId) -> Option<Frame> {
        Some(encode::welcome(namespace, member.as_str()))
    }

    fn refused(&self, _: &str, refusal: &Refusal) -> Option<Frame> {
        let data = refusal.data.as_deref();
        Some(encode::refused(&refusal.message, data))
    }

    fn disconnected(&self, _: &str) -> Option<Frame> {
        None
    }

    fn event(&self, _: &str, content: &Content, ack: Option<u64>) -> Frame {
        encode::event(content, ack, None)
    }

    fn ack(&self, _: &str, id: u64, answer: &Answer) -> Frame {
        encode::ack(&self.ids.close(id), answer)
    }
}

/// The encoding of its letters: each says where it stands in the log.
pub(crate) struct PlainEncoding;

impl Encoding for PlainEncoding {
    fn encode(
        &self,
        _: &str,
        content: &Content,
        token: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        Ok(encode::event(content, None, token))
    }

    fn encode_asking(
        &self,
        _: &str,
        content: &Content,
        token: Option<Token>,
        ack: u64,
    ) -> Result<Frame, EncodeError> {
        Ok(encode::event(content, Some(ack), token))
    }

    fn tells_tokens(&self) -> bool {
        true
    }

    /// There is nothing that it cannot say.
    fn check(&self, _: &str, _: &Content) -> Result<(), EncodeError> {
        Ok(())
    }
}
