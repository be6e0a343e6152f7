//! The room's mailbox: every message goes through the guard, and effects leave after it.

use std::{panic::AssertUnwindSafe, time::Duration};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::{Room, Telling};
use crate::{
    error::{LogError, NotifyError},
    guard::{Crashes, Guarded, guard, guard_always},
    message::{Manage, Notify, PresenceDue, RoomFact, SitDown, StandUp},
    metrics::Metrics,
    ports::Proposal,
};

impl Actor for Room {
    type Context = Context<Self>;
}

impl Supervised for Room {}

impl Drop for Room {
    fn drop(&mut self) {
        Metrics::sub(&self.links.tenure.metrics.rooms, 1);
    }
}

impl Guarded for Room {
    fn title(&self) -> String {
        let key = self.state.key();
        format!(
            "{} \"{}\" of {}",
            self.part(),
            key.name.escape_debug(),
            self.links.tenure.namespace
        )
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

impl Handler<SitDown> for Room {
    type Result = ();

    fn handle(&mut self, sit: SitDown, ctx: &mut Self::Context) {
        let (member, number) = (sit.joiner.member.clone(), sit.number);
        // Even a join that crashes was seen: else the namespace would take a later Vacant for stale.
        self.links.joins_seen = self.links.joins_seen.max(number);
        match guard(self, ctx, |room| room.sit_down(sit)) {
            Ok((answer, reply)) => {
                self.carry_out(ctx);
                reply.send(answer);
            }
            Err(_) => {
                // The reply is gone with the message: the asker reads that. The namespace must not keep the join.
                if self.state.roster().get(&member).is_none() {
                    let count = self.state.roster().len();
                    self.up(RoomFact::Unseated {
                        member,
                        number,
                        count,
                        seated: false,
                    });
                    self.vacate();
                    self.carry_out(ctx);
                }
            }
        }
    }
}

impl Handler<StandUp> for Room {
    type Result = ();

    fn handle(&mut self, StandUp(leave): StandUp, ctx: &mut Self::Context) {
        let crate::message::Leave {
            which,
            member,
            reason,
            announce,
            reply,
            ..
        } = leave;
        let telling = announce.map_or(Telling::Farewell, Telling::With);
        let mut done = guard_always(self, ctx, |room| {
            room.stand_up(&member, &which, reason, telling)
        });
        if done.is_err() {
            // The seat must go even if the event that tells of it is what crashed.
            done = guard_always(self, ctx, |room| {
                room.stand_up(&member, &which, reason, Telling::Nobody)
            });
        }
        if let Ok(answer) = done {
            self.carry_out(ctx);
            if let Some(reply) = reply {
                reply.send(answer);
            }
        }
    }
}

impl Handler<Notify> for Room {
    type Result = ();

    fn handle(&mut self, notify: Notify, ctx: &mut Self::Context) {
        match guard(self, ctx, |room| room.propose(&notify)) {
            Err(fault) => notify.reply.send(Err(fault.into())),
            Ok(Err(error)) => notify.reply.send(Err(error)),
            Ok(Ok((_, Proposal::Refused(error)))) => {
                notify.reply.send(Err(NotifyError::Log(error)))
            }
            Ok(Ok((recipients, Proposal::Numbered(numbers)))) => {
                self.finish(ctx, notify, recipients, Ok(numbers));
            }
            Ok(Ok((recipients, Proposal::Later(answer)))) => {
                let limit: Duration = self.links.tenure.settings.log_timeout;
                // It runs outside of the guard: a panic in it would take the room along.
                let answer = AssertUnwindSafe(answer).catch_unwind().map(|numbers| {
                    numbers.unwrap_or_else(|payload| {
                        std::mem::forget(payload);
                        log::error!("a log panicked over a letter");
                        Err(LogError::Unavailable)
                    })
                });
                let answer = async move {
                    timeout(limit, answer)
                        .await
                        .unwrap_or(Err(LogError::TimedOut))
                };
                let done = answer
                    .into_actor(self)
                    .map(move |numbers, room: &mut Self, ctx| {
                        room.finish(ctx, notify, recipients, numbers);
                    });
                ctx.wait(done);
            }
        }
    }
}

impl Handler<Manage> for Room {
    type Result = ();

    fn handle(&mut self, manage: Manage, ctx: &mut Self::Context) {
        let done = guard(self, ctx, |room| room.manage(&manage));
        if matches!(done, Ok(Ok(()))) {
            self.carry_out(ctx);
        }
        manage
            .reply
            .send(done.unwrap_or_else(|fault| Err(fault.into())));
    }
}

impl Handler<PresenceDue> for Room {
    type Result = ();

    fn handle(&mut self, _: PresenceDue, ctx: &mut Self::Context) {
        if guard(self, ctx, Self::presence_due).is_ok() {
            self.carry_out(ctx);
        }
    }
}
