//! What a client sends: bytes in, messages and faults out. Whoever feeds it answers pings, closes and faults.
//!
//! Why not `actix_http::ws::Parser`: it wants a whole frame side by side in the read buffer, so that buffer grows to
//! the size of the message and stays shared with it, and it reserves the declared length at the header, a megabyte for
//! fourteen bytes. It accepts lengths that are not minimal, and what it checks besides depends on its version. Here a
//! payload leaves the read buffer as it arrives.

use std::{mem, str};

use bytes::{Buf, Bytes, BytesMut};
use dondo_actors::letter::TransportMessage;

use super::control::close_code;
use super::header::{Control, FrameFault, Header, Kind, Mask, Opcode, append_unmasked};

/// Reads the frames of one connection.
///
/// Between messages it holds no memory, and what [`feed`](Self::feed) leaves unread is the beginning of a header or of
/// a control frame, at most 130 bytes: a driver may release an empty read buffer, or share one between connections.
#[derive(Debug)]
pub(crate) struct WsDecoder {
    /// The largest message, in bytes of payload.
    message_max: usize,
    /// Unmasked payload of the message that is half arrived.
    message: Vec<u8>,
    /// Of what kind that message is; none between messages.
    kind: Option<Kind>,
    /// The data frame whose header has been read and whose payload is still to come.
    frame: Option<DataFrame>,
    /// Nothing counts behind a close or a fault.
    ended: bool,
}

/// What a peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WsEvent {
    /// A whole message: its fragments joined, and then checked if it is text.
    Message(TransportMessage),
    /// To be answered by [`pong_frame`](super::pong_frame). Of several pings not answered yet, the last is enough (RFC 6455, 5.5.3).
    Ping(Bytes),
    /// An answer to a ping, or to nothing.
    Pong,
    /// A fragment without payload that is not the last: it means nothing, and costs as much to read as a message.
    Noise,
    /// The peer closes, with this code if it gave one; to be answered by [`close_frame`](super::close_frame). Nothing follows it.
    Close(Option<u16>),
}

impl WsDecoder {
    /// A decoder that takes messages of up to `message_max` bytes, joined payloads without headers; the limit itself is
    /// allowed.
    pub(crate) fn new(message_max: usize) -> Self {
        Self {
            message_max,
            message: Vec::new(),
            kind: None,
            frame: None,
            ended: false,
        }
    }

    /// Takes from `input` until there is something to tell, none if more must be read first. To be called until it says
    /// none before anything more is read.
    ///
    /// # Errors
    /// What the peer sent is no WebSocket or too big; a declared length is judged before its payload arrives. From then
    /// on, as after a close, input is thrown away.
    pub(crate) fn feed(&mut self, input: &mut BytesMut) -> Result<Option<WsEvent>, FrameFault> {
        if self.ended {
            input.clear();
            return Ok(None);
        }
        let outcome = self.advance(input);
        if matches!(outcome, Err(_) | Ok(Some(WsEvent::Close(_)))) {
            *self = Self::new(self.message_max);
            self.ended = true;
            input.clear();
        }
        outcome
    }

    /// Memory held for a message that is half arrived, in bytes; at most the largest message.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.message.capacity()
    }

    fn advance(&mut self, input: &mut BytesMut) -> Result<Option<WsEvent>, FrameFault> {
        loop {
            if let Some(frame) = self.frame.take() {
                self.frame = self.take_payload(frame, input);
                if self.frame.is_some() {
                    return Ok(None);
                }
                if frame.last {
                    return self.finish().map(Some);
                }
                if frame.is_empty {
                    return Ok(Some(WsEvent::Noise));
                }
            }
            let room = self.message_max - self.message.len();
            let Some(header) = Header::read(input, self.kind.is_some(), room)? else {
                return Ok(None);
            };
            if let Opcode::Control(control) = header.opcode {
                if input.len() < header.size + header.length {
                    return Ok(None);
                }
                input.advance(header.size);
                let mut payload = Vec::with_capacity(header.length);
                append_unmasked(&mut payload, &input[..header.length], header.mask);
                input.advance(header.length);
                return match control {
                    Control::Ping => Ok(Some(WsEvent::Ping(payload.into()))),
                    Control::Pong => Ok(Some(WsEvent::Pong)),
                    Control::Close => close_code(&payload).map(|code| Some(WsEvent::Close(code))),
                };
            }
            if let Opcode::Start(kind) = header.opcode {
                self.kind = Some(kind);
            }
            input.advance(header.size);
            self.frame = Some(DataFrame {
                left: header.length,
                mask: header.mask,
                last: header.last,
                is_empty: header.length == 0,
            });
        }
    }

    /// Moves what has arrived of a payload into the message; gives the frame back if some is still to come.
    fn take_payload(&mut self, mut frame: DataFrame, input: &mut BytesMut) -> Option<DataFrame> {
        let taken = frame.left.min(input.len());
        self.make_room(taken, frame);
        append_unmasked(&mut self.message, &input[..taken], frame.mask);
        input.advance(taken);
        frame.left -= taken;
        let turn = taken % frame.mask.len();
        frame.mask.rotate_left(turn);
        (frame.left > 0).then_some(frame)
    }

    /// Doubles the room where it is too small, so that tiny fragments do not copy the message each time, but never past
    /// what the message can still become.
    fn make_room(&mut self, coming: usize, frame: DataFrame) {
        let needed = self.message.len() + coming;
        if needed > self.message.capacity() {
            let most = if frame.last {
                self.message.len() + frame.left
            } else {
                self.message_max
            };
            let room = needed.max(self.message.capacity() * 2).min(most);
            self.message.reserve_exact(room - self.message.len());
        }
    }

    fn finish(&mut self) -> Result<WsEvent, FrameFault> {
        // Into a box: a message that is kept must not keep spare room.
        let message = Bytes::from(mem::take(&mut self.message).into_boxed_slice());
        match self.kind.take() {
            Some(Kind::Text) if str::from_utf8(&message).is_err() => Err(FrameFault::NOT_UTF8),
            Some(Kind::Text) => Ok(WsEvent::Message(TransportMessage::Text(message))),
            _ => Ok(WsEvent::Message(TransportMessage::Binary(message))),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct DataFrame {
    /// Bytes of payload still to come.
    left: usize,
    /// The mask, turned so that it begins with the next byte's.
    mask: Mask,
    /// The message ends with this frame.
    last: bool,
    /// It has no payload at all.
    is_empty: bool,
}

#[cfg(test)]
mod tests;
