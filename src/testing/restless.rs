//! What never comes to rest: held time stands still while the test's thread works on and on. Whoever waits there would wait for
//! ever, without a word.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    task::Poll,
    thread,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::{runtime::Handle, time::Instant};

use crate::io::last_handler;

/// So long a thread may work at one instant of held time. Far more than anything takes that comes to its end.
pub(super) const WORK_MAX: Duration = Duration::from_secs(20);
/// How often it is looked, in real time.
const LOOK: Duration = Duration::from_millis(250);
/// Calls of handlers meanwhile, from which on they are what moves.
const CALLS_MIN: u64 = 100;

/// Runs a test, as the runtime's only root; panics where its thread has worked for `limit` and held time has not moved. What waits,
/// for a function that blocks for example, is no work.
pub(super) async fn at_rest_within<T>(limit: Duration, test: impl Future<Output = T>) -> T {
    let looks = RestLooks::start();
    let mut test = pin!(test);
    let mut since = Standstill::begin();
    poll_fn(|cx| {
        looks.shared.waker.register(cx.waker());
        if let Poll::Ready(done) = test.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        if looks.shared.is_due.swap(false, Acquire) {
            since = since.looked_at(limit);
        }
        Poll::Pending
    })
    .await
}

/// When held time began to stand still, as far as it was looked at.
#[derive(Clone, Copy)]
struct Standstill {
    at: Instant,
    worked: Duration,
    calls: u64,
}

impl Standstill {
    fn begin() -> Self {
        let (calls, _) = last_handler();
        Self {
            at: Instant::now(),
            worked: Handle::current().metrics().worker_total_busy_duration(0),
            calls,
        }
    }

    fn looked_at(self, limit: Duration) -> Self {
        let now = Self::begin();
        if now.at != self.at {
            return now;
        }
        let worked = now.worked.saturating_sub(self.worked);
        assert!(worked < limit, "{}", self.told(worked));
        self
    }

    /// What is wrong, and who does it.
    fn told(self, worked: Duration) -> String {
        let (calls, last) = last_handler();
        let calls = calls - self.calls;
        let who = match last.filter(|_| calls >= CALLS_MIN) {
            Some(name) => format!("{calls} times a handler or a script ran, at last {name}"),
            None => "it is in no handler, but in a task that somebody spawned".to_owned(),
        };
        format!(
            "the hub does not come to rest: held time has stood still for {:.1} s of work; {who}. Time goes on when nobody has \
             anything to do: a timer of no time at all, or a loop over `yield_now`, must wait for some time each time",
            worked.as_secs_f64()
        )
    }
}

/// A thread that has the test look, while this lives: who never rests need not let the test come to it.
struct RestLooks {
    shared: Arc<SharedLooks>,
    _ends: SyncSender<()>,
}

#[derive(Default)]
struct SharedLooks {
    is_due: AtomicBool,
    waker: AtomicWaker,
}

impl RestLooks {
    /// Without a thread to give nobody looks.
    fn start() -> Self {
        let shared = Arc::new(SharedLooks::default());
        let (ends, ended) = sync_channel(1);
        let looked = shared.clone();
        let thread = thread::Builder::new().name("dondo-test-rest".to_owned());
        let _ = thread.spawn(move || look(&looked, &ended));
        Self {
            shared,
            _ends: ends,
        }
    }
}

fn look(shared: &SharedLooks, ended: &Receiver<()>) {
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        shared.is_due.store(true, Release);
        shared.waker.wake();
    }
}
