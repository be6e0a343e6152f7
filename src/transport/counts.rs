//! The numbers of one endpoint: changed where something happens, so that reading them costs the same at any number of
//! sessions.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::refusal::Refusal;
use super::stage::Stage;

/// Connections by stage, and refusals by cause.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    // Signed: one thread may take away what another has yet to add.
    stages: [AtomicI64; Stage::ALL.len()],
    refusals: [AtomicU64; Refusal::ALL.len()],
}

impl Counts {
    /// A connection stands at `stage` now.
    pub(super) fn enter(&self, stage: Stage) {
        self.stages[stage as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A connection stands at `stage` no more.
    pub(super) fn leave(&self, stage: Stage) {
        self.stages[stage as usize].fetch_sub(1, Ordering::Relaxed);
    }

    /// A request was refused.
    pub(super) fn refused(&self, refusal: Refusal) {
        self.refusals[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many connections stand at each stage.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let count = |stage: Stage| {
            let count = self.stages[stage as usize].load(Ordering::Relaxed);
            u64::try_from(count).unwrap_or(0)
        };
        Stage::ALL
            .map(|stage| (stage.as_str(), count(stage)))
            .into_iter()
    }

    /// How many requests were refused for each cause.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let count = |refusal: Refusal| self.refusals[refusal as usize].load(Ordering::Relaxed);
        Refusal::ALL
            .map(|refusal| (refusal.as_str(), count(refusal)))
            .into_iter()
    }
}
