//! A peer that goes while it is not read: nobody would find its end behind what it has sent before.
//! Knows no session: how long it may be gone is handed in.

use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::time::{Instant, Sleep, sleep};

/// How often it is looked whether who is not read is there.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after one peer, as long as it is not read. Empty, and of no cost, while all is read.
#[derive(Debug, Default)]
pub(super) struct Departure {
    look: Option<Pin<Box<Sleep>>>,
    /// Since when it is known to be gone.
    gone: Option<Instant>,
}

impl Departure {
    /// Reading stops: from now on it is looked for.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        if self.look.is_none() {
            let mut look = Box::pin(sleep(LOOK));
            // It wakes whoever reads.
            let _ = look.as_mut().poll(cx);
            self.look = Some(look);
        }
    }

    /// Whether the peer has been gone for longer than this: until then what it has sent is read as its rates allow.
    pub(super) fn is_over(
        &mut self,
        cx: &mut Context<'_>,
        peer: BorrowedFd<'_>,
        limit: Duration,
    ) -> bool {
        let Some(look) = &mut self.look else {
            return false;
        };
        if look.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.look = None;
        if !has_hung_up(peer) {
            return false;
        }
        let since = *self.gone.get_or_insert_with(Instant::now);
        self.begin(cx);
        since.elapsed() >= limit
    }
}

/// Whether the other end of a connection is closed, whatever came before and is not read.
fn has_hung_up(peer: BorrowedFd<'_>) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const GONE: PollFlags = PollFlags::RDHUP;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const GONE: PollFlags = PollFlags::HUP;
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut asked = [PollFd::from_borrowed_fd(peer, GONE)];
    let is_known = poll(&mut asked, Some(&at_once)).is_ok();
    let gone = GONE | PollFlags::HUP | PollFlags::ERR;
    is_known && asked[0].revents().intersects(gone)
}
