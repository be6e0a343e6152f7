//! Who may open a session: limits of the process, of an address, and of a TCP connection. What is held for a session is
//! a ticket, and goes with it; what is known of an address dies with the last thing that it describes.
//! Knows addresses and counts; requests and sessions are the engine's.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::dev::RequestHead;
use dondo_actors::account::AddressAccount;
use dondo_actors::directory::Directory;
use dondo_actors::handshake::Handshake;
use dondo_actors::rate::SharedRates;
use dondo_actors::session::Peer;
use ipnet::IpNet;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::address::TrustedProxies;
use super::host::Hosts;
use super::refusal::Refusal;
use super::sockets::Sockets;
use crate::moderation::Moderation;
use crate::network::counted;

/// The settings of the doors of one process.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// `trusted-proxies`: proxies whose word on a client's address is taken. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// `hosts`: names that a request's `Host` may have. Default: any.
    pub hosts: Vec<String>,
    /// What may change while they stand.
    pub limits: DoorLimits,
    /// `limits.address-bytes-max`: bytes held for all sessions of one address. Default: 128 MiB.
    pub address_bytes_max: usize,
    /// `limits.address-…-per-s`: how fast all sessions of one address may send. Default: no limit.
    pub address_rates: SharedRates,
    /// `engine.request-timeout`: time that a request's head may take, and the first bytes of its body. Default: 10 s.
    pub request_timeout: Duration,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            limits: DoorLimits::default(),
            address_bytes_max: 128 << 20,
            address_rates: SharedRates::default(),
            request_timeout: Duration::from_secs(10),
        }
    }
}

/// How many may come.
#[derive(Clone, Copy, Debug)]
pub struct DoorLimits {
    /// `limits.sessions-max`: sessions of the whole process. Default: 250,000.
    pub sessions_max: usize,
    /// `limits.address-sessions-max`: sessions of one address. Default: 10,000.
    pub address_sessions_max: usize,
    /// `limits.connection-sessions-max`: sessions that were opened over one TCP connection and live. Default: 1,000.
    pub connection_sessions_max: usize,
    /// `limits.address-handshakes-per-s`: handshakes of one address a second; none with `insecure.no-rate-limits`.
    /// Default: 1,000.
    pub address_handshakes_per_s: Option<usize>,
    /// `limits.burst`: how long the rate may be saved up. Default: 30 s.
    pub burst: Duration,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            sessions_max: 250_000,
            address_sessions_max: 10_000,
            connection_sessions_max: 1_000,
            address_handshakes_per_s: Some(1_000),
            burst: Duration::from_secs(30),
        }
    }
}

impl DoorLimits {
    /// Handshakes of one address a second, and how many of them may be saved up.
    fn handshakes(&self) -> (f64, f64) {
        let rate = self.address_handshakes_per_s.unwrap_or(0) as f64;
        (rate, rate * self.burst.as_secs_f64())
    }
}

/// The doors of one process, in front of all its endpoints. Clones are the same doors.
#[derive(Clone)]
pub struct Doors(Arc<DoorsState>);

struct DoorsState {
    settings: DoorSettings,
    limits: watch::Sender<DoorLimits>,
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
            limits: watch::Sender::new(settings.limits),
            settings,
            sessions: AtomicUsize::new(0),
            addresses: Directory::new(),
            connections: Directory::new(),
        }))
    }

    /// What they were made with.
    pub fn settings(&self) -> &DoorSettings {
        &self.0.settings
    }

    /// From now on these limits hold. Who is in stays.
    pub(crate) fn change_limits(&self, limits: DoorLimits) {
        self.0.limits.send_replace(limits);
    }

    /// The limits that hold.
    pub(crate) fn limits(&self) -> DoorLimits {
        *self.0.limits.borrow()
    }

    /// Who may not come in, and what is known of accounts.
    pub(crate) fn moderation(&self) -> &Moderation {
        &self.0.moderation
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

    /// Whether it is this machine's address, or that of a proxy that did not say whom it speaks for: anybody's.
    pub(crate) fn is_shared(&self, address: IpAddr) -> bool {
        address.to_canonical().is_loopback() || self.0.proxies.trust(address)
    }

    /// Lets a session in that `request` asks for. `polling`: more of them may come over the same connection.
    pub(crate) fn admit(&self, request: &RequestHead, polling: bool) -> Result<Ticket, Refusal> {
        let (peer, client) = (request.peer_addr, self.client(request));
        let bans = self.0.moderation.bans();
        if bans.of_client(None, client, None).is_some() {
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
        let limits = self.limits();
        if self.sessions() > limits.sessions_max {
            return Err(Refusal::SessionsMax);
        }
        if let Some(peer) = peer.filter(|_| polling) {
            self.0.connections.change(
                peer,
                || 0,
                |sessions| {
                    if *sessions >= limits.connection_sessions_max {
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
                if known.sessions >= limits.address_sessions_max {
                    return Err(Refusal::AddressSessionsMax);
                }
                if limits.address_handshakes_per_s.is_some() {
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
        let (rate, full) = self.limits().handshakes();
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
mod tests;
