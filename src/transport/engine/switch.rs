//! Engine.IO as an endpoint: in an `App`, and with the sockets that the standalone server takes (decision 0001). Requests
//! are judged whole before the 101 (wire reference 1.5, 1.7).

use actix_http::Request;
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, Resource, web};

use super::Engine;
use super::admission::EngineAdmission;
use super::framing::EngineFraming;
use crate::transport::connection::WebSocketConnection;
use crate::transport::embedded_driver;
use crate::transport::endpoint::Endpoint;
use crate::transport::subprotocol;
use crate::transport::upgrade::UpgradedSocket;
use crate::ws::{EMPTY_CLOSE, text_frame};

impl Endpoint for Engine {
    fn path(&self) -> &str {
        &self.0.options.path
    }

    fn mount(&self, resource: Resource) -> Resource {
        let engine = self.clone();
        resource.to(move |request: HttpRequest, payload: web::Payload| {
            let engine = engine.clone();
            async move { engine.request(request, payload).await }
        })
    }

    fn upgrade(&self, request: &Request, mut socket: UpgradedSocket) -> Option<UpgradedSocket> {
        let head = request.head();
        let admission = match self.admit(head, true) {
            Ok(admission) => admission,
            Err(refusal) => {
                socket.refuse(&self.refuse(refusal, head, true));
                return Some(socket);
            }
        };
        socket.switch(head, self.subprotocol(head));
        if let EngineAdmission::TakeOver(framing) = admission {
            socket.serve_at_home(framing, self.0.options.max_payload);
            return None;
        }
        let Some(websocket) = self.websocket(admission) else {
            socket.say(&EMPTY_CLOSE);
            return Some(socket);
        };
        socket.serve(websocket);
        None
    }
}

impl Engine {
    /// The way in through somebody's `App`: the WebSocket is the response's body.
    pub(super) fn switch_in_app(
        &self,
        request: &HttpRequest,
        payload: Payload,
        admission: EngineAdmission,
    ) -> HttpResponse {
        let subprotocol = self.subprotocol(request.head());
        embedded_driver::response(request, payload, subprotocol, self.websocket(admission))
    }

    /// The session's side of a WebSocket; none if it has no use for one.
    fn websocket(&self, admission: EngineAdmission) -> Option<WebSocketConnection<EngineFraming>> {
        let (framing, first) = match admission {
            EngineAdmission::Begin(connection, open) => {
                let open = text_frame([open.as_bytes()]);
                (EngineFraming::begin(connection), Some(open.frame))
            }
            EngineAdmission::TakeOver(framing) => (framing, None),
            _ => return None,
        };
        let max_payload = self.0.options.max_payload;
        Some(WebSocketConnection::new(framing, max_payload, first))
    }

    fn subprotocol(&self, head: &RequestHead) -> Option<HeaderValue> {
        subprotocol::chosen(head, &self.0.options.subprotocols)
    }
}
