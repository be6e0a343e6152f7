//! A letter's way through its room: may it be said, what does the log answer, then the commit and the delivery.

use super::{Done, Effect, For, Room};
use crate::{
    error::{LogError, NotifyError},
    fault::{self, Point},
    flow::LONG,
    guard::{GuardedContext, guard},
    id::LogPosition,
    message::{Notify, NotifyAnswer, Permits, Receipt},
    metrics::Metrics,
    ports::Proposal,
};

impl Room {
    /// The first half of a notify: whether it may be said, and the log's answer.
    pub(super) fn propose(&mut self, notify: &Notify) -> Result<(usize, Proposal), NotifyError> {
        fault::strike(self.part(), Point::Before, &notify.draft.content.args);
        if notify.draft.content.len() >= LONG {
            self.crashes.count_time();
        }
        let from = &notify.member;
        let echo = notify.except.is_none();
        let recipients = self
            .state
            .check_notify(from, &notify.tag, echo, notify.seat_needed)?;
        let proposal =
            self.links
                .log
                .propose(self.state.key(), self.state.position(), &notify.draft);
        Ok((recipients, proposal))
    }

    /// The second half: the numbers are kept, the delivery is built.
    pub(super) fn post_letter(
        &mut self,
        notify: Notify,
        recipients: usize,
        position: LogPosition,
    ) -> Done {
        let Notify {
            tag,
            except,
            draft,
            reply,
            ..
        } = notify;
        let marked = draft.content.args.clone();
        self.state.set_position(position);
        fault::strike(self.part(), Point::Midway, &marked);
        let couriers = self.state.roster().workers().count();
        let receipt = Receipt::new(couriers);
        let audience = For::All { tag, except };
        let letter = Effect::Letter {
            audience,
            draft,
            receipt: Some(receipt.clone()),
        };
        self.effects.push(letter);
        Metrics::add(&self.links.context.metrics.letters, 1);
        fault::strike(self.part(), Point::After, &marked);
        (
            reply,
            NotifyAnswer {
                recipients,
                position,
                receipt,
            },
        )
    }

    pub(super) fn finish(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        notify: Notify,
        recipients: usize,
        position: Result<LogPosition, LogError>,
        permits: Permits,
    ) {
        match position {
            Err(error) => notify.reply.send(Err(NotifyError::Log(error))),
            Ok(position) => {
                // A crash drops the reply with the letter: the sender reads that as the hub's fault.
                if let Ok((reply, answer)) = guard(self, ctx, |room| {
                    room.post_letter(notify, recipients, position)
                }) {
                    self.carry_out(permits);
                    reply.send(Ok(answer));
                }
            }
        }
    }
}
