//! The namespace's mailbox: every message goes through the guard, and effects leave after it.

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};

use super::{Effect, Namespace, SWEEP, To, Wake};
use crate::{
    error::NotifyError,
    guard::{Crashes, Guarded, guard, guard_always},
    id::LogPosition,
    message::{
        Audience, Broadcast, Connected, Disconnected, Join, Leave, NotifyAnswer, Ping, Receipt,
        Resolve, RoomSays,
    },
    metrics::Metrics,
    ports::{Proposal, in_time},
    state::namespace::ConnectedMember,
};

impl Actor for Namespace {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.arm(ctx);
    }
}

impl Supervised for Namespace {
    fn restarting(&mut self, _: &mut Self::Context) {
        // A restart cancels the timer; `started` arms it again.
        self.armed = None;
    }
}

impl Guarded for Namespace {
    fn title(&self) -> String {
        format!("the namespace {}", self.context.namespace)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn commit(&mut self) {
        self.state.commit();
    }

    fn rollback(&mut self) {
        self.state.rollback();
        self.effects.clear();
    }
}

impl Handler<Connected> for Namespace {
    type Result = ();

    fn handle(&mut self, enter: Connected, ctx: &mut Self::Context) {
        let Connected {
            member,
            local_id,
            account,
            courier,
            unit: _unit,
        } = enter;
        let worker = courier.worker;
        let _ = guard_always(self, ctx, |namespace| {
            namespace.state.enter(
                member,
                ConnectedMember {
                    worker,
                    local_id,
                    account,
                },
            );
            namespace.couriers.insert(worker, courier);
            if !namespace.sweeping {
                namespace.sweeping = true;
                namespace.wake_after(SWEEP, Wake::Sweep);
            }
        });
        self.arm(ctx);
    }
}

impl Handler<Disconnected> for Namespace {
    type Result = ();

    fn handle(&mut self, gone: Disconnected, ctx: &mut Self::Context) {
        if guard_always(self, ctx, |namespace| {
            namespace.gone(&gone.member, Some(&gone.unit))
        })
        .is_ok()
        {
            self.carry_out(ctx);
        }
    }
}

impl Handler<Join> for Namespace {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        // After a crash the reply is gone with the join, and the asker reads that.
        if guard(self, ctx, |namespace| namespace.join(join)).is_ok() {
            self.carry_out(ctx);
        }
    }
}

impl Handler<Leave> for Namespace {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        let done = guard_always(self, ctx, |namespace| {
            namespace.effects.push(Effect::StandUp(leave))
        });
        if done.is_ok() {
            self.carry_out(ctx);
        }
    }
}

impl Handler<Resolve> for Namespace {
    type Result = ();

    fn handle(&mut self, resolve: Resolve, _: &mut Self::Context) {
        resolve.reply.send(
            self.rooms
                .get(&resolve.room)
                .map(|(_, room)| room.downgrade()),
        );
    }
}

impl Handler<Ping> for Namespace {
    type Result = ();

    fn handle(&mut self, Ping(reply): Ping, _: &mut Self::Context) {
        reply.send(());
    }
}

impl Handler<Broadcast> for Namespace {
    type Result = ();

    fn handle(&mut self, broadcast: Broadcast, ctx: &mut Self::Context) {
        match guard(self, ctx, |namespace| namespace.broadcast(&broadcast)) {
            Ok(Proposal::Numbered(position)) => self.send_broadcast(ctx, broadcast, position),
            Ok(Proposal::Refused(error)) => broadcast.reply.send(Err(NotifyError::Log(error))),
            Ok(Proposal::Later(answer)) => {
                let answer = in_time(answer, self.context.settings.log_timeout);
                let done =
                    answer
                        .into_actor(self)
                        .map(move |position, namespace: &mut Self, ctx| match position {
                            Ok(position) => namespace.send_broadcast(ctx, broadcast, position),
                            Err(error) => broadcast.reply.send(Err(NotifyError::Log(error))),
                        });
                ctx.wait(done);
            }
            Err(fault) => broadcast.reply.send(Err(fault.into())),
        }
    }
}

impl Namespace {
    fn send_broadcast(
        &mut self,
        ctx: &mut Context<Self>,
        broadcast: Broadcast,
        position: LogPosition,
    ) {
        let Broadcast {
            rooms,
            except_rooms,
            except,
            draft,
            reply,
        } = broadcast;
        let needs = self.needs(&To::Everyone, draft.content.len());
        // Who is in which rooms is known to the couriers.
        let recipients = rooms.as_ref().map_or(self.state.member_count(), |_| 0);
        self.admit(ctx, needs, move |namespace, permits| {
            let letter = namespace.seal(draft);
            let receipt = Receipt::new(namespace.couriers.len());
            namespace.send_all(&letter, Some(&receipt), permits, || Audience::Rooms {
                rooms: rooms.clone(),
                except_rooms: except_rooms.clone(),
                except,
            });
            Metrics::add(&namespace.context.metrics.letters, 1);
            reply.send(Ok(NotifyAnswer {
                recipients,
                position,
                receipt,
            }));
        });
    }
}

impl Handler<RoomSays> for Namespace {
    type Result = ();

    fn handle(&mut self, says: RoomSays, ctx: &mut Self::Context) {
        if let Ok(changed) = guard_always(self, ctx, |namespace| namespace.fact(says)) {
            self.carry_out(ctx);
            // Presence events that crash cost themselves, not the fact.
            if let Some((channel, newcomer)) = changed
                && guard_always(self, ctx, |namespace| namespace.online(&channel, newcomer)).is_ok()
            {
                self.carry_out(ctx);
            }
        }
        self.arm(ctx);
    }
}
