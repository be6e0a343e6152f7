//! Letters that the members who received them may answer: who of them has not yet, and the way of the answers. Each letter has one
//! task, which waits for whoever asks; the courier waits for nobody.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use tokio::{sync::mpsc, time::sleep};

use super::{Courier, LocalMember};
use crate::{
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
    /// Has a place for an answer of each of them.
    answered: mpsc::Sender<MemberAnswer>,
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
        let (answered, arrivals) = mpsc::channel(members.len());
        asked.begin(ack, Awaited { members, answered });
        actix_rt::spawn(async move {
            let members = asked.forward(ack, &place, arrivals, answers).await;
            drop(place);
            silent.send(Ok(members));
        });
    }
}

impl AskedLetters {
    fn begin(&self, ack: u64, awaited: Awaited) {
        self.0.borrow_mut().insert(ack, awaited);
    }

    /// A client says that it answers. It is heard once, if it was asked.
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
        let answer = MemberAnswer {
            member,
            answer,
            _unit: unit,
        };
        // There is a place for each.
        let _ = awaited.answered.try_send(answer);
        if awaited.members.is_empty() {
            letters.remove(&ack);
        }
    }

    /// Hands answers on until all have come, the time is over, nobody listens, or whoever asks has gone; then those that came by then. Who is silent.
    async fn forward(
        &self,
        ack: u64,
        place: &AskPlace,
        mut arrivals: mpsc::Receiver<MemberAnswer>,
        answers: mpsc::Sender<MemberAnswer>,
    ) -> Vec<MemberId> {
        let forwarding = async {
            while let Some(answer) = arrivals.recv().await {
                if answers.send(answer).await.is_err() {
                    break;
                }
            }
        };
        tokio::pin!(forwarding);
        let is_done = tokio::select! {
            biased;
            () = answers.closed() => true,
            () = place.asker_gone() => true,
            () = &mut forwarding => true,
            () = sleep(place.limit()) => false,
        };
        // Whoever answers from here on is not heard, and no more arrivals come.
        let silent = self.0.borrow_mut().remove(&ack);
        let silent = silent.map(|awaited| awaited.members.into_values().collect());
        if !is_done {
            forwarding.await;
        }
        silent.unwrap_or_default()
    }
}
