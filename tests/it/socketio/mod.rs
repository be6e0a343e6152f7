//! Socket.IO protocol 5 over real sockets, row by row of the wire reference's section 3, against handlers of a host.

mod acks;
mod app;
mod binary;
mod connect;
mod leaving;
mod packets;
mod violations;
