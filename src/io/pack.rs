//! An application's set of events, and what it has of a client beyond the public face.

use std::{rc::Rc, sync::Arc};

use bytes::Bytes;
use dondo_actors::{
    ports::{LocalFuture, LoggedIn},
    session::{AckHandle, Member},
};

use super::{Socket, ack::Ack, arguments::Arguments, credentials::renew};
use crate::tokens::{Credentials, TokenFault};

/// An application's set of events, switched on in a namespace.
pub(crate) trait Pack: Send + Sync + 'static {
    /// An event that the host has no handler for. Handled at once up to its first wait; returns what is left to do then.
    fn event(&self, socket: Socket, event: PackEvent) -> Option<LocalFuture<()>>;

    /// The handling of an event panicked; `ack` if the client still waits for its answer.
    fn crashed(&self, socket: &Socket, event: &str, ack: Option<AckHandle>);

    /// A client's login has ended: it is put out next. Why, for protocols that say it with the end.
    fn ended(&self, socket: &Socket, why: TokenFault) -> String;
}

/// An event as a pack has it.
pub(crate) struct PackEvent {
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Arguments,
    pub(crate) ack: Ack,
}

/// What a pack has beyond the public face.
pub(crate) trait PackSocket {
    /// The member behind the socket.
    fn member(&self) -> &Rc<Member>;

    /// Whether an event of this name had a handler of the host's own when the client had come in: no channel can have it.
    fn is_reserved(&self, event: &str) -> bool;

    /// Answers an event with one argument that is JSON text already. `false`: nobody waits.
    fn answer(&self, ack: &Ack, args: Bytes) -> bool;

    /// What the pack keeps with the client, made at the first look.
    fn kept<T: Clone + Default + 'static>(&self) -> T;

    /// Who it is, if somebody is logged in.
    fn login(&self) -> Option<Arc<LoggedIn>>;

    /// Which tokens are good here, if any are.
    fn credentials(&self) -> Option<Arc<Credentials>>;

    /// Has the login of another token take the place of the one that it came with. It is for the same account: others know the
    /// client as that.
    fn renew(&self, token: &str) -> Result<Arc<LoggedIn>, TokenFault>;
}

impl PackSocket for Socket {
    fn member(&self) -> &Rc<Member> {
        self.of_core()
    }

    fn is_reserved(&self, event: &str) -> bool {
        self.state().is_reserved(event)
    }

    fn answer(&self, ack: &Ack, args: Bytes) -> bool {
        ack.text(args)
    }

    fn kept<T: Clone + Default + 'static>(&self) -> T {
        self.state().extension().unwrap_or_else(|| {
            let new = T::default();
            self.state().insert(new.clone());
            new
        })
    }

    fn login(&self) -> Option<Arc<LoggedIn>> {
        self.state().login()
    }

    fn credentials(&self) -> Option<Arc<Credentials>> {
        self.state().shared().states.find()
    }

    fn renew(&self, token: &str) -> Result<Arc<LoggedIn>, TokenFault> {
        let credentials = PackSocket::credentials(self);
        let credentials = credentials.ok_or_else(TokenFault::missing)?;
        renew(self, &credentials, token)
    }
}
