//! A hub put together from its settings, to be mounted in an `App`. Assembly only: no decision is taken here.

mod build;
mod endpoints;
mod error;
mod identify;
mod lifecycle;
mod live;
mod login;
mod mounting;
mod parts;
mod serving;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use dondo_actors::context::NamespaceSettings;
use dondo_actors::hub::{HubHandle, LogMaker};
use dondo_actors::metrics::Metrics;
use dondo_actors::ports::{Clock, SystemClock};

pub use self::error::BuildError;
use self::login::HostLogin;
use self::mounting::BuiltOn;
use crate::admin::Admin;
use crate::api::{Api, dev::DevDoor};
use crate::config::Settings;
use crate::http::{health, metrics};
use crate::io::{
    EngineContext, Extractors, Handler, IntoOutcome, Namespace, NamespaceHandle, Namespaces,
    States, UnknownNamespace, Watchdog,
};
use crate::room_threads::Rooms;
use crate::tokens::{Credentials, Tokens};
use crate::transport::doors::Doors;
use crate::transport::endpoint::Endpoints;
use crate::transport::engine::Engine;
use crate::transport::entrance::Entrance;
use crate::transport::session_endpoint::SessionEndpoint;
use tokio::time::{sleep, timeout};

/// A running hub. Clones are the same hub; its room threads end with the last of them.
#[derive(Clone)]
pub struct Dondo {
    admin: Admin,
    pub(crate) api: Api,
    /// Where the setting `dev` is on.
    pub(crate) dev: Option<Arc<DevDoor>>,
    namespaces: Namespaces,
    hub: HubHandle,
    /// Socket.IO's endpoint.
    pub(crate) main: Engine,
    pub(crate) entrances: Arc<[Entrance]>,
    endpoints: Endpoints,
    health: Arc<health::Health>,
    doors: Doors,
    grace: Duration,
    rooms: Arc<Rooms>,
    credentials: Option<Arc<Credentials>>,
    built_on: BuiltOn,
    _watchdog: Watchdog,
}

impl std::fmt::Debug for Dondo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dondo")
            .field("namespaces", &self.namespaces)
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

/// Builds a [`Dondo`].
#[must_use = "there is no hub before build"]
pub struct Builder {
    pub(crate) config: Settings,
    namespaces: Vec<Namespace>,
    states: States,
    admission_timeout: Duration,
    engines: Vec<(String, Namespace)>,
    signalr: Vec<(String, String)>,
    pub(crate) login: Option<Arc<HostLogin>>,
    tokens: Tokens,
    pub(crate) clock: Arc<dyn Clock>,
    log: Option<LogMaker>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.config)
            .finish_non_exhaustive()
    }
}

/// How long after the last goodbye of a shutdown sessions may take to go.
const FLUSH: Duration = Duration::from_secs(1);
/// How often it is looked whether they are gone.
const GONE_LOOK: Duration = Duration::from_millis(20);

impl Dondo {
    /// Starts from the default settings.
    pub fn builder() -> Builder {
        Builder {
            config: Settings::default(),
            namespaces: Vec::new(),
            states: States::default(),
            admission_timeout: NamespaceSettings::default().admission_timeout,
            engines: Vec::new(),
            signalr: Vec::new(),
            login: None,
            tokens: Tokens::default(),
            clock: Arc::new(SystemClock),
            log: None,
        }
    }

    /// A namespace, to say something in it from anywhere.
    ///
    /// # Errors
    /// The hub does not serve it.
    pub fn of(&self, namespace: &str) -> Result<NamespaceHandle, UnknownNamespace> {
        self.namespaces.of(namespace, &self.hub)
    }

    /// The actors, for the tests.
    #[doc(hidden)]
    pub fn hub(&self) -> &HubHandle {
        &self.hub
    }

    /// Who may open a session, for the tests.
    #[doc(hidden)]
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The standalone server serves it, which needs no tuning.
    pub(crate) fn settle_tuning(&self) {
        self.main.entrance().options().untuned.settle();
    }

    /// Sessions over all endpoints: those that are open, and those that are over and kept for a client that polls, as there is
    /// something left to say to it, half a minute at most or, in a shutdown, a minute. [`Dondo::shut_down`] waits for all of these.
    pub fn sessions(&self) -> usize {
        self.entrances.iter().map(Entrance::sessions).sum()
    }

    /// Mounts the endpoints in an `App` or a scope. To be called in the app factory, once for each worker; the hub itself is built
    /// outside of it: each worker would have one of its own, which ends with the factory's call. The log says so, once.
    ///
    /// It takes these paths, and what is below them: that of the setting `path` (`/socket.io/`), that of `endpoints.websocket` (`/ws/`) for
    /// plain WebSockets, that of `endpoints.events` (`/events/`) for event streams, where [`Namespace::hub`] serves `/` that of `chat_hub`
    /// (`/chatHub/`, whatever its case) for SignalR's clients, and those of [`Builder::engine`] and [`Builder::signalr`]. A route of the
    /// host's at one of them is found if it stands before, and so is another hub: two in one `App` take paths of their own. All but
    /// the first can be turned off:
    ///
    /// ```
    /// use dondo::{Dondo, config::Settings};
    ///
    /// let mut settings = Settings::default();
    /// settings.chat_hub = None;
    /// settings.endpoints.websocket = None;
    /// settings.endpoints.events = None;
    /// let dondo = Dondo::builder().settings(settings).build()?;
    /// # Ok::<(), dondo::BuildError>(())
    /// ```
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        self.rooms.on_worker();
        self.built_on.look();
        self.endpoints.configure()
    }

    /// Its endpoints at their very paths; [`Dondo::configure`] comes behind.
    pub(crate) fn configure_paths(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        self.endpoints.configure_paths()
    }

    /// Mounts what anybody may see: `/healthz` (the process answers) and `/readyz` (it serves newcomers well: 200 or
    /// 503, no detail). To be called in the app factory.
    pub fn configure_health(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let health = self.health.clone();
        move |app| health::configure_public(app, health)
    }

    /// Mounts what operators see: `/metrics`, `/healthz`, and `/readyz` with every thread's state as JSON. To be called
    /// in the app factory of an `App` that clients do not reach, or instead of [`Dondo::configure_health`].
    pub fn configure_observation(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let health = self.health.clone();
        move |app| {
            metrics::configure(app, health.clone());
            health::configure_detailed(app, health);
        }
    }

    /// Mounts the HTTP API, `/api/v1` and Pusher's `/apps`, for those whose keys are in the file of the setting
    /// `api.keys_file`; without that every request is answered 404. To be called in the app factory.
    pub fn configure_api(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let api = self.api.clone();
        move |app| api.configure(app)
    }

    /// Reads the file of the HTTP API's keys again; from then on they count. How many there are, if the setting names a file.
    ///
    /// # Errors
    /// What is wrong with the file: the keys stay as they are.
    pub fn read_api_keys_again(&self) -> Result<Option<usize>, String> {
        self.api.read_keys_again()
    }

    /// Mounts the admin view. To be called in the app factory of the operators' listener: the view has no limits for strangers but
    /// that of wrong passwords.
    pub(crate) fn configure_admin(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let admin = self.admin.clone();
        move |app| admin.configure(app)
    }

    /// Reads the files of the admin view's passwords again; from then on they count, and sessions of others end. Whether the settings
    /// name any.
    ///
    /// # Errors
    /// What is wrong with a file: the passwords stay as they are.
    pub fn read_admin_passwords_again(&self) -> Result<bool, String> {
        self.admin.read_again()
    }

    /// Handlers that have begun and wait for something.
    fn handlers(&self) -> usize {
        Metrics::read(&self.hub.metrics().handlers) as usize
    }

    /// Tells all clients, spread over `grace`, that the server is shutting down. They come back by themselves. Ready when all sessions are
    /// gone and all handlers that have begun are done, those of [`Namespace::on_disconnect`] among them; at most a second after `grace`, and
    /// then the log says how many handlers the server's end will cut off. The server is to answer until then.
    pub async fn shut_down(&self, grace: Duration) {
        self.main.entrance().options().untuned.served();
        let gone = async {
            let told = self
                .entrances
                .iter()
                .map(|entrance| entrance.shut_down(grace));
            futures_util::future::join_all(told).await;
            while self.sessions() + self.handlers() > 0 {
                sleep(GONE_LOOK).await;
            }
        };
        let _ = timeout(grace.saturating_add(FLUSH), gone).await;
        let cut = self.handlers();
        if cut > 0 {
            log::warn!(count = cut; "handlers are not done, and end with the server: the time of the stop is over");
        }
    }
}

impl Builder {
    /// Takes other settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.config = settings;
        self
    }

    /// Serves a namespace. Where none is given, those of the setting `namespaces` are served, each with channels, rooms and
    /// presence; where some are, they alone.
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Gives handlers a value of the application's own, which they take as [`State<T>`](crate::State): one of a type.
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.shared_state(Arc::new(value))
    }

    /// As [`Builder::state`], of a value that others hold too: of an actix-web `Data<T>` its `into_inner()`.
    pub fn shared_state<T: Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.states.add(value);
        self
    }

    /// How long a namespace's middlewares may take for one client, before that is refused with `Timed out`, and how long the
    /// login of [`Builder::identify`]. 10 s if not said.
    pub fn admission_timeout(mut self, limit: Duration) -> Self {
        self.admission_timeout = limit;
        self
    }

    /// A further endpoint for Engine.IO alone, for clients that speak something of their own over it: `handler` has each
    /// connection as it opens, and may speak first. Its settings are those of Socket.IO's endpoint; `path` is its own, with a
    /// slash at both ends.
    ///
    /// ```
    /// use dondo::{Dondo, EngineMessage, EngineSocket};
    ///
    /// # fn main() -> Result<(), dondo::BuildError> {
    /// let dondo = Dondo::builder()
    ///     .engine("/engine.io/", async |socket: EngineSocket| {
    ///         socket.send("hi")?;
    ///         let echo = socket.clone();
    ///         socket.on_message(async move |message: EngineMessage| {
    ///             echo.send(message)?;
    ///             Ok(())
    ///         });
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn engine<A: Extractors<EngineContext>>(
        mut self,
        path: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EngineContext>> + Send + Sync,
    ) -> Self {
        let namespace = Namespace::engine(path, handler);
        self.engines.push((path.to_owned(), namespace));
        self
    }

    /// An endpoint for SignalR's clients, who come into this namespace: a call of a method is an event of its name, whatever its
    /// case, what the handler answers its result, and an event to a client a call of its method. A group is a room. The same
    /// handlers serve Socket.IO's clients, in the same rooms.
    ///
    /// ```
    /// use dondo::{Data, Dondo, Namespace, Result, Socket};
    ///
    /// # fn main() -> Result<(), dondo::BuildError> {
    /// let chat = Namespace::new("/").on(
    ///     "SendMessage",
    ///     async |socket: Socket, Data((room, text)): Data<(String, String)>| {
    ///         socket.within(room).emit("ReceiveMessage", text)?.await?;
    ///         Ok(())
    ///     },
    /// );
    /// let dondo = Dondo::builder()
    ///     .namespace(chat)
    ///     .signalr("/hubs/chat", "/")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn signalr(mut self, path: &str, namespace: &str) -> Self {
        let path = format!("{}/", path.trim_end_matches('/'));
        self.signalr.push((path, namespace.to_owned()));
        self
    }

    /// Other logs than that in memory, for dondo's own tests: the face has none yet.
    #[doc(hidden)]
    pub fn log(self, log: LogMaker) -> Self {
        let log = Some(log);
        Self { log, ..self }
    }
}
