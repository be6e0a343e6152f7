//! The wire encodings: bytes to words and back.
//! Knows no socket, no transport and no room: text and blobs come in whole, finished frames go out.

pub(crate) mod bare;
pub(crate) mod echo;
pub(crate) mod event_stream;
mod json;
mod limits;
pub(crate) mod plain;
pub(crate) mod signalr;
pub(crate) mod socketio;

pub(crate) use limits::Limits;
