//! Placeholders, which stand in arguments for attachments: finds them, checks them, numbers them anew.
//! Knows the arguments only as valid JSON text, and of the attachments only how many are announced.

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::{json_tokens::token_end, nesting::LEVELS_MAX};

/// What stands before a blob's number, in the one spelling that whoever writes a placeholder has and some who read it expect. No
/// text within a string can have it: its quotes would be escaped.
pub(crate) const BEFORE_NUMBER: &str = r#"{"_placeholder":true,"num":"#;
/// What stands behind it.
pub(crate) const BEHIND_NUMBER: char = '}';

/// Appends the placeholder of the blob with this number.
pub(crate) fn put(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(format!("{BEFORE_NUMBER}{number}{BEHIND_NUMBER}").as_bytes());
}

/// The number of the placeholder at the front, if one in that spelling is there, and where it ends. What only begins like one is an
/// object of somebody's own: the last of two keys counts.
pub(crate) fn at_front(text: &[u8]) -> Option<(usize, usize)> {
    let behind = text.strip_prefix(BEFORE_NUMBER.as_bytes())?;
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let digits = behind.iter().take_while(is_digit).count();
    let number = std::str::from_utf8(&behind[..digits]).ok()?.parse().ok()?;
    let ends = behind.get(digits) == Some(&(BEHIND_NUMBER as u8));
    ends.then_some((number, BEFORE_NUMBER.len() + digits + 1))
}

/// The text with something else in the place of each placeholder in that spelling.
pub(crate) fn replaced(text: &[u8], mut with: impl FnMut(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut copied = 0;
    for at in memmem::find_iter(text, BEFORE_NUMBER) {
        if let Some((number, length)) = at_front(&text[at..]) {
            out.extend_from_slice(&text[copied..at]);
            with(&mut out, number);
            copied = at + length;
        }
    }
    out.extend_from_slice(&text[copied..]);
    out
}

/// Arguments whose placeholders count up from 0 in the order in which their attachments are first named.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// The arguments. A placeholder has one spelling only, however the client spelt it: some clients that will read it
    /// expect exactly that one.
    pub(crate) args: Bytes,
    /// For each new number, from 0, the number that the client gave this attachment. What is not here was never named.
    pub(crate) order: Vec<usize>,
}

/// What is wrong with placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceholderFault {
    /// One names none of so many announced attachments.
    Unannounced { announced: usize },
    /// The arguments are nested deeper than so many levels.
    TooDeep { limit: usize },
}

/// Numbers the placeholders of `args`, valid JSON texts joined by commas, by `announced` attachments.
///
/// A placeholder is what client libraries take for one: an object whose key `_placeholder` is `true`, the last one
/// where it stands twice, whatever its other keys. Linear in the text, and no recursion.
pub(crate) fn number(args: &str, announced: usize) -> Result<Numbered, PlaceholderFault> {
    let found = find(args, announced)?;
    let mut order = Vec::new();
    let mut renamed: Vec<Option<usize>> = vec![None; announced];
    let mut text = Vec::new();
    let mut copied = 0;
    for placeholder in &found {
        let new = *renamed[placeholder.number].get_or_insert_with(|| {
            order.push(placeholder.number);
            order.len() - 1
        });
        if new != placeholder.number || !is_plain(&args[placeholder.span.clone()]) {
            text.extend_from_slice(&args.as_bytes()[copied..placeholder.span.start]);
            put(&mut text, new);
            copied = placeholder.span.end;
        }
    }
    let args = if copied == 0 {
        Bytes::copy_from_slice(args.as_bytes())
    } else {
        text.extend_from_slice(&args.as_bytes()[copied..]);
        Bytes::from(text.into_boxed_slice())
    };
    Ok(Numbered { args, order })
}

/// How many placeholders clients will see in arguments that go out.
pub(crate) fn count(args: &str) -> Result<usize, PlaceholderFault> {
    find(args, usize::MAX).map(|found| found.len())
}

struct Placeholder {
    span: Range<usize>,
    number: usize,
}

/// An array or object that the walk is inside of.
struct Level {
    start: usize,
    /// Placeholders found before it began.
    before: usize,
    key: Key,
    marked: bool,
    number: Option<usize>,
}

enum Key {
    /// Inside an array: there are no keys.
    Absent,
    Awaited,
    Marker,
    Number,
    Other,
}

fn find(args: &str, announced: usize) -> Result<Vec<Placeholder>, PlaceholderFault> {
    let mut found: Vec<Placeholder> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut at = 0;
    while let Some(byte) = args.as_bytes().get(at) {
        let end = token_end(args.as_bytes(), at);
        match byte {
            b'{' | b'[' => {
                if levels.len() == LEVELS_MAX {
                    return Err(PlaceholderFault::TooDeep { limit: LEVELS_MAX });
                }
                if let Some(level) = levels.last_mut() {
                    level.take(&args[at..end]);
                }
                levels.push(Level {
                    start: at,
                    before: found.len(),
                    key: if *byte == b'{' {
                        Key::Awaited
                    } else {
                        Key::Absent
                    },
                    marked: false,
                    number: None,
                });
            }
            b'}' | b']' => {
                if let Some(level) = levels.pop().filter(|level| level.marked) {
                    let number = level
                        .number
                        .filter(|number| *number < announced)
                        .ok_or(PlaceholderFault::Unannounced { announced })?;
                    // The attachment takes the place of the whole object: nothing inside it will be seen.
                    found.truncate(level.before);
                    found.push(Placeholder {
                        span: level.start..end,
                        number,
                    });
                }
            }
            b',' => {
                if let Some(level) = levels
                    .last_mut()
                    .filter(|level| !matches!(level.key, Key::Absent))
                {
                    level.key = Key::Awaited;
                }
            }
            b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                if let Some(level) = levels.last_mut() {
                    level.take(&args[at..end]);
                }
            }
        }
        at = end;
    }
    Ok(found)
}

impl Level {
    /// Takes the next key or value; of an array or object only its first bracket.
    fn take(&mut self, token: &str) {
        match self.key {
            Key::Awaited => self.key = key(token),
            Key::Marker => self.marked = token == "true",
            Key::Number => self.number = whole_number(token),
            Key::Other | Key::Absent => {}
        }
    }
}

fn key(token: &str) -> Key {
    let unescaped;
    let name = if token.contains('\\') {
        unescaped = serde_json::from_str::<String>(token).unwrap_or_default();
        unescaped.as_str()
    } else {
        token.trim_matches('"')
    };
    match name {
        "_placeholder" => Key::Marker,
        "num" => Key::Number,
        _ => Key::Other,
    }
}

/// Digits alone: `1.0` and `-0` would do for some readers and not for others.
fn whole_number(token: &str) -> Option<usize> {
    token
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| token.parse().ok())
        .flatten()
}

fn is_plain(placeholder: &str) -> bool {
    placeholder
        .strip_prefix(BEFORE_NUMBER)
        .and_then(|rest| rest.strip_suffix(BEHIND_NUMBER))
        .is_some_and(|number| whole_number(number).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// A placeholder as every stock client writes it.
    fn p(number: usize) -> String {
        format!("{{\"_placeholder\":true,\"num\":{number}}}")
    }

    #[test]
    fn placeholders_are_numbered_in_the_order_they_are_named() {
        for (args, announced, expected, order) in [
            (
                format!("1,{},{{\"a\":[{}]}}", p(0), p(1)),
                2,
                format!("1,{},{{\"a\":[{}]}}", p(0), p(1)),
                vec![0, 1],
            ),
            (
                format!("{},{}", p(1), p(0)),
                2,
                format!("{},{}", p(0), p(1)),
                vec![1, 0],
            ),
            (
                format!("{},{},{}", p(0), p(0), p(1)),
                2,
                format!("{},{},{}", p(0), p(0), p(1)),
                vec![0, 1],
            ),
            (
                format!("{},{}", p(2), p(2)),
                3,
                format!("{},{}", p(0), p(0)),
                vec![2],
            ),
            (
                "\"no placeholder\"".into(),
                3,
                "\"no placeholder\"".into(),
                vec![],
            ),
            (String::new(), 1, String::new(), vec![]),
        ] {
            let numbered = number(&args, announced).unwrap();
            assert_eq!(numbered.args, expected, "{args}");
            assert_eq!(numbered.order, order, "{args}");
        }
    }

    #[test]
    fn every_spelling_that_clients_take_for_a_placeholder_becomes_the_usual_one() {
        for args in [
            r#"{"num":0,"_placeholder":true}"#,
            r#"{ "_placeholder" : true , "num" : 0 }"#,
            r#"{"\u005fplaceholder":true,"nu\u006d":0}"#,
            r#"{"_placeholder":false,"_placeholder":true,"num":"x","num":0}"#,
            r#"{"_placeholder":true,"num":0,"more":[{"x":"}"}]}"#,
            r#"{"_placeholder":true,"num":0,"inner":{"_placeholder":true,"num":0}}"#,
            r#"{"":"\\","_placeholder":{},"_placeholder":true,"num":[],"num":0}"#,
        ] {
            let numbered = number(args, 1).unwrap();
            assert_eq!(numbered.args, p(0), "{args}");
            assert_eq!(numbered.order, [0], "{args}");
        }
    }

    #[test]
    fn objects_that_clients_take_for_objects_stay_as_sent() {
        for args in [
            r#"{"_placeholder":false,"num":9}"#,
            r#"{"_placeholder":"true","num":9}"#,
            r#"{"_placeholder":true,"_placeholder":null,"num":9}"#,
            r#"{"_placeholder":[true],"num":9}"#,
            r#"{"placeholder":true,"num":9}"#,
            r#"["_placeholder",true,"num",9]"#,
            r#""{\"_placeholder\":true,\"num\":9}""#,
            r#"{"a":"_placeholder","num":9}"#,
            r#"{"\ud800":1,"x":{"_placeholder":1}}"#,
        ] {
            let numbered = number(args, 1).unwrap();
            assert_eq!(numbered.args, args);
            assert_eq!(numbered.order, [0; 0], "{args}");
        }
    }

    #[test]
    fn a_placeholder_without_its_attachment_is_refused() {
        for number_text in [
            "1",
            "-1",
            "-0",
            "0.0",
            "0.5",
            "1e0",
            "\"0\"",
            "null",
            "[0]",
            "{}",
            "18446744073709551616",
        ] {
            let args = format!("[{{\"_placeholder\":true,\"num\":{number_text}}}]");
            assert_eq!(
                number(&args, 1),
                Err(PlaceholderFault::Unannounced { announced: 1 }),
                "{args}"
            );
        }
        let missing = number(r#"{"_placeholder":true}"#, 1);
        assert_eq!(missing, Err(PlaceholderFault::Unannounced { announced: 1 }));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(number(&nested(LEVELS_MAX), 1).is_ok());
        let too_deep = Err(PlaceholderFault::TooDeep { limit: LEVELS_MAX });
        assert_eq!(number(&nested(LEVELS_MAX + 1), 1), too_deep);
        assert_eq!(number(&nested(100_000), 1), too_deep);
    }
}
