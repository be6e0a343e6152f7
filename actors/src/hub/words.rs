//! What the hub itself says to selected members from any thread, until the couriers have it: so much, and no more. Counted, not
//! locked: threads that say something do not wait for each other.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use super::HubHandle;
use crate::error::Fault;

/// Letters that may wait; whoever says something else is told. As many as a member's.
pub(crate) const HUB_LETTERS_MAX: usize = 16_384;
/// And their bytes.
pub(crate) const HUB_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Letters of the hub's own that are not handed on.
#[derive(Debug, Default)]
pub(super) struct HubWords {
    letters: AtomicUsize,
    bytes: AtomicUsize,
}

/// One of them, until it is handed on or dropped.
#[derive(Debug)]
pub struct HubWord {
    words: Arc<HubWords>,
    bytes: usize,
    waits: AtomicUsize,
}

impl HubWord {
    /// The couriers have it.
    pub(crate) fn handed_on(&self) {
        if self.waits.swap(0, Relaxed) == 1 {
            self.words.letters.fetch_sub(1, Relaxed);
            self.words.bytes.fetch_sub(self.bytes, Relaxed);
        }
    }
}

impl Drop for HubWord {
    fn drop(&mut self) {
        self.handed_on();
    }
}

impl HubHandle {
    /// Refuses what the hub itself says while too much waits. What goes to many namespaces goes to all or to none.
    ///
    /// # Errors
    /// Too much of it has not been handed on yet.
    pub fn has_room(&self) -> Result<(), Fault> {
        let words = &self.0.words;
        let (letters, bytes) = (words.letters.load(Relaxed), words.bytes.load(Relaxed));
        match letters < HUB_LETTERS_MAX && bytes < HUB_BYTES_MAX {
            true => Ok(()),
            false => Err(Fault::Full),
        }
    }

    /// Something of so many bytes waits from now on.
    pub(super) fn word(&self, bytes: usize) -> HubWord {
        let words = self.0.words.clone();
        words.letters.fetch_add(1, Relaxed);
        words.bytes.fetch_add(bytes, Relaxed);
        HubWord {
            words,
            bytes,
            waits: AtomicUsize::new(1),
        }
    }
}
