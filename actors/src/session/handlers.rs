//! The session's mailbox, its start and its end.

use actix::{Actor, AsyncContext, Context, Handler};

use super::Session;
use crate::{
    error::CloseReason,
    flow::{InboundUnit, LONG, give_way},
    message::{FromClient, ToCourier, ToSession},
    metrics::Metrics,
    notice::{Cause, cause},
};

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let encoding = self.protocol.borrow().encoding(None);
        self.register(self.own, None, encoding);
        if self.handshake.is_kept() && self.credit.account().is_address_over() {
            return self.close(CloseReason::AddressBytes, ctx);
        }
        self.next_ping(ctx);
        self.time_connect(ctx);
        let opens = self.protocol.borrow().opens();
        if let Some(namespace) = opens {
            self.connect(namespace, None, ctx);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Dropped without a word: by a panic of its own, or with its thread on the way down.
        let reason = self.closing.unwrap_or(match std::thread::panicking() {
            true => CloseReason::Crashed,
            false => CloseReason::ShuttingDown,
        });
        let held = self.outbox.held_at_end();
        if !reason.flushes() {
            self.outbox.end(reason);
        }
        for (_, seated) in std::mem::take(&mut self.members) {
            seated.leave(reason);
        }
        self.courier.mailbox.send(ToCourier::Unregister(self.own));
        // A transport that waits for credit looks again, and finds the end.
        self.credit.release();
        Metrics::sub(&self.hub.metrics().sessions, 1);
        self.hub.metrics().closed(reason);
        if let Some(cause) = told_as(reason) {
            cause.tell(
                self.peer,
                Some(held),
                format_args!("a session is closed: {reason}"),
            );
        }
        if let Some(on_end) = self.on_end.take() {
            on_end(reason);
        }
    }
}

impl Handler<ToSession> for Session {
    type Result = ();

    fn handle(&mut self, word: ToSession, ctx: &mut Self::Context) {
        match word {
            ToSession::FromClient(heard) => self.hear(heard, ctx),
            ToSession::Noise { pong, unit } => self.noise(pong, unit, ctx),
            ToSession::Close(reason) | ToSession::Evicted(reason) => self.close(reason, ctx),
            ToSession::RunHere(run) => run(),
            ToSession::Disconnect {
                local_id,
                close,
                why,
            } => {
                self.disconnect(local_id, close, why.as_deref(), ctx);
            }
            ToSession::ForMember(request) => self.for_member(*request, ctx),
            ToSession::Observed(observed) => self.observed(*observed),
            ToSession::Kicked {
                local_id,
                room,
                number,
                gone,
            } => {
                if let Some(member) = self.member(local_id) {
                    member.kicked(&room, number, &gone);
                }
            }
            #[cfg(test)]
            ToSession::Call(call) => call.run(self, ctx),
        }
    }
}

impl Session {
    fn hear(&mut self, heard: FromClient, ctx: &mut Context<Self>) {
        let now = self.turn.begins();
        if heard.wire.bytes().len() >= LONG {
            self.turn.counts();
        }
        if self.closing.is_none() {
            self.count(now, heard.wire.bytes().len(), ctx);
            self.heard(heard.wire, heard.unit, ctx);
        }
        if self.turn.ends() {
            give_way(self, ctx);
        }
    }

    fn noise(&mut self, pong: bool, unit: InboundUnit, ctx: &mut Context<Self>) {
        let now = self.turn.begins();
        self.count(now, 0, ctx);
        if pong && std::mem::take(&mut self.awaiting_pong) {
            if let Some(timer) = self.heartbeat.take() {
                ctx.cancel_future(timer);
            }
            self.next_ping(ctx);
        }
        drop(unit);
        if self.turn.ends() {
            give_way(self, ctx);
        }
    }
}

/// What the log calls an end; `None` for those in good order, and for violations, which are told of with what they were.
fn told_as(reason: CloseReason) -> Option<&'static Cause> {
    match reason {
        CloseReason::TransportClose
        | CloseReason::ClientLeft
        | CloseReason::ForcedClose
        | CloseReason::ShuttingDown => None,
        CloseReason::TransportError => Some(&cause::TRANSPORT_ERROR),
        CloseReason::PingTimeout => Some(&cause::PING_TIMEOUT),
        CloseReason::ParseError => Some(&cause::PARSE_ERROR),
        CloseReason::ConnectTimeout => Some(&cause::CONNECT_TIMEOUT),
        CloseReason::HalfPacket => Some(&cause::HALF_PACKET),
        CloseReason::OutboxFull => Some(&cause::OUTBOX_FULL),
        CloseReason::Stalled => Some(&cause::STALLED),
        CloseReason::MemoryMax => Some(&cause::MEMORY_MAX),
        CloseReason::UnfinishedBytes => Some(&cause::UNFINISHED_BYTES),
        CloseReason::SessionBytes => Some(&cause::SESSION_BYTES),
        CloseReason::AddressBytes => Some(&cause::ADDRESS_BYTES),
        CloseReason::WorkerStalled => Some(&cause::WORKER_STALLED),
        CloseReason::ServerRestart => Some(&cause::SERVER_RESTART),
        CloseReason::Crashed => Some(&cause::SESSION_CRASHED),
    }
}
