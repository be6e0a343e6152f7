//! One WebSocket of an Engine.IO session, without its socket: bytes in, bytes out, and what both mean for the session.
//! Two drivers hold it, `tcp_driver` and `embedded_driver`; decision 0001 says why.

mod leftover;

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dondo_actors::account::{Charge, Held};
use dondo_actors::error::CloseReason;
use dondo_actors::letter::WsFrame;
use dondo_actors::outbox::{Outbox, Taken};
use tokio::time::Sleep;

use self::leftover::Leftover;
use super::ending::{End, ending};
use super::engine::connection::Connection;
use super::engine::packet::EnginePacket;
use super::engine::stage::Stage;
use crate::notices;
use crate::ws::{EMPTY_CLOSE, WsDecoder, WsEvent, close_frame, pong_frame, text_frame};

/// Bytes taken from the outbox at a time: what a stuck write can hold beside the outbox's own limit.
const TAKE_MAX: usize = 64 * 1024;

/// What any message may hold while it arrives, whatever its address holds.
pub(crate) const PARTIAL_FREE: usize = 64 * 1024;

/// Answers to probes that may wait to be written, and frames that mean nothing: without credit, nothing else bounds them.
const PROBES_MAX: usize = 16;

thread_local! {
    /// Room for what is taken at a time; empty between.
    static PARTS: Cell<Vec<WsFrame>> = const { Cell::new(Vec::new()) };
}

/// See the module.
pub(crate) struct WebSocketConnection {
    connection: Arc<Connection>,
    decoder: WsDecoder,
    phase: SwitchPhase,
    out: VecDeque<Bytes>,
    pong: Option<Bytes>,
    end: Option<End>,
    leftover: Leftover,
    /// A message that is half arrived.
    partial: Charge,
}

enum SwitchPhase {
    /// The session is on polling; this socket has until then to take over.
    Probing {
        probed: bool,
        /// Frames that meant nothing.
        noise: usize,
        deadline: Pin<Box<Sleep>>,
    },
    Live,
}

impl WebSocketConnection {
    /// The WebSocket that a session begins on: `open` is its first message.
    pub(crate) fn open(connection: Arc<Connection>, max_payload: usize, open: &str) -> Self {
        let mut websocket = Self::new(connection, max_payload, SwitchPhase::Live);
        websocket.say(open);
        websocket
    }

    /// A WebSocket that asks to take a session over. The connection is in [`Stage::Upgrading`] by now.
    pub(crate) fn probing(
        connection: Arc<Connection>,
        max_payload: usize,
        limit: Duration,
    ) -> Self {
        let deadline = Box::pin(tokio::time::sleep(limit));
        Self::new(
            connection,
            max_payload,
            SwitchPhase::Probing {
                probed: false,
                noise: 0,
                deadline,
            },
        )
    }

    fn new(connection: Arc<Connection>, max_payload: usize, phase: SwitchPhase) -> Self {
        let partial = connection.account().charge(Held::Partial, 0);
        Self {
            connection,
            decoder: WsDecoder::new(max_payload),
            phase,
            out: VecDeque::new(),
            pong: None,
            end: None,
            leftover: Leftover::default(),
            partial,
        }
    }

    /// Takes in what was read. Not to be called while [`WebSocketConnection::poll_wants`] is pending.
    pub(crate) fn read(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) {
        self.handle(cx, input);
        self.leftover.keep(input, self.connection.account());
        input.clear();
        self.settle();
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: &mut BytesMut) {
        while self.end.is_none() {
            self.leftover.short = !self.has_credit(cx);
            if self.leftover.short {
                return;
            }
            match self.decoder.feed(input) {
                Ok(None) => return,
                Ok(Some(event)) => self.event(event),
                Err(fault) => {
                    notices::WEBSOCKET_FAULT.tell(
                        self.connection.peer(),
                        None,
                        format_args!("a WebSocket is closed: {}", fault.reason),
                    );
                    self.out.push_back(close_frame(fault.code));
                    self.hang_up(CloseReason::TransportError);
                }
            }
        }
    }

    /// Counts what is held, and ends what holds too much.
    fn settle(&mut self) {
        let pending = self.decoder.pending_bytes();
        self.partial.resize(pending);
        if pending > PARTIAL_FREE && self.connection.account().is_address_over() {
            self.say_close();
            self.hang_up(CloseReason::AddressBytes);
        }
    }

    /// Bytes have come in: the client lives.
    pub(crate) fn arrived(&self, bytes: usize) {
        self.connection.session.credit.arrived(bytes);
    }

    /// Bytes are with the kernel; `all`: nothing is left that was given to the driver.
    pub(crate) fn wrote(&self, bytes: usize, all: bool) {
        if let SwitchPhase::Live = self.phase {
            self.connection.session.outbox.wrote(bytes, all);
        }
    }

    /// Ready when more may be read. Input that waited for credit is taken in first, all of it: what is read on top of it
    /// would grow by a buffer for each message that is handled.
    pub(crate) fn poll_wants(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.leftover.short && self.end.is_none() {
            let (mut input, charge) = self.leftover.take();
            self.handle(cx, &mut input);
            self.leftover
                .put_back(input, charge, self.connection.account());
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
        // While it probes it brings the session nothing, and the session's reader is somebody else.
        matches!(self.phase, SwitchPhase::Probing { .. })
            || self.connection.poll_readable(cx).is_ready()
    }

    /// The peer closed, or the connection broke.
    pub(crate) fn lost(&mut self) {
        self.hang_up(CloseReason::TransportClose);
        self.end = Some(End::Finish);
    }

    fn hang_up(&mut self, reason: CloseReason) {
        if let SwitchPhase::Live = self.phase {
            self.connection.session.close(reason);
        }
        self.end.get_or_insert(End::Finish);
    }

    fn event(&mut self, event: WsEvent) {
        match event {
            WsEvent::Noise => self.noise(),
            WsEvent::Ping(data) => {
                self.pong = Some(pong_frame(&data));
                self.noise();
            }
            WsEvent::Close(code) => {
                self.out.push_back(close_frame(code.unwrap_or(1000)));
                self.hang_up(CloseReason::TransportClose);
            }
            WsEvent::Message(wire) => match EnginePacket::from_wire(wire) {
                Ok(packet) => self.packet(packet),
                Err(_) => {
                    self.say_close();
                    self.hang_up(CloseReason::ParseError);
                }
            },
        }
    }

    fn packet(&mut self, packet: EnginePacket) {
        if let SwitchPhase::Probing { probed, .. } = &mut self.phase {
            match packet {
                EnginePacket::Ping(data) if data == "probe" => {
                    if !std::mem::replace(probed, true) {
                        self.connection.probe();
                    }
                    // Input is read while answers wait: without a bound a peer that never reads would fill memory.
                    if self.out.len() < PROBES_MAX {
                        self.say("3probe");
                    } else {
                        self.finish();
                    }
                }
                EnginePacket::Upgrade => {
                    self.connection.upgrade();
                    self.phase = SwitchPhase::Live;
                }
                _ => self.finish(),
            }
            return;
        }
        match packet {
            EnginePacket::Message(wire) => self.connection.session.heard(wire),
            EnginePacket::Pong => self.connection.session.pong(),
            EnginePacket::Close => {
                self.say_close();
                self.hang_up(CloseReason::TransportClose);
            }
            EnginePacket::Ping(_) => {
                self.say_close();
                self.hang_up(CloseReason::TransportError);
            }
            EnginePacket::Open | EnginePacket::Upgrade | EnginePacket::Noop => self.noise(),
        }
    }

    /// What means nothing is counted like a message: it costs as much to read.
    fn noise(&mut self) {
        match &mut self.phase {
            SwitchPhase::Live => self.connection.session.noise(),
            SwitchPhase::Probing { noise, .. } if *noise < PROBES_MAX => *noise += 1,
            SwitchPhase::Probing { .. } => self.finish(),
        }
    }

    fn say(&mut self, text: &str) {
        self.out.push_back(text_frame([text.as_bytes()]).frame);
    }

    fn finish(&mut self) {
        if self.end.is_none() {
            self.say_close();
            self.end = Some(End::Finish);
        }
    }

    fn say_close(&mut self) {
        self.out.push_back(EMPTY_CLOSE);
    }

    /// Moves what is to be written to the front of the driver's queue. Pending: nothing is, and the waker is kept.
    /// Ready with an end: nothing more will come behind what is queued.
    pub(crate) fn poll_out(
        &mut self,
        cx: &mut Context<'_>,
        queue: &mut VecDeque<Bytes>,
    ) -> Poll<Option<End>> {
        self.check_deadline(cx);
        let before = queue.len();
        queue.extend(self.pong.take());
        // What an idle connection keeps counts ten thousand times.
        queue.extend(std::mem::take(&mut self.out));
        let is_live = self.end.is_none() && matches!(self.phase, SwitchPhase::Live);
        if is_live && self.connection.poll_handover(cx).is_ready() {
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
            let outbox = &self.connection.session.outbox;
            match outbox.poll_take(cx, TAKE_MAX, usize::MAX, &mut parts) {
                Poll::Pending => break,
                Poll::Ready(Taken::Nudged) => {}
                Poll::Ready(Taken::Some { ping }) => {
                    if ping {
                        queue.push_back(Bytes::from_static(PING));
                    }
                    queue.extend(parts.drain(..).map(|part| part.frame));
                    break;
                }
                Poll::Ready(Taken::Ended(reason)) => {
                    self.end = Some(ending(reason));
                    queue.push_back(match reason {
                        CloseReason::ShuttingDown => close_frame(1001),
                        _ => EMPTY_CLOSE,
                    });
                    break;
                }
            }
        }
        PARTS.set(parts);
    }

    /// Ready when the connection is to end although something may still be being written: cut, or flushed for a while.
    pub(crate) fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let SwitchPhase::Probing { .. } = self.phase {
            // Its time runs out behind a stuck write, too.
            self.check_deadline(cx);
            if self.connection.session.outbox.poll_ended(cx).is_ready() {
                // There is nothing to take over any more.
                self.finish();
            }
            return Poll::Pending;
        }
        let reason = ready!(self.connection.session.outbox.poll_cut(cx));
        Poll::Ready(self.cut(reason))
    }

    /// What [`WebSocketConnection::poll_cut`] would say now, without waiting: for a driver that is watched over by somebody who waits.
    pub(crate) fn is_cut(&mut self) -> Option<End> {
        let reason = self.connection.session.outbox.ended()?;
        if let SwitchPhase::Probing { .. } = self.phase {
            self.finish();
            return None;
        }
        (!reason.flushes()).then(|| self.cut(reason))
    }

    fn cut(&mut self, reason: CloseReason) -> End {
        let end = ending(reason);
        if self.end.is_none() {
            self.say_close();
        }
        if self.end != Some(End::Cut) {
            self.end = Some(end);
        }
        end
    }

    /// The outbox that it takes from, or is to take over.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        self.connection.session.outbox.clone()
    }

    /// How it ends, if that is decided.
    pub(crate) fn decided(&self) -> Option<End> {
        self.end
    }

    fn check_deadline(&mut self, cx: &mut Context<'_>) {
        if let SwitchPhase::Probing { deadline, .. } = &mut self.phase
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.finish();
        }
    }
}

impl Drop for WebSocketConnection {
    fn drop(&mut self) {
        match self.phase {
            SwitchPhase::Live => self.connection.session.close(CloseReason::TransportClose),
            // Only this socket goes: the session stays where it was.
            SwitchPhase::Probing { .. } => self.connection.step(Stage::Upgrading, Stage::Polling),
        }
    }
}

/// `2` as a text frame.
const PING: &[u8] = &[0x81, 1, b'2'];
