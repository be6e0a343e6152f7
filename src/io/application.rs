//! What the core runs in a namespace: the host's handlers first, the namespace's pack for whatever has none.
//! Knows no pack by name.

use std::{
    rc::Rc,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use dondo_actors::{
    error::CloseReason,
    ports::{Answer, LocalFuture, Refusal},
    session::{self, AckHandle, Application, Member},
};

use super::{
    OnConnect, Socket,
    error::AlreadyHandled,
    handler::{Event, FAILED, failure},
};

/// An application's set of events, switched on in a namespace.
pub(crate) trait Pack: Send + Sync + 'static {
    /// A client has come in; the host's connect handler is done.
    fn connected(&self, _socket: &Socket) {}

    /// An event that the host has no handler for. Handled at once up to its first wait; returns what is left to do then.
    fn event(&self, socket: Socket, event: Event) -> Option<LocalFuture<()>>;

    /// The handling of an event panicked; `ack` if the client still waits for its answer.
    fn crashed(&self, _socket: &Socket, event: &str, ack: Option<AckHandle>) {
        answer_crash(event, ack);
    }

    /// The client is gone. Its seats are left by the core.
    fn disconnected(&self, _socket: &Socket, _reason: CloseReason) {}
}

/// One namespace's application.
pub(crate) struct IoApplication {
    namespace: Arc<str>,
    on_connect: OnceLock<OnConnect>,
    pack: Option<Arc<dyn Pack>>,
}

impl std::fmt::Debug for IoApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("IoApplication")
            .field(&self.namespace)
            .finish()
    }
}

impl IoApplication {
    pub(super) fn new(namespace: Arc<str>, pack: Option<Arc<dyn Pack>>) -> Self {
        Self {
            namespace,
            on_connect: OnceLock::new(),
            pack,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn on_connect(&self, handler: OnConnect) -> Result<(), AlreadyHandled> {
        let taken = self.on_connect.set(handler);
        taken.map_err(|_| AlreadyHandled(self.namespace.clone()))
    }
}

impl Application for IoApplication {
    fn connected(
        &self,
        member: Rc<Member>,
        auth: Option<Bytes>,
    ) -> LocalFuture<Result<(), Refusal>> {
        let handler = self.on_connect.get();
        // Without a handler nobody can ask for it.
        let socket = Socket::new(member, auth.filter(|_| handler.is_some()));
        let opening = handler.map(|handler| handler(socket.clone()));
        let pack = self.pack.clone();
        Box::pin(async move {
            if let Some(opening) = opening {
                opening.await?;
            }
            socket.opened();
            if let Some(pack) = pack {
                pack.connected(&socket);
            }
            Ok(())
        })
    }

    fn event(&self, member: Rc<Member>, event: session::Event) -> Option<LocalFuture<()>> {
        let socket = Socket::of(member)?;
        let event = Event::from(event);
        let any = socket
            .any()
            .and_then(|handler| handler(socket.clone(), event.clone()));
        let own = match (socket.handler(&event.name), &self.pack) {
            (Some(handler), _) => handler(socket, event),
            (None, Some(pack)) => pack.event(socket, event),
            (None, None) => None,
        };
        match (any, own) {
            (Some(any), Some(own)) => Some(Box::pin(async move {
                futures_util::future::join(any, own).await;
            })),
            (one, None) | (None, one) => one,
        }
    }

    fn crashed(&self, member: Rc<Member>, name: &str, ack: Option<AckHandle>) {
        let pack = Socket::of(member)
            .filter(|socket| socket.handler(name).is_none())
            .zip(self.pack.as_ref());
        match pack {
            Some((socket, pack)) => pack.crashed(&socket, name, ack),
            None => answer_crash(name, ack),
        }
    }

    fn disconnected(&self, member: Rc<Member>, reason: CloseReason) {
        let Some(socket) = Socket::of(member) else {
            return;
        };
        let handler = socket.close();
        if let Some(pack) = &self.pack {
            pack.disconnected(&socket, reason);
        }
        if let Some(handler) = handler {
            actix_rt::spawn(handler(socket, reason));
        }
    }
}

fn answer_crash(event: &str, ack: Option<AckHandle>) {
    if let Some(ack) = ack {
        ack.answer(&Answer {
            args: failure(event, "internal", FAILED),
            blobs: Vec::new(),
        });
    }
}
