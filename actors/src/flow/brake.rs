//! A room goes no faster than half of its readers: while more than half of its members are behind and still reading, it
//! takes no letters. Who reads nothing is not waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify as Bell, time::timeout};

/// A braked room takes a letter this often all the same: readers that only pretend to read cannot stop it.
const STOP_MAX: Duration = Duration::from_secs(1);

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
        self.behind.load(Ordering::Acquire) * 2 > members
    }

    /// Waits until at most half of so many members are behind, or as long as a room waits for that.
    pub(crate) async fn wait(self: Arc<Self>, members: usize) {
        let _ = timeout(STOP_MAX, async {
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
        .await;
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
        let began = tokio::time::Instant::now();
        brake.clone().wait(4).await;
        assert!(began.elapsed() >= STOP_MAX);
        let waiting = tokio::spawn(brake.clone().wait(4));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        braking.set(2);
        tokio::task::yield_now().await;
        assert!(waiting.is_finished());
    }
}
