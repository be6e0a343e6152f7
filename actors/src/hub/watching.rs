//! The presence of a room from any thread, without a runtime there: asked for at the call, heard as a stream.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::HubHandle;
use crate::{
    error::Fault,
    id::RoomKey,
    message::{PresenceChange, ToNamespace, Watch},
};

/// Watchers of rooms that a hub has at most: each may hold 64 changes.
pub(crate) const WATCHERS_MAX: usize = 1024;
/// So often in a row nobody answers, and the namespace takes nothing.
const UNHEARD_MAX: u32 = 8;

/// Who is in a room, and what changes. Whoever lets go of a watcher, a room that ends or dies or finds it behind, does so by
/// ending its channel: it asks the namespace anew then.
#[must_use = "nobody is told but who reads it"]
pub struct PresenceChanges {
    hub: HubHandle,
    namespace: Arc<str>,
    room: RoomKey,
    /// Asked in a row, without an answer.
    unheard: u32,
    watching: Watching,
}

enum Watching {
    On {
        changes: mpsc::Receiver<PresenceChange>,
        /// Held while it watches: so many do at once.
        slot: OwnedSemaphorePermit,
    },
    /// For this reason, which is still to be told.
    Failed(Fault),
    Over,
}

impl HubHandle {
    /// Watches who is in a room; see [`PresenceChange`].
    pub fn watch_room(&self, namespace: &str, room: RoomKey) -> PresenceChanges {
        let slot = self.0.slots.watchers.clone().try_acquire_owned();
        let mut watch = PresenceChanges {
            hub: self.clone(),
            namespace: namespace.into(),
            room,
            unheard: 0,
            watching: Watching::Failed(Fault::Full),
        };
        if let Ok(slot) = slot {
            watch.watching = watch.ask(slot);
        }
        watch
    }
}

impl PresenceChanges {
    fn ask(&mut self, slot: OwnedSemaphorePermit) -> Watching {
        if self.unheard == UNHEARD_MAX {
            return Watching::Failed(Fault::Crashed);
        }
        self.unheard += 1;
        let home = self.hub.namespace(&self.namespace);
        let Some(home) = home.and_then(|home| home.upgrade()) else {
            return Watching::Failed(Fault::Gone);
        };
        let (watch, changes) = Watch::new(self.room.clone());
        home.send(watch);
        Watching::On { changes, slot }
    }
}

impl Stream for PresenceChanges {
    type Item = PresenceChange;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Watching::On { changes, .. } = &mut self.watching
                && let Some(change) = ready!(changes.poll_recv(cx))
            {
                self.unheard = 0;
                return Poll::Ready(Some(change));
            }
            match mem::replace(&mut self.watching, Watching::Over) {
                Watching::On { slot, .. } => self.watching = self.ask(slot),
                Watching::Failed(why) => return Poll::Ready(Some(PresenceChange::Ended(why))),
                Watching::Over => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for PresenceChanges {
    fn drop(&mut self) {
        if let Watching::On { changes, slot } = mem::replace(&mut self.watching, Watching::Over) {
            drop((changes, slot));
            if let Some(home) = self.hub.namespace(&self.namespace) {
                home.send(ToNamespace::Unwatched(self.room.clone()));
            }
        }
    }
}

impl fmt::Debug for PresenceChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresenceChanges")
            .field("namespace", &self.namespace)
            .field("room", &self.room.name)
            .finish_non_exhaustive()
    }
}
