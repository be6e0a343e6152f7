//! How deeply JSON may be nested: one bound for all protocols and packs, as what one takes another may have to write.

/// Arrays and objects in one another. Deeper than people nest, and a bound on what walks over a message keep. What .NET's
/// readers take has 64: a message's normal form has two more than what was sent, and SignalR's envelope two again.
pub(crate) const LEVELS_MAX: usize = 60;

/// Whether valid JSON is nested in more than so many levels. Does not recurse.
pub(crate) fn is_deeper_than(json: &str, levels: usize) -> bool {
    let is_open = |byte: &u8| matches!(byte, b'[' | b'{');
    // Most have fewer brackets than that.
    if json.as_bytes().iter().filter(|byte| is_open(byte)).count() <= levels {
        return false;
    }
    let (mut open, mut quoted) = (0_usize, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                open += 1;
                if open > levels {
                    return true;
                }
            }
            b'}' | b']' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if brackets in texts count, if an escape ends a text too early, or if siblings count as levels.
    #[test]
    fn levels_are_those_of_arrays_and_objects_in_one_another() {
        assert!(!is_deeper_than(r#"["[[[[\"[[[["]"#, 1));
        assert!(!is_deeper_than(r#"["\\",[["\\]]"]]]"#, 3));
        assert!(!is_deeper_than("[[],[],{}]", 2));
        assert!(is_deeper_than("[[],[],{}]", 1));
        assert!(is_deeper_than(r#"[{"a":[]}]"#, 2));
        assert!(is_deeper_than(&"[".repeat(100_000), LEVELS_MAX));
    }
}
