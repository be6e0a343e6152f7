//! The calls of a hook within one request, and what they come to as events. Nothing of it has happened yet, and nothing does where
//! a call failed: each has begun with what the one before it left.

use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::super::commits::Proposal;
use crate::{
    context::NamespaceContext,
    error::{Fault, JoinError, LeaveReason, NotifyError, RoomAskError, Veto},
    event::{Joined, Left, RoomEvent, Said, ScriptEvent, ScriptState, TimerId},
    guard::Crashes,
    id::MemberId,
    log::Expect,
    notice::cause,
    ports::{HookCall, HookEffect, HookEffects, HookMember, HookRoom, RoomHook},
    state::{audience::LeaveScope, room::RoomState},
};

/// Who speaks where a hook does.
const HOOK: &str = "server";

/// See the module.
pub(super) struct Transaction<'a> {
    room: &'a RoomState,
    hook: &'a dyn RoomHook,
    crashes: &'a Crashes,
    context: &'a NamespaceContext,
    state: Option<ScriptState>,
    timers: BTreeSet<TimerId>,
    last_timer: TimerId,
    came: Option<Joined>,
    gone: BTreeSet<MemberId>,
    /// Those of them of whom the hook has not heard that they left.
    sent_out: VecDeque<HookMember>,
    events: Vec<RoomEvent>,
    is_called: bool,
    is_closed: bool,
}

/// Why a call came to nothing.
pub(super) enum CallError {
    Vetoed(Veto),
    Crashed,
}

macro_rules! call_errors {
    ($($error:ident),+) => {$(
        impl From<CallError> for $error {
            fn from(error: CallError) -> Self {
                match error {
                    CallError::Vetoed(veto) => Self::Vetoed(veto),
                    CallError::Crashed => Self::Internal(Fault::Crashed),
                }
            }
        }
    )+};
}

call_errors!(JoinError, NotifyError, RoomAskError);

impl<'a> Transaction<'a> {
    pub(super) fn new(
        room: &'a RoomState,
        hook: &'a dyn RoomHook,
        crashes: &'a Crashes,
        context: &'a NamespaceContext,
    ) -> Self {
        let script = room.script();
        Self {
            room,
            hook,
            crashes,
            context,
            state: script.state().cloned(),
            timers: script.timers(),
            last_timer: script.last_timer(),
            came: None,
            gone: BTreeSet::new(),
            sent_out: VecDeque::new(),
            events: Vec::new(),
            is_called: false,
            is_closed: false,
        }
    }

    /// Somebody is in the room by this request.
    pub(super) fn came(&mut self, joined: Joined) {
        self.came = Some(joined);
    }

    /// The hook hears of all who are gone by this request.
    pub(super) fn left_by(&mut self, events: &[RoomEvent]) {
        for event in events {
            let RoomEvent::Left(left) = event else {
                continue;
            };
            let membership = self.room.roster().get(&left.member);
            let is_last = |tag| left.tags.binary_search(tag).is_ok();
            let Some(membership) = membership.filter(|own| own.tags.iter().all(is_last)) else {
                continue;
            };
            let member = HookMember {
                id: left.member.clone(),
                account: membership.account.clone(),
                user: membership.user.clone(),
            };
            self.gone.insert(left.member.clone());
            let _ = self.call(HookCall::Left(&member, left.reason));
        }
    }

    /// A timer is no more, whatever its call comes to.
    pub(super) fn timer_ended(&mut self, timer: TimerId) {
        self.timers.remove(&timer);
        self.events
            .push(RoomEvent::Script(ScriptEvent::TimerEnded(timer)));
    }

    /// One call, and those that follow from whom it sends out.
    pub(super) fn call(&mut self, call: HookCall<'_>) -> Result<(), CallError> {
        let called = self.one_call(call);
        while let Some(member) = self.sent_out.pop_front() {
            let _ = self.one_call(HookCall::Left(&member, LeaveReason::Kick));
        }
        called
    }

    fn one_call(&mut self, call: HookCall<'_>) -> Result<(), CallError> {
        if self.is_closed {
            return Ok(());
        }
        let room = HookRoom {
            key: self.room.key(),
            roster: self.room.roster(),
            came: self.came.as_ref().map(HookMember::from),
            gone: &self.gone,
            now: self.context.clock.now(),
            ids: &*self.context.ids,
            effects: HookEffects::new(self.timers.clone(), self.last_timer).into(),
        };
        let (hook, state) = (self.hook, self.state.as_ref());
        let called = catch_unwind(AssertUnwindSafe(|| hook.call(state, &room, call)));
        let effects = room.effects.into_inner();
        let state = match called {
            Ok(Ok(state)) => state,
            Ok(Err(veto)) => return Err(CallError::Vetoed(veto)),
            Err(payload) => {
                self.crashes.count_hook(&*payload);
                std::mem::forget(payload);
                self.tell(&cause::SCRIPT_PANICKED, "panicked");
                return Err(CallError::Crashed);
            }
        };
        if effects.over {
            self.tell(&cause::SCRIPT_OVERRUN, "asked for more than a call may");
            return Err(CallError::Crashed);
        }
        self.state = Some(state);
        self.is_called = true;
        (self.timers, self.last_timer) = (effects.timers, effects.last_timer);
        for effect in effects.list {
            self.take(effect);
        }
        Ok(())
    }

    fn take(&mut self, effect: HookEffect) {
        if self.is_closed {
            return;
        }
        let event = match effect {
            // To nobody.
            HookEffect::Emit(_) if self.members() == 0 => return,
            HookEffect::Emit(content) => RoomEvent::Said(Arc::new(Said {
                from: MemberId::new(HOOK),
                tag: None,
                echo: true,
                for_later: self.room.is_for_later(&None),
                content,
            })),
            HookEffect::Tell(member, content) => {
                RoomEvent::Script(ScriptEvent::Told(member, content))
            }
            HookEffect::Transfer(member, to) => {
                RoomEvent::Script(ScriptEvent::Transferred(member, to))
            }
            HookEffect::SetTimer(id, after, message) => {
                RoomEvent::Script(ScriptEvent::TimerSet { id, after, message })
            }
            HookEffect::Cancel(timer) => RoomEvent::Script(ScriptEvent::TimerEnded(timer)),
            HookEffect::Kick(member) => {
                let Some((event, member)) = self.leaves(&member) else {
                    return;
                };
                self.sent_out.push_back(member);
                event
            }
            HookEffect::Close => {
                let members = self.room.roster().in_order(&None);
                let mut members: Vec<_> = members.map(|(id, _)| id.clone()).collect();
                members.extend(self.came.as_ref().map(|joined| joined.member.clone()));
                for member in members {
                    let left = self.leaves(&member);
                    self.events.extend(left.map(|(event, _)| event));
                }
                self.is_closed = true;
                self.sent_out.clear();
                return;
            }
        };
        self.events.push(event);
    }

    /// A member is sent out, if it is there.
    fn leaves(&mut self, member: &MemberId) -> Option<(RoomEvent, HookMember)> {
        if self.gone.contains(member) {
            return None;
        }
        let reason = LeaveReason::Kick;
        let left = match (&self.came, self.room.roster().get(member)) {
            (Some(joined), None) if joined.member == *member => {
                let left = Left {
                    member: member.clone(),
                    tags: vec![joined.tag.clone()],
                    reason,
                    uninvited: Vec::new(),
                };
                (RoomEvent::Left(left), joined.into())
            }
            (_, Some(membership)) => {
                let left = self.room.decide_leave(member, &LeaveScope::All, reason)?;
                let member = HookMember {
                    id: member.clone(),
                    account: membership.account.clone(),
                    user: membership.user.clone(),
                };
                (left, member)
            }
            (_, None) => return None,
        };
        self.gone.insert(member.clone());
        Some(left)
    }

    fn members(&self) -> usize {
        let roster = self.room.roster();
        let came = self.came.as_ref().map(|joined| &joined.member);
        let there = |member: &&MemberId| roster.get(member).is_some() || came == Some(*member);
        let gone = self.gone.iter().filter(there).count();
        roster.len() + usize::from(came.is_some()) - gone
    }

    fn tell(&self, cause: &crate::notice::Cause, what: &str) {
        cause.tell(
            None,
            None,
            format_args!(
                "the script of the room \"{}\" of {} {what}: the call has come to nothing",
                self.room.key().name.escape_debug(),
                self.context.namespace
            ),
        );
    }

    /// The request's own events, and behind them the hook's, if it came to any: these hold only in the room as it is.
    pub(super) fn proposal(self, mut proposal: Proposal) -> Proposal {
        let mut events = self.events;
        let first = match (self.is_closed, self.state) {
            (true, _) => {
                let is_timer = |event: &RoomEvent| {
                    matches!(
                        event,
                        RoomEvent::Script(
                            ScriptEvent::TimerSet { .. } | ScriptEvent::TimerEnded(_)
                        )
                    )
                };
                events.retain(|event| !is_timer(event));
                Some(ScriptEvent::Closed)
            }
            (false, Some(state)) if self.is_called => Some(ScriptEvent::State(state)),
            (false, _) => None,
        };
        let first = first.map(RoomEvent::Script);
        if first.is_some() || !events.is_empty() {
            proposal.expect = Expect::Exactly(self.room.standing().revision);
        }
        proposal.events.extend(first.into_iter().chain(events));
        proposal.ends = self.room.histories_ended(&proposal.events);
        proposal
    }
}
