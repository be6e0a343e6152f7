//! Engine.IO alone, for hosts that speak something of their own over it: one socket for each connection, whose messages are
//! text or bytes.

use std::net::IpAddr;

use bytes::Bytes;
use dondo_actors::{
    error::CloseReason as DisconnectReason, handshake::Handshake, id::MemberId as SocketId,
};

use super::{
    Socket,
    blob::Blob,
    context::{DisconnectContext, EngineContext, EventContext},
    error::{EmitError, Result},
    extract::{Data, Extract, Needs},
    handler::IntoOutcome,
};

/// The event that each message is, with its bytes, and whether they are text.
pub(crate) const MESSAGE: &str = "message";

/// What the message of a client, or to it, is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl From<&str> for EngineMessage {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for EngineMessage {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for EngineMessage {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for EngineMessage {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

/// A connection of an endpoint that [`Builder::engine`](crate::Builder::engine) made. Clones are the same connection,
/// and stay on its thread.
#[derive(Clone, Debug)]
pub struct EngineSocket(Socket);

impl EngineSocket {
    /// The connection's id in the hub. The client does not know it: its own `id` is the secret that it is served by.
    pub fn id(&self) -> &SocketId {
        self.0.id()
    }

    /// What came with the request that opened it: query, headers, cookies. Of the requests behind it, polls or the WebSocket
    /// that it moves to, nothing is kept: what those show belongs to whoever sees them, a middleware of the host's `App`.
    pub fn handshake(&self) -> Handshake {
        self.0.state().handshake().unwrap_or_default()
    }

    /// The client's address; behind a trusted proxy the one that the proxy tells.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address()
    }

    /// Whether the client is still there.
    pub fn is_connected(&self) -> bool {
        self.0.is_connected()
    }

    /// Says something, also before the client has. What waits is bounded as for any client: one that does not read is closed.
    ///
    /// # Errors
    /// The client is gone, or too much of what was said waits: a loop gives way now and then.
    pub fn send(&self, message: impl Into<EngineMessage>) -> Result<(), EmitError> {
        let (bytes, is_text) = match message.into() {
            EngineMessage::Text(text) => (Bytes::from(text), true),
            EngineMessage::Binary(bytes) => (bytes, false),
        };
        self.0.emit(MESSAGE, (Blob(bytes), is_text))
    }

    /// Runs for each message: several begin in the order in which they came, and each runs to its first wait before the next
    /// begins. Messages that come before the endpoint's handler is done wait for it. What it fails with goes to the log.
    pub fn on_message<R>(&self, handler: impl AsyncFn(EngineMessage) -> R + 'static)
    where
        R: IntoOutcome<EventContext> + 'static,
    {
        self.0.on(
            MESSAGE,
            async move |Data((Blob(bytes), is_text)): Data<(Blob, bool)>| {
                let message = match is_text {
                    true => String::from_utf8_lossy(&bytes).into_owned().into(),
                    false => bytes.into(),
                };
                handler(message).await
            },
        );
    }

    /// Runs when the connection is gone, with the reason, whatever it is.
    pub fn on_close<R>(&self, handler: impl AsyncFn(DisconnectReason) -> R + 'static)
    where
        R: IntoOutcome<DisconnectContext> + 'static,
    {
        self.0
            .on_disconnect(async move |reason: DisconnectReason| handler(reason).await);
    }

    /// Closes the connection, behind what was said before.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Extract<EngineContext> for EngineSocket {
    fn extract(context: &mut EngineContext) -> Result<Self> {
        Ok(Self(context.socket.clone()))
    }

    fn needs(needs: &mut Needs) {
        needs.handshake = true;
    }
}
