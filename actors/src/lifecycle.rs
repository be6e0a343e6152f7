//! What comes and goes in a hub, told to whoever listens. Nobody waits for a listener: each reads from one buffer, and hears how much
//! it has missed.

use std::{net::IpAddr, sync::Arc};

use futures_util::{Stream, stream::unfold};
use tokio::sync::broadcast::{Sender, error::RecvError};

use crate::{error::CloseReason, id::MemberId};

/// What a listener may be behind.
pub(crate) const BEHIND_MAX: usize = 1024;
/// Characters of a client's that one event shows at most.
const SHOWN_MAX: usize = 256;

/// Something came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifecycle {
    /// A client has come into a namespace.
    #[non_exhaustive]
    Connected {
        /// The namespace.
        namespace: Arc<str>,
        /// The client's id there.
        id: MemberId,
    },
    /// It is gone from there.
    #[non_exhaustive]
    Disconnected {
        /// The namespace.
        namespace: Arc<str>,
        /// The client's id there.
        id: MemberId,
        /// Why.
        reason: CloseReason,
    },
    /// A connection, or a client in a namespace, was refused.
    #[non_exhaustive]
    Refused {
        /// Its client's address.
        address: Option<IpAddr>,
        /// The namespace that it asked for, the beginning of a long name; none where the connection itself was refused.
        namespace: Option<Arc<str>>,
        /// Of a connection the cause as the metrics name it, else the message of the client's `connect_error`.
        why: Arc<str>,
    },
    /// A namespace was made: the child of a pattern. The others are there as long as the hub.
    NamespaceMade(Arc<str>),
    /// It has ended.
    NamespaceEnded(Arc<str>),
    /// A room of the application's was made, for its first member.
    #[non_exhaustive]
    RoomMade {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        room: Arc<str>,
    },
    /// Nobody is in it any more. The rooms of a namespace that ends before them end without this.
    #[non_exhaustive]
    RoomEnded {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        room: Arc<str>,
    },
    /// The listener was so slow that it has missed so many of these.
    Lagged(u64),
}

impl Lifecycle {
    /// What was refused; of what a client said the beginning.
    pub fn refused(address: Option<IpAddr>, namespace: Option<&str>, why: &str) -> Self {
        let shown = |text: &str| text.chars().take(SHOWN_MAX).collect::<String>().into();
        Self::Refused {
            address,
            namespace: namespace.map(shown),
            why: shown(why),
        }
    }
}

/// Tells it.
#[derive(Clone, Debug)]
pub struct LifecycleSender(Sender<Lifecycle>);

impl Default for LifecycleSender {
    fn default() -> Self {
        Self(Sender::new(BEHIND_MAX))
    }
}

impl LifecycleSender {
    /// Where nobody listens, it is not even made.
    pub fn tell(&self, what: impl FnOnce() -> Lifecycle) {
        if self.0.receiver_count() > 0 {
            // The last listener may just have gone.
            let _ = self.0.send(what());
        }
    }

    /// From now on, until nobody holds the hub any more.
    pub fn listen(&self) -> impl Stream<Item = Lifecycle> + Send + Unpin + use<> {
        Box::pin(unfold(self.0.subscribe(), async |mut events| {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => Lifecycle::Lagged(missed),
                Err(RecvError::Closed) => return None,
            };
            Some((event, events))
        }))
    }
}
