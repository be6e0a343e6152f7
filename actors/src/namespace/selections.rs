//! What somebody asks of selected members, from anywhere: handed to their couriers in one order with the broadcasts, and what
//! those answer put together. A task of its own waits for them, as long as they do anything at all.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::Namespace;
use crate::{
    error::{AskError, Fault},
    mailbox::Reply,
    message::{
        ChangeCount, CourierRef, CourierSelect, MemberPage, Select, Selected, SelectionRequest,
    },
};

/// Where the answers of couriers arrive.
pub(super) type CourierAnswers<T> = Vec<(CourierRef, oneshot::Receiver<T>)>;

impl Namespace {
    pub(super) fn select(&mut self, select: Select) {
        let Select {
            selected,
            request,
            slot,
        } = select;
        if self.crashes.quarantined() {
            return request.refuse(Fault::Quarantined);
        }
        let selected = Arc::new(selected);
        match request {
            SelectionRequest::Count(reply) => {
                let counts = self.ask_couriers(&selected, SelectionRequest::Count);
                let sum = |counts: Vec<usize>| Ok(counts.into_iter().sum());
                self.answer_later((counts, Duration::ZERO), sum, reply, slot);
            }
            SelectionRequest::List {
                after,
                limit,
                reply,
            } => {
                let list = |reply| SelectionRequest::List {
                    after,
                    limit,
                    reply,
                };
                let pages = self.ask_couriers(&selected, list);
                let merge = move |pages| Ok(MemberPage::merge(pages, limit));
                self.answer_later((pages, Duration::ZERO), merge, reply, slot);
            }
            SelectionRequest::Change(change, reply) => {
                let change = |reply| SelectionRequest::Change(change.clone(), reply);
                let counts = self.ask_couriers(&selected, change);
                let sum = |counts| Ok(ChangeCount::sum(counts));
                self.answer_later((counts, Duration::ZERO), sum, reply, slot);
            }
            SelectionRequest::Ask {
                content,
                limit,
                observing,
                word,
                mut reply,
            } => {
                let ask = |reply| SelectionRequest::Ask {
                    content: content.clone(),
                    limit,
                    word: word.clone(),
                    observing,
                    reply,
                };
                let answers = self.ask_couriers(&selected, ask);
                let patience = self.context.settings.courier_patience;
                actix_rt::spawn(async move {
                    let answers = tokio::select! {
                        biased;
                        () = reply.unwanted() => return,
                        answers = gathered(answers, limit, patience) => answers,
                    };
                    drop(slot);
                    let only = |answers: Vec<_>| answers.into_iter().next().ok_or(AskError::Ended);
                    reply.send(answers.and_then(only));
                });
            }
        }
    }

    /// One word for each courier that may serve some of them.
    fn ask_couriers<T: Send + 'static>(
        &mut self,
        selected: &Arc<Selected>,
        request: impl Fn(Reply<T>) -> SelectionRequest,
    ) -> CourierAnswers<T> {
        let settings = &self.context.settings;
        // A member may have to wait for its room, and that for its log.
        let patience = settings.courier_patience + settings.log_timeout;
        let couriers = self.couriers_of(selected);
        let ask = |courier: CourierRef| {
            let (reply, answer) = Reply::new();
            let select = CourierSelect {
                namespace: self.context.namespace.clone(),
                selected: selected.clone(),
                request: request(reply),
                patience,
            };
            self.send_in_order(courier.clone(), Box::new(select));
            (courier, answer)
        };
        couriers.into_iter().map(ask).collect()
    }

    pub(super) fn couriers_of(&self, selected: &Selected) -> Vec<CourierRef> {
        let only = selected.only.map(|(worker, _)| worker);
        let serves = |courier: &&CourierRef| only.is_none_or(|only| courier.worker == only);
        self.couriers.values().filter(serves).cloned().collect()
    }

    /// Answers when all couriers have. They are silent for `ahead` if all is well.
    pub(super) fn answer_later<T, A, E>(
        &self,
        (answers, ahead): (CourierAnswers<Result<T, E>>, Duration),
        merge: impl FnOnce(Vec<T>) -> Result<A, E> + 'static,
        reply: Reply<Result<A, E>>,
        slot: impl Send + 'static,
    ) where
        T: 'static,
        A: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let patience = self.context.settings.courier_patience;
        actix_rt::spawn(async move {
            let parts = gathered(answers, ahead, patience).await;
            drop(slot);
            reply.send(parts.and_then(merge));
        });
    }
}

async fn gathered<T, E: From<Fault>>(
    answers: CourierAnswers<Result<T, E>>,
    ahead: Duration,
    patience: Duration,
) -> Result<Vec<T>, E> {
    let answers = answers
        .into_iter()
        .map(|(courier, answer)| async move { courier.answered(answer, ahead, patience).await });
    let mut parts = Vec::new();
    for answer in join_all(answers).await {
        if let Some(answer) = answer? {
            parts.push(answer?);
        }
    }
    Ok(parts)
}
