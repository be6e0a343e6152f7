//! Where one request of a connection ends and the next head begins. A byte of a body that is mended as if it stood in a
//! head makes the body longer: then actix-http takes its end for the head of another request. And a head that actix-http
//! reads before the last request is answered makes it end the connection with that answer, where a body follows it: it
//! takes that body for one that nobody read.

use std::cell::Cell;

use super::chunks::{BadChunk, Chunks};

/// What is handed on next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Due {
    /// A head, or the rest of one.
    #[default]
    Head,
    /// So much more of a body.
    Body(usize),
    /// The rest of a body that says of each chunk how long it is.
    Chunks(Chunks),
    /// All of a request was handed on, and it is not over. What comes is the next one's.
    Next,
    /// Nobody knows: this and actix-http do not agree about what has come.
    Unknown,
}

/// What was handed on of a request, and what should be.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    due: Cell<Due>,
    /// Bytes of its body.
    behind: Cell<usize>,
}

impl Bounds {
    pub(super) fn due(&self) -> Due {
        self.due.get()
    }

    /// Bytes that were handed on behind the head.
    pub(super) fn behind(&self) -> usize {
        self.behind.get()
    }

    /// A head has ended, and says that so many bytes follow. One that says otherwise is read when its request passes.
    pub(super) fn head_ended(&self, length: Option<usize>) {
        self.behind.set(0);
        self.due.set(body(length.unwrap_or(0)));
    }

    /// How many of these bytes are of the body that is due. To be told once they are handed on.
    pub(super) fn of_body(&self, bytes: &[u8]) -> usize {
        let (count, due) = match self.due.get() {
            Due::Body(left) => {
                let count = left.min(bytes.len());
                (count, body(left - count))
            }
            Due::Chunks(mut chunks) => match chunks.take(bytes) {
                Ok(count) if chunks.is_over() => (count, Due::Next),
                Ok(count) => (count, Due::Chunks(chunks)),
                Err(BadChunk) => (bytes.len(), Due::Unknown),
            },
            due @ Due::Unknown => (bytes.len(), due),
            due @ (Due::Head | Due::Next) => (0, due),
        };
        self.due.set(due);
        self.behind.set(self.behind.get().saturating_add(count));
        count
    }

    /// A request passes, with a body of this length, or with chunks. What it says counts.
    pub(super) fn called(&self, length: Option<usize>) {
        let behind = self.behind.get();
        self.due.set(match (self.due.get(), length) {
            (Due::Next | Due::Body(_), Some(length)) if behind <= length => body(length - behind),
            (Due::Next, None) if behind == 0 => Due::Chunks(Chunks::default()),
            _ => Due::Unknown,
        });
    }

    /// Somebody has read the body to its end, or has met what is none.
    pub(super) fn body_ended(&self) {
        if !self.is_whole() {
            self.due.set(Due::Unknown);
        }
    }

    /// Whether all of the present request was handed on.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.due.get(), Due::Next)
    }

    /// The present request is over: what comes is a head.
    pub(super) fn over(&self) {
        if self.is_whole() {
            self.due.set(Due::Head);
        }
    }
}

/// What is due where a body has so many bytes to come.
fn body(left: usize) -> Due {
    match left {
        0 => Due::Next,
        left => Due::Body(left),
    }
}
