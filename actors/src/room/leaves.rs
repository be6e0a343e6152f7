//! Who leaves, and who never came in: leaves, refusals, and seats that nobody serves.

use super::{
    Room,
    commits::Proposal,
    hooked::split,
    requests::{Request, RequestError},
};
use crate::{
    error::LeaveReason,
    event::RoomEvent,
    id::MemberId,
    log::{Events, Expect},
    message::{Leave, LeaveAnswer, Permits},
    state::{audience::LeaveScope, local_room::Announcement},
};

impl Room {
    pub(super) fn take_in_leave(&mut self, leave: Leave, events: &[RoomEvent], permits: Permits) {
        let announcement = leave
            .announce
            .map_or(Announcement::LeaveEvent, Announcement::With);
        let mut answer = LeaveAnswer::default();
        let mut effects = Vec::new();
        for event in events {
            let (one, more) = self.left(event, &announcement);
            answer.gone.extend(one.gone);
            effects.extend(more);
        }
        self.carry_out(effects, permits);
        if let Some(reply) = leave.reply {
            reply.send(answer);
        }
    }

    /// As [`Room::send_away_if_unserved`], unless another join of it is under way. What it led to is taken in before.
    pub(super) fn send_away_if_unasked(&mut self, member: &MemberId) {
        if !self.is_taking_in() && !self.links.under_way.joins(member) {
            self.send_away_if_unserved(member);
        }
    }

    /// Who asked for its seat was told that it failed, and nobody serves it.
    pub(super) fn send_away_if_unserved(&mut self, member: &MemberId) {
        let unserved =
            self.state.roster().get(member).is_some() && self.local.place(member).is_none();
        if unserved {
            let leave = Leave {
                room: self.state.key().clone(),
                which: LeaveScope::All,
                member: member.clone(),
                reason: LeaveReason::Disconnect,
                announce: None,
                reply: None,
                unit: None,
            };
            let proposal = self.decide_leave(&leave);
            self.append(
                &mut Some((Request::Leave(leave), Permits::default())),
                proposal,
            );
        }
    }

    /// Tells who asked. A leave happens all the same: whoever has left is gone, whatever the log takes.
    pub(super) fn refuse(&mut self, request: Request, refused: RequestError) {
        match request {
            Request::Join(placed, _) => {
                let member = &placed.join.joined.member;
                if self.state.roster().get(member).is_none() {
                    self.without(member.clone(), placed.number, false);
                }
                drop(self.links.under_way.collected(placed.number));
                if !matches!(refused, RequestError::Fault(_)) {
                    self.send_away_if_unserved(&placed.join.joined.member);
                }
                placed.join.reply.send(Err(refused.into()));
            }
            Request::Leave(leave) => {
                if matches!(refused, RequestError::Log(_) | RequestError::Fault(_)) {
                    let Proposal { events, ends, .. } = self.decide_leave(&leave);
                    self.links.under_way.owe_ends(ends);
                    let (own, hooks) = split(&events);
                    self.take_in_leave(leave, own, Permits::default());
                    self.take_in_unlogged(hooks);
                }
            }
            Request::Notify(notify) => notify.reply.send(Err(refused.into())),
            Request::Manage(manage) => manage.reply.send(Err(refused.into())),
            Request::Ask(asked) => {
                asked.refuse(refused);
                self.tell_if_vacant();
            }
            Request::Timer(timer) => self.timer_again(timer),
            Request::Due => {}
        }
    }

    pub(super) fn decide_leave(&self, leave: &Leave) -> Proposal {
        let Leave {
            which,
            member,
            reason,
            ..
        } = leave;
        let events: Events = self
            .state
            .decide_leave(member, which, *reason)
            .into_iter()
            .collect();
        let ends = self.state.histories_ended(&events);
        self.with_departures(Proposal {
            events,
            expect: Expect::Nothing,
            ends,
        })
    }

    /// With what the room's hook makes of those who leave, if it has one.
    pub(super) fn with_departures(&self, proposal: Proposal) -> Proposal {
        match self.hook() {
            Some(hook) => self.decide_hooked_departures(&*hook, proposal),
            None => proposal,
        }
    }
}
