//! The wire encodings: bytes to words and back.
//! Knows no socket, no transport and no room: text and blobs come in whole, finished frames go out.

pub(crate) mod bare;
mod json;
pub(crate) mod socketio;
