//! What is said to one client with something beside it.

use std::{rc::Rc, time::Duration};

use dondo_actors::session::Member;
use serde::{Serialize, de::DeserializeOwned};

use super::{arguments, error::EmitError, eventual::AckFuture};

/// Says something to one client, and waits for its answer so long.
#[must_use = "nothing is said before emit_with_ack"]
#[derive(Debug)]
pub struct Emitter<'a> {
    member: &'a Rc<Member>,
    limit: Duration,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(member: &'a Rc<Member>, limit: Duration) -> Self {
        Self { member, limit }
    }

    /// As [`Socket::emit_with_ack`](super::Socket::emit_with_ack), within the time given.
    pub fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<T> {
        AckFuture::ask(self.member, event, &data, Some(self.limit))
    }
}

/// Says something to one client if nothing else waits for it.
#[must_use = "nothing is said before emit"]
#[derive(Debug)]
pub struct VolatileEmitter<'a>(pub(super) &'a Rc<Member>);

impl VolatileEmitter<'_> {
    /// As [`Socket::emit`](super::Socket::emit); it is dropped where something else waits for the client.
    ///
    /// # Errors
    /// As [`Socket::emit`](super::Socket::emit).
    pub fn emit(self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        let content = arguments::content(event, &data)?;
        may_tell(self.0)?;
        self.0.emit(&content, true);
        Ok(())
    }
}

/// Whether its own client is there, and it has not said too much.
pub(super) fn may_tell(member: &Member) -> Result<(), EmitError> {
    match member.is_heard() {
        true => member.has_room().map_err(|_| EmitError::Full),
        false => Err(EmitError::Disconnected),
    }
}

/// As [`may_tell`], of what others hear: its goodbye, too.
pub(super) fn may_say(member: &Member) -> Result<(), EmitError> {
    match member.is_speaking() {
        true => member.has_room().map_err(|_| EmitError::Full),
        false => Err(EmitError::Disconnected),
    }
}
