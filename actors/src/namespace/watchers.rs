//! Who watches rooms that do not exist: kept until there is such a room, which has them from then on.

use super::Namespace;
use crate::{
    id::RoomKey,
    message::{PresenceChange, ToRoom, Watch},
};

impl Namespace {
    pub(super) fn watch(&mut self, watch: Watch) {
        if let Some(room) = self.living(&watch.room) {
            return room.send(watch.watcher);
        }
        let Watch { room, watcher } = watch;
        if watcher.tell(PresenceChange::Snapshot(Vec::new())) {
            self.watchers.entry(room).or_default().push(watcher);
        }
    }

    /// Somebody does not watch the room any more.
    pub(super) fn unwatched(&mut self, key: &RoomKey) {
        if let Some(room) = self.living(key) {
            return room.send(ToRoom::Unwatched);
        }
        if let Some(watchers) = self.watchers.get_mut(key) {
            watchers.retain(|watcher| !watcher.is_gone());
            if watchers.is_empty() {
                self.watchers.remove(key);
            }
        }
    }
}
