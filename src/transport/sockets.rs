//! How many connections the public listeners hold. The last open files are the operators': their listener and the log
//! must work while strangers want in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The count, and its limit. Clones are the same.
#[derive(Clone, Debug)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: AtomicUsize,
    open: AtomicUsize,
    refused: AtomicU64,
    born: Instant,
    /// The second of life in which the limit was last spoken of, counted from 1.
    told: AtomicU64,
}

impl Default for Sockets {
    /// Without a limit, as where somebody else accepts connections.
    fn default() -> Self {
        Self(Arc::new(Shared {
            max: AtomicUsize::new(usize::MAX),
            open: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            born: Instant::now(),
            told: AtomicU64::new(0),
        }))
    }
}

impl Sockets {
    /// From now on at most so many.
    pub(crate) fn limit(&self, max: usize) {
        self.0.max.store(max, Ordering::Relaxed);
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Connections that may be open: the limit of open files without those that are kept.
    pub fn max(&self) -> usize {
        self.0.max.load(Ordering::Relaxed)
    }

    /// Connections that were closed at once, because there was no place for them.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// A place for one more, if there is one.
    pub(crate) fn enter(&self) -> Option<Socket> {
        let socket = Socket(self.0.clone());
        if self.0.open.fetch_add(1, Ordering::Relaxed) < self.max() {
            return Some(socket);
        }
        let refused = self.0.refused.fetch_add(1, Ordering::Relaxed) + 1;
        let second = self.0.born.elapsed().as_secs() + 1;
        if self.0.told.swap(second, Ordering::Relaxed) != second {
            log::warn!(
                "{} connections are open, as many as the limit of open files allows; {refused} were closed at once so \
                 far. Raise the limit (ulimit -n)",
                self.max()
            );
        }
        None
    }
}

/// One connection's place.
#[derive(Debug)]
pub(crate) struct Socket(Arc<Shared>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_place_again_when_one_goes() {
        let sockets = Sockets::default();
        sockets.limit(2);
        let (one, two) = (sockets.enter(), sockets.enter());
        assert!(one.is_some() && two.is_some());
        assert!(sockets.enter().is_none());
        assert_eq!((sockets.open(), sockets.refused()), (2, 1));
        drop(one);
        assert!(sockets.enter().is_some());
    }
}
