//! What the courier hears, under its guard.

use std::rc::Rc;

use actix::{ActorContext, AsyncContext};

use super::{BRAKE_TICK, Courier, LocalMember, STALL_TICK};
use crate::{
    error::{CloseReason, Fault},
    guard::{Crashes, Guarded, GuardedContext, guard},
    message::{Deliver, Ping, Replay, ToCourier},
};

impl Guarded for Courier {
    type Word = ToCourier;

    fn title(&self) -> String {
        format!("the courier of worker {}", self.worker.0)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        ctx.run_interval(STALL_TICK, |guard, ctx| {
            // The hub has let go of it; the timer alone keeps it.
            if !ctx.connected() {
                return ctx.stop();
            }
            guard.enter(ctx, |courier, _| courier.inspect_readers());
        });
        // A restart cancels the timer.
        self.easing = false;
        self.ease_later(ctx);
    }

    fn restarting(&mut self) {}

    fn hear(&mut self, word: ToCourier, ctx: &mut GuardedContext<Self>) {
        self.before_any();
        match word {
            ToCourier::Register(register) => self.register(register),
            ToCourier::Unregister(local_id) => self.unregister(local_id),
            ToCourier::Deliver(deliver) => {
                let _ = self.hear_letter(deliver, None, ctx);
            }
            ToCourier::AskedLetter(asked) => self.hear_asked(*asked, ctx),
            ToCourier::SharedAck(shared) => self.asked.answered(shared),
            ToCourier::Replay(replay) => self.hear_replay(&replay, ctx),
            ToCourier::Select(select) => self.select(*select),
            ToCourier::ForMember(request) => {
                if let Some(served) = self.members.get(&request.local_id) {
                    served.session.send(request);
                }
            }
            ToCourier::Direct(direct) => self.direct(direct),
            ToCourier::MirrorJoin(join) => self.mirror(&join),
            ToCourier::MirrorLeave(leave) => self.mirror_leave(leave),
            ToCourier::CloseNamespace(namespace) => self.close_namespace(&namespace),
            ToCourier::EndOutbox { local_id, reason } => {
                if let Some(served) = self.members.get(&local_id) {
                    served.outbox.end(reason);
                }
            }
            ToCourier::HeaviestPayers { weighed, reply } => {
                reply.send(self.heaviest_payers(weighed));
            }
            ToCourier::Evict { local_id, reason } => {
                if let Some(served) = self.members.get(&local_id) {
                    served.evict(reason);
                }
            }
            ToCourier::Observe { local_id, places } => {
                if let Some(served) = self.members.get(&local_id) {
                    let _ = served.observers.set(places);
                }
            }
            ToCourier::Ping(Ping(reply)) => {
                self.window.answered();
                reply.send(());
            }
            #[cfg(test)]
            ToCourier::Call(call) => call.run(self, ctx),
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        // With its worker, whose sessions can end none that has something left to say but by way of it. Who takes an outbox on
        // another worker would wait for ever.
        for served in self.members.values() {
            served.outbox.end(CloseReason::ShuttingDown);
        }
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
    }
}

impl Courier {
    /// Adds those who received it to `received`.
    pub(super) fn hear_letter(
        &mut self,
        mut deliver: Deliver,
        received: Option<&mut Vec<Rc<LocalMember>>>,
        ctx: &mut GuardedContext<Self>,
    ) -> Result<usize, Fault> {
        let (receipt, permit) = (deliver.receipt.clone(), deliver.permit.take());
        let done = guard(self, ctx, |courier| courier.deliver(&deliver, received));
        // Those, too, that had theirs before a crash.
        self.wakes.wake(permit, self.crashes.turn_is_fresh());
        self.ease_later(ctx);
        if let Some(receipt) = receipt {
            receipt.settle(done.ok());
        }
        done
    }

    fn hear_replay(&mut self, replay: &Replay, ctx: &mut GuardedContext<Self>) {
        let done = guard(self, ctx, |courier| courier.replay(replay));
        replay.receipt.settle(done.ok());
    }

    fn ease_later(&mut self, ctx: &mut GuardedContext<Self>) {
        if !self.brakes.is_empty() && !std::mem::replace(&mut self.easing, true) {
            ctx.run_later(BRAKE_TICK, |guard, ctx| {
                guard.enter(ctx, |courier, ctx| {
                    courier.easing = false;
                    courier.ease();
                    courier.ease_later(ctx);
                });
            });
        }
    }
}
