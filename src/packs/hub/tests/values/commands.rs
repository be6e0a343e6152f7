//! What an event asks for, as a value: all that a service is given, and no JSON of the target or the options left in it.

use std::sync::Arc;

use dondo_actors::{
    id::{MemberId, Token},
    message::{Action, HistoryRequest},
};

use super::{
    super::super::{
        command::Command,
        contract::{
            room_options::{Access, AskedOptions},
            target::{RoomTarget, Rules},
        },
    },
    *,
};

const RULES: Rules = Rules {
    name_bytes_max: 8,
    strict: false,
};

fn read(event: &str, args: &str) -> Result<Command, Code> {
    let read = Command::read(event, &said(args, &[]).into(), RULES, true);
    read.map(|(command, _)| command).map_err(|fault| fault.code)
}

fn target(room: &str, channel: Option<&str>) -> RoomTarget {
    RoomTarget {
        room: room.into(),
        channel: channel.map(Arc::from),
    }
}

/// An event that is read as another's command, or whose fields are lost on the way.
#[test]
fn each_event_is_one_command_with_its_target_and_its_options() {
    let lobby: Arc<str> = "lobby".into();
    let history = Some(HistoryRequest {
        since: Token::parse("a-1"),
        count: 20,
        bytes: usize::MAX,
        cut: false,
    });
    for (event, args, command) in [
        (
            "join-channel",
            r#"{"data":{"roomChannel":"lobby","history":20,"since":"a-1"}}"#,
            Command::JoinChannel {
                channel: lobby.clone(),
                history: history.clone(),
            },
        ),
        (
            "join-room",
            r#"{"data":{"roomId":7,"roomChannel":"lobby","capacity":2,"access":"invite","invite":["ama"]}}"#,
            Command::JoinRoom {
                target: target("7", Some("lobby")),
                options: AskedOptions {
                    capacity: Some(2),
                    access: Some(Access::Invite),
                    invite: vec!["ama".into()],
                    ..AskedOptions::default()
                },
                history: None,
            },
        ),
        ("leave-channel", "", Command::LeaveChannel { channel: None }),
        (
            "leave-room",
            r#""den""#,
            Command::LeaveRoom {
                target: target("den", None),
            },
        ),
        (
            "lobby",
            r#""hi""#,
            Command::NotifyChannel { channel: lobby },
        ),
        (
            "notify-room",
            r#""hi","den""#,
            Command::NotifyRoom {
                target: target("den", None),
            },
        ),
        (
            "invite-room",
            r#"{"data":{"roomId":"den","invite":["ama"]}}"#,
            Command::Manage {
                target: target("den", None),
                action: Action::Invite(vec!["ama".into()]),
            },
        ),
        (
            "kick-room",
            r#"{"data":{"roomId":"den","kick":["ama"]}}"#,
            Command::Manage {
                target: target("den", None),
                action: Action::Kick(vec![MemberId::new("ama")]),
            },
        ),
        (
            "lock-room",
            r#"{"data":{"roomId":"den","locked":false}}"#,
            Command::Manage {
                target: target("den", None),
                action: Action::Lock(false),
            },
        ),
    ] {
        assert_eq!(read(event, args), Ok(command), "{event} {args}");
    }
}

/// What cannot be read reaches no service, whatever state its sender is in.
#[test]
fn what_cannot_be_read_is_no_command() {
    for (event, args, code) in [
        ("join-channel", "", Code::MissingChannel),
        (
            "join-channel",
            r#"{"data":{"roomChannel":"a","history":-1}}"#,
            Code::BadPayload,
        ),
        (
            "join-room",
            r#"{"data":{"roomId":"r","invite":[" a"]}}"#,
            Code::InvalidName,
        ),
        ("leave-room", "", Code::MissingRoom),
        ("notify-room", "null,1", Code::BadPayload),
        (
            "invite-room",
            r#"{"data":{"roomId":"r"}}"#,
            Code::BadPayload,
        ),
        (
            "kick-room",
            r#"{"data":{"roomId":"r","kick":"a"}}"#,
            Code::BadPayload,
        ),
        (
            "lock-room",
            r#"{"data":{"roomId":"r","locked":1}}"#,
            Code::BadPayload,
        ),
        ("too long a name", r#""hi""#, Code::InvalidName),
        (
            "lobby",
            r#"{"message":1,"source":{"userName":" "}}"#,
            Code::InvalidName,
        ),
    ] {
        assert_eq!(read(event, args), Err(code), "{event} {args}");
    }
}
