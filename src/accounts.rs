//! What is known of accounts, for the limits that hold for all clients of one: how many there are, how fast they send, and when
//! they may speak next in channels with slow mode. It lives as long as a client does, and after that until what is owed is paid.
//! Knows no client: whoever lets one in keeps its [`AccountPlace`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dondo_actors::directory::Directory;
use dondo_actors::rate::{RateLimiter, SharedRates};
use tokio::time::Instant;

use crate::turns::Turns;

/// Accounts that are known at least before those that nothing is left of are looked for.
const SWEPT_FROM: usize = 1024;
/// Accounts without a client that are remembered for what they owe. Who can make more of them than that is forgiven.
const OWING_MAX: usize = 20_000;

/// The settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountBounds {
    /// Clients that one account may have in a namespace.
    pub(crate) sessions_max: Option<usize>,
    /// How fast all of them send.
    pub(crate) rates: SharedRates,
}

/// As many clients are in as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyOfAccount {
    pub(crate) sessions_max: usize,
}

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts(Arc<AccountsState>);

#[derive(Debug, Default)]
struct AccountsState {
    bounds: AccountBounds,
    known: Directory<Arc<str>, KnownAccount>,
    /// From how many on they are swept next.
    swept_from: AtomicUsize,
}

#[derive(Clone, Debug)]
struct KnownAccount {
    /// How many clients it has, by namespace.
    clients: BTreeMap<Arc<str>, usize>,
    rates: Arc<RateLimiter>,
    turns: Turns,
}

impl KnownAccount {
    fn owes(&self, now: Instant) -> bool {
        !self.rates.is_full() || self.turns.is_any_left(now)
    }

    fn is_needed(&self, now: Instant) -> bool {
        !self.clients.is_empty() || self.owes(now)
    }
}

/// A client's place among those of its account. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct AccountPlace {
    accounts: Accounts,
    account: Arc<str>,
    namespace: Arc<str>,
    rates: Arc<RateLimiter>,
}

impl AccountPlace {
    /// How fast all clients of the account send.
    pub(crate) fn rates(&self) -> &Arc<RateLimiter> {
        &self.rates
    }
}

impl Drop for AccountPlace {
    fn drop(&mut self) {
        let now = Instant::now();
        self.accounts.0.known.with(&self.account, |known| {
            if let Some(clients) = known.clients.get_mut(&self.namespace) {
                *clients -= 1;
                if *clients == 0 {
                    known.clients.remove(&self.namespace);
                }
            }
            ((), known.is_needed(now))
        });
    }
}

impl Accounts {
    pub(crate) fn new(bounds: AccountBounds) -> Self {
        Self(Arc::new(AccountsState {
            bounds,
            ..AccountsState::default()
        }))
    }

    /// How fast all clients of an account send, each account for itself.
    pub(crate) fn rates(&self) -> &SharedRates {
        &self.0.bounds.rates
    }

    /// Lets a client of an account into a namespace; one that is `exempt` however many there are.
    pub(crate) fn enter(
        &self,
        account: &Arc<str>,
        namespace: &Arc<str>,
        exempt: bool,
    ) -> Result<AccountPlace, TooManyOfAccount> {
        self.sweep();
        let most = self.0.bounds.sessions_max.filter(|_| !exempt);
        let now = Instant::now();
        let rates = self.0.known.change(
            account.clone(),
            || self.new_account(),
            |known| {
                let clients = known.clients.get(namespace).copied().unwrap_or(0);
                if let Some(sessions_max) = most.filter(|most| clients >= *most) {
                    return (Err(TooManyOfAccount { sessions_max }), known.is_needed(now));
                }
                known.clients.insert(namespace.clone(), clients + 1);
                (Ok(known.rates.clone()), true)
            },
        )?;
        Ok(AccountPlace {
            accounts: self.clone(),
            account: account.clone(),
            namespace: namespace.clone(),
            rates,
        })
    }

    /// Changes when an account may speak where.
    pub(crate) fn turns<R>(&self, account: &Arc<str>, change: impl FnOnce(&mut Turns) -> R) -> R {
        let now = Instant::now();
        self.0.known.change(
            account.clone(),
            || self.new_account(),
            |known| {
                let answer = change(&mut known.turns);
                (answer, known.is_needed(now))
            },
        )
    }

    fn new_account(&self) -> KnownAccount {
        KnownAccount {
            clients: BTreeMap::new(),
            rates: Arc::new(RateLimiter::new(self.0.bounds.rates.clone())),
            turns: Turns::default(),
        }
    }

    /// Forgets accounts of which nothing is left. Looked for where there are twice as many as the last time, so what it takes
    /// is a constant for each that came.
    fn sweep(&self) {
        let known = &self.0.known;
        let due = self.0.swept_from.load(Ordering::Relaxed).max(SWEPT_FROM);
        if known.len() < due {
            return;
        }
        let now = Instant::now();
        let mut owing = 0;
        known.retain(|account| {
            let is_owing = account.clients.is_empty();
            owing += usize::from(is_owing && account.owes(now));
            account.is_needed(now) && !(is_owing && owing > OWING_MAX)
        });
        let next = known.len().saturating_mul(2);
        self.0.swept_from.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use dondo_actors::rate::Rates;

    use super::*;

    fn accounts(sessions_max: usize, messages: u64) -> Accounts {
        Accounts::new(AccountBounds {
            sessions_max: Some(sessions_max),
            rates: SharedRates::from(Rates {
                messages,
                burst: Duration::from_secs(1),
                ..Rates::default()
            }),
        })
    }

    /// Fails if a client takes no place or keeps it, one namespace's clients take those of another, or who is exempt is refused.
    #[tokio::test(start_paused = true)]
    async fn an_account_has_so_many_clients_in_each_namespace() {
        let accounts = accounts(2, 0);
        let (ama, root, other): (Arc<str>, Arc<str>, Arc<str>) =
            ("ama".into(), "/".into(), "/other".into());
        let first = accounts.enter(&ama, &root, false).unwrap();
        let second = accounts.enter(&ama, &root, false).unwrap();
        let refused = accounts.enter(&ama, &root, false).unwrap_err();
        assert_eq!(refused.sessions_max, 2);
        let elsewhere = accounts.enter(&ama, &other, false).unwrap();
        let moderator = accounts.enter(&ama, &root, true).unwrap();
        drop((moderator, first));
        let again = accounts.enter(&ama, &root, false).unwrap();
        assert!(accounts.enter(&ama, &root, false).is_err());
        drop((second, again, elsewhere));
        assert_eq!(accounts.0.known.len(), 0);
    }

    /// Fails if each client of an account has a rate of its own, or another account's clients owe with them.
    #[tokio::test(start_paused = true)]
    async fn the_clients_of_an_account_have_one_rate() {
        let accounts = accounts(10, 10);
        let (ama, kofi, root): (Arc<str>, Arc<str>, Arc<str>) =
            ("ama".into(), "kofi".into(), "/".into());
        let enter = |account| accounts.enter(account, &root, false).unwrap();
        let (first, second, other) = (enter(&ama), enter(&ama), enter(&kofi));
        let what = dondo_actors::rate::Rated::Messages;
        first.rates().charge(Instant::now(), what, 100);
        assert!(second.rates().debt(Instant::now()).is_some());
        assert_eq!(other.rates().debt(Instant::now()), None);
    }

    /// Fails if who comes again owes nothing any more, or an account that owes nothing is kept for ever.
    #[tokio::test(start_paused = true)]
    async fn what_an_account_owes_outlives_its_last_client_and_nothing_else_does() {
        let accounts = accounts(10, 10);
        let (ama, root): (Arc<str>, Arc<str>) = ("ama".into(), "/".into());
        let place = accounts.enter(&ama, &root, false).unwrap();
        let what = dondo_actors::rate::Rated::Messages;
        place.rates().charge(Instant::now(), what, 100);
        drop(place);
        let again = accounts.enter(&ama, &root, false).unwrap();
        assert!(again.rates().debt(Instant::now()).is_some());
        drop(again);
        assert_eq!(accounts.0.known.len(), 1);
        tokio::time::sleep(Duration::from_secs(11)).await;
        let crowd: Vec<_> = (0..SWEPT_FROM)
            .map(|one| {
                accounts
                    .enter(&one.to_string().into(), &root, false)
                    .unwrap()
            })
            .collect();
        assert!(accounts.0.known.find(&ama).is_none());
        assert_eq!(accounts.0.known.len(), crowd.len());
    }

    /// Fails if those that are gone and owe something are kept however many they are.
    #[tokio::test(start_paused = true)]
    async fn so_many_are_remembered_for_what_they_owe() {
        let accounts = accounts(10, 1);
        let root: Arc<str> = "/".into();
        for one in 0..3 * OWING_MAX {
            let place = accounts.enter(&one.to_string().into(), &root, false);
            let place = place.unwrap();
            let what = dondo_actors::rate::Rated::Messages;
            place.rates().charge(Instant::now(), what, 100);
        }
        let known = accounts.0.known.len();
        assert!(known <= 2 * OWING_MAX + SWEPT_FROM, "{known}");
    }
}
