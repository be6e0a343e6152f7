//! How long a connection may stand idle between requests. A request touches no timer for it: it leaves a note, which is looked for
//! once in the time that a connection may be idle. So that is at least the time, and at most twice as long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::Progress;

/// The end of an idle connection.
#[derive(Debug, Default)]
pub(super) struct Idle {
    look: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    /// Ready when no request has come, and no answer ended, for `time`. To be asked while the connection is idle.
    pub(super) fn poll_over(
        &mut self,
        cx: &mut Context<'_>,
        progress: &Progress,
        time: Duration,
    ) -> Poll<()> {
        let look = self.look.get_or_insert_with(|| {
            progress.used.set(false);
            Box::pin(sleep(time))
        });
        loop {
            ready!(look.as_mut().poll(cx));
            if !progress.used.replace(false) {
                return Poll::Ready(());
            }
            look.as_mut().reset(Instant::now() + time);
        }
    }
}
