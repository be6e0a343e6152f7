//! WebSocket as bytes, both ways (RFC 6455, without extensions): what a client's frames say, and ours.
//! Knows nobody: no socket, no clock and no protocol on top of it. The opening handshake is not here: a driver writes its answer.

mod control;
mod decode;
mod encode;
mod header;

pub(crate) use self::control::{EMPTY_CLOSE, close_frame, pong_frame};
pub(crate) use self::decode::{WsDecoder, WsEvent};
pub(crate) use self::encode::{binary_frame, text_frame};
