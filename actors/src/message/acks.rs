//! A letter to many, each of whom may answer it for a time: its way out, the answers' way back, and what whoever asks holds.

use std::{
    fmt::Debug,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{Deliver, NotifyAnswer, Selected};
use crate::{
    account::{UntakenAnswer, UntakenAnswers},
    error::{Fault, NotifyError},
    flow::{HubWord, InboundLoan, InboundUnit},
    id::{LocalId, MemberId},
    letter::Draft,
    mailbox::Reply,
    ports::Answer,
};

/// The numbers of letters that many may answer begin here; those of events to one client end. Some stock clients read no
/// number beyond 31 bits.
pub(crate) const SHARED_ACKS: u64 = 1 << 30;

/// Who received a letter and did not answer.
type Silent = Result<Vec<MemberId>, Fault>;

/// From anywhere to a namespace: a letter to selected members, each once.
pub struct SelectedLetter {
    /// Who says it.
    pub(crate) from: MemberId,
    /// To whom.
    pub(crate) selected: Selected,
    /// What is said.
    pub(crate) draft: Draft,
    /// Takes the answer of who says it.
    pub(crate) reply: Reply<Result<NotifyAnswer, NotifyError>>,
    /// They may answer.
    pub(crate) asking: Option<Asking>,
    /// Nobody's letter but the hub's has one: given back when it is handed on.
    pub(crate) word: Option<HubWord>,
}

/// A place for what is asked of many at once, in one letter or several. It is given back when the last of them has its answers,
/// or nobody waits for them, or their time is over, or whoever asks has gone. Answers that have come by then wait without it.
#[derive(Clone, Debug)]
pub struct AskPlace {
    limit: Duration,
    asker: Option<watch::Receiver<()>>,
    untaken: Arc<UntakenAnswers>,
    _taken: Arc<dyn Debug + Send + Sync>,
    _loan: Option<Arc<InboundLoan>>,
}

impl AskPlace {
    /// For answers that come within `limit`, while the asker's sender is there, if there is one. They wait for it in `untaken`.
    pub(crate) fn new(
        limit: Duration,
        asker: Option<watch::Receiver<()>>,
        untaken: Arc<UntakenAnswers>,
        taken: Arc<dyn Debug + Send + Sync>,
    ) -> Self {
        Self {
            limit,
            asker,
            untaken,
            _taken: taken,
            _loan: None,
        }
    }

    /// As long as it is held, the client of the member that asks is read: its own answer may be one that is waited for.
    pub(crate) fn lending(self, loan: InboundLoan) -> Self {
        Self {
            _loan: Some(Arc::new(loan)),
            ..self
        }
    }

    /// Where answers wait for whoever asks.
    pub(crate) fn untaken(&self) -> &Arc<UntakenAnswers> {
        &self.untaken
    }

    /// How long each may answer.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Comes when the member that asks has gone; never where the hub itself asks.
    pub(crate) fn asker_gone(&self) -> impl Future<Output = ()> + use<> {
        let asker = self.asker.clone();
        async move {
            match asker {
                // Nothing is ever said on it: it ends.
                Some(mut asker) => drop(asker.changed().await),
                None => std::future::pending().await,
            }
        }
    }
}

/// How the answers of those who received a letter come to whoever asks.
pub struct Asking {
    /// Takes the answers.
    pub(crate) answers: mpsc::UnboundedSender<MemberAnswer>,
    /// Takes the end: who did not answer.
    pub(crate) silent: Reply<Silent>,
    /// Held until then: so many are under way at once. It knows how long they may answer.
    pub(crate) place: AskPlace,
}

impl Asking {
    #[allow(
        clippy::disallowed_methods,
        reason = "what waits is bounded by the share of whoever asks"
    )]
    pub(crate) fn new(place: AskPlace) -> (Self, AckStream) {
        let (answers, heard) = mpsc::unbounded_channel();
        let (silent, end) = Reply::new();
        let asking = Self {
            answers,
            silent,
            place,
        };
        let stream = AckStream {
            answers: heard,
            end,
            silent: None,
        };
        (asking, stream)
    }

    /// Nobody receives the letter.
    pub(crate) fn nobody(self) {
        self.silent.send(Ok(Vec::new()));
    }

    /// The same for one courier, and where it tells of the end.
    pub(crate) fn letter(&self, deliver: Deliver) -> (AskedLetter, oneshot::Receiver<Silent>) {
        let (silent, end) = Reply::new();
        let asked = AskedLetter {
            deliver,
            place: self.place.clone(),
            answers: self.answers.clone(),
            silent,
        };
        (asked, end)
    }
}

/// From a namespace to a courier: a letter whose receivers may answer.
pub struct AskedLetter {
    /// The letter.
    pub(crate) deliver: Deliver,
    /// See [`Asking`].
    pub(crate) place: AskPlace,
    /// Takes the answers.
    pub(crate) answers: mpsc::UnboundedSender<MemberAnswer>,
    /// Takes the end: who of those who received it here did not answer.
    pub(crate) silent: Reply<Silent>,
}

/// From a session to its courier: a client says that it answers a letter to many.
pub struct SharedAck {
    /// The member's place.
    pub(crate) local_id: LocalId,
    /// The number of the letter, if it is one.
    pub(crate) ack: u64,
    /// The answer.
    pub(crate) answer: Answer,
    /// Held until it waits for whoever asks.
    pub(crate) unit: InboundUnit,
}

/// From a courier to whoever asks.
#[derive(Debug)]
pub struct MemberAnswer {
    pub(crate) member: MemberId,
    pub(crate) answer: Answer,
    /// Held until it is taken.
    pub(crate) _untaken: UntakenAnswer,
}

/// The answers to a letter to many, as they come. Those that are not taken are on the account of whoever asks, and where they hold as
/// much as they may, more are not heard; dropped, it hears no more.
#[derive(Debug)]
pub struct AckStream {
    answers: mpsc::UnboundedReceiver<MemberAnswer>,
    end: oneshot::Receiver<Silent>,
    silent: Option<Silent>,
}

impl AckStream {
    /// The next answer, each member's once. `None`: everybody has answered, the time is over, or the workers that are waited for
    /// do nothing.
    pub async fn next(&mut self) -> Option<(MemberId, Answer)> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// As [`AckStream::next`].
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(MemberId, Answer)>> {
        let heard = |MemberAnswer { member, answer, .. }| (member, answer);
        if self.silent.is_none() {
            if let Poll::Ready(answer) = self.answers.poll_recv(cx) {
                return Poll::Ready(answer.map(heard));
            }
            match Pin::new(&mut self.end).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(end) => self.silent = Some(end.unwrap_or(Err(Fault::Gone))),
            }
        }
        // Every answer was here before the end was told.
        Poll::Ready(self.answers.try_recv().ok().map(heard))
    }

    /// Waits for the end, without the answers that are still to come: who received the letter and did not answer, or answered and was
    /// not heard.
    ///
    /// # Errors
    /// A worker crashed on the letter, or does nothing; or the namespace is gone. Some of its members may have answered.
    pub async fn silent(mut self) -> Result<Vec<MemberId>, Fault> {
        while self.next().await.is_some() {}
        match self.silent {
            Some(silent) => silent,
            None => self.end.await.unwrap_or(Err(Fault::Gone)),
        }
    }
}
