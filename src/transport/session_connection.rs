//! What the transports of one session share: where the session stands, and who is using it right now.
//! Plain flags: requests of one session may run on different workers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use dondo_actors::error::CloseReason;
use dondo_actors::session::SessionRef;
use futures_util::task::AtomicWaker;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

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
    /// Whose turn it is to have a POST body read and handed on: one after the other, as they came.
    posting: Semaphore,
    /// A POST's packets are being handed to the session.
    feeding: AtomicBool,
    /// Large answers to polls that the client has not read.
    answers: AtomicUsize,
    answered: AtomicWaker,
    /// GETs that have come, where a later one takes the place of an earlier one.
    gets: AtomicU64,
    end_told: AtomicBool,
    /// Of a protocol that has something to note between requests.
    noted: AtomicU8,
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
            posting: Semaphore::new(1),
            feeding: AtomicBool::new(false),
            answers: AtomicUsize::new(0),
            answered: AtomicWaker::new(),
            gets: AtomicU64::new(0),
            end_told: AtomicBool::new(false),
            noted: AtomicU8::new(0),
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

    /// A client that negotiated chooses its transport; `false` if it has one.
    pub(crate) fn choose(&self, transport: Stage) -> bool {
        self.swap(Stage::Negotiated, transport)
    }

    /// What its protocol noted last; 0 if nothing.
    pub(crate) fn noted(&self) -> u8 {
        self.noted.load(Ordering::Acquire)
    }

    /// Notes something for the requests that follow.
    pub(crate) fn note(&self, note: u8) {
        self.noted.store(note, Ordering::Release);
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

    /// A GET begins to read the outbox; none if another one does. The session ends for this reason if it is dropped before it was
    /// answered: its client went away.
    pub(crate) fn begin_get(&self, dropped: CloseReason) -> Option<PendingGet<'_>> {
        // Not made where it is not given: what it does when it is dropped would be done.
        (!self.polling.swap(true, Ordering::SeqCst)).then(|| PendingGet {
            connection: self,
            dropped: Some(dropped),
        })
    }

    /// The number of a GET that comes: an earlier one that still waits is to give way to it.
    pub(crate) fn next_get(&self) -> u64 {
        let number = self.gets.fetch_add(1, Ordering::SeqCst) + 1;
        if self.polling.load(Ordering::SeqCst) {
            self.session.outbox.nudge();
        }
        number
    }

    /// Whether a later GET than this one has come.
    pub(crate) fn is_superseded(&self, number: u64) -> bool {
        self.gets.load(Ordering::SeqCst) != number
    }

    /// Whether its client is still to be told of the end; asked once, by who tells it.
    pub(crate) fn tells_end(&self) -> bool {
        !self.end_told.swap(true, Ordering::AcqRel)
    }

    fn end_get(&self) {
        self.polling.store(false, Ordering::SeqCst);
        self.handover.wake();
    }

    /// A POST begins; none if another one has not ended.
    pub(crate) fn begin_post(&self) -> Option<PendingPost<'_>> {
        let turn = self.posting.try_acquire().ok()?;
        Some(PendingPost(self, turn))
    }

    /// A POST begins once those before it have ended; none if that takes longer than this.
    pub(crate) async fn await_post(&self, limit: Duration) -> Option<PendingPost<'_>> {
        let turn = timeout(limit, self.posting.acquire()).await.ok()?.ok()?;
        Some(PendingPost(self, turn))
    }

    /// The POST's packets are handed to the session from now on.
    pub(crate) fn feed(&self) {
        self.feeding.store(true, Ordering::SeqCst);
    }

    fn end_post(&self) {
        self.feeding.store(false, Ordering::SeqCst);
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

    /// Ready while few large answers are on their way: that the connection of one broke may be seen after the next poll.
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

/// A GET that reads the outbox.
pub(crate) struct PendingGet<'a> {
    connection: &'a Connection,
    dropped: Option<CloseReason>,
}

impl PendingGet<'_> {
    /// It has its answer.
    pub(crate) fn answered(mut self) {
        self.dropped = None;
    }
}

impl Drop for PendingGet<'_> {
    fn drop(&mut self) {
        self.connection.end_get();
        if let Some(reason) = self.dropped
            && self.connection.stage() != Stage::WebSocket
        {
            self.connection.session.close(reason);
        }
    }
}

/// A POST whose body is read, or handed to the session.
pub(crate) struct PendingPost<'a>(&'a Connection, #[expect(dead_code)] SemaphorePermit<'a>);

impl Drop for PendingPost<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}
