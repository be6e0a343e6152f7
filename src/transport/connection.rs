//! One WebSocket of a session, without its socket: bytes in, bytes out, and what both mean for the session.
//! Two drivers hold it, `tcp_driver` and `embedded_driver`; decision 0001 says why. What a protocol makes of it is a
//! [`Framing`].

mod leftover;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dondo_actors::account::{Charge, Held};
use dondo_actors::error::CloseReason;
use dondo_actors::letter::WsFrame;
use dondo_actors::outbox::{Outbox, Taken};

use self::leftover::Leftover;
use super::ending::{End, ending};
use super::framing::{Framing, FromPeer};
use crate::notices;
use crate::ws::{WsDecoder, WsEvent, close_frame, pong_frame};

/// Bytes taken from the outbox at a time: what a stuck write can hold beside the outbox's own limit.
const TAKE_MAX: usize = 64 * 1024;

/// What any message may hold while it arrives, whatever its address holds.
pub(crate) const PARTIAL_FREE: usize = 64 * 1024;

/// Answers of a framing that may wait to be written, and frames that mean nothing before it is live: they take no credit, so
/// nothing else bounds them.
const UNCREDITED_MAX: usize = 16;

thread_local! {
    /// Room for what is taken at a time; empty between.
    static PARTS: Cell<Vec<WsFrame>> = const { Cell::new(Vec::new()) };
}

/// See the module.
pub(crate) struct WebSocketConnection<F: Framing> {
    framing: F,
    decoder: WsDecoder,
    out: VecDeque<Bytes>,
    pong: Option<Bytes>,
    end: Option<End>,
    /// Frames that meant nothing before it was live.
    noise: u8,
    leftover: Leftover,
    /// A message that is half arrived.
    partial: Charge,
}

impl<F: Framing> WebSocketConnection<F> {
    /// A WebSocket whose messages may be so long; `first` is its first frame.
    pub(crate) fn new(framing: F, max_payload: usize, first: Option<Bytes>) -> Self {
        let partial = framing.session().credit.account().charge(Held::Partial, 0);
        Self {
            framing,
            decoder: WsDecoder::new(max_payload),
            out: first.into_iter().collect(),
            pong: None,
            end: None,
            noise: 0,
            leftover: Leftover::default(),
            partial,
        }
    }

    /// Takes in what was read. Not to be called while [`WebSocketConnection::poll_wants`] is pending.
    pub(crate) fn read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) {
        self.handle(cx, input);
        self.leftover
            .keep(input, self.framing.session().credit.account());
        input.clear();
        self.settle();
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) {
        while self.end.is_none() {
            self.leftover.short = !self.has_credit(cx);
            if self.leftover.short {
                return;
            }
            if let Some(more) = self.framing.more() {
                self.received(more);
                continue;
            }
            match self.decoder.feed(input) {
                Ok(None) => return,
                Ok(Some(event)) => self.event(event),
                Err(fault) => {
                    notices::WEBSOCKET_FAULT.tell(
                        self.framing.peer(),
                        None,
                        format_args!("a WebSocket is closed: {}", fault.reason),
                    );
                    let closing = self.framing.closing_at_fault(fault.code);
                    self.close(closing, CloseReason::TransportError);
                }
            }
        }
    }

    /// Counts what is held, and ends what holds too much.
    fn settle(&mut self) {
        let pending = self.decoder.pending_bytes() + self.framing.held_bytes();
        self.partial.resize(pending);
        if pending > PARTIAL_FREE && self.framing.session().credit.account().is_address_over() {
            self.end_with(CloseReason::AddressBytes);
        }
    }

    /// Bytes have come in: the client lives.
    pub(crate) fn arrived(&self, bytes: usize) {
        self.framing.session().credit.arrived(bytes);
    }

    /// Bytes are with the kernel; `all`: nothing is left that was given to the driver.
    pub(crate) fn wrote(&self, bytes: usize, all: bool) {
        if self.framing.is_live() {
            self.framing.session().outbox.wrote(bytes, all);
        }
    }

    /// Ready when more may be read. Input that waited for credit is taken in first, all of it: what is read on top of it
    /// would grow by a buffer for each message that is handled.
    pub(crate) fn poll_wants(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.leftover.short && self.end.is_none() {
            let (mut input, charge) = self.leftover.take();
            self.handle(cx, &mut input);
            let account = self.framing.session().credit.account();
            self.leftover.put_back(input, charge, account);
            self.settle();
        }
        if self.end.is_some() || self.leftover.short || !self.has_credit(cx) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// What was held back, to stand before what is read next.
    pub(crate) fn held(&mut self) -> BytesMut {
        self.leftover.take().0
    }

    fn has_credit(&self, cx: &mut Context<'_>) -> bool {
        // Before it is live it brings the session nothing, and the session's reader is somebody else.
        !self.framing.is_live() || self.framing.poll_readable(cx).is_ready()
    }

    /// How long its peer may be gone before it is taken to be.
    pub(crate) fn ping_timeout(&self) -> Duration {
        self.framing.session().ping_timeout
    }

    /// The peer closed, or the connection broke.
    pub(crate) fn lost(&mut self) {
        self.hang_up(CloseReason::TransportClose);
        self.end = Some(End::Finish);
    }

    fn hang_up(&mut self, reason: CloseReason) {
        if self.framing.is_live() {
            self.framing.session().close(reason);
        }
        self.end.get_or_insert(End::Finish);
    }

    fn end_with(&mut self, reason: CloseReason) {
        self.close(self.framing.closing(reason), reason);
    }

    fn close(&mut self, frame: Bytes, reason: CloseReason) {
        self.out.push_back(frame);
        self.hang_up(reason);
    }

    fn event(&mut self, event: WsEvent) {
        let received = match event {
            WsEvent::Message(message) => self.framing.receive(message),
            WsEvent::Pong => self.framing.pong(),
            WsEvent::Noise => FromPeer::Noise,
            WsEvent::Ping(data) => {
                self.pong = Some(pong_frame(&data));
                FromPeer::Noise
            }
            WsEvent::Close(code) => {
                let frame = close_frame(code.unwrap_or(1000));
                return self.close(frame, CloseReason::TransportClose);
            }
        };
        self.received(received);
    }

    fn received(&mut self, received: FromPeer) {
        match received {
            FromPeer::Message(message) => self.framing.session().heard(message),
            FromPeer::Pong => self.framing.session().pong(),
            FromPeer::Noise => self.noise(),
            FromPeer::Done => {}
            // Input is read while answers wait: without a bound a peer that never reads would fill memory.
            FromPeer::Reply(frame) if self.out.len() < UNCREDITED_MAX => self.out.push_back(frame),
            FromPeer::Reply(_) => self.end_with(CloseReason::TransportError),
            FromPeer::Close(reason) => self.end_with(reason),
        }
    }

    /// What means nothing is counted like a message: it costs as much to read.
    fn noise(&mut self) {
        if self.framing.is_live() {
            self.framing.session().noise();
        } else if usize::from(self.noise) < UNCREDITED_MAX {
            self.noise += 1;
        } else {
            self.end_with(CloseReason::TransportError);
        }
    }

    /// It is not to become live any more; the session goes on elsewhere.
    fn give_up(&mut self) {
        if self.end.is_none() {
            self.end_with(CloseReason::TransportError);
        }
    }

    fn check_expired(&mut self, cx: &mut Context<'_>) {
        if self.framing.poll_expired(cx).is_ready() {
            self.give_up();
        }
    }

    /// Moves what is to be written to the front of the driver's queue. Pending: nothing is, and the waker is kept.
    /// Ready with an end: nothing more will come behind what is queued.
    pub(crate) fn poll_out(
        &mut self,
        cx: &mut Context<'_>,
        queue: &mut VecDeque<Bytes>,
    ) -> Poll<Option<End>> {
        self.check_expired(cx);
        let before = queue.len();
        queue.extend(self.pong.take());
        // What an idle connection keeps counts ten thousand times.
        queue.extend(std::mem::take(&mut self.out));
        let is_live = self.end.is_none() && self.framing.is_live();
        if is_live && self.framing.poll_writable(cx).is_ready() {
            self.take(cx, queue);
        }
        match self.end {
            Some(end) => Poll::Ready(Some(end)),
            None if queue.len() > before => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, queue: &mut VecDeque<Bytes>) {
        let mut parts = PARTS.take();
        loop {
            let outbox = &self.framing.session().outbox;
            match outbox.poll_take(cx, TAKE_MAX, usize::MAX, &mut parts) {
                Poll::Pending => break,
                Poll::Ready(Taken::Nudged) => {}
                Poll::Ready(Taken::Some { ping }) => {
                    queue.extend(ping.then(|| self.framing.ping()));
                    queue.extend(parts.drain(..).map(|part| part.frame));
                    break;
                }
                Poll::Ready(Taken::Ended(reason)) => {
                    self.end = Some(ending(reason));
                    queue.push_back(self.framing.closing(reason));
                    break;
                }
            }
        }
        PARTS.set(parts);
    }

    /// Ready when the connection is to end although something may still be being written: cut, or flushed for a while.
    pub(crate) fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if !self.framing.is_live() {
            // Its time runs out behind a stuck write, too.
            self.check_expired(cx);
            if self.framing.session().outbox.poll_ended(cx).is_ready() {
                // There is nothing to take over any more.
                self.give_up();
            }
            return Poll::Pending;
        }
        let reason = ready!(self.framing.session().outbox.poll_cut(cx));
        Poll::Ready(self.cut(reason))
    }

    /// What [`WebSocketConnection::poll_cut`] would say now, without waiting: for a driver that is watched over by somebody who waits.
    pub(crate) fn is_cut(&mut self) -> Option<End> {
        let reason = self.framing.session().outbox.ended()?;
        if !self.framing.is_live() {
            self.give_up();
            return None;
        }
        (!reason.flushes()).then(|| self.cut(reason))
    }

    fn cut(&mut self, reason: CloseReason) -> End {
        let end = ending(reason);
        if self.end.is_none() {
            self.out.push_back(self.framing.closing(reason));
        }
        if self.end != Some(End::Cut) {
            self.end = Some(end);
        }
        end
    }

    /// The outbox that it takes from, or is to take over.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        self.framing.session().outbox.clone()
    }

    /// How it ends, if that is decided.
    pub(crate) fn decided(&self) -> Option<End> {
        self.end
    }
}

impl<F: Framing> Drop for WebSocketConnection<F> {
    fn drop(&mut self) {
        if self.framing.is_live() {
            self.framing.session().close(CloseReason::TransportClose);
        }
    }
}

#[cfg(test)]
mod tests;
