//! What waits for one session's client. Its courier writes, its transport takes: the one lock in the core, and only
//! these two share it. Bounded in bytes and count; a reader that does not keep up is closed, nobody waits for it.

// Two parties at most ever hold this lock, and neither waits while it does.
#[allow(clippy::disallowed_types)]
use std::sync::Mutex;
use std::{
    collections::VecDeque,
    sync::{Arc, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    error::CloseReason,
    letter::{Frame, Part},
    metrics::Metrics,
};

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Bytes of frames; an empty outbox takes any single letter.
    pub bytes_max: usize,
    /// Frames.
    pub count_max: usize,
    /// With something waiting, the longest time in which nothing is taken.
    pub stall_timeout: Duration,
    /// Bytes over all outboxes of the hub.
    pub total_max: u64,
}

/// The queue between a courier and a transport.
#[allow(clippy::disallowed_types)]
pub struct Outbox {
    inner: Mutex<Inner>,
    limits: OutboxLimits,
    metrics: Arc<Metrics>,
}

struct Inner {
    queue: VecDeque<(Frame, bool)>,
    bytes: usize,
    ping: bool,
    nudged: bool,
    end: Option<CloseReason>,
    progress: Instant,
    taker: Option<Waker>,
    gate: Option<Waker>,
}

/// What a taker finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Parts were put into the buffer, or a ping is due.
    Some {
        /// A heartbeat is due; it goes before the parts.
        ping: bool,
    },
    /// Nothing waits, but the taker was asked to come back empty-handed.
    Nudged,
    /// Nothing is left, and nothing will come.
    Ended(CloseReason),
}

/// Why a frame was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Too many bytes or frames wait.
    Full,
    /// Nothing was taken for too long.
    Stalled,
    /// The hub's outboxes together hold too much.
    Total,
}

impl Outbox {
    /// An empty outbox.
    #[allow(clippy::disallowed_types)]
    pub fn new(limits: OutboxLimits, metrics: Arc<Metrics>) -> Arc<Self> {
        let inner = Inner {
            queue: VecDeque::new(),
            bytes: 0,
            ping: false,
            nudged: false,
            end: None,
            progress: Instant::now(),
            taker: None,
            gate: None,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            limits,
            metrics,
        })
    }

    /// The courier adds a frame. After the end it is dropped silently.
    pub fn push(&self, frame: &Frame, volatile: bool) -> Result<(), Overflow> {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return Ok(());
        }
        let length = frame.len();
        if !inner.queue.is_empty() {
            if let Err(overflow) = self.fits(&mut inner, length) {
                if volatile {
                    return Ok(());
                }
                return Err(overflow);
            }
        } else {
            inner.progress = Instant::now();
        }
        if Metrics::read(&self.metrics.outbox_bytes) + length as u64 > self.limits.total_max {
            return if volatile {
                Ok(())
            } else {
                Err(Overflow::Total)
            };
        }
        Metrics::add(&self.metrics.outbox_bytes, length as u64);
        inner.bytes += length;
        inner.queue.push_back((frame.clone(), volatile));
        let waker = inner.taker.take();
        drop(inner);
        wake(waker);
        Ok(())
    }

    fn fits(&self, inner: &mut Inner, length: usize) -> Result<(), Overflow> {
        let limits = &self.limits;
        let over = |inner: &Inner| {
            inner.bytes + length > limits.bytes_max || inner.queue.len() >= limits.count_max
        };
        if over(inner) {
            self.drop_volatile(inner);
        }
        if over(inner) {
            return Err(Overflow::Full);
        }
        if inner.progress.elapsed() > limits.stall_timeout {
            return Err(Overflow::Stalled);
        }
        Ok(())
    }

    fn drop_volatile(&self, inner: &mut Inner) {
        let before = inner.bytes;
        inner.queue.retain(|(_, volatile)| !volatile);
        inner.bytes = inner.queue.iter().map(|(frame, _)| frame.len()).sum();
        Metrics::sub(&self.metrics.outbox_bytes, (before - inner.bytes) as u64);
    }

    /// The session asks for a heartbeat.
    pub fn ping(&self) {
        let mut inner = self.lock();
        inner.ping = true;
        let waker = inner.taker.take();
        drop(inner);
        wake(waker);
    }

    /// Asks the present taker to come back, even with nothing.
    pub fn nudge(&self) {
        let mut inner = self.lock();
        inner.nudged = true;
        let waker = inner.taker.take();
        drop(inner);
        wake(waker);
    }

    /// Ends the outbox. What waits is still handed out if the reason allows that, else freed now.
    pub fn end(&self, reason: CloseReason) {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return;
        }
        inner.end = Some(reason);
        if !reason.flushes() {
            self.clear(&mut inner);
        }
        let wakers = [inner.taker.take(), inner.gate.take()];
        drop(inner);
        wakers.into_iter().for_each(wake);
    }

    fn clear(&self, inner: &mut Inner) {
        Metrics::sub(&self.metrics.outbox_bytes, inner.bytes as u64);
        inner.queue = VecDeque::new();
        inner.bytes = 0;
        inner.ping = false;
    }

    /// The taker takes whole frames until `bytes_max` is reached or `parts_max` would be passed, at least one. A frame's
    /// parts stay together. Pending: the taker's waker is kept; a newer taker's replaces it.
    pub fn poll_take(
        &self,
        cx: &mut Context<'_>,
        bytes_max: usize,
        parts_max: usize,
        into: &mut Vec<Part>,
    ) -> Poll<Taken> {
        let mut inner = self.lock();
        let ping = std::mem::take(&mut inner.ping);
        let (mut taken, mut parts) = (0, 0);
        while taken < bytes_max
            && let Some((frame, _)) = inner.queue.front()
        {
            parts += frame.parts().count();
            if taken > 0 && parts > parts_max {
                break;
            }
            taken += frame.len();
            into.extend(frame.parts().cloned());
            inner.queue.pop_front();
        }
        if taken > 0 {
            inner.bytes -= taken;
            inner.progress = Instant::now();
            if inner.queue.is_empty() && inner.queue.capacity() > 64 {
                // One burst must not leave its memory behind with a session that then idles.
                inner.queue = VecDeque::new();
            }
            Metrics::sub(&self.metrics.outbox_bytes, taken as u64);
            return Poll::Ready(Taken::Some { ping });
        }
        if ping {
            return Poll::Ready(Taken::Some { ping });
        }
        if let Some(reason) = inner.end {
            return Poll::Ready(Taken::Ended(reason));
        }
        if std::mem::take(&mut inner.nudged) {
            return Poll::Ready(Taken::Nudged);
        }
        match &mut inner.taker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Ready once the outbox has ended and may not be flushed: for a taker that is stuck in a write.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let mut inner = self.lock();
        match inner.end {
            Some(reason) if !reason.flushes() => Poll::Ready(reason),
            _ => {
                match &mut inner.gate {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Ready once the outbox has ended, for whatever reason: for one who watches over a taker that cannot wait itself.
    /// Shares its place with [`Outbox::poll_cut`]: only one of the two is woken.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let mut inner = self.lock();
        match inner.end {
            Some(reason) => Poll::Ready(reason),
            None => {
                inner.gate = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Why it ended, if it has.
    pub fn ended(&self) -> Option<CloseReason> {
        self.lock().end
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics between two changes that belong together.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let bytes = self.lock().bytes;
        Metrics::sub(&self.metrics.outbox_bytes, bytes as u64);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
