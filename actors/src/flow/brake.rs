//! A room goes no faster than half of its readers: while more than half of those that a courier serves are behind and
//! still reading, the room takes no mail. Who reads nothing is not waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify as Bell, time::timeout};

/// A braked room takes a message this often all the same: readers that only pretend to read cannot stop it.
const STOP_MAX: Duration = Duration::from_secs(1);

/// The brake of one room. Its couriers pull it.
#[derive(Debug, Default)]
pub struct Brake {
    pulled: AtomicUsize,
    released: Bell,
}

impl Brake {
    /// A courier pulls the brake until what is returned is dropped.
    pub(crate) fn pull(self: &Arc<Self>) -> Braking {
        self.pulled.fetch_add(1, Ordering::AcqRel);
        Braking(self.clone())
    }

    pub(crate) fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Acquire) > 0
    }

    /// Waits until no courier pulls the brake, or as long as it may be pulled.
    pub(crate) async fn wait(self: Arc<Self>) {
        let _ = timeout(STOP_MAX, async {
            loop {
                let bell = self.released.notified();
                tokio::pin!(bell);
                bell.as_mut().enable();
                if !self.is_pulled() {
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
pub(crate) struct Braking(Arc<Brake>);

impl Drop for Braking {
    fn drop(&mut self) {
        if self.0.pulled.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.released.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_brake_holds_until_the_last_courier_lets_go_but_not_for_ever() {
        let brake = Arc::new(Brake::default());
        let (one, other) = (brake.pull(), brake.pull());
        drop(one);
        assert!(brake.is_pulled());
        let began = tokio::time::Instant::now();
        brake.clone().wait().await;
        assert!(began.elapsed() >= STOP_MAX);
        let waiting = tokio::spawn(brake.clone().wait());
        tokio::task::yield_now().await;
        drop(other);
        tokio::task::yield_now().await;
        assert!(waiting.is_finished());
    }
}
