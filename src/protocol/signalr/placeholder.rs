//! Placeholders, which stand in JSON for blobs. They have one spelling, which no text within a string can have.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use memchr::memmem;

use crate::placeholders::{BEFORE_NUMBER, at_front};

/// The blobs of one message, each handed out once. A placeholder may be said a thousand times and costs its sender little, but
/// here a blob stands in its place: without this one message of a megabyte would become gigabytes.
pub(super) struct BlobsOnce<'a>(Vec<Option<&'a Bytes>>);

impl<'a> BlobsOnce<'a> {
    pub(super) fn new(blobs: &'a [Bytes]) -> Self {
        Self(blobs.iter().map(Some).collect())
    }

    /// What stands in the place of the placeholder at the front, and where that ends: its blob, or nothing if it has been
    /// handed out. None where there is no such blob: then it is an object of the client's own.
    pub(super) fn read(&mut self, json: &[u8]) -> Option<(Option<&'a Bytes>, usize)> {
        let (number, end) = at_front(json)?;
        Some((self.0.get_mut(number)?.take(), end))
    }
}

/// The JSON with each blob in its place, as ASP.NET writes bytes: base64 in a string. A second place has `null`.
pub(super) fn as_base64<'a>(json: &'a [u8], blobs: &[Bytes]) -> Cow<'a, [u8]> {
    if blobs.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len());
    let mut once = BlobsOnce::new(blobs);
    let mut copied = 0;
    for at in memmem::find_iter(json, BEFORE_NUMBER) {
        if let Some((blob, length)) = once.read(&json[at..]) {
            out.extend_from_slice(&json[copied..at]);
            match blob {
                Some(blob) => {
                    out.push(b'"');
                    out.extend_from_slice(STANDARD.encode(blob).as_bytes());
                    out.push(b'"');
                }
                None => out.extend_from_slice(b"null"),
            }
            copied = at + length;
        }
    }
    out.extend_from_slice(&json[copied..]);
    Cow::Owned(out)
}
