//! What a name is that people read: one rule for channels, rooms, users and accounts, wherever it comes from (contract 2.3).
//! Knows no event and no claim.

use std::borrow::Cow;

/// What keeps a text from being a name of at most so many bytes, as words behind "a name".
pub(crate) fn wrong(text: &str, bytes_max: usize) -> Option<Cow<'static, str>> {
    let wrong = if text.is_empty() {
        "has at least one character"
    } else if text.len() > bytes_max {
        return Some(format!("has at most {bytes_max} bytes").into());
    } else if text.chars().any(char::is_control) {
        "has no control characters"
    } else if text.contains(['\u{2028}', '\u{2029}']) {
        "has no line separators"
    } else if text.chars().any(turns_text) {
        "has no characters that turn the text around them"
    } else if text.trim() != text {
        "does not begin or end with white space"
    } else if text.chars().all(is_invisible) {
        "has something in it that can be seen"
    } else {
        return None;
    };
    Some(wrong.into())
}

/// Bidirectional embeddings, overrides and isolates: what stands beside them reads as something else.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What shows nothing where it stands alone: Unicode's `Default_Ignorable_Code_Point`, white space, the empty braille
/// pattern, and marks of annotations. Within a name some of them have their use.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a text that nobody can see or that turns others is a name, or one that has such a letter for a reason is none.
    #[test]
    fn a_name_can_be_seen_and_leaves_others_alone() {
        for text in [
            "",
            " a",
            "a ",
            "a\n",
            "a\u{2028}b",
            "a\u{202e}b",
            "\u{200b}",
            "\u{2800}",
            "\u{3164}\u{feff}",
        ] {
            assert!(wrong(text, 256).is_some(), "{text:?}");
        }
        for text in ["a", "Ada L.", "\u{645}\u{6cc}\u{200c}\u{62e}", "0"] {
            assert_eq!(wrong(text, 256), None, "{text:?}");
        }
        assert!(wrong("éé", 3).is_some() && wrong("éé", 4).is_none());
    }
}
