//! Messages as stock clients and ASP.NET write them.

use super::*;

/// As captured, and what clients do differently: order, white space, headers, unknown fields.
#[test]
fn json_messages_are_read_as_stock_clients_write_them() {
    for (record, expected) in [
        (r#"{"type":6}"#, HubMessage::Ping),
        (
            r#"{"target":"JoinRoom","arguments":["r1"],"invocationId":"0","type":1}"#,
            invocation_of(Some("0"), "JoinRoom", r#""r1""#),
        ),
        (
            r#" {"type": 1, "headers": {"a": "b"}, "target": "x", "arguments": [ 1.10 , {"a": 1, "a": 2} ], "new": [{}]} "#,
            invocation_of(None, "x", r#"1.10 , {"a": 1, "a": 2}"#),
        ),
        (
            r#"{"type":1,"target":"x","arguments":[]}"#,
            invocation_of(None, "x", ""),
        ),
        (r#"{"type":1,"target":"x"}"#, invocation_of(None, "x", "")),
        (
            r#"{"\u0074ype":1,"target":"\u0078","arguments":["\ud800",12345678901234567890123]}"#,
            invocation_of(None, "x", r#""\ud800",12345678901234567890123"#),
        ),
        (
            r#"{"type":1,"target":"x","arguments":[1],"streamIds":["7","8"]}"#,
            HubMessage::Invocation {
                id: None,
                target: "x".into(),
                arguments: values("1"),
                streams: vec!["7".into(), "8".into()],
            },
        ),
        (
            r#"{"type":2,"invocationId":"7","item":null}"#,
            item_of("7", "null"),
        ),
        (
            r#"{"invocationId":"s1","result":"alice/q","type":3}"#,
            completion_of("s1", Completed::Result(values(r#""alice/q""#))),
        ),
        (
            r#"{"type":3,"invocationId":"7","result":null}"#,
            completion_of("7", Completed::Result(values("null"))),
        ),
        (
            r#"{"type":3,"invocationId":"7"}"#,
            completion_of("7", Completed::Void),
        ),
        (
            r#"{"type":3,"invocationId":"7","error":"no \u0041"}"#,
            completion_of("7", Completed::Error("no A".into())),
        ),
        (
            r#"{"type":4,"invocationId":"2","target":"Count","arguments":[3]}"#,
            HubMessage::StreamInvocation {
                id: "2".into(),
                target: "Count".into(),
                arguments: values("3"),
                streams: Vec::new(),
            },
        ),
        (
            r#"{"type":5,"invocationId":"2"}"#,
            HubMessage::CancelInvocation { id: "2".into() },
        ),
        (r#"{"type":7}"#, HubMessage::Close),
        (
            r#"{"type":7,"error":"x","allowReconnect":true}"#,
            HubMessage::Close,
        ),
        // Of what nobody reads no type is wrong.
        (
            r#"{"type":7,"error":7,"allowReconnect":"no"}"#,
            HubMessage::Close,
        ),
        (r#"{"type":8,"sequenceId":5}"#, HubMessage::Unknown),
        (r#"{"type":9,"sequenceId":"x"}"#, HubMessage::Unknown),
        (r#"{"type":10,"invocationId":1}"#, HubMessage::Unknown),
        (r#"{"type":6,"type":9,"sequenceId":1}"#, HubMessage::Unknown),
    ] {
        assert_eq!(json(record), Ok(expected), "{record}");
    }
}

/// As captured, and arrays that have grown and headers that are not empty.
#[test]
fn messagepack_messages_are_read_as_stock_clients_write_them() {
    let joined = || invocation_of(Some("0"), "joinroom", r#""r1""#);
    for (record, expected) in [
        (&b"\x91\x06"[..], HubMessage::Ping),
        (b"\x95\x01\x80\xa1\x30\xa8joinroom\x91\xa2r1", joined()),
        (b"\x96\x01\x80\xa1\x30\xa8joinroom\x91\xa2r1\x90", joined()),
        (
            b"\x97\x01\x82\xa1a\xa1b\x05\x93\x01\xc4\x01x\xd6\xff\0\0\0\0\xa1\x30\xa8joinroom\x91\xa2r1\x90\xc0",
            joined(),
        ),
        (b"\x95\x01\x80\xc0\xa1x\x90", invocation_of(None, "x", "")),
        (
            b"\x96\x01\x80\xc0\xa1x\x90\x91\xa17",
            HubMessage::Invocation {
                id: None,
                target: "x".into(),
                arguments: Values::default(),
                streams: vec!["7".into()],
            },
        ),
        (b"\x94\x02\x80\xa1\x36\x00", item_of("6", "0")),
        (b"\x94\x03\x80\xa1\x30\x02", completion_of("0", Completed::Void)),
        (
            b"\x95\x03\x80\xa1\x38\x03\x03",
            completion_of("8", Completed::Result(values("3"))),
        ),
        (
            b"\x95\x03\x80\xa1\x38\x01\xa2no",
            completion_of("8", Completed::Error("no".into())),
        ),
        (
            b"\x96\x04\x80\xa1\x32\xa5Count\x91\x03\x90",
            HubMessage::StreamInvocation {
                id: "2".into(),
                target: "Count".into(),
                arguments: values("3"),
                streams: Vec::new(),
            },
        ),
        (
            b"\x93\x05\x80\xa1\x32",
            HubMessage::CancelInvocation { id: "2".into() },
        ),
        (b"\x92\x07\xc0", HubMessage::Close),
        (b"\x93\x07\xa1x\xc3", HubMessage::Close),
        (b"\x93\x07\x07\xa1x", HubMessage::Close),
        (b"\x92\x08\xa1x", HubMessage::Unknown),
        (b"\x92\x09\x01", HubMessage::Unknown),
        (b"\x92\x0a\x01", HubMessage::Unknown),
    ] {
        assert_eq!(packed(record), Ok(expected), "{record:02x?}");
    }
}

/// Fails if a width, a key or a kind of value becomes other JSON.
#[test]
fn messagepack_values_become_json() {
    for (value, expected) in [
        (&b"\xc0"[..], "null"),
        (b"\xc2", "false"),
        (b"\xc3", "true"),
        (b"\x7f", "127"),
        (b"\xe0", "-32"),
        (b"\xcc\xff", "255"),
        (b"\xcd\xff\xff", "65535"),
        (b"\xce\0\0\0\x01", "1"),
        (
            b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            "18446744073709551615",
        ),
        (b"\xd0\x80", "-128"),
        (b"\xd1\x80\0", "-32768"),
        (b"\xd2\x80\0\0\0", "-2147483648"),
        (b"\xd3\x80\0\0\0\0\0\0\0", "-9223372036854775808"),
        (b"\xca\x3f\x80\0\0", "1.0"),
        (b"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", "0.1"),
        (b"\xcb\x7f\xf8\0\0\0\0\0\0", "null"),
        (b"\xa3\"\\\n", r#""\"\\\n""#),
        (b"\xd9\x01x", "\"x\""),
        (b"\xda\0\x01x", "\"x\""),
        (b"\xdb\0\0\0\x01x", "\"x\""),
        (b"\xdc\0\x02\x01\x90", "[1,[]]"),
        (b"\xdd\0\0\0\x01\x80", "[{}]"),
        (
            b"\x82\xa1a\x01\x05\x81\xff\xc0",
            r#"{"a":1,"5":{"-1":null}}"#,
        ),
        (b"\xde\0\x01\xa1a\x93\x01\x02\x03", r#"{"a":[1,2,3]}"#),
        (b"\xdf\0\0\0\x01\xcc\xff\x01", r#"{"255":1}"#),
        (b"\xd6\xff\0\0\0\0", "\"1970-01-01T00:00:00Z\""),
        (b"\xd7\xff\0\0\0\0\0\0\0\x01", "\"1970-01-01T00:00:01Z\""),
        (
            b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            "\"1969-12-31T23:59:59Z\"",
        ),
        (b"\x81\xac_placeholder\xc3", r#"{"_placeholder":true}"#),
    ] {
        let record = [b"\x94\x02\x80\xa1\x36", value].concat();
        assert_eq!(packed(&record), Ok(item_of("6", expected)), "{value:02x?}");
    }
}

/// Fails if bytes lose their place, or what only looks like a placeholder is taken for one.
#[test]
fn binary_values_are_blobs_and_a_clients_own_placeholders_are_none() {
    let record = b"\x95\x01\x80\xc0\xa1x\x93\xc4\x01a\x01\x81\xa1k\xc5\0\x02bc";
    let text = r#"{"_placeholder":true,"num":0},1,{"k":{"_placeholder":true,"num":1}}"#;
    let mut expected = invocation_of(None, "x", text);
    if let HubMessage::Invocation { arguments, .. } = &mut expected {
        arguments.blobs = vec![Bytes::from_static(b"a"), Bytes::from_static(b"bc")];
    }
    assert_eq!(packed(record), Ok(expected));
    let lookalike = b"\x95\x01\x80\xc0\xa1x\x92\xc4\x01a\x82\xac_placeholder\xc3\xa3num\x00";
    assert!(packed(lookalike).is_err());
    let many = |count: u8| {
        let blobs = b"\xc4\0".repeat(usize::from(count));
        [&b"\x95\x01\x80\xc0\xa1x"[..], &[0x90 | count], &blobs].concat()
    };
    assert!(packed(&many(10)).is_ok());
    assert!(packed(&many(11)).is_err());
    // In JSON nothing is binary, so nothing is a placeholder.
    let sent = r#"{"_placeholder":true,"num":0}"#;
    let own = format!(r#"{{"type":1,"target":"x","arguments":[{sent}]}}"#);
    assert_eq!(json(&own), Ok(invocation_of(None, "x", sent)));
    let back = write::invocation(Format::MessagePack, None, "x", &values(sent));
    let expected = b"\x1c\x96\x01\x80\xc0\xa1x\x91\x82\xac_placeholder\xc3\xa3num\x00\x90";
    assert_eq!(bytes(&back)[..], expected[..]);
}

/// Fails if a field that has nothing is written, or in another spelling than ASP.NET's.
#[test]
fn json_messages_are_written_without_what_they_do_not_have() {
    let format = Format::Json;
    let bob = values(r#""bob","hi""#);
    for (frame, expected) in [
        (
            write::invocation(format, None, "ReceiveMessage", &bob),
            r#"{"type":1,"target":"ReceiveMessage","arguments":["bob","hi"]}"#,
        ),
        (
            write::invocation(format, Some("s1"), "a\"b", &values("")),
            r#"{"type":1,"invocationId":"s1","target":"a\"b","arguments":[]}"#,
        ),
        (
            write::completion(format, "0", &Completed::Void),
            r#"{"type":3,"invocationId":"0"}"#,
        ),
        (
            write::completion(format, "\u{1e}", &Completed::Result(values("null"))),
            r#"{"type":3,"invocationId":"\u001e","result":null}"#,
        ),
        (
            write::completion(format, "0", &Completed::Error("no".into())),
            r#"{"type":3,"invocationId":"0","error":"no"}"#,
        ),
        (
            write::stream_item(format, "6", &values("[1]")),
            r#"{"type":2,"invocationId":"6","item":[1]}"#,
        ),
        (close(format, None, false), r#"{"type":7}"#),
        (
            close(format, Some("x"), true),
            r#"{"type":7,"error":"x","allowReconnect":true}"#,
        ),
        (ping(format), r#"{"type":6}"#),
    ] {
        assert_eq!(text(&frame), expected);
    }
}

#[test]
fn messagepack_messages_are_written_in_the_shortest_forms() {
    let format = Format::MessagePack;
    let several = values(r#"-1, 256 ,[1.5,{"k":[true,null]}],"\u0041""#);
    for (frame, expected) in [
        (ping(format), &b"\x02\x91\x06"[..]),
        (
            write::completion(format, "0", &Completed::Void),
            b"\x06\x94\x03\x80\xa1\x30\x02",
        ),
        (
            write::completion(format, "8", &Completed::Result(values("3"))),
            b"\x07\x95\x03\x80\xa1\x38\x03\x03",
        ),
        (
            write::stream_item(format, "6", &values("0")),
            b"\x06\x94\x02\x80\xa1\x36\x00",
        ),
        (
            write::invocation(format, None, "x", &several),
            b"\x1e\x96\x01\x80\xc0\xa1x\x94\xff\xcd\x01\x00\x92\xcb\x3f\xf8\0\0\0\0\0\0\x81\xa1k\x92\xc3\xc0\xa1A\x90",
        ),
        (
            write::invocation(format, Some("s1"), "x", &Values::default()),
            b"\x0a\x96\x01\x80\xa2s1\xa1x\x90\x90",
        ),
        (close(format, None, false), b"\x04\x93\x07\xc0\xc2"),
        (close(format, Some("x"), true), b"\x05\x93\x07\xa1x\xc3"),
    ] {
        assert_eq!(bytes(&frame)[..], *expected);
    }
    let long = write::completion(format, "0", &Completed::Error("x".repeat(200)));
    assert_eq!(bytes(&long)[..4], *b"\xd0\x01\x95\x03");
}

/// Fails if a blob stands in JSON as anything but the text that ASP.NET writes of bytes.
#[test]
fn blobs_are_base64_in_json_and_bytes_in_messagepack() {
    let said = Values {
        blobs: vec![Bytes::from_static(b"\xff\x00"), Bytes::new()],
        ..values(
            r#"{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}],{"_placeholder":true,"num":2}"#,
        )
    };
    assert_eq!(
        text(&write::invocation(Format::Json, None, "x", &said)),
        r#"{"type":1,"target":"x","arguments":["",["/wA="],{"_placeholder":true,"num":2}]}"#
    );
    let packed = write::invocation(Format::MessagePack, None, "x", &said);
    let expected = b"\x23\x96\x01\x80\xc0\xa1x\x93\xc4\x00\x91\xc4\x02\xff\x00\x82\xac_placeholder\xc3\xa3num\x02\x90";
    assert_eq!(bytes(&packed)[..], expected[..]);
}

/// Half a surrogate pair, in a text and in a key, as each format may have it and as both are told it. Fails if it reaches
/// somebody as other letters, ends the connection of who says it, or reaches a reader of JSON that throws at it.
#[test]
fn half_a_surrogate_pair_is_u_fffd_both_ways() {
    let said = values(r#""a\ud83d",{"\udc00b":"\ud83d\ude00\\\ud83d\\ud83d"}"#);
    let told = "\"a\u{fffd}\",{\"\u{fffd}b\":\"\\ud83d\\ude00\\\\\u{fffd}\\\\ud83d\"}";
    let frame = write::invocation(Format::Json, None, "x", &said);
    let expected = format!(r#"{{"type":1,"target":"x","arguments":[{told}]}}"#);
    assert_eq!(text(&frame), expected);

    let frame = write::invocation(Format::MessagePack, None, "x", &said);
    let smiling = "\"a\u{fffd}\",{\"\u{fffd}b\":\"\u{1f600}\\\\\u{fffd}\\\\ud83d\"}";
    let record = &bytes(&frame)[1..];
    assert_eq!(packed(record).unwrap(), invocation_of(None, "x", smiling));

    // As the stock client in JavaScript writes it: three bytes.
    let called = b"\x95\x01\x80\xc0\xa4x\xed\xa0\xbd\x92\xa5a\xed\xb0\x80b\x81\xa3\xed\xbf\xbf\x01";
    let heard = "\"a\u{fffd}b\",{\"\u{fffd}\":1}";
    let expected = invocation_of(None, "x\u{fffd}", heard);
    assert_eq!(packed(called).unwrap(), expected);
    for torn in [&b"\xa3\xed\xa0a"[..], b"\xa2\xed\xa0", b"\xa3\xf5\xa0\xbd"] {
        let called = [b"\x95\x01\x80\xc0\xa1x\x91", torn].concat();
        assert!(packed(&called).is_err(), "{torn:?}");
    }
}
