//! JSON text as MessagePack, in the shortest forms. Two passes and no tree: a container's length stands before it.

use std::borrow::Cow;

use bytes::Bytes;
use rmp::encode;
use serde::Deserialize;

use super::super::placeholder::BlobsOnce;
use crate::{json_tokens::token_end, protocol::json};

/// How many values `json` has, texts joined by commas.
pub(in super::super) fn count(json: &[u8]) -> usize {
    let (mut at, mut depth, mut commas) = (0, 0_usize, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => commas += 1,
            _ => {}
        }
        at = token_end(json, at);
    }
    match json.trim_ascii().is_empty() {
        true => 0,
        false => commas + 1,
    }
}

/// A key that the stock client in JavaScript throws at, and closes: anybody could close all who are told of it.
const PROTO: &str = "__proto__";

/// Appends the values of `json`, texts joined by commas, one behind the other; in the place of each placeholder its blob, and in
/// a second place of the same nothing. The key `__proto__` is written without its last underscore.
pub(in super::super) fn values(out: &mut Vec<u8>, json: &[u8], blobs: &[Bytes]) {
    let mut once = BlobsOnce::new(blobs);
    let mut lengths = lengths(json).into_iter();
    let mut length = || lengths.next().unwrap_or_default();
    let mut at = 0;
    // Writing to memory cannot fail, so no outcome below is looked at.
    while let Some(byte) = json.get(at) {
        let mut end = token_end(json, at);
        match byte {
            b'{' => {
                let entries = length();
                match once.read(&json[at..]) {
                    Some((blob, behind)) => {
                        match blob {
                            Some(blob) => drop(encode::write_bin(out, blob)),
                            None => drop(encode::write_nil(out)),
                        }
                        end = at + behind;
                    }
                    None => drop(encode::write_map_len(out, entries)),
                }
            }
            b'[' => drop(encode::write_array_len(out, length())),
            b'"' => {
                let text = unescaped(&json[at..end]);
                let behind = json.get(end..).unwrap_or_default().trim_ascii_start();
                let text = match *text == *PROTO && behind.first() == Some(&b':') {
                    true => &PROTO[..PROTO.len() - 1],
                    false => &*text,
                };
                let _ = encode::write_str(out, text);
            }
            b't' | b'f' => drop(encode::write_bool(out, *byte == b't')),
            b'n' => drop(encode::write_nil(out)),
            b'-' | b'0'..=b'9' => number(out, &json[at..end]),
            _ => {}
        }
        at = end;
    }
}

/// The entries of each array and object, in the order in which they begin.
fn lengths(json: &[u8]) -> Vec<u32> {
    let mut lengths = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        // What stands behind a bracket that opens is an entry, if it does not close; so is what stands behind a comma.
        let opens = matches!(byte, b'{' | b'[');
        if opens {
            open.push(lengths.len());
            lengths.push(0);
        } else if matches!(byte, b'}' | b']') {
            open.pop();
        }
        at = token_end(json, at);
        let is_entry = match byte {
            b',' => true,
            _ if opens => {
                let behind = json
                    .get(at..)
                    .unwrap_or_default()
                    .trim_ascii_start()
                    .first();
                !matches!(behind, Some(b'}' | b']'))
            }
            _ => false,
        };
        let innermost = open.last().and_then(|place| lengths.get_mut(*place));
        if let Some(length) = innermost.filter(|_| is_entry) {
            *length += 1;
        }
    }
    lengths
}

/// The text of a JSON string, with U+FFFD for half a surrogate pair.
fn unescaped(string: &[u8]) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct Unescaped<'a>(#[serde(borrow)] Cow<'a, str>);

    match serde_json::from_slice(string) {
        Ok(Unescaped(text)) => text,
        Err(_) => {
            let string = String::from_utf8_lossy(string);
            json::string(&string).unwrap_or_default().into()
        }
    }
}

/// An integer in the shortest form where it is written as one and has 64 bits; else the nearest double.
fn number(out: &mut Vec<u8>, text: &[u8]) {
    let text = std::str::from_utf8(text).unwrap_or_default();
    if let Ok(number) = text.parse::<i64>() {
        let _ = encode::write_sint(out, number);
    } else if let Ok(number) = text.parse::<u64>() {
        let _ = encode::write_uint(out, number);
    } else {
        let _ = encode::write_f64(out, text.parse().unwrap_or_default());
    }
}
