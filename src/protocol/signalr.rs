//! SignalR's hub protocol, as JSON and as MessagePack: records to words and back. A handshake is the CONNECT of the one
//! namespace, a call of a method an event, its completion the ack (decision 17). Knows no transport, no member and no room.

mod answer;
mod dialect;
mod format;
mod handshake;
mod invocations;
mod json;
mod message;
mod msgpack;
mod placeholder;
mod read;
mod record;
pub(crate) mod session;
mod write;

pub(crate) use dialect::EventSpellings;
pub(crate) use format::Format;
pub(crate) use handshake::{HandshakeFault, faulty};
pub(crate) use message::ValueLimits;
pub(crate) use record::Records;
pub(crate) use session::{FormatEncodings, SignalR};
pub(crate) use write::{CLOSED_WITH_AN_ERROR, close, ping};

#[cfg(test)]
mod tests;
