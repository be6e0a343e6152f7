//! A namespace before the hub is built: what the host does there. Defined first, held afterwards, so that no client comes in
//! before its handlers are there.

mod served;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use dondo_actors::hub::ChildrenSettings;

pub(crate) use self::served::{Definition, ServedNamespace};
use super::{
    Pack, States,
    context::{
        AdmissionContext, ConnectContext, Context, DisconnectContext, EngineContext, EventContext,
        LookupContext,
    },
    extract::Needs,
    handler::{Extractors, Handler, IntoOutcome, Shared, shared},
    observer::Observer,
    pattern::{BadPattern, pattern},
    script::Scripts,
    watchdog::HandlerLabel,
};
use crate::reserved::is_reserved;

/// What an application does in a namespace, for [`Builder::namespace`](crate::Builder::namespace).
///
/// ```
/// use dondo::{Data, Namespace, Socket};
///
/// let chat = Namespace::new("/chat")
///     .on_connect(async |socket: Socket| {
///         socket.join("lobby").await?;
///         Ok(())
///     })
///     .on("say", async |socket: Socket, Data((room, text)): Data<(String, String)>| {
///         socket.to(&room).emit("said", text)?;
///         Ok("delivered")
///     });
/// ```
///
/// A name with captures, as routes of actix-web have them, is a pattern: it is the parent of any number of namespaces, its
/// children, which share its handlers and nothing else. Each is made when its first client comes, and ends with its last.
///
/// ```
/// use dondo::{Data, Namespace, NamespaceHandle, Path};
///
/// let orders = Namespace::new("/orders/{order}")
///     .on("pay", async |Path(order): Path<u64>, nsp: NamespaceHandle, Data(sum): Data<u64>| {
///         nsp.emit("paid", (order, sum))?;
///         Ok(())
///     });
/// ```
#[must_use = "nobody is served there before Builder::namespace has it"]
pub struct Namespace {
    pub(crate) name: Arc<str>,
    pub(crate) is_hub: bool,
    lookup: Option<Shared<LookupContext>>,
    children: ChildrenSettings,
    pub(super) scripts: Scripts,
    /// Of the rooms of a script.
    pub(super) bad_pattern: Option<BadPattern>,
    handlers: Handlers,
    needs: Needs,
}

/// The handlers of a namespace, in the order in which they were given.
#[derive(Default)]
pub(in crate::io) struct Handlers {
    pub(super) admission: Vec<Shared<AdmissionContext>>,
    pub(super) connect: Vec<Shared<ConnectContext>>,
    pub(super) filters: Vec<Shared<EventContext>>,
    pub(super) any: Vec<Shared<EventContext>>,
    pub(super) outgoing: Vec<Shared<EventContext>>,
    pub(super) events: BTreeMap<Box<str>, Vec<Shared<EventContext>>>,
    pub(super) fallback: Option<Shared<EventContext>>,
    pub(super) disconnecting: Vec<Shared<DisconnectContext>>,
    pub(super) disconnect: Vec<Shared<DisconnectContext>>,
}

impl Handlers {
    /// Whether the host does anything that could ask for what the client sent.
    fn are_any(&self) -> bool {
        !(self.admission.is_empty()
            && self.connect.is_empty()
            && self.filters.is_empty()
            && self.any.is_empty()
            && self.outgoing.is_empty()
            && self.events.is_empty()
            && self.fallback.is_none()
            && self.disconnecting.is_empty()
            && self.disconnect.is_empty())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.name)
            .field("is_hub", &self.is_hub)
            .field("events", &self.handlers.events.keys())
            .finish_non_exhaustive()
    }
}

impl Namespace {
    /// A namespace with the application's own events only: what has no handler is answered with `unknown_event`. Its name
    /// begins with a slash; stock clients begin in `/`. With captures, as in `/orders/{order}` or `/{year:\\d+}`, it is the
    /// parent of all whose names match and that no other namespace has, patterns given before among them; a capture without a
    /// pattern of its own is any text without a slash. A child's name has at most 256 bytes, and neither `%` nor control
    /// characters.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            is_hub: false,
            lookup: None,
            children: ChildrenSettings {
                max: CHILDREN_MAX,
                keep_empty: false,
            },
            scripts: Scripts::default(),
            bad_pattern: None,
            handlers: Handlers::default(),
            needs: Needs::default(),
        }
    }

    /// A namespace with channels, rooms and presence as in the program. An event that has a handler here is the
    /// application's; a name that has one cannot be a channel's.
    pub fn hub(name: impl Into<Arc<str>>) -> Self {
        Self {
            is_hub: true,
            ..Self::new(name)
        }
    }

    /// Asks whether there is such a namespace for this client, of a parent: where it comes to `false`, the next pattern that
    /// matches is tried, and without one the client hears `Invalid namespace`. It may wait, within the time of the middlewares,
    /// which run afterwards.
    ///
    /// ```
    /// use dondo::{Auth, Namespace, Path};
    /// # #[derive(serde::Deserialize)] struct Login { tenants: Vec<String> }
    ///
    /// let tenants = Namespace::new("/{tenant}")
    ///     .when(async |Path(tenant): Path<String>, Auth(login): Auth<Login>| login.tenants.contains(&tenant));
    /// ```
    pub fn when<A: Extractors<LookupContext>>(
        mut self,
        lookup: impl Handler<A, Outcome: IntoOutcome<LookupContext>> + Send + Sync,
    ) -> Self {
        self.lookup = Some(self.keep("when", lookup));
        self
    }

    /// How many children a parent may have at once: 10,000 if not said. One client may be in 64.
    pub fn children_max(mut self, children: usize) -> Self {
        self.children.max = children;
        self
    }

    /// Keeps children whose last client has gone, and what the hub knows of their channels and rooms. They count on.
    pub fn keep_empty(mut self) -> Self {
        self.children.keep_empty = true;
        self
    }

    /// Runs before a client is let in, after those given before. An error is the client's `connect_error`, with the error's
    /// data as `data`, or else `{ code }`.
    ///
    /// It may wait, and nobody else waits with it: [`Builder::admission_timeout`](crate::Builder::admission_timeout) is the
    /// limit for all of them together. It runs on the session's thread, which must not be blocked. The future is dropped
    /// where it waits if the client goes or takes its CONNECT back.
    ///
    /// ```
    /// use dondo::{Auth, Connecting, Error, Namespace};
    /// # #[derive(serde::Deserialize)] struct Login { word: String }
    ///
    /// let inbox = Namespace::new("/inbox").middleware(async |Auth(login): Auth<Login>, client: Connecting| {
    ///     if login.word != "akwaaba" {
    ///         return Err(Error::new("unauthorized", "say the word"));
    ///     }
    ///     client.login("ama".to_owned());
    ///     Ok(())
    /// });
    /// ```
    pub fn middleware<A: Extractors<AdmissionContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<AdmissionContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("a middleware", handler);
        self.handlers.admission.push(handler);
        self
    }

    /// Runs when a client has come in, after its CONNECT; its events wait until all of these are done. An error puts the
    /// client out again and goes to the log: to say why, refuse it in a [`Namespace::middleware`].
    pub fn on_connect<A: Extractors<ConnectContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<ConnectContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("on_connect", handler);
        self.handlers.connect.push(handler);
        self
    }

    /// Runs for every such event. Several may have one name: they start in the order given, before those of
    /// [`Socket::on`](super::Socket::on), and the first to answer is heard; one that panics ends those that are not done. A handler starts in the order in which events
    /// came, and runs to its first wait before the next one starts.
    pub fn on<A: Extractors<EventContext>>(
        mut self,
        event: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep(&format!("{event:?}"), handler);
        self.handlers
            .events
            .entry(event.into())
            .or_default()
            .push(handler);
        self
    }

    /// Runs before the handlers of every event, which wait for it, as do the socket's later events. An error is the answer,
    /// and the event goes no further.
    pub fn event_middleware<A: Extractors<EventContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("event_middleware", handler);
        self.handlers.filters.push(handler);
        self
    }

    /// Sees every event, before its own handlers have it. One that panics is named in the log, and the event goes on.
    pub fn on_any<A: Extractors<EventContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("on_any", handler);
        self.handlers.any.push(handler);
        self
    }

    /// Sees every event that goes to a client, what is said to it alone and what reaches it with others, in the order in which it
    /// goes; answers are none. It looks on: what it returns goes nowhere, and what it says itself, until it ends, nobody observes.
    /// What comes of it elsewhere is like anybody's: what a task, an actor or a script of a room says that it set going is observed,
    /// and may so be followed by more of it without end. Each event costs a call for each client that it goes to; one whose
    /// handlers have 1024 under way misses those that come then.
    ///
    /// ```
    /// use dondo::{Arguments, EventName, Namespace, Socket};
    ///
    /// let watched = Namespace::new("/").on_any_outgoing(async |socket: Socket, name: EventName, all: Arguments| {
    ///     println!("{} to {}, {} bytes", name.0, socket.id(), all.text().len());
    ///     Ok(())
    /// });
    /// ```
    pub fn on_any_outgoing<A: Extractors<EventContext>>(
        mut self,
        handler: impl Observer<A, Outcome: IntoOutcome<EventContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("on_any_outgoing", handler);
        self.handlers.outgoing.push(handler);
        self
    }

    /// Has the events that nobody else handles, in place of the hub's channels too. A later one replaces it.
    pub fn fallback<A: Extractors<EventContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>> + Send + Sync,
    ) -> Self {
        self.handlers.fallback = Some(self.keep("fallback", handler));
        self
    }

    /// Runs when a client goes, whatever the cause; to its first wait the client's rooms are still there, and what it says to others
    /// goes out, before the word that it left.
    pub fn on_disconnecting<A: Extractors<DisconnectContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<DisconnectContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("on_disconnecting", handler);
        self.handlers.disconnecting.push(handler);
        self
    }

    /// Runs when a client is gone, whatever the cause. Nothing can be said through its socket any more.
    pub fn on_disconnect<A: Extractors<DisconnectContext>>(
        mut self,
        handler: impl Handler<A, Outcome: IntoOutcome<DisconnectContext>> + Send + Sync,
    ) -> Self {
        let handler = self.keep("on_disconnect", handler);
        self.handlers.disconnect.push(handler);
        self
    }

    /// What runs for the connections of an endpoint without Socket.IO.
    pub(crate) fn engine<A: Extractors<EngineContext>>(
        path: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EngineContext>> + Send + Sync,
    ) -> Self {
        // No client can ask for it: the names of namespaces begin with a slash.
        let mut namespace = Self::new(format!("engine:{path}"));
        let handler = namespace.keep("engine", handler);
        namespace.handlers.connect.push(handler.on_connect());
        namespace
    }

    fn keep<C: Context, A: Extractors<C>>(
        &mut self,
        what: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<C>> + Send + Sync,
    ) -> Shared<C> {
        A::needs(&mut self.needs);
        shared(HandlerLabel::new(&self.name, what), handler)
    }

    /// An event that is handled here and never comes.
    pub(crate) fn reserved_event(&self) -> Option<&str> {
        let mut events = self.handlers.events.keys();
        events.find(|name| is_reserved(name)).map(|name| &**name)
    }

    pub(crate) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Whether it is the parent of others.
    pub(crate) fn is_parent(&self) -> bool {
        self.name.contains('{')
    }

    /// Whether some who ask for it do not get it, and are asked of others.
    pub(crate) fn asks(&self) -> bool {
        self.lookup.is_some()
    }

    /// As the hub serves it.
    ///
    /// # Errors
    /// A pattern that cannot be read, of its name or of its rooms; or its name is none where it is asked whether there is such a
    /// namespace.
    pub(crate) fn served(
        self,
        states: States,
        pack: Option<Arc<dyn Pack>>,
    ) -> Result<Arc<ServedNamespace>, BadPattern> {
        if self.lookup.is_some() && !self.is_parent() {
            let why = "Namespace::when asks for the namespaces of a pattern, and it has no capture";
            return Err(BadPattern::new(&self.name, why));
        }
        if let Some(bad) = self.bad_pattern {
            return Err(bad);
        }
        let pattern = self.is_parent().then(|| pattern(&self.name));
        let definition = Definition {
            keeps_auth: self.lookup.is_some() || self.handlers.are_any(),
            keeps_handshake: self.needs.handshake,
            title: self.name.clone(),
            pattern: pattern.transpose()?,
            lookup: self.lookup,
            children: self.children,
            scripts: self.scripts,
            handlers: self.handlers,
            states,
            pack,
            siblings: OnceLock::new(),
        };
        Ok(ServedNamespace::new(self.name, definition))
    }
}

/// Children of one parent at once, if nothing else is said.
const CHILDREN_MAX: usize = 10_000;
