//! What all endpoints that open sessions have in common: who is let in, where their connections are found, what is counted, and
//! the way down, on which everybody is told in a way that brings them back. Knows no protocol.

mod drain;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use dondo_actors::directory::Directory;
use dondo_actors::error::CloseReason;
use dondo_actors::handshake::Handshake;
use dondo_actors::hub::HubHandle;
use dondo_actors::id::MemberId;
use dondo_actors::lifecycle::Lifecycle;
use dondo_actors::ports::Protocol;
use dondo_actors::session::{Peer, Session, SessionSettings};

use super::address::forwarded_hosts;
use super::advice;
use super::answer::Answer;
use super::cors::{Cors, cors, site};
use super::counts::Counts;
use super::doors::{Doors, Ticket};
use super::embedded_driver::Untuned;
use super::login::{Found, Login, LoginFailure, Unauthorized};
use super::opening::handshake_of;
use super::origin::{Names, Origins, Verdict};
use super::refusal::Refusal;
use super::secret::secret;
use super::session_connection::Connection;
use super::stage::Stage;
use super::upgrade::is_valid;
use super::worker;
use crate::notices;

/// How long what a closed polling session still has to say is kept for its next GET (wire reference 1.8).
const CLOSE_GRACE: Duration = Duration::from_secs(30);
/// How long a session that its client closed is known to a request that was sent before, and came later than the closing one
/// because another worker took it.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// The settings of one entrance.
#[derive(Clone, Debug)]
pub(crate) struct EntranceOptions {
    /// What is spoken there, as metrics name it.
    pub(crate) protocol: &'static str,
    /// Where it stands; begins and ends with a slash.
    pub(crate) path: String,
    /// Which web pages may connect.
    pub(crate) origins: Origins,
    /// Who may open a session; the same for all endpoints of a process.
    pub(crate) doors: Doors,
    /// Bytes of one message or one POST body.
    pub(crate) max_payload: usize,
    /// Whether the heads of the requests that open sessions are kept, for handlers. It costs each session their bytes.
    pub(crate) keeps_handshakes: bool,
    /// Who opens a session.
    pub(crate) login: Login,
    /// Whether its clients come into a namespace by a message of their own, with which they may show who they are.
    pub(crate) connects_later: bool,
    /// Tells of a host's server that lacks what makes clients be noticed that are gone.
    pub(crate) untuned: Untuned,
    /// Whether a request of a session may come behind the one that ended it, beside an event stream.
    pub(crate) posts_beside_streams: bool,
    /// Whether a client that polls is told of such an end: if no poll waits, by the next one.
    pub(crate) is_told: fn(CloseReason) -> bool,
    /// Heartbeat, time limits and credit of a session, and what may wait for its client.
    pub(crate) session: Arc<SessionSettings>,
}

/// Makes the protocol value of a new session. Headers are in the handshake only where some handler reads them, too.
pub(crate) type ProtocolFactory = Arc<dyn Fn(&Handshake) -> Box<dyn Protocol> + Send + Sync>;

/// The entrance of one endpoint. Clones share its sessions.
#[derive(Clone)]
pub(crate) struct Entrance(Arc<EntranceState>);

struct EntranceState {
    options: EntranceOptions,
    hub: HubHandle,
    sessions: Directory<Arc<str>, Arc<Connection>>,
    counts: Arc<Counts>,
    draining: AtomicBool,
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entrance")
            .field(&self.0.options.path)
            .finish()
    }
}

/// A session that has begun.
pub(crate) struct Opened {
    pub(crate) connection: Arc<Connection>,
    /// What it is found by: a secret, never to be logged.
    pub(crate) secret: String,
}

/// Why none has.
pub(crate) enum NotOpened {
    Refused(Refusal),
    /// The host's login answers the request.
    Answered(actix_web::Error),
}

impl From<Refusal> for NotOpened {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A session that is over, and is found for a while by who asks for its last words. It is found no more when this is dropped,
/// by whoever waits for that or with the worker that he waits on.
struct LastWords(Entrance, Arc<str>);

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.0.sessions.remove(&self.1);
    }
}

impl Entrance {
    /// An entrance whose sessions belong to `hub`.
    pub(crate) fn new(options: EntranceOptions, hub: HubHandle) -> Self {
        Self(Arc::new(EntranceState {
            options,
            hub,
            sessions: Directory::new(),
            counts: Arc::default(),
            draining: AtomicBool::new(false),
        }))
    }

    pub(crate) fn options(&self) -> &EntranceOptions {
        &self.0.options
    }

    /// Sessions that can be found by their secret, closed ones with something left to say among them.
    pub(crate) fn sessions(&self) -> usize {
        self.0.sessions.len()
    }

    /// How many connections stand where, and how many requests were refused.
    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// A fresh id for a member; none where the system has no randomness to give.
    pub(super) fn member_id(&self) -> Option<MemberId> {
        self.0.hub.ids().member_id()
    }

    /// The session that has this secret.
    pub(super) fn find(&self, secret: &str) -> Option<Arc<Connection>> {
        self.0.sessions.find(secret)
    }

    /// Nobody finds the session any more.
    pub(super) fn forget(&self, secret: &str) {
        self.0.sessions.remove(secret);
    }

    /// Which pages may read the answer to a request.
    pub(super) fn cors(&self, head: &RequestHead) -> Cors {
        cors(&self.0.options.origins, head)
    }

    /// Counts a refusal, and logs it. Whoever refuses answers.
    pub(super) fn refused(&self, refusal: Refusal, head: &RequestHead) {
        self.0.counts.refused(refusal);
        let options = &self.0.options;
        let peer = options.doors.client(head);
        let said = refusal.as_str();
        let lifecycle = self.0.hub.lifecycle();
        lifecycle.tell(|| Lifecycle::refused(peer, None, said));
        let cause = refusal.told_as();
        match advice::of(refusal, head, &options.doors, &options.origins) {
            Some(advice) => {
                let text = format_args!("a request is refused: {said}: {advice}");
                cause.tell(peer, None, text);
            }
            None => cause.tell(peer, None, format_args!("a request is refused: {said}")),
        }
    }

    /// The answer to a request that opens nothing: `answer` is an endpoint's own to a refusal, which is counted and logged.
    pub(super) fn turn_away(
        &self,
        why: NotOpened,
        head: &RequestHead,
        cors: &Cors,
        answer: impl FnOnce(Refusal) -> Answer,
    ) -> HttpResponse {
        match why {
            NotOpened::Refused(refusal) => {
                self.refused(refusal, head);
                answer(refusal).respond(cors)
            }
            NotOpened::Answered(error) => {
                let mut answer = error.error_response();
                for (name, value) in cors.headers() {
                    answer.headers_mut().append(name, value);
                }
                answer
            }
        }
    }

    /// Whether the page that a request comes from may open a session here, and under this name. An image or a form of
    /// another site sends no `Origin`, so there its absence proves nothing.
    pub(super) fn judge(&self, head: &RequestHead) -> Result<(), Refusal> {
        let options = &self.0.options;
        let hosts = options.doors.hosts();
        let host = head.headers.get(header::HOST).map(HeaderValue::as_bytes);
        let origin = head.headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
        let names = Names {
            host,
            forwarded: &forwarded_hosts(&head.headers),
            own: hosts.names(),
        };
        // Browsers send no `Origin` where a page asks its own host, which may be a name that was made to point here.
        let is_own = |host: &[u8]| {
            let schemes: [&[u8]; 2] = [b"http://", b"https://"];
            let pages = schemes.map(|scheme| [scheme, host].concat());
            pages
                .iter()
                .any(|page| options.origins.judge(Some(page), &names) == Verdict::Allowed)
        };
        let asked = || {
            host.into_iter()
                .chain(names.forwarded.iter().map(|host| host.as_bytes()))
        };
        match options.origins.judge(origin, &names) {
            Verdict::Illegal => Err(Refusal::BadRequest),
            _ if !hosts.allow(host) => Err(Refusal::ForeignHost),
            Verdict::Refused => Err(Refusal::Forbidden),
            Verdict::Allowed if origin.is_none() => match site(head) {
                Some(b"cross-site") => Err(Refusal::CrossSite),
                Some(b"same-origin") if !asked().any(is_own) => Err(Refusal::Forbidden),
                _ => Ok(()),
            },
            Verdict::Allowed => Ok(()),
        }
    }

    /// A place for a session, if this request may open one.
    pub(super) fn place(&self, head: &RequestHead, upgrade: bool) -> Result<Ticket, Refusal> {
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

    /// Starts a session on the present worker, once it is known who opens it; its transport begins at `stage`.
    pub(super) async fn open(
        &self,
        ticket: Ticket,
        request: &HttpRequest,
        stage: Stage,
        protocol: impl FnOnce(&Handshake) -> Box<dyn Protocol>,
    ) -> Result<Opened, NotOpened> {
        let options = &self.0.options;
        options.untuned.look(request);
        let found = match options.login.find(request).await {
            Ok(found) => found,
            Err(LoginFailure::Late) => return Err(Refusal::LoginTimeout.into()),
            Err(LoginFailure::Refused(error)) => return Err(NotOpened::Answered(error)),
        };
        if let Some(refused) = &found.refused
            && !options.connects_later
        {
            let peer = options.doors.client(request.head());
            notices::TOKEN_REFUSED.tell(peer, None, format_args!("{}", refused.message));
            return Err(NotOpened::Answered(Unauthorized(refused.clone()).into()));
        }
        // A login may have waited.
        if self.draining() {
            return Err(Refusal::ShuttingDown.into());
        }
        Ok(self.begin(ticket, found, request.head(), stage, protocol)?)
    }

    fn begin(
        &self,
        ticket: Ticket,
        Found { login, refused }: Found,
        head: &RequestHead,
        stage: Stage,
        protocol: impl FnOnce(&Handshake) -> Box<dyn Protocol>,
    ) -> Result<Opened, Refusal> {
        let options = &self.0.options;
        let secret = secret().map_err(|error| {
            log::debug!("no session can be opened: {error}");
            Refusal::NoSecret
        })?;
        let hub = self.0.hub.clone();
        let courier = worker::courier(&hub);
        let key: Arc<str> = secret.as_str().into();
        let on_end = {
            let (entrance, key) = (self.clone(), key.clone());
            move |reason: CloseReason| entrance.ended(key, reason)
        };
        let handshake = handshake_of(head, options.keeps_handshakes);
        let protocol = protocol(&handshake);
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
                refused,
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
        Ok(Opened { connection, secret })
    }

    fn ended(&self, secret: Arc<str>, reason: CloseReason) {
        let found = self.0.sessions.find(&secret);
        let stage = found.map(|connection| connection.stage());
        let polling = stage.is_some_and(Stage::polls);
        let streams = stage == Some(Stage::Stream) && self.0.options.posts_beside_streams;
        if reason == CloseReason::ShuttingDown && polling {
            return self.let_go(secret);
        }
        let grace = match reason {
            CloseReason::TransportClose if polling || streams => LAST_REQUEST,
            // It has never been told anything; a GET that waits is answered all the same.
            CloseReason::ConnectTimeout => return self.0.sessions.remove(&secret),
            _ if polling && (self.0.options.is_told)(reason) => CLOSE_GRACE,
            _ => return self.0.sessions.remove(&secret),
        };
        let kept = LastWords(self.clone(), secret);
        actix_rt::spawn(async move {
            tokio::time::sleep(grace).await;
            drop(kept);
        });
    }

    /// Whether it lets nobody in any more.
    pub(crate) fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }
}
