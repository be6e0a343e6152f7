//! Letters that the members who received them may answer: who of them has not yet, and the way of the answers, which go straight to
//! whoever asks and wait there on his account. Each letter has one task, which waits for its end; the courier waits for nobody.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{Courier, LocalMember};
use crate::{
    account::UntakenAnswers,
    guard::GuardedContext,
    id::{LocalId, MemberId},
    message::{AskPlace, AskedLetter, MemberAnswer, SharedAck},
};

/// By the number of the letter.
#[derive(Default)]
pub(super) struct AskedLetters(RefCell<BTreeMap<u64, Awaited>>);

/// Those who may still answer.
struct Awaited {
    members: HashMap<LocalId, MemberId>,
    answers: mpsc::UnboundedSender<MemberAnswer>,
    untaken: Arc<UntakenAnswers>,
    /// Whose answers had no room.
    unheard: Vec<MemberId>,
    /// Takes these when all have answered.
    all: oneshot::Sender<Vec<MemberId>>,
}

impl Courier {
    pub(super) fn hear_asked(&mut self, asked: AskedLetter, ctx: &mut GuardedContext<Self>) {
        let AskedLetter {
            deliver,
            place,
            answers,
            silent,
        } = asked;
        let ack = deliver.letter.ack();
        let mut received: Vec<Rc<LocalMember>> = Vec::new();
        let delivered = self.hear_letter(deliver, Some(&mut received), ctx);
        let members = received.iter().filter_map(|served| {
            let member = served.member.clone()?;
            Some((served.local_id, member))
        });
        let members: HashMap<_, _> = members.collect();
        let Some(ack) = ack.filter(|_| delivered.is_ok() && !members.is_empty()) else {
            return silent.send(delivered.map(|_| Vec::new()));
        };
        let asked = self.asked.clone();
        let (all, all_answered) = oneshot::channel();
        let awaited = Awaited {
            members,
            answers: answers.clone(),
            untaken: place.untaken().clone(),
            unheard: Vec::new(),
            all,
        };
        asked.0.borrow_mut().insert(ack, awaited);
        actix_rt::spawn(async move {
            let members = asked.end_of(ack, place, all_answered, answers).await;
            silent.send(Ok(members));
        });
    }
}

impl AskedLetters {
    /// A client says that it answers. It is heard once, if it was asked. From here on it is read whatever becomes of the answer.
    pub(super) fn answered(&self, shared: SharedAck) {
        let SharedAck {
            local_id,
            ack,
            answer,
            unit,
        } = shared;
        let mut letters = self.0.borrow_mut();
        let Some(awaited) = letters.get_mut(&ack) else {
            return;
        };
        let Some(member) = awaited.members.remove(&local_id) else {
            return;
        };
        match awaited.untaken.keep(answer.len()) {
            Some(untaken) => drop(awaited.answers.send(MemberAnswer {
                member,
                answer,
                _untaken: untaken,
            })),
            None => awaited.unheard.push(member),
        }
        drop(unit);
        if awaited.members.is_empty()
            && let Some(awaited) = letters.remove(&ack)
        {
            let _ = awaited.all.send(awaited.unheard);
        }
    }

    /// Waits until all have answered, the time is over, nobody listens, or whoever asks has gone; then gives the place back. Who is
    /// silent, or was not heard. Nobody takes anything from here: a slow asker holds no place.
    async fn end_of(
        &self,
        ack: u64,
        place: AskPlace,
        all_answered: oneshot::Receiver<Vec<MemberId>>,
        answers: mpsc::UnboundedSender<MemberAnswer>,
    ) -> Vec<MemberId> {
        tokio::select! {
            biased;
            unheard = all_answered => return unheard.unwrap_or_default(),
            () = answers.closed() => {}
            () = place.asker_gone() => {}
            () = sleep(place.limit()) => {}
        }
        // Whoever answers from here on is not heard, and no more answers come.
        match self.0.borrow_mut().remove(&ack) {
            Some(awaited) => {
                let silent = awaited.members.into_values();
                silent.chain(awaited.unheard).collect()
            }
            None => Vec::new(),
        }
    }
}
