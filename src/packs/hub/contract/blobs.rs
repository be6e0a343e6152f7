//! Placeholders of binary attachments in JSON text: found, checked, and numbered anew when some are gone.
//! Refuses to know what a blob holds or which field it stands in.

use bytes::Bytes;
use serde::Deserialize;

use super::json;
use crate::placeholders;

/// An object with the key `_placeholder` that is no plain reference to a blob that came along. Clients would break
/// on it, so it must not be relayed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Whether every placeholder in a valid JSON text names one of `count` blobs.
pub(crate) fn check(text: &str, count: usize) -> Result<(), Broken> {
    match references(text)?.iter().all(|found| found.num < count) {
        true => Ok(()),
        false => Err(Broken),
    }
}

/// Whether this one value is a placeholder, not an object of the application.
pub(crate) fn is_placeholder(value: &str) -> bool {
    placeholder(value).is_ok()
}

/// The text with its blobs numbered in document order, and those blobs alone. `places` in the text, none of them inside
/// of a placeholder, move with what they point at.
pub(crate) fn renumber(text: &str, places: &mut [usize], blobs: &[Bytes]) -> (Vec<u8>, Vec<Bytes>) {
    let mut kept = Vec::new();
    let mut numbers = vec![None; blobs.len()];
    let text = replace(text, places, |out, num| {
        let (Some(number), Some(blob)) = (numbers.get_mut(num), blobs.get(num)) else {
            return out.extend_from_slice(b"null");
        };
        let number = *number.get_or_insert_with(|| {
            kept.push(blob.clone());
            kept.len() - 1
        });
        placeholders::put(out, number);
    });
    (text, kept)
}

/// The text with `null` in the place of every blob.
pub(crate) fn strip(text: &str) -> Vec<u8> {
    replace(text, &mut [], |out, _| out.extend_from_slice(b"null"))
}

/// Writes the text with each placeholder replaced, and moves `places` along.
fn replace(text: &str, places: &mut [usize], mut with: impl FnMut(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let given = places.to_vec();
    let mut copied = 0;
    for found in references(text).unwrap_or_default() {
        out.extend_from_slice(between(text, copied, found.start));
        with(&mut out, found.num);
        copied = found.end;
        for (place, given) in places.iter_mut().zip(&given) {
            if copied <= *given {
                *place = out.len() + (given - copied);
            }
        }
    }
    out.extend_from_slice(between(text, copied, text.len()));
    out
}

struct Reference {
    start: usize,
    end: usize,
    num: usize,
}

/// All placeholders in document order, in one pass without recursion.
fn references(text: &str) -> Result<Vec<Reference>, Broken> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // For every open array or object: where it begins, and whether the key `_placeholder` was seen in it.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at);
                let key = text.get(at..end).unwrap_or_default();
                if is_key(bytes, end)
                    && json::key_text(key) == "_placeholder"
                    && let Some((_, marked)) = open.last_mut()
                {
                    *marked = true;
                }
                at = end;
                continue;
            }
            b'{' | b'[' => open.push((at, false)),
            b'}' | b']' => {
                if let Some((start, true)) = open.pop() {
                    let end = at + 1;
                    let num = placeholder(text.get(start..end).unwrap_or_default())?;
                    found.push(Reference { start, end, num });
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok(found)
}

/// The blob's number, if the value is a placeholder and nothing else.
fn placeholder(value: &str) -> Result<usize, Broken> {
    match serde_json::from_str(value) {
        Ok(SentPlaceholder {
            placeholder: true,
            num,
        }) => Ok(num),
        _ => Err(Broken),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentPlaceholder {
    #[serde(rename = "_placeholder")]
    placeholder: bool,
    num: usize,
}

/// The place behind the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// In JSON a string is a key exactly when a colon follows it.
fn is_key(bytes: &[u8], behind: usize) -> bool {
    let rest = bytes.get(behind..).unwrap_or_default();
    rest.trim_ascii_start().first() == Some(&b':')
}

fn between(text: &str, start: usize, end: usize) -> &[u8] {
    text.as_bytes().get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn blobs(count: u8) -> Vec<Bytes> {
        (0..count).map(|number| Bytes::from(vec![number])).collect()
    }

    #[test]
    fn blobs_that_are_gone_close_the_numbers_in_document_order() {
        let text =
            r#"{"a":{"num":3,"_placeholder":true},"b":[{ "_placeholder" : true, "num" : 1 }]}"#;
        let (text, kept) = renumber(text, &mut [], &blobs(4));
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]}"#
        );
        assert_eq!(kept, [vec![3], vec![1]]);
    }

    #[test]
    fn a_blob_that_stands_twice_is_kept_once() {
        let text = r#"[{"_placeholder":true,"num":1},{"_placeholder":true,"num":1},"{\"_placeholder\":1}"]"#;
        let (text, kept) = renumber(text, &mut [], &blobs(2));
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0},"{\"_placeholder\":1}"]"#
        );
        assert_eq!(kept, [vec![1]]);
    }

    #[test]
    fn the_cut_moves_with_what_is_written_before_it() {
        let text =
            r#"[{ "_placeholder": true, "num": 1 },"cut",{ "_placeholder": true, "num": 0 }]"#;
        let cut = text.find("\"cut").unwrap();
        let mut place = [cut];
        let (text, _) = renumber(text, &mut place, &blobs(2));
        let [cut] = place;
        assert!(text[cut..].starts_with(b"\"cut"));
    }

    #[test]
    fn a_cut_before_the_first_blob_stays() {
        let mut place = [2];
        renumber(
            r#"[1,{"_placeholder":true,"num":9}]"#,
            &mut place,
            &blobs(10),
        );
        let [cut] = place;
        assert_eq!(cut, 2);
    }

    #[test]
    fn anything_that_only_resembles_a_placeholder_is_broken() {
        for text in [
            r#"{"_placeholder":true,"num":2}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":0,"x":1}"#,
            r#"{"_placeholder":true,"num":0,"num":1}"#,
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":true}"#,
            r#"[{"\u005fplaceholder":true,"num":99}]"#,
            r#"{"_placeholder":{"_placeholder":true,"num":0}}"#,
        ] {
            assert_eq!(check(text, 2), Err(Broken), "{text}");
        }
        for text in [
            r#"{"num":1,"_placeholder":true}"#,
            r#"{"a":"_placeholder","num":9}"#,
            r#"["_placeholder",{"x":{"_placeholder" :true,"num":0}}]"#,
        ] {
            assert_eq!(check(text, 2), Ok(()), "{text}");
        }
    }

    #[test]
    fn text_without_blobs_has_null_in_their_place() {
        assert_eq!(
            strip(r#"{"a":{"_placeholder":true,"num":0},"b":1}"#),
            br#"{"a":null,"b":1}"#
        );
    }

    #[test]
    fn broken_json_is_walked_without_a_panic() {
        for text in [
            "\"",
            "\"\\",
            "}",
            "]]",
            "{\"_placeholder\":",
            "{\"_placeholder\":1]",
        ] {
            let _ = check(text, 1);
        }
    }
}
