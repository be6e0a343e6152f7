//! Over 400 lines: a setup, and one value that all tests stand in.
//! The world: one hub with its namespaces and couriers on the present thread, under held time.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    rc::Rc,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::{Instant, sleep};

use super::{
    call::Call,
    hops,
    inspect::{self, Rest},
    poison::poisoned,
    probe::Probe,
    trace, wire,
};
use crate::{
    account::{Held, MemoryAccount},
    context::NamespaceSettings,
    courier,
    hub::{
        ChildrenSettings, Hub, HubConfig, HubHandle, LogMaker, NamespaceConfig, ParentFinder,
        Share, ToHub,
    },
    id::{MemberId, RoomKey},
    log::{HistorySettings, MemoryLog},
    mailbox::{Mailbox, Word},
    message::CourierRef,
    metrics::Metrics,
    namespace,
    outbox::OutboxLimits,
    ports::{Admission, Admitted, Authorizer, Clock, IdGenerator, LocalFuture, Refusal, RoomHooks},
    rate::SharedRates,
    room,
    session::{Liveness, Peer, Session, SessionSettings},
};

/// How a world is made.
#[derive(Clone)]
pub(crate) struct Setup {
    /// Where its randomness begins.
    pub(crate) seed: u64,
    /// Couriers: simulated workers.
    pub(crate) workers: usize,
    /// Its namespaces.
    pub(crate) namespaces: Vec<&'static str>,
    /// The longest time that a message may wait on its way, in milliseconds; `None`: messages are not delayed.
    pub(crate) delay: Option<usize>,
    /// Whether there are presence events.
    pub(crate) presence_events: bool,
    /// Of every namespace.
    pub(crate) settings: NamespaceSettings,
    /// Of every session.
    pub(crate) session: SessionSettings,
    /// See [`MemoryAccount::new`].
    pub(crate) memory_max: u64,
    /// See [`HubConfig::courier_window`].
    pub(crate) window: usize,
    /// See [`HubConfig::settle_timeout`].
    pub(crate) settle_timeout: Duration,
    /// See [`HubConfig::log`]; without it, one in memory.
    pub(crate) log: Option<LogMaker>,
    /// What the log in memory keeps.
    pub(crate) history: HistorySettings,
    /// Whether every name that begins with [`PARENT`] is a child of that.
    pub(crate) children: Option<ChildrenSettings>,
    /// See [`NamespaceConfig::room_hooks`].
    pub(crate) room_hooks: Option<Arc<dyn RoomHooks>>,
}

/// See [`Setup::children`].
pub(crate) const PARENT: &str = "/child/";

struct OneParent;

impl ParentFinder for OneParent {
    fn find(&self, admission: Admission) -> LocalFuture<Option<Arc<str>>> {
        let is_child = admission.namespace.starts_with(PARENT);
        Box::pin(std::future::ready(is_child.then(|| PARENT.into())))
    }

    fn admission_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }
}

impl Default for Setup {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self {
            seed: 0,
            workers: 2,
            namespaces: vec!["/"],
            delay: None,
            presence_events: false,
            settings: NamespaceSettings::default(),
            session: SessionSettings {
                ping_interval: hour,
                ping_timeout: hour,
                liveness: Liveness::Pong,
                connect_timeout: None,
                half_packet_timeout: hour,
                credit: 16,
                credit_bytes: 1 << 20,
                bytes_max: 1 << 24,
                rates: SharedRates::default(),
                outbox: OutboxLimits {
                    bytes_max: 1 << 20,
                    count_max: 16_384,
                    stall_timeout: hour,
                },
                applications: Default::default(),
            },
            memory_max: 1 << 40,
            window: 64,
            settle_timeout: Duration::from_secs(5),
            log: None,
            history: HistorySettings {
                age: Duration::from_secs(10),
                ..HistorySettings::default()
            },
            children: None,
            room_hooks: None,
        }
    }
}

impl Setup {
    /// A hub without actors.
    pub(crate) fn hub(&self) -> HubHandle {
        let namespace_config = NamespaceConfig {
            settings: self.settings.clone(),
            authorizer: Arc::new(AllowAll),
            presence_events: self
                .presence_events
                .then(|| Arc::new(wire::TextPresence) as _),
            children: None,
            room_hooks: self.room_hooks.clone(),
        };
        let namespaces = self
            .namespaces
            .iter()
            .map(|&name| (Arc::from(name), namespace_config.clone()));
        let parent = self.children.map(|children| {
            let config = NamespaceConfig {
                children: Some(children),
                ..namespace_config.clone()
            };
            (Arc::from(PARENT), config)
        });
        let account = MemoryAccount::new(self.memory_max, self.memory_max);
        let log = self.log.clone().unwrap_or_else(|| {
            let (history, account) = (self.history, account.clone());
            Arc::new(move |_, _| Rc::new(MemoryLog::new(history, account.clone())))
        });
        HubHandle::new(HubConfig {
            namespaces: namespaces.chain(parent).collect(),
            parents: self.children.map(|_| Arc::new(OneParent) as _),
            encodings: wire::encodings(account).0,
            clock: Arc::new(Still),
            ids: Arc::new(Counted::default()),
            log: poisoned(log),
            courier_window: self.window,
            settle_timeout: self.settle_timeout,
        })
    }

    /// A client with a session on the present thread, whose courier this is.
    pub(crate) fn client(&self, hub: &HubHandle, courier: &CourierRef) -> Probe {
        let protocol = Box::new(wire::TextProtocol::new());
        let application = |&name: &&str| (name.into(), Arc::new(wire::TextApplication) as _);
        let settings = SessionSettings {
            applications: self
                .namespaces
                .iter()
                .chain([&PARENT])
                .map(application)
                .collect(),
            ..self.session.clone()
        };
        let session = Session::start(
            hub.clone(),
            courier.clone(),
            protocol,
            Arc::new(settings),
            Peer::default(),
            |_| {},
        );
        Probe::start(session)
    }
}

/// See the module. Dropped with living sessions or rooms, or with letters that nobody took, it fails.
pub(crate) struct World {
    /// The hub.
    pub(crate) hub: HubHandle,
    /// The couriers, one a worker.
    pub(crate) couriers: Vec<CourierRef>,
    setup: Setup,
    probes: RefCell<Vec<Probe>>,
    asked: Rc<Cell<usize>>,
    forgiven: Cell<bool>,
    root: RefCell<Option<Mailbox<ToHub>>>,
}

impl World {
    /// Makes a world, runs a test in it, and checks that nothing is left over.
    pub(crate) fn run<F: Future<Output = ()>>(setup: Setup, test: impl FnOnce(Rc<Self>) -> F) {
        hush();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime");
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let delayed = setup.delay.map(|longest| hops::delay(setup.seed, longest));
            trace::listen(true);
            let world = Rc::new(Self::new(setup));
            let whole = world.clone();
            test(world).await;
            if !whole.forgiven.get() {
                whole.end().await;
            }
            drop(whole);
            drop(delayed);
        });
        trace::listen(false);
        wire::forget_members();
    }

    fn new(setup: Setup) -> Self {
        let hub = setup.hub();
        let root = Hub::start(&hub, Share::ALL);
        let couriers = (0..setup.workers).map(|_| hub.courier()).collect();
        Self {
            hub,
            couriers,
            setup,
            probes: RefCell::default(),
            asked: Rc::default(),
            forgiven: Cell::new(false),
            root: RefCell::new(Some(root)),
        }
    }

    /// A client whose session runs on worker `worker`, counted from 0.
    pub(crate) fn client(&self, worker: usize) -> Probe {
        let probe = self.setup.client(&self.hub, &self.couriers[worker]);
        self.probes.borrow_mut().push(probe.clone());
        probe
    }

    /// Starts something whose answer [`World::settle`] waits for.
    pub(crate) fn ask<T: 'static>(
        &self,
        question: impl Future<Output = T> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.clone();
        tokio::task::spawn_local(async move {
            let answer = question.await;
            asked.set(asked.get() - 1);
            then(answer);
        });
    }

    /// Waits until nothing moves: no message is on its way or in a mailbox, no answer is outstanding. Time goes on only
    /// when no task can, so two still milliseconds in a row mean rest. Timers that are not due do not count.
    pub(crate) async fn settle(&self) {
        let began = Instant::now();
        let mut still = 0;
        while still < 2 {
            sleep(Duration::from_millis(1)).await;
            still = if self.moves() { 0 } else { still + 1 };
            let limit = Duration::from_secs(100);
            assert!(
                began.elapsed() < limit,
                "the world does not come to rest: {} answers are outstanding, {} messages under way; couriers: {:?}",
                self.asked.get(),
                hops::in_flight(),
                self.couriers
                    .iter()
                    .map(|one| &one.window)
                    .collect::<Vec<_>>(),
            );
        }
    }

    fn moves(&self) -> bool {
        let busy =
            |courier: &CourierRef| courier.mailbox.connected() && courier.window.undigested() > 0;
        self.asked.get() > 0 || hops::in_flight() > 0 || self.couriers.iter().any(busy)
    }

    /// A handler of the namespace `/` panics.
    pub(crate) fn crash_namespace(&self) {
        let home = self.hub.namespace("/").and_then(|home| home.upgrade());
        home.expect("it lives").send(Call::panic());
    }

    /// A handler of a room of the namespace `/` panics.
    pub(crate) async fn crash_room(&self, key: &RoomKey) {
        let home = self.hub.namespace("/").and_then(|home| home.upgrade());
        let view = view(&home.expect("it lives"), namespace::tests::view).await;
        let rooms = view.expect("it answers").rooms;
        let room = rooms.iter().find(|(room, _)| room == key);
        let room = room.and_then(|(_, room)| room.upgrade());
        room.expect("it lives").send(Call::panic());
    }

    /// Settles, then compares rooms, couriers and the namespace.
    pub(crate) async fn rest(&self, namespace: &str) -> Rest {
        loop {
            self.settle().await;
            let carried = hops::carried();
            let rest = self.look(namespace).await;
            // A timer may have run between two looks, as that of the sweep for dead workers does.
            if hops::carried() == carried {
                return rest;
            }
        }
    }

    async fn look(&self, namespace: &str) -> Rest {
        let home = self
            .hub
            .namespace(namespace)
            .and_then(|home| home.upgrade());
        let Some(home) = home else {
            return lost(format!("the namespace {namespace} is dead"));
        };
        let Some(view) = view(&home, namespace::tests::view).await else {
            return lost(format!("the namespace {namespace} does not answer"));
        };
        let mut rooms = Vec::new();
        for (key, room) in &view.rooms {
            let room = match room.upgrade() {
                Some(room) => self::view(&room, room::tests::view).await,
                None => None,
            };
            rooms.push((key.clone(), room));
        }
        let mut mirrors = BTreeSet::new();
        let mut alive = BTreeSet::new();
        let mut served = 0;
        for courier in &self.couriers {
            if let Some(view) = self::view(&courier.mailbox, courier::tests::view).await {
                let here = view
                    .seats
                    .into_iter()
                    .filter(|(name, _)| **name == *namespace);
                mirrors.extend(here.map(|(_, seat)| seat));
                served += view.served;
                alive.insert(courier.worker);
            }
        }
        // A timer of this very millisecond may just have run.
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        let of_rooms = rooms.iter().filter_map(|(_, room)| room.as_ref());
        let watchers = view.watchers + of_rooms.map(|room| room.watchers).sum::<usize>();
        let rest = inspect::compare(&view, rooms, &mirrors, &alive);
        Rest {
            served,
            watchers,
            ..rest
        }
    }

    /// As [`World::rest`], and it fails if anything is wrong.
    pub(crate) async fn at_rest(&self) -> Rest {
        let mut whole = Rest::default();
        for namespace in &self.setup.namespaces {
            let rest = self.rest(namespace).await;
            assert!(rest.faults.is_empty(), "in {namespace}: {:?}", rest.faults);
            whole.seats.extend(rest.seats);
            whole.served = rest.served;
            whole.offsets.extend(rest.offsets);
        }
        whole
    }

    /// A number of the hub.
    pub(crate) fn count(&self, which: impl FnOnce(&Metrics) -> &AtomicU64) -> u64 {
        Metrics::read(which(self.hub.metrics()))
    }

    /// What is wrong with this world is known and told: its end checks nothing.
    pub(crate) fn forgive(&self) {
        self.forgiven.set(true);
    }

    /// Lets go of the hub's actor, and waits until nothing is left of its namespaces.
    pub(crate) async fn end_hub(&self) {
        self.root.take();
        sleep(Duration::from_secs(2)).await;
    }

    /// Hangs every client up.
    pub(crate) async fn close_all(&self) {
        for probe in self.probes.borrow().iter() {
            probe.hang_up();
        }
        self.settle().await;
    }

    /// What is left over once every client has hung up; empty if nothing is.
    pub(crate) async fn leftovers(&self) -> BTreeMap<&'static str, u64> {
        self.close_all().await;
        // The sweep for dead workers runs twice a second; what is kept of letters goes by itself.
        sleep(self.setup.history.age + Duration::from_secs(2)).await;
        self.settle().await;
        let metrics = self.hub.metrics();
        let gauges = [
            ("sessions", &metrics.sessions),
            ("members", &metrics.members),
            ("rooms", &metrics.rooms),
        ];
        // A test may still hold a session's handle, and its account with it.
        let held = Held::ALL
            .into_iter()
            .filter(|&what| what != Held::Sessions)
            .map(|what| (what.as_str(), self.hub.account().held(what)));
        gauges
            .into_iter()
            .map(|(name, gauge)| (name, Metrics::read(gauge)))
            .chain([("outbox bytes", self.hub.account().waiting_bytes())])
            .chain(held)
            .filter(|(_, left)| *left > 0)
            .collect()
    }

    async fn end(&self) {
        let unread: Vec<String> = self.probes.borrow().iter().flat_map(Probe::take).collect();
        assert!(
            unread.is_empty(),
            "letters that no one expected: {unread:?}"
        );
        let waiting = self.hub.account().waiting_bytes();
        assert_eq!(waiting, 0, "bytes that no one took from an outbox");
        let left = self.leftovers().await;
        let rest = self.at_rest().await;
        assert_eq!(
            rest.served, 0,
            "after all have left couriers still serve somebody"
        );
        assert!(
            rest.seats.is_empty(),
            "after all have left there still are {:?}",
            rest.seats
        );
        assert!(
            left.is_empty(),
            "after all have left there still are {left:?}"
        );
        self.probes.borrow_mut().clear();
    }
}

/// What an actor says of itself, asked past what is on its way to it; `None` if it is dead.
async fn view<W, A, T>(mailbox: &Mailbox<W>, view: fn(&A) -> T) -> Option<T>
where
    W: Word + From<Call>,
    A: 'static,
    T: Send + 'static,
{
    let (call, answer) = Call::ask(view);
    mailbox.send_at_once(call);
    answer.await.ok()
}

fn lost(fault: String) -> Rest {
    Rest {
        faults: vec![fault],
        ..Rest::default()
    }
}

/// Keeps panics that tests plant out of the output.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied().map(str::to_owned);
            let text = text
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            if !text.starts_with("planted: ") {
                usual(info);
            }
        }));
    });
}

/// The time of day stands still.
struct Still;

impl Clock for Still {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }
}

/// Ids in the order of asking.
#[derive(Default)]
struct Counted(AtomicU64);

impl IdGenerator for Counted {
    fn member_id(&self) -> Option<MemberId> {
        Some(MemberId::new(format!(
            "m{}",
            self.0.fetch_add(1, Ordering::Relaxed)
        )))
    }
}

/// Lets everybody in as a guest, and greets who asks for that.
struct AllowAll;

impl Authorizer for AllowAll {
    fn connect(&self, admission: Admission) -> LocalFuture<Result<Admitted, Refusal>> {
        let greeted = admission.auth.as_deref() == Some(b"greeted");
        let said = greeted.then(|| {
            let mut said = admission.greetings();
            said.add(wire::content("greeting", "")).unwrap();
            said
        });
        Box::pin(std::future::ready(Ok(Admitted {
            said,
            ..Admitted::default()
        })))
    }
}
