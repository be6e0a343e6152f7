//! Engine.IO 4 on actix-web: the handshake, long-polling, WebSocket and the upgrade between them, the heartbeat and
//! the close (wire reference 1). Carries any [`Protocol`]; Socket.IO is one.

mod advice;
mod answer;
pub(crate) mod connection;
mod cors;
pub(crate) mod counts;
mod drain;
pub(crate) mod embedded_driver;
pub(crate) mod handshake;
mod opening;
pub(crate) mod packet;
pub(super) mod payload;
mod polling;
mod query;
pub(super) mod refusal;
pub(super) mod stage;
mod subprotocol;
mod switch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_http::ConnectionType;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use dondo_actors::directory::Directory;
use dondo_actors::error::CloseReason;
use dondo_actors::handshake::Handshake;
use dondo_actors::hub::HubHandle;
use dondo_actors::letter::{Frame, TransportMessage};
use dondo_actors::ports::Protocol;
use dondo_actors::session::{Peer, Session, SessionSettings};

use self::connection::Connection;
use self::cors::{preflight, site};
use self::counts::Counts;
use self::handshake::{Ask, Entry, Revision, Transport, Visit};
use self::opening::handshake_of;
use self::stage::Stage;
use super::address::forwarded_hosts;
use super::doors::Doors;
use super::origin::Origins;
use super::worker;
use crate::protocol::frame;

pub(crate) use self::cors::{Cors, cors, cors_headers};
pub(crate) use self::embedded_driver::keep_cutter;
pub(crate) use self::handshake::new_sid as secret;
pub(crate) use self::refusal::{Answer, Refusal};
pub(crate) use self::subprotocol::is_token;
pub(crate) use self::switch::upgrade;

/// How long what a closed polling session still has to say is kept for its next GET (wire reference 1.8).
const CLOSE_GRACE: Duration = Duration::from_secs(30);
/// How long a polling session that its client closed is known to a GET that was sent before, and came later than the
/// closing POST because another worker took it.
const LAST_GET: Duration = Duration::from_secs(1);

/// The settings of one Engine.IO endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EngineOptions {
    /// Where it stands; begins and ends with a slash.
    pub path: String,
    /// Which web pages may connect.
    pub origins: Origins,
    /// Who may open a session; the same for all endpoints of a process.
    pub doors: Doors,
    /// How long a WebSocket may take to take a session over.
    pub upgrade_timeout: Duration,
    /// Bytes of one message or one POST body.
    pub max_payload: usize,
    /// Whether long answers to polls are compressed for those who ask for it.
    pub http_compression: bool,
    /// Subprotocols of WebSockets that are answered; with none, whatever a client names first.
    pub subprotocols: Arc<[String]>,
    /// Whether the heads of the requests that open sessions are kept, for the authorizer. It costs each session their bytes.
    pub keeps_handshakes: bool,
    /// Heartbeat, time limits and credit of a session, and what may wait for its client.
    pub session: Arc<SessionSettings>,
}

/// Makes the protocol value of a new session. Headers are in the handshake only where an authorizer reads them, too.
pub(crate) type ProtocolFactory = Arc<dyn Fn(&Handshake) -> Box<dyn Protocol> + Send + Sync>;

/// An Engine.IO endpoint. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct Engine(Arc<EngineState>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Engine").field(&self.0.options.path).finish()
    }
}

struct EngineState {
    options: EngineOptions,
    handshake: handshake::HandshakeSettings,
    hub: HubHandle,
    upper: ProtocolFactory,
    sessions: Directory<Arc<str>, Arc<Connection>>,
    counts: Arc<Counts>,
    draining: AtomicBool,
}

impl Engine {
    /// An endpoint whose sessions belong to `hub` and speak what `upper` makes.
    pub(crate) fn new(options: EngineOptions, hub: HubHandle, upper: ProtocolFactory) -> Self {
        let handshake = handshake::HandshakeSettings {
            polling: true,
            websocket: true,
            allow_eio3: false,
            origins: options.origins.clone(),
            hosts: options.doors.hosts().clone(),
        };
        Self(Arc::new(EngineState {
            options,
            handshake,
            hub,
            upper,
            sessions: Directory::new(),
            counts: Arc::default(),
            draining: AtomicBool::new(false),
        }))
    }

    /// Mounts the endpoint in an `App`, also without the slash at its end: `NormalizePath::trim` takes that away. To be
    /// called in the app factory, once for each worker.
    pub(crate) fn configure(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let engine = self.clone();
        move |app| {
            let path = engine.0.options.path.clone();
            let below = format!("{path}{{tail:.*}}");
            let handler = move |request: HttpRequest, payload: web::Payload| {
                let engine = engine.clone();
                async move { engine.request(request, payload).await }
            };
            let bare = path.trim_end_matches('/').to_owned();
            // Apart from what lies below, which a regular expression finds, it is found by comparing.
            app.service(web::resource(path).to(handler.clone()));
            if !bare.is_empty() {
                app.service(web::resource(bare).to(handler.clone()));
            }
            app.service(web::resource(below).to(handler));
        }
    }

    /// Sessions that can be found by their id, closed ones with something left to say among them.
    pub(crate) fn sessions(&self) -> usize {
        self.0.sessions.len()
    }

    /// How many connections stand where, and how many requests were refused.
    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Counts a refusal, and logs it: there is no other way to answer with one.
    fn refuse(&self, refusal: Refusal, head: &RequestHead) -> ToldRefusal {
        self.0.counts.refused(refusal);
        let peer = self.0.options.doors.client(head);
        let said = refusal.as_str();
        match advice::of(refusal, head, &self.0.options) {
            Some(advice) => refusal.told_as().tell(
                peer,
                None,
                format_args!("a request is refused: {said}: {advice}"),
            ),
            None => {
                refusal
                    .told_as()
                    .tell(peer, None, format_args!("a request is refused: {said}"));
            }
        }
        ToldRefusal(refusal)
    }

    async fn request(&self, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        let mut response = self.answer(request, payload).await;
        if self.draining() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        response
    }

    async fn answer(&self, request: HttpRequest, payload: web::Payload) -> HttpResponse {
        let cors = cors(&self.0.options.origins, request.head());
        if request.method() == Method::OPTIONS && cors.allows() {
            return preflight(request.headers(), &cors);
        }
        let upgrade = switch::asks_for_websocket(request.head());
        match self.judge(request.head(), upgrade) {
            Err(refusal) => refused(self.refuse(refusal, request.head()), upgrade, &cors),
            Ok(Judged::Open(Transport::Polling)) => {
                match self.open_polling(request.head(), &cors) {
                    Ok(response) => response,
                    Err(refusal) => refused(self.refuse(refusal, request.head()), false, &cors),
                }
            }
            Ok(Judged::Session(connection, sid, Entry::Get)) => {
                self.get(connection, &request, &sid, &cors).await
            }
            Ok(Judged::Session(connection, _, Entry::Post)) => {
                self.post(connection, &request, payload.into_inner(), &cors)
                    .await
            }
            Ok(judged) => self.switch_in_app(&request, payload.into_inner(), judged),
        }
    }

    fn judge(&self, head: &RequestHead, upgrade: bool) -> Result<Judged, Refusal> {
        let forwarded = match head.headers.contains_key(header::ORIGIN) {
            true => forwarded_hosts(&head.headers),
            false => Vec::new(),
        };
        let view = handshake::RequestView {
            method: head.method.as_str(),
            upgrade,
            query: head.uri.query().unwrap_or_default(),
            origin: head.headers.get(header::ORIGIN).map(HeaderValue::as_bytes),
            host: head.headers.get(header::HOST).map(HeaderValue::as_bytes),
            forwarded: &forwarded,
            site: site(head),
        };
        match handshake::check(&view, &self.0.handshake)? {
            Ask::Open {
                revision: Revision::V3,
                ..
            } => Err(Refusal::UnsupportedVersion),
            Ask::Open { .. } if self.draining() => Err(Refusal::ShuttingDown),
            Ask::Open { transport, .. } => Ok(Judged::Open(transport)),
            Ask::Session {
                sid,
                visit,
                foreign,
            } => {
                let found = self.0.sessions.find(sid.as_str());
                match &found {
                    Some(connection) if foreign && !connection.is_own_pages() => {
                        return Err(Refusal::UpgradeForbidden);
                    }
                    None if foreign => return Err(Refusal::Forbidden),
                    _ => {}
                }
                let over = |connection: &Arc<Connection>| {
                    // What is left to say goes with a GET.
                    visit != Visit::Get && connection.session.outbox.ended().is_some()
                };
                if self.draining() && found.as_ref().is_none_or(over) {
                    return Err(Refusal::ShuttingDown);
                }
                let entry = handshake::check_session(
                    visit,
                    found.as_ref().map(|connection| connection.now()),
                )?;
                let connection = found.ok_or(Refusal::SessionUnknown)?;
                Ok(Judged::Session(connection, sid, entry))
            }
        }
    }

    /// Starts a session on the present worker; its id is a secret.
    fn open(&self, head: &RequestHead, stage: Stage) -> Result<(Arc<Connection>, String), Refusal> {
        let options = &self.0.options;
        if self.0.hub.account().crowded() {
            return Err(Refusal::MemoryMax);
        }
        let ticket = options.doors.admit(head, stage == Stage::Polling)?;
        let sid = handshake::new_sid().map_err(|error| {
            log::debug!("no session can be opened: {error}");
            Refusal::NoSecret
        })?;
        let hub = self.0.hub.clone();
        let courier = worker::courier(&hub);
        let key: Arc<str> = sid.as_str().into();
        let on_end = {
            let (engine, key) = (self.clone(), key.clone());
            move |reason: CloseReason| engine.ended(key, reason)
        };
        let handshake = handshake_of(head, options.keeps_handshakes);
        let protocol = (self.0.upper)(&handshake);
        let handshake = match options.keeps_handshakes {
            true => handshake,
            false => Handshake::default(),
        };
        let session = Session::start(
            hub,
            courier,
            protocol,
            options.session.clone(),
            Peer {
                handshake,
                ..ticket.peer()
            },
            on_end,
        );
        let connection = Arc::new(Connection::new(
            session,
            stage,
            self.0.counts.clone(),
            site(head) == Some(b"same-origin"),
            ticket,
        ));
        self.0.sessions.enter(key, connection.clone());
        let upgrades = match stage {
            Stage::Polling => r#"["websocket"]"#,
            _ => "[]",
        };
        let settings = &options.session;
        let open = handshake::open_packet(
            &sid,
            upgrades,
            settings.ping_interval,
            settings.ping_timeout,
            options.max_payload,
        );
        Ok((connection, open))
    }

    fn ended(&self, sid: Arc<str>, reason: CloseReason) {
        let polling = self
            .0
            .sessions
            .find(&sid)
            .is_some_and(|connection| connection.now() != handshake::TransportNow::WebSocket);
        if reason == CloseReason::ShuttingDown && polling {
            return self.let_go(sid);
        }
        let grace = match reason {
            CloseReason::TransportClose if polling => LAST_GET,
            // It has never been told anything; a GET that waits is answered all the same.
            CloseReason::ConnectTimeout => return self.0.sessions.strike(&sid),
            _ if polling && reason.flushes() => CLOSE_GRACE,
            _ => return self.0.sessions.strike(&sid),
        };
        let engine = self.clone();
        actix_rt::spawn(async move {
            tokio::time::sleep(grace).await;
            engine.0.sessions.strike(&sid);
        });
    }
}

/// A message as a frame of this endpoint, for a [`Protocol`] that stands on Engine.IO directly.
pub fn message(wire: &TransportMessage) -> Frame {
    match wire {
        TransportMessage::Text(text) => Frame::single(frame::text([b"4".as_slice(), text])),
        TransportMessage::Binary(data) => Frame::single(frame::binary(data)),
    }
}

/// What a request is about, once it has been found in order.
pub(crate) enum Judged {
    /// A new session.
    Open(Transport),
    /// A session that exists.
    Session(Arc<Connection>, String, Entry),
}

/// A refusal that was counted and logged.
pub(crate) struct ToldRefusal(Refusal);

impl ToldRefusal {
    fn answer(&self, upgrade: bool) -> Answer {
        self.0.answer(upgrade)
    }
}

fn refused(refusal: ToldRefusal, upgrade: bool, cors: &Cors) -> HttpResponse {
    let answer = refusal.answer(upgrade);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = cors_headers(HttpResponse::build(status), cors);
    if let Some(kind) = answer.content_type {
        response.insert_header((header::CONTENT_TYPE, kind));
    }
    if answer.close {
        response.force_close();
    }
    if let Some(seconds) = answer.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    response.body(answer.body)
}
