//! An owner's command: carried out at its address, and told to those who match it.

use super::{Room, commits::Proposal};
use crate::{
    error::ManageError,
    event::RoomEvent,
    event_template::MembershipChange,
    log::Events,
    message::{Action, Manage},
    state::local_room::{Announcement, Effect},
};

impl Room {
    pub(super) fn decide_manage(&mut self, manage: &Manage) -> Result<Proposal, ManageError> {
        let (by, tag) = (&manage.by, &manage.command.tag);
        self.crashes.count_time();
        let events = match &manage.command.action {
            Action::Invite(names) => self.state.decide_invite(by, tag, names)?,
            Action::Lock(locked) if manage.by_hub => self.state.decide_lock_by_hub(tag, *locked)?,
            Action::Lock(locked) => self.state.decide_lock(by, tag, *locked)?,
            Action::Kick(members) if manage.by_hub => self.state.decide_kick_by_hub(tag, members),
            Action::Kick(members) => self.state.decide_kick(by, tag, members)?,
        };
        let proposal = Proposal {
            expect: self.state.expect_of_policy(),
            ends: self.state.histories_ended(&events),
            events: Events::from_vec(events),
        };
        Ok(self.with_departures(proposal))
    }

    /// Takes in what a command led to, and what follows from it.
    pub(super) fn managed(&mut self, manage: &Manage, events: &[RoomEvent]) -> Vec<Effect> {
        let Manage {
            command, announce, ..
        } = manage;
        let tag = &command.tag;
        if events.is_empty() && matches!(command.action, Action::Kick(_)) {
            return Vec::new();
        }
        let content = announce.as_ref().map(|announce| {
            announce.fill(&MembershipChange {
                tag,
                count: self.state.roster().matching(tag),
                reason: None,
                time: self.links.context.clock.now(),
            })
        });
        let mut places = Vec::new();
        let mut departures = Vec::new();
        for event in events {
            match event {
                RoomEvent::Left(left) => {
                    places.extend(self.local.place(&left.member));
                    let (_, effects) = self.left(event, &Announcement::LeaveEvent);
                    departures.extend(effects);
                }
                _ => drop(self.state.apply(event)),
            }
        }
        self.local.managed(tag, content, &places, departures)
    }
}
