//! Where a hub was built, which is one for all workers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

/// The worker of a host's server that built the hub, if one did.
#[derive(Clone, Debug)]
pub(super) struct BuiltOn(Option<ThreadId>);

impl BuiltOn {
    /// On this thread.
    pub(super) fn here() -> Self {
        let thread = thread::current();
        // A worker of actix-server, in a tokio runtime and in a System of actix.
        let is_worker = thread.name().is_some_and(|name| {
            name.starts_with("actix-server worker") || name.contains("|arbiter:")
        });
        Self(is_worker.then(|| thread.id()))
    }

    /// It is mounted on this thread. If that is the worker that built it, each of them has one: said once.
    pub(super) fn look(&self) {
        static TOLD: AtomicBool = AtomicBool::new(false);
        if self.0 == Some(thread::current().id()) && !TOLD.swap(true, Ordering::Relaxed) {
            log::warn!(
                "each worker of this server has a hub of its own, so rooms are split, and the hub ends with the call that built \
                 it: write `let dondo = Dondo::builder().build()?;` before `HttpServer::new(move || …)`, and in there no more \
                 than `.configure(dondo.configure())`"
            );
        }
    }
}
