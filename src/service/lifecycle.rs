//! What comes and goes in a hub, as a stream.

use dondo_actors::lifecycle::Lifecycle;
use futures_util::Stream;

use super::Dondo;

impl Dondo {
    /// Clients, namespaces and rooms that come and go, and who is refused, from now on. It works on any thread, without a runtime;
    /// nothing waits for it: whoever is behind by more than 1024 hears how many it has [missed](Lifecycle::Lagged). What happens
    /// on one thread comes in its order. It ends when nobody holds the hub any more.
    ///
    /// ```no_run
    /// use dondo::{Dondo, Lifecycle};
    /// use futures_util::StreamExt;
    ///
    /// async fn audit(dondo: &Dondo) {
    ///     let mut events = dondo.lifecycle();
    ///     while let Some(event) = events.next().await {
    ///         match event {
    ///             Lifecycle::Refused { address, why, .. } => println!("{address:?} is refused: {why}"),
    ///             Lifecycle::Disconnected { id, reason, .. } => println!("{id} is gone: {reason}"),
    ///             _ => {}
    ///         }
    ///     }
    /// }
    /// ```
    pub fn lifecycle(&self) -> impl Stream<Item = Lifecycle> + Send + Unpin + use<> {
        self.hub.lifecycle().listen()
    }
}
