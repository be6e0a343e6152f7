//! What a member's own client is told: events, and answers to its own.

use std::{rc::Rc, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    Member,
    outgoing::{Outgoing, OwnFrame},
};
use crate::{
    flow::InboundUnit,
    letter::{Content, Frame},
    message::{Direct, ToCourier},
    notice::cause,
    observing::is_observing,
    ports::Answer,
};

/// Events of one member that its observers are not done with.
const OBSERVED_MAX: usize = 1024;

impl Member {
    /// Says something to this member's own client.
    pub fn emit(self: &Rc<Self>, content: &Content, volatile: bool) {
        match self
            .hub()
            .encodings()
            .encode(self.parts.encoding, self.namespace(), content)
        {
            Ok(frame) => self.own(frame, volatile, Some(content)),
            Err(error) => cause::NO_FRAME.tell(self.peer(), None, format_args!("{error}")),
        }
    }

    /// Sends an answer to the client: at once, unless something is queued that must go before it.
    pub(crate) fn answer(self: &Rc<Self>, id: u64, answer: &Answer) {
        let frame = self
            .parts
            .protocol
            .borrow()
            .ack(self.namespace(), id, answer);
        let frame = frame.charged_to_its_client(self.hub().account());
        let own = OwnFrame {
            frame,
            volatile: false,
            observed: None,
            place: None,
        };
        if self.queue.borrow().waiting.is_empty() {
            self.direct(own, self.unit());
        } else {
            self.enqueue(Outgoing::Own(own));
        }
    }

    /// `event`: what it is, if it is one.
    pub(in crate::session) fn own(
        self: &Rc<Self>,
        frame: Frame,
        volatile: bool,
        event: Option<&Content>,
    ) {
        let event = event.filter(|_| self.is_observed.get() && !is_observing());
        self.enqueue(Outgoing::Own(OwnFrame {
            frame: frame.charged_to_its_client(self.hub().account()),
            volatile,
            observed: event.cloned().map(Box::new),
            place: None,
        }));
    }

    /// From now on the application sees each event that goes to this client, in the order in which they do:
    /// [`Application::observed`](crate::session::Application::observed). What an observer says itself is nobody's to observe. Once
    /// it has so many to do that 1024 are under way, it misses some.
    pub fn observe(&self) {
        if !self.is_observed.replace(true) {
            self.courier().mailbox.send(ToCourier::Observe {
                local_id: self.local_id(),
                places: Arc::new(Semaphore::new(OBSERVED_MAX)),
            });
        }
    }

    pub(super) fn direct(&self, own: OwnFrame, unit: InboundUnit) {
        let OwnFrame {
            frame,
            volatile,
            observed,
            place,
        } = own;
        self.courier().mailbox.send(Direct {
            local_id: self.local_id(),
            frame,
            volatile,
            unit,
            observed,
            place,
        });
    }
}
