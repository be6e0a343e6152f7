//! What a room decides with its hook: the calls that a request leads to, and the request's own events with what they come to.

use super::{
    super::{Room, commits::Proposal},
    Asked,
    transaction::Transaction,
};
use crate::{
    error::{JoinError, NotifyError, RoomAskError},
    event::{Joined, TimerId},
    log::{Events, Expect},
    message::{Join, Notify, PlacedJoin},
    ports::{HookCall, HookMember, HookedJoin, RoomHook},
    state::room::RoomOptions,
};

impl Room {
    /// Who is in already is not asked about: another address of its is none of the hook's.
    pub(in crate::room) fn decide_hooked_join(
        &self,
        hook: &dyn RoomHook,
        placed: &PlacedJoin,
    ) -> Result<Proposal, JoinError> {
        let Join {
            joined, options, ..
        } = &*placed.join;
        if self.state.roster().get(&joined.member).is_some() {
            return self.decide_plain_join(joined, options);
        }
        let mut calls = self.calls(hook);
        let mut asked = HookedJoin {
            member: joined.into(),
            capacity: options.capacity,
        };
        calls.call(HookCall::Joining(&mut asked))?;
        let joined = Joined {
            user: asked.member.user,
            ..joined.clone()
        };
        let options = RoomOptions {
            capacity: asked.capacity,
            ..options.clone()
        };
        let proposal = self.decide_plain_join(&joined, &options)?;
        let member = HookMember::from(&joined);
        calls.came(joined);
        // It is in, whatever the hook makes of that.
        let _ = calls.call(HookCall::Joined(&member));
        Ok(calls.proposal(proposal))
    }

    /// With what the hook makes of each who is gone altogether.
    pub(in crate::room) fn decide_hooked_departures(
        &self,
        hook: &dyn RoomHook,
        proposal: Proposal,
    ) -> Proposal {
        let mut calls = self.calls(hook);
        calls.left_by(&proposal.events);
        calls.proposal(proposal)
    }

    pub(in crate::room) fn decide_hooked_notify(
        &self,
        hook: &dyn RoomHook,
        notify: &Notify,
    ) -> Result<Proposal, NotifyError> {
        let mut calls = self.calls(hook);
        let mut content = notify.draft.content.clone();
        calls.call(HookCall::Notifying(&notify.member, &mut content))?;
        let proposal = self.decide_plain_notify(notify, content);
        Ok(calls.proposal(proposal))
    }

    pub(in crate::room) fn decide_ask(&self, asked: &mut Asked) -> Result<Proposal, RoomAskError> {
        let Some(hooked) = &self.hooked else {
            return Err(RoomAskError::NoHook);
        };
        // Its end is on its way to the namespace: who asks a moment later is told the same.
        if self.state.roster().is_empty() && self.links.under_way.is_empty() && !self.keeps(hooked)
        {
            return Err(RoomAskError::NoRoom);
        }
        let mut calls = self.calls(&*hooked.hook);
        asked.answer.clear();
        calls.call(HookCall::Message(&asked.ask.message, &mut asked.answer))?;
        Ok(calls.proposal(Proposal::nothing()))
    }

    /// It is over, whatever the hook makes of it.
    pub(in crate::room) fn decide_timer(&self, timer: TimerId) -> Proposal {
        let message = self.state.script().message(timer);
        let (Some(message), Some(hooked)) = (message, &self.hooked) else {
            return Proposal::nothing();
        };
        let mut calls = self.calls(&*hooked.hook);
        calls.timer_ended(timer);
        let _ = calls.call(HookCall::Due(message));
        calls.proposal(Proposal::nothing())
    }

    fn calls<'a>(&'a self, hook: &'a dyn RoomHook) -> Transaction<'a> {
        Transaction::new(&self.state, hook, &self.crashes, &self.links.context)
    }
}

impl Proposal {
    /// Nothing is to happen.
    fn nothing() -> Self {
        Self {
            events: Events::new(),
            expect: Expect::Nothing,
            ends: Vec::new(),
        }
    }
}
