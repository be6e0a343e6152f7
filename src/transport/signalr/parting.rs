//! Records to messages of a session, and what a connection is told last, over any of its transports.

use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::{Frame, TransportMessage};

use crate::protocol::signalr::{CLOSED_WITH_AN_ERROR, Format, HandshakeFault, close, faulty};
use crate::transport::session_connection::Connection;

/// What a record is to the session; none where it should be text and is not. It is not kept: arguments are copied out of it.
/// Without a format it is the handshake, of whose faults the session tells.
pub(crate) fn message(format: Option<Format>, record: Bytes) -> Option<TransportMessage> {
    match format {
        None | Some(Format::MessagePack) => Some(TransportMessage::Binary(record)),
        Some(Format::Json) => {
            std::str::from_utf8(&record).ok()?;
            Some(TransportMessage::Text(record))
        }
    }
}

/// What a client is told last of the end of its session, if its protocol has words for that. It has no format before its
/// handshake.
pub(crate) fn last_words(format: Option<Format>, reason: CloseReason) -> Option<Frame> {
    let Some(format) = format else {
        return match reason {
            CloseReason::ConnectTimeout => Some(faulty(&HandshakeFault::Canceled)),
            CloseReason::ParseError => Some(faulty(&HandshakeFault::Malformed)),
            _ => None,
        };
    };
    match reason {
        CloseReason::TransportClose | CloseReason::TransportError => None,
        // It was told already, of its violation or that it is put out.
        CloseReason::ForcedClose => None,
        // Who asks for that comes back after these by itself.
        CloseReason::ShuttingDown | CloseReason::ServerRestart => Some(close(format, None, true)),
        CloseReason::ParseError => Some(close(format, Some(CLOSED_WITH_AN_ERROR), false)),
        _ => Some(close(format, Some(CLOSED_WITH_AN_ERROR), true)),
    }
}

/// Whether a client that polls is told of such an end by its next poll where none waits. Who did not read, or held too much, is
/// gone at once.
pub(crate) fn is_told(reason: CloseReason) -> bool {
    reason.flushes() || reason == CloseReason::ParseError
}

/// The format that the handshake of a connection asked for, where that came by POST.
pub(super) fn noted(connection: &Connection) -> Option<Format> {
    match connection.noted() {
        JSON => Some(Format::Json),
        MESSAGEPACK => Some(Format::MessagePack),
        _ => None,
    }
}

/// Keeps it for the POSTs that follow, and for the end.
pub(super) fn note(connection: &Connection, format: Format) {
    connection.note(match format {
        Format::Json => JSON,
        Format::MessagePack => MESSAGEPACK,
    });
}

const JSON: u8 = 1;
const MESSAGEPACK: u8 = 2;

#[cfg(test)]
mod tests;
