//! Who may open a session: limits of the process, of an address, and of a TCP connection. What is held for a session is
//! a ticket, and goes with it; what is known of an address dies with the last thing that it describes.
//! Knows addresses and counts; requests and sessions are the engine's.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use actix_web::dev::RequestHead;
use dondo_actors::account::AddressAccount;
use dondo_actors::directory::Directory;
use dondo_actors::handshake::Handshake;
use dondo_actors::rate::Rates;
use dondo_actors::session::Peer;
use ipnet::IpNet;
use tokio::runtime::Handle;

use super::address::{TrustedProxies, counted};
use super::host::Hosts;
use super::refusal::Refusal;
use super::sockets::Sockets;
use crate::moderation::Moderation;

/// The settings of the doors of one process.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// `trusted-proxies`: proxies whose word on a client's address is taken. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// `hosts`: names that a request's `Host` may have. Default: any.
    pub hosts: Vec<String>,
    /// `limits.sessions-max`: sessions of the whole process. Default: 250,000.
    pub sessions_max: usize,
    /// `limits.address-sessions-max`: sessions of one address. Default: 10,000.
    pub address_sessions_max: usize,
    /// `limits.connection-sessions-max`: sessions that were opened over one TCP connection and live. Default: 1,000.
    pub connection_sessions_max: usize,
    /// `limits.address-handshakes-per-s`: handshakes of one address a second; none with `rate-limits` off.
    /// Default: 1,000.
    pub address_handshakes_per_s: Option<usize>,
    /// `limits.address-bytes-max`: bytes held for all sessions of one address. Default: 128 MiB.
    pub address_bytes_max: usize,
    /// `limits.address-…-per-s`: how fast all sessions of one address may send. Default: no limit.
    pub address_rates: Arc<Rates>,
    /// `limits.burst`: how long the rate may be saved up. Default: 30 s.
    pub burst: Duration,
    /// `engine.request-timeout`: time that a request's head may take, and the first bytes of its body. Default: 10 s.
    pub request_timeout: Duration,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            sessions_max: 250_000,
            address_sessions_max: 10_000,
            connection_sessions_max: 1_000,
            address_handshakes_per_s: Some(1_000),
            address_bytes_max: 128 << 20,
            address_rates: Arc::default(),
            burst: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
        }
    }
}

/// The doors of one process, in front of all its endpoints. Clones are the same doors.
#[derive(Clone)]
pub struct Doors(Arc<DoorsState>);

struct DoorsState {
    settings: DoorSettings,
    proxies: TrustedProxies,
    moderation: Moderation,
    hosts: Hosts,
    sockets: Sockets,
    sessions: AtomicUsize,
    addresses: Directory<IpAddr, Known>,
    /// Live sessions by the far end of the connection that they were opened over.
    connections: Directory<SocketAddr, usize>,
}

impl Doors {
    /// Doors with these limits.
    pub fn new(settings: DoorSettings) -> Self {
        Self::moderated(settings, Moderation::default())
    }

    /// The same, which nobody passes who is banned.
    pub(crate) fn moderated(settings: DoorSettings, moderation: Moderation) -> Self {
        let proxies = TrustedProxies::new(settings.trusted_proxies.clone());
        Self(Arc::new(DoorsState {
            sockets: Sockets::new(proxies.clone()),
            proxies,
            moderation,
            hosts: Hosts::new(&settings.hosts),
            settings,
            sessions: AtomicUsize::new(0),
            addresses: Directory::new(),
            connections: Directory::new(),
        }))
    }

    /// The limits.
    pub fn settings(&self) -> &DoorSettings {
        &self.0.settings
    }

    /// Connections of the standalone server.
    pub fn sockets(&self) -> &Sockets {
        &self.0.sockets
    }

    /// Sessions that hold a place.
    pub fn sessions(&self) -> usize {
        self.0.sessions.load(Ordering::Relaxed)
    }

    /// Addresses and connections that something is known of.
    pub fn known(&self) -> (usize, usize) {
        (self.0.addresses.len(), self.0.connections.len())
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.hosts
    }

    /// The address of the client that a request comes from, behind proxies that are trusted.
    pub(crate) fn client(&self, request: &RequestHead) -> Option<IpAddr> {
        let peer = request.peer_addr?;
        Some(self.0.proxies.client(peer.ip(), &request.headers))
    }

    /// Lets a session in that `request` asks for. `polling`: more of them may come over the same connection.
    pub(crate) fn admit(&self, request: &RequestHead, polling: bool) -> Result<Ticket, Refusal> {
        let (peer, client) = (request.peer_addr, self.client(request));
        let bans = self.0.moderation.bans();
        if bans
            .of_client(None, client, None, SystemTime::now())
            .is_some()
        {
            return Err(Refusal::Banned);
        }
        self.0.sessions.fetch_add(1, Ordering::Relaxed);
        // What it has taken so far goes back if it is not let in.
        let mut ticket = Ticket {
            doors: self.clone(),
            client,
            account: None,
            connection: None,
        };
        let settings = &self.0.settings;
        if self.sessions() > settings.sessions_max {
            return Err(Refusal::SessionsMax);
        }
        if let Some(peer) = peer.filter(|_| polling) {
            self.0.connections.change(
                peer,
                || 0,
                |sessions| {
                    if *sessions >= settings.connection_sessions_max {
                        return (Err(Refusal::ConnectionSessionsMax), true);
                    }
                    *sessions += 1;
                    (Ok(()), true)
                },
            )?;
            ticket.connection = Some(peer);
        }
        if let Some(address) = client.and_then(counted) {
            let account = self.change(address, |known| {
                if known.sessions >= settings.address_sessions_max {
                    return Err(Refusal::AddressSessionsMax);
                }
                if settings.address_handshakes_per_s.is_some() {
                    if known.handshakes < 1.0 {
                        return Err(Refusal::AddressHandshakes);
                    }
                    known.handshakes -= 1.0;
                }
                known.sessions += 1;
                Ok(known.account.clone())
            })?;
            ticket.account = Some(account);
        }
        Ok(ticket)
    }

    /// Changes what is known of an address. An address without sessions is forgotten once its bucket is full.
    fn change<R>(&self, address: IpAddr, change: impl FnOnce(&mut Known) -> R) -> R {
        let settings = &self.0.settings;
        let rate = settings.address_handshakes_per_s.unwrap_or(0) as f64;
        let full = rate * settings.burst.as_secs_f64();
        let now = Instant::now();
        let make = || Known {
            sessions: 0,
            handshakes: full,
            refilled: now,
            watched: false,
            account: AddressAccount::new(
                settings.address_bytes_max,
                settings.address_rates.clone(),
            ),
        };
        let (answer, wait) = self.0.addresses.change(address, make, |known| {
            known.refill(now, rate, full);
            let answer = change(known);
            let owes = known.handshakes < full || !known.account.rates().is_full();
            let keep = known.sessions > 0 || owes;
            let watch = keep && known.sessions == 0 && !std::mem::replace(&mut known.watched, true);
            let wait = watch.then(|| known.full_in(rate, full));
            ((answer, wait), keep)
        });
        if let Some(wait) = wait {
            self.forget_later(address, wait);
        }
        answer
    }

    fn forget_later(&self, address: IpAddr, wait: Duration) {
        let Ok(runtime) = Handle::try_current() else {
            // Nobody to wait: a thread that ends the process.
            return self.0.addresses.remove(&address);
        };
        let doors = self.clone();
        runtime.spawn(async move {
            // Timers tick in milliseconds; the bucket must be full by then.
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
            doors.change(address, |known| known.watched = false);
        });
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Doors").field(&self.0.settings).finish()
    }
}

/// How often a bucket of what an address sends is looked at, until it is full.
const LOOK: Duration = Duration::from_secs(1);

/// What is known of an address.
#[derive(Clone)]
struct Known {
    account: Arc<AddressAccount>,
    sessions: usize,
    /// Handshakes that it may make at once.
    handshakes: f64,
    refilled: Instant,
    /// Somebody waits for its bucket to be full, to forget it then.
    watched: bool,
}

impl Known {
    fn refill(&mut self, now: Instant, rate: f64, full: f64) {
        let elapsed = now.saturating_duration_since(self.refilled);
        self.handshakes = (self.handshakes + rate * elapsed.as_secs_f64()).min(full);
        self.refilled = now;
    }

    /// When it may be forgotten, or looked at again.
    fn full_in(&self, rate: f64, full: f64) -> Duration {
        if self.account.rates().is_full() && rate > 0.0 {
            Duration::from_secs_f64((full - self.handshakes) / rate)
        } else {
            LOOK
        }
    }
}

/// A session's place. Kept as long as anything of the session is, also after its end.
pub(crate) struct Ticket {
    doors: Doors,
    client: Option<IpAddr>,
    /// Of its address, where that is counted.
    account: Option<Arc<AddressAccount>>,
    connection: Option<SocketAddr>,
}

impl Ticket {
    /// Where its client is.
    pub(crate) fn peer(&self) -> Peer {
        Peer {
            address: self.client,
            account: self.account.clone(),
            handshake: Handshake::default(),
            login: None,
            refused: None,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let doors = &self.doors;
        doors.0.sessions.fetch_sub(1, Ordering::Relaxed);
        if let Some(peer) = self.connection {
            doors.0.connections.change(
                peer,
                || 0,
                |sessions| {
                    *sessions = sessions.saturating_sub(1);
                    ((), *sessions > 0)
                },
            );
        }
        if let Some(address) = self
            .client
            .filter(|_| self.account.is_some())
            .and_then(counted)
        {
            doors.change(address, |known| {
                known.sessions = known.sessions.saturating_sub(1);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn from(peer: &str) -> RequestHead {
        let mut head = RequestHead::default();
        head.peer_addr = Some(peer.parse().unwrap());
        head
    }

    #[test]
    fn what_is_known_of_an_address_goes_with_its_last_session_and_a_full_bucket() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let doors = Doors::new(DoorSettings::default());
            let first = doors.admit(&from("9.9.9.9:1"), true).unwrap();
            let second = doors.admit(&from("9.9.9.9:1"), true).unwrap();
            drop(first);
            assert_eq!((doors.sessions(), doors.known()), (1, (1, 1)));
            drop(second);
            assert_eq!((doors.sessions(), doors.known().1), (0, 0));
            while doors.known().0 > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }

    #[test]
    fn without_a_rate_nothing_outlives_a_session() {
        let settings = DoorSettings {
            address_handshakes_per_s: None,
            ..DoorSettings::default()
        };
        let doors = Doors::new(settings);
        drop(doors.admit(&from("9.9.9.9:1"), true).unwrap());
        assert_eq!((doors.sessions(), doors.known()), (0, (0, 0)));
    }

    #[test]
    fn a_bucket_fills_at_its_rate_up_to_its_brim() {
        let now = Instant::now();
        let mut known = Known {
            sessions: 0,
            handshakes: 0.0,
            refilled: now,
            watched: false,
            account: AddressAccount::new(1, Arc::default()),
        };
        known.refill(now + Duration::from_millis(500), 10.0, 300.0);
        assert_eq!(known.handshakes, 5.0);
        known.refill(now + Duration::from_secs(3600), 10.0, 300.0);
        assert_eq!(known.handshakes, 300.0);
    }

    #[test]
    fn a_refused_session_holds_nothing() {
        let doors = Doors::new(DoorSettings {
            sessions_max: 1,
            ..DoorSettings::default()
        });
        let held = doors.admit(&from("127.0.0.1:1"), true).unwrap();
        for _ in 0..3 {
            let refused = doors.admit(&from("127.0.0.1:2"), true);
            assert_eq!(refused.err(), Some(Refusal::SessionsMax));
        }
        assert_eq!((doors.sessions(), doors.known()), (1, (0, 1)));
        drop(held);
        assert!(doors.admit(&from("127.0.0.1:2"), true).is_ok());
    }
}
