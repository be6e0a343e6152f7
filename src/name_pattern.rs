//! Names in which `*` is any run of characters, also none, and every other character is itself: of channels and rooms, in tokens and
//! in the keys of the HTTP API.

/// Why rights that name the channel of a room never fit.
pub(crate) const FLAT: &str = "under --hub.room-scope flat rooms are in no channel: a right like {\"room\": …, \"channel\": …}, and a room's token with a channel, fit none";

/// Whether a name is one of those that the pattern stands for.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    // The first place does for each part: what a star takes less, the next one has more of.
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if a star takes less or more than any run of characters, or if another character is one.
    #[test]
    fn a_star_is_any_run_of_characters_and_nothing_else_is() {
        for (pattern, name) in [
            ("orders", "orders"),
            ("orders-*", "orders-7"),
            ("orders-*", "orders-"),
            ("*", ""),
            ("*", "orders"),
            ("*-7", "orders-7"),
            ("a*b*c", "abc"),
            ("a*b*c", "a-b-b-c"),
            ("a**c", "abc"),
            ("a*bc", "abcbc"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("orders", "orders-7"),
            ("orders", "order"),
            ("orders-*", "orders"),
            ("orders-*", "my-orders-7"),
            ("a*a", "a"),
            ("ab*ba", "aba"),
            ("a*b*c", "acb"),
            ("a*b*c", "abcb"),
            ("or.ers", "orders"),
            ("[a-z]*", "orders"),
            ("Orders", "orders"),
            ("", "orders"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
