//! What ChatHub's methods become, and what its clients see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;

use super::{
    super::{
        command::{Command, Place},
        contract::{
            normal_form::{ClientIdPolicy, Stamp},
            target::Rules,
        },
        render,
    },
    *,
};

fn content(name: &str, args: &str) -> Content {
    Content {
        name: name.into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

fn call(hub: &mut ChatHub, method: &str, args: &str) -> Content {
    let called = hub.call(content(method, args)).unwrap();
    assert_eq!(called.before, None);
    called.event
}

/// A client that is in a room.
fn chatting() -> ChatHub {
    let mut hub = ChatHub::new(64);
    call(&mut hub, "JoinRoom", r#""r1""#);
    hub
}

/// Fails if a call with a million arguments is read to its end: what stands behind the first few is not looked at.
#[test]
fn of_far_too_many_arguments_the_first_few_are_read() {
    let mut hub = ChatHub::new(64);
    let mut refused = |method, args: &str| {
        let failure = hub.call(content(method, args)).unwrap_err();
        String::from_utf8(failure.to_vec()).unwrap()
    };
    let many = format!("{}}}", "1,".repeat(16));
    for (method, args, words) in [
        (
            "JoinRoom",
            &*many,
            "16 or more argument(s) but target expects 1.",
        ),
        (
            "SendMessage",
            &many,
            "16 or more argument(s) but target expects 3.",
        ),
        (
            "SendMessage",
            "1, 2",
            "provides 2 argument(s) but target expects 3.",
        ),
        (
            "SendMessage",
            "1,2,3,4",
            "provides 4 argument(s) but target expects 3.",
        ),
        (
            "JoinRoom",
            " ",
            "provides 0 argument(s) but target expects 1.",
        ),
    ] {
        let said = refused(method, args);
        assert!(said.contains(words), "{said}");
    }
    for args in [r#""a"}"#, r#""a","#, r#""a" "b""#, ","] {
        let said = refused("JoinRoom", args);
        assert!(said.contains("not valid JSON"), "{args}: {said}");
    }
}

/// Fails if a method is found in one case alone, or is another event.
#[test]
fn the_three_methods_are_the_packs_events_in_any_case() {
    for (join, leave, send) in [
        ("JoinRoom", "LeaveRoom", "SendMessage"),
        ("joinroom", "LEAVEROOM", "sendMessage"),
    ] {
        let mut hub = ChatHub::new(64);
        assert_eq!(
            call(&mut hub, join, r#""r\u0031""#),
            content(
                "join-channel",
                r#"{"data":{"roomChannel":"r1"},"source":{"userName":null}}"#
            )
        );
        assert_eq!(
            call(&mut hub, send, r#""r1","bob",{"a":1.0}"#),
            content(
                "r1",
                r#"{"data":{"message":{"a":1.0},"roomChannel":"r1"},"source":{"userName":"bob"}}"#
            )
        );
        assert_eq!(
            call(&mut hub, send, r#""r1",null,"hi""#),
            content(
                "r1",
                r#"{"data":{"message":"hi","roomChannel":"r1"},"source":{"userName":null}}"#
            )
        );
        assert_eq!(
            call(&mut hub, leave, r#""r1""#),
            content(
                "leave-channel",
                r#"{"data":{"roomChannel":"r1"},"source":{"userName":null}}"#
            )
        );
    }
}

/// Fails if the tutorial's page, which joins nothing, does not see its own line; or if who says where it is, is moved.
#[test]
fn who_speaks_before_it_has_joined_joins_first_and_once() {
    let mut hub = ChatHub::new(64);
    let called = hub
        .call(content("SendMessage", r#""r1","bob","hi""#))
        .unwrap();
    let join = r#"{"data":{"roomChannel":"r1"},"source":{"userName":"bob"}}"#;
    assert_eq!(called.before, Some(content("join-channel", join)));
    assert_eq!(&*called.event.name, "r1");
    call(&mut hub, "SendMessage", r#""r2","bob","hi""#);
}

/// Fails if the pack's own events cannot be called, or what it tells can.
#[test]
fn the_packs_commands_pass_and_no_other_method_exists() {
    let mut hub = chatting();
    let passed = call(&mut hub, "Notify-Room", r#"{"x":1}"#);
    assert_eq!(passed, content("notify-room", r#"{"x":1}"#));
    for method in [
        "r1",
        "hub-error",
        "online-users",
        "disconnect",
        "",
        "JoinRoom ",
    ] {
        let failure = hub.call(content(method, r#""r1""#)).unwrap_err();
        let failure: serde_json::Value = serde_json::from_slice(&failure).unwrap();
        assert_eq!(failure["code"], "unknown_event", "{method}");
    }
}

/// Fails if a call that the pack cannot have goes on to it, or its fault does not say what is wrong.
#[test]
fn wrong_counts_types_and_names_are_faults_that_say_which() {
    for (method, args, code, message) in [
        (
            "JoinRoom",
            "",
            "bad_payload",
            "provides 0 argument(s) but target expects 1.",
        ),
        (
            "SendMessage",
            r#""r1","bob""#,
            "bad_payload",
            "provides 2 argument(s)",
        ),
        (
            "LeaveRoom",
            r#""r1","x""#,
            "bad_payload",
            "provides 2 argument(s)",
        ),
        ("JoinRoom", "7", "bad_payload", "'room'"),
        ("JoinRoom", r#"{"data":{}}"#, "bad_payload", "'room'"),
        (
            "SendMessage",
            r#""r1",["bob"],"hi""#,
            "bad_payload",
            "'user'",
        ),
        ("SendMessage", r#""r1","","hi""#, "", ""),
        (
            "SendMessage",
            r#""r1"," bob","hi""#,
            "invalid_name",
            "a user name",
        ),
        (
            "SendMessage",
            r#""join-room","bob","hi""#,
            "reserved_name",
            "join-room",
        ),
        ("JoinRoom", r#""disconnect""#, "reserved_name", "disconnect"),
        // As where the other events name none.
        ("JoinRoom", r#""""#, "missing_channel", "nothing names"),
        (
            "SendMessage",
            r#""","bob","hi""#,
            "missing_channel",
            "nothing names",
        ),
        ("JoinRoom", r#""\ud800""#, "invalid_name", "a channel name"),
    ] {
        let outcome = chatting().call(content(method, args));
        if code.is_empty() {
            assert!(outcome.is_ok(), "{args}");
            continue;
        }
        let failure: serde_json::Value = serde_json::from_slice(&outcome.unwrap_err()).unwrap();
        assert_eq!(failure["code"], code, "{method} {args}");
        let said = failure["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
        assert_eq!(failure["event"], method);
    }
}

/// Fails if a binary message loses its blob.
#[test]
fn a_message_keeps_its_blobs() {
    let mut hub = chatting();
    let blobs = vec![Bytes::from_static(b"\x01")];
    let sent = Content {
        blobs: blobs.clone(),
        ..content("SendMessage", r#""r1","bob",{"_placeholder":true,"num":0}"#)
    };
    let event = hub.call(sent).unwrap().event;
    assert_eq!(event.blobs, blobs);
    assert!(
        event
            .args
            .starts_with(br#"{"data":{"message":{"_placeholder":true,"num":0},"#)
    );
}

#[test]
fn a_channels_letters_are_calls_of_receive_message() {
    for (name, args, expected) in [
        (
            "r1",
            r#"{"data":{"message":[1.0],"roomId":null,"roomChannel":"r1"},"time":"t","clientId":"c","source":{"userName":"bob"}}"#,
            r#""bob",[1.0]"#,
        ),
        (
            "r1",
            r#"{"data":{"message":"hi","roomId":null,"roomChannel":"r1"},"time":"t","clientId":"c","source":{"userName":null}}"#,
            r#""c","hi""#,
        ),
        (
            "join-channel",
            r#"{"data":{"message":"","roomId":null,"roomChannel":"r\"1","onlineUsers":1},"time":"t","clientId":"c","source":{}}"#,
            r#""System","c has joined the room r\"1""#,
        ),
        (
            "leave-channel",
            r#"{"data":{"message":"","roomId":null,"roomChannel":"r1","reason":"leave"},"time":"t","clientId":"c","source":{}}"#,
            r#""System","c has left the room r1""#,
        ),
    ] {
        let seen = view(&content(name, args));
        assert_eq!(seen, content("ReceiveMessage", expected));
    }
}

/// A name may be an integer (contract 2.3), and `insecure.keep-client-id` keeps any id. Fails if a client whose handler takes a text
/// for the user is told something else, or is told of a join in other words than of others.
#[test]
fn the_user_is_a_text_whatever_names_it() {
    for (name, client_id, user, expected) in [
        ("r1", r#""c""#, "5", r#""5","hi""#),
        ("r1", r#""c""#, "-0", r#""-0","hi""#),
        ("r1", "7.0", "null", r#""7.0","hi""#),
        ("r1", r#"{"a":"b"}"#, "null", r#""{\"a\":\"b\"}","hi""#),
        (
            "join-channel",
            "7",
            "5",
            r#""System","7 has joined the room r1""#,
        ),
    ] {
        let args = format!(
            r#"{{"data":{{"message":"hi","roomId":null,"roomChannel":"r1"}},"time":"t","clientId":{client_id},"source":{{"userName":{user}}}}}"#
        );
        let seen = view(&content(name, &args));
        assert_eq!(seen, content("ReceiveMessage", expected));
    }
}

/// Fails if a letter that is not about a channel loses its name.
#[test]
fn all_else_goes_under_its_own_name() {
    let room = r#"{"data":{"message":"hi","roomId":"r","roomChannel":null},"time":"t","clientId":"c","source":{}}"#;
    for letter in [
        content("notify-room", room),
        content("online-users", room),
        content("hub-error", r#"{"ok":false}"#),
        content("hosts-own", r#"1,"x""#),
        content("hosts-own", r#"{"data":{}}"#),
        content("hosts-own", ""),
    ] {
        assert_eq!(view(&letter), letter);
    }
}

/// Fails if the pack reads an event otherwise than ChatHub means it, or the view does not know what the pack tells of it.
#[test]
fn what_is_called_comes_out_as_what_is_received() {
    let mut hub = ChatHub::new(64);
    let rules = Rules {
        name_bytes_max: 64,
        strict: true,
    };
    let stamp = Stamp {
        client_id: "c",
        policy: ClientIdPolicy::Stamp,
        user_name: None,
        verified: false,
        now: std::time::UNIX_EPOCH,
    };
    let call = content(
        "SendMessage",
        r#""{\"data\":1}","bob","{\"data\":{\"roomId\":\"x\"}}""#,
    );
    let called = hub.call(call).unwrap();
    let read = |event: Content| {
        let name = event.name.clone();
        Command::read(&name, &event.into(), rules, true).unwrap()
    };
    let channel: Arc<str> = r#"{"data":1}"#.into();
    let place = Place::Channel(channel.clone());
    let (command, payload) = read(called.before.unwrap());
    let joined = Command::JoinChannel {
        channel: channel.clone(),
        history: None,
    };
    assert_eq!(command, joined);
    assert_eq!(payload.user_name().unwrap().as_deref(), Some("bob"));
    let (command, payload) = read(called.event);
    assert_eq!(command, Command::NotifyChannel { channel });
    let received = view(&render::message(&payload, &place, &stamp));
    let expected = r#""bob","{\"data\":{\"roomId\":\"x\"}}""#;
    assert_eq!(received, content("ReceiveMessage", expected));
}
