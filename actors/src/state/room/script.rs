//! What a room keeps of its hook: the state, and the messages of its timers.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Change, RoomState};
use crate::event::{ScriptEvent, ScriptState, TimerId};

/// See the module. Nothing of it is known here but that it is there.
#[derive(Default)]
pub struct ScriptData {
    state: Option<ScriptState>,
    timers: BTreeMap<TimerId, Bytes>,
    last_timer: TimerId,
}

impl ScriptData {
    /// None before the first call.
    pub fn state(&self) -> Option<&ScriptState> {
        self.state.as_ref()
    }

    /// The timers that are set.
    pub fn timers(&self) -> BTreeSet<TimerId> {
        self.timers.keys().copied().collect()
    }

    /// Whether any is.
    pub fn has_timers(&self) -> bool {
        !self.timers.is_empty()
    }

    /// The message of a timer that is set.
    pub fn message(&self, timer: TimerId) -> Option<&Bytes> {
        self.timers.get(&timer)
    }

    /// The newest timer that ever was.
    pub fn last_timer(&self) -> TimerId {
        self.last_timer
    }

    fn apply(&mut self, event: &ScriptEvent) -> Change {
        let changed = match event {
            ScriptEvent::State(state) => self.state.replace(state.clone()).as_ref() != Some(state),
            ScriptEvent::Closed => {
                let had_state = self.state.take().is_some();
                let timers = std::mem::take(&mut self.timers);
                had_state || !timers.is_empty()
            }
            // Twice is once, also where it is over by now.
            ScriptEvent::TimerSet { id, message, .. } if *id > self.last_timer => {
                self.last_timer = *id;
                self.timers.insert(*id, message.clone());
                true
            }
            ScriptEvent::TimerEnded(id) => self.timers.remove(id).is_some(),
            ScriptEvent::TimerSet { .. } | ScriptEvent::Told(..) | ScriptEvent::Transferred(..) => {
                false
            }
        };
        match changed {
            true => Change::Script,
            false => Change::Nothing,
        }
    }
}

impl RoomState {
    /// What its hook has in it.
    pub fn script(&self) -> &ScriptData {
        &self.script
    }

    pub(super) fn apply_script(&mut self, event: &ScriptEvent) -> Change {
        self.script.apply(event)
    }
}
