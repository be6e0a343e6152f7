//! What an actor knows of its crashes: how many there were lately, and who it is in the book of all.

use std::{any::Any, collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    crash_book::{CrashCost, CrashedPart, said},
    flow::Turn,
    id::WorkerId,
    metrics::Metrics,
};

/// More crashes than this within [`CRASH_WINDOW`] put an actor into quarantine.
pub const CRASHES_MAX: usize = 5;
/// See [`CRASHES_MAX`].
pub const CRASH_WINDOW: Duration = Duration::from_secs(10);
/// How long a quarantined actor takes nothing.
pub const QUARANTINE: Duration = Duration::from_secs(30);

/// When an actor crashed lately, and how busy it is.
#[derive(Debug)]
pub struct Crashes {
    who: CrashedPart,
    metrics: Arc<Metrics>,
    recent: VecDeque<Instant>,
    quarantined_until: Option<Instant>,
    pub(super) turn: Turn,
}

impl Crashes {
    /// No crash yet.
    pub fn new(who: CrashedPart, metrics: Arc<Metrics>) -> Self {
        Self {
            who,
            metrics,
            recent: VecDeque::new(),
            quarantined_until: None,
            turn: Turn::default(),
        }
    }

    /// As [`Crashes::new`], for a courier, whose turns are longer.
    pub(crate) fn of_courier(worker: WorkerId, metrics: Arc<Metrics>) -> Self {
        Self {
            turn: Turn::of_courier(),
            ..Self::new(CrashedPart::Courier(worker), metrics)
        }
    }

    /// Whether nothing is to be taken now.
    pub fn quarantined(&mut self) -> bool {
        match self.quarantined_until {
            Some(until) if Instant::now() < until => true,
            Some(_) => {
                self.quarantined_until = None;
                false
            }
            None => false,
        }
    }

    /// What an application runs inside of the actor has panicked with this, and the actor has not.
    pub(crate) fn count_hook(&self, payload: &(dyn Any + Send)) {
        self.count_crash(CrashCost::Piece, said(payload));
    }

    pub(super) fn count_crash(&self, cost: CrashCost, cause: &str) {
        self.metrics.crash_book.note(&self.who, cost, cause);
        // Last: who waits for the count finds the crash in the book.
        Metrics::add(&self.metrics.crashes, 1);
    }

    /// Whether others have run since the actor's message before this one.
    pub fn turn_is_fresh(&self) -> bool {
        self.turn.is_fresh()
    }

    /// What is about to be handled may be long: its time counts in the actor's turn from the first message.
    pub(crate) fn count_time(&mut self) {
        self.turn.counts();
    }

    /// Whether the actor's turn is over in the middle of something that has many parts.
    pub(crate) fn turn_is_over(&mut self) -> bool {
        self.turn.is_over()
    }

    pub(super) fn count(&mut self) -> bool {
        let now = Instant::now();
        self.recent.push_back(now);
        while self
            .recent
            .front()
            .is_some_and(|&first| now - first > CRASH_WINDOW)
        {
            self.recent.pop_front();
        }
        let too_many = self.recent.len() > CRASHES_MAX;
        if too_many {
            self.quarantined_until = Some(now + QUARANTINE);
            self.recent.clear();
        }
        too_many
    }
}
