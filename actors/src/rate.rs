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

/// The buckets of one session, or of all sessions of an address.
#[derive(Debug)]
pub struct RateLimiter {
    rates: Arc<Rates>,
    /// None where nothing is limited.
    began: Option<Instant>,
    /// For each kind the time, in nanoseconds since the beginning, at which its bucket is full again.
    full_at: [AtomicU64; Rated::ALL.len()],
}

impl RateLimiter {
    /// Full buckets.
    pub fn new(rates: Arc<Rates>) -> Self {
        Self {
            began: (*rates != Rates::default()).then(Instant::now),
            rates,
            full_at: Default::default(),
        }
    }

    /// Whether anything is limited.
    pub(crate) fn limits(&self) -> bool {
        self.began.is_some()
    }

    /// Takes so much from a bucket, though it may not hold that much.
    pub fn charge(&self, now: Instant, what: Rated, count: u64) {
        let (Some(began), rate) = (self.began, self.rates.of(what)) else {
            return;
        };
        if rate == 0 || count == 0 {
            return;
        }
        let (now, takes) = (
            since(began, now),
            count.saturating_mul(1_000_000_000) / rate,
        );
        let bucket = &self.full_at[what as usize];
        let _ = bucket.fetch_update(Relaxed, Relaxed, |full_at| {
            Some(full_at.max(now).saturating_add(takes))
        });
    }

    /// How long until nothing is owed, and of what most is.
    pub fn debt(&self, now: Instant) -> Option<(Rated, Duration)> {
        let began = self.began?;
        let allowed = since(began, now).saturating_add(nanoseconds(self.rates.burst));
        let owed = |what: Rated| {
            self.full_at[what as usize]
                .load(Relaxed)
                .saturating_sub(allowed)
        };
        let worst = Rated::ALL.into_iter().max_by_key(|&what| owed(what))?;
        match owed(worst) {
            0 => None,
            debt => Some((worst, Duration::from_nanos(debt))),
        }
    }

    /// Whether all buckets are full: nothing is lost with it.
    pub fn is_full(&self) -> bool {
        let Some(began) = self.began else { return true };
        let now = since(began, Instant::now());
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
        let limiter = RateLimiter::new(Arc::new(Rates {
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
}
