//! A hook for test worlds, which does what it is told in words: by the name of a joiner, the arguments of a letter, or a message.
//! Commands stand behind each other with `;` between: `emit X`, `tell WHO X`, `transfer WHO ROOM`, `kick WHO`, `later MS COMMANDS`
//! (with `,` for `;`), `cancel`, `close`, `state`, `members`, `emit-members`, `random`, `veto`, `panic`, `emits N`, `timers N`, `forever`,
//! `on-left COMMANDS` (with `,` for `;`). The state is what it was told, a text.

use std::{cell::Cell, sync::Arc, time::Duration};

use bytes::Bytes;

use super::wire::content;
use crate::{
    error::Veto,
    event::{ScriptState, TimerId},
    id::{Kind, MemberId, RoomKey},
    ports::{HookCall, HookRoom, RoomHook, RoomHooks},
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// How many calls there were since the last time that this was asked, also of those that came to nothing.
pub(crate) fn calls() -> usize {
    CALLS.take()
}

/// A hook in every room but those named `plain`; those named `kept` stay while nobody is in them.
pub(crate) struct TextHooks;

struct TextHook {
    keep_empty: bool,
}

/// What it has in a room.
#[derive(Clone, Default)]
struct Told {
    calls: Vec<String>,
    on_left: String,
    timer: Option<TimerId>,
}

impl RoomHooks for TextHooks {
    fn of(&self, room: &RoomKey) -> Option<Arc<dyn RoomHook>> {
        let keep_empty = &*room.name == "kept" || room.name.starts_with("kept ");
        (&*room.name != "plain").then(|| Arc::new(TextHook { keep_empty }) as _)
    }
}

impl RoomHook for TextHook {
    fn call(
        &self,
        state: Option<&ScriptState>,
        room: &HookRoom<'_>,
        call: HookCall<'_>,
    ) -> Result<ScriptState, Veto> {
        CALLS.set(CALLS.get() + 1);
        let told = state.and_then(|state| state.0.downcast_ref::<Told>());
        let mut told = told.cloned().unwrap_or_default();
        match call {
            HookCall::Joining(join) => {
                let name = join.member.user.clone().unwrap_or_default();
                told.calls.push(format!("joining {name}"));
                if let Some(other) = name.strip_prefix("as ") {
                    join.member.user = Some(other.into());
                } else if let Some(capacity) = name.strip_prefix("for ") {
                    join.capacity = capacity.parse().ok();
                } else if let Some(commands) = name.strip_prefix("joining ") {
                    told.obey(room, commands)?;
                }
            }
            HookCall::Joined(member) => {
                let name = member.user.clone().unwrap_or_default();
                told.calls.push(format!("joined {name}"));
                if let Some(commands) = name.strip_prefix("joined ") {
                    told.obey(room, commands)?;
                }
            }
            HookCall::Left(member, reason) => {
                told.calls
                    .push(format!("left {} {}", member.id, reason.as_str()));
                let commands = told.on_left.replace(',', ";");
                told.obey(room, &commands)?;
            }
            HookCall::Notifying(_, said) => {
                let text = String::from_utf8_lossy(&said.args).into_owned();
                told.calls.push(format!("notifying {text}"));
                if let Some(other) = text.strip_prefix("alter ") {
                    *said = content("say", other);
                } else if let Some(commands) = text.strip_prefix("do ") {
                    told.obey(room, commands)?;
                }
            }
            HookCall::Due(message) => {
                let text = String::from_utf8_lossy(message);
                told.calls.push(format!("message {text}"));
                told.obey(room, &text)?;
            }
            HookCall::Message(message, reply) => {
                let text = String::from_utf8_lossy(message);
                told.calls.push(format!("message {text}"));
                *reply = told.obey(room, &text)?.into();
            }
        }
        Ok(ScriptState(Arc::new(told)))
    }

    fn keep_empty(&self) -> bool {
        self.keep_empty
    }
}

impl Told {
    fn obey(&mut self, room: &HookRoom<'_>, commands: &str) -> Result<String, Veto> {
        let mut answer = String::new();
        for command in commands.split(';') {
            let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
            let (who, what) = rest.split_once(' ').unwrap_or((rest, ""));
            let number = || who.parse().unwrap_or_default();
            let id = MemberId::new(who);
            match word {
                "emit" => {
                    let _ = room.emit(content("hook", rest));
                }
                "tell" => {
                    let _ = room.emit_to(&id, content("hook", what));
                }
                "transfer" => {
                    let _ = room.transfer(
                        &id,
                        RoomKey {
                            kind: Kind::Plain,
                            name: what.into(),
                        },
                    );
                }
                "kick" => {
                    let _ = room.kick(&id);
                }
                "later" => {
                    let message = Bytes::from(what.replace(',', ";"));
                    self.timer = room
                        .notify_later(message, Duration::from_millis(number()))
                        .ok();
                }
                "cancel" => {
                    if let Some(timer) = self.timer.take() {
                        let _ = room.cancel(timer);
                    }
                }
                "close" => {
                    let _ = room.close();
                }
                "state" => answer = self.calls.join("|"),
                "emit-members" => {
                    let members = room.members().map(|member| member.id.to_string());
                    let members: Vec<_> = members.collect();
                    let _ = room.emit(content("hook", &members.join("|")));
                }
                "members" => {
                    let members = room.members().map(|member| member.id.to_string());
                    let members: Vec<_> = members.collect();
                    assert_eq!(members.len(), room.member_count());
                    answer = members.join("|");
                }
                "random" => answer = room.random().to_string(),
                "on-left" => self.on_left = rest.into(),
                "veto" => {
                    return Err(Veto {
                        code: "no".into(),
                        message: rest.into(),
                        data: None,
                    });
                }
                "panic" => std::panic::resume_unwind(Box::new("a hook panics")),
                "emits" => (0..number()).for_each(|_| {
                    let _ = room.emit(content("hook", "x"));
                }),
                "forever" => loop {
                    let _ = room.emit(content("hook", "x"));
                },
                "timers" => (0..number()).for_each(|_| {
                    let _ = room.notify_later(Bytes::new(), Duration::from_secs(60));
                }),
                _ => {}
            }
        }
        Ok(answer)
    }
}
