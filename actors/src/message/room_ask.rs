//! What is asked of a room's hook from anywhere.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::{error::RoomAskError, id::RoomKey, mailbox::Reply};

/// See the module. Message and answer are the hook's own: nobody else reads them.
pub struct RoomAsk {
    /// The room: it is not made for this.
    pub(crate) room: RoomKey,
    /// What.
    pub(crate) message: Bytes,
    /// Takes the answer.
    pub(crate) reply: Reply<Result<Bytes, RoomAskError>>,
    /// Held until it is answered: so many are under way at once.
    pub(crate) _slot: OwnedSemaphorePermit,
}
