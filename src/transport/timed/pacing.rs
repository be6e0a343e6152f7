//! How much of a connection's requests is read. actix-http takes in every request that it has read, each with two kilobytes
//! of its own, before it writes or lets go: also while an earlier one waits for its answer.

use std::cell::Cell;
use std::time::Duration;

use super::Phase;

/// Bytes of heads, and of chunked bodies, that a connection reads before others of its thread have their turn; and what it
/// reads ahead of an answer: so an end is seen.
pub(super) const TURN: usize = 512;

/// How long a connection waits after a turn in which it had several requests answered. Clients that wait for an answer
/// before they ask again, browsers and proxies among them, never meet it.
pub(super) const PIPELINING_PAUSE: Duration = Duration::from_millis(5);

/// When the next turn is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// When others have had theirs.
    Now,
    /// After [`PIPELINING_PAUSE`].
    Later,
}

/// What one connection has read.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// In this turn.
    turn: Cell<usize>,
    /// Requests answered in this turn.
    answers: Cell<usize>,
    /// More is to be read in the next turn.
    more: Cell<bool>,
    /// Of the present body, at most so much is to come; none where that is not known.
    body_left: Cell<Option<usize>>,
    /// Somebody reads the present body.
    asked: Cell<bool>,
    /// Since the last request was taken in.
    since_head: Cell<usize>,
    /// Behind a request that waits for its answer, and until all that was read is answered.
    ahead: Cell<usize>,
    /// A request was taken in since all that was read was answered.
    served: Cell<bool>,
    /// Nothing is read until there is an answer.
    enough: Cell<bool>,
    /// Nothing is read until all is written.
    held: Cell<bool>,
}

impl Pacing {
    /// A request passes, and at most so much of its body is to come, if one knows.
    pub(super) fn called(&self, length: Option<usize>) {
        self.body_left.set(length);
        self.asked.set(false);
        self.since_head.set(0);
        if !self.served.replace(true) {
            // Its own head.
            self.ahead.set(0);
        }
    }

    /// The request's body is wanted.
    pub(super) fn asked(&self) {
        self.asked.set(true);
    }

    /// It is answered. Whether something has come that may be the next.
    pub(super) fn answered(&self) -> bool {
        self.answers.set(self.answers.get() + 1);
        self.since_head.get() > 0
    }

    /// Bytes that may be read now; none: later.
    pub(super) fn allowance(&self, phase: Phase, blocked: bool) -> Option<usize> {
        let in_body = self.in_body(phase);
        if blocked && !in_body {
            // actix-http would answer further requests into its own buffer, which has no limit for small answers.
            self.held.set(true);
            return None;
        }
        if let (true, Some(left)) = (in_body, self.body_left.get()) {
            return Some(left);
        }
        if self.is_ahead(phase) {
            self.enough.set(true);
            return None;
        }
        let left = TURN.saturating_sub(self.turn.get());
        if left == 0 {
            self.more.set(true);
            return None;
        }
        Some(left)
    }

    /// So much was read.
    pub(super) fn read(&self, phase: Phase, count: usize) {
        self.turn.set(self.turn.get() + count);
        if self.in_body(phase) {
            let left = self.body_left.get();
            self.body_left
                .set(left.map(|left| left.saturating_sub(count)));
        } else {
            self.since_head.set(self.since_head.get() + count);
            self.ahead.set(self.ahead.get() + count);
        }
    }

    /// Whether the reader waits until all is written; asked once that is so.
    pub(super) fn is_held(&self) -> bool {
        self.held.take()
    }

    pub(super) fn begin_turn(&self) {
        self.turn.set(0);
        self.answers.set(0);
    }

    /// When to read on, if that is not for others to say.
    pub(super) fn end_turn(&self, phase: Phase) -> Option<Next> {
        if matches!(phase, Phase::Idle | Phase::Head | Phase::Unread) {
            self.ahead.set(0);
            self.served.set(false);
        }
        if self.enough.get() && !self.is_ahead(phase) {
            self.enough.set(false);
            return Some(Next::Now);
        }
        let next = match self.answers.get() > 1 {
            true => Next::Later,
            false => Next::Now,
        };
        self.more.take().then_some(next)
    }

    fn in_body(&self, phase: Phase) -> bool {
        matches!(phase, Phase::Body { .. }) && self.asked.get() && self.body_left.get() != Some(0)
    }

    /// Whether as much was read as may be while a request waits for its answer.
    fn is_ahead(&self, phase: Phase) -> bool {
        let waits = matches!(phase, Phase::Served | Phase::Body { .. });
        waits && !self.in_body(phase) && self.ahead.get() >= TURN
    }
}
