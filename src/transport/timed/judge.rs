//! Whether a connection is too slow, and when to look again.

use std::time::Duration;

use tokio::time::Instant;

use super::{Phase, Progress, Times};
use crate::transport::sockets::Slow;

/// What must move in a second where something is to move.
pub(super) const BYTES_PER_SECOND: f64 = 1024.0;

impl Progress {
    /// When to look again, if at all.
    pub(super) fn judge(&self, times: Times) -> Result<Option<Instant>, Slow> {
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
