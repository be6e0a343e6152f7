//! What is asked of the hook of a room, from any thread, without a runtime there.

use std::future::Future;

use bytes::Bytes;
use futures_util::future::{Either, ready};

use super::{HubHandle, selections::lost};
use crate::{
    error::{Fault, RoomAskError},
    id::RoomKey,
    mailbox::Reply,
    message::RoomAsk,
};

impl HubHandle {
    /// Asks a room's hook: sent now, answered when the log has what comes of it. The room is not made for it. It goes on if the
    /// future is dropped.
    ///
    /// # Errors
    /// There is no such room, or no hook, or it did not do it; or the namespace is gone, or too many questions wait.
    pub fn ask_room(
        &self,
        namespace: &str,
        room: RoomKey,
        message: Bytes,
    ) -> impl Future<Output = Result<Bytes, RoomAskError>> + Send + use<> {
        let now = |fault: Fault| Either::Left(ready(Err(fault.into())));
        let Some(home) = self.namespace(namespace) else {
            return match self.may_end(namespace) {
                true => Either::Left(ready(Err(RoomAskError::NoRoom))),
                false => now(Fault::Gone),
            };
        };
        let Ok(_slot) = self.0.slots.room_asks.clone().try_acquire_owned() else {
            return now(Fault::Full);
        };
        let (reply, answer) = Reply::new();
        home.send(Box::new(RoomAsk {
            room,
            message,
            reply,
            _slot,
        }));
        Either::Right(async move { answer.await.map_err(|_| lost(Some(&home)))? })
    }
}
