//! How often presence may be told: each address at once, then not before a pause is over, with the last state; and all
//! addresses together no more than so many deliveries and bytes a second.
//! Knows no clock: the time comes in as an argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A point on the caller's clock, since the caller's own beginning.
pub type Moment = Duration;

/// How much presence may be told.
#[derive(Clone, Copy, Debug)]
pub struct PresenceRates {
    /// The least time between two events about the same.
    pub interval: Duration,
    /// The most deliveries in a second.
    pub deliveries_per_second: usize,
    /// The most bytes in a second, recipients counted each.
    pub bytes_per_second: usize,
}

impl PresenceRates {
    /// The time between two events about the same, to so many.
    fn pause(&self, recipients: usize) -> Duration {
        self.interval
            .max(share(recipients, self.deliveries_per_second))
    }

    /// What an event takes of the time of all.
    fn cost(&self, recipients: usize, bytes: usize) -> Duration {
        let deliveries = share(recipients, self.deliveries_per_second);
        deliveries.max(share(
            recipients.saturating_mul(bytes),
            self.bytes_per_second,
        ))
    }
}

fn share(amount: usize, per_second: usize) -> Duration {
    Duration::from_secs_f64(amount as f64 / per_second.max(1) as f64)
}

/// What may be told of `K`s, and when. It holds those that changed and were not told yet, and those that were told a
/// short time ago; no others.
#[derive(Debug)]
pub struct Throttle<K> {
    rates: PresenceRates,
    states: BTreeMap<K, State>,
    waiting: BTreeSet<(Moment, K)>,
    resting: BTreeSet<(Moment, K)>,
    /// Until when the time of all is used up.
    spent: Moment,
    /// The wake-up that was asked for.
    armed: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Waiting { until: Moment },
    Resting { since: Moment, until: Moment },
}

impl<K: Ord + Clone> Throttle<K> {
    /// Nothing has changed yet.
    pub fn new(rates: PresenceRates) -> Self {
        Self {
            rates,
            states: BTreeMap::new(),
            waiting: BTreeSet::new(),
            resting: BTreeSet::new(),
            spent: Moment::ZERO,
            armed: None,
        }
    }

    /// `key` has changed, which concerns so many: whether they may be told now. If so, say it with
    /// [`Throttle::told`]; else it waits for [`Throttle::next`].
    pub fn changed(&mut self, key: &K, now: Moment, recipients: usize) -> bool {
        self.prune(now);
        let until = match self.states.get(key) {
            None => now,
            Some(State::Waiting { until }) => *until,
            Some(State::Resting { since, .. }) => *since + self.rates.pause(recipients),
        };
        self.forget(key);
        if until <= now && self.affords(now) {
            return true;
        }
        self.states.insert(key.clone(), State::Waiting { until });
        self.waiting.insert((until, key.clone()));
        false
    }

    /// So many are told of `key` now, in so many bytes each.
    pub fn told(&mut self, key: &K, now: Moment, recipients: usize, bytes: usize) {
        self.forget(key);
        let until = now + self.rates.pause(recipients);
        self.states
            .insert(key.clone(), State::Resting { since: now, until });
        self.resting.insert((until, key.clone()));
        self.spent = self.spent.max(now) + self.rates.cost(recipients, bytes);
    }

    /// One that waits and may be told now; it waits no more.
    pub fn next(&mut self, now: Moment) -> Option<K> {
        self.prune(now);
        let (until, key) = self.waiting.first()?;
        if *until > now || !self.affords(now) {
            return None;
        }
        let key = key.clone();
        self.forget(&key);
        Some(key)
    }

    /// When to ask [`Throttle::next`] again, unless that was answered before and is still to come.
    pub fn wake(&mut self, now: Moment) -> Option<Moment> {
        let (until, _) = self.waiting.first()?;
        let due = (*until).max(self.spent.saturating_sub(self.rates.interval));
        // One that is over was heard, or lost with a crash.
        if self.armed.is_some_and(|armed| armed > now && armed <= due) {
            return None;
        }
        self.armed = Some(due);
        Some(due)
    }

    /// Nobody is to be told of `key` any more.
    pub fn forget(&mut self, key: &K) {
        match self.states.remove(key) {
            Some(State::Waiting { until }) => drop(self.waiting.remove(&(until, key.clone()))),
            Some(State::Resting { until, .. }) => drop(self.resting.remove(&(until, key.clone()))),
            None => {}
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// An event may be told while the time of all is used up by less than one interval.
    fn affords(&self, now: Moment) -> bool {
        self.spent <= now + self.rates.interval
    }

    fn prune(&mut self, now: Moment) {
        while let Some((until, key)) = self.resting.first()
            && *until <= now
        {
            let key = key.clone();
            self.forget(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn throttle() -> Throttle<u32> {
        Throttle::new(PresenceRates {
            interval: MS * 250,
            deliveries_per_second: 10_000,
            bytes_per_second: 1_000_000,
        })
    }

    #[test]
    fn a_burst_is_told_at_once_then_once_more_with_the_last_state() {
        let mut throttle = throttle();
        assert!(throttle.changed(&1, MS * 10, 1));
        throttle.told(&1, MS * 10, 1, 1);
        assert!(!throttle.changed(&1, MS * 20, 1));
        assert_eq!(throttle.wake(MS * 20), Some(MS * 260));
        assert!(!throttle.changed(&1, MS * 30, 1));
        assert_eq!(throttle.wake(MS * 30), None);
        assert_eq!(throttle.next(MS * 100), None);
        assert_eq!(throttle.next(MS * 260), Some(1));
        throttle.told(&1, MS * 260, 1, 1);
        assert_eq!(throttle.next(MS * 261), None);
        assert!(!throttle.changed(&1, MS * 300, 1));
        assert_eq!(throttle.wake(MS * 300), Some(MS * 510));
    }

    #[test]
    fn a_wake_up_that_was_lost_does_not_silence_the_event_for_ever() {
        let mut throttle = throttle();
        throttle.told(&1, MS * 10, 1, 1);
        assert!(!throttle.changed(&1, MS * 20, 1));
        assert_eq!(throttle.wake(MS * 20), Some(MS * 260));
        assert!(!throttle.changed(&1, MS * 259, 1));
        assert!(throttle.changed(&1, MS * 260, 1));
    }

    #[test]
    fn many_recipients_stretch_the_pause() {
        let mut throttle = throttle();
        throttle.told(&1, Moment::ZERO, 50_000, 1);
        assert!(!throttle.changed(&1, MS * 300, 50_000));
        assert_eq!(throttle.wake(MS * 300), Some(MS * 5000));
    }

    #[test]
    fn ever_new_keys_share_one_budget_and_leave_nothing_behind() {
        let mut throttle = throttle();
        let mut told = 0;
        for key in 0..10_000 {
            // Ten thousand in a second, to a thousand members each, a kilobyte each.
            let now = MS / 10 * key;
            if throttle.changed(&key, now, 1000) {
                throttle.told(&key, now, 1000, 1000);
                told += 1;
            } else {
                throttle.forget(&key);
            }
        }
        assert!(
            told <= 3,
            "{told} megabytes in a second, where one is allowed"
        );
        assert_eq!(throttle.waiting(), 0);
        assert!(throttle.len() <= 3, "{} are held", throttle.len());
    }

    #[test]
    fn those_that_wait_are_told_one_after_the_other_as_the_budget_allows() {
        let mut throttle = throttle();
        for key in 0..20 {
            throttle.changed(&key, Moment::ZERO, 1000);
            throttle.told(&key, Moment::ZERO, 1000, 1);
        }
        // Two seconds are used up.
        for key in 0..20 {
            assert!(!throttle.changed(&key, MS * 500, 1000));
        }
        assert_eq!(throttle.wake(MS * 500), Some(MS * 1750));
        let mut told = Vec::new();
        let (mut now, mut due) = (MS * 500, Some(MS * 1750));
        while let Some(at) = due {
            now = at;
            while let Some(key) = throttle.next(now) {
                throttle.told(&key, now, 1000, 1);
                told.push(key);
            }
            due = throttle.wake(now);
        }
        assert_eq!(told, (0..20).collect::<Vec<_>>());
        assert!(now >= MS * 3500, "{now:?}");
    }
}
