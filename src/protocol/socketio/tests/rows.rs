//! The rows of the reference's behaviour, packet by packet, and what the decoder promises besides.
//! Knows no recorded client and no attack.

use std::sync::Arc;

use super::*;

#[test]
fn packets_without_attachments_are_read_as_the_reference_reads_them() {
    for (message, packet) in [
        ("40", connect("/", None)),
        ("40{}", connect("/", Some("{}"))),
        (
            r#"40{"token":"a","token":"b"}"#,
            connect("/", Some(r#"{"token":"a","token":"b"}"#)),
        ),
        ("40/a", connect("/a", None)),
        ("40/a,", connect("/a", None)),
        ("40/a?x=1,{}", connect("/a?x=1", Some("{}"))),
        ("40/a[b,{}", connect("/a[b", Some("{}"))),
        (
            r#"401{"token":"a"}"#,
            connect("/", Some(r#"{"token":"a"}"#)),
        ),
        ("401", connect("/", None)),
        ("41", disconnect("/")),
        ("411", disconnect("/")),
        ("41/a", disconnect("/a")),
        ("41/a,", disconnect("/a")),
        (r#"42["x"]"#, event("/", None, "x", "", &[])),
        (r#"42/,["x"]"#, event("/", None, "x", "", &[])),
        (r#"42/é,["x","é"]"#, event("/é", None, "x", "\"é\"", &[])),
        (
            r#"42["connection"]"#,
            event("/", None, "connection", "", &[]),
        ),
        (r#"42["error"]"#, event("/", None, "error", "", &[])),
        ("42[7,1]", event("/", None, "7", "1", &[])),
        (r#"4212["x"]"#, event("/", Some(12), "x", "", &[])),
        (r#"42/a,0["x",1]"#, event("/a", Some(0), "x", "1", &[])),
        (r#"42007["x"]"#, event("/", Some(7), "x", "", &[])),
        (
            r#"429007199254740993["x"]"#,
            event("/", Some(9_007_199_254_740_993), "x", "", &[]),
        ),
        (
            r#"429223372036854775807["x"]"#,
            event("/", Some(i64::MAX as u64), "x", "", &[]),
        ),
        (
            r#"42["x",{"_placeholder":true,"num":0}]"#,
            event("/", None, "x", r#"{"_placeholder":true,"num":0}"#, &[]),
        ),
        ("430[]", ack("/", 0, "", &[])),
        (r#"43/a,12[1,"é"]"#, ack("/a", 12, "1,\"é\"", &[])),
    ] {
        assert_eq!(read(message), Ok(Some(packet)), "{message}");
    }
}

#[test]
fn acks_without_number_or_arguments_are_ignored() {
    for message in [
        "43", "43[1]", "4312", "43/a", "43/a,", "43/a,[1]", "43/a,12",
    ] {
        assert_eq!(read(message), Ok(None), "{message}");
    }
}

#[test]
fn what_the_reference_closes_for_is_a_violation() {
    for (message, expected) in [
        ("4", "empty_packet"),
        ("47", "unknown_packet_type"),
        ("4abc", "unknown_packet_type"),
        ("4é", "unknown_packet_type"),
        ("44", "server_only_packet"),
        (r#"44{"message":"x"}"#, "server_only_packet"),
        ("40[]", "bad_payload"),
        ("40null", "bad_packet_head"),
        ("40\"x\"", "bad_packet_head"),
        ("40{", "bad_json"),
        ("40{}x", "bad_json"),
        ("41{}", "bad_payload"),
        ("41[]", "bad_payload"),
        ("42", "bad_payload"),
        ("4212", "bad_payload"),
        ("42/a", "bad_payload"),
        ("42hello", "bad_packet_head"),
        ("42[]", "bad_event_name"),
        ("42{}", "bad_payload"),
        ("42[true]", "bad_event_name"),
        (r#"42["connect"]"#, "reserved_event_name"),
        (r#"42["connect_error"]"#, "reserved_event_name"),
        (r#"42["disconnect"]"#, "reserved_event_name"),
        (r#"42["disconnecting"]"#, "reserved_event_name"),
        (r#"42["newListener"]"#, "reserved_event_name"),
        (r#"42["removeListener"]"#, "reserved_event_name"),
        (r#"42-1["x"]"#, "bad_packet_head"),
        (r#"42abc["x"]"#, "bad_packet_head"),
        (r#"4212 ["x"]"#, "bad_packet_head"),
        (r#"429223372036854775808["x"]"#, "ack_id_too_large"),
        (r#"4218446744073709551616["x"]"#, "ack_id_too_large"),
        (r#"42["x"]x"#, "bad_json"),
        ("431{}", "bad_payload"),
        ("43{}", "bad_payload"),
        ("431[", "bad_json"),
        ("4399999999999999999999[1]", "ack_id_too_large"),
        (r#"45["x"]"#, "bad_attachment_count"),
        ("45", "bad_attachment_count"),
        (r#"45-["x"]"#, "bad_attachment_count"),
        (r#"451["x"]"#, "bad_attachment_count"),
        (r#"45-1-["x"]"#, "bad_attachment_count"),
        (r#"451.5-["x"]"#, "bad_attachment_count"),
        (r#"450-["x"]"#, "bad_attachment_count"),
        (r#"460-1["x"]"#, "bad_attachment_count"),
        (r#"4511-["x"]"#, "too_many_attachments"),
        (r#"4551000000-["x"]"#, "too_many_attachments"),
        (r#"4599999999999999999999999-["x"]"#, "too_many_attachments"),
        ("451-", "bad_payload"),
        ("451-[]", "bad_event_name"),
        (r#"451-[{"_placeholder":true,"num":0}]"#, "bad_event_name"),
        (r#"451-["connect"]"#, "reserved_event_name"),
        (r#"451-["x"]["#, "bad_json"),
        ("461-[1]", "ack_incomplete"),
        ("461-12", "ack_incomplete"),
        ("461-12{}", "bad_payload"),
    ] {
        assert_eq!(code(read(message)), expected, "{message}");
    }
}

#[test]
fn attachments_complete_their_packet_in_order() {
    const P0: &str = r#"{"_placeholder":true,"num":0}"#;
    const P1: &str = r#"{"_placeholder":true,"num":1}"#;
    for (message, blobs, packet) in [
        (
            format!("451-[\"x\",{P0}]"),
            vec![b"a".as_slice()],
            event("/", None, "x", P0, &[b"a"]),
        ),
        (
            format!("452-/a,3[\"x\",{P0},{{\"y\":{P1}}}]"),
            vec![b"a", b""],
            event(
                "/a",
                Some(3),
                "x",
                &format!("{P0},{{\"y\":{P1}}}"),
                &[b"a", b""],
            ),
        ),
        // Named out of order: the numbers change, what they stand for does not.
        (
            format!("452-[\"x\",{P1},{P0}]"),
            vec![b"a", b"b"],
            event("/", None, "x", &format!("{P0},{P1}"), &[b"b", b"a"]),
        ),
        // More attachments than placeholders: the rest is dropped.
        (
            format!("452-[\"x\",{P0}]"),
            vec![b"a", b"b"],
            event("/", None, "x", P0, &[b"a"]),
        ),
        (
            format!("452-[\"x\",{P1}]"),
            vec![b"a", b"b"],
            event("/", None, "x", P0, &[b"b"]),
        ),
        (
            "451-[\"x\",1]".into(),
            vec![b"a"],
            event("/", None, "x", "1", &[]),
        ),
        // Used twice: the same bytes twice.
        (
            format!("451-[\"x\",{P0},{P0}]"),
            vec![b"a"],
            event("/", None, "x", &format!("{P0},{P0}"), &[b"a"]),
        ),
        (
            format!("461-/a,5[{P0}]"),
            vec![b"\x07"],
            ack("/a", 5, P0, &[b"\x07"]),
        ),
        (
            format!("45001-[\"x\",{P0}]"),
            vec![b"a"],
            event("/", None, "x", P0, &[b"a"]),
        ),
    ] {
        assert_eq!(read_all(&message, &blobs), Ok(Some(packet)), "{message}");
    }
}

#[test]
fn placeholders_without_attachment_are_refused_before_anything_is_held() {
    for number in [
        "1",
        "-1",
        "0.5",
        "\"0\"",
        "null",
        "1e0",
        "18446744073709551616",
    ] {
        let mut decoder = Decoder::new(Limits::default());
        let header = format!("51-[\"x\",{{\"_placeholder\":true,\"num\":{number}}}]");
        assert_eq!(
            code(decoder.decode(text(&header))),
            "bad_placeholder",
            "{number}"
        );
        assert_eq!(decoder.pending_bytes(), 0);
    }
}

#[test]
fn nothing_may_come_between_a_packet_and_its_attachments() {
    for between in ["2[\"y\"]", "0/b,", "51-[\"y\"]", "", "3"] {
        let mut decoder = Decoder::new(Limits::default());
        assert_eq!(decoder.decode(text("52-[\"x\"]")), Ok(None));
        assert_eq!(decoder.decode(blob(b"a")), Ok(None));
        let violation = decoder.decode(text(between)).unwrap_err();
        let (announced, arrived) = (2, 1);
        assert_eq!(
            violation,
            Violation::AttachmentMissing { announced, arrived },
            "{between}"
        );
        assert_eq!(decoder.pending_bytes(), 0, "a refused packet is not held");
    }
    let mut decoder = Decoder::new(Limits::default());
    assert_eq!(code(decoder.decode(blob(b"a"))), "unexpected_binary");
    assert_eq!(
        read_all("451-[\"x\"]", &[b"a"]).unwrap(),
        Some(event("/", None, "x", "", &[]))
    );
}

#[test]
fn a_half_packet_is_counted_until_it_is_whole() {
    let mut decoder = Decoder::new(Limits::default());
    let header = r#"52-["x",{"_placeholder":true,"num":1}]"#;
    assert_eq!(decoder.decode(text(header)), Ok(None));
    assert_eq!(decoder.pending_bytes(), header.len());
    assert_eq!(decoder.decode(blob(b"abc")), Ok(None));
    assert_eq!(decoder.pending_bytes(), header.len() + 3);
    assert!(decoder.decode(blob(b"d")).unwrap().is_some());
    assert_eq!(decoder.pending_bytes(), 0);
    assert!(
        decoder.decode(text("2[\"x\"]")).unwrap().is_some(),
        "the next packet is read anew"
    );
}

#[test]
fn limits_are_exact_and_count_text_and_attachments_together() {
    let header = r#"52-["x"]"#;
    let limits = Limits {
        packet_bytes_max: header.len() + 10,
        attachments_max: 2,
    };
    let too_large = Err(Violation::TooLarge {
        limit: limits.packet_bytes_max,
    });
    let mut decoder = Decoder::new(limits);
    for (last, expected) in [(b"01234".as_slice(), true), (b"012345", false)] {
        assert_eq!(decoder.decode(text(header)), Ok(None));
        assert_eq!(decoder.decode(blob(b"01234")), Ok(None));
        let decoded = decoder.decode(blob(last));
        if expected {
            assert!(decoded.unwrap().is_some());
        } else {
            assert_eq!(decoded, too_large);
        }
        assert_eq!(decoder.pending_bytes(), 0);
    }
    let fits = format!("2[\"{}\"]", "x".repeat(header.len() + 10 - 5));
    assert!(decoder.decode(text(&fits)).unwrap().is_some());
    assert_eq!(
        decoder.decode(text(&fits.replace("[\"", "[\"x"))),
        too_large
    );
    assert_eq!(
        code(decoder.decode(text("53-[\"x\"]"))),
        "too_many_attachments"
    );
}

#[test]
fn what_is_handed_out_keeps_no_input_alive() {
    let mut decoder = Decoder::new(Limits::default());
    let input = Bytes::from_static(br#"51-["x",{"_placeholder":true,"num":0}]blob0{"a":1}"#);
    let input = Bytes::copy_from_slice(&input);
    decoder
        .decode(TransportMessage::Text(input.slice(..38)))
        .unwrap();
    let Some(Packet::Event { content, .. }) = decoder
        .decode(TransportMessage::Binary(input.slice(38..42)))
        .unwrap()
    else {
        panic!("no event");
    };
    let Some(Packet::Connect {
        auth: Some(auth), ..
    }) = decoder
        .decode(TransportMessage::Text(input.slice(42..)))
        .unwrap()
    else {
        panic!("no auth");
    };
    assert_eq!(content.blobs, [Bytes::from_static(b"blob")]);
    for piece in [&content.args, &content.blobs[0], &auth] {
        assert!(piece.is_unique());
    }
    let length = content.args.len();
    assert_eq!(Vec::from(content.args).capacity(), length);
}

#[test]
fn events_of_one_namespace_share_its_name() {
    let mut decoder = Decoder::new(Limits::default());
    let mut namespace = |message: &str| match decoder.decode(text(message)).unwrap() {
        Some(Packet::Event { namespace, .. }) => namespace,
        other => panic!("{other:?}"),
    };
    let (root, chat) = (namespace("2[1]"), namespace("2/chat,[1]"));
    assert!(Arc::ptr_eq(&root, &namespace("2[1]")));
    assert!(Arc::ptr_eq(&chat, &namespace("2/chat,[1]")));
}
