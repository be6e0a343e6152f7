//! Handshakes, and what ASP.NET answers to those that it refuses.

use super::{
    super::handshake::{accepted, read as read_handshake, refused},
    *,
};

#[test]
fn what_stock_clients_ask_for_is_accepted() {
    for (record, format) in [
        (r#"{"protocol":"json","version":1}"#, Format::Json),
        (r#"{"protocol":"json","version":2}"#, Format::Json),
        (r#"{"protocol": "json", "version": 0}"#, Format::Json),
        (
            r#"{"version":1,"protocol":"messagepack"}"#,
            Format::MessagePack,
        ),
        (
            r#"{"protocol":"\u006ason","version":1,"x":[]}"#,
            Format::Json,
        ),
        (r#"{"protocol":"JSON","version":1}"#, Format::Json),
    ] {
        assert_eq!(read_handshake(record.as_bytes()), Ok(format), "{record}");
    }
}

/// Fails if a text is not ASP.NET's.
#[test]
fn a_refusal_has_its_words() {
    for (record, expected) in [
        (
            r#"{"protocol":"json","version":3}"#,
            "The server does not support version 3 of the 'json' protocol.",
        ),
        (
            r#"{"protocol":"messagepack","version":-1}"#,
            "The server does not support version -1 of the 'messagepack' protocol.",
        ),
        (
            r#"{"protocol":"x'y","version":1}"#,
            "The protocol 'x'y' is not supported.",
        ),
    ] {
        let refused = read_handshake(record.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    for record in [
        "",
        "{}",
        "[]",
        "{",
        r#"{"protocol":"json"}"#,
        r#"{"protocol":1,"version":1}"#,
        r#"{"protocol":"json","version":"1"}"#,
        r#"{"protocol":"json","version":1.5}"#,
        r#"{"type":6}"#,
    ] {
        let refused = read_handshake(record.as_bytes());
        assert_eq!(refused, Err(HandshakeFault::Malformed), "{record}");
    }
    assert_eq!(
        HandshakeFault::Canceled.to_string(),
        "Handshake was canceled."
    );
    assert_eq!(
        HandshakeFault::TextOnly.to_string(),
        "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format."
    );
}

/// Fails if an answer has a field `type`, which clients take for no handshake's, or is of the wrong kind of frame.
#[test]
fn answers_are_json_in_the_frames_of_the_format() {
    assert_eq!(text(&accepted(Format::Json)), "{}");
    assert_eq!(bytes(&accepted(Format::MessagePack)), "{}\u{1e}");
    assert_eq!(text(&refused(None, "no \"x\"")), r#"{"error":"no \"x\""}"#);
    let refused = refused(Some(Format::MessagePack), "no");
    assert_eq!(bytes(&refused), "{\"error\":\"no\"}\u{1e}");
}
