//! What the room hears, under its guard: each command stands or falls by itself.

use actix::AsyncContext;

use super::{Room, admission::Command};
use crate::{
    account::Held,
    error::NotifyError,
    guard::{Crashes, Guarded, GuardedContext, guard, guard_always, then},
    message::{Leave, Manage, Notify, Permits, PlacedJoin, ToRoom},
    metrics::Metrics,
    ports::{Proposal, in_time},
    state::local_room::Announcement,
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
                let _ = guard(self, ctx, |room| {
                    let effects = room
                        .with_surroundings(|room, local, around| local.presence_due(room, around));
                    room.carry_out(effects, permits);
                });
            }
        }
    }

    fn handle_manage(&mut self, manage: Manage, ctx: &mut GuardedContext<Self>, permits: Permits) {
        let done = guard(self, ctx, |room| {
            let effects = room.manage(&manage)?;
            let told = room.told(&effects);
            room.carry_out(effects, permits);
            Ok(told)
        });
        let done = done.unwrap_or_else(|fault| Err(fault.into()));
        manage.reply.send(done);
    }

    fn handle_join(
        &mut self,
        placed: PlacedJoin,
        ctx: &mut GuardedContext<Self>,
        permits: Permits,
    ) {
        // Even a join that crashes was seen: else the namespace would keep the room when it is empty.
        self.links.joins_seen = self.links.joins_seen.max(placed.number);
        self.local.seen(&placed.join.joined.member, placed.number);
        let done = guard(self, ctx, |room| {
            let events = room.decide_join(&placed)?;
            let (answer, effects) = room.joined(&placed, &events);
            room.carry_out(effects, permits);
            Ok(answer)
        });
        let member = &placed.join.joined.member;
        if !matches!(done, Ok(Ok(_))) && self.state.roster().get(member).is_none() {
            self.without(member.clone(), placed.number, false);
        }
        // After a crash the reply goes with the message: the asker reads that.
        if let Ok(answer) = done {
            placed.join.reply.send(answer);
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
        let announcement = announce.map_or(Announcement::LeaveEvent, Announcement::With);
        let _ = guard_always(self, ctx, |room| {
            let (answer, effects) = room.leave(&member, &which, reason, &announcement);
            room.carry_out(effects, permits);
            if let Some(reply) = reply {
                reply.send(answer);
            }
        });
    }

    fn handle_notify(&mut self, notify: Notify, ctx: &mut GuardedContext<Self>, permits: Permits) {
        // Taken out by whoever answers.
        let mut letter = Some((notify, permits));
        let later = guard(self, ctx, |room| {
            let (notify, _) = letter.as_ref()?;
            let proposal = room.propose(notify);
            let (notify, permits) = letter.take()?;
            match proposal {
                Err(error) => notify.reply.send(Err(error)),
                Ok((_, Proposal::Refused(error))) => {
                    notify.reply.send(Err(NotifyError::Log(error)));
                }
                Ok((recipients, Proposal::Numbered(position))) => {
                    room.post_letter(notify, recipients, position, permits);
                }
                Ok((recipients, Proposal::Later(answer))) => {
                    return Some((notify, recipients, answer));
                }
            }
            None
        });
        match later {
            Ok(None) => {}
            Ok(Some((notify, recipients, answer))) => {
                // Other rooms must not wait for this one's log: its letter goes uncounted, one a room.
                self.links.purse = Permits::default();
                let answer = in_time(answer, self.links.context.settings.log_timeout);
                ctx.wait(then(answer, move |room: &mut Self, position, ctx| {
                    room.finish(ctx, notify, recipients, position);
                }));
            }
            Err(fault) => {
                if let Some((notify, _)) = letter {
                    notify.reply.send(Err(fault.into()));
                }
            }
        }
    }
}
