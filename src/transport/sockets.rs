//! How many connections the public listeners hold, in all and of one address. The last open files are the operators':
//! their listener and the log must work while strangers want in.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use dondo_actors::account::{Held, MemoryAccount};
use dondo_actors::directory::Directory;
use dondo_actors::notice::Cause;

use super::access_log::AccessLine;
use super::address::TrustedProxies;
use crate::network::counted;
use crate::notices;

/// A head of so many bytes is let in however much is held: operators and balancers ask with less.
const HEAD_ALWAYS: usize = 4096;

/// The count, and its limit. Clones are the same.
#[derive(Clone)]
pub struct Sockets(Arc<SocketsState>);

struct SocketsState {
    max: AtomicUsize,
    open: AtomicUsize,
    /// Of each address that limits count.
    addresses: Directory<IpAddr, usize>,
    proxies: TrustedProxies,
    /// What heads that have not ended are charged to.
    account: OnceLock<Arc<MemoryAccount>>,
    refused: AtomicU64,
    slow: [AtomicU64; Slow::ALL.len()],
}

/// Why a connection is closed before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    Handshake,
    Head,
    Body,
    Answer,
    /// Not for its own time: too much is held of heads.
    Heads,
}

impl Slow {
    const ALL: [Self; 5] = [
        Self::Handshake,
        Self::Head,
        Self::Body,
        Self::Answer,
        Self::Heads,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Handshake => "slow handshake",
            Self::Head => "slow head",
            Self::Body => "slow body",
            Self::Answer => "answer not read",
            Self::Heads => "unfinished heads",
        }
    }

    fn told_as(self) -> &'static Cause {
        match self {
            Self::Handshake => &notices::SLOW_HANDSHAKE,
            Self::Head => &notices::SLOW_HEAD,
            Self::Body => &notices::SLOW_BODY,
            Self::Answer => &notices::SLOW_ANSWER,
            Self::Heads => &notices::UNFINISHED_HEADS,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "a TLS handshake did not end within engine.request-timeout",
            Self::Head => "a request's head did not end within engine.request-timeout",
            Self::Body => "a request's body came slower than 1 KB/s over engine.request-timeout",
            Self::Answer => "an answer was read slower than 1 KB/s over delivery.stall-timeout",
            Self::Heads => "its head does not end, and more is held of such heads than may be",
        }
    }
}

impl Sockets {
    /// Without a limit yet, as where somebody else accepts connections. A proxy that is trusted may hold all.
    pub(crate) fn new(proxies: TrustedProxies) -> Self {
        Self(Arc::new(SocketsState {
            max: AtomicUsize::new(usize::MAX),
            open: AtomicUsize::new(0),
            addresses: Directory::new(),
            proxies,
            account: OnceLock::new(),
            refused: AtomicU64::new(0),
            slow: Default::default(),
        }))
    }

    /// From now on at most so many, whose heads are on this account.
    pub(crate) fn limit(&self, max: usize, account: Arc<MemoryAccount>) {
        self.0.max.store(max, Ordering::Relaxed);
        drop(self.0.account.set(account));
    }

    /// A connection holds `now` bytes of a head that has not ended, where it held `before`; whether that may be.
    pub(crate) fn hold_head(&self, before: usize, now: usize) -> bool {
        let Some(account) = self.0.account.get() else {
            return true;
        };
        if now <= before {
            account.sub(Held::Heads, before - now);
            return true;
        }
        account.add(Held::Heads, now - before);
        now <= HEAD_ALWAYS || !account.heads_are_over()
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

    /// A place for one more, if there is one: one address has half of them at most.
    pub(crate) fn enter(&self, peer: Option<SocketAddr>) -> Option<OpenSocket> {
        let shared = &self.0;
        let mut socket = OpenSocket {
            shared: shared.clone(),
            address: None,
            line: None,
        };
        if shared.open.fetch_add(1, Ordering::Relaxed) >= self.max() {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            notices::SOCKETS_MAX.tell(
                peer.map(|peer| peer.ip()),
                None,
                format_args!(
                    "{} connections are open, as many as the limit of open files allows: a new one is closed at once",
                    self.max()
                ),
            );
            return None;
        }
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let Some(address) = peer
            .filter(|peer| !shared.proxies.trust(*peer))
            .and_then(counted)
        else {
            return Some(socket);
        };
        let most = (self.max() / 2).max(1);
        let taken = |held: &mut usize| {
            let is_free = *held < most;
            *held += usize::from(is_free);
            (is_free, true)
        };
        if shared.addresses.change(address, || 0, taken) {
            socket.address = Some(address);
            return Some(socket);
        }
        shared.refused.fetch_add(1, Ordering::Relaxed);
        notices::ADDRESS_SOCKETS_MAX.tell(
            peer,
            None,
            format_args!(
                "{most} connections of one address are open, half of what the limit of open files allows: a new one is closed at once"
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

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, max) = (self.open(), self.max());
        f.debug_struct("Sockets")
            .field("open", &open)
            .field("max", &max)
            .finish_non_exhaustive()
    }
}

/// One connection's place.
pub(crate) struct OpenSocket {
    shared: Arc<SocketsState>,
    /// Whose it is, where that is counted.
    address: Option<IpAddr>,
    /// Of the access log: of what a connection has become, which ends with it.
    line: Option<Box<AccessLine>>,
}

impl OpenSocket {
    /// The connection becomes something else, which has a line of the access log.
    pub(crate) fn becomes(&mut self, line: Box<AccessLine>) {
        self.line = Some(line);
    }

    /// That was answered so.
    pub(super) fn answered(&mut self, status: u16) {
        if let Some(line) = &mut self.line {
            line.answered(status);
        }
    }
}

impl fmt::Debug for OpenSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenSocket").field(&self.address).finish()
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            let given_back = |held: &mut usize| {
                *held = held.saturating_sub(1);
                ((), *held > 0)
            };
            self.shared.addresses.change(address, || 0, given_back);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(trusted: &[&str], max: usize) -> Sockets {
        let networks = trusted.iter().filter_map(|network| network.parse().ok());
        let sockets = Sockets::new(TrustedProxies::new(networks.collect()));
        sockets.limit(max, MemoryAccount::new(1 << 20, 10_000));
        sockets
    }

    fn peer(text: &str) -> Option<SocketAddr> {
        text.parse().ok()
    }

    #[test]
    fn there_is_place_again_when_one_goes() {
        let sockets = sockets(&[], 2);
        let (one, two) = (sockets.enter(None), sockets.enter(None));
        assert!(one.is_some() && two.is_some());
        assert!(sockets.enter(None).is_none());
        assert_eq!((sockets.open(), sockets.refused()), (2, 1));
        drop(one);
        assert!(sockets.enter(None).is_some());
    }

    #[test]
    fn one_address_leaves_half_of_the_places_to_others() {
        let sockets = sockets(&[], 4);
        let theirs = ["9.9.9.9:1", "9.9.9.9:2"].map(|from| sockets.enter(peer(from)));
        assert!(theirs.iter().all(Option::is_some));
        assert!(sockets.enter(peer("9.9.9.9:3")).is_none());
        assert_eq!((sockets.open(), sockets.refused()), (2, 1));
        let others = ["8.8.8.8:1", "127.0.0.1:1"].map(|from| sockets.enter(peer(from)));
        assert!(others.iter().all(Option::is_some));
        drop((theirs, others));
        assert_eq!((sockets.open(), sockets.0.addresses.len()), (0, 0));
    }

    #[test]
    fn a_trusted_proxy_and_this_machine_may_hold_all() {
        let sockets = sockets(&["9.9.9.0/24"], 4);
        for from in ["9.9.9.9:1", "127.0.0.1:1"] {
            let held = [(); 4].map(|()| sockets.enter(peer(from)));
            assert!(held.iter().all(Option::is_some), "{from}");
        }
    }

    #[test]
    fn heads_that_do_not_end_are_on_the_account_and_none_grows_where_too_much_is_held_of_them() {
        let sockets = sockets(&[], 9);
        assert!(sockets.hold_head(0, 8_000));
        assert!(sockets.hold_head(0, 2_000));
        assert!(!sockets.hold_head(8_000, 8_001));
        assert!(sockets.hold_head(0, HEAD_ALWAYS), "a short one always may");
        sockets.hold_head(HEAD_ALWAYS, 0);
        sockets.hold_head(2_000, 0);
        assert!(sockets.hold_head(8_001, 9_000));
        sockets.hold_head(9_000, 0);
        let account = sockets.0.account.get();
        assert_eq!(account.map(|account| account.held(Held::Heads)), Some(0));
    }
}
