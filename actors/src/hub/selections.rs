//! What is asked of the members of a namespace from any thread, without a runtime there: each question goes at once, and its
//! future only waits for the answer. It comes behind the broadcasts that its thread has sent to the namespace before; but where
//! the log is late, behind those that were answered.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures_util::future::{Either, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    HubHandle,
    asking::{AskPlaces, LIMIT_MAX},
    saying,
    watching::WATCHERS_MAX,
};
use crate::{
    account::MemoryAccount,
    error::{AskError, Fault, NotifyError},
    flow::{HubWord, HubWords},
    id::{LocalId, MemberId, RoomKey},
    letter::{Content, Draft, EncodingId, LatestKey, Manner},
    mailbox::{Reply, WeakMailbox},
    message::{
        AckStream, AskPlace, Asking, ChangeCount, MemberChange, MemberPage, NotifyAnswer,
        SHARED_ACKS, Select, Selected, SelectedLetter, Selection, SelectionRequest, ToNamespace,
    },
    observing::Observing,
    ports::Answer,
};

/// Requests to many that may be under way in a hub: each may list all members, of all children of a parent too.
pub(crate) const REQUESTS_MAX: usize = 1024;
/// Members that may be asked at once for an answer, in a hub.
const ASKS_MAX: usize = 16_384;
/// Questions to the hooks of rooms that may be under way in a hub.
pub(crate) const ROOM_ASKS_MAX: usize = 16_384;

/// How much may be asked at once.
pub(super) struct Slots {
    requests: Arc<Semaphore>,
    pub(super) room_asks: Arc<Semaphore>,
    pub(super) asked: AskPlaces,
    pub(super) words: Arc<HubWords>,
    asks: Arc<Semaphore>,
    pub(super) watchers: Arc<Semaphore>,
    pub(super) sayings: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn new(account: &Arc<MemoryAccount>) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
            room_asks: Arc::new(Semaphore::new(ROOM_ASKS_MAX)),
            asked: AskPlaces::new(account),
            words: Arc::default(),
            asks: Arc::new(Semaphore::new(ASKS_MAX)),
            watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
            sayings: saying::places(),
        }
    }
}

impl HubHandle {
    /// How many members are selected.
    ///
    /// # Errors
    /// The namespace or a worker is gone, stands still, crashed on it or takes nothing, or too many requests are under way.
    pub fn count_members(
        &self,
        namespace: &str,
        selection: Selection,
    ) -> impl Future<Output = Result<usize, Fault>> + Send + use<> {
        self.joint_request().count(namespace, selection)
    }

    /// At most `limit` of the selected members (and at most 1000), behind a place that [`MemberPage::next`] told. Who comes in
    /// while somebody turns pages is on a later one.
    ///
    /// # Errors
    /// As [`HubHandle::count_members`].
    pub fn list_members(
        &self,
        namespace: &str,
        selection: Selection,
        after: Option<LocalId>,
        limit: usize,
    ) -> impl Future<Output = Result<MemberPage, Fault>> + Send + use<> {
        let request = self.joint_request();
        request.list(namespace, selection, after, limit)
    }

    /// Makes the selected members join plain rooms, each through its own queue. What is said to the rooms after the answer
    /// reaches them. It goes on if the future is dropped.
    ///
    /// # Errors
    /// As [`HubHandle::count_members`]; some may have joined, or do so yet.
    pub fn join_members(
        &self,
        namespace: &str,
        selection: Selection,
        rooms: Vec<Arc<str>>,
    ) -> impl Future<Output = Result<ChangeCount, Fault>> + Send + use<> {
        let rooms = rooms.into_iter().map(RoomKey::plain).collect();
        let join = MemberChange::Join(rooms);
        self.joint_request().change(namespace, selection, join)
    }

    /// Makes them leave plain rooms, as [`HubHandle::join_members`]. Who is in none of them has done so.
    ///
    /// # Errors
    /// As [`HubHandle::count_members`]; some may have left, or do so yet.
    pub fn leave_members(
        &self,
        namespace: &str,
        selection: Selection,
        rooms: Vec<Arc<str>>,
    ) -> impl Future<Output = Result<ChangeCount, Fault>> + Send + use<> {
        let rooms = rooms.into_iter().map(RoomKey::plain).collect();
        let leave = MemberChange::Leave(rooms);
        self.joint_request().change(namespace, selection, leave)
    }

    /// Puts them out of the namespace: their clients are told. With `close` they are put out of all others, too, and their
    /// connections are closed behind that. What they have not sent yet of their own is not waited for.
    ///
    /// # Errors
    /// As [`HubHandle::count_members`]; some may be put out, or will be.
    pub fn disconnect_members(
        &self,
        namespace: &str,
        selection: Selection,
        close: bool,
    ) -> impl Future<Output = Result<ChangeCount, Fault>> + Send + use<> {
        let change = match close {
            true => MemberChange::Close,
            false => MemberChange::Disconnect,
        };
        self.joint_request().change(namespace, selection, change)
    }

    /// Says something to one member and waits for its answer, for `limit` (and at most a day). It is asked through its own
    /// queue, also if the future is dropped; it is not waited for then. Until it is in that queue it counts as waiting, see
    /// [`HubHandle::has_room`], which is for whoever calls this to ask.
    ///
    /// # Errors
    /// There is no such member, it did not answer, or it was not asked.
    pub fn ask_member(
        &self,
        namespace: &str,
        member: MemberId,
        content: Content,
        limit: Duration,
    ) -> impl Future<Output = Result<Answer, AskError>> + Send + use<> {
        let selection = Selection {
            only: Some(member),
            ..Selection::default()
        };
        let limit = limit.min(LIMIT_MAX);
        let observing = Observing::now();
        let slot = self.0.slots.asks.clone().try_acquire_owned();
        let slot = slot.ok().map(Arc::new);
        let word = Arc::new(self.word(content.len()));
        let nobody = Err(AskError::Ended);
        self.request(slot, namespace, selection, nobody, move |reply| {
            SelectionRequest::Ask {
                content,
                limit,
                word,
                observing,
                reply,
            }
        })
    }

    /// Says something to selected members, each once, as from `from`. It counts as waiting until couriers have it, see
    /// [`HubHandle::has_room`], which is for whoever calls this to ask.
    ///
    /// # Errors
    /// It cannot be encoded, or the log or the namespace did not take it.
    pub fn broadcast(
        &self,
        namespace: &str,
        from: MemberId,
        selection: Selection,
        content: Content,
        manner: Manner,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + Send + use<> {
        let word = self.word(content.len());
        let draft = Draft::new(content, self.encodings()).told(manner);
        self.letter(namespace, from, selection, draft, (None, word))
    }

    /// What letters of a namespace have in common that replace each other.
    pub fn latest_key(&self, namespace: &str, key: &str) -> LatestKey {
        self.0.latest_keys.key(namespace, key)
    }

    /// As [`HubHandle::broadcast`], waiting until couriers have it as that does; whoever receives it may answer as long as the place
    /// says. Of the manner it counts alone whether it may be compressed. The future is ready when it is on its way.
    ///
    /// # Errors
    /// As [`HubHandle::broadcast`].
    pub fn ask_members(
        &self,
        namespace: &str,
        from: MemberId,
        selection: Selection,
        content: Content,
        place: AskPlace,
        manner: Manner,
    ) -> impl Future<Output = Result<AckStream, NotifyError>> + Send + use<> {
        let word = self.word(content.len());
        let draft = self.asking_draft(content, manner);
        let (asking, stream) = Asking::new(place);
        let said = (Some(asking), word);
        let said = self.letter(namespace, from, selection, draft, said);
        async move {
            said.await?;
            Ok(stream)
        }
    }

    /// Something that everybody who receives it may answer, and that nothing replaces.
    pub(crate) fn asking_draft(&self, content: Content, manner: Manner) -> Draft {
        let number = self.0.shared_acks.fetch_add(1, Relaxed) % SHARED_ACKS;
        let manner = Manner {
            uncompressed: manner.uncompressed,
            ..Manner::default()
        };
        Draft::asking(content, self.encodings(), SHARED_ACKS + number).told(manner)
    }

    fn letter(
        &self,
        namespace: &str,
        from: MemberId,
        selection: Selection,
        draft: Draft,
        (asking, word): (Option<Asking>, HubWord),
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + Send + use<> {
        let prepared = draft.prepare(EncodingId::FIRST, self.encodings(), namespace);
        let home = self.namespace(namespace);
        let selected = self.places(namespace, selection);
        let (reply, answer) = Reply::new();
        let sent = match (prepared, &home, selected) {
            (Err(error), ..) => Err(NotifyError::Encode(error.to_string())),
            (_, None, _) if !self.may_end(namespace) => Err(Fault::Gone.into()),
            (_, None, _) | (_, _, None) => {
                if let Some(asking) = asking {
                    asking.nobody();
                }
                reply.send(Ok(NotifyAnswer::nobody()));
                Ok(())
            }
            (_, Some(home), Some(selected)) => {
                home.send(Box::new(SelectedLetter {
                    from,
                    selected,
                    draft,
                    reply,
                    asking,
                    word: Some(word),
                }));
                Ok(())
            }
        };
        let may_end = self.may_end(namespace);
        async move {
            sent?;
            match (answer.await, home) {
                (Ok(answer), _) => answer,
                (Err(_), Some(home)) if may_end && home.upgrade().is_none() => {
                    Ok(NotifyAnswer::nobody())
                }
                (Err(_), home) => Err(lost(home.as_ref()).into()),
            }
        }
    }

    pub(super) fn request_slot(&self) -> Option<Arc<OwnedSemaphorePermit>> {
        let slot = self.0.slots.requests.clone().try_acquire_owned();
        slot.ok().map(Arc::new)
    }

    /// Sends, and gives `nobody` where the only one that is selected is not there.
    pub(super) fn request<T, E, R>(
        &self,
        slot: Option<Arc<OwnedSemaphorePermit>>,
        namespace: &str,
        selection: Selection,
        nobody: Result<T, E>,
        request: R,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, R>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
        R: FnOnce(Reply<Result<T, E>>) -> SelectionRequest,
    {
        let now = |answer| Either::Left(ready(answer));
        let may_end = self.may_end(namespace);
        let Some(home) = self.namespace(namespace) else {
            return now(if may_end {
                nobody
            } else {
                Err(Fault::Gone.into())
            });
        };
        let Some(selected) = self.places(namespace, selection) else {
            return now(nobody);
        };
        let (reply, answer) = Reply::new();
        let request = request(reply);
        let Some(slot) = slot else {
            return now(Err(Fault::Full.into()));
        };
        home.send(Box::new(Select {
            selected,
            request,
            slot,
        }));
        Either::Right(async move {
            match answer.await {
                Ok(answer) => answer,
                Err(_) if may_end && home.upgrade().is_none() => nobody,
                Err(_) => Err(lost(Some(&home)).into()),
            }
        })
    }

    /// Whether it ends with its last member, as a parent's children do: where it is not there, nobody is in it.
    pub(super) fn may_end(&self, namespace: &str) -> bool {
        self.parents().is_some() && self.namespace_config(namespace).is_none()
    }

    /// The members' places for their ids; `None` if the only one is not there.
    pub(crate) fn places(&self, namespace: &str, selection: Selection) -> Option<Selected> {
        let Selection {
            rooms,
            under,
            accounts,
            except_rooms,
            except_accounts,
            except,
            only,
        } = selection;
        let place = |id: MemberId| self.members().find(&(Arc::from(namespace), id));
        let except = except.into_iter().filter_map(place);
        let except = sorted(except.map(|place| place.local_id).collect());
        let only = match only {
            Some(id) => {
                let place = place(id)?;
                Some((place.courier.worker, place.local_id))
            }
            None => None,
        };
        // The members of what is named twice would be walked twice.
        Some(Selected {
            rooms: rooms.map(sorted),
            under,
            accounts: sorted(accounts),
            except_rooms: sorted(except_rooms),
            except_accounts: sorted(except_accounts),
            except,
            only,
        })
    }
}

/// Each once, in order.
fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}

/// Why a namespace let a reply drop.
pub(super) fn lost(home: Option<&WeakMailbox<ToNamespace>>) -> Fault {
    match home.and_then(WeakMailbox::upgrade) {
        Some(_) => Fault::Crashed,
        None => Fault::Gone,
    }
}
