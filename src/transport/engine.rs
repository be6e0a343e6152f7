//! Engine.IO 4 on actix-web: the handshake, long-polling, WebSocket and the upgrade between them, the heartbeat and
//! the close (wire reference 1). Carries any [`Protocol`](dondo_actors::ports::Protocol); Socket.IO is one.

mod admission;
mod framing;
pub(crate) mod handshake;
pub(crate) mod packet;
pub(crate) mod payload;
mod polling;
pub(crate) mod query;
mod refusal;
#[cfg(any(test, feature = "testing"))]
mod socketless;
mod switch;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use dondo_actors::handshake::Handshake;

use self::admission::EngineAdmission;
use super::answer::Answer;
use super::cors::{cors_headers, preflight};
use super::doors::Ticket;
use super::entrance::{Entrance, NotOpened, ProtocolFactory};
use super::refusal::Refusal;
use super::session_endpoint::SessionEndpoint;
use super::stage::Stage;
use super::upgrade::asks_for_websocket;

/// The settings of one Engine.IO endpoint, beside those of its entrance.
#[derive(Clone, Debug)]
pub(crate) struct EngineOptions {
    /// How long a WebSocket may take to take a session over.
    pub upgrade_timeout: Duration,
    /// Whether long answers to polls are compressed for those who ask for it.
    pub http_compression: bool,
    /// Subprotocols of WebSockets that are answered; with none, whatever a client names first.
    pub subprotocols: Arc<[String]>,
}

/// An Engine.IO endpoint. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct Engine(Arc<EngineState>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Engine").field(&self.0.entrance).finish()
    }
}

struct EngineState {
    options: EngineOptions,
    entrance: Entrance,
    upper: ProtocolFactory,
}

impl Engine {
    /// An endpoint whose sessions speak what `upper` makes.
    pub(crate) fn new(options: EngineOptions, entrance: Entrance, upper: ProtocolFactory) -> Self {
        Self(Arc::new(EngineState {
            options,
            entrance,
            upper,
        }))
    }

    /// Counts a refusal, and logs it: there is no other way to answer with one.
    fn refuse(&self, refusal: Refusal, head: &RequestHead, upgrade: bool) -> Answer {
        self.0.entrance.refused(refusal, head);
        refusal::answer(refusal, upgrade)
    }

    /// What a request may do here; a session that it asks for is open.
    async fn admitted(
        &self,
        request: &HttpRequest,
        upgrade: bool,
    ) -> Result<EngineAdmission, NotOpened> {
        match self.admit(request.head(), upgrade)? {
            EngineAdmission::Open(place) => self.open(place, request, upgrade).await,
            admission => Ok(admission),
        }
    }

    /// Starts a session on the present worker.
    async fn open(
        &self,
        ticket: Ticket,
        request: &HttpRequest,
        upgrade: bool,
    ) -> Result<EngineAdmission, NotOpened> {
        let (stage, upgrades) = match upgrade {
            true => (Stage::WebSocket, "[]"),
            false => (Stage::Polling, r#"["websocket"]"#),
        };
        let entrance = &self.0.entrance;
        let upper = |handshake: &Handshake| (self.0.upper)(handshake);
        let opened = entrance.open(ticket, request, stage, upper).await?;
        let options = entrance.options();
        let open = handshake::open_packet(
            &opened.secret,
            upgrades,
            options.session.ping_interval,
            options.session.ping_timeout,
            options.max_payload,
        );
        Ok(EngineAdmission::Begin(opened.connection, open))
    }
}

impl SessionEndpoint for Engine {
    fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    async fn answer(&self, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        let (head, entrance) = (request.head(), &self.0.entrance);
        let cors = entrance.cors(head);
        if request.method() == Method::OPTIONS && cors.allows() {
            return preflight(request.headers(), &cors);
        }
        let upgrade = asks_for_websocket(head);
        match self.admitted(&request, upgrade).await {
            Err(why) => entrance.turn_away(why, head, &cors, |refusal| {
                refusal::answer(refusal, upgrade)
            }),
            Ok(EngineAdmission::Begin(_, open)) if !upgrade => {
                cors_headers(HttpResponse::Ok(), &cors)
                    .insert_header((header::CONTENT_TYPE, polling::TEXT))
                    .insert_header((header::CACHE_CONTROL, "no-store"))
                    .body(open)
            }
            Ok(EngineAdmission::Get(connection, sid)) => {
                self.get(connection, &request, &sid, &cors).await
            }
            Ok(EngineAdmission::Post(connection)) => {
                self.post(connection, &request, payload.into_inner(), &cors)
                    .await
            }
            Ok(admission) => self.switch(&request, payload.into_inner(), admission),
        }
    }
}
