//! Socket.IO packets that are none, or that may not come now; and legal ones that look bad and must go on.

use serde_json::{Value, json};

use super::{CLOSED, Fate, MEGABYTE, Siege, fate, member, stranger};
use crate::support::{Client, Frame, LongPoll, http};

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// What a member of `/` sends, and what becomes of it.
fn rows() -> Vec<(&'static str, String, Fate)> {
    let rows = [
        ("no packet type", "4", CLOSED),
        ("an unknown type", "47", CLOSED),
        ("a letter for a type", "4abc", CLOSED),
        ("an unknown engine type", "7", CLOSED),
        ("an empty engine packet", "", CLOSED),
        ("an engine ping from the client", "2", CLOSED),
        ("a connect error", "44{\"message\":\"x\"}", CLOSED),
        ("a second CONNECT", "40", CLOSED),
        ("an event without a body", "42", CLOSED),
        ("an event of nothing", "42[]", CLOSED),
        ("an object for an event", "42{}", CLOSED),
        ("no JSON", "42[\"a\"", CLOSED),
        ("JSON and more", "42[\"a\"]x", CLOSED),
        ("a name that is null", "42[null]", CLOSED),
        ("a name that is true", "42[true]", CLOSED),
        ("a name that is an array", "42[[]]", CLOSED),
        ("a name that is an object", "42[{\"toString\":1}]", CLOSED),
        ("a name that is a number", "42[7,\"x\"]", Fate::Stays),
        (
            "a name that is a huge number",
            "42[1e400,\"x\"]",
            Fate::Stays,
        ),
        ("connect", "42[\"connect\"]", CLOSED),
        ("connect_error", "42[\"connect_error\"]", CLOSED),
        ("disconnect", "42[\"disconnect\"]", CLOSED),
        ("disconnecting", "42[\"disconnecting\"]", CLOSED),
        ("newListener", "42[\"newListener\"]", CLOSED),
        ("removeListener", "42[\"removeListener\"]", CLOSED),
        ("an escaped disconnect", "42[\"\\u0064isconnect\"]", CLOSED),
        (
            "error with nobody listening",
            "42[\"error\",1]",
            Fate::Stays,
        ),
        ("connection", "42[\"connection\"]", Fate::Stays),
        ("a prototype's member", "42[\"__proto__\",1]", Fate::Stays),
        ("a constructor", "42[\"constructor\",1]", Fate::Stays),
        (
            "half a surrogate pair as a name",
            "42[\"\\ud800\"]",
            Fate::Stays,
        ),
        ("a negative ack id", "42-1[\"x\"]", CLOSED),
        ("a word for an ack id", "42abc[\"x\"]", CLOSED),
        (
            "an ack id over 63 bits",
            "4299999999999999999999[\"x\"]",
            CLOSED,
        ),
        ("an ack that nobody asked for", "4399[1]", Fate::Stays),
        ("an ack of an object", "431{}", CLOSED),
        ("a disconnect with data", "41{}", CLOSED),
        ("an event elsewhere", "42/other,[\"x\"]", CLOSED),
        ("an ack elsewhere", "43/other,1[1]", CLOSED),
        ("a disconnect elsewhere", "41/other,", CLOSED),
        ("an unknown namespace", "40/other,", Fate::Stays),
        ("auth that is an array", "40/other,[]", CLOSED),
        ("auth that is null", "40/other,null", CLOSED),
        ("auth that is half", "40/other,{", CLOSED),
        ("a binary event without a count", "45[\"x\"]", CLOSED),
        ("a binary event with count 0", "450-[\"x\"]", CLOSED),
        ("11 attachments", "4511-[\"x\"]", CLOSED),
        ("a million attachments", "451000000-[\"x\"]", CLOSED),
        ("2^64 attachments", "4518446744073709551616-[\"x\"]", CLOSED),
        ("-1 attachments", "45-1-[\"x\"]", CLOSED),
        (
            "a placeholder out of range",
            "451-[\"x\",{\"_placeholder\":true,\"num\":1}]",
            CLOSED,
        ),
        (
            "a negative placeholder",
            "451-[\"x\",{\"_placeholder\":true,\"num\":-1}]",
            CLOSED,
        ),
        (
            "a fractional placeholder",
            "451-[\"x\",{\"_placeholder\":true,\"num\":0.5}]",
            CLOSED,
        ),
        (
            "a placeholder that is text",
            "451-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]",
            CLOSED,
        ),
        (
            "a placeholder named splice",
            "451-[\"x\",{\"_placeholder\":true,\"num\":\"splice\"}]",
            CLOSED,
        ),
        (
            "text where an attachment is due",
            "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
            CLOSED,
        ),
        (
            "a placeholder where nothing was announced",
            "42[\"void\",{\"_placeholder\":true,\"num\":0}]",
            Fate::Stays,
        ),
        (
            "a payload that is nothing",
            "42[\"void\",null]",
            Fate::Stays,
        ),
    ];
    let long = "n".repeat(990_000);
    let mut rows: Vec<_> = rows
        .map(|(what, packet, fate)| (what, packet.to_owned(), fate))
        .into();
    rows.extend([
        ("a namespace of 1 MB", format!("40/{long},"), Fate::Stays),
        (
            "a namespace of nothing but commas",
            format!("40/{}", ",".repeat(990_000)),
            CLOSED,
        ),
        (
            "an event name of 1 MB",
            format!("42[\"{long}\",1]"),
            Fate::Stays,
        ),
        (
            "an ack id of 1 MB",
            format!("42{}[\"x\"]", "1".repeat(990_000)),
            CLOSED,
        ),
        (
            "a count of 1 MB",
            format!("45{}-[\"x\"]", "1".repeat(990_000)),
            CLOSED,
        ),
        (
            "an event name nested deep",
            format!("42[{}]", nested(100_000)),
            CLOSED,
        ),
        (
            "JSON nested deep and never closed",
            format!("42[\"void\",{}", "[".repeat(900_000)),
            CLOSED,
        ),
        (
            "a placeholder nested deep",
            format!("451-[\"void\",{}]", nested(100_000)),
            CLOSED,
        ),
        (
            "objects nested deep",
            format!(
                "42[\"void\",{}1{}]",
                "{\"a\":".repeat(100_000),
                "}".repeat(100_000)
            ),
            Fate::Stays,
        ),
        (
            "an ack nested deep that nobody asked for",
            format!("431[{}]", nested(100_000)),
            Fate::Stays,
        ),
    ]);
    rows
}

#[test]
fn a_wrong_packet_closes_its_own_connection_and_a_legal_one_does_not() {
    let siege = Siege::begin(&["--engine.attachments-timeout", "500ms"]);
    for (what, packet, expected) in rows() {
        let mut socket = member(&siege.hub);
        socket.text(&packet);
        assert_eq!(fate(&mut socket), expected, "{what}");
    }
    siege.end(64 * MEGABYTE);
}

#[test]
fn the_same_packets_in_a_post_end_the_session_or_do_not() {
    let siege = Siege::begin(&["--engine.attachments-timeout", "500ms"]);
    for (what, packet, expected) in rows() {
        let mut poll = LongPoll::connect(&siege.hub);
        let target = poll.target("polling");
        // Whether a POST whose packets are refused above the engine is answered 200 or 400 is open (reference 1.4).
        let answer = http::post(&siege.hub, &target, &packet);
        assert!(
            matches!(answer.status, 200 | 400),
            "{what}: {}",
            answer.status
        );
        if expected == Fate::Stays {
            poll.say("42987654321[\"leave-room\",\"nowhere\"]");
            while !poll.next().starts_with("43987654321[") {}
            poll.say("1");
        } else {
            // What was queued may come with a first GET; then the session is unknown.
            let gone = (0..3).any(|_| {
                let answer = http::get(&siege.hub, &target);
                answer.status == 400
                    && answer.text() == r#"{"code":1,"message":"Session ID unknown"}"#
            });
            assert!(gone, "{what}");
        }
    }
    siege.end(64 * MEGABYTE);
}

#[test]
fn one_who_has_joined_nothing_can_only_join() {
    let siege = Siege::begin(&["--engine.connect-timeout", "60s"]);
    for packet in [
        "41",
        "42[\"x\"]",
        "430[1]",
        "421[\"join-room\",\"r\"]",
        "451-[\"x\"]",
    ] {
        let mut socket = stranger(&siege.hub);
        socket.text(packet);
        // A binary event is whole, and so judged, with its attachment.
        socket.binary(b"blob");
        assert_eq!(socket.next(), Frame::Close(None), "{packet}");
        assert_eq!(socket.next(), Frame::End, "{packet}");
    }
    let mut socket = stranger(&siege.hub);
    socket.binary(b"a blob that nothing announced");
    assert_eq!(socket.next(), Frame::Close(None));
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_payload_or_name_that_cannot_be_used_gets_its_code_and_the_connection_stays() {
    let siege = Siege::begin(&[]);
    let mut client = Client::connect(&siege.hub);
    let megabyte = "n".repeat(980_000);
    let deep: String = nested(100_000);
    // The packet is written by hand: no JSON library here goes so deep.
    client.socket.text(&format!(
        "42900[\"void\",{{\"data\":{{\"message\":{deep}}}}}]"
    ));
    let refused = client.socket.next_text();
    assert!(refused.starts_with("43900[{\"ok\":false"), "{refused}");
    assert!(refused.contains("\"code\":\"bad_payload\""), "{refused}");
    let refusals: Vec<(&str, Vec<Value>, &str)> = vec![
        ("join-channel", vec![json!("join-channel")], "reserved_name"),
        ("join-channel", vec![json!("online-users")], "reserved_name"),
        (
            "join-channel",
            vec![json!("room-online-users")],
            "reserved_name",
        ),
        ("join-channel", vec![json!("hub-error")], "reserved_name"),
        ("join-channel", vec![json!("disconnect")], "reserved_name"),
        ("join-channel", vec![json!("error")], "reserved_name"),
        ("online-users", vec![json!("forged")], "reserved_name"),
        ("hub-error", vec![json!("forged")], "reserved_name"),
        ("error", vec![json!("forged")], "reserved_name"),
        ("join-channel", vec![json!(megabyte)], "invalid_name"),
        ("join-room", vec![json!(megabyte)], "invalid_name"),
        (megabyte.as_str(), vec![json!(1)], "invalid_name"),
        ("join-room", vec![json!("a\u{0}b")], "invalid_name"),
        ("join-room", vec![json!("a\nb")], "invalid_name"),
        ("join-room", vec![json!(" a")], "invalid_name"),
        ("join-room", vec![json!(1.5)], "invalid_name"),
        ("join-room", vec![json!([])], "bad_payload"),
        ("join-room", vec![json!(true)], "bad_payload"),
        ("join-room", vec![json!("{")], "bad_payload"),
        ("join-room", vec![json!("")], "missing_room"),
        ("join-channel", vec![json!("")], "missing_channel"),
        ("notify-room", vec![json!("hello")], "missing_room"),
    ];
    for (event, args, code) in &refusals {
        let answer = client.ask(event, args);
        assert_eq!(
            (&answer["ok"], answer["code"].as_str()),
            (&json!(false), Some(*code)),
            "{} with {}: {answer}",
            &event[..event.len().min(40)],
            &format!("{args:?}")[..20.min(format!("{args:?}").len())],
        );
    }
    for room in [
        "$",
        "../",
        "__proto__",
        "constructor",
        "message",
        "join-channel",
        "disconnect",
    ] {
        let answer = client.ask("join-room", &[json!(room)]);
        assert_eq!(answer["ok"], true, "{room}: {answer}");
    }
    let join = json!({ "data": { "roomId": "p" }, "source": { "userName": "__proto__" } });
    assert_eq!(client.ask("join-room", &[join])["ok"], true);
    loop {
        let online = client.event("room-online-users").remove(0);
        if online["data"]["roomId"] == "p" {
            assert_eq!(online["data"]["users"][0]["userName"], "__proto__");
            break;
        }
    }
    drop(client);
    siege.end(64 * MEGABYTE);
}
