//! A script as the core calls it: types out of JSON and erased values and back, errors to the asker or to the log.

use std::{any::TypeId, fmt, sync::Arc};

use actix_router::{Path, ResourceDef};
use bytes::Bytes;
use dondo_actors::{
    error::Veto,
    event::ScriptState,
    id::{Kind, RoomKey},
    ports::{HookCall, HookRoom, RoomHook, RoomHooks},
};
use serde::de::DeserializeOwned;

use super::{
    RoomScript,
    context::{RoomContext, RoomJoin, RoomMember, RoomNotice, written},
};
use crate::{
    io::{
        error::{Error, LogAs, Result},
        watchdog::HandlerLabel,
    },
    notices,
};

/// What stands in a room's name for the parameters of a pattern.
pub(super) type Captures = Vec<(String, String)>;

/// The scripts of a namespace, in the order in which they were given.
#[derive(Clone, Default)]
pub(crate) struct Scripts(Vec<Arc<GivenScript>>);

struct GivenScript {
    rooms: ResourceDef,
    script: TypeId,
    make: Box<dyn Fn(Captures) -> Arc<dyn RoomHook> + Send + Sync>,
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rooms = self.0.iter().map(|given| given.rooms.pattern());
        f.debug_list().entries(rooms).finish()
    }
}

impl Scripts {
    pub(super) fn add<S: RoomScript>(
        &mut self,
        namespace: &Arc<str>,
        rooms: ResourceDef,
        script: S,
    ) {
        let what = format!(
            "the script of rooms {:?}",
            rooms.pattern().unwrap_or_default()
        );
        let label = HandlerLabel::new(namespace, &what);
        let (script, namespace) = (Arc::new(script), namespace.clone());
        let make = move |captures| {
            Arc::new(ScriptHook {
                script: script.clone(),
                namespace: namespace.clone(),
                label,
                captures,
            }) as Arc<dyn RoomHook>
        };
        self.0.push(Arc::new(GivenScript {
            rooms,
            script: TypeId::of::<S>(),
            make: Box::new(make),
        }));
    }

    fn of(&self, room: &str) -> Option<&GivenScript> {
        let mut given = self.0.iter();
        let given = given.find(|given| given.rooms.is_match(room))?;
        Some(given)
    }

    /// Whether a room of this name has a script of this type.
    pub(super) fn has<S: RoomScript>(&self, room: &str) -> bool {
        let given = self.of(room);
        given.is_some_and(|given| given.script == TypeId::of::<S>())
    }

    /// For the core; none where there are no scripts.
    pub(crate) fn hooks(&self) -> Option<Arc<dyn RoomHooks>> {
        (!self.0.is_empty()).then(|| Arc::new(self.clone()) as _)
    }
}

impl RoomHooks for Scripts {
    fn of(&self, room: &RoomKey) -> Option<Arc<dyn RoomHook>> {
        if room.kind != Kind::Plain {
            return None;
        }
        let given = self.of(&room.name)?;
        let mut path = Path::new(&*room.name);
        given.rooms.capture_match_info(&mut path);
        let captures = path.iter();
        let captures = captures.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some((given.make)(captures.collect()))
    }
}

/// A script in one room.
struct ScriptHook<S> {
    script: Arc<S>,
    namespace: Arc<str>,
    label: HandlerLabel,
    captures: Captures,
}

impl<S: RoomScript> RoomHook for ScriptHook<S> {
    fn call(
        &self,
        state: Option<&ScriptState>,
        room: &HookRoom<'_>,
        call: HookCall<'_>,
    ) -> Result<ScriptState, Veto> {
        self.label.watch(|| {
            let has_asker = !matches!(
                call,
                HookCall::Joined(_) | HookCall::Left(..) | HookCall::Due(_)
            );
            let called = self.called(state, room, call);
            called.map_err(|error| {
                if !has_asker || matches!(error.log(), LogAs::Failure(_)) {
                    self.tell(room, &error);
                }
                error.into()
            })
        })
    }

    fn keep_empty(&self) -> bool {
        self.script.keep_empty()
    }
}

impl<S: RoomScript> ScriptHook<S> {
    fn called(
        &self,
        state: Option<&ScriptState>,
        room: &HookRoom<'_>,
        call: HookCall<'_>,
    ) -> Result<ScriptState> {
        let script = &*self.script;
        let room = RoomContext::new(room, &self.captures);
        let known = state.and_then(|state| state.0.downcast_ref::<S::State>());
        let mut state = match known {
            Some(state) => state.clone(),
            None => script.open(&room.name()),
        };
        match call {
            HookCall::Joining(join) => {
                let mut asked = RoomJoin::new(join);
                script.joining(&mut state, &room, &mut asked)?;
                *join = asked.altered();
            }
            HookCall::Joined(member) => {
                script.joined(&mut state, &room, &RoomMember::new(member))?;
            }
            HookCall::Left(member, reason) => {
                script.left(&mut state, &room, &RoomMember::new(member), reason)?;
            }
            HookCall::Notifying(from, content) => {
                let mut notice = RoomNotice::new(from, content);
                script.notifying(&mut state, &room, &mut notice)?;
                *content = notice.altered();
            }
            HookCall::Message(message, answer) => {
                let reply = script.message(&mut state, &room, read(message)?)?;
                *answer = written(&reply)?;
            }
            HookCall::Due(message) => drop(script.message(&mut state, &room, read(message)?)?),
        }
        Ok(ScriptState(Arc::new(state)))
    }

    fn tell(&self, room: &HookRoom<'_>, error: &Error) {
        notices::HANDLER_FAILED.tell(
            None,
            None,
            format_args!(
                "the script of the room \"{}\" of {} failed: {error}",
                room.key().name.escape_debug(),
                self.namespace
            ),
        );
    }
}

fn read<T: DeserializeOwned>(message: &Bytes) -> Result<T> {
    serde_json::from_slice(message).map_err(Error::internal)
}
