//! What was answered to a request with an `Idempotency-Key`: who sends it again, also while the first is under way and over
//! whichever listener, has the same answer, and it is done once. Each key of the API has a share of its own, bounded in count
//! and bytes: what would go beyond is refused, so that no promise is forgotten before its time, and for nobody else's sake.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dondo_actors::directory::Directory;
use tokio::sync::watch;

use super::answer::ApiAnswer;

/// How long an answer is kept.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Answers that are kept for one key of the API.
const KEPT_MAX: usize = 10_000;
/// Bytes of them.
const BYTES_MAX: usize = 16 << 20;
/// The same for all keys together: many keys have less each.
const ALL_KEPT_MAX: usize = 4 * KEPT_MAX;
const ALL_BYTES_MAX: usize = 4 * BYTES_MAX;
/// What one takes beside its answer: its key, too, twice.
const OVERHEAD: usize = 1024;
/// Answers that are forgotten at most with one request. It is more than one, so that what is over grows less.
const FORGOTTEN_MAX: usize = 16;

/// Whose key it is, and the key.
type Name = (Arc<str>, Arc<str>);

/// See the module. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Idempotency(Arc<Directory<Arc<str>, Share>>);

/// What is kept for one key of the API.
#[derive(Clone, Default)]
struct Share {
    kept: HashMap<Arc<str>, KeptAnswer>,
    /// Those that are answered, in the order in which their time is over.
    answered: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
}

#[derive(Clone)]
struct KeptAnswer {
    digest: [u8; 32],
    answer: watch::Receiver<Option<ApiAnswer>>,
}

/// How a request with a key begins.
pub(super) enum Claimed {
    /// It is the first, and is to be done.
    First(Claim),
    /// The first one's answer, or nothing where that came to none: then it may be claimed anew.
    Again(watch::Receiver<Option<ApiAnswer>>),
    /// The key was used for another request.
    Different,
    /// As many answers are kept for this key of the API as may be.
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
    pub(super) fn answer(self, answer: ApiAnswer) {
        self.answer_at(answer, Instant::now());
    }

    fn answer_at(mut self, answer: ApiAnswer, now: Instant) {
        self.is_answered = true;
        let (owner, key) = &self.name;
        self.store.0.with(owner, |share| {
            if self.is_in(share) {
                share.bytes += bytes(&answer);
                share.answered.push_back((now + LIFETIME, key.clone()));
            }
            ((), true)
        });
        self.answer.send_replace(Some(answer));
    }

    /// A key of the API may have gone and come again meanwhile, and another claim with it.
    fn is_in(&self, share: &Share) -> bool {
        let kept = share.kept.get(&self.name.1);
        kept.is_some_and(|kept| kept.answer.same_channel(&self.answer.subscribe()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_answered {
            let (owner, key) = &self.name;
            self.store.0.with(owner, |share| {
                if self.is_in(share) {
                    share.kept.remove(key);
                }
                ((), !share.kept.is_empty())
            });
        }
    }
}

impl Idempotency {
    /// Begins a request of this digest under a key, where the API has so many keys.
    pub(super) fn claim(&self, name: Name, digest: [u8; 32], keys: usize) -> Claimed {
        self.claim_at(name, digest, keys, Instant::now())
    }

    fn claim_at(&self, name: Name, digest: [u8; 32], keys: usize, now: Instant) -> Claimed {
        let keys = keys.max(1);
        let most = (
            KEPT_MAX.min(ALL_KEPT_MAX / keys),
            BYTES_MAX.min(ALL_BYTES_MAX / keys),
        );
        let (owner, key) = name.clone();
        self.0.change(owner, Share::default, |share| {
            share.forget(now);
            let claimed = match share.kept.get(&key) {
                Some(kept) if kept.digest != digest => Claimed::Different,
                Some(kept) => Claimed::Again(kept.answer.clone()),
                None if share.kept.len() >= most.0 || share.bytes >= most.1 => Claimed::Full,
                None => {
                    let (sender, answer) = watch::channel(None);
                    share.kept.insert(key, KeptAnswer { digest, answer });
                    Claimed::First(Claim {
                        store: self.clone(),
                        name,
                        answer: sender,
                        is_answered: false,
                    })
                }
            };
            (claimed, true)
        })
    }

    /// A key of the API is gone, and its answers with it.
    pub(super) fn remove(&self, owner: &str) {
        self.0.remove(owner);
    }
}

impl Share {
    /// Takes some of what is over out, oldest first. Which are over needs no look at the others.
    fn forget(&mut self, now: Instant) {
        for _ in 0..FORGOTTEN_MAX {
            let Some((_, key)) = self.answered.pop_front_if(|(end, _)| *end <= now) else {
                return;
            };
            if let Some(kept) = self.kept.remove(&key) {
                self.bytes -= kept.answer.borrow().as_ref().map_or(0, bytes);
            }
        }
    }
}

fn bytes(answer: &ApiAnswer) -> usize {
    answer.body.len() + OVERHEAD
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
        match store.claim_at(name(key), [0; 32], 1, now) {
            Claimed::First(claim) => claim,
            _ => panic!("{key} is not the first"),
        }
    }

    fn share(store: &Idempotency) -> Share {
        store.0.find("shop").unwrap_or_default()
    }

    /// Fails if a request is done twice, with another body under its key, or never again after it failed.
    #[test]
    fn who_comes_again_has_the_answer_of_the_first_or_is_the_first() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let claim = first(&store, "a", now);
        let again = |digest| store.claim_at(name("a"), digest, 1, now);
        let Claimed::Again(waiting) = again([0; 32]) else {
            panic!("done twice");
        };
        assert!(matches!(again([1; 32]), Claimed::Different));
        drop(claim);
        assert!(waiting.has_changed().is_err(), "who waits is told");
        first(&store, "a", now).answer_at(answered("done"), now);
        let Claimed::Again(answer) = again([0; 32]) else {
            panic!("done twice");
        };
        assert_eq!(*answer.borrow(), Some(answered("done")));
        assert!(matches!(again([1; 32]), Claimed::Different));
        let other = ("till".into(), "a".into());
        assert!(matches!(
            store.claim_at(other, [1; 32], 1, now),
            Claimed::First(_)
        ));
        drop(first(&store, "a", now + LIFETIME));
    }

    /// Fails if answers are kept without end, or are forgotten before their time.
    #[test]
    fn as_many_are_kept_as_may_be_and_those_that_are_over_make_room() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        for number in 0..KEPT_MAX {
            let at = if number < 3 { now } else { later };
            first(&store, &number.to_string(), now).answer_at(answered("done"), at);
        }
        let claim = |key, at| store.claim_at(name(key), [0; 32], 1, at);
        assert!(matches!(claim("x", now), Claimed::Full));
        assert!(matches!(claim("0", now), Claimed::Again(_)));
        assert_eq!(share(&store).kept.len(), KEPT_MAX);
        drop(first(&store, "x", now + LIFETIME));
        assert_eq!(share(&store).kept.len(), KEPT_MAX - 3);
        assert!(matches!(claim("3", now + LIFETIME), Claimed::Again(_)));
        for _ in 0..KEPT_MAX {
            drop(first(&store, "x", later + LIFETIME));
        }
        let left = share(&store);
        assert_eq!(
            (left.kept.len(), left.answered.len(), left.bytes),
            (0, 0, 0)
        );
    }

    /// Fails if one key of the API can take the room of another, if many keys may keep more than all together, or if a
    /// request looks at more of what is over than it may.
    #[test]
    fn each_key_of_the_api_has_a_share_of_its_own() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let claim =
            |owner: &str, key: &str, at| store.claim_at((owner.into(), key.into()), [0; 32], 8, at);
        let fill = |owner: &str| {
            let mut count = 0;
            while let Claimed::First(claim) = claim(owner, &count.to_string(), now) {
                claim.answer_at(answered("done"), now);
                count += 1;
            }
            count
        };
        assert_eq!((fill("till"), fill("shop")), (5_000, 5_000));
        drop(claim("shop", "x", now + LIFETIME));
        assert_eq!(share(&store).kept.len(), 5_000 - FORGOTTEN_MAX);
        store.remove("shop");
        assert_eq!(fill("shop"), 5_000);
        assert!(matches!(claim("till", "0", now), Claimed::Again(_)));
    }

    /// Fails if large answers are kept without end.
    #[test]
    fn large_answers_have_a_bound_of_bytes() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let large = ApiAnswer {
            status: StatusCode::OK,
            body: vec![b'x'; BYTES_MAX / 4].into(),
        };
        for key in ["0", "1", "2", "3"] {
            first(&store, key, now).answer_at(large.clone(), now);
        }
        let more = store.claim_at(name("4"), [0; 32], 1, now);
        assert!(matches!(more, Claimed::Full));
    }

    /// Fails if a request whose key of the API has gone and come again frees what another one claimed.
    #[test]
    fn a_claim_frees_its_own_key_alone() {
        let (store, now) = (Idempotency::default(), Instant::now());
        let old = first(&store, "a", now);
        store.remove("shop");
        let new = first(&store, "a", now);
        drop(old);
        assert!(matches!(
            store.claim_at(name("a"), [0; 32], 1, now),
            Claimed::Again(_)
        ));
        drop(new);
    }
}
