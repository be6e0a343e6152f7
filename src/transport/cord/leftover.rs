//! Input of a WebSocket that could not be handled yet.

use bytes::BytesMut;

/// What was read and waits for credit, or is the beginning of a header.
#[derive(Default)]
pub(super) struct Leftover {
    input: BytesMut,
    room: usize,
    /// It waits for credit: whole messages may be in it, so nothing is to be read on top of it.
    pub(super) short: bool,
}

impl Leftover {
    /// Copies `rest`: it must not keep the buffer alive that it was read into.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.input = BytesMut::from(rest);
        self.room = rest.len();
    }

    /// Puts back what [`Leftover::take`] gave, less what has been handled. While it waits it is not copied again for each
    /// message.
    pub(super) fn put_back(&mut self, rest: BytesMut, room: usize) {
        match self.short {
            true => (self.input, self.room) = (rest, room),
            false => self.keep(&rest),
        }
    }

    /// The input, and the bytes of memory that it holds.
    pub(super) fn take(&mut self) -> (BytesMut, usize) {
        (
            std::mem::take(&mut self.input),
            std::mem::take(&mut self.room),
        )
    }

    /// Bytes of memory.
    pub(super) fn room(&self) -> usize {
        self.room
    }
}
