//! The hub of a test, and the thread and the time that it has to itself.

use std::{
    fmt,
    future::ready,
    panic::resume_unwind,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use actix_rt::System;
use actix_web::{HttpMessage, HttpRequest};
use dondo_actors::ports::{Clock, LoggedIn};
use tokio::{runtime, time::Instant};

use super::{
    opening::TestClientBuilder,
    restless::{WORK_MAX, at_rest_within},
    settled::settle,
};
use crate::service::{Builder, Dondo};

/// A hub without sockets, whose time stands still but where its test moves it.
pub struct TestHub {
    dondo: Dondo,
}

impl TestHub {
    /// Builds a hub and runs a test with it. Its rooms run on the test's thread (`room-threads` is 0).
    ///
    /// # Panics
    /// The hub cannot be built; or the test panics; or something does not come to rest, which the panic names: 20 s of work, and
    /// held time has not moved.
    #[track_caller]
    pub fn run<T: Send>(builder: Builder, test: impl AsyncFnOnce(Self) -> T + Send) -> T {
        Self::run_within(WORK_MAX, builder, test)
    }

    /// As [`TestHub::run`], with so much work at one instant.
    #[track_caller]
    pub(super) fn run_within<T: Send>(
        work_max: Duration,
        builder: Builder,
        test: impl AsyncFnOnce(Self) -> T + Send,
    ) -> T {
        // As the test's, so that a panic names it.
        let name = thread::current().name().unwrap_or("test").to_owned();
        let ran = thread::scope(|scope| {
            let run = || {
                let test = async { test(Self::start(builder)).await };
                in_held_time(at_rest_within(work_max, test))
            };
            let thread = thread::Builder::new().name(name);
            match thread.spawn_scoped(scope, run) {
                Ok(thread) => thread.join(),
                Err(error) => panic!("a test has no thread: {error}"),
            }
        });
        ran.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn start(mut builder: Builder) -> Self {
        builder.config.room_threads = 0;
        builder.clock = Arc::new(HeldClock {
            began: SystemTime::now(),
            since: Instant::now(),
        });
        let login = builder.login.take();
        builder.login = Some(Arc::new(move |request: &HttpRequest| {
            let known = request.extensions().get::<LoggedIn>().cloned();
            match (known, &login) {
                (None, Some(login)) => login(request),
                (known, _) => Box::pin(ready(Ok(known))),
            }
        }));
        let dondo = match builder.build() {
            Ok(dondo) => dondo,
            Err(error) => panic!("the hub cannot be built: {error}"),
        };
        dondo.settle_tuning();
        // What a worker does first.
        let _ = dondo.configure();
        Self { dondo }
    }

    /// The hub, as the application has it.
    pub fn dondo(&self) -> &Dondo {
        &self.dondo
    }

    /// A client that is to come into a namespace.
    pub fn client(&self, namespace: &str) -> TestClientBuilder {
        // The first is Socket.IO's.
        TestClientBuilder::new(self.dondo.main.clone(), namespace)
    }

    /// Lets time pass, and all happen that is due meanwhile, each at its time. Every look at what happened takes a millisecond of
    /// that time, too.
    pub async fn advance(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.settle().await;
    }

    /// Until nothing moves: for what a test did with [`TestHub::dondo`].
    pub async fn settle(&self) {
        settle().await;
    }
}

impl fmt::Debug for TestHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestHub").field(&self.dondo).finish()
    }
}

/// Runs a test on the present thread, in an actix system whose time is held.
pub(crate) fn in_held_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = || {
        let mut runtime = runtime::Builder::new_current_thread();
        match runtime.enable_all().start_paused(true).build() {
            Ok(runtime) => runtime,
            Err(error) => panic!("a test has no runtime: {error}"),
        }
    };
    System::with_tokio_rt(runtime).block_on(test)
}

/// The time of day, as it was when the test began and as the test moved it since.
struct HeldClock {
    began: SystemTime,
    since: Instant,
}

impl Clock for HeldClock {
    fn now(&self) -> SystemTime {
        self.began + self.since.elapsed()
    }
}
