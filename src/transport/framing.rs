//! What a protocol is asked by the WebSocket that it stands on. Knows no protocol and no socket.

use std::net::IpAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::TransportMessage;
use dondo_actors::session::SessionRef;

use crate::ws::{EMPTY_CLOSE, close_frame};

/// How a protocol frames its messages and its heartbeat on one WebSocket, for [`WebSocketConnection`], which does all else:
/// frames, credit, memory, and the end.
///
/// It says nothing of letters: an `Encoding` made their frames whole, once for all clients, with whatever the protocol puts
/// around a message. It waits for nobody, and holds no more than it needs: there is one for each WebSocket.
///
/// A protocol that is on its WebSocket from the beginning answers the first three and [`ping`](Self::ping), and
/// [`pong`](Self::pong) where WebSocket's own ping is its heartbeat, as for plain messages. One whose messages hold several
/// records, as SignalR's do, hands out [`more`](Self::more) of them. The last four questions are for a protocol that comes from
/// another transport, as Engine.IO does.
///
/// [`WebSocketConnection`]: super::connection::WebSocketConnection
pub(crate) trait Framing: Unpin + 'static {
    /// The session. It is closed with the WebSocket, if that is live.
    fn session(&self) -> &SessionRef;

    /// The client's address, for the log.
    fn peer(&self) -> Option<IpAddr>;

    /// What a message of the client is, or the first thing in it.
    fn receive(&mut self, message: TransportMessage) -> FromPeer;

    /// The next thing that came with the last message. Asked where there is credit for it, until there is nothing more;
    /// only then the next message is received.
    fn more(&mut self) -> Option<FromPeer> {
        None
    }

    /// Bytes that it keeps: what is left of the last message, or what has come of something that takes several.
    fn held_bytes(&self) -> usize {
        0
    }

    /// What ends the WebSocket: its close frame, and what stands before it.
    fn closing(&self, reason: CloseReason) -> Bytes {
        match reason {
            CloseReason::ShuttingDown => close_frame(1001),
            _ => EMPTY_CLOSE,
        }
    }

    /// What ends a WebSocket whose frames are at fault: the close frame with this code, and what stands before it.
    fn closing_at_fault(&self, code: u16) -> Bytes {
        close_frame(code)
    }

    /// The heartbeat as a frame.
    fn ping(&self) -> Bytes;

    /// What a pong of WebSocket is.
    fn pong(&mut self) -> FromPeer {
        FromPeer::Noise
    }

    /// Whether the session is on this WebSocket. Until then nothing is taken from its outbox, its credit is not asked for,
    /// and it outlives the WebSocket. Changes in [`receive`](Self::receive) alone, and not back.
    fn is_live(&self) -> bool {
        true
    }

    /// Ready when it was to be live by now; wakes then.
    fn poll_expired(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    /// Ready when the session takes a message; wakes then.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.session().poll_ready(cx)
    }

    /// Ready when nobody else takes from the session's outbox, which wakes one taker only; wakes then.
    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// What came in, to the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FromPeer {
    /// A message for the session. Only where it is live.
    Message(TransportMessage),
    /// The client answers a heartbeat. Only where it is live.
    Pong,
    /// It means nothing, and costs as much to read as a message.
    Noise,
    /// It has been dealt with.
    Done,
    /// This frame answers it. Nothing but the connection's own limit bounds how many do.
    Reply(Bytes),
    /// The WebSocket is to be closed, for this reason.
    Close(CloseReason),
}
