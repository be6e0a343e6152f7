//! Contract 2.1, row by row: the forms of a payload, as commands and as messages.
//! Knows nothing of targets; names are read where they would be looked for.

use serde_json::json;

use super::*;

#[test]
fn an_object_is_the_payload() {
    let args = r#"{"data":{"message":"m","roomId":"r"},"x":1}"#;
    assert_eq!(command(args).unwrap().room(), Some(&b"\"r\""[..]));
    assert_eq!(delivered_message(args), "m");
}

#[test]
fn a_string_that_parses_as_an_object_is_the_payload() {
    let args = r#"" {\u0022Data\u0022:{\"Message\":\"m\",\"Room\":\"r\"}}\n""#;
    assert_eq!(command(args).unwrap().room(), Some(&b"\"r\""[..]));
    assert_eq!(delivered_message(args), "m");
}

#[test]
fn a_string_with_a_brace_that_does_not_parse_is_bad_for_commands_and_text_for_messages() {
    for args in [
        r#""{hello}""#,
        r#""{\"data\":}""#,
        r#"" {""#,
        r#""{\"a\":1} b""#,
    ] {
        assert_eq!(command(args).unwrap_err(), Code::BadPayload, "{args}");
        assert_eq!(
            delivered_message(args),
            serde_json::from_str::<Value>(args).unwrap()
        );
    }
}

#[test]
fn any_other_string_is_the_name_or_the_text() {
    for args in [r#""lobby""#, r#""[1]""#, r#""\"{}\"""#] {
        assert_eq!(command(args).unwrap().bare(), Some(args.as_bytes()));
        assert_eq!(
            delivered_message(args),
            serde_json::from_str::<Value>(args).unwrap()
        );
    }
}

#[test]
fn a_number_is_the_name_or_the_message() {
    assert_eq!(command("3946").unwrap().bare(), Some(&b"3946"[..]));
    assert!(delivered("-0.10e5").starts_with(r#"{"data":{"message":-0.10e5,"#));
}

#[test]
fn arrays_and_booleans_are_bad_for_commands_and_the_message_itself() {
    for args in ["[1,\"a\"]", "true", "false", "[]"] {
        assert_eq!(command(args).unwrap_err(), Code::BadPayload);
        assert_eq!(
            delivered_message(args),
            serde_json::from_str::<Value>(args).unwrap()
        );
    }
}

#[test]
fn nothing_and_null_leave_a_command_to_its_second_argument_and_are_no_message() {
    for args in ["", "null", "null,\"r\""] {
        assert_eq!(message(args).unwrap_err(), Code::BadPayload);
        assert_eq!(command(args).unwrap().bare(), None);
    }
    assert_eq!(command("null,\"r\"").unwrap().second(), Some(&b"\"r\""[..]));
}

#[test]
fn binary_is_bad_for_commands_and_the_message_itself() {
    let content = said(r#"{"_placeholder":true,"num":0}"#, &[b"\x01\x02"]);
    let refused = Payload::read(&content.clone().into(), Use::Command).unwrap_err();
    assert_eq!(refused.code, Code::BadPayload);
    let payload = Payload::read(&content.clone().into(), Use::Message).unwrap();
    let sent = compose("lobby".into(), &payload, None, Some("lobby"), &stamp());
    assert_eq!(
        value(&sent)["data"]["message"],
        json!({"_placeholder": true, "num": 0})
    );
    assert_eq!(sent.blobs, content.blobs);
}

#[test]
fn keys_are_found_in_any_case_exact_spelling_first() {
    let payload =
        command(r#"{"DATA":{"ROOMID":"A","roomId":"b","RoomChannel":"c"},"Data":null}"#).unwrap();
    assert_eq!(payload.room(), Some(&b"\"b\""[..]));
    assert_eq!(payload.channel(), Some(&b"\"c\""[..]));
}

#[test]
fn null_and_the_empty_string_count_as_absent() {
    let payload =
        command(r#"{"data":{"roomId":"","room":null,"Room":"r","roomChannel":null}},"""#).unwrap();
    assert_eq!(payload.room(), Some(&b"\"r\""[..]));
    assert_eq!((payload.channel(), payload.second()), (None, None));
}

#[test]
fn aliases_stand_in_for_the_fields_they_are_aliases_of() {
    let payload = command(r#"{"data":{"room":"r","channel":"c"}}"#).unwrap();
    assert_eq!(payload.room(), Some(&b"\"r\""[..]));
    assert_eq!(payload.channel(), Some(&b"\"c\""[..]));
    let payload =
        command(r#"{"data":{"room":"1","roomId":"2","channel":"3","roomChannel":"4"}}"#).unwrap();
    assert_eq!(payload.room(), Some(&b"\"2\""[..]));
    assert_eq!(payload.channel(), Some(&b"\"4\""[..]));
}

#[test]
fn the_flat_form_is_read_as_data() {
    let payload =
        message(r#"{"message":"m","roomId":"r","roomChannel":"c","mood":"good"}"#).unwrap();
    assert_eq!(payload.message(), Some(&b"\"m\""[..]));
    assert_eq!(payload.room(), Some(&b"\"r\""[..]));
    assert_eq!(payload.channel(), Some(&b"\"c\""[..]));
    assert_eq!(payload.top_unknown().count(), 1);
}

#[test]
fn beside_a_data_object_flat_fields_are_unknown_fields_and_not_lost() {
    let sent = delivered(r#"{"data":{"message":"inner"},"message":"outer","room":"r"}"#);
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["data"]["message"], "inner");
    assert_eq!(
        (&sent["message"], &sent["room"]),
        (&json!("outer"), &json!("r"))
    );
}

#[test]
fn an_object_with_no_known_field_is_the_message_as_a_whole() {
    for args in [r#"{"text":"hi","Id":1.0}"#, "{}", r#"{"token":"t"}"#] {
        assert!(delivered(args).starts_with(&format!(r#"{{"data":{{"message":{args},"#)));
    }
}

/// Fails if a reading of a device reaches somebody as an empty message, or without one of its values, because it has an
/// everyday word for a key.
#[test]
fn an_object_with_neither_data_nor_message_is_the_message_if_anything_of_it_would_be_lost() {
    for args in [
        r#"{"time":1700000000,"temperature":21.5}"#,
        r#"{"source":"sensor-7","temperature":21.5}"#,
        r#"{"SOURCE":7}"#,
        r#"{"room":"kitchen","temperature":21.5}"#,
        r#"{"Room":"kitchen"}"#,
        r#"{"channel":"ch1"}"#,
        r#"{"clientId":"sensor-7","temperature":21.5}"#,
    ] {
        let sent: Value = serde_json::from_str(&delivered(args)).unwrap();
        let said: Value = serde_json::from_str(args).unwrap();
        assert_eq!(sent["data"]["message"], said, "{args}");
        assert_eq!(sent.get("temperature"), None, "once: {args}");
    }
    let sent: Value = serde_json::from_str(&delivered(r#"{"time":7,"t":1}"#)).unwrap();
    assert_eq!(sent["time"], 7);
    for args in [
        r#"{"message":"","temperature":21.5}"#,
        r#"{"source":{"userName":"Ann"},"time":7,"clientId":"c"}"#,
        r#"{"source":null,"time":7}"#,
    ] {
        assert_eq!(delivered_message(args), "", "{args}");
    }
}

/// Fails if notify-room's target is part of what is said, or is not found in it.
#[test]
fn a_rooms_message_without_message_is_the_object_that_names_the_room() {
    let read = |args: &str| Payload::read(&said(args, &[]).into(), Use::RoomMessage).unwrap();
    let args = r#"{"room":"r","temperature":21.5}"#;
    let payload = read(args);
    assert_eq!(payload.message(), Some(args.as_bytes()));
    assert_eq!(payload.room(), Some(&b"\"r\""[..]));
    assert_eq!(read(r#"{"room":"r","channel":"c"}"#).message(), None);
}

/// Fails if a source that cannot be told vanishes without a word.
#[test]
fn a_source_that_is_no_object_is_bad_where_it_is_not_part_of_the_message() {
    for source in ["\"sensor-7\"", "7", "[]", "true"] {
        let said = format!(r#"{{"message":"m","source":{source}}}"#);
        assert_eq!(message(&said).unwrap_err(), Code::BadPayload);
        let join = format!(r#"{{"roomChannel":"c","source":{source}}}"#);
        assert_eq!(command(&join).unwrap_err(), Code::BadPayload);
    }
}

#[test]
fn data_that_is_no_object_is_the_message() {
    for data in ["\"text\"", "7", "[{}]", "false"] {
        let args = format!(r#"{{"Data":{data},"roomId":"r"}}"#);
        let payload = message(&args).unwrap();
        assert_eq!(payload.message(), Some(data.as_bytes()));
        assert_eq!(payload.room(), Some(&b"\"r\""[..]));
    }
}

#[test]
fn arguments_after_the_second_are_ignored() {
    let payload = command(r#""a","b",{"data":{"roomId":"c"}},4"#).unwrap();
    assert_eq!(payload.second(), Some(&b"\"b\""[..]));
    assert_eq!(payload.room(), None);
}

#[test]
fn a_second_argument_that_is_no_string_or_number_names_nothing() {
    for second in ["{\"a\":1}", "[1]", "true", "null", "\"\""] {
        assert_eq!(command(&format!("\"a\",{second}")).unwrap().second(), None);
    }
    assert_eq!(command("\"a\",5").unwrap().second(), Some(&b"5"[..]));
}

#[test]
fn binary_may_stand_anywhere_and_is_numbered_as_it_is_delivered() {
    let content = said(
        r#"{"source":{"icon":{"_placeholder":true,"num":0}},"token":{"_placeholder":true,"num":1},"data":{"message":{"_placeholder":true,"num":2},"room":{"_placeholder":true,"num":3}}},{"_placeholder":true,"num":4}"#,
        &[b"icon", b"token", b"message", b"room", b"second"],
    );
    let payload = Payload::read(&content.clone().into(), Use::Message).unwrap();
    let sent = compose("lobby".into(), &payload, None, Some("lobby"), &stamp());
    assert_eq!(sent.blobs, [&b"message"[..], b"icon", b"token"]);
    let sent = value(&sent);
    assert_eq!(sent["data"]["message"]["num"], 0);
    assert_eq!(sent["source"]["icon"]["num"], 1);
    assert_eq!(sent["token"]["num"], 2);
}
