//! The log of one room: its numbers, and the letters that it keeps.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    event::Said,
    id::{ChannelScope, Epoch, LogPosition},
    log::Standing,
};

/// What a letter takes besides its text, measured as growth of the process (19,000 letters of 250 bytes).
pub(super) const LETTER: usize = 480;
/// What an attachment takes besides its bytes.
const ATTACHMENT: usize = 64;
/// What a log takes that has letters.
pub(super) const RECORD: usize = 512;

/// One log.
#[derive(Default)]
pub(super) struct Record {
    /// A room is there.
    pub(super) open: bool,
    pub(super) offset: u64,
    pub(super) revision: u64,
    pub(super) policy: u64,
    pub(super) kept: VecDeque<KeptLetter>,
    pub(super) bytes: usize,
    /// When it came to its place among the logs by their size.
    pub(super) ranked: u64,
    /// The highest cursor of a letter that is gone, or may be.
    pub(super) forgotten: u64,
}

pub(super) struct KeptLetter {
    pub(super) cursor: u64,
    pub(super) offset: u64,
    pub(super) at: Instant,
    pub(super) bytes: usize,
    pub(super) said: Arc<Said>,
}

impl Record {
    /// How many letters it keeps, and bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let own = if self.kept.is_empty() { 0 } else { RECORD };
        (self.kept.len(), self.bytes + own)
    }

    pub(super) fn keep(&mut self, said: &Arc<Said>, cursor: u64, at: Instant) {
        let content = &said.content;
        let bytes = LETTER + content.len() + content.blobs.len() * ATTACHMENT;
        self.bytes += bytes;
        self.kept.push_back(KeptLetter {
            cursor,
            offset: self.offset,
            at,
            bytes,
            said: without_slices(said),
        });
    }

    /// Forgets the oldest letter while it is to go.
    pub(super) fn forget_while(&mut self, goes: impl Fn(&Self) -> bool) {
        while goes(self)
            && let Some(kept) = self.kept.pop_front()
        {
            self.forgotten = self.forgotten.max(kept.cursor);
            self.bytes -= kept.bytes;
        }
    }

    /// What was said at an address is for nobody who comes later.
    pub(super) fn end(&mut self, address: &ChannelScope) {
        let (mut bytes, mut last) = (0, self.forgotten);
        self.kept.retain(|kept| {
            let stays = address.is_some() && kept.said.tag != *address;
            if !stays {
                (bytes, last) = (bytes + kept.bytes, last.max(kept.cursor));
            }
            stays
        });
        self.bytes -= bytes;
        self.forgotten = last;
    }

    pub(super) fn standing(&self, epoch: Epoch, cursor: u64) -> Standing {
        Standing {
            position: LogPosition {
                epoch,
                cursor,
                offset: self.offset,
            },
            revision: self.revision,
            policy: self.policy,
        }
    }
}

/// Attachments are slices of what was read from a socket, which a kept one would keep whole.
fn without_slices(said: &Arc<Said>) -> Arc<Said> {
    if said.content.blobs.is_empty() {
        return said.clone();
    }
    let mut own = Said::clone(said);
    for blob in &mut own.content.blobs {
        *blob = Bytes::copy_from_slice(blob);
    }
    Arc::new(own)
}
