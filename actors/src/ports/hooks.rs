//! What an application runs inside of rooms: asked while something is decided there, on the room's thread. It changes nothing by
//! itself: what it comes to is decided with the request, and happens when the log has it.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    panic::resume_unwind,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::IdGenerator;
use crate::{
    error::{LeaveReason, Veto},
    event::{Joined, ScriptState, TimerId},
    id::{MemberId, RoomKey},
    letter::Content,
    state::roster::Roster,
};

/// What one call may lead to: so many effects,
pub const EFFECTS_MAX: usize = 1024;
/// and so many bytes of them.
pub const EFFECT_BYTES_MAX: usize = 1 << 20;
/// Timers that one room has at a time.
pub const TIMERS_MAX: usize = 64;
/// The longest time of a timer.
pub const TIMER_TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// What counts for an effect beside its bytes.
const EFFECT: usize = 64;

/// Which rooms of a namespace have a hook.
pub trait RoomHooks: Send + Sync + 'static {
    /// The hook of a room, asked once as the room is made.
    fn of(&self, room: &RoomKey) -> Option<Arc<dyn RoomHook>>;
}

/// What an application runs inside of a room. A call is a transaction: after an error or a panic nothing has happened.
pub trait RoomHook: Send + Sync + 'static {
    /// Decides on the state that it has, none before the first call; the state from then on.
    ///
    /// # Errors
    /// What is asked does not happen: of a join, a letter and a message the asker is told. Who has joined or left has
    /// done so all the same.
    fn call(
        &self,
        state: Option<&ScriptState>,
        room: &HookRoom<'_>,
        call: HookCall<'_>,
    ) -> Result<ScriptState, Veto>;

    /// Whether the room stays, with the state, while nobody is in it.
    fn keep_empty(&self) -> bool {
        false
    }
}

/// What a hook is asked, or told.
pub enum HookCall<'a> {
    /// Somebody wants to join who is not in the room. It may be altered.
    Joining(&'a mut HookedJoin),
    /// Somebody is in the room from now on.
    Joined(&'a HookMember),
    /// Somebody is in it no more.
    Left(&'a HookMember, LeaveReason),
    /// Somebody, who need not be in the room, wants to say something. It may be altered.
    Notifying(&'a MemberId, &'a mut Content),
    /// From elsewhere: takes the answer.
    Message(&'a Bytes, &'a mut Bytes),
    /// The message of a timer whose time has come.
    Due(&'a Bytes),
}

/// A member of a room, as its hook sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookMember {
    /// The public id.
    pub id: MemberId,
    /// The account, if somebody is logged in.
    pub account: Option<Arc<str>>,
    /// The name to show.
    pub user: Option<Arc<str>>,
}

impl From<&Joined> for HookMember {
    fn from(joined: &Joined) -> Self {
        Self {
            id: joined.member.clone(),
            account: joined.account.clone(),
            user: joined.user.clone(),
        }
    }
}

/// A join, as a hook may alter it.
#[derive(Clone, Debug)]
pub struct HookedJoin {
    /// Who: its name may be another.
    pub member: HookMember,
    /// How many the room is to hold, where this join makes it.
    pub capacity: Option<usize>,
}

/// The call was to lead to more than it may: see [`EFFECTS_MAX`], [`EFFECT_BYTES_MAX`], [`TIMERS_MAX`]. Nothing of it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectsFull;

/// The room, as one call of its hook sees it; takes what the call is to lead to.
pub struct HookRoom<'a> {
    pub(crate) key: &'a RoomKey,
    pub(crate) roster: &'a Roster,
    /// Who is in since this transaction began.
    pub(crate) came: Option<HookMember>,
    /// And who is no more.
    pub(crate) gone: &'a BTreeSet<MemberId>,
    pub(crate) now: SystemTime,
    pub(crate) ids: &'a dyn IdGenerator,
    pub(crate) effects: RefCell<HookEffects>,
}

/// What a call is to lead to, in order.
#[derive(Debug, Default)]
pub(crate) struct HookEffects {
    pub(crate) list: Vec<HookEffect>,
    /// Those that are set, with those of earlier calls.
    pub(crate) timers: BTreeSet<TimerId>,
    pub(crate) last_timer: TimerId,
    pub(crate) over: bool,
    bytes: usize,
    asked: usize,
}

#[derive(Debug)]
pub(crate) enum HookEffect {
    Emit(Content),
    Tell(MemberId, Content),
    Transfer(MemberId, RoomKey),
    Kick(MemberId),
    SetTimer(TimerId, Duration, Bytes),
    Cancel(TimerId),
    Close,
}

impl HookEffects {
    pub(crate) fn new(timers: BTreeSet<TimerId>, last_timer: TimerId) -> Self {
        Self {
            timers,
            last_timer,
            ..Self::default()
        }
    }

    fn push(&mut self, effect: HookEffect, bytes: usize) -> Result<(), EffectsFull> {
        self.asked += 1;
        self.bytes += EFFECT + bytes;
        self.over |= self.asked > EFFECTS_MAX || self.bytes > EFFECT_BYTES_MAX;
        if self.asked > 2 * EFFECTS_MAX {
            // A loop that does not look at what it is told has no other end.
            resume_unwind(Box::new("a hook asks for effects without end"));
        }
        match self.over {
            true => Err(EffectsFull),
            false => {
                self.list.push(effect);
                Ok(())
            }
        }
    }
}

impl HookRoom<'_> {
    /// Which room it is.
    pub fn key(&self) -> &RoomKey {
        self.key
    }

    /// What the clock of the wall says.
    pub fn now(&self) -> SystemTime {
        self.now
    }

    /// The members, those longest in first.
    pub fn members(&self) -> impl Iterator<Item = HookMember> {
        let seated = self.roster.in_order(&None);
        let seated = seated.map(|(id, membership)| HookMember {
            id: id.clone(),
            account: membership.account.clone(),
            user: membership.user.clone(),
        });
        let members = seated.chain(self.came.clone());
        members.filter(|member| !self.gone.contains(&member.id))
    }

    /// How many they are.
    pub fn member_count(&self) -> usize {
        let came = self.came.iter();
        let came = came.filter(|came| !self.gone.contains(&came.id)).count();
        let gone = self.gone.iter();
        let gone = gone.filter(|gone| self.roster.get(gone).is_some()).count();
        self.roster.len() + came - gone
    }

    /// Something that nobody can guess, out of the port that makes ids.
    ///
    /// # Panics
    /// The system has no randomness to give.
    pub fn random(&self) -> u64 {
        let Some(id) = self.ids.member_id() else {
            resume_unwind(Box::new("the system has no randomness to give"));
        };
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    }

    /// Says something to all who are in the room then.
    ///
    /// # Errors
    /// The call leads to too much.
    pub fn emit(&self, content: Content) -> Result<(), EffectsFull> {
        let bytes = content.len();
        self.push(HookEffect::Emit(content), bytes)
    }

    /// Says something to one member.
    ///
    /// # Errors
    /// As [`HookRoom::emit`].
    pub fn emit_to(&self, member: &MemberId, content: Content) -> Result<(), EffectsFull> {
        let bytes = content.len();
        self.push(HookEffect::Tell(member.clone(), content), bytes)
    }

    /// Has a member leave this room and join another, by its session: one who is gone never arrives.
    ///
    /// # Errors
    /// As [`HookRoom::emit`].
    pub fn transfer(&self, member: &MemberId, to: RoomKey) -> Result<(), EffectsFull> {
        let bytes = to.name.len();
        self.push(HookEffect::Transfer(member.clone(), to), bytes)
    }

    /// Sends a member out.
    ///
    /// # Errors
    /// As [`HookRoom::emit`].
    pub fn kick(&self, member: &MemberId) -> Result<(), EffectsFull> {
        self.push(HookEffect::Kick(member.clone()), 0)
    }

    /// The hook hears a message after a time, a day at most.
    ///
    /// # Errors
    /// As [`HookRoom::emit`], or the room has too many timers.
    pub fn notify_later(&self, message: Bytes, after: Duration) -> Result<TimerId, EffectsFull> {
        let mut effects = self.effects.borrow_mut();
        if effects.timers.len() >= TIMERS_MAX {
            effects.over = true;
        }
        effects.last_timer = effects.last_timer.next();
        let id = effects.last_timer;
        let bytes = message.len();
        let timer = HookEffect::SetTimer(id, after.min(TIMER_TIME_MAX), message);
        effects.push(timer, bytes)?;
        effects.timers.insert(id);
        Ok(id)
    }

    /// Takes a timer back. One that is over is none.
    ///
    /// # Errors
    /// As [`HookRoom::emit`].
    pub fn cancel(&self, timer: TimerId) -> Result<(), EffectsFull> {
        let mut effects = self.effects.borrow_mut();
        if !effects.timers.remove(&timer) {
            return Ok(());
        }
        effects.push(HookEffect::Cancel(timer), 0)
    }

    /// All leave, without a word to the hook; its state and its timers end.
    ///
    /// # Errors
    /// As [`HookRoom::emit`].
    pub fn close(&self) -> Result<(), EffectsFull> {
        self.push(HookEffect::Close, 0)
    }

    fn push(&self, effect: HookEffect, bytes: usize) -> Result<(), EffectsFull> {
        self.effects.borrow_mut().push(effect, bytes)
    }
}
