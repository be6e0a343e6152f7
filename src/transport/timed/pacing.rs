//! How much of a connection's requests is read, and when. actix-http takes in every request that it has read, each with two
//! kilobytes of its own: it gets one at a time, and the next when that is answered.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::bounds::Due;
use super::{Phase, Progress};

/// Bytes of heads, and of chunked bodies, that a connection reads before others of its thread have their turn; and what it
/// reads ahead of an answer: so an end is seen.
pub(super) const TURN: usize = 512;

/// Requests that are answered one after the other, each with the next one behind it, before there is a pause.
pub(super) const PIPELINED: usize = 8;

/// How long the pause is. Clients that wait for an answer before they ask again, browsers and most proxies among them, never
/// meet it.
pub(super) const PIPELINING_PAUSE: Duration = Duration::from_millis(5);

/// When the next turn is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// When others have had theirs.
    Now,
    /// After [`PIPELINING_PAUSE`].
    Later,
}

/// What may be read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// So many bytes of the present request, for actix-http.
    Request(usize),
    /// So many bytes of what follows it, to be kept.
    Ahead(usize),
}

/// Why nothing may be read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Others have their turn.
    Turn,
    /// The present request must be answered, or its body wanted.
    Request,
    /// What was written must go out.
    Written,
}

/// What one connection has read.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// In this turn.
    turn: Cell<usize>,
    /// Requests answered since there was nothing behind one, or a pause.
    pipelined: Cell<usize>,
    /// There is a pause.
    paused: Cell<bool>,
    /// Somebody reads the present body.
    asked: Cell<bool>,
    /// Somebody would read in this turn.
    looked: Cell<bool>,
    /// Why the last who would read did not.
    waits: Cell<Option<Wait>>,
    /// What has come behind the present request.
    pub(super) ahead: RefCell<Vec<u8>>,
    /// And behind that an end.
    ended: Cell<bool>,
}

impl Pacing {
    /// A request passes.
    pub(super) fn called(&self) {
        self.asked.set(false);
    }

    /// The request's body is wanted.
    pub(super) fn asked(&self) {
        self.asked.set(true);
    }

    /// A request is over. Whether something of the next one has come.
    pub(super) fn over(&self) -> bool {
        let is_next_here = self.is_ahead();
        // It was to be told of what waited for this one; whoever reads on meets it again.
        self.ended.set(false);
        self.pipelined.set(match is_next_here {
            true => self.pipelined.get() + 1,
            false => 0,
        });
        is_next_here
    }

    /// So much was read of a request.
    pub(super) fn read(&self, count: usize) {
        self.turn.set(self.turn.get().saturating_add(count));
    }

    pub(super) fn is_ahead(&self) -> bool {
        !self.ahead.borrow().is_empty()
    }

    /// The peer says no more than what it has said.
    pub(super) fn end_behind(&self) {
        self.ended.set(true);
    }

    /// Whether the end is to be told now: once.
    pub(super) fn tells_end(&self) -> bool {
        self.ended.take()
    }

    pub(super) fn begin_turn(&self) {
        self.turn.set(0);
        self.paused.set(false);
    }
}

impl Progress {
    /// What may be read now, if anything: else somebody wakes the reader.
    pub(super) fn room(&self) -> Option<Room> {
        let room = self.room_or_wait();
        self.pacing.looked.set(true);
        self.pacing.waits.set(room.err());
        room.ok()
    }

    fn room_or_wait(&self) -> Result<Room, Wait> {
        let pacing = &self.pacing;
        let phase = self.phase.get();
        let in_body = matches!(phase, Phase::Body { .. });
        let is_wanted = in_body && pacing.asked.get();
        if self.blocked.get() && !is_wanted {
            // actix-http would answer further requests into its own buffer, which has no limit for small answers.
            return Err(Wait::Written);
        }
        let turn = match pacing.paused.get() {
            true => 0,
            false => TURN.saturating_sub(pacing.turn.get()),
        };
        let turn = (turn > 0).then_some(turn).ok_or(Wait::Turn);
        // Of a body that nobody wants yet.
        let unwanted = match in_body && !is_wanted {
            true => TURN.saturating_sub(self.bounds.behind()),
            false => usize::MAX,
        };
        match self.bounds.due() {
            Due::Head => turn.map(Room::Request),
            Due::Next => {
                let room = TURN.saturating_sub(pacing.ahead.borrow().len());
                (room > 0).then_some(Room::Ahead(room)).ok_or(Wait::Request)
            }
            Due::Body(_) | Due::Chunks(_) if unwanted == 0 => Err(Wait::Request),
            Due::Body(left) if is_wanted => Ok(Room::Request(left)),
            Due::Body(left) => turn.map(|turn| Room::Request(turn.min(left).min(unwanted))),
            Due::Chunks(_) => turn.map(|turn| Room::Request(turn.min(unwanted))),
            Due::Unknown if phase == Phase::Served || in_body && !is_wanted => Err(Wait::Request),
            Due::Unknown => turn.map(Room::Request),
        }
    }

    /// All is written. Whether the reader waits for that.
    pub(super) fn all_written(&self) -> bool {
        self.blocked.set(false);
        self.pacing.waits.get() == Some(Wait::Written)
    }

    /// When to read on, if that is not for others to say.
    pub(super) fn end_turn(&self) -> Option<Next> {
        let pacing = &self.pacing;
        // Whoever does not look has no use for more, however often it is woken.
        if !pacing.looked.take() || pacing.paused.get() {
            return None;
        }
        let is_pipelined = pacing.is_ahead() && !self.bounds.is_whole();
        let waited = pacing.waits.get().is_some();
        let goes_on = match self.room_or_wait() {
            Ok(Room::Request(_)) | Err(Wait::Turn) => is_pipelined || waited,
            Ok(Room::Ahead(_)) => pacing.ended.get() || waited,
            Err(Wait::Request | Wait::Written) => false,
        };
        if !goes_on {
            return None;
        }
        if is_pipelined && pacing.pipelined.get() >= PIPELINED {
            pacing.pipelined.set(0);
            pacing.paused.set(true);
            return Some(Next::Later);
        }
        Some(Next::Now)
    }
}
