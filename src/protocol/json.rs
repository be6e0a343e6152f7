//! The tokens of JSON text that is valid: where each ends. Builds no values and does not recurse, whatever is nested.

use serde::Serialize;

/// Where the token that begins at `at` ends: behind a string's quote, before what follows a number or word.
pub(super) fn token_end(json: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    match json[at] {
        b'"' => {
            while let Some(byte) = json.get(end) {
                match byte {
                    b'"' => return end + 1,
                    b'\\' => end += 2,
                    _ => end += 1,
                }
            }
            json.len()
        }
        b'-' | b'0'..=b'9' | b'a'..=b'z' => {
            while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E') = json.get(end) {
                end += 1;
            }
            end
        }
        _ => end,
    }
}

/// Appends a value as JSON. Texts, numbers and structs of such cannot fail to serialize, nor can a write to memory.
pub(super) fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}
