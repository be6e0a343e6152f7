//! Server-Sent Events: what the client is told; what it says comes by POST.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::Frame;

use super::parting::{last_words, noted};
use super::{NotServed, SignalREndpoint, attach};
use crate::protocol::signalr::{Format, HandshakeFault, faulty, ping};
use crate::transport::cors::Cors;
use crate::transport::event_stream::{self, EventFormat};
use crate::transport::session_connection::Connection;
use crate::transport::stage::Stage;

impl SignalREndpoint {
    /// The stream of a connection that was negotiated.
    pub(super) fn events(
        &self,
        connection: Arc<Connection>,
        request: &HttpRequest,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        attach(&connection, Stage::Stream)?;
        let format = SignalREvents(connection.clone());
        Ok(event_stream::response(request, connection, format, cors))
    }
}

struct SignalREvents(Arc<Connection>);

impl EventFormat for SignalREvents {
    fn opening(&self) -> Bytes {
        Bytes::from_static(b":\r\n\r\n")
    }

    fn event(&self, payload: Bytes, to: &mut VecDeque<Bytes>) {
        to.push_back(Bytes::from_static(b"data: "));
        to.push_back(payload);
        to.push_back(Bytes::from_static(b"\r\n\r\n"));
    }

    fn ping(&self) -> Bytes {
        event(&ping(Format::Json))
    }

    fn closing(&self, reason: CloseReason) -> Option<Bytes> {
        match noted(&self.0) {
            Some(Format::MessagePack) => Some(event(&faulty(&HandshakeFault::TextOnly))),
            format => last_words(format, reason).map(|words| event(&words)),
        }
    }
}

fn event(frame: &Frame) -> Bytes {
    let payload = frame.first.payload();
    [b"data: ", &payload[..], b"\r\n\r\n"].concat().into()
}
