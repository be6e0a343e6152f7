//! Who is banned and who is muted, and until when: in the memory of this process. Every door and every sender looks here;
//! whoever moderates changes it, and nobody else.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use dondo_actors::directory::Directory;
use dondo_actors::id::MemberId;
use dondo_actors::ports::{Clock, SystemClock};

use crate::network::network;

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
    /// All clients of an address, of IPv6 those of its network: see [`Subject::address`].
    Address(IpAddr),
    /// One client, by its public id: until it goes.
    Member(MemberId),
}

impl Subject {
    /// All clients of what limits count as one address: who has one of IPv6 has all of its network.
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
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
#[derive(Clone)]
pub(crate) struct Moderation(Arc<Sentences>);

struct Sentences {
    bans: Standing,
    mutes: Standing,
    accounts: Accounts,
}

/// Sentences of one kind.
pub(crate) struct Standing {
    clock: Arc<dyn Clock>,
    of: Directory<Subject, Sentence>,
    /// Looked at first: mostly there is none.
    count: AtomicUsize,
}

impl Default for Moderation {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock), AccountBounds::default())
    }
}

impl Moderation {
    /// Nobody is banned or muted, and accounts have these limits. All sentences end by this clock, which should be the hub's.
    pub(crate) fn new(clock: Arc<dyn Clock>, bounds: AccountBounds) -> Self {
        Self(Arc::new(Sentences {
            bans: Standing::new(clock.clone()),
            mutes: Standing::new(clock),
            accounts: Accounts::new(bounds),
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
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            of: Directory::new(),
            count: AtomicUsize::new(0),
        }
    }

    /// The end of a sentence of this length that is given now.
    pub(crate) fn end(&self, length: Duration) -> SystemTime {
        self.clock.now() + length
    }

    /// Gives a sentence, in place of one that the subject has.
    pub(crate) fn give(&self, sentence: Sentence) -> Result<(), TooManySentences> {
        // Counted before it is there, so that nobody who looks at the count misses one that stands.
        let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
        if count > SENTENCES_MAX && self.of.find(&sentence.subject).is_none() {
            self.forget(self.clock.now());
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
    pub(crate) fn lift(&self, subject: &Subject) -> bool {
        let now = self.clock.now();
        let stood = self
            .of
            .with(subject, |sentence| (!sentence.is_over(now), false));
        if stood.is_some() {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
        stood.unwrap_or(false)
    }

    /// A client is gone, and its id with it: nobody else ever has that.
    pub(crate) fn gone(&self, member: &MemberId) {
        if self.count.load(Ordering::Acquire) > 0 {
            self.lift(&Subject::Member(member.clone()));
        }
    }

    /// The sentence of somebody, if one stands.
    fn find(&self, subject: &Subject, now: SystemTime) -> Option<Sentence> {
        let found = self.of.find(subject);
        found.filter(|sentence| !sentence.is_over(now))
    }

    /// The sentence of a client, whichever of its names it stands under.
    pub(crate) fn of_client(
        &self,
        account: Option<&Arc<str>>,
        address: Option<IpAddr>,
        member: Option<&MemberId>,
    ) -> Option<Sentence> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let now = self.clock.now();
        let account = account.cloned().map(Subject::Account);
        let address = address.map(Subject::address);
        let member = member.cloned().map(Subject::Member);
        let mut subjects = account.into_iter().chain(address).chain(member);
        subjects.find_map(|subject| self.find(&subject, now))
    }

    /// All that stand, in the order of their subjects.
    pub(crate) fn all(&self) -> Vec<Sentence> {
        let now = self.clock.now();
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

    use std::sync::atomic::AtomicU64;
    use std::time::UNIX_EPOCH;

    use super::*;

    /// A clock that goes by hand.
    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn standing() -> (Arc<Hand>, Standing) {
        let hand = Arc::new(Hand::default());
        (hand.clone(), Standing::new(hand))
    }

    fn sentence(account: &str, until: Option<SystemTime>) -> Sentence {
        Sentence {
            subject: Subject::Account(account.into()),
            until,
            reason: None,
        }
    }

    /// Fails if a sentence stands beyond its end, goes by another clock than the hub's, or a client is found under one of its
    /// names alone.
    #[test]
    fn a_sentence_ends_by_itself_and_is_found_under_each_name_of_a_client() {
        let (hand, standing) = standing();
        let end = standing.end(Duration::from_secs(3600));
        standing.give(sentence("ama", Some(end))).unwrap();
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        let of_address = Sentence {
            subject: Subject::address(address),
            ..sentence("", None)
        };
        standing.give(of_address).unwrap();
        let (ama, kofi): (Arc<str>, Arc<str>) = ("ama".into(), "kofi".into());
        let is = |account, address| standing.of_client(account, address, None).is_some();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert!(is(Some(&ama), None) && is(Some(&kofi), Some(mapped)));
        assert!(!is(Some(&kofi), None));
        hand.0.store(3600, Ordering::Relaxed);
        assert!(!is(Some(&ama), None));
        assert!(!standing.lift(&Subject::Account(ama.clone())));
        assert!(standing.lift(&Subject::address(address)));
        assert!(standing.all().is_empty());
    }

    /// Fails if whoever is banned comes back under another address of the network that is its own, or a ban of one machine
    /// is one of others.
    #[test]
    fn a_sentence_of_an_address_of_ipv6_is_one_of_its_network() {
        let (_, standing) = standing();
        let of = |text: &str| -> IpAddr { text.parse().unwrap() };
        for banned in ["2001:db8:0:1::7", "::1"] {
            let subject = Subject::address(of(banned));
            standing
                .give(Sentence {
                    subject,
                    ..sentence("", None)
                })
                .unwrap();
        }
        for (address, is_banned) in [
            ("2001:db8:0:1::7", true),
            ("2001:db8:0:1:ffff::8", true),
            ("2001:db8:0:2::7", false),
            ("::1", true),
            ("::2", false),
        ] {
            let found = standing.of_client(None, Some(of(address)), None);
            assert_eq!(found.is_some(), is_banned, "{address}");
        }
        assert!(standing.lift(&Subject::address(of("2001:db8:0:1::9"))));
    }

    /// Fails if sentences grow without end, or those that are over keep others out.
    #[test]
    fn there_are_so_many_sentences_and_those_that_are_over_make_room() {
        let (hand, standing) = standing();
        let later = standing.end(Duration::from_secs(1));
        for number in 0..SENTENCES_MAX {
            let until = (number == 0).then_some(later);
            standing.give(sentence(&number.to_string(), until)).unwrap();
        }
        let more = sentence("more", None);
        assert_eq!(standing.give(more.clone()), Err(TooManySentences));
        assert_eq!(standing.give(sentence("7", None)), Ok(()), "it has one");
        hand.0.store(1, Ordering::Relaxed);
        assert_eq!(standing.give(more), Ok(()));
        assert_eq!(standing.all().len(), SENTENCES_MAX);
        for sentence in standing.all() {
            assert!(standing.lift(&sentence.subject));
        }
        assert_eq!(
            standing.count.load(Ordering::Relaxed),
            0,
            "none is counted any more"
        );
    }
}
