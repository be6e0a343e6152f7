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

/// The last line of a panic, which is the cause where it is about a regular expression.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    let last = text.and_then(|text| text.lines().last());
    let last = last.unwrap_or("it cannot be read");
    last.strip_prefix("error: ").unwrap_or(last)
}
