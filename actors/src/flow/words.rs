//! What the hub itself says to selected members, until the couriers have it. Counted, not locked: threads that say something do
//! not wait for each other.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Letters of the hub's own that are not handed on.
#[derive(Debug, Default)]
pub(crate) struct HubWords {
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

impl HubWords {
    /// Letters that wait, and their bytes.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.letters.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// One more of so many bytes waits from now on.
    pub(crate) fn add(words: &Arc<Self>, bytes: usize) -> HubWord {
        words.letters.fetch_add(1, Relaxed);
        words.bytes.fetch_add(bytes, Relaxed);
        HubWord {
            words: words.clone(),
            bytes,
            waits: AtomicUsize::new(1),
        }
    }
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
