//! What was answered to a request with an `Idempotency-Key`: who sends it again, also while the first is under way and over
//! whichever listener, has the same answer, and it is done once. Bounded in count, age and bytes; what would go beyond is
//! refused, so that no promise is forgotten before its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dondo_actors::directory::Directory;
use tokio::sync::watch;

use super::answer::ApiAnswer;

/// How long an answer is kept.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Answers that are kept.
const KEPT_MAX: usize = 10_000;
/// Bytes of them, and of their keys.
const BYTES_MAX: usize = 16 << 20;
/// What one takes beside its answer.
const OVERHEAD: usize = 512;

/// Whose key it is, and the key.
type Name = (Arc<str>, Arc<str>);

/// See the module. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Idempotency(Arc<KeptAnswers>);

#[derive(Default)]
struct KeptAnswers {
    of: Directory<Name, KeptAnswer>,
    bytes: AtomicUsize,
}

#[derive(Clone)]
struct KeptAnswer {
    name: Name,
    digest: [u8; 32],
    since: Instant,
    answer: watch::Receiver<Option<ApiAnswer>>,
}

impl KeptAnswer {
    fn bytes(&self) -> usize {
        let answer = self.answer.borrow();
        let body = answer.as_ref().map_or(0, |answer| answer.body.len());
        body + OVERHEAD
    }

    fn is_over(&self, now: Instant) -> bool {
        self.answer.borrow().is_some() && now.duration_since(self.since) >= LIFETIME
    }
}

/// How a request with a key begins.
pub(super) enum Claimed {
    /// It is the first, and is to be done.
    First(Claim),
    /// The first one's answer, or nothing where that came to none: then it may be claimed anew.
    Again(watch::Receiver<Option<ApiAnswer>>),
    /// The key was used for another request.
    Different,
    /// As many answers are kept as may be.
    Full,
}

/// A request that is done under a key. Dropped without an answer it leaves the key free.
pub(super) struct Claim {
    store: Idempotency,
    name: Name,
    answer: watch::Sender<Option<ApiAnswer>>,
    is_answered: bool,
}

impl Claim {
    /// Keeps the answer for its lifetime.
    pub(super) fn answer(mut self, answer: ApiAnswer) {
        self.is_answered = true;
        let store = &self.store.0;
        store
            .bytes
            .fetch_add(answer.body.len() + OVERHEAD, Ordering::Relaxed);
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_answered {
            self.store.0.of.remove(&self.name);
        }
    }
}

impl Idempotency {
    /// Begins a request of this digest under a key.
    pub(super) fn claim(&self, name: Name, digest: [u8; 32]) -> Claimed {
        let now = Instant::now();
        self.claim_at(name, digest, now)
    }

    fn claim_at(&self, name: Name, digest: [u8; 32], now: Instant) -> Claimed {
        let store = &self.0;
        let is_full =
            || store.of.len() >= KEPT_MAX || store.bytes.load(Ordering::Relaxed) >= BYTES_MAX;
        if is_full() {
            self.forget(now);
        }
        let full = is_full();
        let (sender, answer) = watch::channel(None);
        let mut sender = Some(sender);
        let fresh = KeptAnswer {
            name: name.clone(),
            digest,
            since: now,
            answer,
        };
        let kept = store.of.change(
            name.clone(),
            || fresh.clone(),
            |kept| {
                if kept.is_over(now) {
                    store.bytes.fetch_sub(kept.bytes(), Ordering::Relaxed);
                    *kept = fresh.clone();
                }
                let is_fresh = kept.answer.same_channel(&fresh.answer);
                (kept.clone(), !(is_fresh && full))
            },
        );
        let is_first = kept.answer.same_channel(&fresh.answer);
        match sender.take().filter(|_| is_first) {
            Some(_) if full => Claimed::Full,
            Some(answer) => Claimed::First(Claim {
                store: self.clone(),
                name,
                answer,
                is_answered: false,
            }),
            None if kept.digest != digest => Claimed::Different,
            None => Claimed::Again(kept.answer),
        }
    }

    fn forget(&self, now: Instant) {
        for kept in self.0.of.all() {
            if kept.is_over(now) {
                self.0.of.with(&kept.name, |present| {
                    let is_over = present.is_over(now);
                    if is_over {
                        self.0.bytes.fetch_sub(present.bytes(), Ordering::Relaxed);
                    }
                    ((), !is_over)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use actix_web::http::StatusCode;

    use super::*;

    fn name(key: &str) -> Name {
        ("shop".into(), key.into())
    }

    fn answered(text: &'static str) -> ApiAnswer {
        ApiAnswer {
            status: StatusCode::OK,
            body: text.into(),
        }
    }

    fn first(store: &Idempotency, key: &str, now: Instant) -> Claim {
        match store.claim_at(name(key), [0; 32], now) {
            Claimed::First(claim) => claim,
            _ => panic!("{key} is not the first"),
        }
    }

    /// Fails if a request is done twice, with another body under its key, or never again after it failed.
    #[test]
    fn who_comes_again_has_the_answer_of_the_first_or_is_the_first() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let claim = first(&store, "a", now);
        let again = |digest| store.claim_at(name("a"), digest, now);
        let Claimed::Again(waiting) = again([0; 32]) else {
            panic!("done twice");
        };
        assert!(matches!(again([1; 32]), Claimed::Different));
        drop(claim);
        assert!(waiting.has_changed().is_err(), "who waits is told");
        first(&store, "a", now).answer(answered("done"));
        let Claimed::Again(answer) = again([0; 32]) else {
            panic!("done twice");
        };
        assert_eq!(*answer.borrow(), Some(answered("done")));
        assert!(matches!(again([1; 32]), Claimed::Different));
        let other = ("till".into(), "a".into());
        assert!(matches!(
            store.claim_at(other, [1; 32], now),
            Claimed::First(_)
        ));
        drop(first(&store, "a", now + LIFETIME));
    }

    /// Fails if answers are kept without end, or are forgotten before their time.
    #[test]
    fn as_many_are_kept_as_may_be_and_those_that_are_over_make_room() {
        let (store, now) = (Idempotency::default(), Instant::now());
        for number in 0..KEPT_MAX {
            first(&store, &number.to_string(), now).answer(answered("done"));
        }
        assert!(matches!(
            store.claim_at(name("x"), [0; 32], now),
            Claimed::Full
        ));
        assert!(matches!(
            store.claim_at(name("0"), [0; 32], now),
            Claimed::Again(_)
        ));
        assert_eq!(store.0.of.len(), KEPT_MAX);
        drop(first(&store, "x", now + LIFETIME));
        assert_eq!(
            (store.0.of.len(), store.0.bytes.load(Ordering::Relaxed)),
            (0, 0)
        );
    }
}
