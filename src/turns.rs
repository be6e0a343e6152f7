//! Whose turn it is in channels with slow mode: when one speaker may say something again in each. What a speaker makes grow is its
//! own alone: with as many turns running as are kept, the next channel waits for the first of them to end. Names are not kept:
//! two channels of one hash would make one speaker wait for itself.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Turns of one speaker that run at once.
const RUNNING_MAX: usize = 256;

/// A namespace and a channel.
pub(crate) type TurnKey = (Arc<str>, Arc<str>);

/// The turns of one speaker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    running: BTreeMap<u64, SlowTurn>,
}

/// A turn that was taken.
#[derive(Clone, Copy, Debug)]
struct SlowTurn {
    taken: Instant,
    until: Instant,
}

impl Turns {
    /// Takes a turn, which runs for so long. Else how long it is to wait.
    pub(crate) fn take(
        &mut self,
        key: &TurnKey,
        now: Instant,
        every: Duration,
    ) -> Result<Instant, Duration> {
        let channel = hash(key);
        if let Some(turn) = self.running.get(&channel) {
            // The channel may have got a shorter time since.
            let over = turn.until.min(turn.taken + every);
            let wait = over.saturating_duration_since(now);
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        if self.running.len() >= RUNNING_MAX && !self.running.contains_key(&channel) {
            self.running.retain(|_, turn| turn.until > now);
            if let Some(first) = self.running.values().map(|turn| turn.until).min()
                && self.running.len() >= RUNNING_MAX
            {
                return Err(first.saturating_duration_since(now));
            }
        }
        let until = now + every;
        self.running.insert(channel, SlowTurn { taken: now, until });
        Ok(until)
    }

    /// Gives a turn back that was taken for nothing.
    pub(crate) fn give_back(&mut self, key: &TurnKey, until: Instant) {
        let channel = hash(key);
        if self.running.get(&channel).map(|turn| turn.until) == Some(until) {
            self.running.remove(&channel);
        }
    }

    /// Whether one is running.
    pub(crate) fn is_any_left(&self, now: Instant) -> bool {
        self.running.values().any(|turn| turn.until > now)
    }
}

fn hash(key: &TurnKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(channel: &str) -> TurnKey {
        ("/".into(), channel.into())
    }

    /// Fails if a speaker does not wait, waits in another channel too, or waits longer than the channel asks by now.
    #[test]
    fn a_speaker_waits_in_its_channel_and_as_long_as_that_asks() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let first = turns.take(&key("a"), now, 10 * SECOND);
        assert_eq!(first, Ok(now + 10 * SECOND));
        let soon = now + 3 * SECOND;
        assert_eq!(turns.take(&key("a"), soon, 10 * SECOND), Err(7 * SECOND));
        assert!(turns.take(&key("b"), soon, 10 * SECOND).is_ok());
        // Counted from when it spoke: a shorter time may be over already.
        assert_eq!(turns.take(&key("a"), soon, 5 * SECOND), Err(2 * SECOND));
        let mut others = turns.clone();
        assert!(others.take(&key("a"), soon, 2 * SECOND).is_ok());
        turns.give_back(&key("a"), soon);
        assert!(turns.take(&key("a"), soon, 10 * SECOND).is_err());
        turns.give_back(&key("a"), now + 10 * SECOND);
        assert!(turns.take(&key("a"), soon, 10 * SECOND).is_ok());
        assert!(turns.is_any_left(soon) && !turns.is_any_left(soon + 10 * SECOND));
    }

    /// Fails if a speaker makes the list grow without end, or cannot speak once its turns are over.
    #[test]
    fn a_speaker_has_so_many_turns_and_waits_for_its_own() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        for channel in 0..RUNNING_MAX {
            let taken = turns.take(&key(&channel.to_string()), now, 10 * SECOND);
            assert!(taken.is_ok(), "{channel}");
        }
        let later = now + 4 * SECOND;
        assert_eq!(turns.take(&key("more"), later, SECOND), Err(6 * SECOND));
        let over = now + 10 * SECOND;
        assert!(turns.take(&key("more"), over, SECOND).is_ok());
        assert_eq!(turns.running.len(), 1);
    }
}
