//! What a hook came to is taken in, behind the request that it was called for, and told in the room's order.

use tokio::time::Instant;

use super::super::{Room, requests::Request};
use crate::{
    event::{RoomEvent, ScriptEvent},
    letter::{Content, Draft},
    log::Standing,
    message::{MemberRequest, MemberTask, Permits, ToCourier},
    state::local_room::{Announcement, Recipients},
};

/// What a hook sent without leave of the couriers: the room's next request needs it beside its own.
#[derive(Clone, Copy, Default)]
pub(in crate::room) struct Owed {
    /// Letters to all.
    pub(in crate::room) letters: usize,
    /// Letters to one member.
    pub(in crate::room) single: usize,
    pub(in crate::room) bytes: usize,
}

/// What was asked for, and what the room's hook came to.
pub(in crate::room) fn split(events: &[RoomEvent]) -> (&[RoomEvent], &[RoomEvent]) {
    let is_hooks = |event: &RoomEvent| matches!(event, RoomEvent::Script(_));
    let at = events.iter().position(is_hooks);
    events.split_at(at.unwrap_or(events.len()))
}

impl Room {
    /// Takes in a request, and behind it what the hook came to.
    #[cold]
    pub(in crate::room) fn take_in_hooked(
        &mut self,
        mut request: Option<Request>,
        (own, hooks): (&[RoomEvent], &[RoomEvent]),
        mut permits: Permits,
    ) {
        let standing = self.state.standing();
        self.state.reach(before(standing, said(hooks)));
        self.taking_in(true);
        let is_unasked = request.is_none();
        if let Some(Request::Notify(notify)) = &mut request
            && let Some(RoomEvent::Said(said)) = own.first()
            && said.content != notify.draft.content
        {
            let encodings = &self.links.context.encodings;
            notify.draft = notify.draft.changed(said.content.clone(), encodings);
        }
        match request {
            Some(request @ (Request::Ask(_) | Request::Timer(_))) => {
                self.take_in_hook(hooks, permits);
                self.take_in_own(Some(request), own, Permits::default());
            }
            request => {
                self.take_in_own(request, own, std::mem::take(&mut permits));
                self.take_in_hook(hooks, Permits::default());
            }
        }
        self.taking_in(false);
        for event in own.iter().filter(|_| is_unasked) {
            if let RoomEvent::Joined(joined) = event {
                self.send_away_if_unasked(&joined.member);
            }
        }
        self.tell_if_vacant();
    }

    /// As [`Room::take_in_hooked`], where nothing of it is in the log.
    pub(in crate::room) fn take_in_unlogged(&mut self, hooks: &[RoomEvent]) {
        for event in hooks {
            match event {
                RoomEvent::Said(said) => self.tell(everybody(), said.content.clone()),
                _ => self.take_in_of_hook(event),
            }
        }
        self.arm_timers();
        self.tell_if_vacant();
    }

    pub(super) fn taking_in(&self, is_taking_in: bool) {
        if let Some(hooked) = &self.hooked {
            hooked.is_taking_in.set(is_taking_in);
        }
    }

    fn take_in_hook(&mut self, hooks: &[RoomEvent], mut permits: Permits) {
        let mut left = said(hooks);
        let standing = self.state.standing();
        let end = after(standing, left);
        let mut owed = Owed::default();
        for event in hooks {
            match event {
                RoomEvent::Said(said) => {
                    left -= 1;
                    owed.letters += 1;
                    owed.bytes += said.content.len();
                    self.state.reach(before(end, left));
                    // With the last of them.
                    let permits = match left {
                        0 => std::mem::take(&mut permits),
                        _ => Permits::default(),
                    };
                    self.post(said, None, None, permits);
                }
                RoomEvent::Script(ScriptEvent::Told(_, content)) => {
                    owed.single += 1;
                    owed.bytes += content.len();
                    self.take_in_of_hook(event);
                }
                _ => self.take_in_of_hook(event),
            }
        }
        self.links.owed = owed;
        self.arm_timers();
    }

    fn take_in_of_hook(&mut self, event: &RoomEvent) {
        if let RoomEvent::Left(_) = event {
            let (_, effects) = self.left(event, &Announcement::LeaveEvent);
            return self.carry_out(effects, Permits::default());
        }
        self.state.apply(event);
        let RoomEvent::Script(event) = event else {
            return;
        };
        match event {
            ScriptEvent::State(_) => {}
            ScriptEvent::Closed => self.timers.clear(),
            ScriptEvent::TimerSet { id, after, .. } => {
                if self.state.script().message(*id).is_some() {
                    self.timers.set(*id, Instant::now() + *after);
                }
            }
            ScriptEvent::TimerEnded(id) => self.timers.end(*id),
            ScriptEvent::Told(member, content) => {
                if let Some(place) = self.local.place(member) {
                    self.tell(Recipients::One(place), content.clone());
                }
            }
            ScriptEvent::Transferred(member, to) => {
                let place = self.local.place(member);
                let courier = place.and_then(|place| self.links.couriers.get(&place.worker));
                if let (Some(place), Some(courier)) = (place, courier) {
                    let task = MemberTask::Transfer {
                        from: self.state.key().clone(),
                        to: to.clone(),
                    };
                    let request = Box::new(MemberRequest {
                        local_id: place.local_id,
                        task,
                    });
                    let word = ToCourier::ForMember(request);
                    self.links.gateway.send(courier, word);
                }
            }
        }
    }

    /// Tells something that is in no log.
    fn tell(&self, to: Recipients, content: Content) {
        let draft = Draft::new(content, &self.links.context.encodings);
        self.deliver(&to, (draft, None), None, |_| None);
    }
}

/// Everybody in the room.
fn everybody() -> Recipients {
    Recipients::Matching {
        tag: None,
        except: None,
        of_presence: false,
    }
}

fn said(events: &[RoomEvent]) -> u64 {
    let said = |event: &&RoomEvent| matches!(event, RoomEvent::Said(_));
    events.iter().filter(said).count() as u64
}

/// Where the log stood so many letters of a batch before its end.
fn before(mut standing: Standing, letters: u64) -> Standing {
    standing.position.cursor -= letters;
    standing.position.offset -= letters;
    standing
}

fn after(mut standing: Standing, letters: u64) -> Standing {
    standing.position.cursor += letters;
    standing.position.offset += letters;
    standing
}
