//! The log in memory: it numbers letters at once and keeps none.

use std::cell::Cell;

use crate::{
    id::{Numbers, RoomKey},
    letter::Draft,
    ports::{Log, Proposal},
};

/// Numbers the letters of one namespace. The cursor is a plain counter: all rooms of a namespace share a thread.
#[derive(Debug, Default)]
pub struct MemoryLog {
    cursor: Cell<u64>,
}

impl Log for MemoryLog {
    fn propose(&self, _: &RoomKey, last: Numbers, _: &Draft) -> Proposal {
        let cursor = self.cursor.get() + 1;
        self.cursor.set(cursor);
        Proposal::Numbered(Numbers {
            epoch: last.epoch,
            offset: last.offset + 1,
            cursor,
        })
    }
}
