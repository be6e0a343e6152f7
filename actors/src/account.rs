//! What the process holds on behalf of its peers, in bytes: who holds how much, of what, and whether that is too much.
//! Knows no queue: whoever keeps something takes a [`Charge`] for it, and dropping the charge gives it back.

mod payer;
mod session;
mod untaken;

pub(crate) use self::payer::{NAMED, SMALL};
pub use self::payer::{Payer, Weighed};
pub(crate) use self::session::AddressAsk;
pub use self::session::{AddressAccount, Charge, IN_HANDLING, SessionAccount};
pub(crate) use self::untaken::{UntakenAnswer, UntakenAnswers};

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;

/// What bytes are held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Held {
    /// Sessions themselves, at a fixed estimate each.
    Sessions,
    /// Messages that are being handled, answers that wait for whoever asked, and what is to be said to who is not let in yet.
    Inbound,
    /// Messages, packets and bodies of which a part has come.
    Partial,
    /// Credentials that came with a CONNECT and that an application keeps, and handshakes.
    Auth,
    /// What members keep in rooms: names, leave events, tags.
    Memberships,
    /// Invitations that rooms keep.
    Invitations,
    /// Frames that wait for clients, each counted once, and the places in the outboxes that hold them.
    Outbox,
    /// Answers to polls that are being written.
    Answers,
    /// Heads of HTTP requests of which a part has come.
    Heads,
    /// Letters that are kept for members who join later.
    History,
}

impl Held {
    /// All kinds, for metrics.
    pub const ALL: [Self; 10] = [
        Self::Sessions,
        Self::Inbound,
        Self::Partial,
        Self::Auth,
        Self::Memberships,
        Self::Invitations,
        Self::Outbox,
        Self::Answers,
        Self::Heads,
        Self::History,
    ];

    /// The kind as metrics name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Inbound => "inbound",
            Self::Partial => "partial",
            Self::Auth => "auth",
            Self::Memberships => "memberships",
            Self::Invitations => "invitations",
            Self::Outbox => "outbox",
            Self::Answers => "answers",
            Self::Heads => "heads",
            Self::History => "history",
        }
    }
}

/// One counter to a cache line: workers charge at the same time.
#[derive(Debug, Default)]
#[repr(align(64))]
struct CacheLine(AtomicU64);

/// Threads share a gauge only if there are more of them.
const OUTBOX_GAUGES: usize = 16;
/// Threads that have one.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// What a frame that waits costs beside its bytes, which others may share: its place in the queue.
pub(crate) const ENTRY: usize = size_of::<[usize; 8]>();

/// What waits in the outboxes of one thread: every delivery counts here, so threads do not share it.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct OutboxGauge {
    frames: AtomicU64,
    bytes: AtomicU64,
    /// Of those that are on no account of their own, see `Frame::charged_to_its_client`; counted from the push until they are
    /// written. On their way to the outbox they are bounded by their session's units.
    own: AtomicU64,
}

impl OutboxGauge {
    pub(crate) fn add(&self, bytes: usize) {
        self.frames.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sub(&self, frames: usize, bytes: usize) {
        self.frames.fetch_sub(frames as u64, Relaxed);
        self.bytes.fetch_sub(bytes as u64, Relaxed);
    }

    pub(crate) fn add_own(&self, bytes: usize) {
        self.own.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn sub_own(&self, bytes: usize) {
        self.own.fetch_sub(bytes as u64, Relaxed);
    }
}

/// The bytes of one process or hub, by what they are held for.
pub struct MemoryAccount {
    max: u64,
    partial_max: u64,
    held: [CacheLine; Held::ALL.len()],
    outboxes: [Arc<OutboxGauge>; OUTBOX_GAUGES],
}

impl MemoryAccount {
    /// An empty account that may hold `max` bytes, `partial_max` of them in what has come in part only.
    pub fn new(max: u64, partial_max: u64) -> Arc<Self> {
        Arc::new(Self {
            max,
            partial_max,
            held: Default::default(),
            outboxes: Default::default(),
        })
    }

    /// The most that it may hold, in bytes.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Bytes held for one thing.
    pub fn held(&self, what: Held) -> u64 {
        let held = self.held[what as usize].0.load(Relaxed);
        match what {
            Held::Outbox => {
                held + self.waiting_frames() * ENTRY as u64 + self.sum(|gauge| &gauge.own)
            }
            _ => held,
        }
    }

    /// Frames that wait in outboxes, once for each member they wait for.
    pub fn waiting_frames(&self) -> u64 {
        self.sum(|gauge| &gauge.frames)
    }

    /// Bytes of the frames that wait in outboxes, once for each member they wait for.
    pub fn waiting_bytes(&self) -> u64 {
        self.sum(|gauge| &gauge.bytes)
    }

    /// Of all threads.
    fn sum(&self, of: impl Fn(&OutboxGauge) -> &AtomicU64) -> u64 {
        let used = THREADS.load(Relaxed).min(OUTBOX_GAUGES);
        let each = self.outboxes[..used].iter();
        each.map(|gauge| of(gauge).load(Relaxed))
            .fold(0, u64::wrapping_add)
    }

    /// The gauge of the present thread's outboxes.
    pub(crate) fn outbox_gauge(&self) -> Arc<OutboxGauge> {
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Relaxed);
        }
        self.outboxes[THREAD.with(|thread| *thread) % OUTBOX_GAUGES].clone()
    }

    /// Bytes held for everything.
    pub fn total(&self) -> u64 {
        Held::ALL.into_iter().map(|what| self.held(what)).sum()
    }

    /// Whether so much is held that no new session should be opened: 85 % of the most.
    pub fn crowded(&self) -> bool {
        self.total() >= self.max / 100 * 85
    }

    /// Bytes that are held beyond 80 % of what may be: where an address that holds much has kept the hub crowded.
    pub(crate) fn excess(&self) -> u64 {
        self.total().saturating_sub(self.max / 100 * 80)
    }

    /// Bytes that are held beyond what may be.
    pub(crate) fn surplus(&self) -> u64 {
        self.total().saturating_sub(self.max)
    }

    /// Whether a head that does not end is one too many: heads alone hold what may be held of what has come in part, or a
    /// good part of it where no new sessions are opened either.
    pub fn heads_are_over(&self) -> bool {
        let heads = self.held(Held::Heads);
        heads > self.partial_max || heads > self.partial_max / 8 && self.crowded()
    }

    /// Bytes that are held beyond what may be of messages, packets and bodies that have come in part.
    pub(crate) fn partial_surplus(&self) -> u64 {
        self.held(Held::Partial).saturating_sub(self.partial_max)
    }

    /// Counts bytes in whose end is told by [`MemoryAccount::sub`]; prefer [`Charge`].
    pub fn add(&self, what: Held, bytes: usize) {
        self.held[what as usize].0.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts bytes out.
    pub fn sub(&self, what: Held, bytes: usize) {
        self.held[what as usize].0.fetch_sub(bytes as u64, Relaxed);
    }

    /// The same bytes, on the account until the last holder lets go.
    pub fn charge_bytes(self: &Arc<Self>, bytes: Bytes, what: Held) -> Bytes {
        self.add(what, bytes.len());
        Bytes::from_owner(Owned {
            account: self.clone(),
            what,
            bytes,
        })
    }
}

impl fmt::Debug for MemoryAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Held::ALL.map(|what| (what.as_str(), self.held(what)));
        f.debug_map().entries(held).finish()
    }
}

struct Owned {
    account: Arc<MemoryAccount>,
    what: Held,
    bytes: Bytes,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.account.sub(self.what, self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{session::SESSION, *};
    use crate::rate::SharedRates;

    #[test]
    fn a_charge_is_on_all_three_accounts_until_it_is_dropped() {
        let process = MemoryAccount::new(1 << 20, 1 << 20);
        let address = AddressAccount::new(50, SharedRates::default());
        let session = SessionAccount::new(process.clone(), Some(address.clone()), 1 << 10);
        let mut charge = session.charge(Held::Auth, 100);
        assert!(session.is_address_over());
        charge.resize(40);
        assert!(!session.is_address_over());
        assert_eq!((session.bytes(), process.held(Held::Auth)), (40, 40));
        drop(charge);
        assert_eq!((session.bytes(), process.held(Held::Auth)), (0, 0));
        assert_eq!(address.bytes(), 0);
        assert_eq!(process.total(), SESSION as u64);
        drop(session);
        assert_eq!(process.total(), 0);
    }

    #[test]
    fn an_account_is_crowded_before_it_is_over() {
        let process = MemoryAccount::new(1000, 1000);
        process.add(Held::Answers, 849);
        assert!(!process.crowded());
        process.add(Held::Answers, 1);
        assert!(process.crowded() && process.surplus() == 0);
        process.add(Held::Answers, 151);
        assert_eq!(process.surplus(), 1);
    }
}
