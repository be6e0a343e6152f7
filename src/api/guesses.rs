//! How many wrong keys an address may send: a table of fixed size, so that nobody makes it grow. Two addresses may share a
//! place in it: that costs nothing where a right key is never refused for wrong ones, as by the HTTP API.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_rt::time::sleep;

use crate::network::network;

/// Addresses apart.
const PLACES: usize = 1024;
/// Wrong keys at once.
const BURST: u64 = 10;
/// Milliseconds between two of them afterwards.
const EACH: u64 = 1_000;

/// Answers to one too many that wait at once in one place: each holds a connection, of which there may be few.
const WAITING_MAX: u8 = 4;

/// See the module.
pub(crate) struct Guesses {
    /// Until when the guesses so far count, in milliseconds since `began`.
    until: Box<[AtomicU64]>,
    /// How many answers wait.
    waiting: Box<[AtomicU8]>,
    began: Instant,
    hasher: RandomState,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            until: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            waiting: (0..PLACES).map(|_| AtomicU8::new(0)).collect(),
            began: Instant::now(),
            hasher: RandomState::new(),
        }
    }
}

impl Guesses {
    /// A wrong key came from there; whether that was one too many.
    pub(crate) fn one_more(&self, address: Option<IpAddr>) -> bool {
        self.one_more_of(address.map(network))
    }

    /// The same of whom it knows otherwise than by its address.
    pub(crate) fn one_more_of(&self, whom: impl Hash) -> bool {
        let now = self.began.elapsed().as_millis();
        self.one_more_at(whom, u64::try_from(now).unwrap_or(u64::MAX))
    }

    /// What came from there was right, and no guess.
    pub(crate) fn forgive(&self, address: Option<IpAddr>) {
        self.forgive_of(address.map(network));
    }

    /// The same of whom it knows otherwise than by its address.
    pub(crate) fn forgive_of(&self, whom: impl Hash) {
        if let Some(until) = self.until.get(self.place(whom)) {
            until
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
                    Some(until.saturating_sub(EACH))
                })
                .ok();
        }
    }

    /// Ahead of the answer to one too many: waits for as long as it takes until there may be another one. Who reads the answers before
    /// guessing again has fewer of them, and the hub less to do.
    pub(crate) async fn linger(&self, address: Option<IpAddr>) {
        let Some(waiting) = self.waiting.get(self.place(address.map(network))) else {
            return;
        };
        let taken = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            (waiting < WAITING_MAX).then_some(waiting + 1)
        });
        if taken.is_ok() {
            let _place = Waiting(waiting);
            sleep(Duration::from_millis(EACH)).await;
        }
    }

    fn one_more_at(&self, whom: impl Hash, now: u64) -> bool {
        let Some(until) = self.until.get(self.place(whom)) else {
            return false;
        };
        let counted = until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            let until = until.max(now) + EACH;
            (until <= now + BURST * EACH).then_some(until)
        });
        counted.is_err()
    }

    fn place(&self, whom: impl Hash) -> usize {
        self.hasher.hash_one(whom) as usize % PLACES
    }
}

/// Given back also where the client is gone before its answer.
struct Waiting<'a>(&'a AtomicU8);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    /// Fails if an answer to one too many comes at once, more of them wait than may, or who is gone keeps its place.
    #[actix_rt::test]
    async fn few_answers_wait_at_once_and_who_is_gone_leaves_its_place() {
        let guesses = Guesses::default();
        let address = "10.0.0.1".parse::<IpAddr>().ok();
        let mut first = Box::pin(guesses.linger(address));
        assert_eq!(first.as_mut().now_or_never(), None);
        let mut others: Vec<_> = (1..WAITING_MAX)
            .map(|_| Box::pin(guesses.linger(address)))
            .collect();
        for other in &mut others {
            assert_eq!(other.as_mut().now_or_never(), None);
        }
        assert_eq!(pin!(guesses.linger(address)).now_or_never(), Some(()));
        drop(others);
        assert_eq!(pin!(guesses.linger(address)).now_or_never(), None);
        first.await;
    }

    /// Fails if guesses are not limited, or the limit outlasts them.
    #[test]
    fn ten_guesses_at_once_and_then_one_a_second() {
        let guesses = Guesses::default();
        let address = "10.0.0.1".parse::<IpAddr>().ok();
        let too_many = |now| guesses.one_more_at(address, now);
        assert!((0..BURST).all(|_| !too_many(5)));
        assert!(too_many(5) && too_many(500));
        assert!(!too_many(1_006) && too_many(1_006));
        assert!((0..BURST).all(|_| !too_many(1_000_000)));
        guesses.forgive_of(address);
        assert!(!too_many(1_000_000), "a right one is no guess");
        // Of one network of IPv6 all count as one.
        let of = |end: u16| Some(IpAddr::V6([0x2001, 0xdb8, 0, 1, 0, 0, 0, end].into()));
        let refused =
            (0..=BURST as u16).filter(|end| guesses.one_more_at(of(*end).map(network), 2_000_000));
        assert_eq!(refused.count(), 1);
    }
}
