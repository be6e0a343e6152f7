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
    } else if has_hidden(text) {
        "has no characters that nobody can see"
    } else {
        return None;
    };
    Some(wrong.into())
}

/// Bidirectional embeddings, overrides and isolates: what stands beside them reads as something else.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What shows nothing where it stands alone.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{2800}' || is_ignorable(letter)
}

/// What shows nothing wherever it stands: Unicode's `Default_Ignorable_Code_Point`, and marks of annotations.
fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
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

/// The flags whose letters are tags: England, Scotland and Wales.
const FLAGS: [&str; 3] = [
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Whether a letter of it shows nothing and changes nothing of the others: the name would look like another one.
fn has_hidden(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let (mut rest, mut before) = (text, None);
    while let Some(letter) = rest.chars().next() {
        let flag = FLAGS.iter().find(|flag| rest.starts_with(**flag));
        let behind = &rest[flag.map_or(letter.len_utf8(), |flag| flag.len())..];
        if is_ignorable(letter) && !has_use(before, letter, behind) {
            return true;
        }
        (rest, before) = (behind, Some(letter));
    }
    false
}

/// Whether a letter that shows nothing changes how those around it look: in words of scripts that join, and in emoji.
fn has_use(before: Option<char>, letter: char, behind: &str) -> bool {
    let after = behind.chars().next();
    let both = |is: fn(char) -> bool| before.is_some_and(is) && after.is_some_and(is);
    match letter {
        '\u{200c}' => both(is_joined),
        '\u{200d}' => {
            let is_emoji = before.is_some_and(|before| is_pictograph(before) || before == SHOWN);
            both(is_joined) || is_emoji && after.is_some_and(is_pictograph)
        }
        SHOWN if behind.starts_with('\u{20e3}') => {
            before.is_some_and(|before| matches!(before, '0'..='9' | '#' | '*'))
        }
        '\u{fe0e}' | SHOWN => before.is_some_and(is_pictograph),
        _ => false,
    }
}

/// Has what stands before it be an emoji.
const SHOWN: char = '\u{fe0f}';

/// Letters of scripts in which a joiner, or a break between two, changes how they look.
fn is_joined(letter: char) -> bool {
    let is_letter = matches!(
        letter,
        '\u{620}'..='\u{dff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{18af}'
            | '\u{1a20}'..='\u{1cff}'
            | '\u{a800}'..='\u{abff}'
            | '\u{10a00}'..='\u{10fff}'
            | '\u{11000}'..='\u{11fff}'
            | '\u{1e900}'..='\u{1e95f}'
    );
    is_letter && !is_ignorable(letter) && !letter.is_whitespace()
}

/// What emoji are made of.
fn is_pictograph(letter: char) -> bool {
    matches!(
        letter,
        '\u{a9}'
            | '\u{ae}'
            | '\u{203c}'
            | '\u{2049}'
            | '\u{2122}'
            | '\u{2139}'
            | '\u{2190}'..='\u{27bf}'
            | '\u{2900}'..='\u{297f}'
            | '\u{2b00}'..='\u{2bff}'
            | '\u{3030}'
            | '\u{303d}'
            | '\u{3297}'
            | '\u{3299}'
            | '\u{1f000}'..='\u{1faff}'
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

    /// Fails if a name can be another one's twin by a letter that nobody sees.
    #[test]
    fn no_name_has_a_twin_that_looks_the_same() {
        let all = ('\0'..=char::MAX).filter(|letter| is_ignorable(*letter));
        for hidden in all {
            for name in ["admin", "Ёлка", "Zoë", "李雷", "김", "ملك"] {
                for at in 0..=name.chars().count() {
                    let mut letters: Vec<char> = name.chars().collect();
                    letters.insert(at, hidden);
                    let is_within = at > 0 && at + 1 < letters.len();
                    let twin: String = letters.into_iter().collect();
                    if name == "ملك" && is_within && matches!(hidden, '\u{200c}' | '\u{200d}') {
                        assert_eq!(wrong(&twin, 256), None, "{twin:?}");
                        continue;
                    }
                    assert!(wrong(&twin, 256).is_some(), "{twin:?}");
                }
            }
        }
        for twin in [
            "مل\u{200c}\u{200c}ك",
            "مل\u{200d}\u{200c}ك",
            "مل\u{200c} ك",
            "\u{1f600}\u{fe0f}\u{fe0f}",
            "\u{1f600}\u{200d}",
            "\u{1f600}\u{200d}a",
            "\u{1f600}\u{200c}\u{1f600}",
            "1\u{fe0f}",
            "a\u{fe0f}\u{20e3}",
            "\u{1f3f4}\u{e0067}\u{e007f}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}",
        ] {
            assert!(wrong(twin, 256).is_some(), "{twin:?}");
        }
    }

    /// Fails if people cannot be called as they write themselves, or as their telephones write emoji.
    #[test]
    fn letters_that_nobody_sees_stand_where_they_have_a_use() {
        for name in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "ශ්\u{200d}රී",
            "\u{2764}\u{fe0f}",
            "Ada \u{2764}\u{fe0e} Bob",
            "1\u{fe0f}\u{20e3}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{1f469}\u{1f3fd}\u{200d}\u{2695}\u{fe0f}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            "\u{1f3f4}\u{200d}\u{2620}\u{fe0f}",
            "\u{1f441}\u{fe0f}\u{200d}\u{1f5e8}\u{fe0f}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} fan",
        ] {
            assert_eq!(wrong(name, 256), None, "{name:?}");
        }
    }
}
