//! What a handler is called with, one type for each occasion; extractors take it apart.

use std::{net::IpAddr, rc::Rc, sync::Arc};

use dondo_actors::error::CloseReason as DisconnectReason;

use super::{
    Connecting, Socket, ack::Ack, arguments::Arguments, blocking_places::BlockingCaller,
    error::Error, incoming::SentStreams, shares::ShareKey, socket::SocketState,
};

/// An event of a client.
#[derive(Clone, Debug)]
pub struct EventContext {
    pub(super) socket: Socket,
    pub(super) name: Arc<str>,
    pub(super) arguments: Arguments,
    pub(super) ack: Ack,
    /// The first argument that no extractor has taken.
    pub(super) next: usize,
    /// Those that no extractor has taken.
    pub(super) streams: SentStreams,
}

/// A client that is being let in.
#[derive(Clone, Debug)]
pub struct AdmissionContext {
    pub(super) connecting: Connecting,
}

/// A connection of an endpoint without Socket.IO.
#[derive(Clone, Debug)]
pub struct EngineContext {
    pub(super) socket: Socket,
}

/// A client that asks for a namespace, which there may be.
#[derive(Clone, Debug)]
pub struct LookupContext {
    pub(super) state: Rc<SocketState>,
    pub(super) address: Option<IpAddr>,
}

/// A client that has come in.
#[derive(Clone, Debug)]
pub struct ConnectContext {
    pub(super) socket: Socket,
}

/// A client that is gone.
#[derive(Clone, Debug)]
pub struct DisconnectContext {
    pub(super) socket: Socket,
    pub(super) reason: DisconnectReason,
}

/// What every context has. Nobody else's type can be one.
pub trait Context: sealed::Sealed {
    #[doc(hidden)]
    fn state(&self) -> &Rc<SocketState>;

    #[doc(hidden)]
    fn blocking_caller(&self) -> BlockingCaller;
}

/// The contexts of a client that is in.
pub trait SocketContext: Context {
    #[doc(hidden)]
    fn socket(&self) -> &Socket;
}

impl Context for LookupContext {
    fn state(&self) -> &Rc<SocketState> {
        &self.state
    }

    fn blocking_caller(&self) -> BlockingCaller {
        BlockingCaller::of_stranger(ShareKey::address(self.address))
    }
}

impl Context for EngineContext {
    fn state(&self) -> &Rc<SocketState> {
        self.socket.state()
    }

    fn blocking_caller(&self) -> BlockingCaller {
        self.socket.blocking_caller()
    }
}

impl Context for AdmissionContext {
    fn state(&self) -> &Rc<SocketState> {
        self.connecting.state()
    }

    fn blocking_caller(&self) -> BlockingCaller {
        let share = ShareKey::address(self.connecting.address());
        self.state().blocking_caller(share)
    }
}

macro_rules! socket_contexts {
    ($($context:ty: $is_last:literal),*) => {$(
        impl Context for $context {
            fn state(&self) -> &Rc<SocketState> {
                self.socket.state()
            }

            fn blocking_caller(&self) -> BlockingCaller {
                let caller = self.socket.blocking_caller();
                match $is_last {
                    true => caller.at_the_end(),
                    false => caller,
                }
            }
        }

        impl SocketContext for $context {
            fn socket(&self) -> &Socket {
                &self.socket
            }
        }
    )*};
}

socket_contexts!(EventContext: false, ConnectContext: false, DisconnectContext: true);

mod sealed {
    use super::{
        AdmissionContext, ConnectContext, DisconnectContext, EngineContext, EventContext,
        LookupContext,
    };

    pub trait Sealed {}

    impl Sealed for AdmissionContext {}
    impl Sealed for ConnectContext {}
    impl Sealed for DisconnectContext {}
    impl Sealed for EventContext {}
    impl Sealed for EngineContext {}
    impl Sealed for LookupContext {}
}

impl EventContext {
    /// The next arguments that no extractor has taken: as many as a tuple has, else one.
    ///
    /// # Errors
    /// They are not what is read.
    pub fn next_data<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        let (value, taken) = self.arguments.read(self.next)?;
        self.next += taken;
        Ok(value)
    }
}
