//! The hub: which namespaces there are, and the actor that supervises them. Everything outside holds a [`HubHandle`].
//! Knows no transport and no application: those come in as encodings, authorizers and presence events.

mod room_asks;
mod selections;
mod warden;

use self::selections::Slots;
#[cfg(test)]
pub(crate) use self::selections::{ASKED_LETTERS_MAX, REQUESTS_MAX};

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use actix::{Actor, Context};
use tokio::sync::Semaphore;

use crate::{
    account::MemoryAccount,
    context::{NamespaceContext, NamespaceSettings},
    courier::Courier,
    directory::{Directory, Members},
    id::{LocalId, WorkerId},
    letter::Encodings,
    mailbox::{Mailbox, WeakMailbox},
    message::{CourierRef, ToCourier, ToNamespace},
    metrics::Metrics,
    namespace::Namespace,
    ports::{Authorizer, Clock, IdGenerator, PresenceEvents, RoomHooks},
};

pub use crate::namespace::LogMaker;

/// Rooms of a namespace that their hooks keep while nobody is in them.
pub(crate) const KEPT_ROOMS_MAX: usize = 1024;

/// A namespace as it is configured.
#[derive(Clone)]
pub struct NamespaceConfig {
    /// Its settings.
    pub settings: NamespaceSettings,
    /// Who may come in.
    pub authorizer: Arc<dyn Authorizer>,
    /// Its presence events.
    pub presence_events: Option<Arc<dyn PresenceEvents>>,
    /// The hooks of its rooms.
    pub room_hooks: Option<Arc<dyn RoomHooks>>,
}

/// What a hub is built from.
pub struct HubConfig {
    /// The namespaces by name.
    pub namespaces: BTreeMap<Arc<str>, NamespaceConfig>,
    /// The encodings that letters can take.
    pub encodings: Encodings,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdGenerator>,
    /// Where letters are numbered.
    pub log: LogMaker,
    /// Deliveries that may wait before one courier; beyond, rooms wait.
    pub courier_window: usize,
    /// How long a sender's handler waits for couriers to hand its letter on before it is told that all is well.
    pub settle_timeout: std::time::Duration,
}

/// A hub as sessions, transports and applications hold it.
#[derive(Clone)]
pub struct HubHandle(Arc<Shared>);

impl std::fmt::Debug for HubHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.namespaces()).finish()
    }
}

/// A hub that somebody else keeps alive.
#[derive(Clone)]
pub struct WeakHubHandle(Weak<Shared>);

impl WeakHubHandle {
    /// Whether it is this hub.
    pub fn is(&self, hub: &HubHandle) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&hub.0))
    }
}

struct Shared {
    config: HubConfig,
    metrics: Arc<Metrics>,
    room_ids: Arc<AtomicU64>,
    local_ids: AtomicU64,
    workers: AtomicU64,
    members: Members,
    namespaces: Directory<Arc<str>, WeakMailbox<ToNamespace>>,
    couriers: Directory<WorkerId, CourierRef>,
    slots: Slots,
    /// Letters that many may answer.
    shared_acks: AtomicU64,
}

impl HubHandle {
    /// A hub without actors yet: [`Hub::start`] starts its namespaces, [`HubHandle::courier`] its couriers.
    pub fn new(config: HubConfig) -> Self {
        Self(Arc::new(Shared {
            config,
            metrics: Arc::new(Metrics::default()),
            room_ids: Arc::new(AtomicU64::new(1)),
            local_ids: AtomicU64::new(1),
            workers: AtomicU64::new(1),
            members: Members::new(),
            namespaces: Directory::new(),
            couriers: Directory::new(),
            slots: Slots::default(),
            shared_acks: AtomicU64::new(0),
        }))
    }

    /// Starts a courier on the present thread, which becomes a worker of the hub.
    pub fn courier(&self) -> CourierRef {
        let number = self.0.workers.fetch_add(1, Ordering::Relaxed);
        let worker = WorkerId(u32::try_from(number).unwrap_or(u32::MAX));
        let config = &self.0.config;
        let courier = Courier::start(
            worker,
            config.encodings.clone(),
            config.courier_window,
            self.0.metrics.clone(),
            {
                let hub = Arc::downgrade(&self.0);
                move || {
                    if let Some(hub) = hub.upgrade() {
                        hub.couriers.remove(&worker);
                    }
                }
            },
        );
        self.0.couriers.enter(worker, courier.clone());
        courier
    }

    /// The same hub, which this does not keep alive.
    pub fn downgrade(&self) -> WeakHubHandle {
        WeakHubHandle(Arc::downgrade(&self.0))
    }

    /// The configuration of a namespace.
    pub fn namespace_config(&self, namespace: &str) -> Option<&NamespaceConfig> {
        self.0.config.namespaces.get(namespace)
    }

    /// The names of the namespaces.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.config.namespaces.keys()
    }

    /// The actor of a namespace, while it runs.
    pub fn namespace(&self, name: &str) -> Option<WeakMailbox<ToNamespace>> {
        self.0.namespaces.find(name)
    }

    /// The couriers, one for each worker thread.
    pub fn couriers(&self) -> Vec<CourierRef> {
        self.0.couriers.all()
    }

    /// The registered encodings.
    pub fn encodings(&self) -> &Encodings {
        &self.0.config.encodings
    }

    /// The time of day.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.config.clock
    }

    /// The numbers.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// What is held for its peers.
    pub fn account(&self) -> &Arc<MemoryAccount> {
        self.0.config.encodings.account()
    }

    /// Members by id.
    pub fn members(&self) -> &Members {
        &self.0.members
    }

    pub(crate) fn ids(&self) -> &dyn IdGenerator {
        &*self.0.config.ids
    }

    /// How long a courier may do nothing at all before it is given up.
    pub(crate) fn courier_patience(&self, namespace: &str) -> std::time::Duration {
        let settings = self
            .namespace_config(namespace)
            .map(|namespace_config| &namespace_config.settings);
        settings.map_or_else(
            || NamespaceSettings::default().courier_patience,
            |settings| settings.courier_patience,
        )
    }

    pub(crate) fn settle_timeout(&self) -> std::time::Duration {
        self.0.config.settle_timeout
    }

    pub(crate) fn local_id(&self) -> LocalId {
        LocalId(self.0.local_ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The namespaces that `only` picks (as in [`Hub::start`]) were started anew after the loss of their thread: their
    /// members are closed so that they come back.
    pub fn rooms_restarted(&self, only: impl Fn(usize) -> bool) {
        let lost = self
            .namespaces()
            .enumerate()
            .filter(|(number, _)| only(*number));
        for (_, namespace) in lost {
            for courier in self.0.couriers.all() {
                let close = ToCourier::CloseNamespace(namespace.clone());
                courier.mailbox.send(close);
            }
        }
    }

    fn context(
        &self,
        name: &Arc<str>,
        namespace_config: &NamespaceConfig,
    ) -> Arc<NamespaceContext> {
        Arc::new(NamespaceContext {
            namespace: name.clone(),
            settings: namespace_config.settings.clone(),
            encodings: self.0.config.encodings.clone(),
            presence_events: namespace_config.presence_events.clone(),
            room_hooks: namespace_config.room_hooks.clone(),
            kept_rooms: Arc::new(Semaphore::new(KEPT_ROOMS_MAX)),
            clock: self.0.config.clock.clone(),
            ids: self.0.config.ids.clone(),
            metrics: self.0.metrics.clone(),
            room_ids: self.0.room_ids.clone(),
        })
    }
}

/// The actor at the top. It alone keeps its namespaces alive.
pub struct Hub {
    handle: HubHandle,
    only: Box<dyn Fn(usize) -> bool>,
    namespaces: BTreeMap<Arc<str>, Mailbox<ToNamespace>>,
}

impl Hub {
    /// Starts, on the present thread, the namespaces whose number (in the order of their names) `only` picks.
    /// Several threads share a hub by picking different ones.
    pub fn start(handle: &HubHandle, only: impl Fn(usize) -> bool + 'static) -> actix::Addr<Self> {
        Self {
            handle: handle.clone(),
            only: Box::new(only),
            namespaces: BTreeMap::new(),
        }
        .start()
    }

    pub(crate) fn handle(&self) -> &HubHandle {
        &self.handle
    }
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Of several threads, the one that runs the first namespace.
        if (self.only)(0) {
            warden::watch(ctx);
        }
        let config = &self.handle.0.config;
        for (number, (name, namespace_config)) in config.namespaces.iter().enumerate() {
            if (self.only)(number) {
                let context = self.handle.context(name, namespace_config);
                let namespace = Namespace::start(context, &config.log);
                self.handle
                    .0
                    .namespaces
                    .enter(name.clone(), namespace.downgrade());
                self.namespaces.insert(name.clone(), namespace);
            }
        }
    }
}
