//! Members that somebody selects, from anywhere: found in the mirror, and asked by way of their sessions, so many at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::{Courier, LocalMember, Mirror};
use crate::{
    error::{AskError, Fault},
    id::{ChannelScope, LocalId, RoomKey},
    mailbox::{Reply, WeakMailbox},
    message::{
        ChangeCount, CourierSelect, MemberPage, MemberRequest, MemberTask, Selected,
        SelectionRequest, ToSession,
    },
};

/// Members that one request has asked and that have not answered.
const ASKED_AT_ONCE: usize = 64;

/// A member with the way to its session.
type Way = (LocalId, WeakMailbox<ToSession>);

impl Courier {
    /// Comes by each of them once.
    pub(super) fn each_selected<'a>(
        &'a self,
        namespace: &Arc<str>,
        selected: &Selected,
        mut found: impl FnMut(&'a Rc<LocalMember>),
    ) {
        if let Some((_, only)) = selected.only {
            if let Some(served) = self.members.get(&only)
                && self.is_selected(namespace, selected, served)
            {
                found(served);
            }
            return;
        }
        let excluded: BTreeSet<LocalId> = selected
            .except_rooms
            .iter()
            .flat_map(|key| self.seated(namespace, key, &None))
            .chain(self.logged_in(namespace, &selected.except_accounts))
            .map(|served| served.local_id)
            .chain(selected.except.iter().copied())
            .collect();
        match &selected.rooms {
            None => {
                for served in self.members.values() {
                    if served.namespace == *namespace && !excluded.contains(&served.local_id) {
                        found(served);
                    }
                }
            }
            Some(rooms) => {
                let mut seen = excluded;
                let of_rooms = rooms.iter();
                let of_rooms =
                    of_rooms.flat_map(|key| self.seated(namespace, key, &selected.under));
                let of_accounts = self.logged_in(namespace, &selected.accounts);
                for served in of_rooms.chain(of_accounts) {
                    if seen.insert(served.local_id) {
                        found(served);
                    }
                }
            }
        }
    }

    fn is_selected(&self, namespace: &Arc<str>, selected: &Selected, served: &LocalMember) -> bool {
        let local_id = served.local_id;
        let sits = |key: &RoomKey, under: &ChannelScope| {
            let mirror = self.mirror_of(namespace, key);
            mirror.is_some_and(|mirror| mirror.has(local_id, under))
        };
        let is_of = |accounts: &[Arc<str>]| {
            let account = served.account.as_ref();
            account.is_some_and(|account| accounts.binary_search(account).is_ok())
        };
        let is_in = |rooms: &Vec<RoomKey>| rooms.iter().any(|key| sits(key, &selected.under));
        served.namespace == *namespace
            && selected.except.binary_search(&local_id).is_err()
            && (selected.rooms.as_ref().is_none_or(is_in) || is_of(&selected.accounts))
            && !selected.except_rooms.iter().any(|key| sits(key, &None))
            && !is_of(&selected.except_accounts)
    }

    fn logged_in<'a, 'n>(
        &'a self,
        namespace: &'n str,
        accounts: &'n [Arc<str>],
    ) -> impl Iterator<Item = &'a Rc<LocalMember>> + use<'a, 'n> {
        let accounts = accounts.iter();
        accounts.flat_map(|account| self.accounts.members(namespace, account))
    }

    /// Those in a room whose seats hear what is said under a channel.
    fn seated<'a, 'n>(
        &'a self,
        namespace: &Arc<str>,
        key: &RoomKey,
        under: &'n ChannelScope,
    ) -> impl Iterator<Item = &'a Rc<LocalMember>> + use<'a, 'n> {
        let mirror = self.mirror_of(namespace, key);
        let seats = mirror.into_iter().flat_map(Mirror::seats);
        let heard = seats.filter(|(_, seat)| seat.hears(under, false));
        heard.map(|(served, _)| served)
    }

    fn mirror_of(&self, namespace: &Arc<str>, key: &RoomKey) -> Option<&Mirror> {
        let room = self.keys.get(&(namespace.clone(), key.clone()))?;
        self.rooms.get(room)
    }

    /// Answers at once, or by a task that asks the members.
    pub(super) fn select(&mut self, select: CourierSelect) {
        self.crashes.count_time();
        let CourierSelect {
            namespace,
            selected,
            request,
            patience,
        } = select;
        match request {
            SelectionRequest::Count(reply) => reply.send(Ok(self.count(&namespace, &selected))),
            SelectionRequest::List {
                after,
                limit,
                reply,
            } => {
                let (ways, next) = self.first_ways(&namespace, &selected, after, limit);
                actix_rt::spawn(async move {
                    let mut members = Vec::with_capacity(ways.len());
                    let asked = ask_each(ways, patience, MemberTask::Describe, |member| {
                        members.push(member);
                    });
                    let asked = asked.await;
                    reply.send(asked.map(|()| MemberPage { members, next }));
                });
            }
            SelectionRequest::Change(change, reply) => {
                let mut ways: Vec<Way> = Vec::new();
                self.each_selected(&namespace, &selected, |served| ways.push(served.way()));
                actix_rt::spawn(async move {
                    let mut count = ChangeCount::default();
                    let task = |reply| MemberTask::Change(change.clone(), reply);
                    let asked = ask_each(ways, patience, task, |all| match all {
                        true => count.done += 1,
                        false => count.failed += 1,
                    });
                    let asked = asked.await;
                    reply.send(asked.map(|()| count));
                });
            }
            SelectionRequest::Ask {
                content,
                limit,
                word,
                observing,
                reply,
            } => {
                let mut one = None;
                self.each_selected(&namespace, &selected, |served| one = Some(served));
                let Some(served) = one else {
                    return reply.send(Err(AskError::Ended));
                };
                served.session.send(Box::new(MemberRequest {
                    local_id: served.local_id,
                    task: MemberTask::Ask {
                        content,
                        limit,
                        word,
                        observing,
                        reply,
                    },
                }));
            }
        }
    }

    fn count(&self, namespace: &Arc<str>, selected: &Selected) -> usize {
        if let Selected {
            rooms: Some(rooms),
            under: None,
            accounts,
            except_rooms,
            except_accounts,
            except,
            only: None,
        } = selected
            && let [room] = rooms.as_slice()
            && (accounts.is_empty() && except_rooms.is_empty())
            && (except_accounts.is_empty() && except.is_empty())
        {
            let mirror = self.mirror_of(namespace, room);
            return mirror.map_or(0, |mirror| mirror.seats().len());
        }
        let mut count = 0;
        self.each_selected(namespace, selected, |_| count += 1);
        count
    }

    /// The first `limit` of those behind `after`; and the last of these, if there are more.
    fn first_ways(
        &self,
        namespace: &Arc<str>,
        selected: &Selected,
        after: Option<LocalId>,
        limit: usize,
    ) -> (Vec<Way>, Option<LocalId>) {
        let mut first: BTreeMap<LocalId, &Rc<LocalMember>> = BTreeMap::new();
        let mut more = false;
        self.each_selected(namespace, selected, |served| {
            if after.is_some_and(|after| served.local_id <= after) {
                return;
            }
            first.insert(served.local_id, served);
            if first.len() > limit {
                more = true;
                first.pop_last();
            }
        });
        let last = first.last_key_value().map(|(last, _)| *last);
        let ways = first.values().map(|served| served.way()).collect();
        (ways, last.filter(|_| more))
    }
}

impl LocalMember {
    fn way(&self) -> Way {
        (self.local_id, self.session.clone())
    }
}

/// Asks members, so many at a time. Who goes meanwhile gives no answer.
///
/// # Errors
/// None of those who were asked has answered for `patience`.
async fn ask_each<T: Send + 'static>(
    ways: Vec<Way>,
    patience: Duration,
    task: impl Fn(Reply<T>) -> MemberTask,
    mut take: impl FnMut(T),
) -> Result<(), Fault> {
    let asked = stream::iter(ways).map(|(local_id, session)| {
        let (reply, answer) = Reply::new();
        let task = task(reply);
        session.send(Box::new(MemberRequest { local_id, task }));
        answer
    });
    let mut answers = asked.buffer_unordered(ASKED_AT_ONCE);
    while let Some(answer) = timeout(patience, answers.next())
        .await
        .map_err(|_| Fault::Late)?
    {
        if let Ok(answer) = answer {
            take(answer);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::cell::RefCell;

    use actix::{Actor, Context, Handler};

    use super::*;
    use crate::{mailbox::Mailbox, message::MemberChange};

    /// A session that answers when it is told to.
    struct Holding(Rc<RefCell<Vec<Reply<bool>>>>);

    impl Actor for Holding {
        type Context = Context<Self>;
    }

    impl Handler<ToSession> for Holding {
        type Result = ();

        fn handle(&mut self, word: ToSession, _: &mut Self::Context) {
            let ToSession::ForMember(request) = word else {
                panic!("it is asked for its members alone");
            };
            if let MemberTask::Change(_, reply) = request.task {
                self.0.borrow_mut().push(reply);
            }
        }
    }

    /// Fails if a request to many asks all of them at once: each would hold a message, a task and what it causes.
    #[tokio::test(start_paused = true)]
    async fn of_many_so_many_are_asked_at_once_and_each_answer_asks_one_more() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let held: Rc<RefCell<Vec<Reply<bool>>>> = Rc::default();
                let session = Mailbox::start(|_| Holding(held.clone()).start());
                let ways = (0..1000).map(|place| (LocalId(place), session.downgrade()));
                let task = |reply| MemberTask::Change(MemberChange::Disconnect, reply);
                let mut count = 0;
                let asked = ask_each(ways.collect(), Duration::from_secs(5), task, |all| {
                    count += usize::from(all);
                });
                let answering = async {
                    for round in 0.. {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        let replies = held.take();
                        if replies.is_empty() {
                            return round;
                        }
                        assert!(replies.len() <= ASKED_AT_ONCE, "{}", replies.len());
                        replies.into_iter().for_each(|reply| reply.send(true));
                    }
                    0
                };
                let (asked, rounds) = tokio::join!(asked, answering);
                assert_eq!((asked, count), (Ok(()), 1000));
                assert_eq!(rounds, 1000_usize.div_ceil(ASKED_AT_ONCE));
            })
            .await;
    }

    /// Fails if one member that never answers is waited for without end, or those who went as if they might answer yet.
    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_given_up_and_who_is_gone_is_passed_over() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let held: Rc<RefCell<Vec<Reply<bool>>>> = Rc::default();
                let session = Mailbox::start(|_| Holding(held.clone()).start());
                let way = (LocalId(1), session.downgrade());
                let task = |reply| MemberTask::Change(MemberChange::Disconnect, reply);
                let patience = Duration::from_secs(5);
                let late = ask_each(vec![way.clone()], patience, task, |_: bool| {}).await;
                assert_eq!(late, Err(Fault::Late));
                drop(session);
                let gone = ask_each(vec![way], patience, task, |_: bool| panic!("it is gone"));
                assert_eq!(gone.await, Ok(()));
            })
            .await;
    }
}
