//! The session's mailbox, its start and its end.

use actix::{Actor, AsyncContext, Context, Handler};

use super::{Disconnect, Session};
use crate::{
    error::CloseReason,
    flow::{LONG, give_way},
    message::{CloseSession, CourierSays, FromClient, Noise, RunHere, Unregister},
    metrics::Metrics,
    notice::{Cause, cause},
};

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let encoding = self.protocol.borrow().encoding(None);
        self.register(self.own, "".into(), encoding, ctx);
        self.next_ping(ctx);
        self.connect_timer = self.settings.connect_timeout.map(|limit| {
            ctx.run_later(limit, |session, ctx| {
                session.close(CloseReason::ConnectTimeout, ctx)
            })
        });
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
        self.courier.post.control(Unregister { local_id: self.own });
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

impl Handler<FromClient> for Session {
    type Result = ();

    fn handle(&mut self, heard: FromClient, ctx: &mut Self::Context) {
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
}

impl Handler<Noise> for Session {
    type Result = ();

    fn handle(&mut self, noise: Noise, ctx: &mut Self::Context) {
        let now = self.turn.begins();
        self.count(now, 0, ctx);
        if noise.pong && std::mem::take(&mut self.awaiting_pong) {
            if let Some(timer) = self.heartbeat.take() {
                ctx.cancel_future(timer);
            }
            self.next_ping(ctx);
        }
        drop(noise);
        if self.turn.ends() {
            give_way(self, ctx);
        }
    }
}

impl Handler<CloseSession> for Session {
    type Result = ();

    fn handle(&mut self, hangup: CloseSession, ctx: &mut Self::Context) {
        self.close(hangup.0, ctx);
    }
}

impl Handler<RunHere> for Session {
    type Result = ();

    fn handle(&mut self, adopt: RunHere, _: &mut Self::Context) {
        (adopt.0)();
    }
}

impl Handler<Disconnect> for Session {
    type Result = ();

    fn handle(&mut self, Disconnect(namespace): Disconnect, _: &mut Self::Context) {
        if let Some(seated) = self.members.remove(&namespace) {
            self.send(self.protocol.borrow().disconnected(&namespace));
            seated.leave(CloseReason::ForcedClose);
        }
    }
}

impl Handler<CourierSays> for Session {
    type Result = ();

    fn handle(&mut self, says: CourierSays, ctx: &mut Self::Context) {
        match says {
            CourierSays::Evicted(reason) => self.close(reason, ctx),
            CourierSays::Kicked {
                local_id,
                room,
                number,
                gone,
            } => {
                let seated = self
                    .members
                    .values()
                    .find(|seated| seated.member.local_id() == local_id);
                if let Some(seated) = seated {
                    seated.member.kicked(&room, number, &gone);
                }
            }
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
