//! What a session's transport may still read: a unit for each message that is being handled, and for each message or
//! answer on its way because of one. The transport may run on another thread than the session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicIsize, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

use crate::account::SessionAccount;

/// The units of one session, and its bytes.
#[derive(Debug)]
pub struct InboundCredit {
    units: AtomicIsize,
    /// Bytes in messages that may be in handling at once; the last one may go beyond.
    bytes_max: usize,
    /// What is lent: one word, as loans may end on other threads.
    lent: AtomicU64,
    /// Bytes that its member has said and that are not handed on.
    said: AtomicUsize,
    arrived: AtomicU64,
    /// The reader waits, perhaps for a message in handling because its address holds much.
    held_back: AtomicBool,
    reader: AtomicWaker,
    account: Arc<SessionAccount>,
}

/// A loan, in the one word that counts loans, and the most bytes that were in handling when one of them began: they stop nobody while
/// there is any.
const LOAN: u64 = 1 << 40;

/// So many units that nothing is read until they are given back.
const PAUSE: isize = isize::MAX / 4;

impl InboundCredit {
    /// `units` messages of `bytes` together may be in handling at once.
    pub fn new(units: usize, bytes: usize, account: Arc<SessionAccount>) -> Arc<Self> {
        let units = isize::try_from(units.max(1)).unwrap_or(PAUSE).min(PAUSE);
        Arc::new(Self {
            units: AtomicIsize::new(units),
            bytes_max: bytes.max(1),
            lent: AtomicU64::new(0),
            said: AtomicUsize::new(0),
            arrived: AtomicU64::new(0),
            held_back: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            account,
        })
    }

    /// Whether nothing more is read at present.
    pub fn exhausted(&self) -> bool {
        let units = self.units.load(Ordering::Acquire);
        let lent = self.lent.load(Ordering::Acquire);
        let bytes_max = self.bytes_max.saturating_add((lent % LOAN) as usize);
        if units <= 0 || units > PAUSE {
            return units <= 0;
        }
        let inbound = self.account.inbound();
        // Where its address holds much, its next message waits for the last one; but the answer to a handler that asked is what
        // that one waits for.
        let waits_for_address = || self.account.is_address_high() && lent < LOAN;
        inbound >= bytes_max || (inbound > 0 && waits_for_address())
    }

    /// Ready when a message may be read. One reader at a time is woken.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.exhausted() {
            return Poll::Ready(());
        }
        self.reader.register(cx.waker());
        // Either this sees that the last message is handled, or whoever handled it sees this: whatever held it back, as
        // what its address holds may change between two looks.
        self.held_back.store(true, Ordering::SeqCst);
        if self.exhausted() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Whoever waits looks again.
    pub fn wake(&self) {
        self.reader.wake();
    }

    /// The session's memory.
    pub fn account(&self) -> &Arc<SessionAccount> {
        &self.account
    }

    /// Bytes have come from the peer, whatever they are: it lives.
    pub fn arrived(&self, bytes: usize) {
        self.arrived.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// All bytes that ever came.
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// A message of so many bytes is in handling, or something that it caused is on its way, until the unit is dropped.
    pub fn unit(self: &Arc<Self>, bytes: usize) -> InboundUnit {
        self.units.fetch_sub(1, Ordering::AcqRel);
        if bytes > 0 {
            self.account.begin_inbound(bytes);
        }
        InboundUnit {
            credit: self.clone(),
            bytes,
            said: 0,
        }
    }

    /// How much of what was said is on its way: so many words, of so many bytes together.
    pub(crate) fn on_its_way(&self) -> (usize, usize) {
        let mut units = self.units.load(Ordering::Acquire);
        // Whoever pauses does so once: rates, and streams of the client's that are full.
        while units < -(PAUSE / 2) {
            units += PAUSE;
        }
        let beyond = usize::try_from(-units).unwrap_or(0);
        (beyond, self.said.load(Ordering::Acquire))
    }

    /// A handler waits for its client: one more message may be read, however much is in handling, until the loan is dropped.
    pub(crate) fn lend(self: &Arc<Self>) -> InboundLoan {
        let held = self.account.inbound() as u64;
        self.change_lent(|lent| (lent / LOAN + 1) * LOAN + held.max(lent % LOAN));
        self.give(0);
        self.reader.wake();
        InboundLoan(self.clone())
    }

    fn change_lent(&self, change: impl Fn(u64) -> u64) {
        let change = |lent| Some(change(lent));
        let _ = self
            .lent
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
    }

    /// Nothing is read until [`InboundCredit::resume`].
    pub(crate) fn pause(&self) {
        self.units.fetch_sub(PAUSE, Ordering::AcqRel);
    }

    /// Ends a [`InboundCredit::pause`].
    pub(crate) fn resume(&self) {
        if self.units.fetch_add(PAUSE, Ordering::AcqRel) <= 0 {
            self.reader.wake();
        }
    }

    /// Nobody will handle anything any more: whoever waits looks again.
    pub(crate) fn release(&self) {
        self.units.store(2 * PAUSE, Ordering::Release);
        self.reader.wake();
    }

    fn give(&self, bytes: usize) {
        let short = bytes > 0
            && (self.account.end_inbound(bytes) >= self.bytes_max
                || (self.held_back.load(Ordering::SeqCst)
                    && self.held_back.swap(false, Ordering::SeqCst)));
        if self.units.fetch_add(1, Ordering::AcqRel) <= 0 || short {
            self.reader.wake();
        }
    }
}

/// What lets a client be read while a handler waits for it, on whichever thread that is known to be over.
#[derive(Debug)]
pub(crate) struct InboundLoan(Arc<InboundCredit>);

impl Drop for InboundLoan {
    fn drop(&mut self) {
        self.0.units.fetch_sub(1, Ordering::AcqRel);
        self.0.change_lent(|lent| match lent < 2 * LOAN {
            true => 0,
            false => lent - LOAN,
        });
    }
}

/// One unit, given back when this is dropped.
#[derive(Debug)]
pub struct InboundUnit {
    credit: Arc<InboundCredit>,
    bytes: usize,
    said: usize,
}

impl InboundUnit {
    /// It is held by something of so many bytes that was said.
    pub(crate) fn says(&mut self, bytes: usize) {
        self.credit.said.fetch_add(bytes, Ordering::AcqRel);
        self.said += bytes;
    }

    /// What is in handling is so many bytes more: earlier messages were a part of it.
    pub(crate) fn add(&mut self, bytes: usize) {
        // A unit without bytes is no message in handling.
        match (self.bytes, bytes) {
            (_, 0) => {}
            (0, bytes) => self.credit.account.begin_inbound(bytes),
            (_, bytes) => self.credit.account.add_inbound(bytes),
        }
        self.bytes += bytes;
    }
}

impl Drop for InboundUnit {
    fn drop(&mut self) {
        if self.said > 0 {
            self.credit.said.fetch_sub(self.said, Ordering::AcqRel);
        }
        self.credit.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;
    use crate::account::{AddressAccount, Held, IN_HANDLING, MemoryAccount};
    use crate::rate::SharedRates;

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn credit(units: usize, bytes: usize) -> Arc<InboundCredit> {
        let account = SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
        InboundCredit::new(units, bytes, account)
    }

    #[test]
    fn a_unit_is_back_when_its_last_holder_lets_go() {
        let credit = credit(2, 1000);
        let (message, effect) = (credit.unit(10), credit.unit(0));
        assert!(credit.exhausted());
        drop(message);
        assert!(!credit.exhausted());
        drop(effect);
    }

    #[test]
    fn bytes_in_handling_stop_the_reader_before_the_units_do() {
        let credit = credit(64, 1000);
        let first = credit.unit(999);
        assert!(!credit.exhausted());
        let second = credit.unit(600);
        assert!(credit.exhausted());
        let held = credit.account().process().held(Held::Inbound);
        assert_eq!(held, 1599 + 2 * IN_HANDLING as u64);
        drop(first);
        assert!(!credit.exhausted());
        drop(second);
        assert_eq!(credit.account().process().held(Held::Inbound), 0);
    }

    #[test]
    fn who_asks_its_client_hears_the_answer_however_large_the_message_in_handling() {
        let credit = credit(64, 1000);
        let packet = credit.unit(5000);
        assert!(credit.exhausted());
        let loans = [credit.lend(), credit.lend()];
        assert!(!credit.exhausted());
        let others = [credit.unit(500), credit.unit(500)];
        assert!(credit.exhausted());
        drop(others);
        let [first, second] = loans;
        drop(first);
        assert!(!credit.exhausted());
        drop(second);
        assert!(credit.exhausted());
        drop(packet);
        assert!(!credit.exhausted());
    }

    /// Messages that waited for the rate of their address took all that it may hold, and newcomers were closed for it.
    #[test]
    fn where_an_address_holds_much_each_session_is_read_a_message_at_a_time() {
        let process = MemoryAccount::new(1 << 30, 1 << 30);
        let address = AddressAccount::new(100_000, SharedRates::default());
        let session = || {
            let account = SessionAccount::new(process.clone(), Some(address.clone()), 1 << 20);
            InboundCredit::new(64, 1 << 20, account)
        };
        let (busy, newcomer) = (session(), session());
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        let much = busy.unit(80_000 - IN_HANDLING);
        assert!(busy.exhausted() && !newcomer.exhausted());
        assert!(newcomer.poll_ready(&mut cx).is_ready());
        let one = newcomer.unit(10);
        assert!(newcomer.poll_ready(&mut cx).is_pending());
        let loan = newcomer.lend();
        assert!(!newcomer.exhausted(), "its handler waits for it");
        drop(loan);
        assert!(newcomer.poll_ready(&mut cx).is_pending());
        drop(much);
        woken.0.store(false, Ordering::SeqCst);
        drop(one);
        assert!(woken.0.load(Ordering::SeqCst));
        assert!(newcomer.poll_ready(&mut cx).is_ready());
    }

    /// A member that says nothing was full while two things paused its client.
    #[test]
    fn pauses_are_nothing_that_is_on_its_way() {
        let credit = credit(2, 1000);
        credit.pause();
        credit.pause();
        assert_eq!(credit.on_its_way().0, 0);
        let units = [(); 5].map(|()| credit.unit(0));
        assert_eq!(credit.on_its_way().0, 3);
        drop(units);
        credit.resume();
        assert!(credit.exhausted());
        credit.resume();
        assert!(!credit.exhausted());
    }

    #[test]
    fn a_pause_outlasts_units_that_come_back_meanwhile() {
        let credit = credit(1, 1000);
        let unit = credit.unit(1);
        credit.pause();
        drop(unit);
        assert!(credit.exhausted());
        credit.resume();
        assert!(!credit.exhausted());
    }
}
