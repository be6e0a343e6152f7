//! Puts a hub together from what its builder was told. No decision is taken here but whether it can be.

use std::sync::Arc;

use dondo_actors::account::MemoryAccount;
use dondo_actors::context::NamespaceSettings;
use dondo_actors::hub::{HubConfig, HubHandle, NamespaceConfig};
use dondo_actors::id::MemberId;
use dondo_actors::ports::{IdGenerator, PresenceEvents};

use super::encodings::{self, OtherProtocols};
use super::endpoints;
use super::parts::{
    bare_engines, door_settings, engine_options, entrance_options, memory_log, upper, wrong_path,
};
use super::signalr::{self, HubAt};
use super::{BuildError, Builder, Dondo};
use crate::http::health;
use crate::io::{BadPattern, Middlewares, Namespace, Namespaces, Pack, Watchdog};
use crate::notices;
use crate::packs::hub::HubPack;
use crate::protocol::signalr::EventSpellings;
use crate::room_threads::Rooms;
use crate::transport::doors::Doors;
use crate::transport::endpoint::{Endpoint, Endpoints};
use crate::transport::engine::Engine;
use crate::transport::entrance::Entrance;
use crate::transport::login::Login;
use crate::transport::signalr::SignalREndpoint;

impl Builder {
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
            if let Some((name, why)) = config.wrong_namespace() {
                let name = name.to_owned();
                return Err(BuildError::NamespaceName { name, why });
            }
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
        let paths = paths.chain(self.signalr.iter().map(|(path, _)| &**path));
        if let Some(path) = wrong_path(&config, paths) {
            return Err(BuildError::Path(path.to_owned()));
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
        let bad_pattern = |BadPattern { pattern, why }: BadPattern| {
            let pattern = pattern.to_string();
            BuildError::Pattern { pattern, why }
        };
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
        let account = MemoryAccount::new(
            config.memory_max() as u64,
            config.limits.unfinished_bytes_max as u64,
        );
        let memory = || memory_log(&config, account.clone());
        let log = self.log.unwrap_or_else(memory);
        // The article's hub is one of the pack.
        let chat_hub = config.chat_hub.clone().filter(|_| {
            let mut all = namespaces.all();
            all.any(|served| **served.name() == *"/" && served.has_pack())
        });
        let served = OtherProtocols {
            bare: !engines.is_empty(),
            websocket: config.endpoints.websocket.is_some(),
            events: config.endpoints.events.is_some(),
            signalr: !self.signalr.is_empty(),
            chat_hub: chat_hub.is_some(),
        };
        let (encodings, ids) = encodings::register(served, account);
        let upper = upper(&config, &ids);
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
        let bare = bare_engines(&engines, &engine, &options, &hub, ids.bare);
        let mut hubs = Vec::new();
        if let (Some(path), Some(encodings)) = (chat_hub, ids.chat_hub) {
            hubs.push(HubAt {
                path,
                namespace: "/".into(),
                encodings,
                dialect: pack.chat_hub(),
            });
        }
        for (path, namespace) in self.signalr {
            let served = namespaces
                .all()
                .find(|served| **served.name() == *namespace && !served.is_parent());
            let (Some(served), Some(encodings)) = (served, ids.signalr) else {
                return Err(BuildError::Namespace(namespace));
            };
            let spellings = EventSpellings::new(served.events());
            hubs.push(HubAt {
                path,
                namespace: served.name().clone(),
                encodings,
                dialect: Arc::new(move || spellings.dialect()),
            });
        }
        let hubs: Vec<_> = hubs
            .into_iter()
            .map(|at| signalr::endpoint(at, &config, &options, &hub))
            .collect();
        let others = endpoints::others(&config, &options, &hub, &ids);
        let main = Engine::new(engine, Entrance::new(options, hub.clone()), upper);
        let entrances = std::iter::once(&main).chain(&bare).map(Engine::entrance);
        let entrances = entrances.chain(hubs.iter().map(SignalREndpoint::entrance));
        let entrances = entrances.chain(others.iter().map(|(entrance, _)| entrance));
        let entrances: Arc<[Entrance]> = entrances.cloned().collect();
        let endpoint = |engine: Engine| Box::new(engine) as Box<dyn Endpoint>;
        let endpoints = std::iter::once(main.clone()).chain(bare).map(endpoint);
        let hubs = hubs
            .into_iter()
            .map(|hub| Box::new(hub) as Box<dyn Endpoint>);
        let others = others.into_iter().map(|(_, endpoint)| endpoint);
        let endpoints = Endpoints::new(endpoints.chain(hubs).chain(others));
        Ok(Dondo {
            namespaces,
            health: health::Health::new(hub.clone(), entrances.clone(), doors.clone()),
            hub,
            endpoints,
            main,
            entrances,
            doors,
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
