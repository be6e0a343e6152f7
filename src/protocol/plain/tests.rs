//! Each row of `websocket.md` that is the protocol's, and what clients get wrong.
//! Over 400 lines: whoever changes the page finds its rows in one place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use bytes::Bytes;
use dondo_actors::{
    id::{Epoch, MemberId, Token},
    letter::{Content, Encoding, EncodingId, Frame, TransportMessage, WsFrame},
    ports::{Answer, ClientPacket, EventStreams, Protocol, Refusal},
};
use serde_json::{Value, json};

use super::{Plain, PlainEncoding, ids::OPEN_MAX};
use crate::protocol::Limits;

/// A session that has said nothing yet.
fn opening() -> Plain {
    Plain::new("/orders".into(), Limits::default(), EncodingId::FIRST)
}

/// One that has asked to be let in.
fn connected(mut protocol: Plain) -> Plain {
    said(&mut protocol, r#"{"type":"connect"}"#);
    protocol
}

fn plain() -> Plain {
    connected(opening())
}

fn text(message: &str) -> TransportMessage {
    TransportMessage::Text(Bytes::copy_from_slice(message.as_bytes()))
}

fn binary(bytes: &'static [u8]) -> TransportMessage {
    TransportMessage::Binary(Bytes::from_static(bytes))
}

fn said(protocol: &mut Plain, message: &str) -> ClientPacket {
    protocol.decode(text(message)).unwrap().expect(message)
}

fn shown(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.first.payload()).unwrap()
}

/// The answer of the protocol itself.
fn reply(message: &str) -> Value {
    match said(&mut plain(), message) {
        ClientPacket::Reply(frame) => shown(&frame),
        other => panic!("{message}: {other:?}"),
    }
}

fn event(name: &str, args: &str, ack: Option<u64>, blobs: &[&'static [u8]]) -> ClientPacket {
    ClientPacket::Event {
        namespace: "/orders".into(),
        ack,
        content: content(name, args, blobs),
        streams: EventStreams::default(),
    }
}

fn content(name: &str, args: &str, blobs: &[&'static [u8]]) -> Content {
    Content {
        name: name.into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: blobs.iter().map(|blob| Bytes::from_static(blob)).collect(),
    }
}

fn answer(args: &str) -> Answer {
    Answer {
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

/// A field that is read as another one, or changed on its way.
#[test]
fn each_message_of_a_client_is_the_cores_word_for_it() {
    let namespace: Arc<str> = "/orders".into();
    let connect = |auth: Option<&'static str>| ClientPacket::Connect {
        namespace: namespace.clone(),
        auth: auth.map(|auth| Bytes::from_static(auth.as_bytes())),
    };
    for (message, expected) in [
        (r#"{"type":"connect"}"#, connect(None)),
        (r#"{"type":"connect","auth":null}"#, connect(None)),
        (
            r#" {"auth": {"a" : 1.0} ,"type":"connect"} "#,
            connect(Some(r#"{"a" : 1.0}"#)),
        ),
        (r#"{"type":"event","event":"x"}"#, event("x", "", None, &[])),
        (
            r#"{"type":"event","event":"x","payload":null}"#,
            event("x", "null", None, &[]),
        ),
        (
            r#"{"type":"event","event":"x","payload":{"a":1,"a":2.50},"id":7}"#,
            event("x", r#"{"a":1,"a":2.50}"#, Some(7), &[]),
        ),
        (
            r#"{"type":"event","event":"x","args":[ 1, "b" ],"id":null,"later":[{}]}"#,
            event("x", r#"1, "b""#, None, &[]),
        ),
        (
            r#"{"type":"event","event":"x","args":[]}"#,
            event("x", "", None, &[]),
        ),
        (
            r#"{"type":"event","event":"caf\u00e9\ud800"}"#,
            event("café\u{fffd}", "", None, &[]),
        ),
        (
            r#"{"type":"ack","id":4294967296,"payload":[1]}"#,
            ClientPacket::Ack {
                namespace: namespace.clone(),
                id: 1 << 32,
                answer: answer("[1]"),
            },
        ),
    ] {
        let mut protocol = match expected {
            ClientPacket::Connect { .. } => opening(),
            _ => plain(),
        };
        assert_eq!(said(&mut protocol, message), expected, "{message}");
    }
    for (message, expected) in [
        (r#"{"type":"ping"}"#, json!({"type": "pong"})),
        (
            r#"{"type":"ping","id":"a"}"#,
            json!({"type": "pong", "id": "a"}),
        ),
    ] {
        assert_eq!(reply(message), expected);
    }
}

/// A row of the page that the hub does not write so.
#[test]
fn each_message_of_the_hub_has_the_fields_of_the_page() {
    let plain = plain();
    let token = Token {
        epoch: Epoch(0x3f),
        cursor: 2,
    };
    let letter = |content: &Content| {
        PlainEncoding
            .encode("/orders", content, Some(token))
            .unwrap()
    };
    let refusal = |data: Option<&str>| Refusal {
        message: "no \"entry\"".into(),
        data: data.map(str::to_owned),
    };
    for (frame, expected) in [
        (
            plain
                .connected("/orders", &MemberId::new("kT3".to_owned()))
                .unwrap(),
            json!({"type": "welcome", "protocol": "dondo.1", "clientId": "kT3", "namespace": "/orders"}),
        ),
        (
            plain.refused("/orders", &refusal(None)).unwrap(),
            json!({"type": "refused", "message": "no \"entry\""}),
        ),
        (
            plain.refused("/orders", &refusal(Some("[1]"))).unwrap(),
            json!({"type": "refused", "message": "no \"entry\"", "data": [1]}),
        ),
        (
            letter(&content("a\"b", r#"{"x":1}"#, &[])),
            json!({"type": "event", "event": "a\"b", "payload": {"x": 1}, "position": "3f-2"}),
        ),
        (
            letter(&content("x", "", &[])),
            json!({"type": "event", "event": "x", "args": [], "position": "3f-2"}),
        ),
        (
            plain.event("/orders", &content("x", " 1 , 2", &[]), Some(9)),
            json!({"type": "event", "event": "x", "args": [1, 2], "id": 9}),
        ),
        (
            PlainEncoding
                .encode_asking("/", &content("x", "1", &[]), None, 1 << 30)
                .unwrap(),
            json!({"type": "event", "event": "x", "payload": 1, "id": 1 << 30}),
        ),
        (
            plain.ack("/orders", 7, &answer(r#"{"ok":true}"#)),
            json!({"type": "ack", "id": 7, "payload": {"ok": true}}),
        ),
    ] {
        assert_eq!(shown(&frame), expected);
    }
    assert!(plain.disconnected("/orders").is_none());
}

/// An answer that its client cannot tell from another's.
#[test]
fn an_answer_has_the_id_of_its_event_as_it_was_sent() {
    let mut plain = plain();
    for id in [r#""a\u0041""#, "1.50", "-3", "12"] {
        let message = format!(r#"{{"type":"event","event":"x","id":{id}}}"#);
        let ClientPacket::Event {
            ack: Some(number), ..
        } = said(&mut plain, &message)
        else {
            panic!("{id}");
        };
        let frame = plain.ack("/orders", number, &answer("1"));
        let expected = format!(r#"{{"type":"ack","id":{id},"payload":1}}"#);
        assert_eq!(frame.first.payload(), expected);
    }
}

/// A letter with blobs that reaches these clients without them, or the other way round.
#[test]
fn attachments_go_both_ways_and_stand_where_they_are_named() {
    let mut plain = plain();
    let first = r#"{"type":"event","event":"x","attachments":2,
        "payload":[{"num":1,"_placeholder":true},{"_placeholder":true,"num":0}],"id":"a"}"#;
    assert_eq!(plain.decode(text(first)), Ok(None));
    assert_eq!(plain.pending_bytes(), first.len());
    assert_eq!(plain.decode(binary(b"\x01")), Ok(None));
    let whole = plain.decode(binary(b"\x02\x03")).unwrap().unwrap();
    assert_eq!(plain.pending_bytes(), 0);
    let ClientPacket::Event {
        content: sent, ack, ..
    } = whole
    else {
        panic!("{whole:?}");
    };
    let args = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert_eq!(sent, content("x", args, &[b"\x02\x03", b"\x01"]));
    let told = PlainEncoding.encode("/", &sent, None).unwrap();
    assert_eq!(shown(&told)["attachments"], 2);
    let parts: Vec<_> = told.parts().map(WsFrame::payload).collect();
    assert_eq!(parts[1..], [&b"\x02\x03"[..], b"\x01"]);
    assert!(told.parts().skip(1).all(|part| part.binary));
    // What nobody names is dropped, and what only looks like a placeholder is an object.
    let unnamed = r#"{"type":"ack","id":1,"attachments":1}"#;
    assert_eq!(plain.decode(text(unnamed)), Ok(None));
    let whole = plain.decode(binary(b"\x01")).unwrap().unwrap();
    assert!(matches!(whole, ClientPacket::Ack { answer, .. } if answer.blobs.is_empty()));
    let object = r#"{"type":"event","event":"x","payload":{"_placeholder":true,"num":0}}"#;
    let expected = event("x", r#"{"_placeholder":true,"num":0}"#, None, &[]);
    assert_eq!(said(&mut plain, object), expected);
    assert!(ack.is_some());
}

/// A slip that costs its client the connection, or that nobody tells it of.
#[test]
fn a_message_that_cannot_be_carried_out_is_answered_and_the_connection_goes_on() {
    let deep = format!(
        r#"{{"type":"event","event":"x","payload":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let long_id = format!(r#"{{"type":"ping","id":"{}"}}"#, "a".repeat(63));
    for (message, code) in [
        ("{}", "bad_message"),
        (r#"{"type":"shout"}"#, "bad_message"),
        (r#"{"type":7}"#, "bad_message"),
        (r#"{"type":"event"}"#, "bad_message"),
        (r#"{"type":"event","event":7}"#, "bad_message"),
        (
            r#"{"type":"event","event":"x","payload":1,"args":[1]}"#,
            "bad_message",
        ),
        (r#"{"type":"event","event":"x","args":{}}"#, "bad_message"),
        (r#"{"type":"event","event":"x","id":[]}"#, "bad_message"),
        (r#"{"type":"event","event":"x","id":true}"#, "bad_message"),
        (
            r#"{"type":"event","event":"x","id":{"a":1}}"#,
            "bad_message",
        ),
        (r#"{"type":"connect","auth":"secret"}"#, "bad_message"),
        (r#"{"type":"ack"}"#, "bad_message"),
        (r#"{"type":"ack","id":"1"}"#, "bad_message"),
        (r#"{"type":"ack","id":-1}"#, "bad_message"),
        (&long_id, "bad_message"),
        (r#"{"type":"event","event":"disconnect"}"#, "reserved_name"),
        (
            r#"{"type":"event","event":"\u0063onnect"}"#,
            "reserved_name",
        ),
        (&deep, "bad_payload"),
    ] {
        let error = reply(message);
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{message}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|said| !said.is_empty())
        );
    }
    assert_eq!(reply(r#"{"type":"shout","id":"a"}"#)["id"], "a");
    let at_the_limit = format!(
        r#"{{"type":"event","event":"x","payload":{}{}}}"#,
        "[".repeat(60),
        "]".repeat(60)
    );
    let said = said(&mut plain(), &at_the_limit);
    assert!(matches!(said, ClientPacket::Event { .. }), "{said:?}");
}

/// A message that the hub cannot go on after, and does.
#[test]
fn what_is_no_message_ends_the_connection() {
    let nested = "[".repeat(100_000);
    let open = format!(
        r#"{{"type":"event","payload":{}"#,
        "{\"a\":".repeat(100_000)
    );
    for message in [
        "",
        "x",
        "[]",
        "null",
        r#"["event","x"]"#,
        r#"{"type":"ping""#,
        r#"{"type":"ping"}{}"#,
        r#"{"type":"ping","type":"event"}"#,
        r#"{"type":"event","event":"x","payload":nul}"#,
        "{\"type\":\"p\ning\"}",
        r#"{"type":"event","event":"x","payload":1,"attachments":-1}"#,
        r#"{"type":"event","event":"x","attachments":1.0}"#,
        r#"{"type":"event","event":"x","attachments":11}"#,
        r#"{"type":"event","event":"x","attachments":99999999999999999999}"#,
        r#"{"type":"event","attachments":1}"#,
        r#"{"type":"event","event":"x","attachments":1,"payload":{"_placeholder":true,"num":1}}"#,
        &nested,
        &open,
    ] {
        assert!(plain().decode(text(message)).is_err(), "{message:.60}");
    }
    let not_utf8 = TransportMessage::Text(Bytes::from_static(b"{\"type\":\"\xff\"}"));
    assert!(plain().decode(not_utf8).is_err());
    assert!(plain().decode(binary(b"")).is_err());
}

/// Fails if a message takes what belongs to another, or is kept for ever.
#[test]
fn attachments_that_do_not_come_in_their_place_end_the_connection() {
    let half =
        r#"{"type":"event","event":"x","attachments":2,"payload":{"_placeholder":true,"num":0}}"#;
    let mut protocol = plain();
    assert_eq!(protocol.decode(text(half)), Ok(None));
    assert!(protocol.decode(text(r#"{"type":"ping"}"#)).is_err());
    assert_eq!(protocol.pending_bytes(), 0);
    let limits = Limits {
        packet_bytes_max: half.len() + 3,
        ..Limits::default()
    };
    let mut small = connected(Plain::new("/".into(), limits, EncodingId::FIRST));
    assert_eq!(small.decode(text(half)), Ok(None));
    assert_eq!(small.decode(binary(b"123")), Ok(None));
    assert!(small.decode(binary(b"4")).is_err());
    assert!(small.decode(text(&format!("{half}    "))).is_err());
}

/// Ids of events that nobody answers would fill memory.
#[test]
fn so_many_ids_wait_for_answers() {
    let mut plain = plain();
    let message = r#"{"type":"event","event":"x","id":"a"}"#;
    for _ in 0..OPEN_MAX {
        assert!(matches!(
            said(&mut plain, message),
            ClientPacket::Event { .. }
        ));
    }
    let ClientPacket::Reply(frame) = said(&mut plain, message) else {
        panic!("one more is taken");
    };
    let error = shown(&frame);
    assert_eq!(
        (&error["code"], &error["id"]),
        (&json!("limit_reached"), &json!("a"))
    );
    let number = r#"{"type":"event","event":"x","id":1}"#;
    assert!(matches!(
        said(&mut plain, number),
        ClientPacket::Event { .. }
    ));
}

/// Fails if a client whose serializer writes null for what is not there can say nothing.
#[test]
fn null_beside_its_twin_is_nothing() {
    for (fields, args) in [
        (r#""payload":"x","args":null"#, r#""x""#),
        (r#""payload":null,"args":["x",1]"#, r#""x",1"#),
        (r#""payload":null"#, "null"),
    ] {
        let message = format!(r#"{{"type":"event","event":"a",{fields}}}"#);
        assert_eq!(said(&mut plain(), &message), event("a", args, None, &[]));
    }
}

/// Fails if who does not know of `connect`, or says it twice, is closed without a word.
#[test]
fn connect_comes_first_and_once() {
    let event = r#"{"type":"event","event":"x"}"#;
    let mut twice = plain();
    for (protocol, message, word) in [
        (&mut opening(), event, "connect comes first"),
        (&mut twice, r#"{"type":"connect"}"#, "connect comes once"),
    ] {
        let violation = protocol.decode(text(message)).unwrap_err();
        let told = shown(&violation.told.unwrap());
        assert!(told["message"].as_str().unwrap().contains(word), "{told}");
    }
}
