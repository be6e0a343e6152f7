//! What a hub and its clients tell each other, in either format.

use std::borrow::Cow;

use bytes::Bytes;
use dondo_actors::{letter::Content, ports::Answer};

use crate::nesting::LEVELS_MAX;

/// A message of the hub protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HubMessage {
    /// A method is called. Without an id nobody waits for its completion.
    Invocation {
        id: Option<String>,
        target: String,
        arguments: Values,
        /// Streams of the caller's that are arguments, too.
        streams: Vec<String>,
    },
    /// An item of a stream.
    StreamItem { id: String, item: Values },
    /// A call, or a stream, has come to its end.
    Completion { id: String, outcome: Completed },
    /// A method is called whose result is a stream.
    StreamInvocation {
        id: String,
        target: String,
        arguments: Values,
        streams: Vec<String>,
    },
    /// A stream is wanted no more.
    CancelInvocation { id: String },
    /// The connection lives.
    Ping,
    /// The connection ends.
    Close,
    /// Of a stateful reconnect, or of a later version: ignored.
    Unknown,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Completed {
    /// Without a value.
    Void,
    /// With this one value.
    Result(Values),
    /// With an error; the text is for people.
    Error(String),
}

/// How much the values of one message may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueLimits {
    /// Binary values.
    pub(crate) blobs_max: usize,
    /// Bytes of their JSON: a byte of MessagePack may be six of it, and everybody is told the JSON.
    pub(crate) text_bytes_max: usize,
}

/// JSON texts joined by commas, and the blobs that placeholders in them number, as in [`Content`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(crate) text: Bytes,
    pub(crate) blobs: Vec<Bytes>,
}

impl From<&Content> for Values {
    fn from(content: &Content) -> Self {
        Self {
            text: content.args.clone(),
            blobs: content.blobs.clone(),
        }
    }
}

impl From<Values> for Answer {
    fn from(values: Values) -> Self {
        Self {
            args: values.text,
            blobs: values.blobs,
        }
    }
}

impl From<&Answer> for Values {
    fn from(answer: &Answer) -> Self {
        Self {
            text: answer.args.clone(),
            blobs: answer.blobs.clone(),
        }
    }
}

/// A record that is no message; the text says why, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(super) Cow<'static, str>);

impl From<&'static str> for Malformed {
    fn from(why: &'static str) -> Self {
        Self(why.into())
    }
}

impl From<String> for Malformed {
    fn from(why: String) -> Self {
        Self(why.into())
    }
}

pub(super) fn too_deep() -> Malformed {
    format!("a value is nested deeper than {LEVELS_MAX} levels").into()
}

/// Bytes of an id that a client chooses: those that are no numbers are kept while their calls last.
pub(super) const ID_BYTES_MAX: usize = 256;

/// Streams of the caller's in one call.
pub(super) const STREAMS_MAX: usize = 64;
pub(super) const TOO_MANY_STREAMS: &str = "a call has more than 64 streams";

/// The id, if it is no longer than it may be.
pub(super) fn short(id: String) -> Result<String, Malformed> {
    match id.len() <= ID_BYTES_MAX {
        true => Ok(id),
        false => Err("an invocation id is longer than 256 bytes".into()),
    }
}
