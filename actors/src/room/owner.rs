//! An owner's command: carried out at its address, and told to those who match it.

use std::collections::BTreeSet;

use super::{For, Room, Telling};
use crate::{
    error::{LeaveReason, ManageError},
    id::WorkerId,
    message::{Action, Manage},
    state::audience::LeaveScope,
};

impl Room {
    pub(super) fn manage(&mut self, manage: &Manage) -> Result<(), ManageError> {
        let Manage {
            by,
            command,
            announce,
            ..
        } = manage;
        self.crashes.count_time();
        let tag = &command.tag;
        let mut kicked = Vec::new();
        match &command.action {
            Action::Invite(names) => self.state.invite(by, tag, names)?,
            Action::Lock(locked) => self.state.lock(by, tag, *locked)?,
            Action::Kick(members) => {
                let done = self.state.kick(by, tag, members)?;
                if done.seated.is_empty() && !done.uninvited {
                    return Ok(());
                }
                kicked = done.seated;
            }
        }
        let content = announce.as_ref().map(|announce| {
            let count = self.state.roster().matching(tag);
            announce.fill(&self.change(tag, count, None))
        });
        let seat = |member| self.state.roster().get(member);
        let seats = kicked.iter().filter_map(seat);
        let left: Vec<_> = seats.map(|seat| (seat.worker, seat.local_id)).collect();
        let first = self.effects.len();
        for member in &kicked {
            let which = LeaveScope::Exactly(tag.clone());
            self.leave(member, &which, LeaveReason::Kick, Telling::Farewell);
        }
        let Some(content) = content else {
            return Ok(());
        };
        // Told before the first is gone, those sent out too: a mirror still has their seats when the letter comes. But
        // a letter to all goes only to the workers that have members when everything is done.
        let departures = self.effects.split_off(first);
        let workers: BTreeSet<WorkerId> = self.state.roster().workers().collect();
        for (worker, local_id) in left {
            if !workers.contains(&worker) {
                self.announce(For::One { worker, local_id }, content.clone());
            }
        }
        let everyone = For::All {
            tag: tag.clone(),
            except: None,
        };
        self.announce(everyone, content);
        self.effects.extend(departures);
        Ok(())
    }
}
