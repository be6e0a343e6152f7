//! Records to messages of a session, and what a connection is told last, over any of its transports.

use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::{Frame, TransportMessage};

use crate::protocol::signalr::{CLOSED_WITH_AN_ERROR, Format, HandshakeFault, close, faulty};
use crate::transport::session_connection::Connection;

/// What a record is to the session; none where it should be text and is not. It is not kept: arguments are copied out of it.
pub(crate) fn message(format: Format, record: Bytes) -> Option<TransportMessage> {
    match format {
        Format::MessagePack => Some(TransportMessage::Binary(record)),
        Format::Json => {
            std::str::from_utf8(&record).ok()?;
            Some(TransportMessage::Text(record))
        }
    }
}

/// What a client is told last of the end of its session, if its protocol has words for that. It has no format before its
/// handshake.
pub(super) fn last_words(format: Option<Format>, reason: CloseReason) -> Option<Frame> {
    let Some(format) = format else {
        return (reason == CloseReason::ConnectTimeout).then(|| faulty(&HandshakeFault::Canceled));
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
