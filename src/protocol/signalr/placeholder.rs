//! Placeholders, which stand in JSON for blobs. They have one spelling, which no text within a string can have.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use memchr::memmem;

const BEFORE_NUMBER: &[u8] = br#"{"_placeholder":true,"num":"#;

/// The blob that the placeholder at the front stands for, and where that ends. None where there is no such blob: then it is
/// an object of the client's own.
pub(super) fn read<'a>(json: &[u8], blobs: &'a [Bytes]) -> Option<(&'a Bytes, usize)> {
    let behind = json.strip_prefix(BEFORE_NUMBER)?;
    let digits = behind
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number: usize = std::str::from_utf8(&behind[..digits]).ok()?.parse().ok()?;
    let blob = blobs
        .get(number)
        .filter(|_| behind.get(digits) == Some(&b'}'))?;
    Some((blob, BEFORE_NUMBER.len() + digits + 1))
}

/// The JSON with each blob in its place, as ASP.NET writes bytes: base64 in a string.
pub(super) fn as_base64<'a>(json: &'a [u8], blobs: &[Bytes]) -> Cow<'a, [u8]> {
    if blobs.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len());
    let mut copied = 0;
    for at in memmem::find_iter(json, BEFORE_NUMBER) {
        if let Some((blob, length)) = read(&json[at..], blobs) {
            out.extend_from_slice(&json[copied..at]);
            out.push(b'"');
            out.extend_from_slice(STANDARD.encode(blob).as_bytes());
            out.push(b'"');
            copied = at + length;
        }
    }
    out.extend_from_slice(&json[copied..]);
    Cow::Owned(out)
}
