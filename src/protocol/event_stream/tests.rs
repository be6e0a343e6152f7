//! What a query asks for, and what a stream's client is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use dondo_actors::{
    id::{Epoch, MemberId, Token},
    letter::{Content, Encoding, EncodingId, Frame, TransportMessage},
    ports::{Answer, ClientPacket, Protocol, Refusal},
};
use serde_json::{Value, json};

use super::{
    EventStream, EventStreamEncoding, RecordIds, Subscription,
    record::{self, EventRecord},
};

fn read(query: &[(&'static str, &str)], last: Option<&str>) -> Result<Subscription, String> {
    let pairs = query
        .iter()
        .map(|(key, value)| (Cow::Borrowed(*key), Cow::Borrowed(*value)));
    Subscription::read(pairs, last)
}

fn joins(subscription: &Subscription) -> Vec<(String, Value)> {
    let join = |content: &Content| {
        let payload: Value = serde_json::from_slice(&content.args).unwrap();
        (content.name.to_string(), payload["data"].clone())
    };
    subscription.joins.iter().map(join).collect()
}

fn token(cursor: u64) -> Token {
    Token {
        epoch: Epoch(0xa),
        cursor,
    }
}

fn letter(args: &'static str, cursor: Option<u64>) -> Frame {
    let content = Content {
        name: "lobby".into(),
        args: Bytes::from_static(args.as_bytes()),
        blobs: Vec::new(),
    };
    let token = cursor.map(token);
    EventStreamEncoding.encode("/", &content, token).unwrap()
}

fn told(ids: &RecordIds, frame: &Frame) -> String {
    String::from_utf8(ids.pass(frame.first.payload()).to_vec()).unwrap()
}

fn answer(args: &'static str) -> Answer {
    Answer {
        args: Bytes::from_static(args.as_bytes()),
        blobs: Vec::new(),
    }
}

/// A stream that listens to something else than it names, or from elsewhere on.
#[test]
fn a_query_names_channels_and_rooms_and_from_where_on() {
    let both = [
        ("room", "r"),
        ("channel", "a"),
        ("channel", "b"),
        ("channel", "a"),
        ("x", "y"),
    ];
    let expected = |key: &str, value: Value| {
        [
            ("join-channel", "roomChannel", "a"),
            ("join-channel", "roomChannel", "b"),
            ("join-room", "roomId", "r"),
        ]
        .map(|(event, field, name)| (event.to_owned(), json!({field: name, key: value})))
        .to_vec()
    };
    let read = |more: &[(&'static str, &str)], last| {
        let query = [&both[..], more].concat();
        joins(&read(&query, last).unwrap())
    };
    assert_eq!(read(&[], None), expected("history", json!(0)));
    assert_eq!(
        read(&[("history", "20")], None),
        expected("history", json!(20))
    );
    assert_eq!(
        read(&[("lastEventId", "a-1")], None),
        expected("since", json!("a-1"))
    );
    // What an EventSource says when it comes back goes before what stands in its address.
    let again = read(&[("history", "20"), ("lastEventId", "a-1")], Some("a-2"));
    assert_eq!(again, expected("since", json!("a-2")));
    assert_eq!(read(&[], Some("")), expected("history", json!(0)));
}

#[test]
fn a_stream_may_be_of_another_namespace_and_have_a_name() {
    let query = [
        ("channel", "a\"b"),
        ("namespace", "/orders"),
        ("userName", "Ada"),
    ];
    let subscription = read(&query, None).unwrap();
    assert_eq!(&*subscription.namespace, "/orders");
    let payload: Value = serde_json::from_slice(&subscription.joins[0].args).unwrap();
    let expected = json!({
        "data": {"roomChannel": "a\"b", "history": 0},
        "source": {"platform": "event-stream", "userName": "Ada"},
    });
    assert_eq!(payload, expected);
}

/// A stream that opens and will never tell anything.
#[test]
fn a_query_that_cannot_be_served_is_refused_with_a_sentence() {
    let many = vec![("channel", "x"); 1];
    assert!(read(&many, None).is_ok());
    let names: Vec<String> = (0..33).map(|number| number.to_string()).collect();
    let many: Vec<_> = names
        .iter()
        .map(|name| ("channel", name.as_str()))
        .collect();
    for (query, last) in [
        (&[][..], None),
        (&[("channels", "a")], None),
        (&many, None),
        (&[("channel", "a"), ("history", "101")], None),
        (&[("channel", "a"), ("history", "-1")], None),
        (&[("channel", "a"), ("history", "")], None),
        (&[("channel", "a")], Some("7")),
        (&[("channel", "a"), ("lastEventId", "x-y")], None),
    ] {
        assert!(read(query, last).is_err(), "{query:?} {last:?}");
    }
    assert!(read(&many[1..], None).is_ok());
}

/// A record that a client would part elsewhere, or drop.
#[test]
fn a_letter_is_a_record_of_its_id_name_and_data() {
    let ids = RecordIds::default();
    ids.told.set(true);
    assert_eq!(
        told(&ids, &letter("{\"a\": 1}", Some(5))),
        "id: a-5\nevent: lobby\ndata: {\"a\": 1}\n\n"
    );
    assert_eq!(
        told(&ids, &letter("{\"a\":\r\n1}", None)),
        "event: lobby\ndata: {\"a\":  1}\n\n"
    );
    assert_eq!(
        told(&ids, &letter("1,\n2", None)),
        "event: lobby\ndata: [1, 2]\n\n"
    );
    assert_eq!(told(&ids, &letter("", None)), "event: lobby\ndata: []\n\n");
    let content = Content {
        name: "a\nid: 9\r".into(),
        args: Bytes::from_static(b"1"),
        blobs: vec![Bytes::from_static(b"\x01")],
    };
    let frame = EventStreamEncoding.encode("/", &content, None).unwrap();
    assert_eq!(told(&ids, &frame), "event: a id: 9 \ndata: 1\n\n");
    assert_eq!(frame.parts().count(), 1);
}

/// What one message of the transport says.
fn said(stream: &mut EventStream) -> Vec<String> {
    let first = stream.decode(TransportMessage::Text(Bytes::new())).unwrap();
    let rest = std::iter::from_fn(|| stream.decode_more());
    let said: Vec<_> = first.into_iter().chain(rest).collect();
    let join = |packet| match packet {
        ClientPacket::Event {
            content,
            ack: Some(0),
            ..
        } => String::from_utf8_lossy(&content.args).into_owned(),
        other => panic!("{other:?}"),
    };
    said.into_iter().map(join).collect()
}

/// Fails if it takes a message for each join: the transport has seen credit for one.
#[test]
fn one_message_says_all_joins_in_their_order() {
    let subscription = read(&[("channel", "a"), ("channel", "b")], None).unwrap();
    let mut stream = EventStream::new(subscription, EncodingId::FIRST, Duration::from_secs(25));
    let joins = said(&mut stream);
    assert_eq!(joins.len(), 2, "{joins:?}");
    assert!(
        joins[0].contains("\"a\"") && joins[1].contains("\"b\""),
        "{joins:?}"
    );
    assert!(said(&mut stream).is_empty());
}

/// Until all is joined, what is told again of one channel stands beside what is new of another: with the new one's id a client
/// that came back would miss the rest of the first.
#[test]
fn no_record_has_an_id_before_all_is_joined_and_then_the_least_place_has() {
    let subscription = read(&[("channel", "a"), ("channel", "b")], None).unwrap();
    let mut stream = EventStream::new(subscription, EncodingId::FIRST, Duration::from_secs(25));
    assert_eq!(stream.opens().as_deref(), Some("/"));
    let ids = RecordIds::default();
    assert_eq!(said(&mut stream).len(), 2);
    assert_eq!(
        told(&ids, &letter("1", Some(3))),
        "event: lobby\ndata: 1\n\n"
    );
    let first = stream.ack("/", 0, &answer(r#"{"ok":true,"position":"a-7"}"#));
    assert_eq!(
        told(&ids, &first),
        "event: ack\ndata: {\"ok\":true,\"position\":\"a-7\"}\n\n"
    );
    assert_eq!(
        told(&ids, &letter("2", Some(8))),
        "event: lobby\ndata: 2\n\n"
    );
    let last = stream.ack("/", 0, &answer(r#"{"ok":true,"position":"a-9"}"#));
    assert_eq!(
        told(&ids, &last),
        ": joined\nid: a-7\nevent: ack\ndata: {\"ok\":true,\"position\":\"a-9\"}\n\n"
    );
    assert_eq!(
        told(&ids, &letter("3", Some(10))),
        "id: a-a\nevent: lobby\ndata: 3\n\n"
    );
}

#[test]
fn a_stream_is_told_who_it_is_or_why_it_is_not_let_in() {
    let subscription = read(&[("channel", "a")], None).unwrap();
    let stream = EventStream::new(subscription, EncodingId::FIRST, Duration::from_secs(25));
    let ids = RecordIds::default();
    let welcome = stream
        .connected("/", &MemberId::new("kT3".to_owned()))
        .unwrap();
    assert_eq!(
        told(&ids, &welcome),
        "event: welcome\ndata: {\"clientId\":\"kT3\",\"namespace\":\"/\",\"pingInterval\":25000}\n\n"
    );
    let refusal = Refusal {
        message: "no\nentry".into(),
        data: Some("{\n\"code\":1}".into()),
    };
    assert_eq!(
        told(&ids, &stream.refused("/", &refusal).unwrap()),
        "retry: 600000\nevent: refused\ndata: {\"data\":{\"code\":1},\"message\":\"no\\nentry\"}\n\n"
    );
    assert!(stream.ends_with_its_namespace());
    // A join that failed has no place: the stream is told, and the rest goes on.
    let refused = stream.ack("/", 0, &answer(r#"{"ok":false,"code":"not_invited"}"#));
    assert_eq!(
        told(&ids, &refused),
        ": joined\nevent: ack\ndata: {\"ok\":false,\"code\":\"not_invited\"}\n\n"
    );
}

/// Fails if a stream says that it is further back than it has said, so that who comes back is told things twice; or if what a
/// channel is called makes it pass for the stream's own.
#[test]
fn a_stream_never_falls_back_and_no_channel_passes_for_it() {
    let ids = RecordIds::default();
    let joined = EventRecord::new("ack", b"1").joined(Some(token(5)));
    let id = |cursor| format!("id: {}", token(cursor));
    assert!(told(&ids, &joined).contains(&id(5)));
    for (cursor, is_told) in [(4, false), (7, true), (6, false), (7, true), (8, true)] {
        let record = told(&ids, &letter("1", Some(cursor)));
        assert_eq!(record.contains(&id(cursor)), is_told, "{cursor}: {record}");
    }
    for (name, event) in [
        ("ack", "channel:ack"),
        ("open", "channel:open"),
        ("acks", "acks"),
    ] {
        let content = Content {
            name: name.into(),
            args: Bytes::from_static(b"1"),
            blobs: Vec::new(),
        };
        let record = told(&ids, &record::letter(&content, None));
        assert!(record.starts_with(&format!("event: {event}\n")), "{record}");
    }
}
