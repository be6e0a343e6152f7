//! What was said under an `Idempotency-Key`: who sends the same again, also while the first is under way and over whichever
//! listener, has what came of it, and only what certainly was not said is said now. Each key of the API has a share of its own,
//! bounded in count and bytes: what would go beyond is refused, so that no promise is forgotten before its time, and for nobody
//! else's sake.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dondo_actors::directory::Directory;
use serde_json::value::RawValue;
use tokio::sync::watch;

/// How long it is known what was said under a key, from the first time on.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Requests of one key of the API that are known.
const KEPT_MAX: usize = 10_000;
/// Bytes of them.
const BYTES_MAX: usize = 16 << 20;
/// The same for all keys together: many keys have less each.
const ALL_KEPT_MAX: usize = 4 * KEPT_MAX;
const ALL_BYTES_MAX: usize = 4 * BYTES_MAX;
/// What one takes beside what came of it: its key, too, twice.
const OVERHEAD: usize = 1024;
/// What a message takes beside its answer.
const MESSAGE_OVERHEAD: usize = 40;
/// Requests that are forgotten at most with one request. It is more than one, so that what is over grows less.
const FORGOTTEN_MAX: usize = 16;

/// Whose key it is, and the key.
type Name = (Arc<str>, Arc<str>);

/// What came of a message that is not said again.
#[derive(Clone, Debug)]
pub(super) enum SaidOnce {
    /// It was said: the answer.
    Published(Arc<RawValue>),
    /// Nobody knows whether it was.
    Unknown,
}

/// Of each message of a request what came of it; none: it certainly was not said.
type SaidOfEach = Arc<[Option<SaidOnce>]>;

/// See the module. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Idempotency(Arc<Directory<Arc<str>, Share>>);

/// What is kept for one key of the API.
#[derive(Clone, Default)]
struct Share {
    kept: HashMap<Arc<str>, KeptRequest>,
    /// Those of which something was said, in the order in which their time is over.
    said: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
}

#[derive(Clone)]
struct KeptRequest {
    digest: [u8; 32],
    said: SaidOfEach,
    /// Ends with the request that says what is to be said yet, if one does.
    under_way: Option<watch::Receiver<()>>,
}

/// How a request with a key begins.
pub(super) enum Claimed {
    /// Something is to be said, and this request says it.
    First(Claim),
    /// All was said, or may have been.
    Done(SaidOfEach),
    /// Another request is at it: when this ends it may be claimed anew.
    UnderWay(watch::Receiver<()>),
    /// The key was used for another request.
    Different,
    /// As many requests are known of this key of the API as may be.
    Full,
}

/// A request that is done under a key. However it ends, what was said by then is known, and what may have been; where that is
/// nothing, the key is free again.
pub(super) struct Claim {
    store: Idempotency,
    name: Name,
    said: Vec<Option<SaidOnce>>,
    under_way: watch::Sender<()>,
}

impl Claim {
    /// What came of a message under this key before.
    pub(super) fn said(&self, message: usize) -> Option<&SaidOnce> {
        self.said.get(message)?.as_ref()
    }

    /// From now on nobody knows whether a message was said, until it is told.
    pub(super) fn begins(&mut self, message: usize) {
        self.came_to(message, Some(SaidOnce::Unknown));
    }

    /// What came of it; none: it certainly was not said.
    pub(super) fn came_to(&mut self, message: usize, said: Option<SaidOnce>) {
        if let Some(of_message) = self.said.get_mut(message) {
            *of_message = said;
        }
    }

    fn end_at(&mut self, now: Instant) {
        let said = SaidOfEach::from(std::mem::take(&mut self.said));
        let (owner, key) = &self.name;
        self.store.0.with(owner, |share| {
            if self.is_in(share) {
                share.keep(key, said, now);
            }
            ((), !share.kept.is_empty())
        });
    }

    /// A key of the API may have gone and come again meanwhile, and another claim with it.
    fn is_in(&self, share: &Share) -> bool {
        let kept = share.kept.get(&self.name.1);
        let under_way = kept.and_then(|kept| kept.under_way.as_ref());
        under_way.is_some_and(|one| one.same_channel(&self.under_way.subscribe()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.end_at(Instant::now());
    }
}

impl Idempotency {
    /// Begins a request of this digest with so many messages under a key, where the API has so many keys.
    pub(super) fn claim(
        &self,
        name: Name,
        (digest, messages): ([u8; 32], usize),
        keys: usize,
    ) -> Claimed {
        self.claim_at(name, (digest, messages), keys, Instant::now())
    }

    fn claim_at(
        &self,
        name: Name,
        (digest, messages): ([u8; 32], usize),
        keys: usize,
        now: Instant,
    ) -> Claimed {
        let keys = keys.max(1);
        let most = (
            KEPT_MAX.min(ALL_KEPT_MAX / keys),
            BYTES_MAX.min(ALL_BYTES_MAX / keys),
        );
        let (owner, key) = name.clone();
        self.0.change(owner, Share::default, |share| {
            share.forget(now);
            let is_full = share.kept.len() >= most.0 || share.bytes >= most.1;
            let new = || KeptRequest {
                digest,
                said: vec![None; messages].into(),
                under_way: None,
            };
            let kept = match share.kept.get_mut(&key) {
                None if is_full => return (Claimed::Full, true),
                None => share.kept.entry(key).or_insert_with(new),
                Some(kept) => kept,
            };
            let claimed = match &kept.under_way {
                _ if kept.digest != digest => Claimed::Different,
                Some(ends) => Claimed::UnderWay(ends.clone()),
                None if kept.said.iter().all(Option::is_some) => Claimed::Done(kept.said.clone()),
                None => {
                    let (under_way, ends) = watch::channel(());
                    kept.under_way = Some(ends);
                    Claimed::First(Claim {
                        store: self.clone(),
                        name,
                        said: kept.said.to_vec(),
                        under_way,
                    })
                }
            };
            (claimed, true)
        })
    }

    /// A key of the API is gone, and what was said under its keys with it.
    pub(super) fn remove(&self, owner: &str) {
        self.0.remove(owner);
    }
}

impl Share {
    /// A request under way has come to its end.
    fn keep(&mut self, key: &Arc<str>, said: SaidOfEach, now: Instant) {
        let Some(kept) = self.kept.get_mut(key) else {
            return;
        };
        let (before, after) = (bytes(&kept.said), bytes(&said));
        kept.said = said;
        kept.under_way = None;
        match (before, after) {
            (_, None) => drop(self.kept.remove(key)),
            (None, Some(_)) => self.said.push_back((now + LIFETIME, key.clone())),
            (Some(_), Some(_)) => {}
        }
        self.bytes = self.bytes - before.unwrap_or(0) + after.unwrap_or(0);
    }

    /// Takes some of what is over out, oldest first. Which are over needs no look at the others.
    fn forget(&mut self, now: Instant) {
        for _ in 0..FORGOTTEN_MAX {
            let Some((_, key)) = self.said.pop_front_if(|(end, _)| *end <= now) else {
                return;
            };
            if let Some(kept) = self.kept.remove(&key) {
                self.bytes -= bytes(&kept.said).unwrap_or(0);
            }
        }
    }
}

/// What it takes to know what was said; nothing where nothing was.
fn bytes(said: &[Option<SaidOnce>]) -> Option<usize> {
    let of_message = |said: &Option<SaidOnce>| match said {
        Some(SaidOnce::Published(answer)) => MESSAGE_OVERHEAD + answer.get().len(),
        Some(SaidOnce::Unknown) | None => MESSAGE_OVERHEAD,
    };
    let is_any = said.iter().any(Option::is_some);
    is_any.then(|| OVERHEAD + said.iter().map(of_message).sum::<usize>())
}

#[cfg(test)]
mod tests;
