//! Gauges and counters of one hub, read by `/metrics` and by tests. Plain atomics: nobody waits for them, and what is counted with
//! each delivery is counted by each courier for itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::{crash_book::CrashBook, error::CloseReason, id::WorkerId, rate::Rated};

/// Couriers share a part only if there are more of them.
const PARTS: usize = 32;

/// One to a cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct CourierPart(AtomicU64);

/// A counter to which each courier adds by itself.
#[derive(Debug, Default)]
pub struct CourierCounter([CourierPart; PARTS]);

impl CourierCounter {
    pub(crate) fn add(&self, courier: WorkerId, by: u64) {
        Metrics::add(&self.0[courier.0 as usize % PARTS].0, by);
    }

    /// The sum over all couriers.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|part| Metrics::read(&part.0)).sum()
    }
}

/// The numbers of one hub. Gauges go up and down, counters only up.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Gauge: sessions that live.
    pub sessions: AtomicU64,
    /// Gauge: members over all namespaces.
    pub members: AtomicU64,
    /// Gauge: room actors, channels included.
    pub rooms: AtomicU64,
    /// Gauge: handlers that have begun and wait for something. Whoever stops the hub waits for them.
    pub handlers: AtomicU64,
    /// Counter: letters that rooms took.
    pub letters: AtomicU64,
    /// Counter: letters that waited for their room's readers.
    pub letters_braked: AtomicU64,
    /// Counter: letters put into outboxes, once for each member.
    pub deliveries: CourierCounter,
    /// Counter: handlers that panicked and were caught.
    pub crashes: AtomicU64,
    /// Who crashed last, and why.
    pub crash_book: CrashBook,
    closes: [AtomicU64; CloseReason::ALL.len()],
    pauses: [AtomicU64; Rated::ALL.len()],
}

impl Metrics {
    /// Adds to a gauge or counter.
    pub fn add(number: &AtomicU64, by: u64) {
        number.fetch_add(by, Relaxed);
    }

    /// Takes from a gauge.
    pub fn sub(gauge: &AtomicU64, by: u64) {
        gauge.fetch_sub(by, Relaxed);
    }

    /// Reads a number.
    pub fn read(number: &AtomicU64) -> u64 {
        number.load(Relaxed)
    }

    /// A session ended.
    pub fn closed(&self, reason: CloseReason) {
        if let Some(at) = CloseReason::ALL.iter().position(|&one| one == reason) {
            Self::add(&self.closes[at], 1);
        }
    }

    /// A session is not read for a while, because of this rate.
    pub(crate) fn paused(&self, what: Rated) {
        Self::add(&self.pauses[what as usize], 1);
    }

    /// How often sessions were not read for a while, by the rate that was exceeded.
    pub fn pauses(&self) -> impl Iterator<Item = (Rated, u64)> {
        Rated::ALL
            .iter()
            .zip(&self.pauses)
            .map(|(&what, count)| (what, Self::read(count)))
    }

    /// How many sessions ended for each reason.
    pub fn closes(&self) -> impl Iterator<Item = (CloseReason, u64)> {
        CloseReason::ALL
            .iter()
            .zip(&self.closes)
            .map(|(&reason, count)| (reason, Self::read(count)))
    }
}

/// One of [`Metrics::handlers`], until it is done, or dropped with its thread.
#[derive(Debug)]
pub struct HandlerUnderWay(Arc<Metrics>);

impl HandlerUnderWay {
    /// Counts it.
    pub fn new(metrics: &Arc<Metrics>) -> Self {
        Metrics::add(&metrics.handlers, 1);
        Self(metrics.clone())
    }
}

impl Drop for HandlerUnderWay {
    fn drop(&mut self) {
        Metrics::sub(&self.0.handlers, 1);
    }
}
