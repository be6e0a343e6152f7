//! How fast a reader takes what waits for it, and what became of the last ping.

use tokio::time::Instant;

use super::OutboxLimits;

/// Bytes a second that a reader must take while something waits for it.
pub const STALL_RATE: u64 = 1000;

/// How often within a stall timeout it is noted how much has left.
const SAMPLES: u32 = 4;

/// What had left at the last few samples, while something waited.
#[derive(Debug)]
pub(super) struct ReadPace {
    next: Instant,
    samples: [u64; SAMPLES as usize],
    /// How many samples were taken since something began to wait.
    taken: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PingState {
    Idle,
    /// Since when, and whether it waits behind bytes that are being written.
    Due(Instant, bool),
    UnderWay(Instant, bool),
    /// From when its answer may be expected.
    Left(Instant),
}

/// What became of the last ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PingLeft {
    /// It left; its answer may be expected from this moment on.
    At(Instant),
    /// It waits behind bytes that are being written.
    Behind,
    /// Nobody took it, though nothing is being written.
    Unread,
}

impl ReadPace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now,
            samples: [0; SAMPLES as usize],
            taken: 0,
        }
    }

    /// Nothing waits, or something begins to.
    pub(super) fn begin(&mut self) {
        self.taken = 0;
    }

    /// Takes a sample if it is time; whether too little left since the oldest one.
    pub(super) fn stalled(&mut self, now: Instant, written: u64, limits: &OutboxLimits) -> bool {
        if self.taken == 0 {
            // The first look since something began to wait: what has left counts from here.
            self.samples = [written; SAMPLES as usize];
            self.taken = 1;
            self.next = now + limits.stall_timeout / SAMPLES;
            return false;
        }
        if now < self.next {
            return false;
        }
        let oldest = self.taken % SAMPLES as usize;
        let due = STALL_RATE * limits.stall_timeout.as_millis() as u64 / 1000;
        let stalled = self.taken >= SAMPLES as usize && written - self.samples[oldest] < due.max(1);
        self.samples[oldest] = written;
        self.taken += 1;
        self.next = now + limits.stall_timeout / SAMPLES;
        stalled
    }
}
