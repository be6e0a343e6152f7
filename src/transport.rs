//! How bytes come and go: Engine.IO over long-polling and WebSocket. A transport takes from an outbox and tells a
//! session what it read; it never knows who else receives what.

pub mod address;
pub(crate) mod compression;
pub(crate) mod connection;
pub(crate) mod cors;
pub mod doors;
pub(crate) mod embedded_driver;
pub(crate) mod ending;
pub mod engine;
pub(crate) mod framing;
pub(crate) mod host;
pub mod origin;
pub mod sockets;
pub(crate) mod tcp_driver;
pub(crate) mod timed;
mod turns;
pub(crate) mod worker;
