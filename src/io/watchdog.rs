//! Names handlers that block their thread, while they do. A worker thread says which handler it is in by two stores for each
//! poll; a thread of the hub's own looks several times a second whether it is still in the same one.

#[cfg(any(test, feature = "testing"))]
mod last;

#[cfg(any(test, feature = "testing"))]
pub(crate) use self::last::last_handler;

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{
            AtomicU32, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use dondo_actors::directory::Directory;

use crate::notices;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// Looks that find the same handler before it is named: again after twice as many, and so on.
const FIRST: u32 = 4;
/// The most names that are kept; a host with more has some that are not told apart.
const NAMES_MAX: u32 = 10_000;

/// Characters of an event's name that are told.
const WHAT_MAX: usize = 100;

/// A handler's name, for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HandlerLabel(u32);

/// The names, and the number of each.
static NAMES: LazyLock<Directory<u32, Arc<str>>> = LazyLock::new(Directory::new);
static NUMBERS: LazyLock<Directory<Arc<str>, u32>> = LazyLock::new(Directory::new);
static NAMES_MADE: AtomicU32 = AtomicU32::new(0);

impl HandlerLabel {
    /// What `what` is in the namespace: an event's name in quotes, or another occasion.
    pub(super) fn new(namespace: &str, what: &str) -> Self {
        let what: String = what.chars().take(WHAT_MAX).collect();
        let name: Arc<str> = format!("{what} in {namespace}").into();
        if let Some(number) = NUMBERS.find(&name) {
            return Self(number);
        }
        let number = 1 + NAMES_MADE.fetch_add(1, Relaxed);
        if number > NAMES_MAX {
            NAMES_MADE.store(NAMES_MAX, Relaxed);
            return Self::default();
        }
        // Two threads at once give it two numbers: either tells the name.
        NAMES.enter(number, name.clone());
        NUMBERS.enter(name, number);
        Self(number)
    }

    /// Runs a part of the handler, which must not block.
    pub(super) fn watch<T>(self, run: impl FnOnce() -> T) -> T {
        let _inside = Inside::enter(self);
        run()
    }
}

/// Which handler a thread is in.
#[derive(Default)]
struct HandlerPlace {
    /// Odd while it is in one.
    turns: AtomicU64,
    label: AtomicU32,
    thread: u64,
}

static PLACES: LazyLock<Directory<u64, Arc<HandlerPlace>>> = LazyLock::new(Directory::new);
static PLACES_MADE: AtomicU64 = AtomicU64::new(0);

/// A thread's place; taken out when the thread ends.
struct OwnPlace(Arc<HandlerPlace>);

impl OwnPlace {
    fn new() -> Self {
        let thread = PLACES_MADE.fetch_add(1, Relaxed);
        let place = Arc::new(HandlerPlace {
            thread,
            ..HandlerPlace::default()
        });
        PLACES.enter(thread, place.clone());
        Self(place)
    }
}

impl Drop for OwnPlace {
    fn drop(&mut self) {
        PLACES.remove(&self.0.thread);
    }
}

thread_local! {
    static PLACE: OwnPlace = OwnPlace::new();
    /// A handler may run another one, when it emits to its own client for example.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// While it lives, the thread is in a handler. It leaves it also by a panic.
struct Inside;

impl Inside {
    fn enter(label: HandlerLabel) -> Self {
        if DEPTH.replace(DEPTH.get() + 1) == 0 {
            PLACE.with(|OwnPlace(place)| {
                place.label.store(label.0, Relaxed);
                place.turns.store(place.turns.load(Relaxed) + 1, Release);
            });
        }
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        if DEPTH.get() == 0 {
            let leave = |OwnPlace(place): &OwnPlace| {
                place.turns.store(place.turns.load(Relaxed) + 1, Release);
            };
            let _ = PLACE.try_with(leave);
        }
    }
}

/// A handler's future, each poll of it watched.
pub(super) struct WatchedHandler<F> {
    pub(super) label: HandlerLabel,
    pub(super) future: F,
}

impl<F: Future + Unpin> Future for WatchedHandler<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let label = self.label;
        label.watch(|| Pin::new(&mut self.future).poll(cx))
    }
}

/// The thread that looks; it ends with the value.
#[derive(Clone, Debug)]
pub(crate) struct Watchdog {
    _ends: SyncSender<()>,
}

impl Watchdog {
    /// Starts it. Without a thread to give nothing is watched.
    pub(crate) fn start() -> Self {
        let (ends, ended) = sync_channel(1);
        let thread = thread::Builder::new().name("dondo-watchdog".to_owned());
        let _ = thread.spawn(move || look(&ended));
        Self { _ends: ends }
    }
}

fn look(ended: &Receiver<()>) {
    let mut seen: Vec<(u64, u64, u32)> = Vec::new();
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let looked = |place: &Arc<HandlerPlace>| {
            let turns = place.turns.load(Acquire);
            let before = seen.iter().find(|(thread, before, _)| {
                (*thread, *before) == (place.thread, turns) && turns % 2 == 1
            });
            let looks = before.map_or(0, |(_, _, looks)| looks + 1);
            if looks >= FIRST && (looks / FIRST).is_power_of_two() && looks % FIRST == 0 {
                tell(place.label.load(Relaxed), LOOK * looks);
            }
            (place.thread, turns, looks)
        };
        seen = PLACES.all().iter().map(looked).collect();
    }
}

fn tell(label: u32, since: Duration) {
    let name = NAMES.find(&label);
    let name = name.as_deref().unwrap_or("a handler");
    notices::HANDLER_BLOCKS.tell(
        None,
        None,
        format_args!(
            "the handler of {name} has blocked its thread for {:.1} s, and with it every client there",
            since.as_secs_f64()
        ),
    );
}
