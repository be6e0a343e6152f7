//! A letter's way through its room: may it be said, then, once the log has it, the delivery.

use std::sync::Arc;

use super::{Room, commits::Proposal};
use crate::{
    error::NotifyError,
    event::{RoomEvent, Said},
    flow::LONG,
    id::{Kind, LocalId},
    letter::{Content, Draft},
    log::{Events, Expect},
    message::{Notify, NotifyAnswer, Permits, Receipt},
    metrics::Metrics,
    state::local_room::Recipients,
};

impl Room {
    pub(super) fn decide_notify(&mut self, notify: &Notify) -> Result<Proposal, NotifyError> {
        let Notify {
            tag,
            member,
            seat_needed,
            by_hub,
            draft,
            ..
        } = notify;
        if draft.content.len() >= LONG {
            self.crashes.count_time();
        }
        if !by_hub {
            self.state.check_notify(member, tag, *seat_needed)?;
        }
        match self.hook() {
            Some(hook) => self.decide_hooked_notify(&*hook, notify),
            None => Ok(self.decide_plain_notify(notify, draft.content.clone())),
        }
    }

    pub(super) fn decide_plain_notify(&self, notify: &Notify, content: Content) -> Proposal {
        let Notify {
            tag, member, echo, ..
        } = notify;
        let mut events = Events::new();
        // The last member left while it was on its way: it was said to nobody.
        if !self.state.roster().is_empty() {
            events.push(RoomEvent::Said(Arc::new(Said {
                from: member.clone(),
                tag: tag.clone(),
                echo: *echo,
                for_later: self.state.is_for_later(tag),
                content,
            })));
        }
        let expect = match self.state.key().kind {
            Kind::Channel => Expect::Nothing,
            Kind::Room | Kind::Plain => self.state.expect_of_policy(),
        };
        Proposal {
            events,
            expect,
            ends: Vec::new(),
        }
    }

    /// It is in the log, and is delivered.
    pub(super) fn post_letter(&mut self, notify: Notify, events: &[RoomEvent], permits: Permits) {
        let position = self.state.standing().position;
        let receipt = Receipt::new(self.local.workers().count(), notify.reply.home());
        let mut recipients = 0;
        if let Some(RoomEvent::Said(said)) = events.first() {
            recipients = self.state.recipients(said);
            self.post(said, Some(notify.draft), Some(&receipt), permits);
        } else {
            self.links.log.missed(&self.links.log_key);
        }
        notify.reply.send(Ok(NotifyAnswer {
            recipients,
            position,
            receipt,
        }));
    }

    /// Delivers what was said.
    pub(super) fn post(
        &mut self,
        said: &Arc<Said>,
        draft: Option<Draft>,
        receipt: Option<&Arc<Receipt>>,
        mut permits: Permits,
    ) {
        Metrics::add(&self.links.context.metrics.letters, 1);
        let to = Recipients::Matching {
            tag: said.tag.clone(),
            except: self.unheard_by(said),
            of_presence: false,
        };
        #[cfg(test)]
        self.trace_letter(&to, &said.content, true);
        let draft = draft
            .unwrap_or_else(|| Draft::new(said.content.clone(), &self.links.context.encodings));
        let position = self.state.standing().position;
        self.links.under_way.said(position, said);
        self.deliver(&to, (draft, Some(position.token())), receipt, |worker| {
            permits.take(worker)
        });
    }

    /// Its sender, if it is not to hear itself.
    fn unheard_by(&self, said: &Said) -> Option<LocalId> {
        let place = (!said.echo).then(|| self.local.place(&said.from))?;
        place.map(|place| place.local_id)
    }
}
