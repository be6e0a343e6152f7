//! Deadlines of a connection of the standalone server. actix-http times the head of a connection's first request only;
//! whatever comes after it may take for ever: a second head, a body, a body that nobody reads, an answer that the peer
//! does not read. Here all of them have a time, an idle connection has its own, and a long poll has none.
//!
//! Three parts know of one [`Progress`]: the stream counts bytes, the door of the `App` sees requests and answers pass,
//! and the future around the connection compares both with the clock, whenever the connection has run. A connection
//! that waits for nothing holds no timer, and an idle one a timer that requests do not touch.
//!
//! It also says how much may be read: see `pacing`.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::socket_stream::SocketStream;
use super::sockets::{Slow, Sockets};
use super::turns::Turn;
use bounds::Bounds;
use door::RUNNING;
pub(crate) use door::called;
use idle::Idle;
pub(crate) use judge::least;
use mend::Mender;
use pacing::{Next, PIPELINING_PAUSE, Pacing};
pub(crate) use stream::Timed;

mod body;
mod bounds;
mod chunks;
mod door;
mod idle;
mod judge;
mod mend;
mod pacing;
mod secure;
mod stream;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For a handshake of TLS; from the first byte of a head to its end; to the first byte of a body; to the end of a body that nobody reads.
    /// Over each further time of this length a body must make [`judge::BYTES_PER_SECOND`].
    pub(crate) request: Duration,
    /// Over each time of this length an answer must make [`judge::BYTES_PER_SECOND`] while the peer's window is full.
    pub(crate) stall: Duration,
    /// Between two requests, at least.
    pub(crate) idle: Duration,
}

/// What a connection is in the midst of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// TLS has yet to begin.
    Handshake,
    /// Between requests.
    Idle,
    /// A head has begun.
    Head,
    /// A request is served, and its body has yet to end. `begun`: its first time is over.
    Body { begun: bool },
    /// A request is served, and all of it is there.
    Served,
    /// An answer was given before the body was read.
    Unread,
}

/// How far a connection is. All on one thread.
#[derive(Debug)]
pub(crate) struct Progress {
    phase: Cell<Phase>,
    /// When the present time for reading began; none until somebody looked at the clock.
    reading: Cell<Option<Instant>>,
    /// Bytes read in it.
    read: Cell<usize>,
    /// Bytes of a head, or of a handshake, that has not ended.
    head: Cell<usize>,
    bounds: Bounds,
    pacing: Pacing,
    /// A part of a TLS record has come, of which nobody has seen anything yet.
    record: Cell<bool>,
    /// More is wanted and is not there.
    starved: Cell<bool>,
    /// A write has been refused since all was written.
    blocked: Cell<bool>,
    writing: Cell<Option<Instant>>,
    written: Cell<usize>,
    /// The task that serves the connection.
    task: OnceCell<Waker>,
    /// The body of an answer may have more to say.
    answering: Cell<bool>,
    /// A request has come, or a long answer ended, since that was last looked at.
    used: Cell<bool>,
}

impl Progress {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            // Who connects has something to ask.
            phase: Cell::new(Phase::Head),
            reading: Cell::new(None),
            read: Cell::new(0),
            head: Cell::new(0),
            bounds: Bounds::default(),
            pacing: Pacing::default(),
            record: Cell::new(false),
            starved: Cell::new(false),
            blocked: Cell::new(false),
            writing: Cell::new(None),
            written: Cell::new(0),
            task: OnceCell::new(),
            answering: Cell::new(false),
            used: Cell::new(false),
        })
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.head.set(0);
        self.reading.set(None);
    }

    fn answered(&self) {
        match self.phase.get() {
            Phase::Body { .. } if !self.bounds.is_whole() => self.enter(Phase::Unread),
            _ => self.read_and_answered(),
        }
    }

    /// A request has ended whose answer has begun.
    fn read_and_answered(&self) {
        if self.answering.get() {
            return self.enter(Phase::Served);
        }
        self.bounds.over();
        match self.pacing.over() {
            true => self.enter(Phase::Head),
            false => self.enter(Phase::Idle),
        }
    }

    /// The answer's body has no more to say.
    fn answer_ended(&self) {
        self.answering.set(false);
        self.used.set(true);
        if self.phase.get() == Phase::Served {
            self.read_and_answered();
        }
    }

    /// Something of a request was handed on.
    fn handed_on(&self) {
        if self.phase.get() == Phase::Unread && self.bounds.is_whole() {
            self.read_and_answered();
        }
    }

    /// The socket was asked, and so much came: of TLS beneath it, and of it.
    fn heard(&self, beneath: usize, count: usize, is_pending: bool) {
        self.read.set(self.read.get() + beneath);
        self.starved.set(is_pending);
        match is_pending {
            true => self.record.set(self.record.get() || beneath > 0),
            false => {
                self.record.set(false);
                self.taken_of_head(beneath.saturating_sub(count));
            }
        }
    }

    /// So many bytes of a request came in.
    fn taken(&self, count: usize) {
        self.pacing.read(count);
        if count > 0 && self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
        self.taken_of_head(count);
    }

    fn taken_of_head(&self, count: usize) {
        if self.phase.get() == Phase::Head {
            self.head.set(self.head.get() + count);
        }
    }

    /// A write is refused.
    fn write_refused(&self) {
        if !self.blocked.replace(true) {
            self.writing.set(None);
        }
    }

    /// Whether the peer has nothing to send now. Between requests it has, once a part of a record has come; of a body it has
    /// not, once all of that has come, whoever is to read it.
    fn may_be_silent(&self) -> bool {
        match self.phase.get() {
            Phase::Idle => !self.record.get(),
            Phase::Body { .. } => self.bounds.is_whole(),
            phase => phase == Phase::Served,
        }
    }

    fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle
    }
}

/// A connection, served until it ends or is too slow.
pub(crate) struct Watched<F> {
    /// In a box: what serves a connection is large, and moves with this into a task.
    served: Option<Pin<Box<F>>>,
    progress: Rc<Progress>,
    sockets: Sockets,
    peer: Option<SocketAddr>,
    times: Times,
    timer: Option<Pin<Box<Sleep>>>,
    idle: Idle,
    pause: Option<Pin<Box<Sleep>>>,
    /// Until its first request was served.
    first: Option<Turn>,
    /// What is on the account of its head.
    head: usize,
}

impl<F> Watched<F> {
    /// Brings the account up to what is held of a head. A head that comes in one piece is never on it.
    fn hold_head(&mut self) -> Result<(), Slow> {
        let head = self.progress.head.get();
        if head == self.head {
            return Ok(());
        }
        let may = self.sockets.hold_head(self.head, head);
        self.head = head;
        if may { Ok(()) } else { Err(Slow::Heads) }
    }
}

impl<F> Drop for Watched<F> {
    fn drop(&mut self) {
        self.progress.head.set(0);
        let _ = self.hold_head();
    }
}

/// Serves a connection as `serve` does, with deadlines. Where there is no place for it, it is closed.
pub(crate) fn watch<F>(
    stream: TcpStream,
    sockets: &Sockets,
    times: Times,
    peer: SocketAddr,
    serve: impl FnOnce(Timed) -> F,
) -> Watched<F> {
    let progress = Progress::new();
    let peer = Some(peer);
    let served = sockets.enter(peer).map(|socket| {
        let timed = Timed {
            stream: SocketStream::Plain(stream),
            progress: progress.clone(),
            socket,
            mender: Mender::default(),
        };
        Box::pin(serve(timed))
    });
    Watched {
        served,
        progress,
        sockets: sockets.clone(),
        peer,
        times,
        timer: None,
        idle: Idle::default(),
        pause: None,
        first: Some(Turn::default()),
        head: 0,
    }
}

impl<F: Future<Output = Result<(), E>>, E> Future for Watched<F> {
    type Output = Result<(), E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(served) = this.served.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let progress = &*this.progress;
        if let Some(turn) = &mut this.first {
            ready!(Pin::new(turn).poll(cx));
            if matches!(progress.phase.get(), Phase::Idle | Phase::Served) {
                this.first = None;
            }
        }
        if this
            .pause
            .as_mut()
            .is_none_or(|pause| pause.as_mut().poll(cx).is_ready())
        {
            this.pause = None;
            progress.pacing.begin_turn();
        }
        progress.task.get_or_init(|| cx.waker().clone());
        RUNNING.set(Some(this.progress.clone()));
        let ended = served.as_mut().poll(cx);
        RUNNING.set(None);
        if ended.is_ready() {
            return ended;
        }
        match progress.end_turn() {
            Some(Next::Now) => cx.waker().wake_by_ref(),
            Some(Next::Later) if this.pause.is_none() => {
                this.pause = Some(Box::pin(sleep(PIPELINING_PAUSE)));
                // The next look begins the pause.
                cx.waker().wake_by_ref();
            }
            Some(Next::Later) | None => {}
        }
        loop {
            let judged = this
                .hold_head()
                .and_then(|()| this.progress.judge(this.times));
            match judged {
                Ok(None) => {
                    this.timer = None;
                    if !this.progress.is_idle() {
                        return Poll::Pending;
                    }
                    return this
                        .idle
                        .poll_over(cx, &this.progress, this.times.idle)
                        .map(Ok);
                }
                Ok(Some(look)) => {
                    let timer = this
                        .timer
                        .get_or_insert_with(|| Box::pin(sleep_until(look)));
                    if timer.deadline() > look || timer.is_elapsed() {
                        timer.as_mut().reset(look);
                    }
                    ready!(timer.as_mut().poll(cx));
                }
                Err(slow) => {
                    this.sockets.too_slow(slow, this.peer);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
