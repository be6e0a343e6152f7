//! SignalR as an endpoint: negotiation, WebSockets, Server-Sent Events and long-polling. Routes, statuses and texts are those of
//! ASP.NET Core's, as its stock clients were seen to need them (`tests/it/signalr`).

mod framing;
mod negotiation;
pub(crate) mod parting;
mod polling;
mod stream;

use std::sync::Arc;

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use dondo_actors::handshake::Handshake;
use dondo_actors::id::MemberId;
use dondo_actors::ports::Protocol;

use self::framing::SignalRFraming;
use super::answer::Answer;
use super::connection::WebSocketConnection;
use super::cors::{Cors, preflight};
use super::endpoint::tail;
use super::entrance::{Entrance, NotOpened, Opened};
use super::refusal::Refusal;
use super::session_connection::Connection;
use super::session_endpoint::SessionEndpoint;
use super::stage::Stage;
use super::upgrade::{self, asks_for_websocket, is_valid};

/// Makes the protocol value of a new session, whose client knows its member by this id.
pub(crate) type HubProtocolFactory =
    Arc<dyn Fn(&Handshake, MemberId) -> Box<dyn Protocol> + Send + Sync>;

/// An endpoint of SignalR. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct SignalREndpoint(Arc<EndpointState>);

struct EndpointState {
    entrance: Entrance,
    protocol: HubProtocolFactory,
}

impl SignalREndpoint {
    /// An endpoint whose sessions speak what `protocol` makes.
    pub(crate) fn new(entrance: Entrance, protocol: HubProtocolFactory) -> Self {
        Self(Arc::new(EndpointState { entrance, protocol }))
    }

    async fn served(
        &self,
        request: &HttpRequest,
        payload: Payload,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        let method = request.method();
        if method == Method::OPTIONS && cors.allows() {
            return Ok(preflight(request.headers(), cors));
        }
        let HubQuery { id, version } = HubQuery::of(request.head());
        let below = tail(request);
        if !below.is_empty() {
            let below = below.strip_suffix('/').unwrap_or(below);
            if !below.eq_ignore_ascii_case("negotiate") {
                return Err(NotServed::Said(StatusCode::NOT_FOUND, ""));
            }
            return match *method {
                Method::POST => self.negotiate(request, version.as_deref(), cors).await,
                _ => Err(NotServed::Method("POST")),
            };
        }
        if asks_for_websocket(request.head()) {
            return self.websocket(request, payload, id).await;
        }
        if ![Method::GET, Method::POST, Method::DELETE].contains(method) {
            return Err(METHODS);
        }
        let id = id.ok_or(NO_ID)?;
        let connection = self.0.entrance.find(&id).ok_or(Refusal::SessionUnknown)?;
        match *method {
            Method::POST => self.post(connection, request, payload, cors).await,
            Method::DELETE => self.delete(&connection, cors),
            _ if accepts_events(request.head()) => self.events(connection, request, cors),
            _ => self.poll(connection, &id, request, cors).await,
        }
    }

    /// Starts a session on the present worker.
    async fn open(
        &self,
        request: &HttpRequest,
        stage: Stage,
    ) -> Result<(Opened, MemberId), NotServed> {
        let entrance = &self.0.entrance;
        entrance.judge(request.head())?;
        let ticket = entrance.place(request.head(), stage == Stage::WebSocket)?;
        let member = entrance.member_id().ok_or(Refusal::NoSecret)?;
        let protocol = |handshake: &Handshake| (self.0.protocol)(handshake, member.clone());
        let opened = entrance.open(ticket, request, stage, protocol).await?;
        Ok((opened, member))
    }

    /// A WebSocket: of a connection that was negotiated, or, without an id, of a new one.
    async fn websocket(
        &self,
        request: &HttpRequest,
        payload: Payload,
        id: Option<String>,
    ) -> Result<HttpResponse, NotServed> {
        if request.method() != Method::GET {
            return Err(NotServed::Method("GET"));
        }
        if !is_valid(request.head()) {
            return Err(Refusal::BadRequest.into());
        }
        let entrance = &self.0.entrance;
        let (connection, begun_here) = match id {
            None => (
                self.open(request, Stage::WebSocket).await?.0.connection,
                true,
            ),
            Some(id) => {
                let connection = entrance.find(&id).ok_or(Refusal::SessionUnknown)?;
                match entrance.judge(request.head()) {
                    // A proxy that changes `Host` makes the hub's own page look foreign.
                    Err(Refusal::Forbidden) if connection.is_own_pages() => {}
                    judged => judged?,
                }
                attach(&connection, Stage::WebSocket)?;
                (connection, false)
            }
        };
        let max_payload = entrance.options().max_payload;
        let framing = SignalRFraming::new(connection, max_payload);
        Ok(match begun_here {
            true => {
                let websocket = WebSocketConnection::new(framing, max_payload, None);
                upgrade::serve(request, payload, None, websocket)
            }
            false => upgrade::take_over(request, payload, None, framing, max_payload),
        })
    }
}

impl SessionEndpoint for SignalREndpoint {
    fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    /// Nor has a route of ASP.NET's.
    fn ignores_case(&self) -> bool {
        true
    }

    async fn answer(&self, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        let (head, entrance) = (request.head(), &self.0.entrance);
        let cors = entrance.cors(head);
        let (why, text) = match self.served(&request, payload.into_inner(), &cors).await {
            Ok(response) => return response,
            Err(NotServed::NotOpened(why)) => (why, None),
            Err(NotServed::Said(status, text)) => {
                (Refusal::BadRequest.into(), Some(said(status, text)))
            }
            Err(NotServed::Method(allowed)) => {
                let text = format!("What is served here takes {allowed}");
                let answer = Answer {
                    allow: Some(allowed),
                    ..said(StatusCode::METHOD_NOT_ALLOWED, &text)
                };
                (Refusal::BadMethod.into(), Some(answer))
            }
        };
        entrance.turn_away(why, head, &cors, |refusal| {
            text.unwrap_or_else(|| in_words(refusal))
        })
    }
}

/// Gives a connection that was negotiated its transport.
fn attach(connection: &Connection, stage: Stage) -> Result<(), NotServed> {
    match connection.choose(stage) {
        true => Ok(()),
        false if connection.stage() == stage => Err(NotServed::Said(
            StatusCode::CONFLICT,
            "The connection has this transport already",
        )),
        false => Err(NotServed::Said(
            StatusCode::BAD_REQUEST,
            "Cannot change transports mid-connection",
        )),
    }
}

/// Why a request has no use.
enum NotServed {
    NotOpened(NotOpened),
    /// For what the client did against the protocol's order.
    Said(StatusCode, &'static str),
    /// Its method is none of these.
    Method(&'static str),
}

const METHODS: NotServed = NotServed::Method("GET, POST, DELETE");
const NO_ID: NotServed = NotServed::Said(StatusCode::BAD_REQUEST, "Connection ID required");

impl From<Refusal> for NotServed {
    fn from(refusal: Refusal) -> Self {
        Self::NotOpened(refusal.into())
    }
}

impl From<NotOpened> for NotServed {
    fn from(why: NotOpened) -> Self {
        Self::NotOpened(why)
    }
}

fn in_words(refusal: Refusal) -> Answer {
    refusal.answer().unwrap_or_else(|| match refusal {
        Refusal::SessionUnknown => said(StatusCode::NOT_FOUND, "No Connection with that ID"),
        Refusal::Forbidden
        | Refusal::UpgradeForbidden
        | Refusal::ForeignHost
        | Refusal::CrossSite => said(StatusCode::FORBIDDEN, "Forbidden"),
        _ => said(StatusCode::BAD_REQUEST, "Bad request"),
    })
}

fn said(status: StatusCode, text: &str) -> Answer {
    Answer {
        content_type: (!text.is_empty()).then_some("text/plain"),
        body: text.to_owned(),
        ..Answer::empty(status, false)
    }
}

fn accepts_events(head: &RequestHead) -> bool {
    let accepted = head.headers.get(header::ACCEPT);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    accepted.is_some_and(|value| value.contains("text/event-stream"))
}

/// What is read of a request's query; all else in it is somebody else's.
struct HubQuery {
    id: Option<String>,
    version: Option<String>,
}

impl HubQuery {
    fn of(head: &RequestHead) -> Self {
        let (mut id, mut version) = (None, None);
        let query = head.uri.query().unwrap_or_default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "id" => id = Some(value.into_owned()).filter(|id| !id.is_empty()),
                "negotiateVersion" => version = Some(value.into_owned()),
                _ => {}
            }
        }
        Self { id, version }
    }
}
