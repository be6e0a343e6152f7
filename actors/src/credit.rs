//! What a session's transport may still read: one unit for each message that is being handled.
//! The transport may run on another thread than the session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// The units of one session.
#[derive(Debug)]
pub struct Credit {
    left: AtomicIsize,
    reader: AtomicWaker,
}

impl Credit {
    /// `units` messages may be in handling at once.
    pub fn new(units: usize) -> Arc<Self> {
        let units = isize::try_from(units.max(1)).unwrap_or(isize::MAX);
        Arc::new(Self {
            left: AtomicIsize::new(units),
            reader: AtomicWaker::new(),
        })
    }

    /// Whether nothing more is read at present.
    pub fn exhausted(&self) -> bool {
        self.left.load(Ordering::Acquire) <= 0
    }

    /// Ready when a message may be read. One reader at a time is woken.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.exhausted() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        if self.exhausted() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// A message is handed to the session.
    pub fn take(&self) {
        self.left.fetch_sub(1, Ordering::AcqRel);
    }

    /// Nobody will handle anything any more: whoever waits looks again.
    pub(crate) fn release(&self) {
        self.left.store(isize::MAX / 2, Ordering::Release);
        self.reader.wake();
    }

    /// A message was handled.
    pub fn give(&self) {
        if self.left.fetch_add(1, Ordering::AcqRel) <= 0 {
            self.reader.wake();
        }
    }
}

/// One unit, given back when this is dropped.
pub(crate) struct Unit(pub(crate) Arc<Credit>);

impl Drop for Unit {
    fn drop(&mut self) {
        self.0.give();
    }
}
