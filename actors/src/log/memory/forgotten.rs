//! Which logs without a record have lost letters: a bounded table, where logs may share a place. A log may so seem to have lost
//! what another one has, never the reverse.

use std::hash::{BuildHasher, RandomState};

use crate::id::LogKey;

/// Of so many logs that are gone, a fresh one meets one of them by chance in two cases of three. 64 KiB.
const PLACES: usize = 8192;
/// And of a log that keeps little, as each of very many does.
const PLACES_MIN: usize = 64;
/// Bytes of history for each place.
const SHARE: usize = 1024;

/// The highest cursor of a letter that is gone, by the place of its log.
pub(super) struct Forgotten {
    /// How many there may be.
    size: usize,
    /// Empty until something is.
    places: Vec<u64>,
    hasher: RandomState,
}

impl Forgotten {
    /// Of a log that keeps so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            size: (bytes / SHARE).clamp(PLACES_MIN, PLACES),
            places: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    /// 0: nothing is gone of this log.
    pub(super) fn of(&self, log: &LogKey) -> u64 {
        self.places.get(self.place(log)).copied().unwrap_or(0)
    }

    pub(super) fn note(&mut self, log: &LogKey, cursor: u64) {
        if cursor == 0 {
            return;
        }
        let place = self.place(log);
        self.places.resize(self.size, 0);
        self.places[place] = self.places[place].max(cursor);
    }

    fn place(&self, log: &LogKey) -> usize {
        self.hasher.hash_one(log) as usize % self.size
    }
}
