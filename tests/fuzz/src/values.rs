//! Values as JSON texts joined by commas.

use bytes::Bytes;
use serde_json::{Value, value::RawValue};

use crate::BLOBS_MAX;

/// JSON texts joined by commas, in which a placeholder stands for each blob.
pub(crate) fn assert_values(args: &[u8], blobs: &[Bytes]) {
    assert!(blobs.len() <= BLOBS_MAX, "{} blobs", blobs.len());
    let list = [b"[", args, b"]"].concat();
    let list: Result<&RawValue, _> = serde_json::from_slice(&list);
    assert!(list.is_ok(), "{args:?} is no JSON");
    for number in 0..blobs.len() {
        let placeholder = format!("{{\"_placeholder\":true,\"num\":{number}}}");
        let found = args
            .windows(placeholder.len())
            .any(|at| at == placeholder.as_bytes());
        assert!(found, "nothing stands for blob {number}");
    }
}

pub(crate) fn is_object(json: &[u8]) -> bool {
    json.starts_with(b"{") && serde_json::from_slice::<&RawValue>(json).is_ok()
}

pub(crate) fn on_one_line(json: &[u8]) -> Bytes {
    let blank = |byte: &u8| {
        if matches!(byte, b'\n' | b'\r') {
            b' '
        } else {
            *byte
        }
    };
    json.iter().map(blank).collect::<Vec<_>>().into()
}

/// Two lists of values say the same, where readers of JSON agree on what they say: not where a number has more digits
/// than a double, a text half a surrogate pair, or an object a key that JavaScript has for itself.
pub(crate) fn assert_same(left: &[u8], right: &[u8]) {
    let read = |json: &[u8]| {
        let list = [b"[", json, b"]"].concat();
        serde_json::from_slice::<Value>(&list).ok()
    };
    let has = |word: &[u8]| left.windows(word.len()).any(|at| at == word);
    let (Some(left), Some(right)) = (read(left), read(right)) else {
        return;
    };
    if has(b"__proto__") || has(b"\\u") {
        return;
    }
    assert!(same(&left, &right), "{left} in MessagePack is {right}");
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            let [left, right] = [left, right].map(|number| number.as_f64().unwrap_or_default());
            // `serde_json` reads a number with many digits as one beside the nearest double.
            (left - right).abs() <= left.abs() * 1e-14
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let mut fields = left.iter();
            left.len() == right.len()
                && fields
                    .all(|(name, value)| right.get(name).is_some_and(|right| same(value, right)))
        }
        (left, right) => left == right,
    }
}

/// The deepest nesting in JSON texts.
pub(crate) fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// How many JSON texts are joined.
pub(crate) fn count(json: &[u8]) -> usize {
    let list = [b"[", json, b"]"].concat();
    let list: Vec<&RawValue> = serde_json::from_slice(&list).expect("JSON");
    list.len()
}
