//! The passwords of the admin view: the files that they stand in, and what each is good for. None is kept or printed, its digest
//! alone.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::keys::text_of_secret;

/// What is shorter is guessed.
const LETTERS_LEAST: usize = 12;
/// Nobody types more.
const BYTES_MOST: usize = 1024;

/// What somebody may do in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminRole {
    /// Look.
    Read,
    /// Look and moderate.
    Write,
}

impl AdminRole {
    /// As the page knows it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Password([u8; 32]);

/// Shows nothing of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    /// Reads a file: what stands there without the end of its line.
    ///
    /// # Errors
    /// What is wrong with it, without a letter of it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let bytes = text_of_secret(path).map_err(|wrong| wrong.to_string())?;
        let text = std::str::from_utf8(&bytes).ok();
        let text = text.filter(|text| !text.contains(char::is_control));
        let shown = path.display();
        let text = text.ok_or_else(|| format!("{shown} has no password that can be typed"))?;
        match text.chars().count() {
            0..LETTERS_LEAST => Err(format!(
                "{shown} has a password of less than {LETTERS_LEAST} letters; `openssl rand -base64 18` writes a good one"
            )),
            _ if text.len() > BYTES_MOST => Err(format!(
                "{shown} has a password of more than {BYTES_MOST} bytes"
            )),
            _ => Ok(Self::of(text)),
        }
    }

    /// What somebody typed.
    pub(super) fn of(typed: &str) -> Self {
        Self(Sha256::digest(typed.as_bytes()).into())
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Those that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passwords {
    pub(super) write: Option<Password>,
    pub(super) read: Option<Password>,
}

impl Passwords {
    pub(super) fn all(&self) -> impl Iterator<Item = Password> {
        self.write.into_iter().chain(self.read)
    }

    /// What a password is good for. Each is compared, whichever it is, in a time that tells nothing of them.
    pub(super) fn role(&self, given: Password) -> Option<AdminRole> {
        let mut found = None;
        for (password, role) in [(self.read, AdminRole::Read), (self.write, AdminRole::Write)] {
            if password.is_some_and(|password| bool::from(password.0.ct_eq(&given.0))) {
                found = Some(role);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if a file without a good password is taken, or a refusal shows a part of it.
    #[test]
    fn a_password_that_is_none_is_refused_in_words_that_do_not_hold_it() {
        let path = std::env::temp_dir().join(format!("dondo-password-{}", std::process::id()));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Password::read(&path)
        };
        for (bytes, said) in [
            (&b""[..], "less than 12 letters"),
            (
                "kurzkurz\u{e9}\u{e9}\u{e9}\n".as_bytes(),
                "less than 12 letters",
            ),
            (b"one line\nand another", "can be typed"),
            (
                b"\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd",
                "can be typed",
            ),
            (&[b'a'; BYTES_MOST + 1], "more than"),
        ] {
            let refused = read(bytes).unwrap_err();
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains("kurz") && !refused.contains("one line"));
        }
        let taken = read(b"correct horse battery\r\n").unwrap();
        assert_eq!(taken, Password::of("correct horse battery"));
        std::fs::remove_file(&path).unwrap();
        assert!(
            Password::read(&path)
                .unwrap_err()
                .contains("cannot be read")
        );
    }

    /// Fails if a password is good for what the other one is, or one that there is not lets somebody in.
    #[test]
    fn each_password_is_good_for_its_own_role() {
        let passwords = Passwords {
            write: Some(Password::of("who moderates")),
            read: None,
        };
        assert_eq!(
            passwords.role(Password::of("who moderates")),
            Some(AdminRole::Write)
        );
        assert_eq!(passwords.role(Password::of("who looks")), None);
        let both = Passwords {
            read: Some(Password::of("who looks")),
            ..passwords
        };
        assert_eq!(both.role(Password::of("who looks")), Some(AdminRole::Read));
        assert_eq!(
            both.role(Password::of("who moderates")),
            Some(AdminRole::Write)
        );
        assert_eq!(Passwords::default().role(Password::of("")), None);
    }
}
