//! Engine.IO 4 on actix-web: the handshake, long-polling, WebSocket and the upgrade between them, the heartbeat and
//! the close (wire reference 1). Carries any [`Protocol`]; Socket.IO is one.

mod admission;
mod advice;
mod answer;
pub(crate) mod connection;
pub(crate) mod counts;
mod drain;
mod framing;
pub(crate) mod handshake;
pub(crate) mod packet;
pub(super) mod payload;
mod polling;
mod query;
pub(super) mod refusal;
#[cfg(any(test, feature = "testing"))]
mod socketless;
pub(super) mod stage;
mod switch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_http::ConnectionType;
use actix_web::dev::RequestHead;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use dondo_actors::directory::Directory;
use dondo_actors::error::CloseReason;
use dondo_actors::handshake::Handshake;
use dondo_actors::hub::HubHandle;
use dondo_actors::lifecycle::Lifecycle;
use dondo_actors::ports::{LoggedIn, Protocol};
use dondo_actors::session::{Peer, Session, SessionSettings};

use self::admission::EngineAdmission;
use self::connection::Connection;
use self::counts::Counts;
use self::stage::Stage;
use super::answer::Answer;
use super::cors::{cors, preflight, site};
use super::doors::{Doors, Ticket};
use super::embedded_driver::Untuned;
use super::login::{Login, LoginFailure};
use super::opening::handshake_of;
use super::origin::Origins;
use super::secret::secret;
use super::upgrade::{asks_for_websocket, is_valid};
use super::worker;

pub(crate) use self::refusal::Refusal;

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
    /// Whether the heads of the requests that open sessions are kept, for handlers. It costs each session their bytes.
    pub keeps_handshakes: bool,
    /// Who opens a session.
    pub login: Login,
    /// Tells of a host's server that lacks what makes clients be noticed that are gone.
    pub untuned: Untuned,
    /// Heartbeat, time limits and credit of a session, and what may wait for its client.
    pub session: Arc<SessionSettings>,
}

/// Makes the protocol value of a new session. Headers are in the handshake only where some handler reads them, too.
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
    hub: HubHandle,
    upper: ProtocolFactory,
    sessions: Directory<Arc<str>, Arc<Connection>>,
    counts: Arc<Counts>,
    draining: AtomicBool,
}

impl Engine {
    /// An endpoint whose sessions belong to `hub` and speak what `upper` makes.
    pub(crate) fn new(options: EngineOptions, hub: HubHandle, upper: ProtocolFactory) -> Self {
        Self(Arc::new(EngineState {
            options,
            hub,
            upper,
            sessions: Directory::new(),
            counts: Arc::default(),
            draining: AtomicBool::new(false),
        }))
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
    fn refuse(&self, refusal: Refusal, head: &RequestHead, upgrade: bool) -> Answer {
        self.0.counts.refused(refusal);
        let peer = self.0.options.doors.client(head);
        let said = refusal.as_str();
        let lifecycle = self.0.hub.lifecycle();
        lifecycle.tell(|| Lifecycle::refused(peer, None, said));
        let cause = refusal.told_as();
        match advice::of(refusal, head, &self.0.options) {
            Some(advice) => {
                let text = format_args!("a request is refused: {said}: {advice}");
                cause.tell(peer, None, text);
            }
            None => cause.tell(peer, None, format_args!("a request is refused: {said}")),
        }
        refusal.answer(upgrade)
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
        let upgrade = asks_for_websocket(request.head());
        let admission = match self.admit(request.head(), upgrade) {
            Ok(EngineAdmission::Open(place)) => match self.log_in(&request).await {
                Ok(login) => self.begin(place, login, request.head(), upgrade),
                Err(LoginFailure::Late) => Err(Refusal::LoginTimeout),
                Err(LoginFailure::Refused(error)) => {
                    let mut answer = error.error_response();
                    for (name, value) in cors.headers() {
                        answer.headers_mut().append(name, value);
                    }
                    return answer;
                }
            },
            admission => admission,
        };
        match admission {
            Err(refusal) => self.refuse(refusal, request.head(), upgrade).respond(&cors),
            Ok(EngineAdmission::Begin(_, open)) if !upgrade => answer::opening(open, &cors),
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

    /// Who opens a session with this request.
    async fn log_in(&self, request: &HttpRequest) -> Result<Option<Arc<LoggedIn>>, LoginFailure> {
        self.0.options.untuned.look(request);
        self.0.options.login.find(request).await
    }

    /// A place for a session, if this request may open one.
    fn place(&self, head: &RequestHead, upgrade: bool) -> Result<Ticket, Refusal> {
        if self.draining() {
            return Err(Refusal::ShuttingDown);
        }
        if upgrade && !is_valid(head) {
            return Err(Refusal::BadRequest);
        }
        if self.0.hub.account().crowded() {
            return Err(Refusal::MemoryMax);
        }
        self.0.options.doors.admit(head, !upgrade)
    }

    /// Starts a session on the present worker; its id is a secret.
    fn begin(
        &self,
        ticket: Ticket,
        login: Option<Arc<LoggedIn>>,
        head: &RequestHead,
        upgrade: bool,
    ) -> Result<EngineAdmission, Refusal> {
        let options = &self.0.options;
        // A login may have waited.
        if self.draining() {
            return Err(Refusal::ShuttingDown);
        }
        let sid = secret().map_err(|error| {
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
                login,
                ..ticket.peer()
            },
            on_end,
        );
        let (stage, upgrades) = match upgrade {
            true => (Stage::WebSocket, "[]"),
            false => (Stage::Polling, r#"["websocket"]"#),
        };
        let connection = Arc::new(Connection::new(
            session,
            stage,
            self.0.counts.clone(),
            site(head) == Some(b"same-origin"),
            ticket,
        ));
        self.0.sessions.enter(key, connection.clone());
        let settings = &options.session;
        let open = handshake::open_packet(
            &sid,
            upgrades,
            settings.ping_interval,
            settings.ping_timeout,
            options.max_payload,
        );
        Ok(EngineAdmission::Begin(connection, open))
    }

    fn ended(&self, sid: Arc<str>, reason: CloseReason) {
        let polling = self
            .0
            .sessions
            .find(&sid)
            .is_some_and(|connection| connection.stage() != Stage::WebSocket);
        if reason == CloseReason::ShuttingDown && polling {
            return self.let_go(sid);
        }
        let grace = match reason {
            CloseReason::TransportClose if polling => LAST_GET,
            // It has never been told anything; a GET that waits is answered all the same.
            CloseReason::ConnectTimeout => return self.0.sessions.remove(&sid),
            _ if polling && reason.flushes() => CLOSE_GRACE,
            _ => return self.0.sessions.remove(&sid),
        };
        let engine = self.clone();
        actix_rt::spawn(async move {
            tokio::time::sleep(grace).await;
            engine.0.sessions.remove(&sid);
        });
    }
}
