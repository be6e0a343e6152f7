//! How many connections the public listeners hold. The last open files are the operators': their listener and the log
//! must work while strangers want in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dondo_actors::notice::Cause;

use crate::notices;

/// The count, and its limit. Clones are the same.
#[derive(Clone, Debug)]
pub struct Sockets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: AtomicUsize,
    open: AtomicUsize,
    refused: AtomicU64,
    slow: [AtomicU64; Slow::ALL.len()],
}

/// Why a connection is closed before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    Head,
    Body,
    Answer,
}

impl Slow {
    const ALL: [Self; 3] = [Self::Head, Self::Body, Self::Answer];

    fn label(self) -> &'static str {
        match self {
            Self::Head => "slow head",
            Self::Body => "slow body",
            Self::Answer => "answer not read",
        }
    }

    fn told_as(self) -> &'static Cause {
        match self {
            Self::Head => &notices::SLOW_HEAD,
            Self::Body => &notices::SLOW_BODY,
            Self::Answer => &notices::SLOW_ANSWER,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Head => "a request's head did not end within engine.request-timeout",
            Self::Body => "a request's body came slower than 1 KB/s over engine.request-timeout",
            Self::Answer => "an answer was read slower than 1 KB/s over delivery.stall-timeout",
        }
    }
}

impl Default for Sockets {
    /// Without a limit, as where somebody else accepts connections.
    fn default() -> Self {
        Self(Arc::new(Shared {
            max: AtomicUsize::new(usize::MAX),
            open: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            slow: Default::default(),
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

    /// Connections that were closed because something took too long, by what it was.
    pub fn slow(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Slow::ALL
            .iter()
            .zip(&self.0.slow)
            .map(|(slow, count)| (slow.label(), count.load(Ordering::Relaxed)))
    }

    /// A place for one more, if there is one.
    pub(crate) fn enter(&self) -> Option<Socket> {
        let socket = Socket(self.0.clone());
        if self.0.open.fetch_add(1, Ordering::Relaxed) < self.max() {
            return Some(socket);
        }
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        notices::SOCKETS_MAX.tell(
            None,
            None,
            format_args!(
                "{} connections are open, as many as the limit of open files allows: a new one is closed at once",
                self.max()
            ),
        );
        None
    }

    /// A connection is closed.
    pub(crate) fn too_slow(&self, slow: Slow, peer: Option<SocketAddr>) {
        self.0.slow[slow as usize].fetch_add(1, Ordering::Relaxed);
        let peer = peer.map(|peer| peer.ip());
        let what = slow.as_str();
        slow.told_as()
            .tell(peer, None, format_args!("a connection is closed: {what}"));
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
