//! Input that means harm. That none of it recurses or allocates what it claims shows in that it comes back at all.

use super::*;

#[test]
fn json_that_is_no_message_is_malformed() {
    for record in [
        "",
        "[]",
        "null",
        "{",
        "{}",
        r#"{"type":6}{"type":6}"#,
        r#"{"type":"6"}"#,
        r#"{"type":null}"#,
        r#"{"type":1.0,"target":"x"}"#,
        r#"{"type":1,"arguments":[]}"#,
        r#"{"type":1,"target":null,"arguments":[]}"#,
        r#"{"type":1,"target":7,"arguments":[]}"#,
        r#"{"type":1,"target":"x","arguments":null}"#,
        r#"{"type":1,"target":"x","arguments":{}}"#,
        r#"{"type":1,"target":"x","arguments":"[]"}"#,
        r#"{"type":1,"target":"x","arguments":[,]}"#,
        r#"{"type":1,"target":"x","invocationId":1}"#,
        r#"{"type":1,"target":"x","invocationId":null}"#,
        r#"{"type":1,"target":"x","invocationId":{}}"#,
        r#"{"type":1,"target":"x","streamIds":[1]}"#,
        r#"{"type":2,"invocationId":"1"}"#,
        r#"{"type":2,"item":1}"#,
        r#"{"type":3}"#,
        r#"{"type":3,"invocationId":"1","result":1,"error":"x"}"#,
        r#"{"type":3,"invocationId":"1","error":1}"#,
        r#"{"type":4,"target":"x","arguments":[]}"#,
        r#"{"type":5}"#,
    ] {
        assert!(json(record).is_err(), "{record}");
    }
    let not_utf8 = b"{\"type\":1,\"target\":\"x\",\"arguments\":[\"\xff\"]}";
    assert!(read(Format::Json, not_utf8, LIMITS).is_err());
    let cancelled = |digits| format!(r#"{{"type":5,"invocationId":"{}"}}"#, "1".repeat(digits));
    assert!(json(&cancelled(256)).is_ok());
    assert!(json(&cancelled(257)).is_err());
}

#[test]
fn messagepack_that_is_no_message_is_malformed() {
    for record in [
        &b""[..],
        b"\x90",
        b"\x80",
        b"\x06",
        b"\x91\xa16",
        b"\x91\x01",
        b"\x94\x01\x80\xc0\xa1x",
        b"\x95\x01\x80\xc0\xc0\x90",
        b"\x95\x01\x80\xc0\xa1x\xc0",
        b"\x95\x01\x80\xc0\xa1x\x80",
        b"\x95\x01\x80\x01\xa1x\x90",
        b"\x95\x01\x80\x90\xa1x\x90",
        b"\x95\x01\x80\xc0\xa1\xff\x90",
        b"\x94\x03\x80\xc0\x02",
        b"\x94\x03\x80\xa10\x04",
        b"\x94\x03\x80\xa10\x03",
        // What JSON has no value for: a byte that begins nothing, keys, other extensions, times that are none.
        b"\x94\x02\x80\xa16\xc1",
        b"\x94\x02\x80\xa16\x81\xc0\x01",
        b"\x94\x02\x80\xa16\x81\x90\x01",
        b"\x94\x02\x80\xa16\x81\xc4\x01a\x01",
        b"\x94\x02\x80\xa16\xd4\x01\x00",
        b"\x94\x02\x80\xa16\xd5\xff\x00\x00",
        b"\x94\x02\x80\xa16\xd7\xff\xff\xff\xff\xff\0\0\0\0",
        b"\x94\x02\x80\xa16\xa1\xff",
        b"\x94\x02\xc1\xa16\x00",
    ] {
        assert!(packed(record).is_err(), "{record:02x?}");
    }
}

/// Fails if a record is taken for one that does not hold what it says to hold.
#[test]
fn claimed_lengths_are_not_believed() {
    for value in [
        &b"\xdd\xff\xff\xff\xff"[..],
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff\xdd\xff\xff\xff\xff\x01",
        b"\xa2x",
        b"\xcd\x01",
        b"\xcb\x01",
    ] {
        let item = [b"\x94\x02\x80\xa1\x36", value].concat();
        assert!(packed(&item).is_err(), "{value:02x?}");
        let headers = [b"\x95\x01", value].concat();
        assert!(packed(&headers).is_err(), "{value:02x?}");
    }
    let elements_and_arguments = b"\xdd\xff\xff\xff\xff\x01\x80\xc0\xa1x\xdd\xff\xff\xff\xff\x01";
    assert!(packed(elements_and_arguments).is_err());
}

/// Fails if a message in MessagePack may become more JSON than anybody may send as JSON: a byte is `false,` or `\u0001`.
#[test]
fn values_have_a_bound_as_json_too() {
    let called = |count: usize, value: &[u8]| {
        let count = u32::try_from(count).unwrap().to_be_bytes();
        [
            b"\x95\x01\x80\xc0\xa1x\x91",
            &[value[0]][..],
            &count,
            &value[1..],
        ]
        .concat()
    };
    let list = |count| called(count, &[b"\xdd", &b"\xc2".repeat(count)[..]].concat());
    let text = |count| called(count, &[b"\xdb", &b"\x01".repeat(count)[..]].concat());
    let keys = |count| {
        called(
            count,
            &[b"\xdf", &b"\xa1\x01\x01".repeat(count)[..]].concat(),
        )
    };
    // `[false,false]`, `"\u0001\u0001"` and `{"\u0001":1,"\u0001":1}`, of a million bytes each.
    assert!(packed(&list(166_666)).is_ok());
    assert!(packed(&list(166_667)).is_err());
    assert!(packed(&text(166_666)).is_ok());
    assert!(packed(&text(166_667)).is_err());
    assert!(packed(&keys(90_909)).is_ok());
    assert!(packed(&keys(90_910)).is_err());
    let arguments = [
        b"\x95\x01\x80\xc0\xa1x\xdd\x00\x02\xa0\x00",
        &b"\xc2".repeat(172_032)[..],
    ];
    assert!(packed(&arguments.concat()).is_err());
}

/// Fails if nesting is followed by recursion, or further than it may go.
#[test]
fn nesting_is_bounded_in_both_formats() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels| format!("{}1{}", r#"{"":"#.repeat(levels), "}".repeat(levels));
    let called = |value: &str| format!(r#"{{"type":1,"target":"x","arguments":[{value}]}}"#);
    assert!(json(&called(&nested(60))).is_ok());
    assert!(json(&called(&nested(61))).is_err());
    for value in [nested(100_000), objects(100_000)] {
        assert!(json(&called(&value)).is_err());
        // Where nobody looks it is skipped.
        let ping = format!(r#"{{"type":6,"headers":{value}}}"#);
        assert_eq!(json(&ping), Ok(HubMessage::Ping));
    }
    let nested_in = |levels: usize, opens: &[u8]| {
        let value = [&opens.repeat(levels)[..], b"\x01"].concat();
        [b"\x95\x01\x80\xc0\xa1x\x91", &value[..]].concat()
    };
    assert!(packed(&nested_in(60, b"\x91")).is_ok());
    assert!(packed(&nested_in(61, b"\x91")).is_err());
    assert!(packed(&nested_in(100_000, b"\x91")).is_err());
    assert!(packed(&nested_in(100_000, b"\x81\x01")).is_err());
    let headers = [
        &b"\x95\x01"[..],
        &b"\x91".repeat(100_000),
        b"\x01\xc0\xa1x\x90",
    ]
    .concat();
    assert_eq!(packed(&headers), Ok(invocation_of(None, "x", "")));
    // What others sent so is written all the same.
    for format in [Format::Json, Format::MessagePack] {
        let frame = write::invocation(format, None, "x", &values(&nested(100_000)));
        assert!(frame.len() > 100_000);
    }
}

/// Fails if a blob that is named a thousand times goes out a thousand times: one message of a megabyte would be gigabytes.
#[test]
fn a_blob_that_is_named_often_goes_out_once() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let named = vec![placeholder; 1000].join(",");
    let blob = vec![7; 3000];
    let values = Values {
        text: named.into(),
        blobs: vec![blob.into()],
    };
    for (format, most) in [(Format::Json, 10_000), (Format::MessagePack, 5_000)] {
        let frame = write::invocation(format, None, "x", &values);
        assert!((3000..most).contains(&frame.len()), "{}", frame.len());
    }
}

/// Fails if what anybody may say closes the stock client in JavaScript, which takes no such key in MessagePack.
#[test]
fn no_key_in_messagepack_is_one_that_a_stock_client_throws_at() {
    for key in [r#""__proto__""#, r#""__pro\u0074o__" "#] {
        let text = format!(r#"{{{key}:"__proto__"}}"#);
        let frame = write::invocation(Format::MessagePack, None, "x", &values(&text));
        let payload = frame.first.payload();
        let entry = b"\x81\xa8__proto_\xa9__proto__";
        assert!(
            payload.windows(entry.len()).any(|part| part == entry),
            "{payload:?}"
        );
    }
}
