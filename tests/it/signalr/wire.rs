//! What goes over a WebSocket of SignalR, well and badly formed.

use std::time::Duration;

use dondo::{Builder, Error, Namespace};
use serde_json::{Value, json};

use super::{HANDSHAKE, RS, records};
use crate::support::{Client, Frame, Hub, WebSocket};

fn opened(hub: &Hub) -> WebSocket {
    opened_at(hub, "/chatHub")
}

/// A connection without negotiation that has shaken hands.
pub(super) fn opened_at(hub: &Hub, path: &str) -> WebSocket {
    let mut socket = WebSocket::open(hub, path);
    socket.text(HANDSHAKE);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    socket
}

pub(super) fn call(id: &str, method: &str, args: Value) -> String {
    let call = json!({"type": 1, "invocationId": id, "target": method, "arguments": args});
    format!("{call}{RS}")
}

/// The completion of a call; what comes before is others' or the system's.
pub(super) fn completion(socket: &mut WebSocket, id: &str) -> Value {
    loop {
        let mut told = records(&socket.next_text());
        told.retain(|record| record["type"] == 3 && record["invocationId"] == id);
        if let Some(found) = told.pop() {
            return found;
        }
    }
}

#[test]
fn a_handshake_has_its_answer_or_its_error() {
    let hub = Hub::start();
    for (sent, answer) in [
        (r#"{"protocol":"json","version":0}"#, "{}"),
        (r#"{"version":2,"protocol":"json","extra":[1]}"#, "{}"),
        (
            r#"{"protocol":"json","version":9}"#,
            r#"{"error":"The server does not support version 9 of the 'json' protocol."}"#,
        ),
        (
            r#"{"protocol":"xml","version":1}"#,
            r#"{"error":"The protocol 'xml' is not supported."}"#,
        ),
        (
            "hello",
            r#"{"error":"An unexpected error occurred during connection handshake."}"#,
        ),
    ] {
        let mut socket = WebSocket::open(&hub, "/chatHub");
        socket.text(&format!("{sent}{RS}"));
        assert_eq!(socket.next_text(), format!("{answer}{RS}"), "{sent}");
        if answer != "{}" {
            while !matches!(socket.next(), Frame::Close(_) | Frame::End) {}
        }
    }
}

/// Fails if records and messages of WebSocket are taken for the same.
#[test]
fn a_message_holds_several_records_or_a_piece_of_one() {
    let hub = Hub::start();
    let mut socket = WebSocket::open(&hub, "/chatHub");
    let both = format!("{HANDSHAKE}{}", call("1", "JoinRoom", json!(["r"])));
    socket.text(&both);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    completion(&mut socket, "1");
    let text = call("2", "SendMessage", json!(["r", "u", "é😀"]));
    let cut = text.find('é').unwrap();
    socket.text(&text[..cut]);
    socket.text(&text[cut..]);
    completion(&mut socket, "2");
    let mut socket = WebSocket::open(&hub, "/chatHub");
    socket.text(&HANDSHAKE[..9]);
    socket.binary(&HANDSHAKE.as_bytes()[9..]);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
}

#[test]
fn messagepack_goes_in_binary_frames_behind_a_handshake_of_either_kind() {
    let hub = Hub::start();
    let asked = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";
    for is_text in [true, false] {
        let mut socket = WebSocket::open(&hub, "/chatHub");
        match is_text {
            true => socket.text(std::str::from_utf8(asked).unwrap()),
            false => socket.binary(asked),
        }
        assert_eq!(socket.next(), Frame::Binary(b"{}\x1e".to_vec()));
        // JoinRoom("r1") as stock clients write it.
        socket.binary(b"\x12\x95\x01\x80\xa1\x30\xa8joinroom\x91\xa2r1");
        loop {
            let Frame::Binary(told) = socket.next() else {
                panic!("no binary frame");
            };
            // A void completion of "0".
            if told == b"\x06\x94\x03\x80\xa1\x30\x02" {
                break;
            }
        }
    }
}

/// Each ends its own connection, with last words where there was a handshake, and nobody else's.
#[test]
fn what_no_client_of_signalr_sends_ends_its_connection_alone() {
    let hub = Hub::with(|config| config.engine.max_payload = 100_000);
    let mut neighbour = Client::connect(&hub);
    let endless = "x".repeat(60_000);
    let nested = format!(
        r#"{{"type":1,"target":"SendMessage","arguments":{}"#,
        "[".repeat(50_000)
    );
    for (what, messages) in [
        ("an endless record", vec![endless.clone(), endless]),
        ("no JSON", vec![format!("{{{RS}")]),
        ("a nested array", vec![format!("{nested}{RS}")]),
        ("an empty record", vec![RS.to_string()]),
        ("no object", vec![format!("7{RS}")]),
        ("no type", vec![format!("{{}}{RS}")]),
        (
            "a wrong target",
            vec![format!(r#"{{"type":1,"target":7,"arguments":[]}}{RS}"#)],
        ),
        (
            "a wrong id",
            vec![format!(
                r#"{{"type":1,"invocationId":7,"target":"x","arguments":[]}}{RS}"#
            )],
        ),
        (
            "wrong arguments",
            vec![format!(r#"{{"type":1,"target":"x","arguments":{{}}}}{RS}"#)],
        ),
    ] {
        let mut socket = opened(&hub);
        for message in messages {
            socket.text(&message);
        }
        let told = records(&socket.next_text());
        assert_eq!(told[0]["type"], 7, "{what}");
        assert_eq!(
            told[0]["error"], "Connection closed with an error.",
            "{what}"
        );
        while !matches!(socket.next(), Frame::Close(_) | Frame::End) {}
    }
    // `[false,…]`: 20 KB here, and 120 KB for everybody.
    let grows = [
        &b"\xbc\x9c\x01\x95\x01\x80\xc0\xabSendMessage\x93\xa5lobby\xa1u\xdc\x4e\x20"[..],
        &b"\xc2".repeat(20_000),
    ];
    let grows = grows.concat();
    for huge in [
        &b"\xff\xff\xff\xff\x0f"[..],
        b"\xff\xff\xff\xff\xff\x01",
        b"\x80\x80\x80\x01",
        &grows,
    ] {
        let mut socket = WebSocket::open(&hub, "/chatHub");
        socket.text("{\"protocol\":\"messagepack\",\"version\":1}\u{1e}");
        assert_eq!(socket.next(), Frame::Binary(b"{}\x1e".to_vec()));
        socket.binary(huge);
        while !matches!(socket.next(), Frame::Close(_) | Frame::End) {}
    }
    hub.wait_for(
        "dondo_sessions{protocol=\"signalr\",state=\"websocket\"}",
        0,
    );
    let answer = neighbour.ask("nobody-here", &[json!("x")]);
    assert_eq!(answer["ok"], true, "{answer}");
}

/// Fails if a method that there is not costs a connection, or its error has other words than ASP.NET's.
#[test]
fn a_call_that_cannot_be_made_is_a_completion_with_an_error() {
    let hub = Hub::start();
    let mut socket = opened(&hub);
    for (method, args, error) in [
        (
            "Nope",
            json!([]),
            "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.",
        ),
        (
            "joinroom",
            json!([]),
            "Failed to invoke 'joinroom' due to an error on the server. InvalidDataException: Invocation provides 0 argument(s) but target expects 1.",
        ),
        (
            "SendMessage",
            json!(["online-users", "u", "m"]),
            "An unexpected error occurred invoking 'SendMessage' on the server. HubException: reserved_name: no channel can have the name online-users: it is an event",
        ),
    ] {
        socket.text(&call("x", method, args));
        assert_eq!(
            completion(&mut socket, "x"),
            json!({"type": 3, "invocationId": "x", "error": error})
        );
    }
}

/// Fails if a client hears of a call that it gave no id, however that ends: stock clients have no method for `hub-error`.
#[test]
fn a_call_without_an_id_is_answered_with_nothing() {
    async fn crash() {
        panic!("planted: a handler panics")
    }
    let root = Namespace::hub("/").on("crash", crash).on("fail", async || {
        Err::<(), _>(Error::new("no", "it may not"))
    });
    let at_host = |builder: Builder| builder.namespace(root).signalr("/host", "/");
    let hub = Hub::built(|_| {}, at_host);
    let faulty = |target: &str, args: Value| {
        format!(
            "{}{RS}",
            json!({"type": 1, "target": target, "arguments": args})
        )
    };
    for path in ["/chatHub", "/host"] {
        let mut socket = opened_at(&hub, path);
        for (target, args) in [
            ("Nope", json!([])),
            ("JoinRoom", json!([])),
            ("SendMessage", json!(["online-users", "u", "m"])),
            ("join-room", json!([{"data": {}}])),
            ("lock-room", json!([{"room": "theirs"}])),
            ("fail", json!([])),
            ("crash", json!([])),
        ] {
            socket.text(&faulty(target, args));
        }
        // It asks another room, so what those before it came to is known.
        socket.text(&call("last", "notify-room", json!([{"room": "other"}])));
        let mut told = Vec::new();
        while told.last().is_none_or(|record: &Value| record["type"] != 3) {
            told.extend(records(&socket.next_text()));
        }
        assert_eq!(told.pop().unwrap()["invocationId"], "last", "{path}");
        assert_eq!(told, Vec::<Value>::new(), "{path}");
    }
}

/// Ids are any text, and come back as they were.
#[test]
fn ids_come_back_as_they_were() {
    let hub = Hub::start();
    let mut socket = opened(&hub);
    for id in [
        "0",
        "00",
        "-1",
        "é\"\n",
        "18446744073709551616",
        "b6f1e4de-5d0f",
        "",
    ] {
        socket.text(&call(id, "JoinRoom", json!(["r"])));
        assert_eq!(
            completion(&mut socket, id),
            json!({"type": 3, "invocationId": id})
        );
    }
}

/// Fails if it waits for ever, or is pinged before it has shaken hands.
#[test]
fn who_brings_no_handshake_in_time_is_told_so() {
    let hub = Hub::with(|config| {
        config.engine.connect_timeout = Duration::from_millis(300);
        config.engine.ping_interval = Duration::from_millis(50);
    });
    let mut socket = WebSocket::open(&hub, "/chatHub");
    assert_eq!(
        socket.next_text(),
        format!("{{\"error\":\"Handshake was canceled.\"}}{RS}")
    );
    while !matches!(socket.next(), Frame::Close(_) | Frame::End) {}
}

#[test]
fn pings_come_and_ask_for_nothing() {
    let hub = Hub::with(|config| config.engine.ping_interval = Duration::from_millis(200));
    let mut socket = opened(&hub);
    for _ in 0..3 {
        assert_eq!(socket.next_text(), format!("{{\"type\":6}}{RS}"));
    }
    socket.text(&call("1", "JoinRoom", json!(["r"])));
    completion(&mut socket, "1");
}

#[test]
fn a_client_that_closes_in_its_own_words_is_gone() {
    let hub = Hub::start();
    let mut socket = opened(&hub);
    socket.text(&format!("{{\"type\":7}}{RS}"));
    while !matches!(socket.next(), Frame::Close(_) | Frame::End) {}
    hub.wait_for("dondo_sessions_alive", 0);
}
