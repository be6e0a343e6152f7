//! What clients are told, as they read it.

use bytes::Bytes;
use dondo::decoders::{self, SignalRRecords};
use dondo_actors::{
    letter::{Content, Frame, TransportMessage, WsFrame},
    ports::{Answer, ClientPacket, Violation},
};
use serde_json::value::RawValue;

use crate::{
    BLOBS_MAX, DEPTH_MAX,
    values::{depth, is_object},
};

/// A frame is what its header says, and can be read by whoever speaks what it is written in.
pub(crate) fn assert_readable(frame: &Frame) {
    for part in frame.parts() {
        assert_framed(part);
    }
    let payload = frame.first.payload();
    match (&payload[..], frame.first.binary) {
        ([b'{', .., SEPARATOR], _) => assert_line(&payload[..payload.len() - 1]),
        ([b'{', ..], false) => assert!(is_object(&payload), "{payload:?}"),
        ([b'4', ..], false) => {
            let json = payload.iter().position(|byte| matches!(byte, b'[' | b'{'));
            // A namespace may have any character but a comma.
            let json = json.filter(|at| !payload[..*at].contains(&b'/'));
            let json = json.and_then(|at| payload.get(at..)).unwrap_or(b"[]");
            let read: Result<&RawValue, _> = serde_json::from_slice(json);
            assert!(read.is_ok(), "{payload:?}");
        }
        (record, true) => assert_message(record),
        _ => panic!("{payload:?} is of no protocol"),
    }
}

/// What ends SignalR's JSON.
const SEPARATOR: u8 = 0x1e;

/// An object of SignalR's stands on one line: it goes into event streams, too.
pub(crate) fn assert_line(object: &[u8]) {
    assert!(is_object(object), "{object:?}");
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r') || *byte == SEPARATOR;
    assert!(!object.iter().any(ends), "{object:?}");
}

/// In MessagePack an object of Socket.IO's may stand beside blobs that nearly is a placeholder, and no client may send it.
fn is_marked(violation: &Violation) -> bool {
    violation.why.contains("the key _placeholder")
}

/// A message of SignalR in MessagePack, with its length, is one that a session can read.
pub(crate) fn assert_message(record: &[u8]) {
    let handshake = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";
    let mut wire = Bytes::from([handshake, record].concat());
    let mut records = SignalRRecords::new(wire.len());
    let mut protocol = decoders::signalr(Some(&[]), BLOBS_MAX, usize::MAX);
    for _ in 0..2 {
        let record = records.take(&mut wire);
        let record = record.expect("a record").expect("all of it");
        if let Err(violation) = protocol.decode(record) {
            // An argument of Socket.IO's may be deeper, and so are several that become one.
            let deep = violation
                .why
                .ends_with(&format!("deeper than {DEPTH_MAX} levels"));
            assert!(deep || is_marked(&violation), "{}", violation.why);
        }
    }
    assert!(wire.is_empty(), "more than one record");
}

pub(crate) fn assert_framed(part: &WsFrame) {
    let payload = part.payload();
    assert!(part.binary || std::str::from_utf8(&payload).is_ok());
    if part.header > 0 {
        assert_eq!(part.frame[0], if part.binary { 0x82 } else { 0x81 });
        let length = match part.frame[1] {
            126 => u64::from(u16::from_be_bytes([part.frame[2], part.frame[3]])),
            127 => u64::from_be_bytes(part.frame[2..10].try_into().unwrap()),
            length => u64::from(length),
        };
        assert_eq!(length, payload.len() as u64, "the frame's length");
    }
}

/// A record of an event stream has an event and one line of data, which is JSON.
pub(crate) fn assert_record(frame: &Frame) {
    let record = frame.first.payload();
    let record = std::str::from_utf8(&record).expect("a text");
    let lines = record.strip_suffix("\n\n").expect("an end");
    assert!(!lines.contains('\r'), "{record:?}");
    let lines: Vec<_> = lines.split('\n').collect();
    let [id, event, data] = lines[..] else {
        panic!("{record:?}");
    };
    assert_eq!(id, "id: 7-b");
    assert!(event.starts_with("event: "), "{record:?}");
    let data = data.strip_prefix("data: ").expect("data");
    assert!(serde_json::from_str::<&RawValue>(data).is_ok(), "{data}");
}

/// A frame's messages, as its receiver would send them back.
pub(crate) fn sent_back(parts: &mut dyn Iterator<Item = &WsFrame>) -> Vec<TransportMessage> {
    parts
        .map(|part| match part.binary {
            true => TransportMessage::Binary(part.payload()),
            false => TransportMessage::Text(part.payload()),
        })
        .collect()
}

pub(crate) fn event_of(packet: Option<ClientPacket>) -> Option<Content> {
    match packet? {
        ClientPacket::Event { content, .. } => Some(content),
        other => panic!("it comes back as {other:?}"),
    }
}

/// The answer to a client's event, read as a client's answer where that looks the same.
pub(crate) fn assert_answer(frame: &Frame, answer: &Answer) {
    assert_readable(frame);
    let payload = frame.first.payload();
    if frame.first.binary {
        return;
    }
    let said = match &payload[..] {
        [b'4', ..] => read_socketio(frame),
        [b'{', .., b'}'] if depth(&answer.args) <= DEPTH_MAX => read_plain(frame),
        _ => return,
    };
    match said {
        Some(ClientPacket::Ack { answer: read, .. }) => assert_eq!(read, *answer),
        // Ids of `dondo.1` may be anything but an ack's: that one is the hub's own.
        Some(ClientPacket::Reply(_)) => {}
        other => panic!("it comes back as {other:?}"),
    }
}

pub(crate) fn read_socketio(frame: &Frame) -> Option<ClientPacket> {
    let mut protocol = decoders::socketio(BLOBS_MAX, usize::MAX >> 1);
    let mut said = None;
    for message in sent_back(&mut frame.parts()) {
        assert!(said.is_none(), "it ends before its end");
        let (message, other) = decoders::engine_packet(message);
        let message = message.unwrap_or_else(|| panic!("no message but {other}"));
        said = protocol.decode(message).expect("what was encoded");
    }
    said
}

pub(crate) fn read_plain(frame: &Frame) -> Option<ClientPacket> {
    let mut protocol = decoders::plain(BLOBS_MAX, usize::MAX >> 1);
    let connect = TransportMessage::Text(Bytes::from_static(br#"{"type":"connect"}"#));
    protocol.decode(connect).expect("a connect");
    let mut said = None;
    for message in sent_back(&mut frame.parts()) {
        assert!(said.is_none(), "it ends before its end");
        said = match protocol.decode(message) {
            Ok(said) => said,
            // Nothing tells which messages belong to an ack whose id is none of the hub's.
            Err(violation) if violation.why.starts_with("an ack has the id") => return refused(),
            Err(violation) => panic!("{}", violation.why),
        };
    }
    said
}

/// Stands for what a client of `dondo.1` cannot send back.
pub(crate) fn refused() -> Option<ClientPacket> {
    let nothing = WsFrame {
        frame: Bytes::new(),
        header: 0,
        binary: false,
        uncompressed: false,
    };
    Some(ClientPacket::Reply(Frame::single(nothing)))
}

/// None where no client may send back what it is told.
pub(crate) fn read_signalr(format: &str, frame: &Frame) -> Option<Content> {
    assert!(frame.rest.is_none());
    let handshake = format!("{{\"protocol\":\"{format}\",\"version\":1}}\u{1e}");
    let mut wire = Bytes::from([handshake.as_bytes(), &frame.first.payload()].concat());
    let mut protocol = decoders::signalr(Some(&[]), BLOBS_MAX, usize::MAX);
    let mut records = SignalRRecords::new(wire.len());
    let mut said = None;
    while !wire.is_empty() {
        let record = records.take(&mut wire);
        let record = record.expect("a record").expect("all of it");
        said = match protocol.decode(record) {
            Err(violation) if is_marked(&violation) => return None,
            said => said.expect("what was encoded"),
        };
    }
    Some(event_of(said).expect("an event"))
}
