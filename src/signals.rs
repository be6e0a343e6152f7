//! SIGTERM and SIGINT: the first asks to stop, a second one to stop at once.

use std::io;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that come so soon after the first are the same wish: `timeout` and others send to the program and to its group.
const SAME_WISH: Duration = Duration::from_millis(500);

/// Both signals, which end nothing by themselves from now on.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Listens for them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the first.
    pub async fn first(&mut self) {
        self.one().await;
        log::info!("asked to stop; once more, in half a second or later, to stop at once");
    }

    /// Waits for the second.
    pub async fn second(&mut self) {
        let first = Instant::now();
        while first.elapsed() < SAME_WISH {
            self.one().await;
        }
    }

    async fn one(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
}
