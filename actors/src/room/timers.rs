//! When the timers of a room's hook are due in this process. Their messages are the room's.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::event::TimerId;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Instant, TimerId)>,
    /// Who wakes the room was told this time.
    armed: Option<Instant>,
}

impl Timers {
    /// A timer is due then.
    pub(super) fn set(&mut self, timer: TimerId, due: Instant) {
        self.due.insert((due, timer));
    }

    /// It is due no more.
    pub(super) fn end(&mut self, timer: TimerId) {
        self.due.retain(|(_, one)| *one != timer);
    }

    /// None is.
    pub(super) fn clear(&mut self) {
        self.due.clear();
    }

    /// Those whose time has come, in order: each once.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<TimerId> {
        if self.armed.is_some_and(|armed| armed <= now) {
            self.armed = None;
        }
        let mut due = Vec::new();
        while let Some(&first) = self.due.first()
            && first.0 <= now
        {
            self.due.remove(&first);
            due.push(first.1);
        }
        due
    }

    /// When the room is to be woken, unless that was said and is still to come.
    pub(super) fn wake(&mut self) -> Option<Instant> {
        let (first, _) = *self.due.first()?;
        if self.armed.is_some_and(|armed| armed <= first) {
            return None;
        }
        self.armed = Some(first);
        self.armed
    }

    /// Whoever was to wake the room may have lost that.
    pub(super) fn disarm(&mut self) {
        self.armed = None;
    }
}
