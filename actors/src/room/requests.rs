//! What a room is asked to do, and how it is refused.

use std::sync::Arc;

use super::{
    effects::Costs,
    hooked::Asked,
    under_way::{Cut, Meanwhile},
};
use crate::{
    error::{Fault, JoinError, LogError, ManageError, NotifyError, RoomAskError},
    event::{Said, TimerId},
    id::{ChannelScope, LogPosition, MemberId},
    message::{HistoryRequest, Leave, Manage, Notify, PlacedJoin},
};

/// What a room is asked to do.
pub(super) enum Request {
    /// With what was said before, once that was read.
    Join(PlacedJoin, Option<History>),
    Leave(Leave),
    Notify(Notify),
    Manage(Manage),
    /// Something is asked of the room's hook.
    Ask(Box<Asked>),
    /// The time has come for one of its timers.
    Timer(TimerId),
    /// The time has come for something.
    Due,
}

/// What was said before a member joined, in order.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) letters: Vec<(LogPosition, Arc<Said>)>,
    pub(super) complete: bool,
}

/// Why a request is not carried out.
#[derive(Debug)]
pub(super) enum RequestError {
    Join(JoinError),
    Notify(NotifyError),
    Manage(ManageError),
    Ask(RoomAskError),
    Log(LogError),
    Fault(Fault),
}

macro_rules! refused_from {
    ($($variant:ident($error:ty)),+) => {$(
        impl From<$error> for RequestError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )+};
}

refused_from!(
    Join(JoinError),
    Notify(NotifyError),
    Manage(ManageError),
    Ask(RoomAskError),
    Log(LogError),
    Fault(Fault)
);

macro_rules! error_of {
    ($($variant:ident: $error:ty),+) => {$(
        impl From<RequestError> for $error {
            fn from(refused: RequestError) -> Self {
                match refused {
                    RequestError::$variant(error) => error,
                    RequestError::Log(error) => error.into(),
                    RequestError::Fault(fault) => fault.into(),
                    // Each request is refused in its own words.
                    _ => Self::Internal(Fault::Crashed),
                }
            }
        }
    )+};
}

error_of!(Join: JoinError, Notify: NotifyError, Manage: ManageError, Ask: RoomAskError);

impl Request {
    pub(super) fn costs(&self) -> Costs<'_> {
        match self {
            Self::Join(placed, _) => Costs::Joining(&placed.courier, &placed.join),
            Self::Leave(leave) => Costs::Leaving(leave),
            Self::Notify(notify) => Costs::Letter(&notify.draft),
            Self::Manage(manage) => Costs::Managing(manage),
            Self::Ask(_) | Self::Timer(_) | Self::Due => Costs::Presence,
        }
    }

    /// The channel under which it is said.
    pub(super) fn scope(&self) -> ChannelScope {
        match self {
            Self::Join(placed, _) => placed.join.joined.tag.clone(),
            Self::Notify(notify) => notify.tag.clone(),
            _ => None,
        }
    }

    /// Who asks: what one asks is done in order.
    pub(super) fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Join(placed, _) => Some(&placed.join.joined.member),
            Self::Leave(leave) => Some(&leave.member),
            Self::Notify(notify) => Some(&notify.member),
            Self::Manage(manage) => Some(&manage.by),
            Self::Ask(_) | Self::Timer(_) | Self::Due => None,
        }
    }

    /// Whether it changes the room, and what comes of another change depends on it.
    pub(super) fn changes(&self) -> bool {
        matches!(self, Self::Join(..) | Self::Leave(_) | Self::Manage(_))
    }
}

impl History {
    /// With what was said since the page was asked for, within what is asked for.
    pub(super) fn with(mut self, meanwhile: Meanwhile, asked: &HistoryRequest) -> Self {
        let last = self.letters.last().map(|(position, _)| position.cursor);
        let later = |(position, _): &(LogPosition, _)| Some(position.cursor) > last;
        self.letters
            .extend(meanwhile.letters.into_iter().filter(later));
        let mut cut = meanwhile.cut;
        let too_many = self.letters.len().saturating_sub(asked.count);
        if too_many > 0 {
            cut = cut.max(Some(Cut::Letters));
        }
        self.letters.drain(..too_many);
        let mut bytes: usize = self
            .letters
            .iter()
            .map(|(_, said)| said.content.len())
            .sum();
        let mut too_much = 0;
        while bytes > asked.bytes {
            bytes -= self.letters[too_much].1.content.len();
            too_much += 1;
            cut = Some(Cut::Bytes);
        }
        self.letters.drain(..too_much);
        self.complete &= match cut {
            None => true,
            // As many as were asked for are the newest.
            Some(Cut::Letters) => asked.since.is_none(),
            Some(Cut::Bytes) => false,
        };
        // And there are more than were let through.
        self.complete &= !(asked.cut && asked.since.is_none() && self.letters.len() >= asked.count);
        self
    }
}
