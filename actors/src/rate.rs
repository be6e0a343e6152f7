//! Token buckets: how much of something may come in a second, and how many seconds' worth at once. What goes beyond is
//! a debt, for which the debtor is not read until it is paid; nothing is refused (contract 4.3).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rated {
    /// Messages of a transport.
    Messages,
    /// Bytes of messages.
    Bytes,
    /// Joins and leaves of channels and rooms.
    Joins,
    /// Deliveries that messages lead to.
    Deliveries,
}

impl Rated {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Messages, Self::Bytes, Self::Joins, Self::Deliveries];

    /// The setting that limits it, for one session or for all of an address.
    pub fn setting(self, of_address: bool) -> &'static str {
        match (self, of_address) {
            (Self::Messages, false) => "--limits.messages-per-s",
            (Self::Messages, true) => "--limits.address-messages-per-s",
            (Self::Bytes, false) => "--limits.bytes-per-s",
            (Self::Bytes, true) => "--limits.address-bytes-per-s",
            (Self::Joins, false) => "--limits.joins-per-s",
            (Self::Joins, true) => "--limits.address-joins-per-s",
            (Self::Deliveries, false) => "--limits.deliveries-per-s",
            (Self::Deliveries, true) => "--limits.address-deliveries-per-s",
        }
    }
}

impl fmt::Display for Rated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::Bytes => "bytes",
            Self::Joins => "joins and leaves",
            Self::Deliveries => "deliveries",
        })
    }
}

/// The setting that limits messages of all sessions of an account.
pub const ACCOUNT_MESSAGES: &str = "--limits.account-messages-per-s";

/// How much of each kind may come in a second; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// See [`Rated::Messages`].
    pub messages: u64,
    /// See [`Rated::Bytes`].
    pub bytes: u64,
    /// See [`Rated::Joins`].
    pub joins: u64,
    /// See [`Rated::Deliveries`].
    pub deliveries: u64,
    /// How many seconds' worth may come at once.
    pub burst: Duration,
}

impl Rates {
    fn of(&self, what: Rated) -> u64 {
        match what {
            Rated::Messages => self.messages,
            Rated::Bytes => self.bytes,
            Rated::Joins => self.joins,
            Rated::Deliveries => self.deliveries,
        }
    }
}

/// Rates that may change while they hold, for all that are held to them. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct SharedRates(Arc<Present>);

#[derive(Debug, Default)]
struct Present {
    /// By kind.
    per_s: [AtomicU64; Rated::ALL.len()],
    /// Nanoseconds.
    burst: AtomicU64,
}

impl SharedRates {
    /// From now on these hold. What was taken before stays taken: it is owed at the new rates.
    pub fn change(&self, rates: &Rates) {
        for what in Rated::ALL {
            self.0.per_s[what as usize].store(rates.of(what), Relaxed);
        }
        self.0.burst.store(nanoseconds(rates.burst), Relaxed);
    }

    fn of(&self, what: Rated) -> u64 {
        self.0.per_s[what as usize].load(Relaxed)
    }

    fn limit_anything(&self) -> bool {
        self.0.per_s.iter().any(|rate| rate.load(Relaxed) > 0)
    }
}

impl From<Rates> for SharedRates {
    fn from(rates: Rates) -> Self {
        let shared = Self::default();
        shared.change(&rates);
        shared
    }
}

/// The buckets of one session, or of all sessions of an address or of an account.
#[derive(Debug)]
pub struct RateLimiter {
    rates: SharedRates,
    began: Instant,
    /// For each kind the time, in nanoseconds since the beginning, at which its bucket is full again.
    full_at: [AtomicU64; Rated::ALL.len()],
    /// For each kind the rate that this time was reckoned by.
    rate_of: [AtomicU64; Rated::ALL.len()],
}

impl RateLimiter {
    /// Full buckets.
    pub fn new(rates: SharedRates) -> Self {
        Self {
            began: Instant::now(),
            rates,
            full_at: Default::default(),
            rate_of: Default::default(),
        }
    }

    /// The rate that holds. What is owed at another one is reckoned anew, by the first that sees the change.
    fn rate(&self, what: Rated, now: u64) -> u64 {
        let rate = self.rates.of(what);
        let before = &self.rate_of[what as usize];
        let old = before.load(Relaxed);
        if old != rate && before.compare_exchange(old, rate, Relaxed, Relaxed).is_ok() {
            let _ = self.full_at[what as usize].fetch_update(Relaxed, Relaxed, |full_at| {
                let owed = u128::from(full_at.saturating_sub(now));
                let owed = (owed * u128::from(old)).checked_div(u128::from(rate));
                // What is no longer limited is forgiven.
                let owed = u64::try_from(owed.unwrap_or(0)).unwrap_or(u64::MAX);
                Some(now.saturating_add(owed))
            });
        }
        rate
    }

    /// Whether anything is limited.
    pub(crate) fn limits(&self) -> bool {
        self.rates.limit_anything()
    }

    /// Takes so much from a bucket, though it may not hold that much.
    pub fn charge(&self, now: Instant, what: Rated, count: u64) {
        let now = since(self.began, now);
        let rate = self.rate(what, now);
        if rate == 0 || count == 0 {
            return;
        }
        let takes = count.saturating_mul(1_000_000_000) / rate;
        let bucket = &self.full_at[what as usize];
        let _ = bucket.fetch_update(Relaxed, Relaxed, |full_at| {
            Some(full_at.max(now).saturating_add(takes))
        });
    }

    /// How long until nothing is owed, and of what most is.
    pub fn debt(&self, now: Instant) -> Option<(Rated, Duration)> {
        let burst = self.rates.0.burst.load(Relaxed);
        let now = since(self.began, now);
        let allowed = now.saturating_add(burst);
        let owed = |what: Rated| match self.rate(what, now) {
            0 => 0,
            _ => self.full_at[what as usize]
                .load(Relaxed)
                .saturating_sub(allowed),
        };
        let worst = Rated::ALL.into_iter().max_by_key(|&what| owed(what))?;
        match owed(worst) {
            0 => None,
            debt => Some((worst, Duration::from_nanos(debt))),
        }
    }

    /// Whether all buckets are full: nothing is lost with it.
    pub fn is_full(&self) -> bool {
        let now = since(self.began, Instant::now());
        self.full_at
            .iter()
            .all(|full_at| full_at.load(Relaxed) <= now)
    }
}

fn since(began: Instant, now: Instant) -> u64 {
    nanoseconds(now.saturating_duration_since(began))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_what_goes_beyond_is_owed_until_its_time_has_passed() {
        let limiter = RateLimiter::new(SharedRates::from(Rates {
            messages: 100,
            burst: Duration::from_secs(2),
            ..Rates::default()
        }));
        limiter.charge(Instant::now(), Rated::Messages, 200);
        limiter.charge(Instant::now(), Rated::Joins, 1_000_000);
        assert_eq!(limiter.debt(Instant::now()), None);
        limiter.charge(Instant::now(), Rated::Messages, 50);
        let (what, debt) = limiter
            .debt(Instant::now())
            .unwrap_or((Rated::Joins, Duration::ZERO));
        assert_eq!((what, debt), (Rated::Messages, Duration::from_millis(500)));
        tokio::time::sleep(debt).await;
        assert_eq!(limiter.debt(Instant::now()), None);
        assert!(!limiter.is_full());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(limiter.is_full());
    }

    /// Fails if a change reaches only those who come after it, or what is owed outlives its limit.
    #[tokio::test(start_paused = true)]
    async fn a_change_holds_at_once_for_who_is_there() {
        let shared = SharedRates::default();
        let limiter = RateLimiter::new(shared.clone());
        limiter.charge(Instant::now(), Rated::Bytes, 1_000_000);
        assert!(!limiter.limits());
        assert_eq!(limiter.debt(Instant::now()), None);
        shared.change(&Rates {
            bytes: 1000,
            burst: Duration::from_secs(1),
            ..Rates::default()
        });
        assert!(limiter.limits());
        limiter.charge(Instant::now(), Rated::Bytes, 3000);
        let owed = Some((Rated::Bytes, Duration::from_secs(2)));
        assert_eq!(limiter.debt(Instant::now()), owed);
        // Three seconds' worth at 1000 a second are six at 500, and one and a half at 2000.
        for (rate, owed) in [(500, 5000), (2000, 500)] {
            shared.change(&Rates {
                bytes: rate,
                burst: Duration::from_secs(1),
                ..Rates::default()
            });
            let owed = Some((Rated::Bytes, Duration::from_millis(owed)));
            assert_eq!(limiter.debt(Instant::now()), owed, "{rate}");
        }
        shared.change(&Rates::default());
        assert_eq!(limiter.debt(Instant::now()), None);
    }
}
