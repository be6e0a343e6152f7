//! How bytes come and go: over WebSocket for any protocol, and Engine.IO with its long-polling. A transport takes from an
//! outbox and tells a session what it read; it never knows who else receives what.

pub(crate) mod address;
mod advice;
pub(crate) mod answer;
mod body;
pub(crate) mod compression;
pub(crate) mod connection;
pub(crate) mod cors;
pub(crate) mod counts;
pub(crate) mod doors;
pub(crate) mod embedded_driver;
pub(crate) mod ending;
pub(crate) mod endpoint;
pub(crate) mod engine;
pub(crate) mod entrance;
mod event_stream;
pub(crate) mod event_stream_endpoint;
pub(crate) mod framing;
pub(crate) mod host;
pub(crate) mod login;
mod opening;
pub(crate) mod origin;
mod poll_answer;
mod posted;
mod refusal;
pub(crate) mod secret;
mod session_connection;
pub(crate) mod signalr;
pub(crate) mod sockets;
mod stage;
pub(crate) mod subprotocol;
pub(crate) mod tcp_driver;
pub(crate) mod timed;
mod turns;
mod upgrade;
pub(crate) mod websocket_endpoint;
pub(crate) mod worker;
