//! The script that rooms of a hub in development have: it lets all be as it is, and panics when the operators' listener asks
//! it to. No client's word comes to a script as a question, so no client can.

use std::sync::Arc;

use dondo_actors::{
    error::Veto,
    event::ScriptState,
    id::{Kind, RoomKey},
    ports::{HookCall, HookRoom, RoomHook, RoomHooks},
};

/// Gives the hub's rooms that script, and other rooms what they have anyway.
pub(crate) struct CrashScripts(pub(crate) Option<Arc<dyn RoomHooks>>);

impl RoomHooks for CrashScripts {
    fn of(&self, room: &RoomKey) -> Option<Arc<dyn RoomHook>> {
        match room.kind {
            Kind::Room => Some(Arc::new(CrashScript)),
            Kind::Channel | Kind::Plain => self.0.as_ref()?.of(room),
        }
    }
}

struct CrashScript;

impl RoomHook for CrashScript {
    #[expect(clippy::panic, reason = "it is what it is for")]
    fn call(
        &self,
        state: Option<&ScriptState>,
        room: &HookRoom<'_>,
        call: HookCall<'_>,
    ) -> Result<ScriptState, Veto> {
        match call {
            HookCall::Message(..) => {
                panic!("asked to, by POST /dev/crash-room, in {:?}", room.key())
            }
            HookCall::Joining(_)
            | HookCall::Joined(_)
            | HookCall::Left(..)
            | HookCall::Notifying(..)
            | HookCall::Due(_) => Ok(state.cloned().unwrap_or_else(|| ScriptState(Arc::new(())))),
        }
    }
}
