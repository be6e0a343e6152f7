//! A member as its session holds it: events on their way in, and the way out.

use std::{
    any::Any, cell::RefCell, collections::VecDeque, panic::AssertUnwindSafe, rc::Rc, sync::Arc,
};

use super::{AckHandle, Application, Event, Member, dispatch::dispatch, pacer::AccountPace};
use crate::{
    error::CloseReason, flow::InboundUnit, letter::Content, lifecycle::Lifecycle,
    message::ToCourier, metrics::Metrics, notice::cause, ports::EventStreams,
};

/// A member, and what its session keeps with it.
pub(super) struct SessionMember {
    pub(super) member: Rc<Member>,
    pub(super) application: Arc<dyn Application>,
    /// Events that wait for the application to have the member in; `None` once it has.
    pub(super) held: HeldEvents,
    pub(super) _guard: MemberGuard,
    pub(super) _pace: Option<AccountPace>,
    /// See [`Admitted::place`](crate::ports::Admitted::place).
    pub(super) place: Option<Box<dyn Any>>,
}

/// Events that came before the application had the member in.
pub(super) type HeldEvents = Rc<RefCell<Option<VecDeque<(Event, InboundUnit)>>>>;

/// Tells everybody that a member is gone, however its session ends.
pub(super) struct MemberGuard {
    pub(super) member: Rc<Member>,
}

impl Drop for MemberGuard {
    fn drop(&mut self) {
        let member = &self.member;
        member.end();
        member.depart();
        let unregister = ToCourier::Unregister(member.local_id());
        member.courier().mailbox.send(unregister);
        let hub = member.hub();
        hub.members()
            .remove(&(member.namespace().clone(), member.id().clone()));
        if let Some(account) = &member.identity().account {
            hub.accounts()
                .leave(member.namespace(), account, member.id());
        }
        Metrics::sub(&hub.metrics().members, 1);
    }
}

impl SessionMember {
    pub(super) fn event(
        &self,
        content: Content,
        ack: Option<u64>,
        streams: EventStreams,
        unit: InboundUnit,
    ) {
        if !self.member.is_heard() {
            return;
        }
        let EventStreams { taken, sent } = streams;
        let ack = ack.map(|id| AckHandle::new(self.member.clone(), id, taken));
        // Opened before the event is heard: items may come while it waits.
        let incoming = sent.into_iter().map(|name| self.member.open_incoming(name));
        let event = Event {
            content,
            ack,
            incoming: incoming.collect(),
        };
        match self.held.borrow_mut().as_mut() {
            Some(held) => held.push_back((event, unit)),
            None => dispatch(&self.application, &self.member, event, unit),
        }
    }

    pub(super) fn leave(self, reason: CloseReason) {
        let Self {
            member,
            application,
            _guard: guard,
            place,
            ..
        } = self;
        member.leaves();
        told(&member, || {
            application.disconnecting(member.clone(), reason)
        });
        // Whoever counts from here on counts without it.
        drop((guard, place));
        told(&member, || application.disconnected(member.clone(), reason));
        member.hub().lifecycle().tell(|| Lifecycle::Disconnected {
            namespace: member.namespace().clone(),
            id: member.id().clone(),
            reason,
        });
    }
}

/// Lets the application know of the end, and goes on where it panics.
fn told(member: &Rc<Member>, tell: impl FnOnce()) {
    if let Err(payload) = std::panic::catch_unwind(AssertUnwindSafe(tell)) {
        std::mem::forget(payload);
        let namespace = member.namespace();
        cause::HANDLER_PANICKED.tell(
            member.peer(),
            None,
            format_args!("a disconnect handler in {namespace} panicked"),
        );
    }
}
