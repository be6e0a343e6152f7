//! Names of channels and rooms: what is one, and which ones no channel may have (contract 2.3, 3.2).
//! Refuses to know where a name stood or whether anything of that name exists.

use std::{borrow::Cow, sync::Arc};

use super::{
    fault::{Code, Fault},
    json,
};
use crate::name_rule::wrong;
use crate::reserved::is_reserved;

/// The hub's own events.
pub(crate) const HUB_EVENTS: [&str; 11] = [
    "join-channel",
    "leave-channel",
    "join-room",
    "leave-room",
    "notify-room",
    "invite-room",
    "kick-room",
    "lock-room",
    "online-users",
    "room-online-users",
    "hub-error",
];

/// Events that version 2 clients keep to themselves.
pub(crate) const CLIENT_EVENTS: [&str; 10] = [
    "error",
    "ping",
    "pong",
    "connecting",
    "connect_timeout",
    "reconnect",
    "reconnect_attempt",
    "reconnecting",
    "reconnect_error",
    "reconnect_failed",
];

/// Whether no channel may have this name. Rooms may: they are never event names.
pub(crate) fn reserved(name: &str) -> bool {
    HUB_EVENTS.contains(&name) || is_reserved(name) || CLIENT_EVENTS.contains(&name)
}

/// What a name is of, as a refusal says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Channel,
    Room,
    User,
    /// Whom an owner's event is about.
    Other,
}

impl Named {
    fn invalid(self, wrong: &str) -> Fault {
        let what = match self {
            Self::Channel => "a channel name",
            Self::Room => "a room name",
            Self::User => "a user name",
            Self::Other => "each name in the list",
        };
        Fault::new(Code::InvalidName, format!("{what} {wrong}"))
    }
}

/// A valid name of at most `bytes_max` bytes of UTF-8, or `invalid_name`.
pub(crate) fn check(named: Named, text: &str, bytes_max: usize) -> Result<Arc<str>, Fault> {
    match wrong(text, bytes_max) {
        Some(wrong) => Err(named.invalid(&wrong)),
        None => Ok(text.into()),
    }
}

/// The name of a user that a JSON value gives, under the rules of [`read`]; copied only if it must be.
pub(crate) fn read_user(raw: &[u8], bytes_max: usize) -> Result<Cow<'_, str>, Fault> {
    let text = match raw.first() {
        Some(b'"') => json::string(raw),
        Some(b'-' | b'0'..=b'9') => integer(raw).map(|number| number.to_string().into()),
        _ => None,
    };
    let text =
        text.ok_or_else(|| Named::User.invalid("is Unicode text or an integer of 64 bits"))?;
    match wrong(&text, bytes_max) {
        Some(wrong) => Err(Named::User.invalid(&wrong)),
        None => Ok(text),
    }
}

/// The name that a JSON value gives: a string, or an integer of 64 bits as its decimal string.
pub(crate) fn read(named: Named, raw: &[u8], bytes_max: usize) -> Result<Arc<str>, Fault> {
    match raw.first() {
        Some(b'"') => match json::string(raw) {
            Some(text) => check(named, &text, bytes_max),
            None => Err(named.invalid("is Unicode text")),
        },
        Some(b'-' | b'0'..=b'9') => match integer(raw) {
            Some(number) => check(named, &number.to_string(), bytes_max),
            None => Err(named.invalid("that is a number is an integer of 64 bits")),
        },
        _ => Err(named.invalid("is a string or an integer")),
    }
}

/// The same name, if a channel may have it: `reserved_name` for the names that are events.
pub(crate) fn as_channel(name: Arc<str>) -> Result<Arc<str>, Fault> {
    if reserved(&name) {
        return Err(Fault::new(
            Code::ReservedName,
            format!("no channel can have the name {name}: it is an event"),
        ));
    }
    Ok(name)
}

fn integer(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn code(raw: &str) -> Code {
        read(Named::Room, raw.as_bytes(), 256).unwrap_err().code
    }

    fn name(raw: &str) -> String {
        read(Named::Room, raw.as_bytes(), 256).unwrap().to_string()
    }

    #[test]
    fn strings_are_names_byte_for_byte() {
        assert_eq!(name(r#""some room""#), "some room");
        assert_eq!(name(r#""\u00e9\u002B\"""#), "é+\"");
        assert_eq!(name(r#""__proto__""#), "__proto__");
        assert_eq!(name(r#""constructor""#), "constructor");
    }

    #[test]
    fn integers_are_names_as_their_decimal_string() {
        assert_eq!(name("3946"), "3946");
        assert_eq!(name("-0"), "0");
        assert_eq!(name("-9223372036854775808"), "-9223372036854775808");
        assert_eq!(name("9223372036854775807"), "9223372036854775807");
    }

    #[test]
    fn numbers_beyond_64_bits_or_with_a_fraction_are_invalid() {
        for raw in ["9223372036854775808", "1.5", "1.0", "1e3", "1e999999"] {
            assert_eq!(code(raw), Code::InvalidName, "{raw}");
        }
    }

    #[test]
    fn a_name_has_1_to_the_limit_of_bytes_not_characters() {
        assert_eq!(code(r#""""#), Code::InvalidName);
        assert!(check(Named::Room, &"x".repeat(256), 256).is_ok());
        assert!(check(Named::Room, &"x".repeat(257), 256).is_err());
        assert!(check(Named::Room, &"é".repeat(128), 256).is_ok());
        assert!(check(Named::Room, &"é".repeat(129), 256).is_err());
    }

    #[test]
    fn control_characters_and_outer_white_space_are_invalid() {
        for text in [" a", "a ", "\u{a0}a", "a\nb", "a\0b", "a\u{7f}", "a\u{85}b"] {
            assert_eq!(
                check(Named::Room, text, 256).unwrap_err().code,
                Code::InvalidName,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_turns_the_text_around_it_is_no_name() {
        for letter in
            "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            let text = format!("Ama{letter}nimda");
            assert!(check(Named::Room, &text, 256).is_err(), "{text:?}");
        }
        assert!(check(Named::Room, "دانا", 256).is_ok());
    }

    #[test]
    fn what_nobody_can_see_is_no_name_and_stands_in_none() {
        for text in [
            "\u{200b}",
            "\u{2060}\u{200d}",
            "\u{3164}",
            "\u{2800}",
            "\u{feff}",
            "\u{e0020}",
            "a\u{200b}",
            "a\u{200d}b",
            "a\u{200c}b",
            "a\u{200f}b",
            "\u{feff}a",
        ] {
            assert!(check(Named::Room, text, 256).is_err(), "{text:?}");
        }
        for text in ["\u{2764}\u{fe0f}", "می\u{200c}خواهم"] {
            assert!(check(Named::Room, text, 256).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_says_of_what_the_name_is() {
        let said = |named| check(named, "", 256).unwrap_err().message;
        assert!(said(Named::Channel).starts_with("a channel name has "));
        assert!(said(Named::Room).starts_with("a room name has "));
        assert!(said(Named::User).starts_with("a user name has "));
    }

    #[test]
    fn other_json_values_and_lone_surrogates_are_no_names() {
        for raw in ["true", "[1]", "{}", r#""\ud800""#, ""] {
            assert_eq!(code(raw), Code::InvalidName, "{raw}");
        }
    }

    #[test]
    fn events_of_the_hub_and_of_the_libraries_are_no_channels_but_rooms() {
        for event in ["join-channel", "hub-error", "disconnect", "reconnecting"] {
            let raw = format!("\"{event}\"");
            assert_eq!(
                as_channel(event.into()).unwrap_err().code,
                Code::ReservedName
            );
            assert_eq!(name(&raw), event);
        }
        assert!(as_channel("Join-Channel".into()).is_ok());
    }
}
