//! The way down of an endpoint: nobody is let in, and everybody is told in a way that brings them back.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{CLOSE_GRACE, Entrance, LastWords};

/// The longest time between two goodbyes of a shutdown.
const PAUSE_MAX: Duration = Duration::from_millis(10);
/// How long the endpoint is there for the poll that follows on the last one. With [`LOOK`] well below the time that
/// sessions have after the grace.
const NEXT_POLL: Duration = Duration::from_millis(400);
/// How often it is looked whether a session's last words were taken.
const LOOK: Duration = Duration::from_millis(100);

impl Entrance {
    /// Tells all sessions, spread evenly over `grace`, that the server is shutting down; what is queued is flushed. From
    /// now on no session is opened: a client that is told to go must not come back over a connection that is still there.
    ///
    /// A WebSocket is closed with 1001. What else makes a client come back is its protocol's: a poll of Engine.IO that waits is
    /// dropped, and the next one is answered with 503, as some stock clients never come back after a close packet; SignalR's
    /// clients are told that they may, and an event stream when.
    pub(crate) async fn shut_down(&self, grace: Duration) {
        self.0.draining.store(true, Ordering::Release);
        let all = self.0.sessions.all();
        let share = grace / u32::try_from(all.len().max(1)).unwrap_or(u32::MAX);
        // Few sessions need no spreading: it is there so that their return is no stampede.
        let pause = share.min(PAUSE_MAX);
        // By the clock, so that no lateness adds up.
        let mut due = Instant::now();
        for connection in all {
            if due > Instant::now() {
                sleep_until(due).await;
            }
            connection.go();
            due += pause;
        }
        // Who was being let in when it began.
        for connection in self.0.sessions.all() {
            connection.go();
        }
    }

    /// A polling session that the server has ended to shut down is kept until its next poll, but not for long where
    /// nothing is left to say to it: the endpoint must not go before that poll has its answer.
    pub(super) fn let_go(&self, secret: Arc<str>) {
        let kept = LastWords(self.clone(), secret);
        actix_rt::spawn(async move {
            let LastWords(entrance, secret) = &kept;
            if let Some(connection) = entrance.0.sessions.find(secret) {
                let outbox = &connection.session.outbox;
                // Its courier may have something for it yet.
                let ended = poll_fn(|cx| outbox.poll_ended(cx));
                let _ = timeout(CLOSE_GRACE, ended).await;
                let last = Instant::now() + CLOSE_GRACE;
                while outbox.bytes() > 0 && Instant::now() < last {
                    sleep(LOOK).await;
                }
                sleep(NEXT_POLL).await;
            }
        });
    }
}
