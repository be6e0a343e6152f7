//! How bytes come and go: over WebSocket for any protocol, and Engine.IO with its long-polling. A transport takes from an
//! outbox and tells a session what it read; it never knows who else receives what.

pub(crate) mod address;
pub(crate) mod answer;
pub(crate) mod compression;
pub(crate) mod connection;
pub(crate) mod cors;
pub(crate) mod doors;
pub(crate) mod embedded_driver;
pub(crate) mod ending;
pub(crate) mod endpoint;
pub(crate) mod engine;
pub(crate) mod framing;
pub(crate) mod host;
pub(crate) mod login;
mod opening;
pub(crate) mod origin;
pub(crate) mod secret;
pub(crate) mod sockets;
pub(crate) mod subprotocol;
pub(crate) mod tcp_driver;
pub(crate) mod timed;
mod turns;
mod upgrade;
pub(crate) mod worker;
