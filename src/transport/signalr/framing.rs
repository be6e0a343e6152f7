//! SignalR on a WebSocket: its messages hold records, several or a piece of one.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::TransportMessage;
use dondo_actors::session::SessionRef;

use super::parting::{last_words, message};
use crate::protocol::signalr::{Format, Records, ping};
use crate::transport::framing::{Framing, FromPeer};
use crate::transport::session_connection::Connection;
use crate::ws::{EMPTY_CLOSE, close_frame};

/// The one WebSocket of a connection.
pub(super) struct SignalRFraming {
    connection: Arc<Connection>,
    records: Records,
    /// What is left of the last message.
    rest: Bytes,
}

impl SignalRFraming {
    pub(super) fn new(connection: Arc<Connection>, record_max: usize) -> Self {
        Self {
            connection,
            records: Records::new(record_max),
            rest: Bytes::new(),
        }
    }

    /// The end for this reason, with this close frame.
    fn ended(&self, reason: CloseReason, close: Bytes) -> Bytes {
        match last_words(self.records.format(), reason) {
            Some(words) => [words.first.frame, close].concat().into(),
            None => close,
        }
    }
}

impl Framing for SignalRFraming {
    fn session(&self) -> &SessionRef {
        &self.connection.session
    }

    fn peer(&self) -> Option<IpAddr> {
        self.connection.peer()
    }

    fn receive(&mut self, received: TransportMessage) -> FromPeer {
        // Some clients send the handshake as binary, whatever follows.
        self.rest = received.bytes().clone();
        self.more().unwrap_or(FromPeer::Noise)
    }

    fn more(&mut self) -> Option<FromPeer> {
        if self.rest.is_empty() {
            return None;
        }
        let format = self.records.format();
        match self.records.take(&mut self.rest) {
            Ok(None) => None,
            Ok(Some(record)) => Some(match message(format, record) {
                Some(message) => FromPeer::Message(message),
                None => FromPeer::Close(CloseReason::ParseError),
            }),
            Err(fault) => {
                log::debug!("a connection of SignalR is closed: {fault}");
                Some(FromPeer::Close(CloseReason::ParseError))
            }
        }
    }

    fn held_bytes(&self) -> usize {
        self.rest.len() + self.records.pending_bytes()
    }

    fn ping(&self) -> Bytes {
        ping(self.records.format().unwrap_or(Format::Json))
            .first
            .frame
    }

    fn closing(&self, reason: CloseReason) -> Bytes {
        let close = match reason {
            CloseReason::ShuttingDown => close_frame(1001),
            _ => EMPTY_CLOSE,
        };
        self.ended(reason, close)
    }

    fn closing_at_fault(&self, code: u16) -> Bytes {
        self.ended(CloseReason::ParseError, close_frame(code))
    }
}
