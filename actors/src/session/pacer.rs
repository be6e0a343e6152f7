//! How fast a session's client sends, and how fast all of its address do, and all of the accounts that it is in namespaces as.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    account::AddressAccount,
    rate::{ACCOUNT_MESSAGES, RateLimiter, Rated},
};

/// A debt shorter than this is left to grow.
const DEBT_MIN: Duration = Duration::from_millis(10);

/// What was done too fast.
pub(super) struct Debt {
    pub(super) what: Rated,
    /// What limits it.
    pub(super) setting: &'static str,
    /// How long until it is paid.
    pub(super) time: Duration,
}

/// Counts what a session's client does, for itself and for its address.
pub(super) struct Pacer {
    pub(super) own: RateLimiter,
    pub(super) address: Option<Arc<AddressAccount>>,
    /// One for each member with a login: a session is mostly in one namespace.
    accounts: RefCell<Vec<Arc<RateLimiter>>>,
}

/// While it is there a session's messages count for an account.
pub(super) struct AccountPace {
    pacer: Rc<Pacer>,
    rates: Arc<RateLimiter>,
}

impl Drop for AccountPace {
    fn drop(&mut self) {
        let mut accounts = self.pacer.accounts.borrow_mut();
        let own = accounts
            .iter()
            .position(|one| Arc::ptr_eq(one, &self.rates));
        if let Some(own) = own {
            accounts.swap_remove(own);
        }
    }
}

impl Pacer {
    pub(super) fn new(own: RateLimiter, address: Option<Arc<AddressAccount>>) -> Self {
        Self {
            own,
            address,
            accounts: RefCell::default(),
        }
    }

    /// Its messages count for an account, too, until the answer is dropped.
    pub(super) fn of_account(self: &Rc<Self>, rates: Arc<RateLimiter>) -> AccountPace {
        self.accounts.borrow_mut().push(rates.clone());
        AccountPace {
            pacer: self.clone(),
            rates,
        }
    }

    /// The limiters of its accounts, each once: who is in several namespaces as one account says each message once.
    fn each_account(&self, mut look: impl FnMut(&RateLimiter)) {
        let accounts = self.accounts.borrow();
        for (place, rates) in accounts.iter().enumerate() {
            if !accounts[..place].iter().any(|one| Arc::ptr_eq(one, rates)) {
                look(rates);
            }
        }
    }

    pub(super) fn charge(&self, what: Rated, count: usize) {
        if self.limits() {
            self.charge_at(Instant::now(), what, count);
        }
    }

    /// Whether anything is limited.
    pub(super) fn limits(&self) -> bool {
        let address = self.address.as_ref();
        self.own.limits()
            || address.is_some_and(|address| address.rates().limits())
            || self.accounts.borrow().iter().any(|rates| rates.limits())
    }

    pub(super) fn charge_at(&self, now: Instant, what: Rated, count: usize) {
        self.own.charge(now, what, count as u64);
        if let Some(address) = &self.address {
            address.rates().charge(now, what, count as u64);
        }
        self.each_account(|rates| rates.charge(now, what, count as u64));
    }

    /// How long the client is not to be read, if that is worth a timer.
    pub(super) fn debt(&self, now: Instant) -> Option<Debt> {
        let address = self
            .address
            .as_ref()
            .and_then(|address| address.rates().debt(now));
        let debt = |of_address| {
            move |(what, time): (Rated, Duration)| Debt {
                what,
                setting: what.setting(of_address),
                time,
            }
        };
        let own = self.own.debt(now).map(debt(false));
        let mut of_accounts = None;
        self.each_account(|rates| {
            let debt = rates.debt(now).map(|(what, time)| Debt {
                what,
                setting: ACCOUNT_MESSAGES,
                time,
            });
            let longest = of_accounts.take().into_iter().chain(debt);
            of_accounts = longest.max_by_key(|debt: &Debt| debt.time);
        });
        let debts = own.into_iter().chain(address.map(debt(true)));
        debts
            .chain(of_accounts)
            .max_by_key(|debt| debt.time)
            .filter(|debt| debt.time >= DEBT_MIN)
    }
}
