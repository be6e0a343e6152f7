//! Answers that whoever asked for them has not taken. They are his: on his account as soon as they have come, and within his share,
//! so that nobody who answers is stopped by what another one does not do.

use std::sync::{
    Arc,
    atomic::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire},
    },
};

use super::{Charge, Held, MemoryAccount, SessionAccount};

/// What an answer holds beside its bytes, estimated.
const ANSWER: usize = 128;

/// Of what a session may hold, its share for such answers.
const OF_SESSION: usize = 4;

/// Those of one asker.
#[derive(Debug)]
pub(crate) struct UntakenAnswers {
    payer: AskPayer,
    held: AtomicUsize,
    max: usize,
}

#[derive(Debug)]
enum AskPayer {
    Session(Arc<SessionAccount>),
    Hub(Arc<MemoryAccount>),
}

/// One of them, until it is taken or dropped.
#[derive(Debug)]
pub(crate) struct UntakenAnswer {
    all: Arc<UntakenAnswers>,
    bytes: usize,
    _charge: Option<Charge>,
}

impl UntakenAnswers {
    /// Those that a session's member has asked for.
    pub(crate) fn of_session(account: Arc<SessionAccount>) -> Arc<Self> {
        let max = account.max() / OF_SESSION;
        Self::new(AskPayer::Session(account), max)
    }

    /// Those that the hub itself has asked for.
    pub(crate) fn of_hub(account: Arc<MemoryAccount>, max: usize) -> Arc<Self> {
        Self::new(AskPayer::Hub(account), max)
    }

    fn new(payer: AskPayer, max: usize) -> Arc<Self> {
        Arc::new(Self {
            payer,
            held: AtomicUsize::new(0),
            max,
        })
    }

    /// One of so many bytes has come. `None`: there is no room for it. Where there is no other, there is for any.
    pub(crate) fn keep(self: &Arc<Self>, bytes: usize) -> Option<UntakenAnswer> {
        let bytes = bytes + ANSWER;
        let more = |held| (held == 0 || held + bytes <= self.max).then_some(held + bytes);
        self.held.fetch_update(AcqRel, Acquire, more).ok()?;
        let charge = match &self.payer {
            AskPayer::Session(account) => Some(account.charge(Held::Inbound, bytes)),
            AskPayer::Hub(account) => {
                account.add(Held::Inbound, bytes);
                None
            }
        };
        Some(UntakenAnswer {
            all: self.clone(),
            bytes,
            _charge: charge,
        })
    }
}

impl Drop for UntakenAnswer {
    fn drop(&mut self) {
        if let AskPayer::Hub(account) = &self.all.payer {
            account.sub(Held::Inbound, self.bytes);
        }
        self.all.held.fetch_sub(self.bytes, AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if more is kept than the share, if one that is alone is refused, or if anything is on an account when it is taken.
    #[test]
    fn so_many_bytes_of_answers_wait_for_a_session_and_for_the_hub() {
        let process = MemoryAccount::new(1 << 30, 1 << 30);
        let session = SessionAccount::new(process.clone(), None, 40_000);
        let of_session = UntakenAnswers::of_session(session.clone());
        let of_hub = UntakenAnswers::of_hub(process.clone(), 10_000);
        for all in [of_session, of_hub] {
            let kept: Vec<_> = (0..9).map_while(|_| all.keep(2000)).collect();
            assert_eq!(kept.len(), 4);
            assert_eq!(process.held(Held::Inbound), 4 * (2000 + ANSWER as u64));
            assert!(all.keep(10_000 - 4 * 2000 - 5 * ANSWER).is_some());
            drop(kept);
            assert_eq!((process.held(Held::Inbound), session.bytes()), (0, 0));
            let large = all.keep(1 << 20);
            assert!(large.is_some() && all.keep(0).is_none());
            drop(large);
            assert!(all.keep(0).is_some());
        }
    }
}
