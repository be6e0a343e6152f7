//! The JSON behind a packet's head: is it valid, of the right kind, and where are name and arguments in it.
//! Never builds values from it, so numbers, duplicate keys and depth pass untouched; knows no attachments.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::packet::Violation;
use crate::{protocol::json::string, reserved::RESERVED};

/// The event's name, unescaped, and the text of the arguments behind it.
pub(super) fn event(json: &str) -> Result<(Arc<str>, &str), Violation> {
    let elements = array(json, "an event is an array: its name, then its arguments")?;
    if let Some((name, behind)) = plain_name(elements) {
        return Ok((unreserved(name.into())?, arguments_behind(behind)));
    }
    let mut stream = serde_json::Deserializer::from_str(elements).into_iter::<&RawValue>();
    let name = match stream.next() {
        Some(Ok(first)) => event_name(first.get())?,
        _ => return Err(Violation::EventName),
    };
    let args = arguments_behind(&elements[stream.byte_offset()..]);
    Ok((name, args))
}

/// The name where it is text without escapes, as most are, and what stands behind it. The elements are valid JSON.
fn plain_name(elements: &str) -> Option<(&str, &str)> {
    let inner = elements.strip_prefix('"')?;
    let end = memchr::memchr2(b'"', b'\\', inner.as_bytes())?;
    let behind = inner[end..].strip_prefix('"')?;
    Some((&inner[..end], behind))
}

fn arguments_behind(name: &str) -> &str {
    let behind = name.trim_ascii_start().strip_prefix(',');
    behind.unwrap_or_default().trim_ascii_start()
}

/// The text of an ack's arguments.
pub(super) fn arguments(json: &str) -> Result<&str, Violation> {
    array(json, "an ack is an array of arguments")
}

/// The object that came with a CONNECT, if any.
pub(super) fn credentials(json: &str) -> Result<Option<&str>, Violation> {
    match json.as_bytes().first() {
        None => Ok(None),
        Some(b'{') => valid(json).map(Some),
        Some(_) => Err(Violation::Payload {
            wanted: "CONNECT carries an object or nothing",
        }),
    }
}

/// The text between the brackets of a valid array.
fn array<'a>(json: &'a str, wanted: &'static str) -> Result<&'a str, Violation> {
    if !json.starts_with('[') {
        return Err(Violation::Payload { wanted });
    }
    let array = valid(json)?;
    // Valid JSON has only its own four kinds of whitespace outside strings, so no more can be taken.
    Ok(array[1..array.len() - 1].trim_ascii())
}

/// The one JSON value that is all of `json`. `RawValue` checks without recursion and keeps the text.
fn valid(json: &str) -> Result<&str, Violation> {
    serde_json::from_str::<&RawValue>(json)
        .map(RawValue::get)
        .map_err(|error| Violation::Json {
            reason: error.to_string(),
        })
}

fn reserved(name: &str) -> Option<&'static str> {
    RESERVED.into_iter().find(|reserved| *reserved == name)
}

fn event_name(json: &str) -> Result<Arc<str>, Violation> {
    let name: Arc<str> = match json.as_bytes() {
        [b'"', ..] => string(json).ok_or(Violation::EventName)?.into(),
        [b'-' | b'0'..=b'9', ..] => Arc::from(json),
        _ => return Err(Violation::EventName),
    };
    unreserved(name)
}

fn unreserved(name: Arc<str>) -> Result<Arc<str>, Violation> {
    match reserved(&name) {
        Some(name) => Err(Violation::ReservedName { name }),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_are_unescaped_and_arguments_kept_as_sent() {
        for (json, name, args) in [
            (r#"["e"]"#, "e", ""),
            (r#"[ "e" , 1 , 2 ] "#, "e", "1 , 2"),
            (r#"["caf\u00e9"]"#, "café", ""),
            (r#"["a\"b","x]"]"#, "a\"b", r#""x]""#),
            (r#"["😀\ud83d\ude00"]"#, "😀😀", ""),
            (r#"["\ud800"]"#, "\u{fffd}", ""),
            (
                r#"["\uDFFF\ud800\ud83d\ude00",1]"#,
                "\u{fffd}\u{fffd}😀",
                "1",
            ),
            (r#"["a\\\ud800b\\ud800"]"#, "a\\\u{fffd}b\\ud800", ""),
            (r#"["\ud800\u0041\ud800\n"]"#, "\u{fffd}A\u{fffd}\n", ""),
            (r#"[""]"#, "", ""),
            (r#"[7,8]"#, "7", "8"),
            (r#"[-1.50e3]"#, "-1.50e3", ""),
            (
                r#"[12345678901234567890123]"#,
                "12345678901234567890123",
                "",
            ),
            (
                r#"["e",{"a":1,"a":2},1e999,123456789012345678901.0,"\ud800"]"#,
                "e",
                r#"{"a":1,"a":2},1e999,123456789012345678901.0,"\ud800""#,
            ),
        ] {
            assert_eq!(event(json), Ok((Arc::from(name), args)), "{json}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for json in [
            "[]",
            "[[]]",
            "[{}]",
            "[null]",
            "[true]",
            r#"[{"toString":1}]"#,
        ] {
            assert_eq!(event(json), Err(Violation::EventName), "{json}");
        }
        for name in RESERVED {
            let json = format!("[\"{name}\"]");
            assert_eq!(event(&json), Err(Violation::ReservedName { name }));
        }
        let escaped = r#"["\u0063onnect"]"#;
        assert_eq!(
            event(escaped),
            Err(Violation::ReservedName { name: "connect" })
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for json in [
            "[",
            "[\"e\"",
            "[\"e\",]",
            "[,\"e\"]",
            "[\"e\"]x",
            "[\"e\"][]",
            "[\"e\" 1]",
            "[01]",
            "[\"e\",nul]",
            "[\"\n\"]",
            "[\"\\x\"]",
            "[\"e\",'x']",
            "[\"e\",{1:2}]",
            "[\"e\",NaN]",
        ] {
            assert_eq!(event(json).unwrap_err().code(), "bad_json", "{json}");
        }
    }

    #[test]
    fn deep_nesting_is_checked_without_the_stack() {
        let deep = format!("[\"e\",{}{}]", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(event(&deep).unwrap().1.len(), 2_000_000);
        let open = format!("[\"e\",{}", "{\"a\":".repeat(100_000));
        assert_eq!(event(&open).unwrap_err().code(), "bad_json");
        let as_name = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(event(&as_name), Err(Violation::EventName));
    }
}
