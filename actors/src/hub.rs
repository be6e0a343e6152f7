//! The hub: which namespaces there are, and the actor that supervises them. Everything outside holds a [`HubHandle`].
//! Knows no transport and no application: those come in as encodings, authorizers and presence events.

mod asking;
mod children;
mod requests;
mod room_asks;
mod saying;
mod selections;
mod warden;
mod watching;
mod words;

pub(crate) use self::{asking::Asker, children::LeasedChild};
#[cfg(test)]
pub(crate) use self::{
    asking::{ASKED_BY_MEMBER_MAX, ASKED_BY_MEMBERS_MAX, ASKED_BY_SHARE_MAX, ASKED_LETTERS_MAX},
    selections::REQUESTS_MAX,
    watching::WATCHERS_MAX,
    words::{HUB_BYTES_MAX, HUB_LETTERS_MAX},
};
use self::{
    children::{Child, Children},
    selections::Slots,
};
pub use self::{
    children::{ChildrenSettings, ParentFinder, ToHub},
    requests::{JointRequest, PAGE_MAX},
    saying::Told,
    watching::PresenceChanges,
};

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::{
    account::MemoryAccount,
    context::{NamespaceContext, NamespaceSettings},
    courier::Courier,
    crash_book::CrashedPart,
    directory::{Accounts, Directory, Members},
    guard::{Crashes, Guard, Guarded, GuardedContext},
    id::{LocalId, WorkerId},
    letter::{Encodings, LatestKeys},
    lifecycle::LifecycleSender,
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
    /// It is no namespace itself, but what its children are made from.
    pub children: Option<ChildrenSettings>,
    /// The hooks of its rooms.
    pub room_hooks: Option<Arc<dyn RoomHooks>>,
}

/// What a hub is built from.
pub struct HubConfig {
    /// The namespaces by name.
    pub namespaces: BTreeMap<Arc<str>, NamespaceConfig>,
    /// Whose child a name is that none of them has.
    pub parents: Option<Arc<dyn ParentFinder>>,
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
    pub(crate) fn upgrade(&self) -> Option<HubHandle> {
        self.0.upgrade().map(HubHandle)
    }

    /// Whether it is this hub.
    pub fn is(&self, hub: &HubHandle) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&hub.0))
    }
}

struct Shared {
    config: HubConfig,
    metrics: Arc<Metrics>,
    lifecycle: LifecycleSender,
    room_ids: Arc<AtomicU64>,
    local_ids: AtomicU64,
    workers: AtomicU64,
    members: Members,
    accounts: Accounts,
    namespaces: Directory<Arc<str>, WeakMailbox<ToNamespace>>,
    /// The hub's actors by their threads.
    threads: Directory<usize, WeakMailbox<ToHub>>,
    children: Directory<Arc<str>, Child>,
    /// By parent.
    children_counts: BTreeMap<Arc<str>, AtomicUsize>,
    children_made: AtomicU64,
    couriers: Directory<WorkerId, CourierRef>,
    slots: Slots,
    /// Letters that many may answer.
    shared_acks: AtomicU64,
    latest_keys: LatestKeys,
}

impl HubHandle {
    /// A hub without actors yet: [`Hub::start`] starts its namespaces, [`HubHandle::courier`] its couriers.
    pub fn new(config: HubConfig) -> Self {
        let parents = config.namespaces.iter();
        let parents = parents.filter(|(_, namespace)| namespace.children.is_some());
        let children_counts = parents.map(|(name, _)| (name.clone(), AtomicUsize::new(0)));
        Self(Arc::new(Shared {
            children_counts: children_counts.collect(),
            slots: Slots::new(config.encodings.account()),
            config,
            metrics: Arc::new(Metrics::default()),
            lifecycle: LifecycleSender::default(),
            room_ids: Arc::new(AtomicU64::new(1)),
            local_ids: AtomicU64::new(1),
            workers: AtomicU64::new(1),
            members: Members::new(),
            accounts: Accounts::default(),
            namespaces: Directory::new(),
            threads: Directory::new(),
            children: Directory::new(),
            children_made: AtomicU64::new(0),
            couriers: Directory::new(),
            shared_acks: AtomicU64::new(0),
            latest_keys: LatestKeys::default(),
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

    pub(crate) fn namespace_config(&self, namespace: &str) -> Option<&NamespaceConfig> {
        self.0.config.namespaces.get(namespace)
    }

    /// Whose child a name is that no namespace has.
    pub(crate) fn parents(&self) -> Option<&Arc<dyn ParentFinder>> {
        self.0.config.parents.as_ref()
    }

    /// The names of the namespaces that are there as long as the hub is.
    pub fn namespaces(&self) -> impl Iterator<Item = &Arc<str>> {
        let all = self.0.config.namespaces.iter();
        all.filter(|(_, config)| config.children.is_none())
            .map(|(name, _)| name)
    }

    /// The actor of a namespace, while it runs.
    pub fn namespace(&self, name: &str) -> Option<WeakMailbox<ToNamespace>> {
        let of_child = || Some(self.0.children.find(name)?.mailbox().clone());
        self.0.namespaces.find(name).or_else(of_child)
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

    /// Hears what comes and goes.
    pub fn lifecycle(&self) -> &LifecycleSender {
        &self.0.lifecycle
    }

    /// What is held for its peers.
    pub fn account(&self) -> &Arc<MemoryAccount> {
        self.0.config.encodings.account()
    }

    /// Members by id.
    pub fn members(&self) -> &Members {
        &self.0.members
    }

    /// Makes ids.
    pub fn ids(&self) -> &dyn IdGenerator {
        &*self.0.config.ids
    }

    pub(crate) fn local_id(&self) -> LocalId {
        LocalId(self.0.local_ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The namespaces of a share were started anew after the loss of their thread: their members are closed so that they come
    /// back. Those of children, which are not started anew, are closed as the share's actor starts.
    pub fn rooms_restarted(&self, share: Share) {
        let lost = self
            .namespaces()
            .enumerate()
            .filter(|(number, _)| share.has(*number));
        for (_, namespace) in lost {
            for courier in self.0.couriers.all() {
                let close = ToCourier::CloseNamespace(namespace.clone());
                courier.mailbox.send(close);
            }
        }
    }

    fn start_namespaces(&self, share: Share) -> Vec<Mailbox<ToNamespace>> {
        let hub = &self.0;
        let all = self.namespaces().enumerate();
        let share = all.filter(|(number, _)| share.has(*number));
        let started = share.filter_map(|(_, name)| {
            let context = self.context(name, hub.config.namespaces.get(name)?);
            let namespace = Namespace::start(context, &hub.config.log);
            hub.namespaces.enter(name.clone(), namespace.downgrade());
            Some(namespace)
        });
        started.collect()
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
            lifecycle: self.0.lifecycle.clone(),
            room_ids: self.0.room_ids.clone(),
        })
    }
}

/// The namespaces that one of several threads runs: of those in the order of their names every `of`th, from `number` on.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// The thread's number, below `of`.
    pub number: usize,
    /// How many threads there are.
    pub of: usize,
}

impl Share {
    /// One thread runs all.
    pub const ALL: Self = Self { number: 0, of: 1 };

    fn has(self, namespace: usize) -> bool {
        namespace % self.of == self.number
    }
}

/// The actor at the top. It alone keeps its namespaces alive.
pub struct Hub {
    handle: HubHandle,
    this: WeakMailbox<ToHub>,
    share: Share,
    /// Kept for as long as it lives.
    _namespaces: Vec<Mailbox<ToNamespace>>,
    children: Children,
    crashes: Crashes,
    /// Looks in a row that found it too crowded.
    crowded: u32,
}

impl Hub {
    /// Starts, on the present thread, a share of the namespaces: they are there when this returns, and end with the last strong
    /// way to it. What a maker of logs panics with comes out of here: the guard would try again without end.
    pub fn start(handle: &HubHandle, share: Share) -> Mailbox<ToHub> {
        let handle = handle.clone();
        Guard::start(move |this| {
            handle.bury_children(share.number);
            handle.0.threads.enter(share.number, this.clone());
            Self {
                crashes: Crashes::new(CrashedPart::Hub, handle.metrics().clone()),
                _namespaces: handle.start_namespaces(share),
                handle,
                this,
                share,
                children: Children::default(),
                crowded: 0,
            }
        })
    }

    pub(crate) fn handle(&self) -> &HubHandle {
        &self.handle
    }
}

impl Guarded for Hub {
    type Word = ToHub;

    fn title(&self) -> String {
        "the hub".to_owned()
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        // Of several threads, the one that runs the first namespace.
        if self.share.has(0) {
            warden::watch(ctx);
        }
    }

    fn restarting(&mut self) {}
    fn hear(&mut self, word: ToHub, _: &mut GuardedContext<Self>) {
        match word {
            ToHub::Open(open) => self.open(open),
            ToHub::Close { name, number } => self.close(&name, number),
        }
    }
}
