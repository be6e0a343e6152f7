//! A letter's way through its room: may it be said, what does the log answer, then the commit and the delivery.

use super::Room;
use crate::{
    error::{LogError, NotifyError},
    fault::{self, Point},
    flow::LONG,
    guard::{GuardedContext, guard},
    id::LogPosition,
    message::{Notify, NotifyAnswer, Permits, Receipt},
    metrics::Metrics,
    ports::Proposal,
    state::local_room::Recipients,
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

    /// The second half: it has its number, and is delivered.
    pub(super) fn post_letter(
        &mut self,
        notify: Notify,
        recipients: usize,
        position: LogPosition,
        mut permits: Permits,
    ) {
        let Notify {
            tag,
            except,
            draft,
            reply,
            ..
        } = notify;
        fault::strike(self.part(), Point::Midway, &draft.content.args);
        fault::strike(self.part(), Point::After, &draft.content.args);
        self.state.set_position(position);
        let receipt = Receipt::new(self.local.workers().count(), reply.home());
        let to = Recipients::Matching { tag, except };
        Metrics::add(&self.links.context.metrics.letters, 1);
        #[cfg(feature = "testing")]
        self.trace_letter(&to, &draft.content, true);
        self.deliver(&to, draft, Some(&receipt), |worker| permits.take(worker));
        reply.send(Ok(NotifyAnswer {
            recipients,
            position,
            receipt,
        }));
    }

    /// As [`Room::post_letter`], once a late log has answered.
    pub(super) fn finish(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        notify: Notify,
        recipients: usize,
        position: Result<LogPosition, LogError>,
    ) {
        match position {
            Err(error) => notify.reply.send(Err(NotifyError::Log(error))),
            Ok(position) => {
                // A crash drops the reply with the letter: the sender reads that as the hub's fault.
                let _ = guard(self, ctx, |room| {
                    room.post_letter(notify, recipients, position, Permits::default());
                });
            }
        }
    }
}
