//! What a client is told before it is let in. It waits with whoever decides, as no queue knows the client yet, and is bounded as what
//! waits for a client; its session pays for it.

use std::sync::Arc;

use crate::{
    account::{Charge, ENTRY, Held, SessionAccount},
    letter::Content,
    outbox::{Full, OutboxLimits},
};

/// See the module.
#[derive(Debug)]
pub struct Greetings {
    all: Vec<Content>,
    bytes: usize,
    limits: OutboxLimits,
    charge: Charge,
}

impl Greetings {
    pub(super) fn new(limits: OutboxLimits, account: &Arc<SessionAccount>) -> Self {
        Self {
            all: Vec::new(),
            bytes: 0,
            limits,
            charge: account.charge(Held::Inbound, 0),
        }
    }

    /// One more. Half of what may wait for a client is for these, beside which it is told that it is in, and whatever a protocol adds
    /// to what is said; a first one may be of any size.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn add(&mut self, content: Content) -> Result<(), Full> {
        let bytes = self.bytes + content.len() + ENTRY;
        let is_over =
            bytes > self.limits.bytes_max / 2 || self.all.len() >= self.limits.count_max / 2;
        if is_over && !self.all.is_empty() {
            return Err(Full);
        }
        self.bytes = bytes;
        self.charge.resize(bytes);
        self.all.push(content);
        Ok(())
    }

    /// They, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Content> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::{account::MemoryAccount, testing::content};

    /// Fails if what waits is on nobody's account, or on one when it is let go of, or if more of it waits than half of what may wait
    /// for its client.
    #[test]
    fn what_is_said_to_who_is_not_in_yet_is_its_sessions_and_bounded() {
        let process = MemoryAccount::new(1 << 30, 1 << 30);
        let session = SessionAccount::new(process.clone(), None, 1 << 20);
        let limits = |bytes_max, count_max| OutboxLimits {
            bytes_max,
            count_max,
            stall_timeout: Duration::from_secs(1),
        };
        let hundred = "x".repeat(100 - ENTRY - "say".len());
        for (limits, most) in [
            (limits(1000, 100), 5),
            (limits(100_000, 8), 4),
            (limits(10, 2), 1),
        ] {
            let mut said = Greetings::new(limits, &session);
            let kept = (0..9).take_while(|_| said.add(content("say", &hundred)).is_ok());
            assert_eq!((kept.count(), said.iter().count()), (most, most));
            assert_eq!(process.held(Held::Inbound), 100 * most as u64);
            assert_eq!(session.bytes(), 100 * most);
            drop(said);
            assert_eq!((process.held(Held::Inbound), session.bytes()), (0, 0));
        }
    }
}
