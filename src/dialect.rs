//! Which event a call of a method is. Who has events says it, and a protocol that has calls asks: neither knows the other.

use bytes::Bytes;
use dondo_actors::letter::Content;

/// What the calls of one session are, in the namespace's words: it is given a call with the method for its name, as the client
/// wrote it. Its own value for each session, as it may remember what was called.
pub(crate) type Dialect = Box<dyn FnMut(Content) -> CallResult>;

/// What a call is, or the failure object (`{ ok: false, event, code, message }`) that answers it.
pub(crate) type CallResult = Result<CalledEvent, Bytes>;

/// What a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalledEvent {
    /// An event to be heard before, without an answer.
    pub(crate) before: Option<Content>,
    /// The event that the call is.
    pub(crate) event: Content,
    /// Its method has no result: what answers the event well is not told.
    pub(crate) is_void: bool,
}
