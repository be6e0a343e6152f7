//! What the room hears, under its guard: each command stands or falls by itself, and its effects leave after it.

use actix::AsyncContext;

use super::{Room, Telling, admission::Command};
use crate::{
    account::Held,
    error::NotifyError,
    guard::{Crashes, Guarded, GuardedContext, guard, guard_always, then},
    message::{Leave, Manage, Notify, Permits, PlacedJoin, ToRoom},
    metrics::Metrics,
    ports::{Proposal, in_time},
};

impl Guarded for Room {
    type Word = ToRoom;

    fn title(&self) -> String {
        let key = self.state.key();
        format!(
            "{} \"{}\" of {}",
            self.part(),
            key.name.escape_debug(),
            self.links.context.namespace
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

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        self.unpark(ctx);
    }

    fn restarting(&mut self) {
        // What would have given it back is cancelled, and what would have run the parked.
        self.links.purse = Permits::default();
        self.links.parked.restarted();
    }

    fn hear(&mut self, word: ToRoom, ctx: &mut GuardedContext<Self>) {
        let command = match word {
            ToRoom::Join(placed) => Command::Join(placed),
            ToRoom::Leave(leave) => Command::Leave(leave),
            ToRoom::Notify(notify) => Command::Notify(notify),
            ToRoom::Manage(manage) => Command::Manage(manage),
            ToRoom::PresenceDue => Command::Presence,
            #[cfg(feature = "testing")]
            ToRoom::Call(call) => return call.run(self, ctx),
        };
        self.take(ctx, command);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        Metrics::sub(&self.links.context.metrics.rooms, 1);
        let account = self.links.context.encodings.account();
        account.sub(Held::Memberships, self.links.on_account.memberships);
        account.sub(Held::Invitations, self.links.on_account.invitations);
    }
}

impl Room {
    pub(super) fn run(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        command: Command,
        permits: Permits,
    ) {
        match command {
            Command::Join(placed) => self.handle_join(placed, ctx, permits),
            Command::Leave(leave) => self.handle_leave(leave, ctx, permits),
            Command::Notify(notify) => self.handle_notify(notify, ctx, permits),
            Command::Manage(manage) => self.handle_manage(manage, ctx, permits),
            Command::Presence => {
                if guard(self, ctx, Self::presence_due).is_ok() {
                    self.carry_out(permits);
                }
            }
        }
    }

    fn handle_manage(&mut self, manage: Manage, ctx: &mut GuardedContext<Self>, permits: Permits) {
        let done = guard(self, ctx, |room| room.manage(&manage));
        let told = self.told();
        if matches!(done, Ok(Ok(()))) {
            self.carry_out(permits);
        }
        let done = done.unwrap_or_else(|fault| Err(fault.into()));
        manage.reply.send(done.map(|()| told));
    }

    fn handle_join(
        &mut self,
        placed: PlacedJoin,
        ctx: &mut GuardedContext<Self>,
        permits: Permits,
    ) {
        let (member, number) = (placed.join.member.clone(), placed.number);
        // Even a join that crashes was seen: else the namespace would keep the room when it is empty.
        self.links.joins_seen = self.links.joins_seen.max(number);
        match guard(self, ctx, |room| room.join(placed)) {
            Ok((answer, reply)) => {
                self.carry_out(permits);
                reply.send(answer);
            }
            Err(_) => {
                // The reply is gone with the message: the asker reads that. The namespace must not keep the join.
                if self.state.roster().get(&member).is_none() {
                    self.unseated(member, number, false);
                    self.carry_out(permits);
                }
            }
        }
    }

    fn handle_leave(&mut self, leave: Leave, ctx: &mut GuardedContext<Self>, permits: Permits) {
        let Leave {
            which,
            member,
            reason,
            announce,
            reply,
            unit: _unit,
            ..
        } = leave;
        let telling = announce.map_or(Telling::Farewell, Telling::With);
        let mut done = guard_always(self, ctx, |room| {
            room.leave(&member, &which, reason, telling)
        });
        if done.is_err() {
            // The seat must go even if the event that tells of it is what crashed.
            done = guard_always(self, ctx, |room| {
                room.leave(&member, &which, reason, Telling::Nobody)
            });
        }
        if let Ok(answer) = done {
            self.carry_out(permits);
            if let Some(reply) = reply {
                reply.send(answer);
            }
        }
    }

    fn handle_notify(&mut self, notify: Notify, ctx: &mut GuardedContext<Self>, permits: Permits) {
        match guard(self, ctx, |room| room.propose(&notify)) {
            Err(fault) => notify.reply.send(Err(fault.into())),
            Ok(Err(error)) => notify.reply.send(Err(error)),
            Ok(Ok((_, Proposal::Refused(error)))) => {
                notify.reply.send(Err(NotifyError::Log(error)))
            }
            Ok(Ok((recipients, Proposal::Numbered(position)))) => {
                self.finish(ctx, notify, recipients, Ok(position), permits);
            }
            Ok(Ok((recipients, Proposal::Later(answer)))) => {
                // Other rooms must not wait for this one's log: its letter goes uncounted, one a room.
                drop(permits);
                self.links.purse = Permits::default();
                let answer = in_time(answer, self.links.context.settings.log_timeout);
                ctx.wait(then(answer, move |room: &mut Self, position, ctx| {
                    room.finish(ctx, notify, recipients, position, Permits::default());
                }));
            }
        }
    }
}
