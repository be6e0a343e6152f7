//! What makes a hub fail: a log that fails on what is marked, and a handler of the host's that blocks its worker. The hub itself
//! knows nothing of them, and no client can do it any harm by what it says.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use dondo::{Builder, Data, Namespace};
use dondo_actors::account::MemoryAccount;
use dondo_actors::error::LogError;
use dondo_actors::event::RoomEvent;
use dondo_actors::id::{ChannelScope, LogKey};
use dondo_actors::log::{
    AppendRefusal, Appended, Batch, HistorySettings, Log, MemoryLog, Page, Read, Standing,
};
use dondo_actors::ports::LocalFuture;

use super::{Hub, PATIENCE, http};

/// The log panics before it takes this: as the name of who joins, or in what is said.
pub const PANICS: &str = "log:panics!";
/// The log ends the thread that it runs on.
pub const ENDS_THREAD: &str = "log:ends-thread!";
/// The log blocks the thread that it runs on for twelve seconds: so long there is to see it, on a busy machine.
pub const BLOCKS: &str = "log:blocks!";
/// Of a channel of this name the log takes nothing that is said.
pub const REFUSES: &str = "refused";
/// Whoever asks for so many letters of its history kills a room outside of its guard.
pub const KILLS_ROOM: usize = 66;

/// A hub whose log fails on what is marked.
pub fn faulty(builder: Builder) -> Builder {
    builder.log(Arc::new(|_, _| Rc::new(FaultyLog::new())))
}

/// Whether room threads that have ended may be started anew. They may when this is gone.
#[derive(Default)]
pub struct Restarts(Arc<RestartsState>);

#[derive(Default)]
struct RestartsState {
    are_held: AtomicBool,
    is_one_held: AtomicBool,
}

impl Restarts {
    /// As [`faulty`], with these restarts.
    pub fn held_in(&self, builder: Builder) -> Builder {
        let restarts = self.0.clone();
        builder.log(Arc::new(move |_, _| {
            while restarts.are_held.load(Ordering::SeqCst) {
                restarts.is_one_held.store(true, Ordering::SeqCst);
                std::thread::yield_now();
            }
            Rc::new(FaultyLog::new())
        }))
    }

    /// From now on they may not.
    pub fn hold(&self) {
        self.0.are_held.store(true, Ordering::SeqCst);
    }

    /// Waits until a thread has ended, with its rooms, and would be started anew.
    pub fn wait_for_one(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.0.is_one_held.load(Ordering::SeqCst) {
            assert!(Instant::now() < deadline, "no room thread ends");
            std::thread::yield_now();
        }
    }

    pub fn let_go(&self) {
        self.0.are_held.store(false, Ordering::SeqCst);
    }
}

impl Drop for Restarts {
    fn drop(&mut self) {
        self.let_go();
    }
}

struct FaultyLog(MemoryLog);

impl FaultyLog {
    fn new() -> Self {
        let account = MemoryAccount::new(1 << 30, 1 << 30);
        Self(MemoryLog::new(HistorySettings::default(), account))
    }
}

impl Log for FaultyLog {
    fn open(&self, log: &LogKey) -> Standing {
        self.0.open(log)
    }

    fn close(&self, log: &LogKey, ends: &[ChannelScope]) {
        self.0.close(log, ends);
    }

    fn missed(&self, log: &LogKey) {
        self.0.missed(log);
    }

    fn append(&self, batch: Batch) -> Appended {
        let refuses = matches!(&batch.log, LogKey::Room(room) if &*room.name == REFUSES);
        let is_said = |event: &RoomEvent| matches!(event, RoomEvent::Said(_));
        if refuses && batch.events.iter().any(is_said) {
            return Appended::Refused(AppendRefusal::Unavailable);
        }
        for event in &batch.events {
            let text = match event {
                RoomEvent::Joined(joined) => joined.user.as_deref().unwrap_or_default(),
                RoomEvent::Said(said) => std::str::from_utf8(&said.content.args).unwrap(),
                _ => continue,
            };
            assert!(!text.contains(PANICS), "a log that was told to");
            if text.contains(ENDS_THREAD) {
                actix_rt::System::current().stop();
            }
            if text.contains(BLOCKS) {
                block(12);
            }
        }
        self.0.append(batch)
    }

    fn read(&self, read: Read) -> LocalFuture<Result<Page, LogError>> {
        match read.count {
            KILLS_ROOM => Box::pin(PanicsAsDropped { late: false }),
            _ => self.0.read(read),
        }
    }
}

/// No guard is around the drop of a future that was waited for.
struct PanicsAsDropped {
    late: bool,
}

impl Future for PanicsAsDropped {
    type Output = Result<Page, LogError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match std::mem::replace(&mut self.late, true) {
            false => Poll::Pending,
            true => Poll::Ready(Ok(Page::default())),
        }
    }
}

impl Drop for PanicsAsDropped {
    fn drop(&mut self) {
        panic!("a page that was told to");
    }
}

/// Lets clients of a hub stop their worker: the event `block` with a number of seconds.
pub fn with_a_blocking_handler(builder: Builder) -> Builder {
    let root = Namespace::hub("/").on("block", async |Data(seconds): Data<u64>| block(seconds));
    builder.namespace(root)
}

/// Lets clients of a hub end the worker that serves them: the event `end-worker`.
pub fn with_a_deadly_handler(builder: Builder) -> Builder {
    let root = Namespace::hub("/").on("end-worker", async || {
        actix_rt::Arbiter::current().stop();
    });
    builder.namespace(root)
}

/// The thread does nothing for so many seconds.
fn block(seconds: u64) {
    let (_kept, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_secs(seconds));
}

/// Until operators are told that a thread does not answer.
pub fn wait_until_blocked(hub: &Hub) {
    let deadline = Instant::now() + PATIENCE;
    while http::get_at(hub.operators(), "/readyz").status != 503 {
        assert!(Instant::now() < deadline, "it is not blocked");
        std::thread::yield_now();
    }
}
