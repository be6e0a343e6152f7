//! Settings of the log. Whose letters those are is its matter.

use std::time::Duration;

use super::spelling::{Count, Spelling};
use super::table::{settings, within};
use super::units::{Size, Span};
use super::{ANY, TIMER, check};

settings! {
    /// What is kept of what was said, for those who join later (contract 3.3). In memory: it is gone with the process.
    pub struct HistorySettings = "history" at [history] {
        /// Letters that each channel or room keeps; with 0 none.
        count: usize as Count = 1_000, in ANY;
        /// How long they are kept, to about a second.
        age: Duration as Span = Duration::from_secs(300), in TIMER;
        /// Bytes of all that is kept; one channel or room keeps at most 1 MiB of them.
        bytes: Option<usize> as Option<Size> = None, check check::history_bytes,
            else history_bytes "64MiB, or an eighth of memory-max if that is less";
    }
}
