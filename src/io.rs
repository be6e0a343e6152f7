//! The embedding API: what a host's own code does in a namespace. What it can do, and cannot yet, stands at the crate's top.
//! Knows no wire and no transport: it speaks to the core, and protocols turn that into bytes.

mod account;
mod ack;
mod acks;
mod actor;
mod actor_places;
mod admission;
mod application;
mod arguments;
mod blob;
mod blocking;
mod blocking_function;
mod blocking_places;
mod broadcast;
mod context;
mod credentials;
#[cfg(feature = "types")]
mod declarations;
mod emitter;
mod engine;
mod error;
mod eventual;
mod extract;
mod handle;
mod handler;
mod incoming;
mod items;
mod login;
mod namespace;
mod next;
mod observer;
mod pack;
mod pattern;
mod remote;
mod room;
mod script;
mod shape;
mod shares;
mod socket;
mod speaker;
mod state;
mod targets;
mod typed;
mod unreadable;
mod value;
mod watchdog;

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use dondo_actors::{
    hub::{HubHandle, ParentFinder},
    session::{Application, Applications},
};

#[cfg(feature = "types")]
pub use self::declarations::{Declarations, DeclareEvents};
pub use self::{
    account::Account,
    ack::Ack,
    acks::{Acks, AllAcks, RemoteAcks},
    actor::{Received, ToActor, actor},
    admission::Connecting,
    arguments::Arguments,
    blob::Blob,
    blocking::{Blocking, blocking},
    broadcast::Broadcast,
    context::{
        AdmissionContext, ConnectContext, Context, DisconnectContext, EngineContext, EventContext,
        LookupContext, SocketContext,
    },
    emitter::{Emitter, VolatileEmitter},
    engine::{EngineMessage, EngineSocket},
    error::{
        AckError, BadArguments, EmitError, Error, OrFail, Result, UnknownNamespace, UnknownScript,
    },
    eventual::{AckFuture, Delivered, Delivery, Joining, Leaving, RemoteDelivery},
    extract::{Auth, Data, EventName, Extension, Extract, Identity, Needs, Path, Rest, State},
    handle::NamespaceHandle,
    handler::{Extractors, Handler, IntoOutcome},
    incoming::Incoming,
    items::Items,
    login::LoginOutcome,
    namespace::Namespace,
    observer::Observer,
    remote::{
        Counting, FetchSockets, Operation, RemoteAck, RemoteSocket, SocketCursor, SocketPage,
    },
    room::RoomHandle,
    script::{RoomContext, RoomJoin, RoomMember, RoomNotice, RoomScript, ScriptHandle},
    socket::{ListenerId, Socket},
    speaker::Speaker,
    targets::{IntoRooms, IntoTargets, RoomName, Target, account},
    typed::{
        AnswersEvent, AnswersEvents, EmitEvents, Event, EventAnswer, EventArguments,
        EventParameters, Events, Never, OneOf, assert_distinct,
    },
    value::Value,
};
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::{
    account::logged_in,
    arguments::{answer, content},
    watchdog::last_handler,
};
pub(crate) use self::{
    ack::unknown_event,
    admission::Middlewares,
    application::IoApplication,
    credentials::{HubClock, logged_in_by},
    engine::MESSAGE,
    login::login,
    pack::{Pack, PackEvent, PackSocket},
    pattern::{BadPattern, nameless},
    state::States,
    watchdog::Watchdog,
};
use self::{admission::Patterns, namespace::ServedNamespace};

/// The namespaces of a hub that is built, parents of others among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces(Arc<AllNamespaces>);

/// The same, not kept alive.
#[derive(Clone)]
pub(crate) struct WeakNamespaces(Weak<AllNamespaces>);

#[derive(Debug, Default)]
struct AllNamespaces {
    named: BTreeMap<Arc<str>, Arc<ServedNamespace>>,
    /// In their order.
    parents: Vec<Arc<ServedNamespace>>,
}

impl WeakNamespaces {
    fn upgrade(&self) -> Option<Namespaces> {
        self.0.upgrade().map(Namespaces)
    }
}

impl Namespaces {
    pub(crate) fn new(served: impl IntoIterator<Item = Arc<ServedNamespace>>) -> Self {
        let mut all = AllNamespaces::default();
        for served in served {
            if served.is_parent {
                all.parents.push(served.clone());
            }
            all.named.insert(served.name.clone(), served);
        }
        let all = Arc::new(all);
        for served in all.named.values() {
            let siblings = WeakNamespaces(Arc::downgrade(&all));
            let _ = served.siblings.set(siblings);
        }
        Self(all)
    }

    /// One of them.
    pub(crate) fn of(
        &self,
        namespace: &str,
        hub: &HubHandle,
    ) -> std::result::Result<NamespaceHandle, UnknownNamespace> {
        let named = self.0.named.get(namespace).cloned();
        let child = || {
            let mut parents = self.0.parents.iter();
            // One that is there has the parent whose `when` said so.
            let parent = match hub.parent_of(namespace) {
                Some(parent) => self.0.named.get(&parent),
                None => parents.find(|parent| parent.is_parent_of(namespace)),
            };
            let parent = parent?;
            Some(parent.child(namespace.into()))
        };
        match named.or_else(child) {
            Some(served) => Ok(NamespaceHandle::new(hub.clone(), served)),
            None => Err(UnknownNamespace(namespace.into())),
        }
    }

    /// What the core is to run in them.
    pub(crate) fn applications(&self) -> Applications {
        let served = self.0.named.iter();
        served
            .map(|(name, served)| {
                let application = IoApplication(served.clone());
                (name.clone(), Arc::new(application) as Arc<dyn Application>)
            })
            .collect()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ServedNamespace>> {
        self.0.named.values()
    }

    /// The patterns, for the core.
    pub(crate) fn parents(&self, admission_timeout: Duration) -> Option<Arc<dyn ParentFinder>> {
        let parents = self.0.parents.clone();
        (!parents.is_empty()).then(|| {
            Arc::new(Patterns {
                parents,
                admission_timeout,
            }) as _
        })
    }

    /// Whether handshakes are to be kept for anybody.
    pub(crate) fn keep_handshakes(&self) -> bool {
        self.0.named.values().any(|served| served.keeps_handshake)
    }
}

#[cfg(test)]
pub(crate) mod tests;
