//! The embedding API: what a host's own code does in a namespace. What it can do, and cannot yet, stands at the crate's top.
//! Knows no wire and no transport: it speaks to the core, and protocols turn that into bytes.

mod ack;
mod acks;
mod admission;
mod application;
mod arguments;
mod blob;
mod blocking;
mod broadcast;
mod context;
mod emitter;
mod error;
mod eventual;
mod extract;
mod handle;
mod handler;
mod namespace;
mod next;
mod remote;
mod script;
mod shape;
mod socket;
mod speaker;
mod state;
mod targets;
mod value;
mod watchdog;

use std::{collections::BTreeMap, sync::Arc};

use dondo_actors::{
    hub::HubHandle,
    session::{Application, Applications},
};

use self::namespace::ServedNamespace;
pub use self::{
    ack::Ack,
    acks::{Acks, AllAcks, RemoteAcks},
    admission::{Account, Connecting},
    arguments::Arguments,
    blob::Blob,
    blocking::{Blocking, blocking},
    broadcast::Broadcast,
    context::{
        AdmissionContext, ConnectContext, Context, DisconnectContext, EventContext, SocketContext,
    },
    emitter::Emitter,
    error::{
        AckError, BadArguments, DeliveryError, EmitError, Error, OrFail, Result, UnknownNamespace,
        UnknownScript,
    },
    eventual::{AckFuture, Delivered, Delivery, Joining, Leaving, RemoteDelivery},
    extract::{Auth, Data, EventName, Extension, Extract, Identity, Needs, Rest, State},
    handle::NamespaceHandle,
    handler::{Extractors, Handler, IntoOutcome},
    namespace::Namespace,
    remote::{
        Counting, FetchSockets, Operation, RemoteAck, RemoteSocket, SocketCursor, SocketPage,
    },
    script::{RoomContext, RoomHandle, RoomJoin, RoomMember, RoomNotice, RoomScript, ScriptHandle},
    socket::{ListenerId, Socket},
    speaker::Speaker,
    targets::{IntoRooms, IntoTargets, RoomName, Target},
    value::Value,
};
pub(crate) use self::{
    admission::Middlewares,
    application::{IoApplication, Pack, PackEvent},
    socket::PackSocket,
    state::States,
    watchdog::Watchdog,
};

/// The namespaces of a hub that is built, by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces(Arc<BTreeMap<Arc<str>, Arc<ServedNamespace>>>);

impl Namespaces {
    pub(crate) fn new(served: impl IntoIterator<Item = Arc<ServedNamespace>>) -> Self {
        let served = served.into_iter();
        let named = served.map(|served| (served.name.clone(), served));
        let all: Arc<BTreeMap<_, _>> = Arc::new(named.collect());
        for served in all.values() {
            let _ = served.siblings.set(Arc::downgrade(&all));
        }
        Self(all)
    }

    /// One of them.
    pub(crate) fn of(
        &self,
        namespace: &str,
        hub: &HubHandle,
    ) -> std::result::Result<NamespaceHandle, UnknownNamespace> {
        match self.0.get(namespace) {
            Some(served) => Ok(NamespaceHandle::new(hub.clone(), served.clone())),
            None => Err(UnknownNamespace(namespace.into())),
        }
    }

    /// What the core is to run in them.
    pub(crate) fn applications(&self) -> Applications {
        let served = self.0.iter();
        served
            .map(|(name, served)| {
                let application = IoApplication(served.clone());
                (name.clone(), Arc::new(application) as Arc<dyn Application>)
            })
            .collect()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ServedNamespace>> {
        self.0.values()
    }

    /// Whether handshakes are to be kept for anybody.
    pub(crate) fn keep_handshakes(&self) -> bool {
        self.0.values().any(|served| served.keeps_handshake)
    }
}

#[cfg(test)]
pub(crate) mod tests;
