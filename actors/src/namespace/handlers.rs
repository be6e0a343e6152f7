//! The namespace's mailbox: every message goes through the guard, and effects leave after it.

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};

use super::{Changed, Effect, Namespace, To, Wake};
use crate::{
    error::NotifyError,
    guard::{Crashes, Guarded, guard, guard_always},
    id::LogPosition,
    message::{
        Audience, Broadcast, Disconnected, NotifyAnswer, Ping, Receipt, Resolve, ToNamespace,
    },
    metrics::Metrics,
    ports::{Proposal, in_time},
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

impl Handler<ToNamespace> for Namespace {
    type Result = ();

    fn handle(&mut self, word: ToNamespace, ctx: &mut Self::Context) {
        match word {
            ToNamespace::Connected(connected) => {
                let _ = guard_always(self, ctx, |namespace| namespace.enter(*connected));
            }
            ToNamespace::Disconnected(Disconnected { member, unit }) => {
                if guard_always(self, ctx, |namespace| namespace.gone(&member, Some(&unit))).is_ok()
                {
                    self.carry_out(ctx);
                }
            }
            ToNamespace::Join(join) => {
                // After a crash the reply is gone with the join, and the asker reads that.
                if guard(self, ctx, |namespace| namespace.join(join)).is_ok() {
                    self.carry_out(ctx);
                }
            }
            ToNamespace::Leave(leave) => {
                self.effects.push(Effect::Leave(leave));
                self.carry_out(ctx);
            }
            ToNamespace::Resolve(Resolve { room, reply }) => {
                let room = self.rooms.get(&room);
                reply.send(room.map(|(_, room)| room.downgrade()));
            }
            ToNamespace::Broadcast(broadcast) => self.hear_broadcast(broadcast, ctx),
            ToNamespace::Seated(seated) => {
                let changed = guard_always(self, ctx, |namespace| namespace.seated(seated));
                self.changed(changed.ok(), ctx);
            }
            ToNamespace::Unseated(unseated) => {
                let changed = guard_always(self, ctx, |namespace| namespace.unseated(unseated));
                self.changed(changed.ok().flatten(), ctx);
            }
            ToNamespace::WakeAfter { room, time } => self.wake_after(time, Wake::Room(room)),
            ToNamespace::Ping(Ping(reply)) => reply.send(()),
            #[cfg(feature = "testing")]
            ToNamespace::Call(call) => call.run(self, ctx),
        }
        self.arm(ctx);
    }
}

impl Namespace {
    /// Presence events that crash cost themselves, not the fact.
    fn changed(&mut self, changed: Option<Changed>, ctx: &mut Context<Self>) {
        if let Some((channel, newcomer)) = changed
            && guard_always(self, ctx, |namespace| namespace.online(&channel, newcomer)).is_ok()
        {
            self.carry_out(ctx);
        }
    }

    fn hear_broadcast(&mut self, broadcast: Box<Broadcast>, ctx: &mut Context<Self>) {
        match guard(self, ctx, |namespace| namespace.broadcast(&broadcast)) {
            Ok(Proposal::Numbered(position)) => self.send_broadcast(ctx, *broadcast, position),
            Ok(Proposal::Refused(error)) => broadcast.reply.send(Err(NotifyError::Log(error))),
            Ok(Proposal::Later(answer)) => {
                let answer = in_time(answer, self.context.settings.log_timeout);
                let done =
                    answer
                        .into_actor(self)
                        .map(move |position, namespace: &mut Self, ctx| match position {
                            Ok(position) => namespace.send_broadcast(ctx, *broadcast, position),
                            Err(error) => broadcast.reply.send(Err(NotifyError::Log(error))),
                        });
                ctx.wait(done);
            }
            Err(fault) => broadcast.reply.send(Err(fault.into())),
        }
    }

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
