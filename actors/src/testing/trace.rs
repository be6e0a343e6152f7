//! What rooms did, in the order in which they did it: the committed truth that receivers are compared with.

use std::cell::RefCell;

use crate::{
    id::{ChannelScope, LocalId, LogKey, RoomId, RoomKey},
    letter::Content,
    log::Events,
    state::audience::Scopes,
};

/// One thing that a room did.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A seat was taken or changed.
    Seated {
        /// The room.
        room: RoomId,
        /// Its key.
        key: RoomKey,
        /// Whose seat.
        local_id: LocalId,
        /// Its tags now.
        tags: Scopes,
    },
    /// A seat was given up.
    Unseated {
        /// The room.
        room: RoomId,
        /// Whose seat.
        local_id: LocalId,
    },
    /// A log took a batch.
    Committed(LogKey, Events),
    /// A room died outside of its guard, and was made anew.
    Died(RoomKey),
    /// A letter was sent out.
    Letter {
        /// The room.
        room: RoomId,
        /// Its key.
        key: RoomKey,
        /// To whom.
        to: Recipients,
        /// What it says.
        content: Content,
        /// Its number, for what members say; the last number for what the room says itself.
        offset: u64,
        /// Whether a member said it.
        said: bool,
    },
}

/// To whom a room sent a letter.
#[derive(Clone, Debug)]
pub(crate) enum Recipients {
    /// To the seats that match.
    Matching(ChannelScope, Option<LocalId>),
    /// To one.
    One(LocalId),
}

thread_local! {
    static FACTS: RefCell<Option<Vec<Fact>>> = const { RefCell::new(None) };
}

/// Notes a fact, if a world listens.
pub(crate) fn note(fact: impl FnOnce() -> Fact) {
    FACTS.with_borrow_mut(|facts| {
        if let Some(facts) = facts {
            facts.push(fact());
        }
    });
}

/// How many facts there are.
pub(crate) fn len() -> usize {
    FACTS.with_borrow(|facts| facts.as_ref().map_or(0, Vec::len))
}

/// All facts of the present world.
pub(crate) fn facts() -> Vec<Fact> {
    FACTS.with_borrow(|facts| facts.clone().unwrap_or_default())
}

pub(super) fn listen(on: bool) {
    FACTS.set(on.then(Vec::new));
}
