//! Scripts: what a host runs inside of rooms, where their order is made. Types here, JSON for messages, patterns for names; the
//! core's hook behind them knows none of these.

mod context;
mod handle;
mod hook;

pub(crate) use self::hook::Scripts;
pub use self::{
    context::{RoomContext, RoomJoin, RoomMember, RoomNotice},
    handle::ScriptHandle,
};

use dondo_actors::error::LeaveReason;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::{Error, Result},
    namespace::Namespace,
    pattern::pattern,
    targets::RoomName,
};

/// What runs inside of the rooms that [`Namespace::room_script`] gives it: it vetoes and alters joins and letters, hears of who
/// comes and goes, keeps state in the room, has timers, and answers [`ScriptHandle::ask`]. It needs no lock: a room is asked one
/// thing after the other.
///
/// Each call is a transaction. What it asks of its [`RoomContext`] happens when the call is over and in the room's log, in the
/// order in which it was asked for, behind what the call was for. After an error or a panic the state is as it was before, and
/// nothing is sent; the room and its members go on.
///
/// It runs on the room's thread, where all rooms of its namespace run, and must not block: one that does is named in the log, as a
/// handler is. A call costs a clone of the state. One call may ask for 1,024 effects and a mebibyte, a room has 64 timers; beyond
/// that the call comes to nothing, and the log says so.
///
/// A room ends when nobody is in it, and its state with it; but it stays while a timer is set, or as long as
/// [`RoomScript::keep_empty`] says. Of a namespace 1,024 empty rooms stay at most. A room that crashes has its state again; one
/// whose thread ends begins anew, as its members come back.
///
/// What is said to several rooms at once, with exceptions, as volatile, with acks asked for, or through a
/// [`NamespaceHandle`](crate::NamespaceHandle) goes past the script. In a namespace by pattern all rooms end with its last client, those
/// with timers and those that stay empty too, unless that has [`Namespace::keep_empty`](crate::Namespace::keep_empty).
///
/// ```
/// use std::time::Duration;
///
/// use dondo::{Error, Namespace, Result, RoomContext, RoomJoin, RoomMember, RoomScript, Socket};
/// use serde::{Deserialize, Serialize};
///
/// /// A quiz: whoever answers first has it, within ten seconds.
/// struct Quiz;
///
/// #[derive(Serialize, Deserialize)]
/// enum Turn {
///     Ask(u32),
///     Answer(String, u32),
///     TimeUp,
/// }
///
/// impl RoomScript for Quiz {
///     type State = Option<u32>;
///     type Message = Turn;
///     type Reply = bool;
///
///     fn joining(&self, asked: &mut Self::State, _: &RoomContext<'_, Self>, _: &mut RoomJoin) -> Result {
///         match asked {
///             Some(_) => Err(Error::new("too_late", "a question is being asked")),
///             None => Ok(()),
///         }
///     }
///
///     fn joined(&self, _: &mut Self::State, room: &RoomContext<'_, Self>, who: &RoomMember) -> Result {
///         room.emit("joined", (who.id(), room.member_count()))?;
///         Ok(())
///     }
///
///     fn message(&self, asked: &mut Self::State, room: &RoomContext<'_, Self>, turn: Turn) -> Result<bool> {
///         match turn {
///             Turn::Ask(sum) => {
///                 *asked = Some(sum);
///                 room.notify_later(Turn::TimeUp, Duration::from_secs(10))?;
///                 room.emit("question", sum)?;
///             }
///             Turn::Answer(who, sum) if *asked == Some(sum) => {
///                 *asked = None;
///                 room.emit("won", who)?;
///                 return Ok(true);
///             }
///             Turn::Answer(..) => {}
///             Turn::TimeUp => {
///                 if asked.take().is_some() {
///                     room.emit("nobody", ())?;
///                 }
///             }
///         }
///         Ok(false)
///     }
/// }
///
/// let quiz = Namespace::new("/quiz")
///     .room_script("quiz:{topic}", Quiz)
///     .on("answer", async |socket: Socket, dondo::Data((room, sum)): dondo::Data<(String, u32)>| {
///         let room = socket.namespace().room(room);
///         let turn = Turn::Answer(socket.id().to_string(), sum);
///         room.script::<Quiz>()?.ask(turn).await
///     });
/// ```
pub trait RoomScript: Sized + Send + Sync + 'static {
    /// What it keeps in a room. A log on disk and other nodes will need it written and read.
    type State: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What it can be asked, and what its timers say.
    type Message: Serialize + DeserializeOwned + Send + 'static;
    /// What it answers.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// The state that a room begins with, before the first call.
    fn open(&self, room: &RoomName) -> Self::State {
        let _ = room;
        Self::State::default()
    }

    /// Whether a room stays, with its state, while nobody is in it; asked when the last one has gone, and not to panic. It then ends
    /// by [`RoomContext::close`].
    fn keep_empty(&self) -> bool {
        false
    }

    /// Somebody wants to join who is not in the room: may it, and how? It is no member yet.
    ///
    /// # Errors
    /// It may not: [`Socket::join`](crate::Socket::join) comes to this error.
    fn joining(
        &self,
        state: &mut Self::State,
        room: &RoomContext<'_, Self>,
        join: &mut RoomJoin,
    ) -> Result {
        let _ = (state, room, join);
        Ok(())
    }

    /// Somebody has joined, and hears what is emitted here.
    ///
    /// # Errors
    /// Go to the log: it has joined all the same.
    fn joined(
        &self,
        state: &mut Self::State,
        room: &RoomContext<'_, Self>,
        who: &RoomMember,
    ) -> Result {
        let _ = (state, room, who);
        Ok(())
    }

    /// Somebody has left, or was sent out by [`RoomContext::kick`]; it hears nothing of this any more.
    ///
    /// # Errors
    /// Go to the log: it is gone all the same.
    fn left(
        &self,
        state: &mut Self::State,
        room: &RoomContext<'_, Self>,
        who: &RoomMember,
        reason: LeaveReason,
    ) -> Result {
        let _ = (state, room, who, reason);
        Ok(())
    }

    /// A socket, which need not be in the room, says something to the room alone: may it be said, and how?
    ///
    /// # Errors
    /// It may not: [`Broadcast::emit`](crate::Broadcast::emit)'s delivery comes to this error.
    fn notifying(
        &self,
        state: &mut Self::State,
        room: &RoomContext<'_, Self>,
        notice: &mut RoomNotice,
    ) -> Result {
        let _ = (state, room, notice);
        Ok(())
    }

    /// The host asks something, or a timer has run down.
    ///
    /// # Errors
    /// [`ScriptHandle::ask`] comes to this error; a timer's goes to the log. `unsupported` where a script does not have this.
    fn message(
        &self,
        state: &mut Self::State,
        room: &RoomContext<'_, Self>,
        message: Self::Message,
    ) -> Result<Self::Reply> {
        let _ = (state, room, message);
        Err(Error::new(
            "unsupported",
            "the script of this room takes no messages",
        ))
    }
}

impl Namespace {
    /// Runs a script in the rooms of these names: of sockets' own, not of the hub's channels and rooms. The pattern is one of
    /// actix-web's routes: `game:{n}` is each room whose name begins so and goes on without a slash, `game:{n:\\d+}` each where a number
    /// follows, `game:{n:.*}` each whatever follows, and
    /// [`RoomContext::capture`] has it. Of several scripts that match, the first runs. What is no pattern is a
    /// [`BuildError::Pattern`](crate::BuildError::Pattern) when the hub is built.
    pub fn room_script<S: RoomScript>(mut self, rooms: &str, script: S) -> Self {
        match pattern(rooms) {
            Ok(rooms) => self.scripts.add(&self.name, rooms, script),
            Err(bad) => self.bad_pattern = Some(bad),
        }
        self
    }
}
