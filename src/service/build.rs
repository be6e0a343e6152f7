//! Puts a hub together from what its builder was told. No decision is taken here but whether it can be.

use std::sync::Arc;

use dondo_actors::account::MemoryAccount;
use dondo_actors::context::NamespaceSettings;
use dondo_actors::hub::{HubConfig, HubHandle, NamespaceConfig};
use dondo_actors::id::MemberId;
use dondo_actors::letter::Encodings;
use dondo_actors::ports::{IdGenerator, PresenceEvents};

use super::endpoints::{self, AskedEndpoints, Base, Made};
use super::mounting::BuiltOn;
use super::parts::{
    account_bounds, door_settings, engine_options, entrance_options, memory_log, pattern_twice,
    wrong_path,
};
use super::{BuildError, Builder, Dondo, login};
use crate::admin::{Admin, AdminParts};
use crate::api::dev::DevDoor;
use crate::api::keys::ApiKeys;
use crate::api::{Api, ApiParts};
use crate::http::health;
use crate::io::{BadPattern, HubClock, Middlewares, Namespace, Namespaces, Pack, Watchdog};
use crate::moderation::Moderation;
use crate::notices;
use crate::packs::hub::{CrashScripts, HubPack};
use crate::room_threads::Rooms;
use crate::tokens::{Credentials, Revoked};
use crate::transport::doors::Doors;
use crate::transport::endpoint::Endpoints;
use crate::transport::engine::Engine;
use crate::transport::entrance::Entrance;
use crate::transport::login::Login;

impl Builder {
    /// Starts the hub's room threads.
    ///
    /// # Errors
    /// A setting that makes no sense, named in the error; or the system has no thread to give.
    pub fn build(mut self) -> Result<Dondo, BuildError> {
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
        if self.login.is_none() && self.tokens.is_empty() {
            config.check_tokens().map_err(BuildError::Setting)?;
        }
        let revoked = Revoked::new(self.clock.clone(), config.auth.leeway);
        let credentials = Credentials::new(
            &config.auth,
            self.tokens,
            self.clock.clone(),
            revoked.clone(),
        );
        let credentials = credentials.map_err(BuildError::Key)?.map(Arc::new);
        self.states.add(Arc::new(HubClock(self.clock.clone())));
        if let Some(credentials) = &credentials {
            self.states.add(credentials.clone());
        }
        let moderation = Moderation::new(self.clock.clone(), account_bounds(&config));
        self.states.add(Arc::new(moderation.clone()));
        let pack = HubPack::new(
            config.hub.clone(),
            &config.insecure,
            self.clock.clone(),
            moderation.clone(),
        );
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
        if let Some((first, second)) = pattern_twice(&namespaces) {
            return Err(BuildError::PatternTwice { first, second });
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
            let made = NamespaceConfig {
                settings: settings.clone(),
                authorizer: Arc::new(Middlewares(served.clone(), moderation.clone())),
                presence_events,
                children: served.children(),
                room_hooks: match config.dev {
                    true => Some(Arc::new(CrashScripts(served.room_hooks()))),
                    false => served.room_hooks(),
                },
            };
            (served.name().clone(), made)
        });
        let namespace_configs = namespace_configs.collect();
        let account = MemoryAccount::new(
            config.memory_max() as u64,
            config.limits.unfinished_bytes_max as u64,
        );
        let memory = || memory_log(&config, account.clone());
        let log = self.log.unwrap_or_else(memory);
        let mut encodings = Encodings::new(account);
        let protocol = endpoints::socketio::protocol(&config, &mut encodings);
        let asked = AskedEndpoints {
            settings: &config,
            pack: &pack,
            namespaces: &namespaces,
            bare: &engines,
            signalr: &self.signalr,
        };
        let table = endpoints::table(&asked, &mut encodings)?;
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
        let login = login::find(self.login, credentials.clone());
        let doors = Doors::moderated(door_settings(&config), moderation.clone());
        let options = entrance_options(
            &config,
            doors.clone(),
            namespaces.applications(),
            Login::new(login, self.admission_timeout),
            namespaces.keep_handshakes(),
        );
        let main = Entrance::new(options.clone(), hub.clone());
        let main = Engine::new(engine_options(&config), main, protocol);
        let base = Base {
            main: options,
            hub: hub.clone(),
        };
        let others = table.into_iter().map(|make| make(&base));
        let all = std::iter::once(Made::of(main.clone())).chain(others);
        let (entrances, endpoints): (Vec<_>, Vec<_>) =
            all.map(|made| (made.entrance, made.endpoint)).unzip();
        let entrances: Arc<[Entrance]> = entrances.into();
        let keys_file = config.api.keys_file.clone();
        // It was read when the settings were checked, and may have changed since.
        let keys = keys_file.map(|file| ApiKeys::read(&file).map(|keys| (file, keys)));
        let api = Api::new(ApiParts {
            keys: keys.transpose().map_err(BuildError::ApiKeys)?,
            body_max: config.engine.max_payload,
            hub: hub.clone(),
            namespaces: namespaces.clone(),
            pack,
            doors: doors.clone(),
            entrances: entrances.clone(),
            moderation,
            revoked,
            clock: hub.clock().clone(),
        });
        let dev = config.dev.then(|| DevDoor::new(api.clone())).flatten();
        let health = health::Health::new(hub.clone(), entrances.clone(), doors.clone());
        let admin = Admin::new(AdminParts {
            password_file: config.admin.password_file.clone(),
            viewer_password_file: config.admin.viewer_password_file.clone(),
            room_threads: config.room_threads,
            api: api.clone(),
            health: health.clone(),
            doors: doors.clone(),
        });
        Ok(Dondo {
            admin: admin.map_err(BuildError::AdminPassword)?,
            dev: dev.map(Arc::new),
            api,
            namespaces,
            health,
            hub,
            endpoints: Endpoints::new(endpoints),
            main,
            entrances,
            doors,
            grace: config.grace,
            rooms,
            credentials,
            built_on: BuiltOn::here(),
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
