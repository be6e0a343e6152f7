//! JSON as protocols read and write it: as text that is valid, mostly without a value in between. Nothing here recurses,
//! whatever is nested.

use std::borrow::Cow;

use memchr::memmem;
use serde::Serialize;
use serde_json::value::RawValue;

/// Appends a value as JSON. Texts, numbers and structs of such cannot fail to serialize, nor can a write to memory.
pub(super) fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

/// The text as it stands between the quotes of a JSON string. Most has nothing to escape and is not copied.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        return Cow::Borrowed(text);
    }
    let quoted = serde_json::Value::from(text).to_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}

/// What a valid JSON string says; none of another JSON text. Half of a surrogate pair that stands alone is U+FFFD.
pub(super) fn string(json: &str) -> Option<String> {
    serde_json::from_str(&well_formed(json)).ok()
}

/// Whether JSON texts joined by commas are exactly one.
pub(super) fn is_one(args: &[u8]) -> bool {
    let mut texts = serde_json::Deserializer::from_slice(args).into_iter::<&RawValue>();
    matches!(texts.next(), Some(Ok(_))) && args[texts.byte_offset()..].trim_ascii().is_empty()
}

/// JSON with U+FFFD for each half of a surrogate pair that stands alone: those are valid JSON, JavaScript has them, and no
/// text can hold them.
pub(super) fn well_formed(json: &str) -> Cow<'_, str> {
    // What has none is not copied. A pair, or these letters behind a backslash of their own, is found for nothing.
    let is_surrogate = |at: usize| matches!(json.as_bytes().get(at + 2), Some(b'd' | b'D'));
    if !memmem::find_iter(json.as_bytes(), br"\u").any(is_surrogate) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        // Behind a backslash stands a character of one byte, or `u` and four digits: this is valid JSON.
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                text.push(char::REPLACEMENT_CHARACTER);
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        let (escape, behind) = escape.split_at(length.min(escape.len()));
        text.push_str(escape);
        rest = behind;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The unit of UTF-16 that a text begins with, if it begins with one escaped as four digits.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}
