//! Where the tokens of valid JSON text end, for who walks over it without reading it.

/// Where the token that begins at `at` ends: behind a string's quote, before what follows a number or word.
pub(crate) fn token_end(json: &[u8], at: usize) -> usize {
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
