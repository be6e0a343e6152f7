//! Tokens that are taken back before their end, by their ids: in the memory of this process. Whoever judges a token looks here,
//! and whoever watches over the time of a client waits for changes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dondo_actors::directory::Directory;
use dondo_actors::ports::Clock;
use tokio::sync::watch;

/// Tokens that are revoked at once.
pub(crate) const REVOKED_MAX: usize = 10_000;

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Revoked(Arc<RevokedTokens>);

struct RevokedTokens {
    clock: Arc<dyn Clock>,
    /// For how long a token is taken beyond its own end.
    leeway: Duration,
    /// Until when each has to be known: behind that nobody takes it anyway.
    until: Directory<Arc<str>, RevokedToken>,
    changed: watch::Sender<()>,
}

#[derive(Clone)]
struct RevokedToken {
    id: Arc<str>,
    until: SystemTime,
}

/// As many are revoked as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyRevoked;

impl Revoked {
    /// None is revoked; each is taken for this leeway beyond its own end.
    pub(crate) fn new(clock: Arc<dyn Clock>, leeway: Duration) -> Self {
        Self(Arc::new(RevokedTokens {
            clock,
            leeway,
            until: Directory::new(),
            changed: watch::Sender::new(()),
        }))
    }

    /// Takes a token back that ends by itself after this time at most, and forgets it when nobody takes it any more; until when
    /// that is.
    pub(crate) fn revoke(&self, id: &str, time: Duration) -> Result<SystemTime, TooManyRevoked> {
        let now = self.0.clock.now();
        let end = now + time + self.0.leeway;
        let id: Arc<str> = id.into();
        if self.0.until.len() >= REVOKED_MAX && self.0.until.find(&id).is_none() {
            self.forget(now);
            if self.0.until.len() >= REVOKED_MAX {
                return Err(TooManyRevoked);
            }
        }
        let new = || RevokedToken {
            id: id.clone(),
            until: end,
        };
        let until = self.0.until.change(id.clone(), new, |token| {
            // What was promised for longer stays.
            token.until = token.until.max(end);
            (token.until, true)
        });
        self.0.changed.send_replace(());
        Ok(until)
    }

    /// Gives a token back that was taken; whether it was. Whoever it put out comes in with it again.
    pub(crate) fn lift(&self, id: &str) -> bool {
        let now = self.0.clock.now();
        let lifted = self.0.until.with(id, |token| (token.until > now, false));
        lifted.unwrap_or(false)
    }

    /// Whether a token of this id was taken back.
    pub(crate) fn has(&self, id: &str) -> bool {
        let found = self.0.until.find(id);
        found.is_some_and(|token| token.until > self.0.clock.now())
    }

    /// The ids that are known, in no order, each with until when.
    pub(crate) fn all(&self) -> Vec<(Arc<str>, SystemTime)> {
        let now = self.0.clock.now();
        let all = self.0.until.all().into_iter();
        let standing = all.filter(|token| token.until > now);
        standing.map(|token| (token.id, token.until)).collect()
    }

    /// Tells of each token that is taken back from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    fn forget(&self, now: SystemTime) {
        for token in self.0.until.all() {
            self.0
                .until
                .with(&token.id, |present| ((), present.until > now));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::UNIX_EPOCH;

    use super::*;

    /// A clock that goes by hand.
    #[derive(Default)]
    struct ByHand(AtomicU64);

    impl Clock for ByHand {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    /// Fails if a token is good again before its time, although nobody lifted that, or never; is remembered without end, or if
    /// those that are over keep others out.
    #[test]
    fn tokens_are_revoked_for_their_time_and_no_more_than_may_be() {
        let clock = Arc::new(ByHand::default());
        let revoked = Revoked::new(clock.clone(), Duration::ZERO);
        let hour = Duration::from_secs(3600);
        let changes = revoked.changes();
        assert_eq!(revoked.revoke("a", hour), Ok(UNIX_EPOCH + hour));
        assert!(changes.has_changed().unwrap_or_default());
        let shorter = revoked.revoke("a", Duration::from_secs(1));
        assert_eq!(shorter, Ok(UNIX_EPOCH + hour));
        for number in 1..REVOKED_MAX {
            assert!(revoked.revoke(&number.to_string(), hour * 2).is_ok());
        }
        assert_eq!(revoked.revoke("x", hour), Err(TooManyRevoked));
        assert!(revoked.lift("9") && !revoked.has("9") && !revoked.lift("9"));
        assert!(revoked.revoke("9", hour * 2).is_ok(), "it made room");
        assert!(revoked.revoke("7", hour * 2).is_ok(), "it is there already");
        assert!(revoked.has("a") && !revoked.has("x"));
        clock.0.store(3600, Ordering::Relaxed);
        assert!(!revoked.has("a") && revoked.has("7"));
        assert!(!revoked.lift("a"), "it was good again by itself");
        let all = revoked.all();
        assert_eq!(all.len(), REVOKED_MAX - 1);
        assert!(all.iter().all(|(id, _)| &**id != "a"));
        assert!(revoked.revoke("x", hour).is_ok());
        assert_eq!(revoked.0.until.len(), REVOKED_MAX);
    }
}
