//! Engine.IO on a WebSocket: packets, heartbeat, and the probe with which it takes a session over (wire reference 1.1, 1.7).

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::TransportMessage;
use dondo_actors::session::SessionRef;
use tokio::time::{Sleep, sleep};

use super::packet::EnginePacket;
use crate::transport::framing::{Framing, FromPeer};
use crate::transport::session_connection::Connection;
use crate::transport::stage::Stage;

/// One WebSocket of a session. Dropped while it probes, it leaves the session where it was.
pub(crate) struct EngineFraming {
    connection: Arc<Connection>,
    /// It asks to take the session over.
    takeover: Option<Box<Takeover>>,
}

struct Takeover {
    /// A `2probe` has come.
    probed: bool,
    limit: Duration,
    /// From the first look: until then it may have been on its way to another thread.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl EngineFraming {
    /// Of the WebSocket that a session begins on.
    pub(super) fn begin(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            takeover: None,
        }
    }

    /// Of a WebSocket that has `limit` to take a session over; none if another one does or has.
    pub(super) fn take_over(connection: Arc<Connection>, limit: Duration) -> Option<Self> {
        connection.begin_upgrade().then(|| Self {
            connection,
            takeover: Some(Box::new(Takeover {
                probed: false,
                limit,
                deadline: None,
            })),
        })
    }
}

impl Framing for EngineFraming {
    fn session(&self) -> &SessionRef {
        &self.connection.session
    }

    fn peer(&self) -> Option<IpAddr> {
        self.connection.peer()
    }

    fn receive(&mut self, message: TransportMessage) -> FromPeer {
        let Ok(packet) = EnginePacket::from_wire(message) else {
            return FromPeer::Close(CloseReason::ParseError);
        };
        match (&mut self.takeover, packet) {
            (Some(takeover), EnginePacket::Ping(data)) if data == "probe" => {
                if !std::mem::replace(&mut takeover.probed, true) {
                    self.connection.probe();
                }
                FromPeer::Reply(Bytes::from_static(PROBE_ANSWER))
            }
            (Some(_), EnginePacket::Upgrade) => {
                self.connection.upgrade();
                self.takeover = None;
                FromPeer::Done
            }
            (Some(_), _) | (None, EnginePacket::Ping(_)) => {
                FromPeer::Close(CloseReason::TransportError)
            }
            (None, EnginePacket::Message(message)) => FromPeer::Message(message),
            (None, EnginePacket::Pong) => FromPeer::Pong,
            (None, EnginePacket::Close) => FromPeer::Close(CloseReason::TransportClose),
            (None, EnginePacket::Open | EnginePacket::Upgrade | EnginePacket::Noop) => {
                FromPeer::Noise
            }
        }
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(PING)
    }

    fn is_live(&self) -> bool {
        self.takeover.is_none()
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(takeover) = &mut self.takeover else {
            return Poll::Pending;
        };
        let limit = takeover.limit;
        let deadline = takeover
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(limit)));
        deadline.as_mut().poll(cx)
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.connection.poll_readable(cx)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.connection.poll_handover(cx)
    }
}

impl Drop for EngineFraming {
    fn drop(&mut self) {
        if self.takeover.is_some() {
            self.connection.step(Stage::Upgrading, Stage::Polling);
        }
    }
}

/// `2` as a text frame.
const PING: &[u8] = b"\x81\x012";

/// `3probe` as a text frame.
const PROBE_ANSWER: &[u8] = b"\x81\x063probe";
