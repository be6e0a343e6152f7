//! New connections take turns with all else that their thread has to do. A burst of them, each some 50 microseconds of
//! work, would stand in front of every message: of a run through the thread's queue it gets a few places.

use std::cell::Cell;

/// New connections that are served in one run through the queue.
pub(super) const PLACES: u32 = 8;

thread_local! {
    static RUN: Cell<u64> = const { Cell::new(0) };
    static TAKEN: Cell<u32> = const { Cell::new(0) };
}

/// A new connection's place.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The run in which it found none.
    waits_since: Option<u64>,
}

impl Turn {
    /// Whether it may be served now. If not, it is to be woken at once, which puts it behind all that waits.
    pub(super) fn is_here(&mut self) -> bool {
        // Back at the front: what stood in the queue has run.
        if self.waits_since == Some(RUN.get()) {
            RUN.set(RUN.get() + 1);
            TAKEN.set(0);
        }
        let is_here = TAKEN.get() < PLACES;
        if is_here {
            TAKEN.set(TAKEN.get() + 1);
        }
        self.waits_since = (!is_here).then(|| RUN.get());
        is_here
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst that is served whole keeps every message behind it waiting.
    #[test]
    fn a_burst_is_served_a_few_in_each_run_through_the_queue() {
        let mut queue: Vec<Turn> = (0..3 * PLACES).map(|_| Turn::default()).collect();
        // Whatever ran on this thread before took places.
        while Turn::default().is_here() {}
        let mut served = Vec::new();
        while !queue.is_empty() {
            let waited = queue.len();
            queue.retain_mut(|turn| !turn.is_here());
            served.push(waited - queue.len());
        }
        assert_eq!(served, [0, 8, 8, 8]);
    }

    #[test]
    fn who_is_alone_is_served_at_its_second_try_at_the_latest() {
        for _ in 0..100 {
            let mut turn = Turn::default();
            assert!(turn.is_here() || turn.is_here());
        }
    }
}
