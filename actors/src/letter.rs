//! What is said: a letter, sealed once and shared by everyone who receives it, and the frames it becomes.
//! Knows no protocol: a frame is bytes that somebody else made, and an encoding is only a number here.

mod encodings;
mod manner;

use self::encodings::not_registered;
pub(crate) use self::manner::LatestKeys;
pub use self::{
    encodings::{EncodeError, Encoding, EncodingId, Encodings},
    manner::{LatestKey, Manner},
};

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{
    account::{Held, MemoryAccount},
    id::Token,
    observing::is_observing,
};

/// Name, arguments and attachments of something said, as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The event's name.
    pub name: Arc<str>,
    /// The arguments behind the name: JSON texts joined by commas, without the brackets, numbers and duplicate keys as
    /// sent. Valid UTF-8 and valid JSON. A blob stands in it as `{"_placeholder":true,"num":N}`.
    pub args: Bytes,
    /// The blobs that the placeholders number, from 0.
    pub blobs: Vec<Bytes>,
}

impl Content {
    /// Bytes of the name, the arguments and the blobs.
    pub fn len(&self) -> usize {
        self.name.len() + self.args.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }

    /// Whether it has neither a name nor arguments.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One message of a transport: text or binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportMessage {
    /// A text message, valid UTF-8.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
}

impl TransportMessage {
    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// One complete WebSocket frame that holds one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WsFrame {
    /// The frame: header, then payload.
    pub frame: Bytes,
    /// Length of the header in bytes; what lies behind it is the payload, which long-polling takes alone.
    pub header: u8,
    /// A binary message, not text.
    pub binary: bool,
    /// It is not to be compressed with others, see [`Manner::uncompressed`].
    pub uncompressed: bool,
}

impl WsFrame {
    /// The payload without the WebSocket header; shares the frame's memory.
    pub fn payload(&self) -> Bytes {
        self.frame.slice(usize::from(self.header)..)
    }
}

/// A frame for one client that is smaller is not charged by itself: that would cost it an allocation.
const OWN_MAX: usize = 1024;

/// A letter in one wire encoding: a first part and, where it has blobs, the parts that must follow it undivided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The first message.
    pub first: WsFrame,
    /// The messages that belong to it and come right behind it.
    pub rest: Option<Arc<[WsFrame]>>,
}

impl Frame {
    /// A frame of one message.
    pub fn single(first: WsFrame) -> Self {
        Self { first, rest: None }
    }

    /// Bytes on the wire, headers included.
    pub fn len(&self) -> usize {
        self.parts().map(|part| part.frame.len()).sum()
    }

    /// False: every frame has a first part.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = &WsFrame> {
        std::iter::once(&self.first).chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    /// The same frame, which goes as it is where its transport would compress it.
    pub(crate) fn uncompressed(self) -> Self {
        let part = |part: WsFrame| WsFrame {
            uncompressed: true,
            ..part
        };
        Self {
            first: part(self.first),
            rest: self
                .rest
                .map(|rest| rest.iter().cloned().map(part).collect()),
        }
    }

    /// The same frame, whose bytes are on the account until the last holder of any of its parts lets go.
    /// Costs what the first clone of a frame would: the parts' shared header.
    pub fn charged(self, account: &Arc<MemoryAccount>) -> Self {
        let part = |part: WsFrame| WsFrame {
            frame: account.charge_bytes(part.frame, Held::Outbox),
            ..part
        };
        Self {
            first: part(self.first),
            rest: self
                .rest
                .map(|rest| rest.iter().cloned().map(part).collect()),
        }
    }

    /// As [`Frame::charged`], for a frame of one client: a small one is counted by the client's outbox.
    pub(crate) fn charged_to_its_client(self, account: &Arc<MemoryAccount>) -> Self {
        if self.is_counted_by_outbox() {
            self
        } else {
            self.charged(account)
        }
    }

    /// Whether a frame that was made for one client is for its outbox to count.
    pub(crate) fn is_counted_by_outbox(&self) -> bool {
        self.len() < OWN_MAX
    }
}

/// What a sender hands in: content that may be encoded already.
#[derive(Debug)]
pub struct Draft {
    /// What is said.
    pub content: Content,
    /// How it is told.
    pub(crate) manner: Manner,
    /// An observer says it: nobody else observes it.
    is_observers: bool,
    ack: Option<u64>,
    frames: Frames,
}

impl Draft {
    /// A draft with room for one frame of each registered encoding.
    pub fn new(content: Content, encodings: &Encodings) -> Self {
        Self {
            content,
            manner: Manner::default(),
            is_observers: is_observing(),
            ack: None,
            frames: Frames::new(encodings.len()),
        }
    }

    /// How it is told: to be said before it is prepared.
    pub(crate) fn told(self, manner: Manner) -> Self {
        let frames = Frames {
            uncompressed: manner.uncompressed,
            ..self.frames
        };
        Self {
            manner,
            frames,
            ..self
        }
    }

    /// Another content, said by the same and told in the same manner. What everybody may answer is not changed.
    pub(crate) fn changed(&self, content: Content, encodings: &Encodings) -> Self {
        Self {
            is_observers: self.is_observers,
            ..Self::new(content, encodings).told(self.manner)
        }
    }

    /// As [`Draft::new`], of an event that everybody who receives it may answer under this number.
    pub(crate) fn asking(content: Content, encodings: &Encodings, ack: u64) -> Self {
        Self {
            ack: Some(ack),
            ..Self::new(content, encodings)
        }
    }

    /// Whether an encoding can express the draft. One that tells no tokens encodes it now, on the caller's thread, and the
    /// frame is kept for the letter; another encodes once the letter has its number.
    ///
    /// # Errors
    /// The encoding cannot express it, or is not registered.
    pub fn prepare(
        &self,
        encoding: EncodingId,
        encodings: &Encodings,
        namespace: &str,
    ) -> Result<(), EncodeError> {
        let codec = encodings.codec(encoding)?;
        match codec.tells_tokens() {
            true if self.ack.is_none() => codec.check(namespace, &self.content),
            true => encodings
                .make(encoding, namespace, &self.content, None, self.ack)
                .map(drop),
            false => {
                let frames = &self.frames;
                let frame = frames.frame(
                    encoding,
                    encodings,
                    namespace,
                    &self.content,
                    None,
                    self.ack,
                );
                frame.map(drop)
            }
        }
    }

    /// Makes the letter: from here on nothing in it changes. With its token, if it is in a log.
    pub fn seal(self, namespace: Arc<str>, token: Option<Token>) -> Letter {
        Letter {
            namespace,
            content: self.content,
            manner: self.manner,
            is_observers: self.is_observers,
            token,
            ack: self.ack,
            frames: self.frames,
        }
    }
}

/// A sealed letter. Shared by reference; encoded at most once per encoding.
#[derive(Debug)]
pub struct Letter {
    /// The namespace it was said in.
    pub namespace: Arc<str>,
    /// What is said.
    pub content: Content,
    /// Its own place in its namespace's log; none for what is in no log.
    pub token: Option<Token>,
    /// How it is told.
    pub(crate) manner: Manner,
    /// See [`Draft`].
    pub(crate) is_observers: bool,
    ack: Option<u64>,
    frames: Frames,
}

impl Letter {
    /// The letter in one encoding; the first caller of an encoding encodes, the others share. What is in no log an encoding
    /// that tells tokens makes anew for each caller, as of `behind`: the last letter of the namespace that went before it.
    ///
    /// # Errors
    /// The encoding cannot express it, or is not registered.
    pub fn frame(
        &self,
        encoding: EncodingId,
        encodings: &Encodings,
        behind: Option<Token>,
    ) -> Result<Frame, EncodeError> {
        let (namespace, content) = (&self.namespace, &self.content);
        let codec = encodings.codec(encoding)?;
        if self.token.is_none() && behind.is_some() && codec.tells_tokens() {
            let frame = encodings.make(encoding, namespace, content, behind, self.ack)?;
            return Ok(self.frames.made(frame, encodings));
        }
        self.frames
            .frame(
                encoding, encodings, namespace, content, self.token, self.ack,
            )
            .cloned()
    }

    /// The number under which everybody who receives it may answer.
    pub(crate) fn ack(&self) -> Option<u64> {
        self.ack
    }
}

#[derive(Debug)]
struct Frames {
    by_encoding: Box<[OnceLock<Result<Frame, EncodeError>>]>,
    uncompressed: bool,
}

impl Frames {
    fn new(count: usize) -> Self {
        Self {
            by_encoding: (0..count).map(|_| OnceLock::new()).collect(),
            uncompressed: false,
        }
    }

    fn made(&self, frame: Frame, encodings: &Encodings) -> Frame {
        let frame = match self.uncompressed {
            true => frame.uncompressed(),
            false => frame,
        };
        frame.charged(encodings.account())
    }

    fn frame(
        &self,
        encoding: EncodingId,
        encodings: &Encodings,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
        ack: Option<u64>,
    ) -> Result<&Frame, EncodeError> {
        let cell = self.by_encoding.get(encoding.0 as usize);
        let cell = cell.ok_or_else(not_registered)?;
        cell.get_or_init(|| {
            let frame = encodings.make(encoding, namespace, content, token, ack)?;
            Ok(self.made(frame, encodings))
        })
        .as_ref()
        .map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_charged_once_however_many_hold_it() {
        let process = MemoryAccount::new(1000, 1000);
        let part = WsFrame {
            frame: Bytes::from_static(b"0123456789"),
            header: 0,
            binary: false,
            uncompressed: false,
        };
        let frame = Frame::single(part).charged(&process);
        let slices: Vec<Bytes> = (0..100).map(|_| frame.first.payload()).collect();
        drop(frame);
        assert_eq!(process.held(Held::Outbox), 10);
        drop(slices);
        assert_eq!(process.held(Held::Outbox), 0);
    }
}
