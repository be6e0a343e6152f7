//! What is kept with one client.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use bytes::Bytes;
use dondo_actors::{handshake::Handshake, ports::LoggedIn};
use serde::de::DeserializeOwned;
use tokio::{sync::Semaphore, task::AbortHandle};

use crate::io::{
    Account,
    blocking_places::{BlockingCaller, ClientPlaces},
    context::{DisconnectContext, EventContext},
    error::{BadArguments, Result},
    handler::Local,
    namespace::ServedNamespace,
    shares::ShareKey,
};

/// What is kept with one client.
pub struct SocketState {
    pub(super) served: Arc<ServedNamespace>,
    auth: Option<Bytes>,
    handshake: Option<Handshake>,
    /// Most clients have none of it.
    pub(super) more: RefCell<Option<Box<More>>>,
}

#[derive(Default)]
pub(super) struct More {
    pub(super) listeners: BTreeMap<Heard, Vec<Listener>>,
    pub(super) disconnect: Vec<Local<DisconnectContext>>,
    pub(super) listeners_made: u64,
    extensions: BTreeMap<TypeId, Rc<dyn Any>>,
    login: Option<Arc<LoggedIn>>,
    expiry: Option<Expiry>,
    /// In which events go through middlewares that wait.
    pub(super) turns: Option<Arc<Semaphore>>,
    /// For its functions that block.
    pub(super) blocking: Option<ClientPlaces>,
    /// Names that had a listener when the client had come in.
    pub(super) reserved: BTreeSet<Arc<str>>,
}

/// What ends a client's time; not any more once it is dropped.
pub(in crate::io) struct Expiry(AbortHandle);

impl Expiry {
    pub(in crate::io) fn new(task: AbortHandle) -> Self {
        Self(task)
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a listener hears.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::io) enum Heard {
    /// The client's events of this name.
    Event(Arc<str>),
    /// All events of the client.
    Any,
    /// All events that go to the client.
    Outgoing,
}

impl Heard {
    pub(super) fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Event(name) => Some(name),
            Self::Any | Self::Outgoing => None,
        }
    }
}

#[derive(Clone)]
pub(super) struct Listener {
    pub(super) id: u64,
    pub(super) once: bool,
    pub(super) handler: Local<EventContext>,
}

impl More {
    /// Takes a listener out.
    pub(super) fn remove(&mut self, id: u64) -> Option<Listener> {
        let mut found = None;
        self.listeners.retain(|_, listeners| {
            if let Some(at) = listeners.iter().position(|listener| listener.id == id) {
                found = Some(listeners.remove(at));
            }
            !listeners.is_empty()
        });
        found
    }
}

impl std::fmt::Debug for SocketState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SocketState").field(&self.served).finish()
    }
}

impl SocketState {
    pub(in crate::io) fn new(
        served: Arc<ServedNamespace>,
        auth: Option<Bytes>,
        handshake: Option<Handshake>,
    ) -> Self {
        Self {
            served,
            auth,
            handshake,
            more: RefCell::default(),
        }
    }

    pub(in crate::io) fn shared(&self) -> &Arc<ServedNamespace> {
        &self.served
    }

    pub(in crate::io) fn auth<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.auth.as_deref().unwrap_or(b"null");
        let read = serde_json::from_slice(text);
        Ok(read.map_err(|error| BadArguments::new(error.to_string()))?)
    }

    pub(in crate::io) fn handshake(&self) -> Option<Handshake> {
        self.handshake.clone()
    }

    pub(in crate::io) fn insert<T: 'static>(&self, value: T) -> Option<Rc<T>> {
        let value: Rc<dyn Any> = Rc::new(value);
        let before = self.more(|more| more.extensions.insert(TypeId::of::<T>(), value));
        before?.downcast().ok()
    }

    pub(in crate::io) fn extension<T: Clone + 'static>(&self) -> Option<T> {
        let more = self.more.borrow();
        let value = more.as_ref()?.extensions.get(&TypeId::of::<T>())?;
        value.downcast_ref::<T>().cloned()
    }

    pub(in crate::io) fn log_in(&self, login: Arc<LoggedIn>) {
        self.more(|more| more.login = Some(login));
    }

    pub(in crate::io) fn login(&self) -> Option<Arc<LoggedIn>> {
        self.more.borrow().as_ref()?.login.clone()
    }

    /// What ends its time from now on, in place of what was to do so.
    pub(in crate::io) fn expire(&self, expiry: Option<Expiry>) {
        let mut more = self.more.borrow_mut();
        if more.is_some() || expiry.is_some() {
            more.get_or_insert_default().expiry = expiry;
        }
    }

    /// Whether an event of this name had a handler of the host's own when the client had come in.
    pub(in crate::io) fn is_reserved(&self, event: &str) -> bool {
        let more = self.more.borrow();
        let own = more
            .as_ref()
            .is_some_and(|more| more.reserved.contains(event));
        own || self.served.handlers.events.contains_key(event)
    }

    pub(in crate::io) fn user<U: Account>(&self) -> Option<Arc<U>> {
        self.login()?.user.clone().downcast().ok()
    }

    /// The listeners; those that were to run once are taken out.
    pub(in crate::io) fn listeners(&self, heard: &Heard) -> Vec<Local<EventContext>> {
        let handlers = self.present(heard);
        if !handlers.is_empty() {
            self.run_once(heard);
        }
        handlers
    }

    fn present(&self, heard: &Heard) -> Vec<Local<EventContext>> {
        let more = self.more.borrow();
        let more = more.as_ref().filter(|more| !more.listeners.is_empty());
        let listeners = more.and_then(|more| more.listeners.get(heard));
        let handlers = listeners.into_iter().flatten();
        handlers.map(|one| one.handler.clone()).collect()
    }

    fn run_once(&self, heard: &Heard) {
        if let Some(more) = self.more.borrow_mut().as_mut()
            && let Some(listeners) = more.listeners.get_mut(heard)
        {
            listeners.retain(|listener| !listener.once);
            if listeners.is_empty() {
                more.listeners.remove(heard);
            }
        }
    }

    /// Those of the client's events of this name; they stay.
    pub(in crate::io) fn listeners_to(&self, event: &Arc<str>) -> Vec<Local<EventContext>> {
        // Few sockets have any.
        let is_none = self.more.borrow().is_none();
        if is_none {
            return Vec::new();
        }
        self.present(&Heard::Event(event.clone()))
    }

    /// They run: those that were to run once are taken out.
    pub(in crate::io) fn listeners_run(&self, event: &Arc<str>) {
        self.run_once(&Heard::Event(event.clone()));
    }

    pub(in crate::io) fn has_listener(&self, event: &str) -> bool {
        let more = self.more.borrow();
        let key = Heard::Event(event.into());
        more.as_ref()
            .is_some_and(|more| more.listeners.contains_key(&key))
    }

    /// Who calls a function that blocks for this client.
    pub(in crate::io) fn blocking_caller(&self, share: ShareKey) -> BlockingCaller {
        self.more(|more| more.blocking.get_or_insert_default().caller(share))
    }

    /// Lets go of what was kept with the client.
    pub(in crate::io) fn clear(&self) {
        drop(self.more.take());
    }

    pub(super) fn more<T>(&self, change: impl FnOnce(&mut More) -> T) -> T {
        change(self.more.borrow_mut().get_or_insert_default())
    }
}
