//! Engine.IO 4 over real sockets, row by row of the wire reference's section 1, in both forms of the server.
//! Socket.IO has no part in it: the sessions here speak to an echo.

mod close;
mod contract;
mod handshake;
mod heartbeat;
mod origins;
mod packets;
mod polling;
mod refusals;
mod static_client;
mod switch;
mod upgrade;
