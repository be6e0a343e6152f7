//! Events that the client is to answer.

use std::{future::Future, rc::Rc, time::Duration};

use tokio::sync::oneshot;

use super::{Member, MemberError};
use crate::{
    error::{AskShare, NotifyError},
    flow::InboundUnit,
    letter::{Content, Manner},
    message::{AckStream, AskPlace, Asking, SHARED_ACKS, Selection, SharedAck},
    ports::Answer,
};

/// Acks of the client that may be outstanding at once.
const ACKS_MAX: usize = 1024;

impl Member {
    /// Says something to this member's own client and waits for its answer. While waiting, the client's further
    /// messages are read.
    pub fn ask(
        self: &Rc<Self>,
        content: &Content,
    ) -> Result<impl Future<Output = Result<Answer, MemberError>> + use<>, MemberError> {
        if self.has_ended() {
            return Err(MemberError::Ended);
        }
        if self.acks.borrow().len() >= ACKS_MAX {
            return Err(MemberError::TooManyAcks);
        }
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
        };
        self.parts.credit.lend();
        Ok(async move {
            let _waiting = waiting;
            answer.await.map_err(|_| MemberError::Ended)
        })
    }

    /// A place for what this member asks of many, each of whom may answer for `limit` (and at most a day). It is given back when
    /// the member goes, whoever holds the answers.
    ///
    /// # Errors
    /// All places of the member, of its account or address, of all members or of the hub are taken.
    pub fn ask_place(&self, limit: Duration) -> Result<AskPlace, AskShare> {
        let mut asker = self.asker.borrow_mut();
        let asker = asker.get_or_insert_default();
        let account = self.parts.identity.account.as_ref();
        let address = self.parts.credit.account().address();
        self.hub().ask_place_of(asker, account, address, limit)
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
            let _ = done.send(answer);
        }
    }
}

/// While a handler waits for its client, the client's next messages are read.
struct AwaitingAck {
    member: Rc<Member>,
    id: u64,
}

impl Drop for AwaitingAck {
    fn drop(&mut self) {
        self.member.acks.borrow_mut().remove(&self.id);
        self.member.parts.credit.take_back();
    }
}
