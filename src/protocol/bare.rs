//! No protocol of its own: each message of Engine.IO is an event of one namespace, which a session comes into as it opens. An
//! event says whether it is text, and has its bytes as an attachment, so that nothing is escaped or copied.

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    id::{MemberId, Token},
    letter::{Content, EncodeError, Encoding, EncodingId, Frame, TransportMessage},
    ports::{Answer, ClientPacket, EventStreams, Protocol, Refusal, Violation},
};

use crate::ws::{binary_frame, text_frame};

const TEXT: &[u8] = br#"{"_placeholder":true,"num":0},true"#;
const BINARY: &[u8] = br#"{"_placeholder":true,"num":0},false"#;

/// The protocol of one session.
pub(crate) struct Bare {
    namespace: Arc<str>,
    message: Arc<str>,
    encoding: EncodingId,
}

impl Bare {
    /// A session of the namespace, where each message is an event of that name. The encoding is that of [`BareEncoding`].
    pub(crate) fn new(namespace: Arc<str>, message: Arc<str>, encoding: EncodingId) -> Self {
        Self {
            namespace,
            message,
            encoding,
        }
    }
}

impl Protocol for Bare {
    fn opens(&self) -> Option<Arc<str>> {
        Some(self.namespace.clone())
    }

    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        let (args, bytes) = match wire {
            TransportMessage::Text(text) => (TEXT, text),
            TransportMessage::Binary(bytes) => (BINARY, bytes),
        };
        Ok(Some(ClientPacket::Event {
            namespace: self.namespace.clone(),
            ack: None,
            content: Content {
                name: self.message.clone(),
                args: Bytes::from_static(args),
                blobs: vec![bytes],
            },
            streams: EventStreams::default(),
        }))
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        self.encoding
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
        frame(content)
    }

    fn ack(&self, _: &str, _: u64, answer: &Answer) -> Frame {
        // Nobody is asked for one: its messages have no numbers.
        Frame::single(text_frame([b"4".as_slice(), &answer.args]))
    }
}

/// The encoding of its messages.
pub(crate) struct BareEncoding;

impl Encoding for BareEncoding {
    fn encode(&self, _: &str, content: &Content, _: Option<Token>) -> Result<Frame, EncodeError> {
        Ok(frame(content))
    }
}

fn frame(content: &Content) -> Frame {
    let bytes = content.blobs.first().map_or(&[] as &[u8], |bytes| bytes);
    match &content.args[..] == BINARY {
        true => Frame::single(binary_frame(bytes)),
        false => Frame::single(text_frame([b"4".as_slice(), bytes])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placeholders;

    /// Fails if what stands here for a message's bytes is none of the placeholders that others read.
    #[test]
    fn its_placeholder_is_spelt_as_all_are() {
        let mut expected = Vec::new();
        placeholders::put(&mut expected, 0);
        for args in [TEXT, BINARY] {
            assert!(args.starts_with(&expected));
        }
    }
}
