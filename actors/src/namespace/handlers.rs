//! What the namespace hears, under its guard; effects leave when all is decided.

use actix::AsyncContext;

use super::{Effect, Namespace, To, Wake};
use crate::{
    error::{Fault, NotifyError},
    guard::{Crashes, Guarded, GuardedContext, then},
    id::LogPosition,
    message::{
        Audience, Broadcast, Disconnected, NotifyAnswer, Ping, Receipt, Resolve, ToNamespace,
    },
    metrics::Metrics,
    ports::{Proposal, in_time},
};

impl Guarded for Namespace {
    type Word = ToNamespace;

    fn title(&self) -> String {
        format!("the namespace {}", self.context.namespace)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        self.arm(ctx);
    }

    fn restarting(&mut self) {
        // A restart cancels the timer; `started` arms it again.
        self.armed = None;
    }

    fn hear(&mut self, word: ToNamespace, ctx: &mut GuardedContext<Self>) {
        let mut changed = None;
        match word {
            ToNamespace::Connected(connected) => self.enter(*connected),
            ToNamespace::Disconnected(Disconnected { member, unit }) => {
                self.gone(&member, Some(&unit));
            }
            // The reply goes with the join, and the asker reads that. So it is after a crash.
            ToNamespace::Join(_) if self.crashes.quarantined() => {}
            ToNamespace::Join(join) => self.join(join),
            ToNamespace::Leave(leave) => self.effects.push(Effect::Leave(leave)),
            ToNamespace::Resolve(Resolve { room, reply }) => {
                let room = self.rooms.get(&room);
                reply.send(room.map(|(_, room)| room.downgrade()));
            }
            ToNamespace::Broadcast(broadcast) => self.hear_broadcast(*broadcast, ctx),
            ToNamespace::Seated(seated) => changed = Some(self.seated(seated)),
            ToNamespace::Unseated(unseated) => changed = self.unseated(unseated),
            ToNamespace::WakeAfter { room, time } => self.wake_after(time, Wake::Room(room)),
            ToNamespace::Ping(Ping(reply)) => reply.send(()),
            #[cfg(feature = "testing")]
            ToNamespace::Call(call) => call.run(self, ctx),
        }
        if let Some((channel, newcomer)) = changed {
            self.online(&channel, newcomer);
        }
        self.carry_out(ctx);
        self.arm(ctx);
    }
}

impl Namespace {
    fn hear_broadcast(&mut self, broadcast: Broadcast, ctx: &mut GuardedContext<Self>) {
        if self.crashes.quarantined() {
            return broadcast.reply.send(Err(Fault::Quarantined.into()));
        }
        match self.broadcast(&broadcast) {
            Proposal::Numbered(position) => self.send_broadcast(ctx, broadcast, position),
            Proposal::Refused(error) => broadcast.reply.send(Err(NotifyError::Log(error))),
            Proposal::Later(answer) => {
                let answer = in_time(answer, self.context.settings.log_timeout);
                ctx.wait(then(
                    answer,
                    |namespace: &mut Self, position, ctx| match position {
                        Ok(position) => namespace.send_broadcast(ctx, broadcast, position),
                        Err(error) => broadcast.reply.send(Err(NotifyError::Log(error))),
                    },
                ));
            }
        }
    }

    fn send_broadcast(
        &mut self,
        ctx: &mut GuardedContext<Self>,
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
            let receipt = Receipt::new(namespace.couriers.len(), reply.home());
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
