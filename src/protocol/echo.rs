//! The echo of a tutorial's server: a text is answered with itself behind some words, binary data with itself. A session is in
//! no namespace; an answer waits in its outbox, and costs what any answer costs.

use dondo_actors::{
    id::MemberId,
    letter::{Content, EncodingId, Frame, TransportMessage},
    ports::{Answer, ClientPacket, Protocol, Refusal, Violation},
};

use crate::ws::{binary_frame, text_frame};

/// What stands before an answered text.
const BEFORE: &[u8] = b"Server Response: ";

/// The protocol of one session.
pub(crate) struct Echo;

impl Protocol for Echo {
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        let answer = match &wire {
            TransportMessage::Text(text) => text_frame([BEFORE, text]),
            TransportMessage::Binary(bytes) => binary_frame(bytes),
        };
        Ok(Some(ClientPacket::Reply(Frame::single(answer))))
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    /// No letter ever reaches it.
    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        EncodingId::FIRST
    }

    fn connected(&self, _: &str, _: &MemberId) -> Option<Frame> {
        None
    }

    fn refused(&self, _: &str, _: &Refusal) -> Option<Frame> {
        None
    }

    fn disconnected(&self, _: &str) -> Option<Frame> {
        None
    }

    fn event(&self, _: &str, content: &Content, _: Option<u64>) -> Frame {
        Frame::single(text_frame([&content.args[..]]))
    }

    fn ack(&self, _: &str, _: u64, answer: &Answer) -> Frame {
        Frame::single(text_frame([&answer.args[..]]))
    }
}
