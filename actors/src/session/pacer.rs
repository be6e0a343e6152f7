//! How fast a session's client sends, and how fast all of its address do.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    account::AddressAccount,
    rate::{RateLimiter, Rated},
};

/// A debt shorter than this is left to grow.
const DEBT_MIN: Duration = Duration::from_millis(10);

/// Counts what a session's client does, for itself and for its address.
pub(super) struct Pacer {
    pub(super) own: RateLimiter,
    pub(super) address: Option<Arc<AddressAccount>>,
}

impl Pacer {
    pub(super) fn charge(&self, what: Rated, count: usize) {
        if self.limits() {
            self.charge_at(Instant::now(), what, count);
        }
    }

    /// Whether anything is limited.
    pub(super) fn limits(&self) -> bool {
        let address = self.address.as_ref();
        self.own.limits() || address.is_some_and(|address| address.rates().limits())
    }

    pub(super) fn charge_at(&self, now: Instant, what: Rated, count: usize) {
        self.own.charge(now, what, count as u64);
        if let Some(address) = &self.address {
            address.rates().charge(now, what, count as u64);
        }
    }

    /// How long the client is not to be read, if that is worth a timer.
    pub(super) fn debt(&self, now: Instant) -> Option<(Rated, Duration)> {
        let address = self
            .address
            .as_ref()
            .and_then(|address| address.rates().debt(now));
        let debts = self.own.debt(now).into_iter().chain(address);
        debts
            .max_by_key(|(_, debt)| *debt)
            .filter(|(_, debt)| *debt >= DEBT_MIN)
    }
}
