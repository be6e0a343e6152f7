//! An endpoint for WebSockets alone: a session begins with its WebSocket and ends with it. What is spoken there is a
//! [`Protocol`](dondo_actors::ports::Protocol), a message for each message of the WebSocket.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::handshake::Handshake;
use dondo_actors::letter::TransportMessage;
use dondo_actors::session::SessionRef;

use super::connection::WebSocketConnection;
use super::endpoint::is_at;
use super::entrance::{Entrance, NotOpened, ProtocolFactory};
use super::framing::{Framing, FromPeer};
use super::refusal::Refusal;
use super::session_connection::Connection;
use super::session_endpoint::SessionEndpoint;
use super::stage::Stage;
use super::subprotocol;
use super::upgrade::{asks_for_websocket, serve};
use crate::ws::close_frame;

/// The endpoint. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct WebSocketEndpoint(Arc<WebSocketEndpointState>);

struct WebSocketEndpointState {
    entrance: Entrance,
    protocol: ProtocolFactory,
    /// The one that is answered. Without it, whatever a client names first.
    subprotocol: Option<&'static str>,
}

impl WebSocketEndpoint {
    /// An endpoint whose sessions speak what `protocol` makes. Where it has a subprotocol, who offers only others is refused.
    pub(crate) fn new(
        entrance: Entrance,
        protocol: ProtocolFactory,
        subprotocol: Option<&'static str>,
    ) -> Self {
        Self(Arc::new(WebSocketEndpointState {
            entrance,
            protocol,
            subprotocol,
        }))
    }

    async fn open(
        &self,
        request: &HttpRequest,
    ) -> Result<(Arc<Connection>, Option<HeaderValue>), NotOpened> {
        let (head, entrance) = (request.head(), &self.0.entrance);
        entrance.judge(head)?;
        if !asks_for_websocket(head) {
            return Err(Refusal::BadRequest.into());
        }
        let subprotocol = self.subprotocol(head)?;
        let place = entrance.place(head, true)?;
        let protocol = |handshake: &Handshake| (self.0.protocol)(handshake);
        let opened = entrance
            .open(place, request, Stage::WebSocket, protocol)
            .await?;
        Ok((opened.connection, subprotocol))
    }

    fn switch(
        &self,
        request: &HttpRequest,
        payload: Payload,
        connection: Arc<Connection>,
        subprotocol: Option<HeaderValue>,
    ) -> HttpResponse {
        let max_payload = self.0.entrance.options().max_payload;
        let framing = MessageFraming { connection };
        let websocket = WebSocketConnection::new(framing, max_payload, None);
        serve(request, payload, subprotocol, websocket)
    }

    fn subprotocol(&self, head: &RequestHead) -> Result<Option<HeaderValue>, Refusal> {
        let known = self.0.subprotocol.map(str::to_owned);
        let chosen = subprotocol::chosen(head, known.as_slice());
        let is_offered = head.headers.contains_key(SEC_WEBSOCKET_PROTOCOL);
        match chosen.is_none() && known.is_some() && is_offered {
            true => Err(Refusal::BadRequest),
            false => Ok(chosen),
        }
    }

    /// What a request should be.
    fn wanted(&self) -> String {
        let offer = match self.0.subprotocol {
            Some(name) => format!(", and offer the subprotocol {name} or none"),
            None => String::new(),
        };
        format!("A WebSocket is served here: ask for an upgrade as RFC 6455 has it{offer}")
    }
}

impl SessionEndpoint for WebSocketEndpoint {
    fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    async fn answer(&self, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        if !is_at(&request) {
            return HttpResponse::NotFound().finish();
        }
        match self.open(&request).await {
            Ok((connection, subprotocol)) => {
                self.switch(&request, payload.into_inner(), connection, subprotocol)
            }
            Err(why) => {
                let (head, entrance) = (request.head(), &self.0.entrance);
                let cors = entrance.cors(head);
                entrance.turn_away(why, head, &cors, |refusal| refusal.in_words(&self.wanted()))
            }
        }
    }
}

/// A message of the WebSocket is a message of the session, and WebSocket's own ping its heartbeat.
struct MessageFraming {
    connection: Arc<Connection>,
}

/// A ping of WebSocket without data.
const PING: &[u8] = &[0x89, 0];

impl Framing for MessageFraming {
    fn session(&self) -> &SessionRef {
        &self.connection.session
    }

    fn peer(&self) -> Option<IpAddr> {
        self.connection.peer()
    }

    fn receive(&mut self, message: TransportMessage) -> FromPeer {
        FromPeer::Message(message)
    }

    fn pong(&mut self) -> FromPeer {
        FromPeer::Pong
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(PING)
    }

    /// `websocket.md` has the codes.
    fn closing(&self, reason: CloseReason) -> Bytes {
        close_frame(match reason {
            CloseReason::TransportClose | CloseReason::ClientLeft => 1000,
            CloseReason::ShuttingDown => 1001,
            CloseReason::TransportError
            | CloseReason::ParseError
            | CloseReason::ForcedClose
            | CloseReason::ConnectTimeout
            | CloseReason::PingTimeout
            | CloseReason::HalfPacket => 1008,
            CloseReason::Crashed => 1011,
            CloseReason::ServerRestart | CloseReason::WorkerStalled => 1012,
            // It was too slow, or too much was held for it.
            _ => 1013,
        })
    }
}
