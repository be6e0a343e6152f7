//! The heartbeat of a session: a ping, and the pong that must follow it.
//! Knows no bytes: the outbox says ping in the transport's way.

use std::time::Duration;

use actix::{AsyncContext, Context};
use tokio::time::Instant;

use super::Session;
use crate::error::CloseReason;

/// How late a timer is without anybody's fault. So much of a late ping does not put off the timeout behind it; beyond,
/// the machine is busy, and the client has its full time.
const TIMER_SLACK: Duration = Duration::from_millis(10);

impl Session {
    pub(super) fn ping(&mut self, ctx: &mut Context<Self>) {
        self.outbox.ping();
        self.awaiting_pong = true;
        let late = self.ping_due.elapsed().min(TIMER_SLACK);
        let left = self.settings.ping_timeout.saturating_sub(late);
        self.heartbeat = Some(ctx.run_later(left, Self::pong_overdue));
    }

    pub(super) fn next_ping(&mut self, ctx: &mut Context<Self>) {
        self.ping_due = Instant::now() + self.settings.ping_interval;
        self.heartbeat = Some(ctx.run_later(self.settings.ping_interval, Self::ping));
    }

    fn pong_overdue(&mut self, ctx: &mut Context<Self>) {
        if self.credit.exhausted() {
            // The pong may lie unread behind messages that we have not handled: our silence, not the client's.
            self.heartbeat = Some(ctx.run_later(self.settings.ping_timeout, Self::pong_overdue));
        } else {
            self.close(CloseReason::PingTimeout, ctx);
        }
    }
}
