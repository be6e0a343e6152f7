//! The credit between rooms and one courier, and the courier as rooms and sessions hold it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::Handler;
use tokio::{sync::Notify as Bell, time::timeout};

use super::Courier;
use crate::{
    fault::{self, Safeguard},
    id::WorkerId,
    notice::cause,
    post::Post,
};

/// A courier as rooms and sessions hold it.
#[derive(Clone)]
pub struct CourierRef {
    /// Its worker.
    pub worker: WorkerId,
    /// The way to it.
    pub post: Post<Courier>,
    /// What it has not digested yet.
    pub backlog: Arc<Backlog>,
}

impl CourierRef {
    /// Sends what a room owes the courier; nothing while the courier is given up (see [`Backlog`]).
    pub(crate) fn owe<M>(&self, message: M) -> bool
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        Courier: Handler<M>,
    {
        if self.backlog.given_up() || !self.post.connected() {
            return false;
        }
        self.backlog.undigested.fetch_add(1, Ordering::AcqRel);
        self.post.control(message);
        true
    }

    /// What whoever owes it has to wait for before taking further mail: that it has caught up, or is given up.
    pub(crate) fn behind(&self, patience: Duration) -> Option<impl Future<Output = ()> + 'static> {
        if !self.backlog.full() || !self.post.connected() || !fault::stands(Safeguard::Credit) {
            return None;
        }
        let (backlog, worker) = (self.backlog.clone(), self.worker);
        Some(async move {
            if timeout(patience, backlog.caught_up()).await.is_err() && backlog.give_up() {
                let (worker, patience) = (worker.0, patience.as_millis());
                cause::COURIER_GIVEN_UP.tell(
                    None,
                    None,
                    format_args!(
                        "worker {worker} has not run for {patience} ms: nothing more is sent to it, its members will be closed"
                    ),
                );
            }
        })
    }
}

/// The credit between rooms and one courier: what rooms sent and the courier has not handled.
///
/// A room above the limit takes no mail until the courier has caught up. If that takes longer than its patience, the
/// courier is given up: nothing more is sent to it, and when its thread runs again it closes all its sessions, so that
/// nobody misses a letter unknowingly.
#[derive(Debug)]
pub struct Backlog {
    max: usize,
    undigested: AtomicUsize,
    /// Odd while the courier is given up.
    pub(super) lapses: AtomicUsize,
    caught_up: Bell,
}

impl Backlog {
    /// Messages that the courier has not handled.
    pub fn undigested(&self) -> usize {
        self.undigested.load(Ordering::Acquire)
    }

    /// Whether the courier was given up and has not noticed yet.
    pub fn given_up(&self) -> bool {
        self.lapses() % 2 == 1
    }

    /// Changes whenever the courier is given up, and when it has noticed.
    pub(crate) fn lapses(&self) -> usize {
        self.lapses.load(Ordering::Acquire)
    }

    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(2),
            undigested: AtomicUsize::new(0),
            lapses: AtomicUsize::new(0),
            caught_up: Bell::new(),
        }
    }

    /// `true` if nobody else has given it up before.
    fn give_up(&self) -> bool {
        let lapses = self.lapses();
        lapses.is_multiple_of(2)
            && self
                .lapses
                .compare_exchange(lapses, lapses + 1, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    /// Whether rooms may send no more.
    pub fn full(&self) -> bool {
        self.undigested() >= self.max && !self.given_up()
    }

    /// Waits until half of what may be undigested is digested.
    pub(crate) async fn caught_up(&self) {
        loop {
            let bell = self.caught_up.notified();
            tokio::pin!(bell);
            bell.as_mut().enable();
            if self.undigested() <= self.max / 2 {
                return;
            }
            bell.await;
        }
    }

    pub(super) fn digest(&self) {
        if self.undigested.fetch_sub(1, Ordering::AcqRel) == self.max / 2 + 1 {
            self.caught_up.notify_waiters();
        }
    }
}
