//! The protocol of a session: what the core hears, and what the client does.

use std::sync::Arc;

use dondo_actors::{
    account::MemoryAccount,
    id::MemberId,
    letter::{Content, Encoding, Encodings, TransportMessage},
    ports::{Answer, ClientPacket, EventStreams, ItemsAs, Protocol, Refusal},
};

use super::{super::session::SignalREncoding, *};
use crate::dialect::{CalledEvent, Dialect};

const CLOSED: &str = r#"{"type":7,"error":"Connection closed with an error."}"#;

fn encodings() -> (Encodings, FormatEncodings) {
    let mut encodings = Encodings::new(MemoryAccount::new(1 << 30, 1 << 30));
    let both = FormatEncodings::register(None, &mut encodings);
    (encodings, both)
}

fn with(dialect: Dialect) -> SignalR {
    let (_, both) = encodings();
    SignalR::new("/chat".into(), MemberId::new("m"), both, dialect, LIMITS)
}

fn names() -> EventSpellings {
    EventSpellings::new(["sendMessage", "Ping", "PING", "Pong", "pong", "größe"].map(Arc::from))
}

/// A session that has shaken hands.
pub(super) fn opened(protocol: &str) -> SignalR {
    let mut session = with(names().dialect());
    let handshake = format!(r#"{{"protocol":"{protocol}","version":1}}"#);
    let namespace = "/chat".into();
    let auth = None;
    assert_eq!(
        session.decode(TransportMessage::Text(handshake.into())),
        Ok(Some(ClientPacket::Connect { namespace, auth }))
    );
    session
}

pub(super) fn say(session: &mut SignalR, record: &str) -> Option<ClientPacket> {
    session
        .decode(TransportMessage::Text(record.to_owned().into()))
        .unwrap()
}

pub(super) fn call(session: &mut SignalR, id: &str, target: &str) -> Option<ClientPacket> {
    say(
        session,
        &format!(r#"{{"type":1,"invocationId":"{id}","target":"{target}","arguments":[1]}}"#),
    )
}

fn event(ack: Option<u64>, name: &str) -> Option<ClientPacket> {
    Some(ClientPacket::Event {
        namespace: "/chat".into(),
        ack,
        content: content(name, "1"),
        streams: EventStreams {
            taken: ItemsAs::Refused,
            sent: Vec::new(),
        },
    })
}

fn content(name: &str, args: &str) -> Content {
    Content {
        name: name.into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

pub(super) fn answer(args: &str) -> Answer {
    Answer {
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

pub(super) fn reply(packet: Option<ClientPacket>) -> String {
    match packet {
        Some(ClientPacket::Reply(frame)) => text(&frame),
        other => panic!("no reply: {other:?}"),
    }
}

/// Fails if the frames of a session are not of its format, or a refusal does not end it.
#[test]
fn a_handshake_is_a_connect_and_its_answer_is_the_connects() {
    let refusal = Refusal {
        message: "not you".into(),
        data: None,
    };
    let (json, packed) = (opened("json"), opened("messagepack"));
    assert!(json.ends_with_its_namespace());
    assert_eq!(
        text(&json.connected("/chat", &MemberId::new("a")).unwrap()),
        "{}"
    );
    assert_eq!(
        text(&json.refused("/chat", &refusal).unwrap()),
        r#"{"error":"not you"}"#
    );
    assert_eq!(text(&json.disconnected("/chat").unwrap()), r#"{"type":7}"#);
    assert_eq!(
        bytes(&packed.connected("/chat", &MemberId::new("a")).unwrap()),
        "{}\u{1e}"
    );
    assert_ne!(json.encoding(None), packed.encoding(None));
    // The log shows nothing that a client chose.
    let mut unknown = with(names().dialect());
    let handshake = TransportMessage::Text(r#"{"protocol":"\n","version":1}"#.into());
    let violation = unknown.decode(handshake).unwrap_err();
    assert_eq!(violation.why, "bad_handshake: an unknown protocol");
}

/// The walk of the reference's ChatHub, without the dialect.
#[test]
fn a_call_is_an_event_and_its_completion_the_ack() {
    let mut session = opened("json");
    assert_eq!(say(&mut session, r#"{"type":6}"#), None);
    assert_eq!(session.pending_bytes(), 0);
    assert_eq!(
        call(&mut session, "0", "JoinRoom"),
        event(Some(0), "JoinRoom")
    );
    let completed = |args| text(&session.ack("/chat", 0, &answer(args)));
    assert_eq!(completed(""), r#"{"type":3,"invocationId":"0"}"#);
    assert_eq!(
        completed("null"),
        r#"{"type":3,"invocationId":"0","result":null}"#
    );
    assert_eq!(
        completed(r#""a,b""#),
        r#"{"type":3,"invocationId":"0","result":"a,b"}"#
    );
    assert_eq!(
        completed(r#"1,{"a":[2]}"#),
        r#"{"type":3,"invocationId":"0","result":[1,{"a":[2]}]}"#
    );
    assert_eq!(
        say(&mut session, r#"{"type":1,"target":"x","arguments":[1]}"#),
        event(None, "x")
    );
    let namespace = "/chat".into();
    let left = Some(ClientPacket::Disconnect { namespace });
    assert_eq!(say(&mut session, r#"{"type":7}"#), left);
}

/// Fails if one id is answered for another's.
#[test]
fn ids_that_are_no_numbers_have_numbers_of_their_own_and_are_told_as_sent() {
    let mut session = opened("json");
    let largest = (1_u64 << 63) - 1;
    assert_eq!(
        call(&mut session, &largest.to_string(), "x"),
        event(Some(largest), "x")
    );
    let mut seen = Vec::new();
    for id in [
        "00",
        "+1",
        "9223372036854775808",
        "18446744073709551615",
        "",
        "é",
        "00",
    ] {
        let Some(ClientPacket::Event {
            ack: Some(number), ..
        }) = call(&mut session, id, "x")
        else {
            panic!("no event");
        };
        assert!(number > largest && !seen.contains(&number), "{id}");
        seen.push(number);
        let completed = text(&session.ack("/chat", number, &answer("")));
        assert_eq!(completed, format!(r#"{{"type":3,"invocationId":"{id}"}}"#));
    }
}

/// Fails if a client can have more kept than that, or if those that are answered are kept.
#[test]
fn so_many_calls_may_be_open_whose_ids_are_kept() {
    let mut session = opened("json");
    for _ in 0..3 {
        let numbers: Vec<u64> = (0..1024)
            .map(
                |number| match call(&mut session, &format!("a{number}"), "x") {
                    Some(ClientPacket::Event { ack, .. }) => ack.unwrap(),
                    _ => panic!("no event"),
                },
            )
            .collect();
        assert_eq!(call(&mut session, "7", "x"), event(Some(7), "x"));
        for number in numbers {
            session.ack("/chat", number, &answer(""));
        }
    }
    for number in 0..1024 {
        call(&mut session, &format!("a{number}"), "x");
    }
    let over = r#"{"type":1,"invocationId":"b","target":"x"}"#;
    let violation = session
        .decode(TransportMessage::Text(over.into()))
        .unwrap_err();
    assert!(
        violation.why.starts_with("too_many_open"),
        "{}",
        violation.why
    );
    assert_eq!(text(&violation.told.unwrap()), CLOSED);
}

/// Fails if a client's ids and ours meet, or a client's error is taken for a result.
#[test]
fn a_client_is_asked_under_ids_of_our_own() {
    let mut session = opened("json");
    assert_eq!(
        text(&session.event("/chat", &content("Who", "1"), Some(1))),
        r#"{"type":1,"invocationId":"s1","target":"Who","arguments":[1]}"#
    );
    assert_eq!(
        text(&session.event("/chat", &content("Who", ""), None)),
        r#"{"type":1,"target":"Who","arguments":[]}"#
    );
    for (record, expected) in [
        (
            r#"{"invocationId":"s1","result":"alice/q","type":3}"#,
            r#""alice/q""#,
        ),
        (r#"{"invocationId":"s1","type":3}"#, ""),
        (
            r#"{"invocationId":"s1","error":"Client didn't provide a result.","type":3}"#,
            r#"{"ok":false,"code":"client_error","message":"Client didn't provide a result."}"#,
        ),
    ] {
        let namespace = "/chat".into();
        let (id, answer) = (1, answer(expected));
        let ack = ClientPacket::Ack {
            namespace,
            id,
            answer,
        };
        assert_eq!(say(&mut session, record), Some(ack));
    }
    for id in ["1", "s", "s01", "s-1", "S1", "s18446744073709551616"] {
        let record = format!(r#"{{"type":3,"invocationId":"{id}"}}"#);
        let ended = Some(ClientPacket::ItemsEnd {
            namespace: "/chat".into(),
            stream: id.into(),
            error: None,
        });
        assert_eq!(say(&mut session, &record), ended);
    }
}

/// Fails if a method is found in one case alone, or of two spellings the later one for a third, or an event is called that clients' libraries fire themselves.
#[test]
fn methods_are_events_whatever_their_case() {
    let mut session = opened("json");
    for (target, name) in [
        ("sendMessage", "sendMessage"),
        ("SendMessage", "sendMessage"),
        ("PING", "PING"),
        ("Ping", "Ping"),
        ("ping", "Ping"),
        ("Pong", "Pong"),
        ("pong", "pong"),
        ("PONG", "Pong"),
        ("GRÖßE", "größe"),
        ("lobby", "lobby"),
    ] {
        assert_eq!(
            call(&mut session, "1", target),
            event(Some(1), name),
            "{target}"
        );
    }
    assert_eq!(
        reply(call(&mut session, "1", "disconnect")),
        r#"{"type":3,"invocationId":"1","error":"Failed to invoke 'disconnect' due to an error on the server. HubException: Method does not exist."}"#
    );
    let silent = r#"{"type":1,"target":"disconnect","arguments":[]}"#;
    assert_eq!(say(&mut session, silent), None);
}

/// Fails if the event before is answered, or heard behind the call's own.
#[test]
fn a_dialect_may_have_an_event_heard_before_the_calls_own() {
    let mut session = with(Box::new(|call| {
        Ok(CalledEvent {
            before: Some(content("first", "1")),
            event: call,
            is_void: false,
        })
    }));
    say(&mut session, r#"{"protocol":"json","version":1}"#);
    assert_eq!(call(&mut session, "4", "x"), event(None, "first"));
    assert_eq!(session.decode_more(), event(Some(4), "x"));
    assert_eq!(session.decode_more(), None);
}

/// Fails if what answers an event well is taken for the result of a method that has none, or its failure for none.
#[test]
fn a_method_without_a_result_comes_to_nothing_or_to_an_error() {
    let mut session = with(Box::new(|event| {
        Ok(CalledEvent {
            before: None,
            event,
            is_void: true,
        })
    }));
    say(&mut session, r#"{"protocol":"json","version":1}"#);
    for (args, completion) in [
        (r#"{"ok":true}"#, r#"{"type":3,"invocationId":"4"}"#),
        (
            r#"{"ok":false,"code":"internal"}"#,
            r#"{"type":3,"invocationId":"4","error":"An unexpected error occurred invoking '' on the server."}"#,
        ),
    ] {
        assert_eq!(call(&mut session, "4", "x"), event(Some(4), "x"));
        let answer = Answer {
            args: args.into(),
            blobs: Vec::new(),
        };
        assert_eq!(text(&session.ack("/chat", 4, &answer)), completion);
    }
}

#[test]
fn a_record_that_is_no_message_ends_the_session_with_a_close() {
    let mut session = opened("json");
    let violation = session
        .decode(TransportMessage::Text("{}".into()))
        .unwrap_err();
    assert_eq!(violation.why, "bad_message: type is no integer");
    assert_eq!(text(&violation.told.unwrap()), CLOSED);
    let mut packed = opened("messagepack");
    let violation = packed
        .decode(TransportMessage::Binary("{}".into()))
        .unwrap_err();
    assert!(violation.told.unwrap().first.binary);
}

/// Fails if a letter is not seen through the view, or one that may be answered has no id.
#[test]
fn letters_are_calls_of_the_method_of_their_name() {
    let said = content("ReceiveMessage", r#""bob","hi""#);
    let plain = SignalREncoding {
        format: Format::Json,
        view: None,
    };
    assert_eq!(
        text(&plain.encode("/chat", &said, None).unwrap()),
        r#"{"type":1,"target":"ReceiveMessage","arguments":["bob","hi"]}"#
    );
    let seen = SignalREncoding {
        view: Some(|_| content("Seen", "2")),
        ..plain
    };
    assert_eq!(
        text(&seen.encode_asking("/chat", &said, None, 1 << 30).unwrap()),
        r#"{"type":1,"invocationId":"s1073741824","target":"Seen","arguments":[2]}"#
    );
}
