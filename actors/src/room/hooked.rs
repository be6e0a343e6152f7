//! A room's hook in what the room decides: its calls are part of the request, and what they come to is appended with it. Takes in,
//! behind the request itself, what of that is the hook's.

mod decisions;
mod outcome;
mod transaction;

pub(super) use self::outcome::{Owed, split};

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    Room,
    requests::{Request, RequestError},
};
use crate::{
    context::NamespaceContext,
    error::{Fault, RoomAskError},
    event::TimerId,
    message::RoomAsk,
    notice::cause,
    ports::RoomHook,
};

/// Questions from elsewhere that wait in one room.
pub(crate) const ASKS_MAX: usize = 128;
/// A timer that the room or its log could not take is taken again.
const TAKEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a room has that has a hook.
pub(super) struct Hooked {
    hook: Arc<dyn RoomHook>,
    asks: Arc<Semaphore>,
    /// A place among the empty rooms that are kept.
    kept: RefCell<Option<OwnedSemaphorePermit>>,
    /// The request itself is taken in, and what the hook came to is not yet.
    is_taking_in: Cell<bool>,
}

/// A question from elsewhere, in its room.
pub(super) struct Asked {
    ask: RoomAsk,
    /// What the hook answered when it was last decided.
    answer: Bytes,
    _place: OwnedSemaphorePermit,
}

impl Asked {
    pub(super) fn refuse(self, refused: RequestError) {
        self.ask.reply.send(Err(refused.into()));
    }
}

impl Hooked {
    pub(super) fn new(hook: Arc<dyn RoomHook>) -> Self {
        Self {
            hook,
            asks: Arc::new(Semaphore::new(ASKS_MAX)),
            kept: RefCell::default(),
            is_taking_in: Cell::new(false),
        }
    }

    /// Whether the room has a place among the empty ones that are kept, or gets one.
    fn keep(&self, room: &Room) -> bool {
        let mut kept = self.kept.borrow_mut();
        if kept.is_none() {
            let NamespaceContext {
                namespace,
                kept_rooms,
                ..
            } = &*room.links.context;
            *kept = kept_rooms.clone().try_acquire_owned().ok();
            if kept.is_none() {
                cause::ROOM_NOT_KEPT.tell(
                    None,
                    None,
                    format_args!(
                        "the room \"{}\" of {namespace} ends, with what its script keeps",
                        room.state.key().name.escape_debug()
                    ),
                );
            }
        }
        kept.is_some()
    }
}

impl Room {
    /// One of so many at a time.
    pub(super) fn hear_ask(&mut self, ask: RoomAsk) -> Option<Request> {
        let Some(hooked) = &self.hooked else {
            ask.reply.send(Err(RoomAskError::NoHook));
            return None;
        };
        let Ok(_place) = hooked.asks.clone().try_acquire_owned() else {
            ask.reply.send(Err(Fault::Full.into()));
            return None;
        };
        let answer = Bytes::new();
        Some(Request::Ask(Box::new(Asked {
            ask,
            answer,
            _place,
        })))
    }

    pub(super) fn hook(&self) -> Option<Arc<dyn RoomHook>> {
        self.hooked.as_ref().map(|hooked| hooked.hook.clone())
    }

    /// Who asked is told what the hook answered.
    pub(super) fn answer(asked: Asked) {
        let Asked {
            ask,
            answer,
            _place: place,
        } = asked;
        drop(place);
        ask.reply.send(Ok(answer));
    }

    /// What is due of the hook's timers waits its turn with all else.
    pub(super) fn due_timers(&mut self) {
        for timer in self.timers.take_due(Instant::now()) {
            self.links.parked.push(Request::Timer(timer));
        }
        self.arm_timers();
    }

    /// It could not be taken, and is due again.
    pub(super) fn timer_again(&mut self, timer: TimerId) {
        let due = Instant::now() + TAKEN_AGAIN_AFTER;
        self.timers.set(timer, due);
        self.arm_timers();
    }

    pub(super) fn arm_timers(&mut self) {
        if let Some(due) = self.timers.wake() {
            self.wake_after(due.saturating_duration_since(Instant::now()));
        }
    }

    /// Whether what the hook came to is still to be taken in.
    pub(super) fn is_taking_in(&self) -> bool {
        let hooked = self.hooked.as_ref();
        hooked.is_some_and(|hooked| hooked.is_taking_in.get())
    }

    /// Whether the hook has something that a room without members is kept for.
    pub(super) fn keeps(&self, hooked: &Hooked) -> bool {
        let script = self.state.script();
        script.has_timers() || script.state().is_some() && hooked.hook.keep_empty()
    }

    /// Whether the room stays while nobody is in it.
    pub(super) fn is_kept(&self) -> bool {
        let Some(hooked) = &self.hooked else {
            return false;
        };
        // These come back to this.
        if self.is_taking_in() || hooked.asks.available_permits() < ASKS_MAX {
            return true;
        }
        match self.state.roster().is_empty() && self.keeps(hooked) {
            true => hooked.keep(self),
            false => {
                hooked.kept.take();
                false
            }
        }
    }

    /// What a crash may have left in between.
    pub(super) fn hook_restarted(&mut self) {
        self.taking_in(false);
        self.timers.disarm();
        self.arm_timers();
    }
}
