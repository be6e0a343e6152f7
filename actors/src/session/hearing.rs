//! What a client says, as its session hears it: counted, decoded, timed while only half of it is there, and handed to the
//! member that it is for. Knows no transport and no protocol by name.

use std::time::Duration;

use actix::{AsyncContext, Context};
use tokio::time::Instant;

use super::Session;
use crate::{
    error::CloseReason, flow::InboundUnit, letter::TransportMessage, notice::cause,
    ports::ClientPacket, rate::Rated,
};

/// What a client sends at least while it sends a packet's attachments.
const BYTES_PER_SECOND: f64 = 1024.0;
/// How often who is not read for its debt looks whether that is forgiven.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Session {
    pub(super) fn heard(
        &mut self,
        wire: TransportMessage,
        mut unit: InboundUnit,
        ctx: &mut Context<Self>,
    ) {
        let earlier = self.protocol.borrow().pending_bytes();
        let said = self.protocol.borrow_mut().decode(wire);
        if earlier > 0 || matches!(said, Ok(None)) {
            self.time_half_packet(ctx);
        }
        match said {
            Ok(None) => {}
            Ok(Some(said)) => {
                // The last attachment may be empty, and the packet large.
                unit.add(earlier);
                self.said(said, unit, ctx);
                self.hear_more(ctx);
            }
            Err(violation) => {
                if let Some(frame) = violation.told {
                    self.send(frame);
                }
                self.violated(&violation.why, ctx);
            }
        }
    }

    fn hear_more(&mut self, ctx: &mut Context<Self>) {
        while self.closing.is_none() {
            let Some(said) = self.protocol.borrow_mut().decode_more() else {
                return;
            };
            // What it came in is on the account until its first word is dealt with.
            self.said(said, self.credit.unit(0), ctx);
        }
    }

    /// Something of so many bytes has come, at this time if somebody has looked already.
    pub(super) fn count(&mut self, now: Option<Instant>, bytes: usize, ctx: &mut Context<Self>) {
        if !self.pacer.limits() {
            return;
        }
        let now = now.unwrap_or_else(Instant::now);
        self.pacer.charge_at(now, Rated::Messages, 1);
        self.pacer.charge_at(now, Rated::Bytes, bytes);
        self.pause_in_debt(now, ctx);
    }

    /// Who sends faster than it may is not read for a while; nothing that it sent is lost.
    fn pause_in_debt(&mut self, now: Instant, ctx: &mut Context<Self>) {
        if self.paused {
            return;
        }
        let Some(debt) = self.pacer.debt(now) else {
            return;
        };
        let what = debt.what;
        self.paused = true;
        self.hub.metrics().paused(what);
        cause::RATE_LIMITED.tell_setting(
            debt.setting,
            self.peer,
            None,
            format_args!(
                "a session is not read for {} ms: too many {what} a second",
                debt.time.as_millis()
            ),
        );
        self.credit.pause();
        self.wait_for_debt(now, now + debt.time, ctx);
    }

    /// It is read again at that time, or sooner where its debt is forgiven: rates may change meanwhile.
    fn wait_for_debt(&mut self, now: Instant, until: Instant, ctx: &mut Context<Self>) {
        let left = until.saturating_duration_since(now);
        ctx.run_later(left.min(LOOK_AGAIN), move |session, ctx| {
            let now = Instant::now();
            if now < until && session.pacer.debt(now).is_some() {
                session.wait_for_debt(now, until, ctx);
                return;
            }
            session.paused = false;
            session.credit.resume();
            session.pause_in_debt(Instant::now(), ctx);
        });
    }

    fn time_half_packet(&mut self, ctx: &mut Context<Self>) {
        let pending = self.protocol.borrow().pending_bytes();
        self.partial.resize(pending);
        if pending > 0 && self.credit.account().is_address_over() {
            return self.close(CloseReason::AddressBytes, ctx);
        }
        match (self.half_packet, pending > 0) {
            (None, true) => self.await_rest(ctx),
            (Some(timer), false) => {
                ctx.cancel_future(timer);
                self.half_packet = None;
            }
            _ => {}
        }
    }

    /// Looks again after a while: who has sent a kilobyte a second meanwhile, or was not read, is still sending.
    #[cold]
    fn await_rest(&mut self, ctx: &mut Context<Self>) {
        let time = self.settings.half_packet_timeout;
        let due = self.credit.arrivals() + (time.as_secs_f64() * BYTES_PER_SECOND) as u64;
        let timer = ctx.run_later(time, move |session, ctx| {
            if session.credit.arrivals() >= due || session.credit.exhausted() {
                session.await_rest(ctx);
            } else {
                session.close(CloseReason::HalfPacket, ctx);
            }
        });
        self.half_packet = Some(timer);
    }

    pub(super) fn said(&mut self, said: ClientPacket, unit: InboundUnit, ctx: &mut Context<Self>) {
        let Some((said, unit)) = self.hold(said, unit, ctx) else {
            return;
        };
        match said {
            ClientPacket::Connect { namespace, auth } => self.connect(namespace, auth, ctx),
            ClientPacket::Disconnect { namespace } => match self.members.remove(&namespace) {
                Some(seated) => {
                    seated.leave(CloseReason::ClientLeft);
                    self.left(ctx);
                }
                None => self.violated("it leaves a namespace that it is not in", ctx),
            },
            ClientPacket::Event {
                namespace,
                ack,
                content,
                streams,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.event(content, ack, streams, unit),
                None => self.violated("an event for a namespace that it is not in", ctx),
            },
            ClientPacket::Ack {
                namespace,
                id,
                answer,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.member.answered(id, answer, unit),
                None => self.violated("an ack for a namespace that it is not in", ctx),
            },
            ClientPacket::Item {
                namespace,
                stream,
                item,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.member.item_came(&stream, item, unit),
                None => self.violated("an item for a namespace that it is not in", ctx),
            },
            ClientPacket::ItemsEnd {
                namespace,
                stream,
                error,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.member.items_ended(&stream, error),
                None => self.violated("a stream's end for a namespace that it is not in", ctx),
            },
            ClientPacket::Cancel { namespace, id } => match self.members.get(&namespace) {
                Some(seated) => seated.member.cancel(id),
                None => self.violated("a cancel for a namespace that it is not in", ctx),
            },
            ClientPacket::Reply(frame) => self.send(frame),
        }
    }

    /// The client left a namespace, or took its CONNECT back.
    pub(super) fn left(&mut self, ctx: &mut Context<Self>) {
        if self.protocol.borrow().ends_with_its_namespace() {
            self.close(CloseReason::TransportClose, ctx);
        }
    }

    #[cold]
    pub(super) fn violated(&mut self, what: &str, ctx: &mut Context<Self>) {
        cause::VIOLATION.tell(self.peer, None, format_args!("a session is closed: {what}"));
        self.close(CloseReason::ForcedClose, ctx);
    }
}
