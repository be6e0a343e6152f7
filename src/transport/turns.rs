//! Connections that come and that break off take turns with all else that their thread has to do. A burst of either, each some
//! 50 microseconds of work, would stand in front of every message: of a run through the thread's queue it gets a few
//! places.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// Connections that are served in one run through the queue.
pub(super) const PLACES: u32 = 4;

thread_local! {
    static TAKEN: Cell<u32> = const { Cell::new(0) };
    static WAITING: RefCell<VecDeque<oneshot::Sender<()>>> = const { RefCell::new(VecDeque::new()) };
    static CALLS: Cell<bool> = const { Cell::new(false) };
}

/// One place, in the order of asking, for one poll of whoever asks. Ready at once while there are places left, of this run
/// or of the last one in which somebody waited; whoever waits costs nothing until then.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<oneshot::Receiver<()>>);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_none() {
            if TAKEN.get() < PLACES {
                TAKEN.set(TAKEN.get() + 1);
                return Poll::Ready(());
            }
            self.0 = Some(wait());
        }
        let called = self
            .0
            .as_mut()
            .map_or(Poll::Ready(Ok(())), |called| Pin::new(called).poll(cx));
        called.map(|_| self.0 = None)
    }
}

fn wait() -> oneshot::Receiver<()> {
    let (call, called) = oneshot::channel();
    WAITING.with_borrow_mut(|waiting| waiting.push_back(call));
    if !CALLS.replace(true) {
        actix_rt::spawn(call_in_turn(Calls));
    }
    called
}

/// Somebody calls those who wait on this thread; dropped with its runtime, too, which may not be the thread's last.
struct Calls;

impl Drop for Calls {
    fn drop(&mut self) {
        CALLS.set(false);
    }
}

/// Runs while somebody waits.
async fn call_in_turn(_calls: Calls) {
    loop {
        behind_all().await;
        TAKEN.set(0);
        let all_are_called = WAITING.with_borrow_mut(|waiting| {
            while TAKEN.get() < PLACES
                && let Some(call) = waiting.pop_front()
            {
                // Who is gone takes no place.
                if call.send(()).is_ok() {
                    TAKEN.set(TAKEN.get() + 1);
                }
            }
            waiting.is_empty()
        });
        if all_are_called {
            return;
        }
    }
}

/// Behind all that waits in the thread's queue. Tokio's own yield is back at the next look at the sockets, which a long
/// queue has many of.
async fn behind_all() {
    let mut asked = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::rc::Rc;

    use super::*;

    /// A burst that is served whole keeps every message behind it waiting.
    #[actix_rt::test]
    async fn a_burst_is_served_a_few_in_each_run_through_the_queue() {
        let served = Rc::new(Cell::new(0));
        for _ in 0..3 * PLACES {
            let served = served.clone();
            actix_rt::spawn(async move {
                Turn::default().await;
                served.set(served.get() + 1);
            });
        }
        // The test itself does not stand in the queue.
        let watcher = actix_rt::spawn(async move {
            let mut seen = Vec::new();
            while seen.iter().sum::<u32>() < 3 * PLACES {
                behind_all().await;
                seen.push(served.take());
            }
            seen
        });
        let seen = watcher.await.unwrap();
        assert!(seen.iter().all(|&served| served <= PLACES), "{seen:?}");
        assert!(WAITING.with_borrow(VecDeque::is_empty));
    }

    /// A connection that ended while it waited must not cost those behind it their place.
    #[actix_rt::test]
    async fn who_is_gone_takes_no_place() {
        TAKEN.set(PLACES);
        let gone: Vec<_> = (0..PLACES).map(|_| wait()).collect();
        let mut next = wait();
        drop(gone);
        behind_all().await;
        behind_all().await;
        assert_eq!(next.try_recv(), Ok(()));
    }

    #[actix_rt::test]
    async fn who_is_alone_is_served() {
        for _ in 0..10 * PLACES {
            Turn::default().await;
        }
    }
}
