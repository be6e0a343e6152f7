//! What the hub itself says in a room and commands there, from any thread, and what a namespace tells of itself. As with
//! selections, each goes at once, and its future only waits for what comes of it.

use std::{future::Future, sync::Arc};

use tokio::{sync::Semaphore, time::timeout};

use super::{HubHandle, selections::lost};
use crate::{
    directory::Accounts,
    error::{Fault, ManageError, NotifyError},
    event_template::EventTemplate,
    id::{ChannelScope, LogPosition, MemberId, RoomKey},
    letter::{Content, Draft, EncodingId},
    mailbox::{Reply, WeakMailbox},
    message::{
        Command, Manage, NamespaceCounts, Notify, NotifyAnswer, Resolve, Resolved, RoomNames,
        Survey, SurveyRequest, ToNamespace, ToRoom,
    },
};

/// What the hub says and commands that may be under way: each holds what it says.
const UNDER_WAY_MAX: usize = 1024;

/// What came of something that the hub said in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Members it was handed to.
    pub recipients: usize,
    /// Where it stands in the room's log; none where nobody was there to have it.
    pub position: Option<LogPosition>,
}

impl Told {
    const NOBODY: Self = Self {
        recipients: 0,
        position: None,
    };
}

/// Places for what the hub says.
pub(super) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(UNDER_WAY_MAX))
}

impl HubHandle {
    /// Members by account.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub(crate) fn settle_timeout(&self) -> std::time::Duration {
        self.0.config.settle_timeout
    }

    /// Says something in a room as from `from`, who is nobody in it: it is kept and told as what a member says, and no policy
    /// of the room holds it back. Ready when every courier has handed it on, or after the hub's settle time. It goes on if the
    /// future is dropped after its first wait.
    ///
    /// # Errors
    /// It cannot be encoded, or the log, the room or the namespace did not take it, or too much is under way.
    pub fn say_in_room(
        &self,
        namespace: &str,
        from: MemberId,
        (room, tag): (RoomKey, ChannelScope),
        content: Content,
    ) -> impl Future<Output = Result<Told, NotifyError>> + Send + use<> {
        let draft = Draft::new(content, self.encodings());
        let prepared = draft.prepare(EncodingId::FIRST, self.encodings(), namespace);
        let prepared = prepared.map_err(|error| NotifyError::Encode(error.to_string()));
        let slot = self.0.slots.sayings.clone().try_acquire_owned();
        let slot = slot.map_err(|_| NotifyError::from(Fault::Full));
        let home = self.namespace(namespace);
        let (may_end, patience) = (self.may_end(namespace), self.settle_timeout());
        async move {
            prepared?;
            let _slot = slot?;
            let Some(home) = home else {
                return match may_end {
                    true => Ok(Told::NOBODY),
                    false => Err(Fault::Gone.into()),
                };
            };
            let Some(way) = way_to(&home, &room).await.map_err(NotifyError::from)? else {
                return Ok(Told::NOBODY);
            };
            let (reply, answer) = Reply::new();
            way.way.send(Notify {
                tag,
                member: from,
                echo: true,
                seat_needed: false,
                by_hub: true,
                draft,
                reply,
            });
            let answer = match answer.await {
                Ok(answer) => answer?,
                Err(_) if ended(&home, &room, &way.way).await => return Ok(Told::NOBODY),
                Err(_) => return Err(Fault::Crashed.into()),
            };
            settled(answer, patience).await
        }
    }

    /// Commands a room as if it owned the address: locks it or sends members out. To how many members it was told.
    ///
    /// # Errors
    /// There is no such address, or the log or the room did not take it, or too much is under way.
    pub fn manage_room(
        &self,
        namespace: &str,
        by: MemberId,
        room: RoomKey,
        command: Command,
        announce: Option<EventTemplate>,
    ) -> impl Future<Output = Result<usize, ManageError>> + Send + use<> {
        let slot = self.0.slots.sayings.clone().try_acquire_owned();
        let home = self.namespace(namespace);
        async move {
            let _slot = slot.map_err(|_| ManageError::from(Fault::Full))?;
            let home = home.ok_or(ManageError::Forbidden)?;
            let way = way_to(&home, &room).await?;
            let way = way.ok_or(ManageError::Forbidden)?;
            let (reply, answer) = Reply::new();
            way.way.send(Manage {
                by,
                by_hub: true,
                command,
                announce,
                reply,
            });
            match answer.await {
                Ok(answer) => answer,
                Err(_) if ended(&home, &room, &way.way).await => Err(ManageError::Forbidden),
                Err(_) => Err(Fault::Crashed.into()),
            }
        }
    }

    /// Some of the rooms of a namespace, by their names. Who walks on behind the last name meets none twice.
    ///
    /// # Errors
    /// The namespace is gone or crashed on it.
    pub fn room_names(
        &self,
        namespace: &str,
        asked: SurveyRequest,
    ) -> impl Future<Output = Result<RoomNames, Fault>> + Send + use<> {
        self.survey(namespace, |reply| Survey::Rooms(asked, reply))
    }

    /// The channels of a namespace with the most members, the largest first.
    ///
    /// # Errors
    /// As [`HubHandle::room_names`].
    pub fn largest_channels(
        &self,
        namespace: &str,
        limit: usize,
    ) -> impl Future<Output = Result<RoomNames, Fault>> + Send + use<> {
        self.survey(namespace, move |reply| Survey::Largest(limit, reply))
    }

    /// How many of all a namespace has.
    ///
    /// # Errors
    /// As [`HubHandle::room_names`].
    pub fn namespace_counts(
        &self,
        namespace: &str,
    ) -> impl Future<Output = Result<NamespaceCounts, Fault>> + Send + use<> {
        self.survey(namespace, Survey::Counts)
    }

    fn survey<T: Default + Send + 'static, S: FnOnce(Reply<T>) -> Survey>(
        &self,
        namespace: &str,
        survey: S,
    ) -> impl Future<Output = Result<T, Fault>> + Send + use<T, S> {
        let (home, may_end) = (self.namespace(namespace), self.may_end(namespace));
        let (reply, answer) = Reply::new();
        if let Some(home) = &home {
            home.send(survey(reply));
        }
        async move {
            match (answer.await, home) {
                (Ok(answer), _) => Ok(answer),
                (Err(_), home) => match lost(home.as_ref()) {
                    Fault::Gone if may_end => Ok(T::default()),
                    fault => Err(fault),
                },
            }
        }
    }
}

async fn way_to(
    home: &WeakMailbox<ToNamespace>,
    room: &RoomKey,
) -> Result<Option<Resolved>, Fault> {
    let (reply, answer) = Reply::new();
    home.send(Resolve {
        room: room.clone(),
        reply,
    });
    answer.await.map_err(|_| lost(Some(home)))
}

/// Whether a room that did not answer ended because nobody was in it.
async fn ended(home: &WeakMailbox<ToNamespace>, room: &RoomKey, way: &WeakMailbox<ToRoom>) -> bool {
    if way.upgrade().is_some() {
        return false;
    }
    let found = way_to(home, room).await;
    found.is_ok_and(|found| found.is_none_or(|found| !found.died))
}

async fn settled(answer: NotifyAnswer, patience: std::time::Duration) -> Result<Told, NotifyError> {
    match timeout(patience, answer.receipt.settled()).await {
        Ok(None) => Err(Fault::Crashed.into()),
        // Who does nothing for so long is given up; the others have it.
        Ok(Some(_)) | Err(_) => Ok(Told {
            recipients: answer.recipients,
            position: Some(answer.position),
        }),
    }
}
