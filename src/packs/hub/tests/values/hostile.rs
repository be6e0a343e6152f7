//! Payloads made to hurt: depth, size, duplicates, forged placeholders, and a seeded heap of nonsense.
//! Knows no attacker's aim; asserts only what every recipient relies on.

use super::*;
use crate::nesting::is_deeper_than;

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn payloads_deeper_than_60_are_bad_in_every_form_and_60_are_not() {
    for levels in [61, 100_000] {
        let object = format!(r#"{{"data":{{"message":{}}}}}"#, nested(levels - 2));
        let string = serde_json::to_string(&object).unwrap();
        for args in [nested(levels), object, string] {
            assert_eq!(message(&args).unwrap_err(), Code::BadPayload);
            assert_eq!(command(&args).unwrap_err(), Code::BadPayload);
        }
    }
    let object = format!(r#"{{"data":{{"message":{}}}}}"#, nested(58));
    let string = serde_json::to_string(&object).unwrap();
    for args in [nested(60), object, string] {
        assert!(message(&args).is_ok());
    }
}

/// Fails if what one client may say is nested deeper than .NET's clients read: 64 levels, of which SignalR's envelope has two.
#[test]
fn what_is_told_is_no_deeper_than_every_client_reads() {
    let data = format!(r#"{{"data":{}}}"#, nested(59));
    let unknown = format!(r#"{{"x":{}}}"#, nested(59));
    let string = serde_json::to_string(&unknown).unwrap();
    for args in [nested(60), data, unknown, string] {
        let told = delivered(&args);
        assert!(!is_deeper_than(&told, 62), "{args}");
    }
}

#[test]
fn many_braces_in_a_text_are_a_text() {
    let args = serde_json::to_string(&"{".repeat(100_000)).unwrap();
    assert_eq!(delivered_message(&args), "{".repeat(100_000));
}

#[test]
fn of_duplicate_known_keys_the_last_counts_as_in_every_parser() {
    let args =
        r#"{"data":{"message":"1","message":"2","roomId":"a","roomId":"b"},"time":1,"time":2}"#;
    let payload = message(args).unwrap();
    assert_eq!(payload.room(), Some(&b"\"b\""[..]));
    let sent = delivered(args);
    assert!(sent.starts_with(r#"{"data":{"message":"2","roomId":null,"#));
    assert!(sent.contains(r#","time":2,"#));
}

#[test]
fn lone_surrogates_travel_as_sent() {
    assert!(delivered(r#""\ud800""#).starts_with(r#"{"data":{"message":"\ud800","#));
    assert!(
        delivered(r#"{"data":{"message":"m","\udc00":"\ud800"}}"#).contains(r#""\udc00":"\ud800""#)
    );
}

#[test]
fn placeholders_that_name_no_attachment_are_bad_payload() {
    for args in [
        r#"{"_placeholder":true,"num":1}"#,
        r#"{"data":{"message":{"_placeholder":true,"num":9}}}"#,
        r#"{"data":{"_placeholder":true,"num":0,"message":"m"}}"#,
        r#"{"x":[{"\u005fplaceholder":true,"num":7,"more":1}]}"#,
    ] {
        let refused = Payload::read(&said(args, &[b"blob"]).into(), Use::Message).unwrap_err();
        assert_eq!(refused.code, Code::BadPayload, "{args}");
    }
}

#[test]
fn a_placeholder_inside_a_string_is_text_and_takes_no_attachment() {
    let args = r#""{\"message\":{\"_placeholder\":true,\"num\":5}}",{"_placeholder":true,"num":0}"#;
    let payload = Payload::read(&said(args, &[b"blob"]).into(), Use::Message).unwrap();
    let sent = compose("lobby".into(), &payload, None, Some("lobby"), &stamp());
    assert!(sent.blobs.is_empty());
    assert_eq!(value(&sent)["data"]["message"]["num"], 5);
}

#[test]
fn arguments_that_are_no_json_are_bad_payload() {
    for args in ["{", "\"", "tru", "{\"a\" 1}", "[1", "1,", "\u{1}", "01"] {
        assert_eq!(message(args).unwrap_err(), Code::BadPayload, "{args}");
        assert_eq!(command(args).unwrap_err(), Code::BadPayload, "{args}");
    }
    let mut content = said("", &[]);
    content.args = Bytes::from_static(b"\"\xff\"");
    assert!(Payload::read(&content.clone().into(), Use::Message).is_err());
}

/// A small generator of a fixed sequence: a failing case is found again by its number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const KEYS: [&str; 24] = [
    "data",
    "Data",
    "time",
    "clientId",
    "CLIENTID",
    "source",
    "Source",
    "message",
    "room",
    "roomId",
    "RoomChannel",
    "channel",
    "userName",
    "token",
    "capacity",
    "onlineUsers",
    "reason",
    "__proto__",
    "\\u0064ata",
    "\\ud800",
    "x",
    "",
    "\\\"",
    "platform",
];
const LEAVES: [&str; 12] = [
    "null",
    "\"\"",
    "\"text\"",
    "1e400",
    "-0",
    "true",
    "\"{\\\"data\\\":{}}\"",
    "\"{\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "123456789012345678901234567890",
];

fn nonsense(dice: &mut Dice, levels: usize, blobs: usize) -> String {
    match dice.roll(if levels == 0 { 2 } else { 6 }) {
        0 if blobs > 0 => format!(r#"{{"_placeholder":true,"num":{}}}"#, dice.roll(blobs)),
        0 | 1 => dice.pick(&LEAVES).to_owned(),
        2 => {
            let inner: Vec<_> = (0..dice.roll(4))
                .map(|_| nonsense(dice, levels - 1, blobs))
                .collect();
            format!("[ {} ]", inner.join(" , "))
        }
        _ => {
            let inner: Vec<_> = (0..dice.roll(8))
                .map(|_| {
                    let key = dice.pick(&KEYS);
                    format!("\"{key}\" : {}", nonsense(dice, levels - 1, blobs))
                })
                .collect();
            format!("{{{}}}", inner.join(","))
        }
    }
}

#[test]
fn whatever_is_sent_one_object_with_the_senders_id_and_whole_blobs_arrives() {
    let mut dice = Dice(7);
    let mut composed = 0;
    for case in 0..4_000 {
        let blobs: &[&'static [u8]] = if case % 2 == 0 {
            &[]
        } else {
            &[b"a", b"b", b"c"]
        };
        let args = nonsense(&mut dice, 4, blobs.len());
        let content = said(&args, blobs);
        for purpose in [Use::Message, Use::RoomMessage, Use::Command] {
            let Ok(payload) = Payload::read(&content.clone().into(), purpose) else {
                continue;
            };
            composed += 1;
            let sent = match purpose {
                Use::Message | Use::RoomMessage => {
                    compose("x".into(), &payload, Some("r"), Some("c"), &stamp())
                }
                Use::Command if case % 3 == 0 => {
                    let address = Channel::OfTheAddress;
                    let room = Some("r");
                    normal_form::template("leave-room".into(), &payload, room, address, &stamp())
                        .fill(&change(&Some("c".into()), 5, "leave-room"))
                }
                Use::Command => announced("leave-room", &payload, Some("r"), Some("c"), 5),
            };
            check(&sent, purpose, case);
        }
    }
    assert!(composed > 4_000, "{composed}");
}

fn check(sent: &Content, purpose: Use, case: usize) {
    let body = text(sent);
    // A tree of values refuses lone surrogates and huge numbers, which travel as sent: compare without them.
    let tame = body.replace("\\ud800", "").replace("1e400", "1");
    let tree: Value =
        serde_json::from_str(&tame).unwrap_or_else(|fault| panic!("{case}: {fault} {body}"));
    assert_eq!(tree["data"]["roomId"], "r", "{case}");
    assert_eq!(tree["data"]["roomChannel"], "c", "{case}");
    assert_eq!(tree["clientId"], SELF, "{case}");
    assert_eq!(tree["source"]["clientId"], SELF, "{case}");
    if purpose == Use::Command {
        assert_eq!(tree["data"]["onlineUsers"], 5, "{case}");
        assert_eq!(tree["data"]["reason"], "leave", "{case}");
    }
    let highest = (0..9)
        .filter(|num| body.contains(&format!(r#"{{"_placeholder":true,"num":{num}}}"#)))
        .max();
    assert_eq!(sent.blobs.len(), highest.map_or(0, |num| num + 1), "{case}");
}
