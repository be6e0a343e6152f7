//! A hub put together from its settings, to be mounted in an `App`. Assembly only: no decision is taken here.

mod error;
mod identify;
mod lifecycle;
mod parts;
mod serving;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::ServiceConfig;
use dondo_actors::account::MemoryAccount;
use dondo_actors::context::NamespaceSettings;
use dondo_actors::hub::{HubConfig, HubHandle, LogMaker, NamespaceConfig};
use dondo_actors::id::MemberId;
use dondo_actors::letter::{Encoding, Encodings};
use dondo_actors::ports::{Clock, IdGenerator, PresenceEvents, SystemClock};

pub use self::error::BuildError;
use self::parts::{
    bare_engines, door_settings, engine_options, entrance_options, memory_log, upper, wrong_path,
};
use crate::config::Settings;
use crate::http::{health, metrics};
use crate::io::{
    BadPattern, EngineContext, Extractors, Handler, IntoOutcome, Middlewares, Namespace,
    NamespaceHandle, Namespaces, Pack, States, UnknownNamespace, Watchdog,
};
use crate::notices;
use crate::packs::hub::{self, HubPack};
use crate::protocol::bare::BareEncoding;
use crate::protocol::socketio::SocketIoEncoding;
use crate::room_threads::Rooms;
use crate::transport::doors::Doors;
use crate::transport::embedded_driver::Untuned;
use crate::transport::endpoint::{Endpoint, Endpoints};
use crate::transport::engine::Engine;
use crate::transport::entrance::Entrance;
use crate::transport::login::{Find, Login};
use tokio::time::{sleep, timeout};

/// A running hub. Clones are the same hub; its room threads end with the last of them.
#[derive(Clone)]
pub struct Dondo {
    namespaces: Namespaces,
    hub: HubHandle,
    /// Socket.IO's endpoint.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) main: Engine,
    pub(crate) entrances: Arc<[Entrance]>,
    endpoints: Endpoints,
    health: Arc<health::Health>,
    doors: Doors,
    untuned: Untuned,
    grace: Duration,
    rooms: Arc<Rooms>,
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
pub struct Builder {
    pub(crate) config: Settings,
    namespaces: Vec<Namespace>,
    states: States,
    admission_timeout: Duration,
    engines: Vec<(String, Namespace)>,
    pub(crate) login: Option<Arc<Find>>,
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
            login: None,
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
    pub(crate) fn is_tuned(&self) {
        self.untuned.settle();
    }

    /// Sessions over all endpoints.
    pub fn sessions(&self) -> usize {
        self.entrances.iter().map(Entrance::sessions).sum()
    }

    /// Mounts the endpoints in an `App` or a scope. To be called in the app factory, once for each worker.
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        self.rooms.on_worker();
        self.endpoints.configure()
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

    /// Tells all clients, spread over `grace`, that the server is shutting down. They come back by themselves. Ready when
    /// all sessions are gone, at most a second after `grace`: the server is to answer until then.
    pub async fn shut_down(&self, grace: Duration) {
        let gone = async {
            let told = self
                .entrances
                .iter()
                .map(|entrance| entrance.shut_down(grace));
            futures_util::future::join_all(told).await;
            while self.sessions() > 0 {
                sleep(GONE_LOOK).await;
            }
        };
        let _ = timeout(grace + FLUSH, gone).await;
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
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespaces.push(namespace);
        self
    }

    /// Gives handlers a value of the application's own, which they take as [`State<T>`](crate::State): one of a type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.shared_state(Arc::new(value))
    }

    /// As [`Builder::state`], of a value that others hold too: of an actix-web `Data<T>` its `into_inner()`.
    #[must_use]
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
    #[must_use]
    pub fn engine<A: Extractors<EngineContext>>(
        mut self,
        path: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EngineContext>> + Send + Sync,
    ) -> Self {
        let namespace = Namespace::engine(path, handler);
        self.engines.push((path.to_owned(), namespace));
        self
    }

    /// Other logs than that in memory, for dondo's own tests: the face has none yet.
    #[doc(hidden)]
    pub fn log(self, log: LogMaker) -> Self {
        let log = Some(log);
        Self { log, ..self }
    }

    /// Starts the hub's room threads.
    ///
    /// # Errors
    /// A setting that makes no sense, named in the error; or the system has no thread to give.
    pub fn build(self) -> Result<Dondo, BuildError> {
        let mut config = self.config;
        if !self.namespaces.is_empty() {
            let names = self
                .namespaces
                .iter()
                .map(|namespace| namespace.name.to_string());
            config.namespaces = names.collect();
        }
        config.check().map_err(BuildError::Setting)?;
        let pack = HubPack::new(config.hub.clone(), self.clock.clone());
        let namespaces = match self.namespaces.is_empty() {
            true => config
                .namespaces
                .iter()
                .map(|name| Namespace::hub(name.as_str()))
                .collect(),
            false => self.namespaces,
        };
        let of_engines = self.engines.iter().map(|(_, namespace)| namespace);
        let mut states = namespaces
            .iter()
            .chain(of_engines)
            .flat_map(|namespace| &namespace.needs().states);
        if let Some((_, name)) = states.find(|(id, _)| !self.states.has(*id)) {
            return Err(BuildError::StateMissing(name));
        }
        if let Some(name) = namespaces.iter().find_map(Namespace::reserved_event) {
            return Err(BuildError::ReservedEvent(name.to_owned()));
        }
        let paths = self.engines.iter().map(|(path, _)| &**path);
        if let Some(path) = wrong_path(&config.path, paths) {
            return Err(BuildError::EnginePath(path.to_owned()));
        }
        let settings = NamespaceSettings {
            courier_patience: config.delivery.courier_stall,
            admission_timeout: self.admission_timeout,
            ..pack.namespace_settings()
        };
        let served = namespaces.into_iter().map(|namespace| {
            let pack = namespace
                .is_hub
                .then(|| Arc::new(pack.clone()) as Arc<dyn Pack>);
            namespace.served(self.states.clone(), pack)
        });
        let bad_pattern = |BadPattern(name): BadPattern| BuildError::Pattern(name.to_string());
        let served: Result<Vec<_>, _> = served.collect();
        let namespaces = Namespaces::new(served.map_err(bad_pattern)?);
        let engines = self.engines.into_iter().map(|(path, namespace)| {
            let served = namespace.served(self.states.clone(), None);
            Ok((path, Namespaces::new([served.map_err(bad_pattern)?])))
        });
        let engines: Vec<_> = engines.collect::<Result<_, BuildError>>()?;
        let of_engines = engines.iter().flat_map(|(_, namespaces)| namespaces.all());
        let namespace_configs = namespaces.all().chain(of_engines).map(|served| {
            let presence_events = served
                .has_pack()
                .then(|| Arc::new(pack.clone()) as Arc<dyn PresenceEvents>);
            let config = NamespaceConfig {
                settings: settings.clone(),
                authorizer: Arc::new(Middlewares(served.clone())),
                presence_events,
                children: served.children(),
                room_hooks: served.room_hooks(),
            };
            (served.name().clone(), config)
        });
        let namespace_configs = namespace_configs.collect();
        let views = [None, Some(hub::dotnet_view as fn(&_) -> _)];
        let account = MemoryAccount::new(
            config.memory_max() as u64,
            config.limits.unfinished_bytes_max as u64,
        );
        let memory = || memory_log(&config, account.clone());
        let log = self.log.unwrap_or_else(memory);
        let mut encodings: Vec<Arc<dyn Encoding>> = Vec::new();
        encodings.extend(views.map(|view| Arc::new(SocketIoEncoding { view }) as _));
        if !engines.is_empty() {
            encodings.push(Arc::new(BareEncoding));
        }
        let encodings = Encodings::new(encodings, account);
        let upper = upper(&config, &encodings);
        let hub = HubHandle::new(HubConfig {
            namespaces: namespace_configs,
            parents: namespaces.parents(self.admission_timeout),
            encodings,
            clock: self.clock,
            ids: Arc::new(SystemIds),
            log,
            courier_window: config.delivery.courier_window,
            settle_timeout: config.delivery.courier_stall,
        });
        let rooms = Arc::new(Rooms::start(&hub, config.room_threads).map_err(BuildError::Threads)?);
        let doors = Doors::new(door_settings(&config));
        let options = entrance_options(
            &config,
            doors.clone(),
            namespaces.applications(),
            Login::new(self.login, self.admission_timeout),
            namespaces.keep_handshakes(),
        );
        let engine = engine_options(&config);
        let bare = bare_engines(&engines, &engine, &options, &hub);
        let untuned = options.untuned.clone();
        let main = Engine::new(engine, Entrance::new(options, hub.clone()), upper);
        let entrances: Arc<[Entrance]> = std::iter::once(&main)
            .chain(&bare)
            .map(|engine| engine.entrance().clone())
            .collect();
        let endpoint = |engine: Engine| Box::new(engine) as Box<dyn Endpoint>;
        let endpoints = std::iter::once(main.clone()).chain(bare).map(endpoint);
        let endpoints = Endpoints::new(endpoints);
        Ok(Dondo {
            namespaces,
            health: health::Health::new(hub.clone(), entrances.clone(), doors.clone()),
            hub,
            endpoints,
            #[cfg(any(test, feature = "testing"))]
            main,
            entrances,
            doors,
            untuned,
            grace: config.grace,
            rooms,
            _watchdog: Watchdog::start(),
        })
    }
}

/// Ids from the system's generator.
struct SystemIds;

impl IdGenerator for SystemIds {
    fn member_id(&self) -> Option<MemberId> {
        let id = crate::transport::secret::secret();
        let told = |error: &_| {
            notices::NO_RANDOMNESS.tell(None, None, format_args!("nobody can be let in: {error}"));
        };
        id.inspect_err(told).ok().map(MemberId::new)
    }
}
