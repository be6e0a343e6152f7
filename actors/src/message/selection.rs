//! Members of one namespace, picked from anywhere by rooms or ids, and what is asked of them: the words from whoever asks to
//! the namespace, from there to the couriers, and from a courier to the sessions.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    error::{AskError, Fault},
    flow::HubWord,
    id::{ChannelScope, LocalId, MemberId, RoomKey, WorkerId},
    letter::Content,
    mailbox::Reply,
    observing::Observing,
    ports::Answer,
};

/// Some members of one namespace; all of them by default. Who they are is seen by each courier when it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Members of any of these rooms; `None` is everybody in the namespace.
    pub rooms: Option<Vec<RoomKey>>,
    /// Of the members of those rooms, those alone who hear what is said there under this channel; `None` is all.
    pub under: ChannelScope,
    /// And those of any of these accounts.
    pub accounts: Vec<Arc<str>>,
    /// But not the members of these rooms.
    pub except_rooms: Vec<RoomKey>,
    /// And not those of these accounts.
    pub except_accounts: Vec<Arc<str>>,
    /// And not these members.
    pub except: Vec<MemberId>,
    /// Of those, nobody but this member.
    pub only: Option<MemberId>,
}

/// A [`Selection`], with the places of members instead of their ids. What it names it names once, in order.
#[derive(Clone, Default)]
pub struct Selected {
    /// Those of any of these; `None` is every member of the namespace.
    pub(crate) rooms: Option<Vec<RoomKey>>,
    /// Of these, those who hear what is said under this channel.
    pub(crate) under: ChannelScope,
    /// And those of any of these accounts.
    pub(crate) accounts: Vec<Arc<str>>,
    /// But of none of these rooms.
    pub(crate) except_rooms: Vec<RoomKey>,
    /// And of none of these accounts.
    pub(crate) except_accounts: Vec<Arc<str>>,
    /// And none of these.
    pub(crate) except: Vec<LocalId>,
    /// Of those, nobody but this one.
    pub(crate) only: Option<(WorkerId, LocalId)>,
}

/// From anywhere to a namespace: something is asked of selected members.
pub struct Select {
    /// Of whom.
    pub(crate) selected: Selected,
    /// What.
    pub(crate) request: SelectionRequest,
    /// Held until it is answered, and those that are one with it: so many are under way at once.
    pub(crate) slot: Arc<OwnedSemaphorePermit>,
}

/// The same for those whom one courier serves.
pub struct CourierSelect {
    /// The namespace.
    pub(crate) namespace: Arc<str>,
    /// Of whom.
    pub(crate) selected: Arc<Selected>,
    /// What.
    pub(crate) request: SelectionRequest,
    /// If no member does anything for so long, the others are not waited for.
    pub(crate) patience: Duration,
}

/// What is asked of selected members. A courier is asked in the same words as the namespace.
pub enum SelectionRequest {
    /// How many there are.
    Count(Reply<Result<usize, Fault>>),
    /// Who they are.
    List {
        /// Behind this place.
        after: Option<LocalId>,
        /// At most so many.
        limit: usize,
        /// Takes the answer.
        reply: Reply<Result<MemberPage, Fault>>,
    },
    /// To do something.
    Change(MemberChange, Reply<Result<ChangeCount, Fault>>),
    /// To answer an event: of one member alone.
    Ask {
        /// The event.
        content: Content,
        /// For so long.
        limit: Duration,
        /// Held until the member's session has it.
        word: Arc<HubWord>,
        /// Whether an observer asks.
        observing: Observing,
        /// Takes the answer.
        reply: Reply<Result<Answer, AskError>>,
    },
}

impl SelectionRequest {
    /// Nothing of it is done.
    pub(crate) fn refuse(self, why: Fault) {
        match self {
            Self::Count(reply) => reply.send(Err(why)),
            Self::List { reply, .. } => reply.send(Err(why)),
            Self::Change(_, reply) => reply.send(Err(why)),
            Self::Ask { reply, .. } => reply.send(Err(why.into())),
        }
    }
}

/// What members are made to do.
#[derive(Clone, Debug)]
pub enum MemberChange {
    /// Join these rooms.
    Join(Arc<[RoomKey]>),
    /// Leave these rooms.
    Leave(Arc<[RoomKey]>),
    /// Leave the namespace: each client is told.
    Disconnect,
    /// Leave every namespace: each client is told, then its connection is closed.
    Close,
}

/// How many members did what they were made to do. Who went meanwhile is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCount {
    /// They did.
    pub done: usize,
    /// They could not do all of it.
    pub failed: usize,
}

impl ChangeCount {
    pub(crate) fn sum(parts: Vec<Self>) -> Self {
        let sum = |Self { done, failed }: Self, part: Self| Self {
            done: done + part.done,
            failed: failed + part.failed,
        };
        parts.into_iter().fold(Self::default(), sum)
    }
}

/// A member, as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInfo {
    /// Its public id.
    pub id: MemberId,
    /// The namespace that it is in.
    pub namespace: Arc<str>,
    /// The account, if somebody is logged in.
    pub account: Option<Arc<str>>,
    /// Its client's address.
    pub address: Option<IpAddr>,
    /// The plain rooms that it is in, or will be when what was asked for is done.
    pub rooms: Vec<Arc<str>>,
    /// What the application set with `Member::set_data`: a JSON text.
    pub data: Option<Bytes>,
    /// Pages have it in this order, that of coming in.
    pub(crate) place: LocalId,
}

/// Some of the selected members, those that came in first first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberPage {
    /// The members. Who went while they were asked is left out: a page may be shorter than asked for, and others follow.
    pub members: Vec<MemberInfo>,
    /// Behind which place the next page begins; none: there is no other.
    pub next: Option<LocalId>,
}

impl MemberPage {
    /// The first `limit` members of what several couriers or namespaces have.
    pub fn merge(parts: Vec<Self>, limit: usize) -> Self {
        // Beyond the first place at which one of them stopped not everybody is known.
        let mut next = parts.iter().filter_map(|part| part.next).min();
        let members = parts.into_iter().flat_map(|part| part.members);
        let known = members.filter(|member| next.is_none_or(|next| member.place <= next));
        let mut members: Vec<MemberInfo> = known.collect();
        members.sort_by_key(|member| member.place);
        if members.len() > limit {
            members.truncate(limit);
            next = members.last().map(|last| last.place);
        }
        Self { members, next }
    }
}

/// From a courier to a session: something is asked of one of its members. A member that is gone lets the reply drop.
pub struct MemberRequest {
    /// The member's place.
    pub(crate) local_id: LocalId,
    /// What.
    pub(crate) task: MemberTask,
}

/// What is asked of one member.
pub enum MemberTask {
    /// Who it is.
    Describe(Reply<MemberInfo>),
    /// To do something; the answer is whether it did all of it.
    Change(MemberChange, Reply<bool>),
    /// To leave a room for another: asked by the room.
    Transfer {
        /// Which it leaves.
        from: RoomKey,
        /// Which it joins.
        to: RoomKey,
    },
    /// To answer an event.
    Ask {
        /// The event.
        content: Content,
        /// For so long.
        limit: Duration,
        /// Whether an observer asks.
        observing: Observing,
        /// Held until its own queue has it.
        word: Arc<HubWord>,
        /// Takes the answer. Where nobody waits for that any more, it is not waited for here.
        reply: Reply<Result<Answer, AskError>>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(place: u64) -> MemberInfo {
        MemberInfo {
            namespace: "/".into(),
            id: MemberId::new(place.to_string()),
            account: None,
            address: None,
            rooms: Vec::new(),
            data: None,
            place: LocalId(place),
        }
    }

    fn page(places: &[u64], next: Option<u64>) -> MemberPage {
        MemberPage {
            members: places.iter().copied().map(member).collect(),
            next: next.map(LocalId),
        }
    }

    /// Fails if a member that one courier did not come to is passed over because another one came further.
    #[test]
    fn a_page_ends_where_one_of_its_parts_stopped() {
        let merged = |parts: &[MemberPage], limit| MemberPage::merge(parts.to_vec(), limit);
        let (all, some) = (page(&[1, 4, 6], None), page(&[2, 3], Some(3)));
        let parts = [all.clone(), some];
        assert_eq!(merged(&parts, 9), page(&[1, 2, 3], Some(3)));
        assert_eq!(merged(&parts, 2), page(&[1, 2], Some(2)));
        // All whom that part stopped at are gone by now: the page is empty, and others follow.
        let gone = page(&[], Some(0));
        assert_eq!(merged(&[all.clone(), gone], 9), page(&[], Some(0)));
        assert_eq!(
            merged(&[all.clone(), page(&[5], None)], 9),
            page(&[1, 4, 5, 6], None)
        );
        assert_eq!(merged(&[all], 3), page(&[1, 4, 6], None));
    }
}
