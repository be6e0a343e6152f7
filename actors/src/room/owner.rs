//! An owner's command: carried out at its address, and told to those who match it.

use super::Room;
use crate::{
    error::ManageError,
    event::RoomEvent,
    event_template::MembershipChange,
    message::{Action, Manage},
    state::local_room::{Announcement, Effect},
};

impl Room {
    pub(super) fn manage(&mut self, manage: &Manage) -> Result<Vec<Effect>, ManageError> {
        let Manage {
            by,
            command,
            announce,
            ..
        } = manage;
        self.crashes.count_time();
        let tag = &command.tag;
        let events = match &command.action {
            Action::Invite(names) => self.state.decide_invite(by, tag, names)?,
            Action::Lock(locked) => self.state.decide_lock(by, tag, *locked)?,
            Action::Kick(members) => {
                let events = self.state.decide_kick(by, tag, members)?;
                if events.is_empty() {
                    return Ok(Vec::new());
                }
                events
            }
        };
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
        for event in &events {
            match event {
                RoomEvent::Left(left) => {
                    places.extend(self.local.place(&left.member));
                    let (_, effects) = self.left(event, &Announcement::LeaveEvent);
                    departures.extend(effects);
                }
                RoomEvent::Joined(_) | RoomEvent::Policy(..) => drop(self.state.apply(event)),
            }
        }
        Ok(self.local.managed(tag, content, &places, departures))
    }
}
