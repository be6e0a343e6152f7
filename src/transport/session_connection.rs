//! What the transports of one session share: where the session stands, and who is using it right now.
//! Plain flags: requests of one session may run on different workers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use dondo_actors::error::CloseReason;
use dondo_actors::session::SessionRef;
use futures_util::task::AtomicWaker;

use super::counts::Counts;
use super::doors::Ticket;
use super::stage::Stage;

/// Large answers that may be on their way to one client.
const ANSWERS_MAX: usize = 2;

/// One session as its transports see it.
pub(crate) struct Connection {
    /// The session.
    pub(crate) session: SessionRef,
    stage: AtomicU8,
    counts: Arc<Counts>,
    probed: AtomicBool,
    polling: AtomicBool,
    handover: AtomicWaker,
    /// A POST body is being read or handed on.
    posting: AtomicBool,
    /// A POST's packets are being handed to the session.
    feeding: AtomicBool,
    /// Large answers to polls that the client has not read.
    answers: AtomicUsize,
    answered: AtomicWaker,
    /// The browser said that the hub's own page opened it.
    own_page: bool,
    ticket: Ticket,
}

impl Connection {
    pub(crate) fn new(
        session: SessionRef,
        stage: Stage,
        counts: Arc<Counts>,
        own_page: bool,
        ticket: Ticket,
    ) -> Self {
        counts.enter(stage);
        Self {
            session,
            stage: AtomicU8::new(stage as u8),
            counts,
            probed: AtomicBool::new(false),
            polling: AtomicBool::new(false),
            handover: AtomicWaker::new(),
            posting: AtomicBool::new(false),
            feeding: AtomicBool::new(false),
            answers: AtomicUsize::new(0),
            answered: AtomicWaker::new(),
            own_page,
            ticket,
        }
    }

    /// The client's address, for the log.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.ticket.peer().address
    }

    /// Whether the hub's own page opened it, as the browser said. Whoever knows its secret id is that page then, also where
    /// a proxy changed `Host`, and the origin of its WebSocket tells nothing.
    pub(super) fn is_own_pages(&self) -> bool {
        self.own_page
    }

    /// Ends the session because the server is shutting down.
    pub(crate) fn go(&self) {
        self.session.close(CloseReason::ShuttingDown);
    }

    /// Where the session stands.
    pub(crate) fn stage(&self) -> Stage {
        let stage = self.stage.load(Ordering::SeqCst);
        let known = Stage::ALL.into_iter().find(|known| *known as u8 == stage);
        known.unwrap_or(Stage::WebSocket)
    }

    /// A WebSocket asks to take over; `false` if another one does or has.
    pub(crate) fn begin_upgrade(&self) -> bool {
        self.swap(Stage::Polling, Stage::Upgrading)
    }

    /// From one stage to another, if that is where the session stands.
    pub(crate) fn step(&self, from: Stage, to: Stage) {
        if self.swap(from, to) {
            self.probed.store(false, Ordering::Release);
        }
    }

    fn swap(&self, from: Stage, to: Stage) -> bool {
        let swapped =
            self.stage
                .compare_exchange(from as u8, to as u8, Ordering::SeqCst, Ordering::SeqCst);
        if swapped.is_ok() {
            self.counts.enter(to);
            self.counts.leave(from);
        }
        swapped.is_ok()
    }

    /// The client probes a WebSocket: GETs are answered at once from now on, so that it can stop polling.
    pub(crate) fn probe(&self) {
        self.probed.store(true, Ordering::Release);
        self.session.outbox.nudge();
    }

    /// Whether GETs are to be answered at once.
    pub(crate) fn is_probed(&self) -> bool {
        self.probed.load(Ordering::Acquire)
    }

    /// The client has moved to the WebSocket. A GET that still waits is ended; see [`Connection::poll_handover`].
    pub(crate) fn upgrade(&self) {
        self.step(Stage::Upgrading, Stage::WebSocket);
        if self.polling.load(Ordering::SeqCst) {
            self.session.outbox.nudge();
        }
    }

    /// A GET begins to read the outbox; none if another one does.
    pub(crate) fn begin_get(&self) -> Option<PendingGet<'_>> {
        (!self.polling.swap(true, Ordering::SeqCst)).then_some(PendingGet {
            connection: self,
            answered: false,
        })
    }

    fn end_get(&self) {
        self.polling.store(false, Ordering::SeqCst);
        self.handover.wake();
    }

    /// A POST begins; none if another one has not ended.
    pub(crate) fn begin_post(&self) -> Option<PendingPost<'_>> {
        (!self.posting.swap(true, Ordering::AcqRel)).then_some(PendingPost(self))
    }

    /// The POST's packets are handed to the session from now on.
    pub(crate) fn feed(&self) {
        self.feeding.store(true, Ordering::SeqCst);
    }

    fn end_post(&self) {
        self.feeding.store(false, Ordering::SeqCst);
        self.posting.store(false, Ordering::Release);
        self.handover.wake();
    }

    /// Ready when the WebSocket may hand a message on: what was posted before the upgrade comes first, and waits for credit
    /// in the place of the one reader that credit wakes.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let look = |cx: &mut Context<'_>| match self.feeding.load(Ordering::SeqCst) {
            true => Poll::Pending,
            false => self.session.poll_ready(cx),
        };
        if look(cx).is_ready() {
            return Poll::Ready(());
        }
        // Also where credit is waited for: a POST may take that place meanwhile.
        self.handover.register(cx.waker());
        let looked = look(cx);
        if self.feeding.load(Ordering::SeqCst) {
            // The POST came between the two looks and may wait for credit in the place that the first one has taken.
            self.session.credit.wake();
        }
        looked
    }

    /// A large answer is on its way.
    pub(crate) fn begin_answer(&self) {
        self.answers.fetch_add(1, Ordering::AcqRel);
    }

    /// It is with the client, or its connection is gone.
    pub(crate) fn end_answer(&self) {
        self.answers.fetch_sub(1, Ordering::AcqRel);
        self.answered.wake();
    }

    /// Whether no large answer is on its way.
    pub(crate) fn is_answered(&self) -> bool {
        self.answers.load(Ordering::Acquire) == 0
    }

    /// Ready while few large answers are on their way: a client whose connection broke may ask once more.
    pub(crate) fn poll_answered(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.answers.load(Ordering::Acquire) < ANSWERS_MAX {
            return Poll::Ready(());
        }
        self.answered.register(cx.waker());
        match self.answers.load(Ordering::Acquire) < ANSWERS_MAX {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Ready when no GET reads the outbox any more, so that the WebSocket may: an outbox wakes one reader only.
    pub(crate) fn poll_handover(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.polling.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        self.handover.register(cx.waker());
        match self.polling.load(Ordering::SeqCst) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counts.leave(self.stage());
    }
}

/// A GET that reads the outbox. One that is dropped before it was answered is a client that went away.
pub(crate) struct PendingGet<'a> {
    connection: &'a Connection,
    answered: bool,
}

impl PendingGet<'_> {
    /// It has its answer.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for PendingGet<'_> {
    fn drop(&mut self) {
        self.connection.end_get();
        if !self.answered && self.connection.stage() != Stage::WebSocket {
            self.connection.session.close(CloseReason::TransportError);
        }
    }
}

/// A POST whose body is read, or handed to the session.
pub(crate) struct PendingPost<'a>(&'a Connection);

impl Drop for PendingPost<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}
