//! Who says something to many: a socket, or nobody that is connected.

use dondo_actors::id::MemberId as SocketId;

use super::{NamespaceHandle, PackSocket, Socket};

/// A [`Socket`], or a [`NamespaceHandle`] for what nobody says who is connected. Nobody else's type can be one.
pub trait Speaker: sealed::Sealed {
    #[doc(hidden)]
    fn its_namespace(&self) -> NamespaceHandle;

    #[doc(hidden)]
    fn its_id(&self) -> Option<SocketId>;
}

impl Speaker for Socket {
    fn its_namespace(&self) -> NamespaceHandle {
        self.namespace()
    }

    fn its_id(&self) -> Option<SocketId> {
        Some(self.member().id().clone())
    }
}

impl Speaker for NamespaceHandle {
    fn its_namespace(&self) -> NamespaceHandle {
        self.clone()
    }

    fn its_id(&self) -> Option<SocketId> {
        None
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Socket {}
    impl Sealed for super::NamespaceHandle {}
}
