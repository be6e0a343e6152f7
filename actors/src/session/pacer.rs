//! How fast a session's client sends, and how fast all of its address do.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    account::AddressAccount,
    rate::{RateLimiter, Rated},
};

/// A debt shorter than this is left to grow.
const DEBT_MIN: Duration = Duration::from_millis(10);

/// What was done too fast.
pub(super) struct Debt {
    pub(super) what: Rated,
    /// All of the address did, and not this one alone.
    pub(super) of_address: bool,
    /// How long until it is paid.
    pub(super) time: Duration,
}

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
    pub(super) fn debt(&self, now: Instant) -> Option<Debt> {
        let address = self
            .address
            .as_ref()
            .and_then(|address| address.rates().debt(now));
        let debt = |of_address| {
            move |(what, time)| Debt {
                what,
                of_address,
                time,
            }
        };
        let own = self.own.debt(now).map(debt(false));
        let debts = own.into_iter().chain(address.map(debt(true)));
        debts
            .max_by_key(|debt| debt.time)
            .filter(|debt| debt.time >= DEBT_MIN)
    }
}
