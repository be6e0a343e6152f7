//! How many functions that block run at once on a worker's pool: of one client, of those of an account or an address, and all
//! together. The others wait in order, and hold no thread. Knows no function.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::{Arc, Weak},
    thread,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::shares::ShareKey;

/// Threads of a worker's pool that such functions take at most.
const WORKER_MAX: usize = 16;
/// Threads that actix-web's workers have in their pools together, where the host says nothing else.
const POOLS: usize = 512;

/// How many there are on each worker.
#[derive(Clone, Copy, Debug)]
struct PlaceLimits {
    worker: usize,
    share: usize,
    client: usize,
}

impl PlaceLimits {
    /// Half of a worker's pool at most, where there is a worker for each processor; of these half for one account, and half of
    /// that for one client.
    fn new(processors: usize) -> Self {
        let worker = (POOLS / 2 / processors.max(1)).clamp(1, WORKER_MAX);
        Self {
            worker,
            share: (worker / 2).max(1),
            client: (worker / 4).max(1),
        }
    }
}

/// The places of one worker.
struct WorkerPlaces {
    limits: PlaceLimits,
    all: Arc<Semaphore>,
    /// Those that somebody has, or waits for.
    shares: RefCell<HashMap<ShareKey, Weak<Semaphore>>>,
    /// So many shares, and those that nobody has are looked for.
    crowded: Cell<usize>,
}

/// Fewer shares are kept, whether somebody has them or not.
const SHARES_KEPT: usize = 64;

thread_local! {
    static WORKER: WorkerPlaces = WorkerPlaces::new();
}

impl WorkerPlaces {
    fn new() -> Self {
        let processors = thread::available_parallelism();
        let limits = PlaceLimits::new(processors.map_or(1, usize::from));
        Self {
            limits,
            all: Arc::new(Semaphore::new(limits.worker)),
            shares: RefCell::default(),
            crowded: Cell::new(SHARES_KEPT),
        }
    }

    fn share(&self, key: ShareKey) -> Arc<Semaphore> {
        let mut shares = self.shares.borrow_mut();
        if let Some(share) = shares.get(&key).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= self.crowded.get() {
            shares.retain(|_, share| share.strong_count() > 0);
            self.crowded.set(shares.len() * 2 + SHARES_KEPT);
        }
        let share = Arc::new(Semaphore::new(self.limits.share));
        shares.insert(key, Arc::downgrade(&share));
        share
    }
}

/// The places of one client, kept with it. What waits for one does not begin once this is dropped.
#[derive(Debug)]
pub(super) struct ClientPlaces {
    own: Arc<Semaphore>,
    lives: watch::Sender<()>,
}

impl Default for ClientPlaces {
    fn default() -> Self {
        Self {
            own: Arc::new(Semaphore::new(WORKER.with(|worker| worker.limits.client))),
            lives: watch::Sender::new(()),
        }
    }
}

/// Who calls such a function.
#[derive(Debug)]
pub struct BlockingCaller {
    /// None: somebody of whom nothing is kept.
    own: Option<Arc<Semaphore>>,
    /// None: a login, which blocks nothing.
    share: Option<ShareKey>,
    client: CallingClient,
}

/// What becomes of a call with the client that it is for.
#[derive(Debug)]
enum CallingClient {
    /// It begins only while that is there.
    Needed(watch::Receiver<()>),
    /// That has gone before it was called.
    Gone,
    /// It is of what is done after the end, or before there is a client.
    NotNeeded,
}

impl ClientPlaces {
    /// A call for this client.
    pub(super) fn caller(&self, share: ShareKey) -> BlockingCaller {
        BlockingCaller {
            own: Some(self.own.clone()),
            share: Some(share),
            client: CallingClient::Needed(self.lives.subscribe()),
        }
    }
}

/// A place; it goes with the function to its thread.
#[derive(Debug)]
pub(super) struct BlockingPlace {
    _of_worker: OwnedSemaphorePermit,
    _of_share: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
}

impl BlockingCaller {
    /// Whoever opens a connection. No function that blocks can say who that is: it comes to another error than a login.
    pub(super) fn of_login() -> Self {
        Self {
            own: None,
            share: None,
            client: CallingClient::NotNeeded,
        }
    }

    /// Somebody who asks for a namespace, as often as it likes: nothing is kept of it, and what it waits for goes with it.
    pub(super) fn of_stranger(share: ShareKey) -> Self {
        Self {
            own: None,
            share: Some(share),
            client: CallingClient::NotNeeded,
        }
    }

    /// The same for a client that has gone.
    pub(super) fn gone(self) -> Self {
        Self {
            client: CallingClient::Gone,
            ..self
        }
    }

    /// The same for a handler of the client's end.
    pub(super) fn at_the_end(self) -> Self {
        Self {
            client: CallingClient::NotNeeded,
            ..self
        }
    }

    /// Waits for a place. None: the client has gone before there was one.
    pub(super) async fn place(self) -> Option<BlockingPlace> {
        let place = Self::take(self.own, self.share);
        match self.client {
            CallingClient::Gone => None,
            CallingClient::NotNeeded => place.await,
            CallingClient::Needed(mut lives) => tokio::select! {
                biased;
                // Nothing is ever said on it: it ends.
                _ = lives.changed() => None,
                place = place => place,
            },
        }
    }

    /// The client's first, so that who has many calls waits at nobody else's places with more than it may have.
    async fn take(own: Option<Arc<Semaphore>>, share: Option<ShareKey>) -> Option<BlockingPlace> {
        let own = match own {
            Some(own) => Some(own.acquire_owned().await.ok()?),
            None => None,
        };
        let of_share = match share.map(|key| WORKER.with(|worker| worker.share(key))) {
            Some(share) => Some(share.acquire_owned().await.ok()?),
            None => None,
        };
        let all = WORKER.with(|worker| worker.all.clone());
        Some(BlockingPlace {
            _of_worker: all.acquire_owned().await.ok()?,
            _of_share: of_share,
            _own: own,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::rc::Rc;

    use futures_util::FutureExt as _;

    use super::*;

    fn caller(client: &Rc<ClientPlaces>, account: &str) -> Waiting {
        let share = Some(ShareKey::account(account.into()));
        Box::pin(BlockingCaller::take(Some(client.own.clone()), share))
    }

    type Waiting = std::pin::Pin<Box<dyn Future<Output = Option<BlockingPlace>>>>;

    /// Those that have a place, and those that wait.
    fn started(calls: impl IntoIterator<Item = Waiting>) -> (Vec<BlockingPlace>, Vec<Waiting>) {
        let (mut places, mut waiting) = (Vec::new(), Vec::new());
        for mut call in calls {
            match call.as_mut().now_or_never() {
                Some(place) => places.push(place.unwrap()),
                None => waiting.push(call),
            }
        }
        (places, waiting)
    }

    /// Fails if a pool of few threads is left without any for the host, or if one client has all places of a worker's that has more
    /// than one.
    #[test]
    fn there_are_places_on_every_machine_and_never_more_than_half_a_pool() {
        for processors in 1..=1024 {
            let limits = PlaceLimits::new(processors);
            let pool = (POOLS / processors).max(1);
            assert!(
                limits.worker <= (pool / 2).max(1),
                "{processors}: {limits:?}"
            );
            assert!(limits.client >= 1 && limits.client <= limits.share);
            assert!(limits.worker == 1 || limits.share < limits.worker);
        }
        let few = PlaceLimits::new(2);
        assert_eq!((few.worker, few.share, few.client), (16, 8, 4));
    }

    /// Fails if a client, an account or all clients of a worker take more than is theirs, if somebody who may have a place waits for
    /// those who may not, or if a place is not given back.
    #[test]
    fn a_client_an_account_and_a_worker_have_so_many_places_and_the_rest_waits() {
        let limits = WORKER.with(|worker| worker.limits);
        let clients: Vec<_> = (0..64).map(|_| Rc::<ClientPlaces>::default()).collect();
        let many = |client: usize| (0..64).map(move |_| client);
        let names: Vec<_> = (0..64).map(|client| client.to_string()).collect();
        let alone = |client: usize| caller(&clients[client], &names[client]);
        let (first, waits) = started(many(0).map(alone));
        assert_eq!(
            (first.len(), waits.len()),
            (limits.client, 64 - limits.client)
        );
        drop((first, waits));
        let of_ann = (0..8)
            .flat_map(many)
            .map(|client| caller(&clients[client], "ann"));
        let (of_ann, waiting_ann) = started(of_ann);
        assert_eq!(of_ann.len(), limits.share);
        let (of_all, waiting) = started((8..64).flat_map(many).map(alone));
        assert_eq!(of_ann.len() + of_all.len(), limits.worker);
        drop(of_all);
        let (next, _) = started(waiting);
        assert_eq!(of_ann.len() + next.len(), limits.worker);
        drop((next, of_ann));
        assert_eq!(started(waiting_ann).0.len(), limits.share);
    }

    /// Fails if shares of those who have gone are kept for ever, or if two that are there have one each.
    #[test]
    fn shares_that_nobody_has_are_forgotten_and_others_are_not() {
        WORKER.with(|worker| {
            let key = |number: usize| ShareKey::account(number.to_string().into());
            let kept = worker.share(key(0));
            for number in 1..10_000 {
                drop(worker.share(key(number)));
            }
            assert!(worker.shares.borrow().len() <= 2 * SHARES_KEPT + 2);
            assert!(Arc::ptr_eq(&kept, &worker.share(key(0))));
        });
    }
}
