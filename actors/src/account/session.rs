//! The accounts of one session and of one address: parts of the process's.

use std::sync::{
    Arc,
    atomic::{
        AtomicU64, AtomicUsize,
        Ordering::{AcqRel, Relaxed, SeqCst},
    },
};

use bytes::Bytes;

use super::{Held, MemoryAccount};
use crate::rate::{RateLimiter, SharedRates};

/// What all sessions of one address hold and do together.
#[derive(Debug)]
pub struct AddressAccount {
    bytes: AtomicUsize,
    max: usize,
    rates: RateLimiter,
    /// Letters of its sessions' that wait for answers.
    asked: AtomicUsize,
}

impl AddressAccount {
    /// An address whose sessions may hold `max` bytes beside their outboxes, and send so much.
    pub fn new(max: usize, rates: SharedRates) -> Arc<Self> {
        Arc::new(Self {
            bytes: AtomicUsize::new(0),
            max,
            rates: RateLimiter::new(rates),
            asked: AtomicUsize::new(0),
        })
    }

    /// Bytes that its sessions hold beside their outboxes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// How fast its sessions may send.
    pub fn rates(&self) -> &RateLimiter {
        &self.rates
    }
}

/// One of its letters that wait for answers.
#[derive(Debug)]
pub(crate) struct AddressAsk(Arc<AddressAccount>);

impl AddressAsk {
    /// One more, if there are fewer than `max`.
    pub(crate) fn take(address: &Arc<AddressAccount>, max: usize) -> Option<Self> {
        let more = |asked| (asked < max).then_some(asked + 1);
        let taken = address.asked.fetch_update(Relaxed, Relaxed, more);
        taken.ok().map(|_| Self(address.clone()))
    }
}

impl Drop for AddressAsk {
    fn drop(&mut self) {
        self.0.asked.fetch_sub(1, Relaxed);
    }
}

/// What one session holds beside its outbox. Its outbox counts for itself.
#[derive(Debug)]
pub struct SessionAccount {
    account: Arc<MemoryAccount>,
    address: Option<Arc<AddressAccount>>,
    bytes: AtomicUsize,
    /// Messages in handling, each as [`MESSAGE`], and their bytes.
    inbound: AtomicU64,
    partial: AtomicUsize,
    max: usize,
}

/// What an idle session costs, estimated: actors, transports, buffers, its entries in directories.
pub(super) const SESSION: usize = 6 * 1024;

/// What a message in handling holds beside its bytes, estimated: its handler, and its place in mailboxes and queues. Not
/// a part of what credit counts, which has messages, too.
pub const IN_HANDLING: usize = 3 * 1024;

/// One message, in the one word that counts messages and their bytes: each change of two words would cost every message.
const MESSAGE: u64 = 1 << 40;

impl SessionAccount {
    /// The account of a session that may hold `max` bytes; `address` is none where that has no limits.
    pub fn new(
        account: Arc<MemoryAccount>,
        address: Option<Arc<AddressAccount>>,
        max: usize,
    ) -> Arc<Self> {
        account.add(Held::Sessions, SESSION);
        Arc::new(Self {
            account,
            address,
            bytes: AtomicUsize::new(0),
            inbound: AtomicU64::new(0),
            partial: AtomicUsize::new(0),
            max,
        })
    }

    /// Bytes of messages, packets and bodies of which a part has come.
    pub fn partial(&self) -> usize {
        self.partial.load(Relaxed)
    }

    /// Bytes that it holds beside its outbox.
    pub fn bytes(&self) -> usize {
        let inbound = self.inbound.load(Relaxed);
        let (messages, bytes) = (inbound / MESSAGE, inbound % MESSAGE);
        self.bytes.load(Relaxed) + messages as usize * IN_HANDLING + bytes as usize
    }

    /// Bytes of its messages that are in handling.
    pub(crate) fn inbound(&self) -> usize {
        (self.inbound.load(SeqCst) % MESSAGE) as usize
    }

    /// A message of so many bytes is in handling.
    pub(crate) fn begin_inbound(&self, bytes: usize) {
        self.count_inbound(MESSAGE + bytes as u64, bytes + IN_HANDLING);
    }

    /// It is of so many bytes more.
    pub(crate) fn add_inbound(&self, bytes: usize) {
        self.count_inbound(bytes as u64, bytes);
    }

    fn count_inbound(&self, inbound: u64, held: usize) {
        self.inbound.fetch_add(inbound, AcqRel);
        self.account.add(Held::Inbound, held);
        if let Some(address) = &self.address {
            address.bytes.fetch_add(held, Relaxed);
        }
    }

    /// It is not any more. Answers how much was, it included.
    pub(crate) fn end_inbound(&self, bytes: usize) -> usize {
        let held = bytes + IN_HANDLING;
        self.account.sub(Held::Inbound, held);
        if let Some(address) = &self.address {
            address.bytes.fetch_sub(held, Relaxed);
        }
        (self.inbound.fetch_sub(MESSAGE + bytes as u64, SeqCst) % MESSAGE) as usize
    }

    /// The most that it may hold, in bytes, its outbox included.
    pub fn max(&self) -> usize {
        self.max
    }

    /// What its address holds, where that has limits.
    pub fn address(&self) -> Option<&Arc<AddressAccount>> {
        self.address.as_ref()
    }

    /// Whether the sessions of its address together hold more than they may.
    pub fn is_address_over(&self) -> bool {
        let over = |address: &Arc<AddressAccount>| address.bytes() > address.max;
        self.address.as_ref().is_some_and(over)
    }

    /// Whether they hold so much that each of them is read a message at a time and joins nothing more: what is left is for
    /// those who have none in handling yet, newcomers among them.
    pub(crate) fn is_address_high(&self) -> bool {
        let high = |address: &Arc<AddressAccount>| address.bytes() > address.max / 4 * 3;
        self.address.as_ref().is_some_and(high)
    }

    /// The process's account.
    pub fn process(&self) -> &Arc<MemoryAccount> {
        &self.account
    }

    /// Counts bytes in whose end is told by [`SessionAccount::sub`]; prefer [`Charge`].
    pub(crate) fn add(&self, what: Held, bytes: usize) {
        self.bytes.fetch_add(bytes, Relaxed);
        if what == Held::Partial {
            self.partial.fetch_add(bytes, Relaxed);
        }
        if !counts_for_itself(what) {
            self.account.add(what, bytes);
        }
        if let Some(address) = self.address.as_ref().filter(|_| what != Held::Outbox) {
            address.bytes.fetch_add(bytes, Relaxed);
        }
    }

    /// Counts bytes out.
    pub(crate) fn sub(&self, what: Held, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
        if what == Held::Partial {
            self.partial.fetch_sub(bytes, Relaxed);
        }
        if !counts_for_itself(what) {
            self.account.sub(what, bytes);
        }
        if let Some(address) = self.address.as_ref().filter(|_| what != Held::Outbox) {
            address.bytes.fetch_sub(bytes, Relaxed);
        }
    }

    /// Takes bytes onto the account until the charge is dropped.
    pub fn charge(self: &Arc<Self>, what: Held, bytes: usize) -> Charge {
        let mut charge = Charge {
            session: self.clone(),
            what,
            bytes: 0,
        };
        charge.resize(bytes);
        charge
    }

    /// The same bytes, on the account until the last holder lets go.
    pub fn charge_bytes(self: &Arc<Self>, bytes: Bytes, what: Held) -> Bytes {
        let charge = self.charge(what, bytes.len());
        Bytes::from_owner(ChargedBytes {
            _charge: charge,
            bytes,
        })
    }
}

/// Rooms count what they keep, and frames themselves, once for the process; on whose behalf is known to sessions. Frames are
/// nothing to an address: a thousand clients behind one that read the same letter slowly hold it once.
fn counts_for_itself(what: Held) -> bool {
    matches!(what, Held::Memberships | Held::Outbox)
}

struct ChargedBytes {
    _charge: Charge,
    bytes: Bytes,
}

impl AsRef<[u8]> for ChargedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for SessionAccount {
    fn drop(&mut self) {
        self.account.sub(Held::Sessions, SESSION);
    }
}

/// Bytes on a session's account, given back on drop.
#[derive(Debug)]
pub struct Charge {
    session: Arc<SessionAccount>,
    what: Held,
    bytes: usize,
}

impl Charge {
    /// It holds so many bytes now. Costs nothing if that is what it held.
    pub fn resize(&mut self, bytes: usize) {
        if bytes > self.bytes {
            self.session.add(self.what, bytes - self.bytes);
        } else if bytes < self.bytes {
            self.session.sub(self.what, self.bytes - bytes);
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.resize(0);
    }
}
