//! The courier's mailbox: every message goes through the guard.

use std::{collections::BTreeMap, rc::Rc};

use actix::{Actor, AsyncContext, Context, Handler, Supervised};

use super::{BRAKE_TICK, Courier, LocalMember, Mirror, STALL_TICK};
use crate::{
    error::CloseReason,
    guard::{Crashes, Guarded, guard, guard_always},
    id::RoomId,
    message::{
        CloseNamespace, CourierSays, Deliver, Direct, EndOutbox, Evict, HeaviestPayers, MirrorJoin,
        MirrorLeave, Ping, Register, Unregister,
    },
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

impl Handler<Register> for Courier {
    type Result = ();

    fn handle(&mut self, register: Register, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            let Register {
                local_id,
                namespace,
                outbox,
                encoding,
                session,
                generation,
            } = register;
            let served = Rc::new(LocalMember {
                local_id,
                namespace,
                outbox,
                encoding,
                session,
            });
            if generation != courier.window.generation() {
                // Something for this member may have been held back while this very message waited.
                served.evict(CloseReason::WorkerStalled);
            }
            courier.members.insert(local_id, served);
        });
    }
}

impl Handler<Unregister> for Courier {
    type Result = ();

    fn handle(&mut self, unregister: Unregister, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.members.remove(&unregister.local_id);
        });
    }
}

impl Handler<Direct> for Courier {
    type Result = ();

    fn handle(&mut self, direct: Direct, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.direct(direct);
        });
    }
}

impl Handler<MirrorJoin> for Courier {
    type Result = ();

    fn handle(&mut self, seat: MirrorJoin, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.mirror(&seat);
        });
    }
}

impl Handler<MirrorLeave> for Courier {
    type Result = ();

    fn handle(&mut self, unseat: MirrorLeave, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            courier.before_any();
            courier.unmirror(unseat.room, unseat.local_id);
            if let (Some((room, number, gone)), Some(served)) =
                (unseat.kicked, courier.members.get(&unseat.local_id))
            {
                served.session.tell(CourierSays::Kicked {
                    local_id: unseat.local_id,
                    room,
                    number,
                    gone,
                });
            }
        });
    }
}

impl Handler<Deliver> for Courier {
    type Result = ();

    fn handle(&mut self, mut deliver: Deliver, ctx: &mut Self::Context) {
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
}

impl Handler<CloseNamespace> for Courier {
    type Result = ();

    fn handle(&mut self, close: CloseNamespace, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            for served in courier
                .members
                .values()
                .filter(|served| served.namespace == close.namespace)
            {
                served.evict(CloseReason::ServerRestart);
            }
            courier.forget_rooms(&close.namespace);
        });
    }
}

impl Handler<EndOutbox> for Courier {
    type Result = ();

    fn handle(&mut self, end: EndOutbox, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            if let Some(served) = courier.members.get(&end.local_id) {
                served.outbox.end(end.reason);
            }
        });
    }
}

impl Handler<HeaviestPayers> for Courier {
    type Result = ();

    fn handle(&mut self, asked: HeaviestPayers, ctx: &mut Self::Context) {
        let payers = guard_always(self, ctx, |courier| courier.heaviest_payers(asked.weighed));
        if let Ok(payers) = payers {
            asked.reply.send(payers);
        }
    }
}

impl Handler<Evict> for Courier {
    type Result = ();

    fn handle(&mut self, evict: Evict, ctx: &mut Self::Context) {
        let _ = guard_always(self, ctx, |courier| {
            if let Some(served) = courier.members.get(&evict.local_id) {
                served.evict(evict.reason);
            }
        });
    }
}

impl Handler<Ping> for Courier {
    type Result = ();

    fn handle(&mut self, Ping(reply): Ping, ctx: &mut Self::Context) {
        self.window.answered();
        let _ = guard_always(self, ctx, |courier| courier.before_any());
        reply.send(());
    }
}
