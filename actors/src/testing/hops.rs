//! Delayed hops: every message between actors waits a seeded time, first in, first out for each receiving mailbox
//! (decision 0004). Knows no message: a hop is a closure.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::random::Random;

thread_local! {
    static HOPS: RefCell<Option<Hops>> = const { RefCell::new(None) };
    static LANES: Cell<u64> = const { Cell::new(0) };
}

type Hop = Box<dyn FnOnce()>;

struct Hops {
    random: Random,
    longest: usize,
    flying: BTreeMap<(Instant, u64), (u64, Hop)>,
    lanes: BTreeMap<u64, (Instant, usize)>,
    carried: u64,
    bell: Rc<Notify>,
}

/// Whether a world delays the messages of this thread.
pub(crate) fn held() -> bool {
    HOPS.with_borrow(Option::is_some)
}

/// The number of a new lane.
pub(crate) fn next_lane() -> u64 {
    LANES.with(|lanes| lanes.replace(lanes.get() + 1))
}

/// Runs `hop` after a seeded time, behind whatever was given to the same lane before.
pub(crate) fn carry(lane: u64, hop: Hop) {
    HOPS.with_borrow_mut(|hops| {
        let Some(hops) = hops else { return };
        let delay = Duration::from_millis(hops.random.below(hops.longest + 1) as u64);
        let (last, waiting) = hops
            .lanes
            .get(&lane)
            .copied()
            .unwrap_or((Instant::now(), 0));
        let due = last.max(Instant::now() + delay);
        hops.lanes.insert(lane, (due, waiting + 1));
        hops.carried += 1;
        hops.flying.insert((due, hops.carried), (lane, hop));
        hops.bell.notify_one();
    });
}

/// Messages that are under way.
pub(crate) fn in_flight() -> usize {
    HOPS.with_borrow(|hops| hops.as_ref().map_or(0, |hops| hops.flying.len()))
}

/// Messages that were ever given to a lane.
pub(crate) fn carried() -> u64 {
    HOPS.with_borrow(|hops| hops.as_ref().map_or(0, |hops| hops.carried))
}

/// Begins to delay: each hop up to `longest` milliseconds. Ends when the returned value is dropped.
pub(super) fn delay(seed: u64, longest: usize) -> Delayed {
    let bell = Rc::new(Notify::new());
    let hops = Hops {
        random: Random::new(seed),
        longest,
        flying: BTreeMap::new(),
        lanes: BTreeMap::new(),
        carried: 0,
        bell: bell.clone(),
    };
    HOPS.set(Some(hops));
    tokio::task::spawn_local(carrier(bell));
    Delayed
}

/// See [`delay`].
pub(super) struct Delayed;

impl Drop for Delayed {
    fn drop(&mut self) {
        // What a dropped hop drops may send again: nothing may be held by then.
        let hops = HOPS.take();
        drop(hops);
    }
}

async fn carrier(bell: Rc<Notify>) {
    while held() {
        let first =
            HOPS.with_borrow(|hops| hops.as_ref()?.flying.keys().next().map(|(due, _)| *due));
        match first {
            None => bell.notified().await,
            Some(due) if due <= Instant::now() => {
                if let Some(hop) = land() {
                    hop();
                }
            }
            Some(due) => drop(timeout_at(due, bell.notified()).await),
        }
    }
}

fn land() -> Option<Hop> {
    HOPS.with_borrow_mut(|hops| {
        let hops = hops.as_mut()?;
        let (_, (lane, hop)) = hops.flying.pop_first()?;
        match hops.lanes.get_mut(&lane) {
            Some((_, waiting)) if *waiting > 1 => *waiting -= 1,
            _ => drop(hops.lanes.remove(&lane)),
        }
        Some(hop)
    })
}
