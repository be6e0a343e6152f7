//! Ids that cannot be guessed: of sessions, and of members.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A new secret id: 20 URL-safe characters, 120 bits, all of them from the system's generator.
///
/// # Errors
/// The system has no randomness to give; nobody may be let in then.
pub(crate) fn secret() -> Result<String, getrandom::Error> {
    let bytes = SECRETS.with_borrow_mut(|(ahead, left)| {
        if *left == 0 {
            getrandom::fill(ahead.as_flattened_mut())?;
            *left = SECRETS_AHEAD;
        }
        *left -= 1;
        // What was handed out is not kept.
        Ok(std::mem::take(&mut ahead[*left]))
    });
    Ok(URL_SAFE_NO_PAD.encode(bytes?))
}

/// Ids that a thread asks the system for at once.
const SECRETS_AHEAD: usize = 16;

thread_local! {
    /// Randomness for the next ids, and for how many there is some.
    static SECRETS: RefCell<([[u8; 15]; SECRETS_AHEAD], usize)> =
        const { RefCell::new(([[0; 15]; SECRETS_AHEAD], 0)) };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_20_url_safe_characters_and_all_of_them_change() {
        let ids: Vec<String> = (0..200).map(|_| secret().unwrap()).collect();
        for id in &ids {
            assert_eq!(id.len(), 20, "{id}");
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            assert!(id.bytes().all(safe), "{id}");
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        for place in 0..20 {
            let seen: HashSet<u8> = ids.iter().map(|id| id.as_bytes()[place]).collect();
            assert!(seen.len() > 30, "place {place} has {} values", seen.len());
        }
    }
}
