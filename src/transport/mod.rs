//! How bytes come and go: Engine.IO over long-polling and WebSocket. A transport takes from an outbox and tells a
//! session what it read; it never knows who else receives what.

pub(crate) mod address;
pub(crate) mod compression;
pub(crate) mod doors;
pub(crate) mod ending;
pub(crate) mod engine;
pub(crate) mod host;
pub(crate) mod origin;
pub(crate) mod sockets;
pub(crate) mod tcp_driver;
pub(crate) mod timed;
mod turns;
pub(crate) mod websocket;
pub(crate) mod websocket_connection;
pub(crate) mod worker;
