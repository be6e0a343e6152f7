//! How many events of a handler an actor may have before it: of one client, of those of an account or an address, and of all. An
//! actor may come to nothing, and what waits for it cannot be taken back from it. Knows no actor.

use std::sync::Arc;

use dondo_actors::{directory::Directory, id::MemberId as SocketId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{RemoteSocket, shares::ShareKey};

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActorPlaceLimits {
    pub(super) all: usize,
    pub(super) share: usize,
    pub(super) client: usize,
}

impl ActorPlaceLimits {
    /// A client has no more events under way than `limits.inbound-max` if nothing else is said; four clients' worth are a share.
    pub(super) const DEFAULT: Self = Self {
        all: 1024,
        share: 256,
        client: 64,
    };
}

/// The places of one handler.
pub(super) struct ActorPlaces {
    limits: ActorPlaceLimits,
    all: Arc<Semaphore>,
    taken: Arc<Directory<PlaceTaker, usize>>,
}

/// Who takes some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum PlaceTaker {
    Client(SocketId),
    Share(ShareKey),
}

/// A place, until the actor has the event no more.
#[derive(Debug)]
pub(super) struct ActorPlace {
    _of_all: OwnedSemaphorePermit,
    _own: HeldPlace,
    _of_account: Option<HeldPlace>,
    _of_address: Option<HeldPlace>,
}

/// One of a holder's.
#[derive(Debug)]
struct HeldPlace {
    taken: Arc<Directory<PlaceTaker, usize>>,
    holder: PlaceTaker,
}

impl ActorPlaces {
    pub(super) fn new(limits: ActorPlaceLimits) -> Self {
        Self {
            limits,
            all: Arc::new(Semaphore::new(limits.all)),
            taken: Arc::default(),
        }
    }

    /// A place for an event of this client, or whose are taken.
    pub(super) fn take(&self, client: &RemoteSocket) -> Result<ActorPlace, &'static str> {
        let own = self.held(PlaceTaker::Client(client.id().clone()), self.limits.client);
        let own = own.ok_or("too much of this client waits for it")?;
        let share = |key| self.held(PlaceTaker::Share(key), self.limits.share);
        let account = client.account().cloned().map(ShareKey::account);
        let of_account =
            account.map(|key| share(key).ok_or("too much of this account waits for it"));
        let address = client.address().and_then(ShareKey::limited);
        let of_address =
            address.map(|key| share(key).ok_or("too much of this address waits for it"));
        let of_all = self.all.clone().try_acquire_owned();
        Ok(ActorPlace {
            _of_account: of_account.transpose()?,
            _of_address: of_address.transpose()?,
            _of_all: of_all.map_err(|_| "too much waits for it")?,
            _own: own,
        })
    }

    fn held(&self, holder: PlaceTaker, max: usize) -> Option<HeldPlace> {
        let free = self.taken.change(
            holder.clone(),
            || 0,
            |taken| {
                let free = *taken < max;
                *taken += usize::from(free);
                (free, *taken > 0)
            },
        );
        free.then(|| HeldPlace {
            taken: self.taken.clone(),
            holder,
        })
    }
}

impl Drop for HeldPlace {
    fn drop(&mut self) {
        self.taken.with(&self.holder, |taken| {
            *taken -= 1;
            ((), *taken > 0)
        });
    }
}
