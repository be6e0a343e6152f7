//! Events that the client is to answer.

use std::{future::Future, rc::Rc, time::Duration};

use tokio::sync::oneshot;

use super::{Member, MemberError};
use crate::{
    account::Held,
    error::{AskShare, NotifyError},
    flow::{InboundLoan, InboundUnit},
    hub::Asker,
    letter::{Content, Manner},
    message::{AckStream, AskPlace, Asking, SHARED_ACKS, Selection, SharedAck},
    ports::Answer,
};

/// Acks of the client that may be outstanding at once.
const ACKS_MAX: usize = 1024;

impl Member {
    /// Says something to this member's own client and waits for its answer. While waiting, the client's further
    /// messages are read.
    ///
    /// # Errors
    /// It has ended, its client owes too many answers, or too much of what was said waits.
    pub fn ask(
        self: &Rc<Self>,
        content: &Content,
    ) -> Result<impl Future<Output = Result<Answer, MemberError>> + use<>, MemberError> {
        if !self.is_heard() {
            return Err(MemberError::Ended);
        }
        if self.acks.borrow().len() >= ACKS_MAX {
            return Err(MemberError::TooManyAcks);
        }
        // What is asked stays in the queue whether the answer is waited for or not.
        self.has_room().map_err(|_| MemberError::Full)?;
        let id = self
            .next_ack
            .replace((self.next_ack.get() + 1) % SHARED_ACKS);
        let (done, answer) = oneshot::channel();
        self.acks.borrow_mut().insert(id, done);
        let frame = self
            .parts
            .protocol
            .borrow()
            .event(self.namespace(), content, Some(id));
        self.own(frame, false, Some(content));
        let waiting = AwaitingAck {
            member: self.clone(),
            id,
            _loan: self.parts.credit.lend(),
        };
        Ok(async move {
            let _waiting = waiting;
            let answered = answer.await.map_err(|_| MemberError::Ended);
            answered.map(|(answer, _charge)| answer)
        })
    }

    /// A place for what this member asks of many, each of whom may answer for `limit` (and at most a day). It is given back when
    /// the member goes, whoever holds the answers. As long as it is held, the member's client is read.
    ///
    /// # Errors
    /// All places of the member, of its account or address, of all members or of the hub are taken.
    pub fn ask_place(&self, limit: Duration) -> Result<AskPlace, AskShare> {
        let mut asker = self.asker.borrow_mut();
        let session = self.parts.credit.account();
        let asker = asker.get_or_insert_with(|| Box::new(Asker::new(session.clone())));
        let account = self.parts.identity.account.as_ref();
        let place = self
            .hub()
            .ask_place_of(asker, account, session.address(), limit)?;
        Ok(place.lending(self.parts.credit.lend()))
    }

    /// As [`Member::broadcast_selected`] to members each of whom may answer as long as the place says. Of the
    /// manner it counts alone whether it may be compressed.
    pub fn ask_members(
        self: &Rc<Self>,
        selection: Selection,
        content: Content,
        place: AskPlace,
        manner: Manner,
    ) -> impl Future<Output = Result<AckStream, NotifyError>> + 'static {
        let asked = self.prepared(self.hub().asking_draft(content, manner));
        let asked = asked.map(|draft| {
            let (asking, stream) = Asking::new(place);
            let queued = self.queue_selected(selection, draft, Some(asking));
            (queued, stream)
        });
        let this = self.clone();
        async move {
            let (queued, stream) = asked?;
            this.settled(Ok(queued)).await?;
            Ok(stream)
        }
    }

    /// The client answered an event of ours. Answers nobody waits for are dropped.
    pub(in crate::session) fn answered(&self, id: u64, answer: Answer, unit: InboundUnit) {
        if id >= SHARED_ACKS {
            let local_id = self.local_id();
            // Its courier knows who was asked.
            return self.courier().mailbox.send(SharedAck {
                local_id,
                ack: id,
                answer,
                unit,
            });
        }
        if let Some(done) = self.acks.borrow_mut().remove(&id) {
            // Of many that are asked for one may wait long to be taken: its client is read on, and pays for it.
            let charge = self
                .parts
                .credit
                .account()
                .charge(Held::Inbound, answer.len());
            let _ = done.send((answer, charge));
        }
    }
}

/// While a handler waits for its client, the client's next messages are read.
struct AwaitingAck {
    member: Rc<Member>,
    id: u64,
    _loan: InboundLoan,
}

impl Drop for AwaitingAck {
    fn drop(&mut self) {
        self.member.acks.borrow_mut().remove(&self.id);
    }
}
