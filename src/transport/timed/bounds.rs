//! Where one request of a connection ends and the next head begins, as far as one knows. A byte of a body that is mended as
//! if it stood in a head makes the body longer: then actix-http takes its end for the head of another request.

use std::cell::Cell;

/// What must have come behind the last mended head once its request is over. More is the next one's.
#[derive(Clone, Copy, Debug, Default)]
enum Due {
    /// Its request has not passed yet.
    #[default]
    Head,
    /// A body of so many bytes.
    Body(usize),
    /// Several requests have passed, or a body that does not say how long it is.
    Unknown,
}

/// What came behind a head, and what should.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    due: Cell<Due>,
    /// Bytes that came.
    behind: Cell<usize>,
}

impl Bounds {
    /// The next byte is a head's first.
    pub(super) fn begin(&self) {
        self.due.set(Due::Head);
        self.behind.set(0);
    }

    /// So many bytes came behind a head's end.
    pub(super) fn came(&self, count: usize) {
        self.behind.set(self.behind.get().saturating_add(count));
    }

    /// A request passes, with a body of this length if it says so. How much of it is to come, at most.
    pub(super) fn called(&self, length: Option<usize>) -> Option<usize> {
        let is_first = self.in_head();
        let due = length.filter(|_| is_first);
        self.due.set(due.map_or(Due::Unknown, Due::Body));
        match is_first {
            true => length.map(|length| length.saturating_sub(self.behind.get())),
            false => length,
        }
    }

    /// Whether the head that began is the last that did.
    pub(super) fn in_head(&self) -> bool {
        matches!(self.due.get(), Due::Head)
    }

    /// Once a request is over: whether all that came was of it, for certain.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.due.get(), Due::Body(length) if self.behind.get() == length)
    }

    /// Once a request is over: whether something of the next has come, for certain.
    pub(super) fn next_has_begun(&self) -> bool {
        matches!(self.due.get(), Due::Body(length) if self.behind.get() > length)
    }
}
