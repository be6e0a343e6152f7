//! Socket.IO protocol 5: packets to words and back.
//! Knows no Engine.IO packet but the digit its own text rides behind, and no member, room or permission.

mod decode;
pub(crate) mod encode;
mod head;
mod packet;
mod payload;
mod session;

pub(crate) use decode::Decoder;
pub(crate) use packet::{Packet, Violation};
pub(crate) use session::{SocketIo, SocketIoEncoding};

#[cfg(test)]
mod tests;
