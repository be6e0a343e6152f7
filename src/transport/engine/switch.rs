//! Engine.IO as an endpoint, and its WebSockets: in an `App`, and over the sockets that the standalone server takes
//! (decision 0001). Requests are judged whole before the 101 (wire reference 1.5, 1.7).

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::HeaderValue;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Resource, web};

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
        &self.0.entrance.options().path
    }

    fn mount(&self, resource: Resource) -> Resource {
        let engine = self.clone();
        resource.to(move |request: HttpRequest, payload: web::Payload| {
            let engine = engine.clone();
            async move { engine.request(request, payload).await }
        })
    }
}

impl Engine {
    /// Serves a WebSocket: over the socket that came beside the request, else as the response's body.
    pub(super) fn switch(
        &self,
        request: &HttpRequest,
        payload: Payload,
        admission: EngineAdmission,
    ) -> HttpResponse {
        let subprotocol = self.subprotocol(request.head());
        let socket = request.extensions_mut().remove::<UpgradedSocket>();
        let Some(mut socket) = socket else {
            return embedded_driver::response(
                request,
                payload,
                subprotocol,
                self.websocket(admission),
            );
        };
        socket.switch(request.head(), subprotocol);
        if let EngineAdmission::TakeOver(framing) = admission {
            socket.serve_at_home(framing, self.0.entrance.options().max_payload);
        } else if let Some(websocket) = self.websocket(admission) {
            socket.serve(websocket);
        } else {
            socket.say(&EMPTY_CLOSE);
            actix_rt::spawn(socket.close());
        }
        HttpResponse::SwitchingProtocols().finish()
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
        let max_payload = self.0.entrance.options().max_payload;
        Some(WebSocketConnection::new(framing, max_payload, first))
    }

    fn subprotocol(&self, head: &RequestHead) -> Option<HeaderValue> {
        subprotocol::chosen(head, &self.0.options.subprotocols)
    }
}
