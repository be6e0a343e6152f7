//! Engine.IO's WebSockets. Requests are judged whole before the 101 (wire reference 1.5, 1.7).

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};

use super::Engine;
use super::admission::EngineAdmission;
use super::framing::EngineFraming;
use crate::transport::connection::WebSocketConnection;
use crate::transport::subprotocol;
use crate::transport::upgrade;
use crate::ws::text_frame;

impl Engine {
    /// Serves a WebSocket.
    pub(super) fn switch(
        &self,
        request: &HttpRequest,
        payload: Payload,
        admission: EngineAdmission,
    ) -> HttpResponse {
        let subprotocol = self.subprotocol(request.head());
        let max_payload = self.0.entrance.options().max_payload;
        match admission {
            EngineAdmission::Begin(connection, open) => {
                let open = text_frame([open.as_bytes()]);
                let framing = EngineFraming::begin(connection);
                let websocket = WebSocketConnection::new(framing, max_payload, Some(open.frame));
                upgrade::serve(request, payload, subprotocol, websocket)
            }
            EngineAdmission::TakeOver(framing) => {
                upgrade::take_over(request, payload, subprotocol, framing, max_payload)
            }
            // The session has a WebSocket already.
            _ => upgrade::close(request, subprotocol),
        }
    }

    fn subprotocol(&self, head: &RequestHead) -> Option<HeaderValue> {
        subprotocol::chosen(head, &self.0.options.subprotocols)
    }
}
