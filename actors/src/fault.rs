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
    /// The rollback after a crash.
    Undo,
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

    #[allow(clippy::panic, reason = "this is what the feature is for")]
    pub(super) fn strike(part: &str, point: Point, marked: &[u8]) {
        let point = match point {
            Point::Before => "before",
            Point::Midway => "midway",
            Point::After => "after",
        };
        let wanted = format!("{part}:{point}");
        for at in 0..marked.len().saturating_sub(MARK.len()) {
            if marked[at..].starts_with(MARK)
                && marked[at + MARK.len()..].starts_with(wanted.as_bytes())
            {
                panic!("a letter marked for {wanted}");
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
        let mark = b"dondo-fault:freeze:";
        let Some(at) = marked.windows(mark.len()).position(|window| window == mark) else {
            return;
        };
        let digits = marked[at + mark.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let seconds = digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        std::thread::sleep(Duration::from_secs(seconds.min(60)));
    }

    /// Ends the actix system of the thread, as its failure would, if `marked` holds `dondo-fault:stop-thread`.
    pub fn stop_thread(marked: &[u8]) {
        let mark = b"dondo-fault:stop-thread";
        if marked.windows(mark.len()).any(|window| window == mark) {
            actix::System::current().stop();
        }
    }
}
