//! The script of a room, from any thread.

use std::{fmt, future::Future, marker::PhantomData};

use dondo_actors::id::RoomKey;

use super::{RoomScript, context::written};
use crate::io::{
    error::{Error, Result, UnknownScript},
    room::RoomHandle,
};

/// The script of a room, from any thread: [`RoomHandle::script`] has it.
pub struct ScriptHandle<S> {
    room: RoomHandle,
    script: PhantomData<fn() -> S>,
}

impl RoomHandle {
    /// Its script, which may be asked.
    ///
    /// # Errors
    /// Rooms of this name have no script of this type.
    pub fn script<S: RoomScript>(&self) -> Result<ScriptHandle<S>, UnknownScript> {
        match self.namespace.scripts().has::<S>(self.name.as_str()) {
            true => Ok(ScriptHandle {
                room: self.clone(),
                script: PhantomData,
            }),
            false => Err(UnknownScript(self.name.as_str().into())),
        }
    }
}

impl<S: RoomScript> ScriptHandle<S> {
    /// Asks the script, now, from any thread; the future is what [`RoomScript::message`] answers, once what it came to is in the
    /// room's log. Dropped, it goes on. The room is not made for it. What one thread asks of a room is heard in that order; but
    /// what a socket has said before may still be on its way, as long as its delivery was not awaited. 128 questions wait in a room at
    /// most, in a hub 16,384.
    ///
    /// # Errors
    /// The script's own; `unknown_room`: there is no such room, as nobody is in it; or it did not take it, or panicked.
    pub fn ask(
        &self,
        message: S::Message,
    ) -> impl Future<Output = Result<S::Reply>> + Send + use<S> {
        let asked = written(&message).map(|message| {
            let RoomHandle { namespace, name } = &self.room;
            let room = RoomKey::plain(name.as_str());
            namespace.hub().ask_room(namespace.name(), room, message)
        });
        async move {
            let reply = asked?.await?;
            serde_json::from_slice(&reply).map_err(Error::internal)
        }
    }
}

impl<S> Clone for ScriptHandle<S> {
    fn clone(&self) -> Self {
        Self {
            room: self.room.clone(),
            script: PhantomData,
        }
    }
}

impl<S> fmt::Debug for ScriptHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScriptHandle")
            .field(&self.room.name)
            .finish()
    }
}
