//! The heartbeat of a session: a ping, and the pong that must follow it.
//! Knows no bytes: the outbox says ping in the transport's way.

use std::time::Duration;

use actix::{AsyncContext, Context};
use tokio::time::Instant;

use super::{Liveness, Session};
use crate::{error::CloseReason, outbox::PingLeft};

/// How late a timer is without anybody's fault. So much of a late ping does not put off the timeout behind it; beyond,
/// the machine is busy, and the client has its full time.
const TIMER_SLACK: Duration = Duration::from_millis(10);

/// So often in a row a silence of our own is no reason to close.
const FORGIVEN_MAX: u32 = 16;

impl Session {
    pub(super) fn ping(&mut self, ctx: &mut Context<Self>) {
        if self.settings.liveness != Liveness::Pong {
            return self.keep_alive(ctx);
        }
        self.outbox.ping();
        self.awaiting_pong = true;
        self.arrivals = self.credit.arrivals();
        let late = self.ping_due.elapsed().min(TIMER_SLACK);
        let left = self.settings.ping_timeout.saturating_sub(late);
        self.heartbeat = Some(ctx.run_later(left, Self::pong_overdue));
    }

    /// A ping that asks for nothing, unless the client has been silent too long.
    fn keep_alive(&mut self, ctx: &mut Context<Self>) {
        let arrivals = self.credit.arrivals();
        match arrivals == self.arrivals {
            true => self.forgiven += 1,
            false => self.forgiven = 0,
        }
        self.arrivals = arrivals;
        let silence = self.settings.ping_interval * self.forgiven;
        // What it says may lie unread behind what we have not handled, or do not want yet.
        let ours = self.forgiven < FORGIVEN_MAX
            && (self.credit.exhausted() || self.outbox.holds_reading());
        let limited = self.settings.liveness == Liveness::Arrivals;
        if limited && silence >= self.settings.ping_timeout && !ours {
            return self.close(CloseReason::PingTimeout, ctx);
        }
        // A ping goes before what waits: it would be the first that such a client is told.
        if !self.protocol.borrow().connect_comes_first() || self.outbox.has_told() {
            self.outbox.ping();
        }
        self.next_ping(ctx);
    }

    pub(super) fn next_ping(&mut self, ctx: &mut Context<Self>) {
        self.ping_due = Instant::now() + self.settings.ping_interval;
        self.heartbeat = Some(ctx.run_later(self.settings.ping_interval, Self::ping));
    }

    fn pong_overdue(&mut self, ctx: &mut Context<Self>) {
        let limit = self.settings.ping_timeout;
        let arrivals = self.credit.arrivals();
        let ping = self.outbox.ping_left();
        // It may come behind what the client is still sending. If it lies unread behind what we have not handled, or
        // do not want yet, the silence is ours; but a client that is gone must not stay for that.
        let comes = arrivals != self.arrivals;
        let ours = self.forgiven < FORGIVEN_MAX
            && (self.credit.exhausted() || self.outbox.holds_reading());
        let wait = match ping {
            _ if comes || ours => {
                self.forgiven += u32::from(!comes);
                // The client has a clock of its own, which begins anew with each ping that it gets.
                if matches!(ping, PingLeft::At(_)) {
                    self.outbox.ping();
                }
                Some(limit)
            }
            // The ping is behind something large on a slow link. Whether that moves is the stall timer's to say.
            PingLeft::Behind => Some(limit),
            PingLeft::At(left) => {
                let since = left.elapsed();
                (since + TIMER_SLACK < limit).then(|| limit - since)
            }
            PingLeft::Unread => None,
        };
        if comes {
            self.forgiven = 0;
        }
        self.arrivals = arrivals;
        match wait {
            Some(wait) => self.heartbeat = Some(ctx.run_later(wait, Self::pong_overdue)),
            None => self.close(CloseReason::PingTimeout, ctx),
        }
    }
}
