//! Scripts that do as they are told, and a world with rooms for them.

use std::{collections::BTreeMap, time::Duration};

use dondo_actors::{error::LeaveReason, event::TimerId, id::MemberId as SocketId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::io::{
    Data, EmitError, Error, Namespace, OrFail, Result, RoomContext, RoomJoin, RoomMember, RoomName,
    RoomNotice, RoomScript, Socket, Value, tests::world::World,
};

/// Its state is what it was told, and it does as it is told.
pub(super) struct Told;

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Calls {
    calls: Vec<String>,
    timer: Option<TimerId>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Do {
    /// What it was told.
    Calls,
    Emit(Vec<String>),
    EmitTo(SocketId, String),
    Later(Box<Do>, u64),
    Cancel,
    Kick(SocketId),
    Transfer(SocketId, RoomName),
    Close,
    Fail,
    Panic,
    Overrun,
    /// What the room is.
    Room,
    /// A key that JSON does not take.
    Unwritable(BTreeMap<Vec<u8>, u8>),
}

impl RoomScript for Told {
    type State = Calls;
    type Message = Do;
    type Reply = Vec<String>;

    fn open(&self, room: &RoomName) -> Calls {
        Calls {
            calls: vec![format!("open {room}")],
            timer: None,
        }
    }

    fn joining(
        &self,
        state: &mut Calls,
        room: &RoomContext<'_, Self>,
        join: &mut RoomJoin,
    ) -> Result {
        if room.capture("what") == Some("closed") {
            state.calls.push("never".into());
            return Err(Error::new("closed", "come back tomorrow").with_data(json!({"at": 9})));
        }
        join.set_capacity(2);
        join.set_name("somebody");
        Ok(())
    }

    fn joined(&self, state: &mut Calls, room: &RoomContext<'_, Self>, who: &RoomMember) -> Result {
        let (id, count) = (who.id(), room.member_count());
        let name = who.name().or_fail("internal", "it has none")?;
        room.emit("joined", (id, count))?;
        state.calls.push(format!("joined {name}"));
        Ok(())
    }

    fn left(
        &self,
        state: &mut Calls,
        room: &RoomContext<'_, Self>,
        who: &RoomMember,
        reason: LeaveReason,
    ) -> Result {
        state.calls.push(format!("left {}", reason.as_str()));
        room.emit("left", who.id())?;
        Ok(())
    }

    fn notifying(
        &self,
        state: &mut Calls,
        _: &RoomContext<'_, Self>,
        notice: &mut RoomNotice,
    ) -> Result {
        let text: Value = notice.data()?;
        state.calls.push(format!("notifying {}", notice.event()));
        if notice.event() == "rude" {
            return Err(Error::new("rude", "not here"));
        }
        let (from, event) = (notice.from().clone(), format!("{} again", notice.event()));
        notice.replace(&event, (from, text))?;
        Ok(())
    }

    fn message(
        &self,
        state: &mut Calls,
        room: &RoomContext<'_, Self>,
        message: Do,
    ) -> Result<Vec<String>> {
        let calls = state.calls.clone();
        state.calls.push("message".into());
        match message {
            Do::Calls => return Ok(calls),
            Do::Emit(texts) => {
                for text in texts {
                    room.emit("emitted", text)?;
                }
            }
            Do::EmitTo(who, text) => room.emit_to(&who, "emitted", text)?,
            Do::Later(then, millis) => {
                let after = Duration::from_millis(millis);
                state.timer = Some(room.notify_later(*then, after)?);
            }
            Do::Cancel => {
                if let Some(timer) = state.timer.take() {
                    room.cancel(timer);
                }
            }
            Do::Kick(who) => room.kick(&who),
            Do::Transfer(who, to) => room.transfer(&who, to),
            Do::Close => room.close(),
            Do::Fail => {
                room.emit("emitted", "never")?;
                return Err(Error::new("no", "it does not want to").with_data([1, 2]));
            }
            Do::Panic => {
                room.emit("emitted", "never")?;
                std::panic::resume_unwind(Box::new("a script panics"));
            }
            Do::Overrun => {
                while room.emit("emitted", "never").is_ok() {}
                assert_eq!(room.emit("emitted", 1), Err(EmitError::Overrun));
            }
            Do::Room => {
                let members = room.members().map(|member| member.id().to_string());
                let room = [
                    room.name().to_string(),
                    format!("{:?}", room.capture("what")),
                ];
                return Ok(room.into_iter().chain(members).collect());
            }
            Do::Unwritable(_) => {}
        }
        Ok(Vec::new())
    }
}

/// Another one, which stays.
pub(super) struct Staying;

impl RoomScript for Staying {
    type State = u32;
    type Message = ();
    type Reply = u32;

    fn keep_empty(&self) -> bool {
        true
    }

    fn joined(&self, joins: &mut u32, _: &RoomContext<'_, Self>, _: &RoomMember) -> Result {
        *joins += 1;
        Ok(())
    }

    fn message(&self, joins: &mut u32, _: &RoomContext<'_, Self>, (): ()) -> Result<u32> {
        Ok(*joins)
    }
}

/// A script that has nothing of its own.
pub(super) struct Silent;

impl RoomScript for Silent {
    type State = ();
    type Message = ();
    type Reply = ();
}

pub(super) fn world() -> World {
    let namespace = Namespace::new("/")
        .room_script("kept", Staying)
        .room_script("silent:{n:\\d+}", Silent)
        .room_script("told:{what}", Told)
        .room_script("{what}:never", Silent)
        .on(
            "join",
            async |socket: Socket, Data(room): Data<RoomName>| {
                socket.join(room).await?;
                Ok("in")
            },
        )
        .on(
            "leave",
            async |socket: Socket, Data(room): Data<RoomName>| {
                socket.leave(room).await;
                Ok("out")
            },
        )
        .on("rooms", async |socket: Socket| Ok(socket.rooms()))
        .on(
            "say",
            async |socket: Socket, Data((room, event, data)): Data<(RoomName, String, Value)>| {
                let said = socket.to(room).emit(&event, data)?.await?;
                Ok(said.recipients)
            },
        )
        .on(
            "do",
            async |socket: Socket, Data((room, what)): Data<(RoomName, Do)>| {
                let room = socket.namespace().room(room);
                room.script::<Told>()?.ask(what).await
            },
        );
    World::of([namespace])
}
