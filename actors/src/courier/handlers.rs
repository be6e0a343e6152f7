//! The courier's mailbox: every message goes through the guard.

use std::collections::BTreeMap;

use actix::{Actor, AsyncContext, Context, Handler, Supervised};

use super::{BRAKE_TICK, Courier, Mirror, STALL_TICK};
use crate::{
    guard::{Crashes, Guarded, guard, guard_always},
    id::RoomId,
    message::{Deliver, Ping, ToCourier},
};

impl Actor for Courier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(STALL_TICK, |courier, ctx| {
            let _ = guard_always(courier, ctx, |courier| courier.inspect_readers());
        });
        // A restart cancels the timer.
        self.easing = false;
        self.ease_later(ctx);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
    }
}

impl Courier {
    fn ease_later(&mut self, ctx: &mut Context<Self>) {
        if !self.brakes.is_empty() && !std::mem::replace(&mut self.easing, true) {
            ctx.run_later(BRAKE_TICK, |courier, ctx| {
                courier.easing = false;
                let _ = guard_always(courier, ctx, Self::ease);
                courier.ease_later(ctx);
            });
        }
    }
}

impl Supervised for Courier {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The lists by room are derived from the ledger of seats; after a crash they are not trusted.
        let mut rooms: BTreeMap<RoomId, Mirror> = BTreeMap::new();
        for ((room, local_id), tags) in self.seats.iter() {
            let (Some(old), Some(served)) = (self.rooms.get(room), self.members.get(local_id))
            else {
                continue;
            };
            let mirror = rooms
                .entry(*room)
                .or_insert_with(|| Mirror::new(old.namespace.clone(), old.key.clone()));
            mirror.put(served, tags.clone());
        }
        self.keys = rooms
            .iter()
            .map(|(id, m)| ((m.namespace.clone(), m.key.clone()), *id))
            .collect();
        self.rooms = rooms;
    }
}

impl Guarded for Courier {
    fn title(&self) -> String {
        format!("the courier of worker {}", self.worker.0)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn commit(&mut self) {
        self.seats.commit();
    }

    fn rollback(&mut self) {
        self.seats.rollback();
    }
}

impl Handler<ToCourier> for Courier {
    type Result = ();

    fn handle(&mut self, word: ToCourier, ctx: &mut Self::Context) {
        let word = match word {
            ToCourier::Deliver(deliver) => return self.hear_letter(deliver, ctx),
            #[cfg(feature = "testing")]
            ToCourier::Call(call) => return call.run(self, ctx),
            word => word,
        };
        let _ = guard_always(self, ctx, |courier| courier.hear(word));
    }
}

impl Courier {
    fn hear_letter(&mut self, mut deliver: Deliver, ctx: &mut Context<Self>) {
        let (receipt, permit) = (deliver.receipt.clone(), deliver.permit.take());
        let done = guard(self, ctx, |courier| {
            courier.before_any();
            courier.deliver(&deliver);
        });
        // Those, too, that had theirs before a crash.
        self.wakes.wake(permit, self.crashes.turn_is_fresh());
        self.ease_later(ctx);
        if let Some(receipt) = receipt {
            receipt.settle(done.is_ok());
        }
    }

    fn hear(&mut self, word: ToCourier) {
        self.before_any();
        match word {
            ToCourier::Register(register) => self.register(register),
            ToCourier::Unregister(local_id) => drop(self.members.remove(&local_id)),
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
            ToCourier::Ping(Ping(reply)) => {
                self.window.answered();
                reply.send(());
            }
            ToCourier::Deliver(_) => {}
            #[cfg(feature = "testing")]
            ToCourier::Call(_) => {}
        }
    }
}
