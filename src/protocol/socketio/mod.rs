//! Socket.IO protocol 5: packets to words and back.
//! Knows no Engine.IO packet but the digit its own text rides behind, and no member, room or permission.

mod decode;
pub mod encode;
mod head;
mod packet;
mod payload;
mod placeholders;

pub use decode::{Decoder, Limits};
pub use packet::{Packet, Violation};

#[cfg(test)]
mod tests;
