//! Who is logged in to the admin view: tokens in memory, by their digests. So many at once; each ends by itself when it is not used or
//! old, and with the password that opened it.

use std::time::{Duration, Instant};

use dondo_actors::directory::Directory;
use sha2::{Digest, Sha256};

use super::passwords::Password;
use crate::transport::secret::secret;

/// Sessions at once. Whoever knows a password opens them: one more ends the one that was not used for the longest time.
const SESSIONS_MAX: usize = 64;
/// A session that is not used ends.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// No session is longer.
pub(super) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

#[derive(Clone, Copy)]
struct AdminSession {
    token: [u8; 32],
    by: Password,
    began: Instant,
    used: Instant,
}

impl AdminSession {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE
            || now.saturating_duration_since(self.began) >= LONGEST
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct AdminSessions(Directory<[u8; 32], AdminSession>);

impl AdminSessions {
    /// Opens one by a password: the token, which is known nowhere else.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub(super) fn open(&self, by: Password, now: Instant) -> Result<String, getrandom::Error> {
        let token = format!("{}{}", secret()?, secret()?);
        while self.0.len() >= SESSIONS_MAX {
            let all = self.0.all().into_iter();
            match all.min_by_key(|session| session.used) {
                Some(oldest) => self.0.remove(&oldest.token),
                None => break,
            }
        }
        let session = AdminSession {
            token: digest(&token),
            by,
            began: now,
            used: now,
        };
        self.0.enter(session.token, session);
        Ok(token)
    }

    /// The password that opened a session, if it goes on. It was used.
    pub(super) fn find(&self, token: &str, now: Instant) -> Option<Password> {
        let found = self.0.with(&digest(token), |session| {
            let is_over = session.is_over(now);
            session.used = now;
            ((!is_over).then_some(session.by), !is_over)
        });
        found.flatten()
    }

    /// Ends one.
    pub(super) fn close(&self, token: &str) {
        self.0.remove(&digest(token));
    }

    /// Ends those of passwords that are not good any more.
    pub(super) fn keep(&self, is_good: impl Fn(Password) -> bool) {
        for session in self.0.all() {
            if !is_good(session.by) {
                self.0.remove(&session.token);
            }
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if a session outlasts its use, its time or its password, or a guess finds one.
    #[test]
    fn a_session_ends_when_it_is_not_used_when_it_is_old_and_with_its_password() {
        let (sessions, start) = (AdminSessions::default(), Instant::now());
        let (one, other) = (Password::of("one"), Password::of("other"));
        let second = Duration::from_secs(1);
        let token = sessions.open(one, start).unwrap();
        assert!(token.len() >= 40);
        assert_eq!(sessions.find(&token, start + IDLE - second), Some(one));
        assert_eq!(sessions.find(&token[1..], start), None);
        let used = start + IDLE - second;
        assert_eq!(sessions.find(&token, used + IDLE), None, "not used");
        assert_eq!(sessions.find(&token, used), None, "it does not come back");

        let token = sessions.open(one, start).unwrap();
        let mut now = start;
        while now < start + LONGEST {
            assert_eq!(sessions.find(&token, now), Some(one));
            now += IDLE - second;
        }
        assert_eq!(sessions.find(&token, start + LONGEST), None, "too old");

        let (first, second) = (sessions.open(one, start), sessions.open(other, start));
        sessions.keep(|password| password == other);
        assert_eq!(sessions.find(&first.unwrap(), start), None);
        let second = second.unwrap();
        assert_eq!(sessions.find(&second, start), Some(other));
        sessions.close(&second);
        assert_eq!(sessions.find(&second, start), None);
    }

    /// Fails if sessions grow without end, or one that is used goes before one that is not.
    #[test]
    fn one_session_too_many_ends_the_one_that_was_not_used_for_the_longest_time() {
        let (sessions, start) = (AdminSessions::default(), Instant::now());
        let by = Password::of("one");
        let after = |seconds: usize| start + Duration::from_secs(seconds as u64);
        let open = |number| sessions.open(by, after(number)).unwrap();
        let tokens: Vec<_> = (0..SESSIONS_MAX).map(open).collect();
        assert!(sessions.find(&tokens[0], after(SESSIONS_MAX)).is_some());
        let last = open(SESSIONS_MAX);
        assert_eq!(sessions.0.len(), SESSIONS_MAX);
        let is_there = |token: &str| sessions.find(token, after(SESSIONS_MAX)).is_some();
        assert!(is_there(&tokens[0]) && is_there(&tokens[2]) && is_there(&last));
        assert!(!is_there(&tokens[1]));
    }
}
