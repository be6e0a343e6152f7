//! What a Socket.IO client said, and what can be wrong with how it said it.
//! Knows neither the text it came in nor whether the client may say it.

use std::{error::Error, fmt, sync::Arc};

use bytes::Bytes;
use dondo_actors::letter::Content;

use crate::placeholders::PlaceholderFault;

/// A whole packet from a client, its attachments included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// The client asks to join a namespace.
    Connect {
        /// The namespace, a query string included where the client wrote one.
        namespace: Arc<str>,
        /// The JSON object sent along, as sent; none where there was none.
        auth: Option<Bytes>,
    },
    /// The client leaves a namespace.
    Disconnect {
        /// The namespace.
        namespace: Arc<str>,
    },
    /// The client says something.
    Event {
        /// The namespace.
        namespace: Arc<str>,
        /// The number that the answer must carry, where one is asked for. 0 is a number like any other.
        ack: Option<u64>,
        /// What is said.
        content: Content,
    },
    /// The client answers an event of the server.
    Ack {
        /// The namespace.
        namespace: Arc<str>,
        /// The number of the event that is answered.
        id: u64,
        /// The arguments, written as in [`Content::args`].
        args: Bytes,
        /// The blobs that the placeholders in `args` number, from 0.
        blobs: Vec<Bytes>,
    },
}

/// Why a message from a client is no Socket.IO packet. The whole connection must then be closed (protocol 5 has no
/// error packet for it); after one a [`Decoder`](super::Decoder) holds no part of a packet.
///
/// Its text says what was wrong, where, and what to do; it quotes nothing that the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A message without any packet in it.
    Empty,
    /// The text is not UTF-8.
    NotUtf8,
    /// The first character is no packet type.
    UnknownType,
    /// CONNECT_ERROR, which only a server sends.
    ServerOnly,
    /// A binary packet without a count of at least 1 and a dash behind its type.
    AttachmentCount,
    /// More attachments announced than allowed.
    TooManyAttachments {
        /// `attachments_max`.
        limit: usize,
    },
    /// Text and attachments together are too large.
    TooLarge {
        /// `packet_bytes_max`.
        limit: usize,
    },
    /// An acknowledgement number over 2^63 - 1.
    AckTooLarge,
    /// A binary ack that does not say which event it answers, or has no arguments.
    AckIncomplete,
    /// Something else than a JSON array or object behind the packet's head.
    Head {
        /// Bytes of the packet before it.
        at: usize,
    },
    /// The JSON is of the wrong kind for the packet's type, or missing.
    Payload {
        /// What would have been right.
        wanted: &'static str,
    },
    /// Not JSON.
    Json {
        /// The JSON parser's words: what it met and where, counted from where the JSON begins.
        reason: String,
    },
    /// An event without a name, or whose name is neither a string nor a number.
    EventName,
    /// An event name that clients may not use.
    ReservedName {
        /// The name.
        name: &'static str,
    },
    /// A placeholder that names no announced attachment.
    Placeholder {
        /// Attachments announced.
        announced: usize,
    },
    /// Arguments with attachments, nested too deep to look for placeholders.
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// Text where an attachment was due.
    AttachmentMissing {
        /// Attachments announced.
        announced: usize,
        /// Attachments that came.
        arrived: usize,
    },
    /// A binary message that no packet announced.
    UnexpectedBinary,
    /// The packet parser refused what looked right.
    Unreadable,
}

impl Violation {
    /// A stable name for logs, metrics and tests.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_packet",
            Self::NotUtf8 => "not_utf8",
            Self::UnknownType => "unknown_packet_type",
            Self::ServerOnly => "server_only_packet",
            Self::AttachmentCount => "bad_attachment_count",
            Self::TooManyAttachments { .. } => "too_many_attachments",
            Self::TooLarge { .. } => "packet_too_large",
            Self::AckTooLarge => "ack_id_too_large",
            Self::AckIncomplete => "ack_incomplete",
            Self::Head { .. } => "bad_packet_head",
            Self::Payload { .. } => "bad_payload",
            Self::Json { .. } => "bad_json",
            Self::EventName => "bad_event_name",
            Self::ReservedName { .. } => "reserved_event_name",
            Self::Placeholder { .. } => "bad_placeholder",
            Self::TooDeep { .. } => "nested_too_deep",
            Self::AttachmentMissing { .. } => "attachment_missing",
            Self::UnexpectedBinary => "unexpected_binary",
            Self::Unreadable => "unreadable_packet",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(
                out,
                "empty packet: a message must begin with a packet type, 0 to 6"
            ),
            Self::NotUtf8 => write!(out, "packet text is not UTF-8: send bytes as attachments"),
            Self::UnknownType => write!(
                out,
                "unknown packet type in the first byte: it must be 0 to 6"
            ),
            Self::ServerOnly => {
                write!(out, "packet type 4 (CONNECT_ERROR) comes from servers only")
            }
            Self::AttachmentCount => write!(
                out,
                "binary packet without its number of attachments: write it behind the type, as in 51-[...]; without \
                 attachments use type 2 or 3"
            ),
            Self::TooManyAttachments { limit } => write!(
                out,
                "more than {limit} attachments announced: send fewer, or raise --engine.attachments-max"
            ),
            Self::TooLarge { limit } => write!(
                out,
                "packet of more than {limit} bytes, text and attachments together: send less, or raise --engine.packet-bytes-max"
            ),
            Self::AckTooLarge => write!(out, "acknowledgement number over 2^63 - 1: count from 0"),
            Self::AckIncomplete => write!(
                out,
                "binary ack without number or arguments: repeat the event's number before the array, as in 61-12[...]"
            ),
            Self::Head { at } => write!(
                out,
                "byte {at} of the packet is neither an acknowledgement number nor the beginning of a JSON array or object"
            ),
            Self::Payload { wanted } => write!(out, "wrong payload: {wanted}"),
            Self::Json { reason } => write!(out, "payload is not JSON: {reason}"),
            Self::EventName => write!(
                out,
                "event without a name: the array's first element must be a string or a number"
            ),
            Self::ReservedName { name } => {
                write!(out, "event name {name} is reserved: use another")
            }
            Self::Placeholder { announced } => write!(
                out,
                "placeholder without an attachment: num must be a whole number from 0 and below the {announced} announced"
            ),
            Self::TooDeep { limit } => write!(
                out,
                "arguments with attachments are nested more than {limit} levels deep: flatten them"
            ),
            Self::AttachmentMissing { announced, arrived } => write!(
                out,
                "text where attachment {} of {announced} was due: send them right behind their packet",
                arrived + 1
            ),
            Self::UnexpectedBinary => write!(
                out,
                "binary message that no packet announced: send it behind a packet of type 5 or 6"
            ),
            Self::Unreadable => write!(out, "the packet parser could not read the packet's head"),
        }
    }
}

impl Error for Violation {}

impl From<PlaceholderFault> for Violation {
    fn from(fault: PlaceholderFault) -> Self {
        match fault {
            PlaceholderFault::Unannounced { announced } => Self::Placeholder { announced },
            PlaceholderFault::TooDeep { limit } => Self::TooDeep { limit },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_refused_with_the_name_of_its_setting() {
        for (violation, setting) in [
            (
                Violation::TooManyAttachments { limit: 10 },
                "--engine.attachments-max",
            ),
            (
                Violation::TooLarge { limit: 10 },
                "--engine.packet-bytes-max",
            ),
        ] {
            let line = violation.to_string();
            assert!(line.contains(setting) && line.contains("10"), "{line}");
        }
    }
}
