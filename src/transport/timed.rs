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
use mend::Mender;
use pacing::{Next, PIPELINING_PAUSE, Pacing};
pub(crate) use stream::Timed;

mod body;
mod bounds;
mod door;
mod idle;
mod mend;
mod pacing;
mod secure;
mod stream;

/// What must move in a second where something is to move.
const BYTES_PER_SECOND: f64 = 1024.0;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For a handshake of TLS; from the first byte of a head to its end; to the first byte of a body; to the end of a body that nobody reads.
    /// Over each further time of this length a body must make [`BYTES_PER_SECOND`].
    pub(crate) request: Duration,
    /// Over each time of this length an answer must make [`BYTES_PER_SECOND`] while the peer's window is full.
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
        let next_has_begun = self.pacing.answered() || self.bounds.next_has_begun();
        match self.phase.get() {
            Phase::Body { .. } => self.enter(Phase::Unread),
            _ if next_has_begun => self.enter(Phase::Head),
            _ => self.enter(Phase::Idle),
        }
    }

    /// A write is refused.
    fn is_blocked(&self) {
        if !self.blocked.replace(true) {
            self.writing.set(None);
        }
    }

    /// Whether the peer has nothing to send now. Between requests it has, once a part of a record has come.
    fn may_be_silent(&self) -> bool {
        match self.phase.get() {
            Phase::Idle => !self.record.get(),
            phase => phase == Phase::Served,
        }
    }

    fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle && !self.answering.get()
    }

    /// When to look again, if at all.
    fn judge(&self, times: Times) -> Result<Option<Instant>, Slow> {
        let waits = !self.may_be_silent();
        if !waits && !self.blocked.get() {
            return Ok(None);
        }
        let now = Instant::now();
        let reading = self.judge_reading(now, times.request)?;
        let writing = self.judge_writing(now, times.stall)?;
        Ok(reading.into_iter().chain(writing).min())
    }

    fn judge_reading(&self, now: Instant, time: Duration) -> Result<Option<Instant>, Slow> {
        let phase = self.phase.get();
        let head_behind_answer = phase == Phase::Head && self.blocked.get();
        if head_behind_answer || self.may_be_silent() {
            self.reading.set(None);
            return Ok(None);
        }
        let began = self.reading.get().unwrap_or_else(|| {
            self.begin_reading(now);
            now
        });
        if now < began + time {
            return Ok(Some(began + time));
        }
        match phase {
            Phase::Handshake => return Err(Slow::Handshake),
            Phase::Head | Phase::Idle => return Err(Slow::Head),
            Phase::Unread => return Err(Slow::Body),
            Phase::Body { begun } => {
                let least = if begun { least(time) } else { 1 };
                // Where we did not want more, it is not the peer that is slow.
                if self.starved.get() && self.read.get() < least {
                    return Err(Slow::Body);
                }
                self.phase.set(Phase::Body { begun: true });
            }
            Phase::Served => {}
        }
        self.begin_reading(now);
        Ok(Some(now + time))
    }

    fn begin_reading(&self, now: Instant) {
        self.reading.set(Some(now));
        self.read.set(0);
        self.starved.set(false);
    }

    fn judge_writing(&self, now: Instant, time: Duration) -> Result<Option<Instant>, Slow> {
        if !self.blocked.get() {
            return Ok(None);
        }
        let began = self.writing.get();
        if let Some(end) = began.map(|began| began + time) {
            if now < end {
                return Ok(Some(end));
            }
            if self.written.get() < least(time) {
                return Err(Slow::Answer);
            }
        }
        self.writing.set(Some(now));
        self.written.set(0);
        Ok(Some(now + time))
    }
}

/// Bytes that must move in a time.
pub(crate) fn least(time: Duration) -> usize {
    (time.as_secs_f64() * BYTES_PER_SECOND) as usize
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
        match progress.pacing.end_turn(progress.phase.get()) {
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
