//! A room goes no faster than half of its readers: while more than half of its members are behind and still reading, large
//! letters and all else with much to tell wait, and of the rest little passes. Who reads next to nothing is not waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify as Bell,
    time::{Instant, timeout_at},
};

/// A letter waits for its room's readers so long where they do not catch up,
const STOP_MIN: Duration = Duration::from_secs(1);
/// and as long as one needs that takes so many bytes a second for the largest that lies before them; who takes less is not
/// waited for.
pub(crate) const READ_RATE: usize = 32 * 1024;
/// But no longer than this.
const STOP_MAX: Duration = Duration::from_secs(10);

/// The brake of one room. Its couriers say how many of their members are behind.
#[derive(Debug, Default)]
pub struct Brake {
    behind: AtomicUsize,
    eased: Bell,
}

impl Brake {
    /// So many of a courier's members are behind, until what is returned is dropped.
    pub(crate) fn pull(self: &Arc<Self>, behind: usize) -> Braking {
        self.behind.fetch_add(behind, Ordering::AcqRel);
        Braking {
            brake: self.clone(),
            behind,
        }
    }

    /// Whether a room of so many members has to wait.
    pub(crate) fn holds(&self, members: usize) -> bool {
        self.behind() * 2 > members
    }

    /// How long a room waits for readers that have a letter of so many bytes before them.
    pub(crate) fn most(bytes: usize) -> Duration {
        Duration::from_secs((bytes / READ_RATE) as u64).clamp(STOP_MIN, STOP_MAX)
    }

    /// Waits until at most half of so many members are behind; whether they have caught up in time.
    pub(crate) async fn wait(self: Arc<Self>, members: usize, until: Instant) -> bool {
        timeout_at(until, async {
            loop {
                let bell = self.eased.notified();
                tokio::pin!(bell);
                bell.as_mut().enable();
                if !self.holds(members) {
                    return;
                }
                bell.await;
            }
        })
        .await
        .is_ok()
    }

    /// How many are behind.
    pub(crate) fn behind(&self) -> usize {
        self.behind.load(Ordering::Acquire)
    }
}

/// How often a room waits for readers that do not catch up. Those that only pretend to read cannot stop it: after some
/// letters that waited in vain it goes on without them for a while, and their outboxes say who is cut.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// Of the letters since the readers last kept up for a while, the largest one's bytes.
    heaviest: usize,
    /// When they were last behind.
    behind: Option<Instant>,
    in_vain: u32,
    resumes: Option<Instant>,
}

/// So many letters in a row wait in vain.
const IN_VAIN_MAX: u32 = 12;
/// Readers that were not behind for so long keep up.
const KEPT_UP: Duration = Duration::from_secs(2);
/// So long a room then does not wait.
const WITHOUT_WAITING: Duration = Duration::from_secs(30);

impl Patience {
    /// A letter of so many bytes comes; `behind`: the room has to wait. Answers with how many bytes before its readers it
    /// waits, if it does.
    pub(crate) fn waits(&mut self, bytes: usize, behind: bool) -> Option<usize> {
        if !behind {
            // Several letters may go before the couriers say what they made of the first.
            if self.behind.is_some_and(|last| last.elapsed() >= KEPT_UP) {
                self.behind = None;
            }
            let earlier = self.behind.map_or(0, |_| self.heaviest);
            self.heaviest = bytes.max(earlier);
            return None;
        }
        let now = Instant::now();
        self.behind = Some(now);
        self.heaviest = self.heaviest.max(bytes);
        let waits = self.resumes.is_none_or(|resumes| now >= resumes);
        waits.then_some(self.heaviest)
    }

    /// A letter has waited; `eased`: the readers caught up.
    pub(crate) fn waited(&mut self, eased: bool) {
        self.in_vain = if eased { 0 } else { self.in_vain + 1 };
        self.resumes = None;
        if self.in_vain >= IN_VAIN_MAX {
            self.in_vain = 0;
            self.resumes = Some(Instant::now() + WITHOUT_WAITING);
        }
    }
}

/// See [`Brake::pull`].
#[derive(Debug)]
pub(crate) struct Braking {
    brake: Arc<Brake>,
    behind: usize,
}

impl Braking {
    /// So many are behind now.
    pub(crate) fn set(&mut self, behind: usize) {
        let all = &self.brake.behind;
        if behind > self.behind {
            all.fetch_add(behind - self.behind, Ordering::AcqRel);
        } else {
            all.fetch_sub(self.behind - behind, Ordering::AcqRel);
            self.brake.eased.notify_waiters();
        }
        self.behind = behind;
    }
}

impl Drop for Braking {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_of_the_members_of_all_couriers_count_together() {
        let brake = Arc::new(Brake::default());
        let (one, mut other) = (brake.pull(2), brake.pull(3));
        assert!(brake.holds(9) && !brake.holds(10));
        other.set(1);
        assert!(!brake.holds(6));
        drop(one);
        assert!(brake.holds(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_brake_holds_until_enough_have_caught_up_but_not_for_ever() {
        let brake = Arc::new(Brake::default());
        let mut braking = brake.pull(3);
        let until = |bytes| Instant::now() + Brake::most(bytes);
        let began = Instant::now();
        assert!(!brake.clone().wait(4, until(0)).await);
        assert_eq!(began.elapsed().as_secs(), STOP_MIN.as_secs());
        assert!(!brake.clone().wait(4, until(7 * READ_RATE)).await);
        assert_eq!(began.elapsed().as_secs(), 7 + STOP_MIN.as_secs());
        let waiting = tokio::spawn(brake.clone().wait(4, until(0)));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        braking.set(2);
        tokio::task::yield_now().await;
        assert!(waiting.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_goes_on_without_readers_that_never_catch_up_and_waits_again_later() {
        let mut patience = Patience::default();
        for _ in 1..IN_VAIN_MAX {
            patience.waited(false);
        }
        patience.waited(true);
        for _ in 0..IN_VAIN_MAX {
            assert!(patience.waits(1, true).is_some());
            patience.waited(false);
        }
        assert!(patience.waits(1, true).is_none());
        tokio::time::advance(WITHOUT_WAITING).await;
        assert!(patience.waits(1, true).is_some());
    }

    /// Three short letters behind a large one waited in vain, and the room went on without its readers.
    #[tokio::test(start_paused = true)]
    async fn a_short_letter_waits_as_long_as_the_large_one_before_it_takes() {
        let mut patience = Patience::default();
        assert_eq!(patience.waits(600_000, false), None);
        assert_eq!(patience.waits(10, true), Some(600_000));
        assert_eq!(patience.waits(700_000, true), Some(700_000));
        // A short one that comes before the couriers have said that the next large one is too much.
        assert_eq!(patience.waits(10, false), None);
        assert_eq!(patience.waits(20, true), Some(700_000));
        tokio::time::advance(KEPT_UP).await;
        assert_eq!(patience.waits(10, false), None);
        assert_eq!(patience.waits(20, true), Some(20));
    }
}
