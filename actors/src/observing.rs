//! Those who look on at what goes to a client. What an observer says itself is not observed, whoever it is said to: or each word
//! of it would be followed by another. What it has done on another thread, or later, carries along who it is.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    static OBSERVING: Cell<bool> = const { Cell::new(false) };
}

/// Whether an observer runs on this thread: what is said now is its word.
pub(crate) fn is_observing() -> bool {
    OBSERVING.get()
}

/// Whether somebody is an observer, for what is done for it where its thread does not tell.
#[derive(Clone, Copy, Debug)]
pub struct Observing(bool);

impl Observing {
    /// Whether one runs on this thread.
    pub fn now() -> Self {
        Self(is_observing())
    }

    /// Runs what is done for it.
    pub fn run<T>(self, run: impl FnOnce() -> T) -> T {
        /// Also where it panics.
        struct Before(bool);

        impl Drop for Before {
            fn drop(&mut self) {
                OBSERVING.set(self.0);
            }
        }

        let _before = Before(OBSERVING.replace(self.0));
        run()
    }
}

/// Runs an observer.
pub(crate) fn observing<T>(run: impl FnOnce() -> T) -> T {
    Observing(true).run(run)
}

/// What is left of an observer.
pub(crate) struct ObserverRest(pub(crate) Pin<Box<dyn Future<Output = ()>>>);

impl Future for ObserverRest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        observing(|| self.0.as_mut().poll(cx))
    }
}
