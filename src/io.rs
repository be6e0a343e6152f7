//! The embedding API: what a host's own code does in a namespace. What it can do, and cannot yet, stands at the crate's top.
//! Knows no wire and no transport: it speaks to the core, and protocols turn that into bytes.

mod application;
mod arguments;
mod blob;
mod broadcast;
mod error;
mod handler;
mod shape;
mod socket;
mod value;

use std::{collections::BTreeMap, fmt, future::Future, rc::Rc, sync::Arc};

use dondo_actors::{
    hub::HubHandle,
    ports::{LocalFuture, Refusal},
    session::{Application, Applications},
};

pub(crate) use self::{
    application::{IoApplication, Pack},
    socket::PackSocket,
};
pub use self::{
    arguments::{Arguments, BadArguments},
    blob::Blob,
    broadcast::{Broadcast, Target},
    error::{AckError, AlreadyHandled, ContentError, Error, UnknownNamespace},
    handler::{Ack, Data, Event, FromEvent, Handler, Incoming, IntoOutcome},
    socket::Socket,
    value::Value,
};

/// The namespaces of a hub, for a host that has something to do in them.
#[derive(Clone, Debug)]
pub(crate) struct Io {
    hub: HubHandle,
    applications: Arc<BTreeMap<Arc<str>, Arc<IoApplication>>>,
}

impl Io {
    /// The namespaces of `hub` by name, each with the pack that is switched on in it.
    pub(crate) fn new(
        hub: HubHandle,
        namespaces: impl IntoIterator<Item = (Arc<str>, Option<Arc<dyn Pack>>)>,
    ) -> Self {
        let applications = namespaces.into_iter().map(|(name, pack)| {
            let application = Arc::new(IoApplication::new(name.clone(), pack));
            (name, application)
        });
        Self {
            hub,
            applications: Arc::new(applications.collect()),
        }
    }

    /// A configured namespace.
    pub(crate) fn of(&self, namespace: &str) -> Result<Namespace, UnknownNamespace> {
        match self.applications.get(namespace) {
            Some(application) => Ok(Namespace {
                hub: self.hub.clone(),
                application: application.clone(),
            }),
            None => Err(UnknownNamespace(namespace.into())),
        }
    }

    /// What the core is to run in the namespaces.
    pub(crate) fn applications(&self) -> Applications {
        let applications = self.applications.iter();
        applications
            .map(|(name, application)| (name.clone(), application.clone() as Arc<dyn Application>))
            .collect()
    }
}

/// One namespace, from any thread.
///
/// ```no_run
/// use actix_web::{HttpResponse, web};
/// use dondo::Namespace;
///
/// async fn notify(inbox: web::Data<Namespace>, text: String) -> HttpResponse {
///     match inbox.to("lobby").emit("note", &text).await {
///         Ok(()) => HttpResponse::Accepted().finish(),
///         Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Namespace {
    hub: HubHandle,
    application: Arc<IoApplication>,
}

impl Namespace {
    /// Its name.
    pub fn name(&self) -> &str {
        self.application.namespace()
    }

    /// The members of a room. Further [`Broadcast::to`] add more.
    pub fn to(&self, room: impl Into<Arc<str>>) -> Broadcast<Self> {
        self.broadcast().to(room)
    }

    /// Everybody.
    pub fn broadcast(&self) -> Broadcast<Self> {
        Broadcast::new(self.clone(), false)
    }

    /// Everybody who is not in this room.
    pub fn except(&self, room: impl Into<Arc<str>>) -> Broadcast<Self> {
        self.broadcast().except(room)
    }

    fn hub(&self) -> &HubHandle {
        &self.hub
    }

    /// Runs `handler` for every client that comes in. The client has its CONNECT by then; its events wait until the
    /// handler returns. A refusal puts the client out again; its text goes to the log.
    pub fn on_connect<F, Fut>(&self, handler: F) -> Result<(), AlreadyHandled>
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Refused>> + 'static,
    {
        self.application
            .on_connect(Box::new(move |socket| Box::pin(handler(socket))))
    }
}

/// Why a connect handler does not want a client: any error, by `?`. One concrete type, so that a closure need not name
/// the error it returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(String);

impl<E: fmt::Display> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self {
            message: refused.0,
            data: None,
        }
    }
}

/// A namespace's connect handler; shared by the worker threads.
type OnConnect = Box<dyn Fn(Socket) -> LocalFuture<Result<(), Refused>> + Send + Sync>;

/// An event handler of one socket; stays on the socket's thread.
type OnEvent = Rc<dyn Fn(Socket, Event) -> Option<LocalFuture<()>>>;

#[cfg(test)]
pub(crate) mod tests;
