//! Who is banned and who is muted, and until when: in the memory of this process. Every door and every sender looks here;
//! whoever moderates changes it, and nobody else.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use dondo_actors::directory::Directory;
use dondo_actors::id::MemberId;

use crate::accounts::{AccountBounds, Accounts};

/// Bans that stand at once, and mutes.
pub(crate) const SENTENCES_MAX: usize = 10_000;
/// The longest; what shall last longer is given again, or belongs into the application.
pub(crate) const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Whom a sentence is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// All clients of an account.
    Account(Arc<str>),
    /// All clients of an address.
    Address(IpAddr),
    /// One client, by its public id.
    Member(MemberId),
}

/// A ban or a mute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// About whom.
    pub(crate) subject: Subject,
    /// Until when; none: until it is lifted, or the process ends.
    pub(crate) until: Option<SystemTime>,
    /// Why, for whoever it is about.
    pub(crate) reason: Option<Arc<str>>,
}

impl Sentence {
    fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// As many as there may be stand already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManySentences;

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moderation(Arc<Sentences>);

#[derive(Debug, Default)]
struct Sentences {
    bans: Standing,
    mutes: Standing,
    accounts: Accounts,
}

/// Sentences of one kind.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    of: Directory<Subject, Sentence>,
    /// Looked at first: mostly there is none.
    count: AtomicUsize,
}

impl Moderation {
    /// Nobody is banned or muted, and accounts have these limits.
    pub(crate) fn new(bounds: AccountBounds) -> Self {
        Self(Arc::new(Sentences {
            accounts: Accounts::new(bounds),
            ..Sentences::default()
        }))
    }

    /// What is known of accounts while they have clients.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Who may not come in.
    pub(crate) fn bans(&self) -> &Standing {
        &self.0.bans
    }

    /// Who may say nothing.
    pub(crate) fn mutes(&self) -> &Standing {
        &self.0.mutes
    }
}

impl Standing {
    /// Gives a sentence, in place of one that the subject has.
    pub(crate) fn give(&self, sentence: Sentence, now: SystemTime) -> Result<(), TooManySentences> {
        // Counted before it is there, so that nobody who looks at the count misses one that stands.
        let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        if count > SENTENCES_MAX && self.of.find(&sentence.subject).is_none() {
            self.forget(now);
            if self.count.load(Ordering::Acquire) > SENTENCES_MAX {
                self.count.fetch_sub(1, Ordering::AcqRel);
                return Err(TooManySentences);
            }
        }
        let mut is_new = false;
        let make = || {
            is_new = true;
            sentence.clone()
        };
        self.of.change(sentence.subject.clone(), make, |present| {
            *present = sentence.clone();
            ((), true)
        });
        if !is_new {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
        Ok(())
    }

    /// Whether there was one that stood.
    pub(crate) fn lift(&self, subject: &Subject, now: SystemTime) -> bool {
        let stood = self
            .of
            .with(subject, |sentence| (!sentence.is_over(now), false));
        if stood.is_some() {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
        stood.unwrap_or(false)
    }

    /// The sentence of somebody, if one stands.
    pub(crate) fn find(&self, subject: &Subject, now: SystemTime) -> Option<Sentence> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.of
            .find(subject)
            .filter(|sentence| !sentence.is_over(now))
    }

    /// The sentence of a client, whichever of its names it stands under.
    pub(crate) fn of_client(
        &self,
        account: Option<&Arc<str>>,
        address: Option<IpAddr>,
        member: Option<&MemberId>,
        now: SystemTime,
    ) -> Option<Sentence> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let account = account.cloned().map(Subject::Account);
        let address = address.map(|address| Subject::Address(address.to_canonical()));
        let member = member.cloned().map(Subject::Member);
        let mut subjects = account.into_iter().chain(address).chain(member);
        subjects.find_map(|subject| self.find(&subject, now))
    }

    /// All that stand, in the order of their subjects.
    pub(crate) fn all(&self, now: SystemTime) -> Vec<Sentence> {
        let mut all = self.of.all();
        all.retain(|sentence| !sentence.is_over(now));
        all.sort_by(|one, other| one.subject.cmp(&other.subject));
        all
    }

    fn forget(&self, now: SystemTime) {
        for sentence in self.of.all().iter().filter(|one| one.is_over(now)) {
            let is_gone = self.of.with(&sentence.subject, |present| {
                let is_over = present.is_over(now);
                (is_over, !is_over)
            });
            if is_gone == Some(true) {
                self.count.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sentence(account: &str, until: Option<SystemTime>) -> Sentence {
        Sentence {
            subject: Subject::Account(account.into()),
            until,
            reason: None,
        }
    }

    /// Fails if a sentence stands beyond its end, or a client is found under one of its names alone.
    #[test]
    fn a_sentence_ends_by_itself_and_is_found_under_each_name_of_a_client() {
        let (standing, now) = (Standing::default(), SystemTime::now());
        let hour = Duration::from_secs(3600);
        standing
            .give(sentence("ama", Some(now + hour)), now)
            .unwrap();
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        let of_address = Sentence {
            subject: Subject::Address(address),
            ..sentence("", None)
        };
        standing.give(of_address, now).unwrap();
        let (ama, kofi): (Arc<str>, Arc<str>) = ("ama".into(), "kofi".into());
        let is = |account, address, at| standing.of_client(account, address, None, at).is_some();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert!(is(Some(&ama), None, now) && is(Some(&kofi), Some(mapped), now));
        assert!(!is(Some(&kofi), None, now) && !is(Some(&ama), None, now + hour));
        assert!(!standing.lift(&Subject::Account(ama.clone()), now + hour));
        assert!(standing.lift(&Subject::Address(address), now));
        assert!(standing.all(now).is_empty());
    }

    /// Fails if sentences grow without end, or those that are over keep others out.
    #[test]
    fn there_are_so_many_sentences_and_those_that_are_over_make_room() {
        let (standing, now) = (Standing::default(), SystemTime::now());
        let later = now + Duration::from_secs(1);
        for number in 0..SENTENCES_MAX {
            let until = (number == 0).then_some(later);
            standing
                .give(sentence(&number.to_string(), until), now)
                .unwrap();
        }
        let more = sentence("more", None);
        assert_eq!(standing.give(more.clone(), now), Err(TooManySentences));
        assert_eq!(
            standing.give(sentence("7", None), now),
            Ok(()),
            "it has one"
        );
        assert_eq!(standing.give(more, later), Ok(()));
        assert_eq!(standing.all(later).len(), SENTENCES_MAX);
        for sentence in standing.all(later) {
            assert!(standing.lift(&sentence.subject, later));
        }
        assert_eq!(
            standing.count.load(Ordering::Relaxed),
            0,
            "none is counted any more"
        );
    }
}
