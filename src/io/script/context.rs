//! What a script sees of its room, and what it asks to happen there.

use std::{
    fmt,
    marker::PhantomData,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use dondo_actors::{
    event::TimerId,
    id::{MemberId as SocketId, RoomKey},
    letter::Content,
    ports::{EffectsFull, HookMember, HookRoom, HookedJoin},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{RoomScript, hook::Captures};
use crate::io::{
    arguments::{self, Arguments},
    error::{BadArguments, EmitError},
    targets::RoomName,
};

/// The room of a [`RoomScript`], for one call.
pub struct RoomContext<'a, S> {
    room: &'a HookRoom<'a>,
    captures: &'a Captures,
    script: PhantomData<fn() -> S>,
}

/// A member of a room, as its script sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMember(HookMember);

/// A join, as a script may alter it.
#[derive(Debug)]
pub struct RoomJoin(HookedJoin);

/// Something that is said to a room, as its script may alter it.
#[derive(Debug)]
pub struct RoomNotice {
    from: SocketId,
    content: Content,
}

impl<S> fmt::Debug for RoomContext<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomContext")
            .field("name", &self.room.key().name)
            .finish_non_exhaustive()
    }
}

impl<'a, S: RoomScript> RoomContext<'a, S> {
    pub(super) fn new(room: &'a HookRoom<'a>, captures: &'a Captures) -> Self {
        Self {
            room,
            captures,
            script: PhantomData,
        }
    }

    /// The room's name.
    pub fn name(&self) -> RoomName {
        self.room.key().name.clone().into()
    }

    /// What stands in the room's name for a parameter of the script's pattern.
    pub fn capture(&self, parameter: &str) -> Option<&str> {
        let mut captures = self.captures.iter();
        let capture = captures.find(|(name, _)| name == parameter);
        capture.map(|(_, value)| value.as_str())
    }

    /// Who is in the room, the longest member first.
    pub fn members(&self) -> impl Iterator<Item = RoomMember> {
        self.room.members().map(RoomMember)
    }

    /// How many they are.
    pub fn member_count(&self) -> usize {
        self.room.member_count()
    }

    /// What the hub's clock says.
    pub fn now(&self) -> SystemTime {
        self.room.now()
    }

    /// A number that nobody can guess, as ids are made; for games, not for keys.
    pub fn random(&self) -> u64 {
        self.room.random()
    }

    /// Says something to all who are in the room then.
    ///
    /// # Errors
    /// It cannot be made an event, or the call asks for too much.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        Ok(self.room.emit(arguments::content(event, &data)?)?)
    }

    /// Says something to one member. Who is gone by then is no error.
    ///
    /// # Errors
    /// As [`RoomContext::emit`].
    pub fn emit_to(
        &self,
        member: &SocketId,
        event: &str,
        data: impl Serialize,
    ) -> Result<(), EmitError> {
        let content = arguments::content(event, &data)?;
        Ok(self.room.emit_to(member, content)?)
    }

    /// Has a member leave this room and join another, by its own connection: one who is gone never arrives. If the other room
    /// does not let it in, it is in neither.
    pub fn transfer(&self, member: &SocketId, to: impl Into<RoomName>) {
        // Too much fails the whole call.
        let _ = self.room.transfer(member, RoomKey::plain(to.into()));
    }

    /// Sends a member out; [`RoomScript::left`] hears of it when this call is over.
    pub fn kick(&self, member: &SocketId) {
        let _ = self.room.kick(member);
    }

    /// [`RoomScript::message`] hears this after a time, a day at most.
    ///
    /// # Errors
    /// The message cannot be written as JSON, or the call asks for too much, or the room for too many timers.
    pub fn notify_later(&self, message: S::Message, after: Duration) -> Result<TimerId, EmitError> {
        Ok(self.room.notify_later(written(&message)?, after)?)
    }

    /// Takes a timer back. One that has run down is none any more.
    pub fn cancel(&self, timer: TimerId) {
        let _ = self.room.cancel(timer);
    }

    /// All leave, and no script is called for it; the state and the timers end. Whoever joins next finds a new room.
    pub fn close(&self) {
        let _ = self.room.close();
    }
}

impl From<EffectsFull> for EmitError {
    fn from(_: EffectsFull) -> Self {
        Self::Overrun
    }
}

impl RoomMember {
    pub(super) fn new(member: &HookMember) -> Self {
        Self(member.clone())
    }

    /// Its id, which is its socket's.
    pub fn id(&self) -> &SocketId {
        &self.0.id
    }

    /// The account, if somebody is logged in.
    pub fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// The name that [`RoomJoin::set_name`] gave it.
    pub fn name(&self) -> Option<&str> {
        self.0.user.as_deref()
    }
}

impl RoomJoin {
    pub(super) fn new(join: &HookedJoin) -> Self {
        Self(join.clone())
    }

    pub(super) fn altered(self) -> HookedJoin {
        self.0
    }

    /// Who wants to join.
    pub fn id(&self) -> &SocketId {
        &self.0.member.id
    }

    /// The account, if somebody is logged in.
    pub fn account(&self) -> Option<&str> {
        self.0.member.account.as_deref()
    }

    /// The name that the room knows it by.
    pub fn set_name(&mut self, name: &str) {
        self.0.member.user = Some(name.into());
    }

    /// How many the room is to hold, if this join makes it: who comes beyond is refused with `room_full`.
    pub fn set_capacity(&mut self, members: usize) {
        self.0.capacity = Some(members);
    }
}

impl RoomNotice {
    pub(super) fn new(from: &SocketId, content: &Content) -> Self {
        Self {
            from: from.clone(),
            content: content.clone(),
        }
    }

    pub(super) fn altered(self) -> Content {
        self.content
    }

    /// Who says it.
    pub fn from(&self) -> &SocketId {
        &self.from
    }

    /// The event's name.
    pub fn event(&self) -> &str {
        &self.content.name
    }

    /// Its arguments: as many as a tuple has, else the first.
    ///
    /// # Errors
    /// They are not what is read.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, BadArguments> {
        let arguments = Arguments::from(self.content.clone());
        arguments.read(0).map(|(data, _)| data)
    }

    /// Something else is said.
    ///
    /// # Errors
    /// It cannot be made an event.
    pub fn replace(&mut self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.content = arguments::content(event, &data)?;
        Ok(())
    }
}

/// A message or a reply as it travels.
pub(super) fn written(data: &impl Serialize) -> Result<Bytes, EmitError> {
    let text = serde_json::to_vec(data);
    let text = text.map_err(|error| EmitError::Unwritable(error.to_string()))?;
    Ok(text.into())
}
