//! What a member's own client is told: events, and answers to its own.

use std::rc::Rc;

use super::{Member, outgoing::Outgoing};
use crate::{
    flow::InboundUnit,
    letter::{Content, Frame},
    message::Direct,
    notice::cause,
    ports::Answer,
};

impl Member {
    /// Says something to this member's own client.
    pub fn emit(self: &Rc<Self>, content: &Content, volatile: bool) {
        match self
            .hub()
            .encodings()
            .encode(self.parts.encoding, self.namespace(), content)
        {
            Ok(frame) => self.own(frame, volatile),
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
        if self.queue.borrow().waiting.is_empty() {
            self.direct(frame, false, self.unit());
        } else {
            self.enqueue(Outgoing::Own(frame, false));
        }
    }

    pub(in crate::session) fn own(self: &Rc<Self>, frame: Frame, volatile: bool) {
        let frame = frame.charged_to_its_client(self.hub().account());
        self.enqueue(Outgoing::Own(frame, volatile));
    }

    pub(super) fn direct(&self, frame: Frame, volatile: bool, unit: InboundUnit) {
        self.courier().mailbox.send(Direct {
            local_id: self.local_id(),
            frame,
            volatile,
            unit,
        });
    }
}
