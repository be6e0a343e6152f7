//! The body of an answer to a poll: what an outbox gave, without a copy of what is large.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use dondo_actors::letter::WsFrame;

/// A shorter message is copied: a piece of its own costs as much.
pub(super) const SHARED_LEAST: usize = 4 * 1024;

/// A body of outgoing messages, in pieces that follow each other.
#[derive(Debug, Default)]
pub(crate) struct Body {
    first: Bytes,
    rest: VecDeque<Bytes>,
    /// How many of its bytes are frames that are shared with whoever else has them.
    pub(super) shared: usize,
    /// Something in it is to go as it is.
    pub(super) uncompressed: bool,
}

impl Body {
    pub(super) fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.pieces().map(Bytes::len).sum()
    }

    /// At most so many bytes from its front; none at its end.
    pub(crate) fn take(&mut self, most: usize) -> Option<Bytes> {
        if self.first.is_empty() {
            self.first = self.rest.pop_front()?;
        }
        let end = self.first.len().min(most);
        Some(self.first.split_to(end)).filter(|piece| !piece.is_empty())
    }

    /// The payloads of messages, one behind the other.
    pub(super) fn joined<'a>(parts: impl Iterator<Item = &'a WsFrame>) -> Self {
        let mut body = Self::default();
        let mut copied = BytesMut::new();
        for part in parts {
            let payload = part.payload();
            body.uncompressed |= part.uncompressed;
            if payload.len() < SHARED_LEAST {
                copied.extend_from_slice(&payload);
                continue;
            }
            if !copied.is_empty() {
                body.push(copied.split().freeze());
            }
            body.shared += payload.len();
            body.push(payload);
        }
        if !copied.is_empty() {
            body.push(copied.freeze());
        }
        body
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        match self.first.is_empty() {
            true => self.first = piece,
            false => self.rest.push_back(piece),
        }
    }
}

impl From<Bytes> for Body {
    fn from(whole: Bytes) -> Self {
        Self {
            first: whole,
            ..Self::default()
        }
    }
}
