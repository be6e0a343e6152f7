//! Where the hub's namespaces run: on threads of their own, each with an actix system, or on the first HTTP worker.
//! A thread that ends unasked is started anew, and the members of its namespaces are closed so that they come back.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use actix::System;
use dondo_actors::crash_book::{CrashCost, CrashedPart, said};
use dondo_actors::directory::Directory;
use dondo_actors::hub::{Hub, HubHandle, Share, ToHub};
use dondo_actors::mailbox::Mailbox;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::notices;

/// Between two tries to start a thread's rooms, from the second on.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a worker looks whether rooms that run on another one outlive it, and how often.
const TAKES_OVER: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

/// What the rooms of one hub run on; they end when this is dropped.
pub(crate) struct Rooms {
    hub: HubHandle,
    /// Ends the threads.
    stop: watch::Sender<bool>,
    /// Where they have none: the hub's actor, on the worker that started it.
    on_worker: Option<OnWorker>,
}

/// See [`Rooms::on_worker`].
struct OnWorker {
    hub: Directory<(), Mailbox<ToHub>>,
    /// A worker is about to start it.
    starting: AtomicBool,
}

impl Rooms {
    /// Starts `threads` threads and waits until their namespaces run. With 0 they run on the worker that first calls
    /// [`Rooms::on_worker`].
    pub(crate) fn start(hub: &HubHandle, threads: usize) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        for number in 0..threads {
            let (ready, is_ready) = mpsc::channel();
            let (hub, stopped) = (hub.clone(), stopped.clone());
            thread::Builder::new()
                .name(format!("dondo-rooms-{number}"))
                .spawn(move || watch_over(&hub, number, threads, &stopped, ready))?;
            let failed =
                |how| io::Error::other(format!("room thread {number} does not start: {how}"));
            is_ready
                .recv()
                .unwrap_or_else(|_| Err("it is gone".into()))
                .map_err(failed)?;
        }
        Ok(Self {
            hub: hub.clone(),
            stop,
            on_worker: (threads == 0).then(|| OnWorker {
                hub: Directory::new(),
                starting: AtomicBool::new(false),
            }),
        })
    }

    /// To be called on every worker that starts. If the namespaces have no thread of their own they run on the first of
    /// them, and on the next one after that one has ended.
    pub(crate) fn on_worker(self: &Arc<Self>) {
        if self.on_worker.is_none() || self.start_on_worker() {
            return;
        }
        // The worker that they run on may be about to end, as where a host starts another server behind the first: it is still
        // there when this one starts, and no more a moment later.
        let rooms = Arc::downgrade(self);
        actix_rt::spawn(async move {
            let last = Instant::now() + TAKES_OVER;
            while Instant::now() < last {
                sleep(LOOK).await;
                let Some(rooms) = rooms.upgrade() else {
                    return;
                };
                if rooms.start_on_worker() {
                    return;
                }
            }
        });
    }

    /// Whether they run on this worker from now on: on no other one, and none is about to start them.
    fn start_on_worker(&self) -> bool {
        let Some(on_worker) = &self.on_worker else {
            return false;
        };
        if on_worker.starting.swap(true, Ordering::AcqRel) {
            return false;
        }
        let before = on_worker.hub.find(&());
        let starts = !before.as_ref().is_some_and(Mailbox::connected);
        if starts {
            on_worker.hub.enter((), Hub::start(&self.hub, Share::ALL));
            if before.is_some() {
                let book = &self.hub.metrics().crash_book;
                let who = CrashedPart::RoomThread(0);
                book.note(&who, CrashCost::Restart, "the worker that it ran on ended");
                self.hub.rooms_restarted(Share::ALL);
            }
        }
        on_worker.starting.store(false, Ordering::Release);
        starts
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

fn watch_over(
    hub: &HubHandle,
    number: usize,
    threads: usize,
    stopped: &watch::Receiver<bool>,
    ready: mpsc::Sender<Result<(), String>>,
) {
    let mut ready = Some(ready);
    let ours = Share {
        number,
        of: threads,
    };
    let mut again = false;
    loop {
        let run = AssertUnwindSafe(|| {
            let system = System::new();
            let top = system.block_on(async { Hub::start(hub, ours) });
            if again {
                // Only now: whoever comes back must find the new namespaces.
                hub.rooms_restarted(ours);
            }
            if let Some(ready) = ready.take() {
                let _ = ready.send(Ok(()));
            }
            let mut stopped = stopped.clone();
            system.block_on(async move {
                actix_rt::spawn(async move {
                    let _ = stopped.wait_for(|stop| *stop).await;
                    System::current().stop();
                });
            });
            let ended = system.run();
            drop(top);
            ended
        });
        let outcome = catch_unwind(run);
        let panic = outcome.as_ref().err();
        let panic = panic.map(|payload| said(&**payload).to_owned());
        if *stopped.borrow() || stopped.has_changed().is_err() {
            return;
        }
        let how = match outcome {
            Ok(Ok(())) => "unasked".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "by a panic".to_owned(),
        };
        if let Some(ready) = ready {
            let _ = ready.send(Err(how));
            return;
        }
        if again {
            thread::sleep(PAUSE);
        }
        notices::ROOMS_ENDED.tell(
            None,
            None,
            format_args!("room thread {number} ended: {how}; it is started anew"),
        );
        let book = &hub.metrics().crash_book;
        let cause = panic.unwrap_or_else(|| format!("it ended {how}"));
        book.note(&CrashedPart::RoomThread(number), CrashCost::Restart, &cause);
        again = true;
    }
}
