//! Test-only (feature `fault`): marked letters panic at a named point, and single safeguards can be switched off, so
//! that tests can show what they are for. Without the feature every function here is empty.

/// Where in a handler a marked letter strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before anything was changed.
    Before,
    /// With half of the change done.
    Midway,
    /// With all of it done, before any effect has left.
    After,
}

/// A safeguard that can be switched off on the present thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Safeguard {
    /// The catch around every handler of a supervised actor.
    Guard,
    /// What may crash is decided before anything is changed.
    Decide,
    /// Each member once, where a letter goes to several rooms.
    Dedup,
    /// Rooms wait for couriers that are behind.
    Credit,
    /// A session waits for its last answer before it changes target.
    Order,
}

/// Panics if `marked` holds `dondo-fault:<part>:<point>`, as in `dondo-fault:room:midway`.
#[inline]
pub fn strike(part: &str, point: Point, marked: &[u8]) {
    #[cfg(feature = "fault")]
    armed::strike(part, point, marked);
    #[cfg(not(feature = "fault"))]
    let _ = (part, point, marked);
}

/// Whether a safeguard is in force; always, but for tests.
#[inline]
pub fn stands(safeguard: Safeguard) -> bool {
    #[cfg(feature = "fault")]
    return armed::stands(safeguard);
    #[cfg(not(feature = "fault"))]
    {
        let _ = safeguard;
        true
    }
}

/// Counts entries that were gone through, of a directory or of a member's seats, so that tests can tell what a call
/// costs without a clock.
#[inline]
pub fn walk(entries: usize) {
    #[cfg(feature = "fault")]
    armed::walk(entries);
    #[cfg(not(feature = "fault"))]
    let _ = entries;
}

#[cfg(feature = "fault")]
pub use armed::{freeze, stop_thread, switch_off, walked};

#[cfg(feature = "fault")]
mod armed {
    use std::{cell::Cell, time::Duration};

    use super::{Point, Safeguard};

    thread_local! {
        static OFF: [Cell<bool>; 5] = const { [const { Cell::new(false) }; 5] };
        static WALKED: Cell<usize> = const { Cell::new(0) };
    }

    const MARK: &[u8] = b"dondo-fault:";

    /// What follows the mark `dondo-fault:`, wherever it stands. Benches are built with this feature, so that nothing may
    /// cost much where there is no mark.
    fn marks(marked: &[u8]) -> impl Iterator<Item = &[u8]> {
        let first = |at: &usize| marked[*at] == MARK[0];
        let starts = (0..marked.len()).filter(first);
        starts.filter_map(|at| marked[at..].strip_prefix(MARK))
    }

    #[allow(clippy::panic, reason = "this is what the feature is for")]
    pub(super) fn strike(part: &str, point: Point, marked: &[u8]) {
        let point = match point {
            Point::Before => "before",
            Point::Midway => "midway",
            Point::After => "after",
        };
        for mark in marks(marked) {
            let mark = mark.strip_prefix(part.as_bytes());
            let mark = mark.and_then(|mark| mark.strip_prefix(b":"));
            if mark.is_some_and(|mark| mark.starts_with(point.as_bytes())) {
                panic!("a letter marked for {part}:{point}");
            }
        }
    }

    pub(super) fn stands(safeguard: Safeguard) -> bool {
        OFF.with(|off| !off[safeguard as usize].get())
    }

    /// Switches a safeguard off (or on again) on this thread.
    pub fn switch_off(safeguard: Safeguard, off: bool) {
        OFF.with(|cells| cells[safeguard as usize].set(off));
    }

    pub(super) fn walk(entries: usize) {
        WALKED.set(WALKED.get() + entries);
    }

    /// Entries that were gone through on this thread.
    pub fn walked() -> usize {
        WALKED.get()
    }

    /// Blocks the thread for as long as a mark `dondo-fault:freeze:<seconds>` says.
    pub fn freeze(marked: &[u8]) {
        let mut freezes = marks(marked).filter_map(|mark| mark.strip_prefix(b"freeze:"));
        let Some(seconds) = freezes.next() else {
            return;
        };
        let digits = seconds.iter().take_while(|byte| byte.is_ascii_digit());
        let seconds = digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        std::thread::sleep(Duration::from_secs(seconds.min(60)));
    }

    /// Ends the actix system of the thread, as its failure would, if `marked` holds `dondo-fault:stop-thread`.
    pub fn stop_thread(marked: &[u8]) {
        if marks(marked).any(|mark| mark.starts_with(b"stop-thread")) {
            actix::System::current().stop();
        }
    }
}
