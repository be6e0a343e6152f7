//! Browsers that a password was typed in before. Their wrong passwords are counted apart from those of their address, so that a
//! guesser who has the same one, as behind a proxy, does not keep them out. All browsers that know one password are counted
//! together: who has it makes no more guesses at the other one by logging in again and again.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::passwords::{Password, Passwords};

/// How long a browser is known.
pub(super) const LONGEST: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// See the module. What it gives out is good in this process and for its password alone: nothing is kept, and no guess at a
/// password can be tried on what a browser has.
pub(super) struct KnownBrowsers([u8; 32]);

impl KnownBrowsers {
    /// # Errors
    /// The system has no randomness to give.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// What a browser gets that this password was typed in.
    pub(super) fn mark(&self, by: Password) -> Option<String> {
        let mark = self.signed(by)?.finalize().into_bytes();
        Some(URL_SAFE_NO_PAD.encode(mark))
    }

    /// The password, if it is still one, that was typed in a browser with this mark.
    pub(super) fn find(&self, mark: &str, passwords: &Passwords) -> Option<Password> {
        let mark = URL_SAFE_NO_PAD.decode(mark).ok()?;
        let is_of = |by: &Password| {
            let signed = self.signed(*by);
            signed.is_some_and(|signed| signed.verify_slice(&mark).is_ok())
        };
        passwords.all().find(is_of)
    }

    fn signed(&self, by: Password) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(by.digest());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if a browser is known by another password, by one that is none any more, by another process, or by what it made up.
    #[test]
    fn a_browser_is_known_by_the_password_that_was_typed_in_it() {
        let (one, other) = (Password::of("one"), Password::of("other"));
        let both = Passwords {
            write: Some(one),
            read: Some(other),
        };
        let known = KnownBrowsers::new().unwrap();
        let mark = known.mark(one).unwrap();
        assert_eq!(known.find(&mark, &both), Some(one));
        assert_eq!(known.find(&known.mark(other).unwrap(), &both), Some(other));
        let changed = Passwords {
            write: Some(Password::of("another")),
            ..both
        };
        assert_eq!(known.find(&mark, &changed), None);
        let restarted = KnownBrowsers::new().unwrap();
        assert_eq!(restarted.find(&mark, &both), None);
        for made_up in ["", "A", &mark[1..], &"A".repeat(mark.len())] {
            assert_eq!(known.find(made_up, &both), None, "{made_up}");
        }
    }
}
