//! Names with captures, as routes of actix-web have them: those of parents, and of rooms that have a script.

use std::{any::Any, panic::catch_unwind, sync::Arc};

use actix_router::ResourceDef;

/// A pattern that cannot be read, and why.
#[derive(Debug)]
pub(crate) struct BadPattern {
    pub(crate) pattern: Arc<str>,
    pub(crate) why: String,
}

impl BadPattern {
    pub(super) fn new(pattern: &str, why: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            why: why.into(),
        }
    }
}

/// Reads a pattern.
pub(super) fn pattern(text: &str) -> Result<ResourceDef, BadPattern> {
    let open = text.chars().fold(0_usize, |open, letter| match letter {
        '{' => open + 1,
        '}' => open.saturating_sub(1),
        _ => open,
    });
    if open > 0 {
        return Err(BadPattern::new(text, "a brace is not closed"));
    }
    // Of all else it has no way to tell but a panic, which the panic hook tells of, too.
    catch_unwind(|| ResourceDef::new(text)).map_err(|panic| BadPattern::new(text, words(&*panic)))
}

/// A pattern without the names of its captures: two that come to the same match the same names.
pub(crate) fn nameless(pattern: &str) -> String {
    let (mut text, mut open, mut is_name) = (String::new(), 0_usize, false);
    for letter in pattern.chars() {
        match letter {
            '{' => {
                open += 1;
                is_name |= open == 1;
                text.push('{');
            }
            '}' => {
                open = open.saturating_sub(1);
                // A capture without a pattern of its own.
                text.push_str(if is_name { "[^/]+}" } else { "}" });
                is_name = false;
            }
            ':' if is_name => is_name = false,
            _ if is_name => {}
            _ => text.push(letter),
        }
    }
    text
}

/// The last line of a panic, which is the cause where it is about a regular expression.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    let last = text.and_then(|text| text.lines().last());
    let last = last.unwrap_or("it cannot be read");
    last.strip_prefix("error: ").unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if patterns that match the same names are taken for two, or those that do not for one.
    #[test]
    fn patterns_are_the_same_but_for_the_names_of_their_captures() {
        for (one, same) in [
            ("/{x}", "/{y}"),
            ("/a/{x}/{y}", "/a/{y}/{x}"),
            ("/{x}", "/{y:[^/]+}"),
            (r"/{year:\d{4}}-{n}", r"/{y:\d{4}}-{month}"),
            ("/{x}*", "/{tail}*"),
        ] {
            assert_eq!(nameless(one), nameless(same), "{one} {same}");
        }
        for (one, other) in [
            ("/{x}", "/{x}/{y}"),
            ("/{x}", r"/{x:\d+}"),
            (r"/{x:\d{4}}", r"/{x:\d{5}}"),
            ("/a{x}", "/{a}x"),
            ("/{x}", "/{x}*"),
        ] {
            assert_ne!(nameless(one), nameless(other), "{one} {other}");
        }
    }
}
