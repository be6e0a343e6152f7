//! Places for letters that many may answer: whose they are, so that the clients of one take them from nobody else, and nobody's
//! clients from the host.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{HubHandle, words::HUB_BYTES_MAX};
use crate::{
    account::{AddressAccount, AddressAsk, MemoryAccount, SessionAccount, UntakenAnswers},
    directory::Directory,
    error::AskShare,
    message::AskPlace,
};

/// Letters to many that may wait for answers in a hub: each knows its receivers.
pub(crate) const ASKED_LETTERS_MAX: usize = 1024;
/// Of these, those of members; the rest is for the hub itself.
pub(crate) const ASKED_BY_MEMBERS_MAX: usize = 768;
/// Of these, those of all members of an account, or of an address that has limits.
pub(crate) const ASKED_BY_SHARE_MAX: usize = 128;
/// Of these, those of one member.
pub(crate) const ASKED_BY_MEMBER_MAX: usize = 32;

/// The longest time to wait for an answer.
pub(super) const LIMIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The places of a hub.
pub(super) struct AskPlaces {
    all: Arc<Semaphore>,
    of_members: Arc<Semaphore>,
    of_accounts: Arc<Directory<Arc<str>, usize>>,
    /// Answers to what the hub itself has asked, as many bytes as it may say.
    untaken: Arc<UntakenAnswers>,
}

impl AskPlaces {
    pub(super) fn new(account: &Arc<MemoryAccount>) -> Self {
        Self {
            all: Arc::new(Semaphore::new(ASKED_LETTERS_MAX)),
            of_members: Arc::new(Semaphore::new(ASKED_BY_MEMBERS_MAX)),
            of_accounts: Arc::default(),
            untaken: UntakenAnswers::of_hub(account.clone(), HUB_BYTES_MAX),
        }
    }
}

#[derive(Debug)]
struct AskTaken {
    _of_all: OwnedSemaphorePermit,
    _of_member: Option<TakenByMember>,
}

#[derive(Debug)]
struct TakenByMember {
    _of_members: OwnedSemaphorePermit,
    _of_address: Option<AddressAsk>,
    _of_account: Option<AccountAsk>,
    _own: OwnedSemaphorePermit,
}

/// One of an account's.
#[derive(Debug)]
struct AccountAsk {
    all: Arc<Directory<Arc<str>, usize>>,
    account: Arc<str>,
}

impl AccountAsk {
    fn take(all: &Arc<Directory<Arc<str>, usize>>, account: &Arc<str>) -> Option<Self> {
        let make = || 0;
        let taken = all.change(account.clone(), make, |taken| {
            let free = *taken < ASKED_BY_SHARE_MAX;
            *taken += usize::from(free);
            (free, *taken > 0)
        });
        taken.then(|| Self {
            all: all.clone(),
            account: account.clone(),
        })
    }
}

impl Drop for AccountAsk {
    fn drop(&mut self) {
        self.all.with(&self.account, |taken| {
            *taken -= 1;
            ((), *taken > 0)
        });
    }
}

/// A member that asks others; its letters wait for answers as long as it lives.
#[derive(Debug)]
pub(crate) struct Asker {
    own: Arc<Semaphore>,
    lives: watch::Sender<()>,
    untaken: Arc<UntakenAnswers>,
}

impl Asker {
    /// Its session pays for answers that it does not take.
    pub(crate) fn new(account: Arc<SessionAccount>) -> Self {
        Self {
            own: Arc::new(Semaphore::new(ASKED_BY_MEMBER_MAX)),
            lives: watch::Sender::new(()),
            untaken: UntakenAnswers::of_session(account),
        }
    }
}

impl HubHandle {
    /// A place for what the hub itself asks of many, each of whom may answer for `limit` (and at most a day).
    ///
    /// # Errors
    /// All places are taken.
    pub fn ask_place(&self, limit: Duration) -> Result<AskPlace, AskShare> {
        let untaken = self.0.slots.asked.untaken.clone();
        self.take_ask(limit, None, None, untaken)
    }

    /// The same for a member.
    pub(crate) fn ask_place_of(
        &self,
        asker: &Asker,
        account: Option<&Arc<str>>,
        address: Option<&Arc<AddressAccount>>,
        limit: Duration,
    ) -> Result<AskPlace, AskShare> {
        let places = &self.0.slots.asked;
        let own = asker.own.clone().try_acquire_owned();
        let own = own.map_err(|_| AskShare::Member)?;
        let of_account = account
            .map(|account| AccountAsk::take(&places.of_accounts, account).ok_or(AskShare::Account));
        let of_address = address
            .map(|address| AddressAsk::take(address, ASKED_BY_SHARE_MAX).ok_or(AskShare::Address));
        let (of_account, of_address) = (of_account.transpose()?, of_address.transpose()?);
        let of_members = places.of_members.clone().try_acquire_owned();
        let of_member = TakenByMember {
            _of_members: of_members.map_err(|_| AskShare::Members)?,
            _of_address: of_address,
            _of_account: of_account,
            _own: own,
        };
        let lives = asker.lives.subscribe();
        self.take_ask(limit, Some(of_member), Some(lives), asker.untaken.clone())
    }

    fn take_ask(
        &self,
        limit: Duration,
        of_member: Option<TakenByMember>,
        speaker: Option<watch::Receiver<()>>,
        untaken: Arc<UntakenAnswers>,
    ) -> Result<AskPlace, AskShare> {
        let of_all = self.0.slots.asked.all.clone().try_acquire_owned();
        let taken = AskTaken {
            _of_all: of_all.map_err(|_| AskShare::Hub)?,
            _of_member: of_member,
        };
        let limit = limit.min(LIMIT_MAX);
        Ok(AskPlace::new(limit, speaker, untaken, Arc::new(taken)))
    }
}
