//! What a member says, on its way: joins, leaves, letters, commands, and that it is gone.

use std::{rc::Rc, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::timeout,
};

use super::{Member, NotifyRequest};
use crate::{
    error::{Fault, JoinError, ManageError, NotifyError},
    event_template::EventTemplate,
    id::{MemberId, RoomKey},
    letter::{Content, Draft, Frame, Manner},
    mailbox::WeakMailbox,
    message::{
        Command, Connected, Disconnected, Join, JoinAnswer, Leave, LeaveAnswer, NotifyAnswer,
        SelectedLetter, ToNamespace,
    },
    rate::Rated,
};

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Namespace,
    /// Joins and leaves: they go through the namespace, letters go straight to the room.
    Seat(RoomKey),
    Room(RoomKey),
    Member(MemberId),
    Own,
}

pub(super) enum Outgoing {
    Connected(Box<Connected>),
    Join(Box<Join>, Done<JoinAnswer, JoinError>),
    Leave(Box<Leave>, oneshot::Sender<LeaveAnswer>),
    Notify(Box<NotifyOp>, Done<NotifyAnswer, NotifyError>),
    Letter(Box<SelectedLetter>, Done<NotifyAnswer, NotifyError>),
    Manage(Box<ManageOp>, Done<(), ManageError>),
    Member(MemberId, Box<Draft>, oneshot::Sender<bool>),
    Own(OwnFrame),
    Disconnect { close: bool, why: Option<Arc<str>> },
    DisconnectOnDrop(DisconnectOnDrop),
}

pub(super) type Done<T, E> = oneshot::Sender<Result<T, E>>;

pub(super) struct NotifyOp {
    pub(super) request: NotifyRequest,
    pub(super) draft: Draft,
    pub(super) resolved: bool,
}

pub(super) struct ManageOp {
    pub(super) room: RoomKey,
    pub(super) command: Command,
    pub(super) announce: Option<EventTemplate>,
}

/// A frame for the member's own client.
pub(super) struct OwnFrame {
    pub(super) frame: Frame,
    pub(super) volatile: bool,
    /// Which event it is, if the member is observed.
    pub(super) observed: Option<Box<Content>>,
    /// An item's: the next one waits for it.
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Outgoing {
    /// How much of a message it carries.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Own(own) => own.frame.len(),
            Self::Notify(notify, _) => notify.draft.content.len(),
            Self::Letter(letter, _) => letter.draft.content.len(),
            Self::Member(_, draft, _) => draft.content.len(),
            _ => 0,
        }
    }

    pub(super) fn aim(&self) -> Destination {
        match self {
            Self::Connected(_) | Self::Letter(..) | Self::DisconnectOnDrop(_) => {
                Destination::Namespace
            }
            Self::Join(join, _) => Destination::Seat(join.room.clone()),
            Self::Leave(leave, _) => Destination::Seat(leave.room.clone()),
            Self::Notify(notify, _) => Destination::Room(notify.request.room.clone()),
            Self::Manage(manage, _) => Destination::Room(manage.room.clone()),
            Self::Member(to, ..) => Destination::Member(to.clone()),
            Self::Own(..) | Self::Disconnect { .. } => Destination::Own,
        }
    }
}

/// Tells the namespace that the member is gone, when it is dropped: behind all that the member has said, or with a queue that
/// nobody drives any more.
pub(super) struct DisconnectOnDrop {
    home: WeakMailbox<ToNamespace>,
    gone: Option<Disconnected>,
}

impl Drop for DisconnectOnDrop {
    fn drop(&mut self) {
        if let Some(gone) = self.gone.take() {
            self.home.send(gone);
        }
    }
}

impl Member {
    /// It is gone.
    pub(in crate::session) fn depart(self: &Rc<Self>) {
        let departure = DisconnectOnDrop {
            home: self.parts.home.clone(),
            gone: Some(Disconnected {
                member: self.id().clone(),
                unit: Arc::new(self.unit()),
                lease: self.parts.lease.take(),
            }),
        };
        self.put(Outgoing::DisconnectOnDrop(departure));
    }

    /// Encodes for the sender's own encoding here, on the sender's thread: what cannot be encoded is the sender's to know.
    pub(super) fn draft(&self, content: Content, manner: Manner) -> Result<Draft, NotifyError> {
        self.prepared(Draft::new(content, self.hub().encodings()).told(manner))
    }

    pub(super) fn prepared(&self, draft: Draft) -> Result<Draft, NotifyError> {
        self.has_room()?;
        match draft.prepare(
            self.parts.encoding,
            self.hub().encodings(),
            self.namespace(),
        ) {
            Ok(()) => Ok(draft),
            Err(error) => Err(NotifyError::Encode(error.to_string())),
        }
    }

    pub(super) async fn settled(
        self: Rc<Self>,
        queued: Result<oneshot::Receiver<Result<NotifyAnswer, NotifyError>>, NotifyError>,
    ) -> Result<NotifyAnswer, NotifyError> {
        let answer = queued?
            .await
            .unwrap_or(Err(NotifyError::Internal(Fault::Gone)))?;
        self.parts
            .pacer
            .charge(Rated::Deliveries, answer.recipients);
        let settled = timeout(self.hub().settle_timeout(), answer.receipt.settled()).await;
        let Some(delivered) = settled.unwrap_or(Some(0)) else {
            return Err(NotifyError::Internal(Fault::Crashed));
        };
        // Only couriers know who is in several rooms.
        let more = delivered.saturating_sub(answer.recipients);
        self.parts.pacer.charge(Rated::Deliveries, more);
        Ok(answer)
    }
}
