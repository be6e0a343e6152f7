//! dondo: a self-hosted realtime chat hub. Stock Socket.IO clients join channels and rooms, notify them, and see who is
//! online; run it as a program, or mount it in an actix-web `App`.
//!
//! * [`Dondo`] is a hub to mount, made by its [`Builder`]; [`Server`] is the standalone server and [`Operators`] where it is
//!   looked after; [`config::Settings`] are the settings of all three.
//! * What an application does with a hub begins at a [`Socket`]: it handles connects, events and disconnects, answers acks
//!   and asks for them, joins and leaves rooms of its own, and emits to clients, to rooms and to everybody. An
//!   [`Authorizer`] says who may come in.
//! * `docs` has the map of the house and every event of the hub.
//!
//! An application's rooms are apart from the channels and rooms of the hub pack, also where they have one name: `lobby` there
//! is not `lobby` here. Where a namespace is to have an application's events only, [`Builder::without_pack`] leaves the pack out:
//! with it every event without a handler is a message to the channel of its name.
//!
//! What is not there yet: saying something to the pack's channels and rooms, emitting to one client without a socket, a list of
//! who is connected, disconnecting a client, its headers, cookies, query and address and more of its login than the account in
//! a handler, failures of an application's own in acks, and middlewares.
//!
//! ```no_run
//! use dondo::{Ack, Data, Dondo, Socket};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Say {
//!     room: String,
//!     text: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dondo = Dondo::builder().build()?;
//! dondo.of("/")?.on_connect(|socket: Socket| async move {
//!     socket.join("desk").await?;
//!     socket.on("say", |s: Socket, Data(say): Data<Say>, ack: Ack| async move {
//!         s.to(&say.room).emit("said", &say).await?;
//!         ack.ok(&"delivered")
//!     });
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```

#![warn(missing_debug_implementations)]

pub mod config;
mod http;
mod io;
mod logging;
mod notices;
mod operators;
mod packs;
mod protocol;
mod room_threads;
mod server;
mod service;
mod transport;
mod ws;

pub use bytes::Bytes;
pub use dondo_actors::{
    error::{CloseReason as DisconnectReason, Fault, JoinError, LogError, NotifyError},
    handshake::Handshake,
    id::MemberId as SocketId,
    ports::{Admission, Authorizer, Identity, LocalFuture, Refusal},
};

pub use self::{
    io::{
        Ack, AckError, AlreadyHandled, Arguments, BadArguments, Blob, Broadcast, ContentError,
        Data, Error, Event, FromEvent, Handler, Incoming, IntoOutcome, Namespace, Refused, Socket,
        Target, UnknownNamespace, Value,
    },
    operators::Operators,
    server::{Server, listen},
    service::{BuildError, Builder, Dondo, on_connect},
};

/// What only the program, the conformance server and the tests need; nobody else can rely on it.
#[doc(hidden)]
pub mod internal {
    pub use dondo_actors::{
        letter::{Content, EncodingId, Frame, TransportMessage},
        ports::{Answer, ClientPacket, Protocol, Violation},
    };

    pub use crate::{
        logging::start as start_log,
        transport::{doors::Doors, engine::message},
    };
}

/// Pages for readers.
#[cfg(doc)]
pub mod docs {
    #[doc = include_str!("docs/architecture.md")]
    pub mod architecture {}

    #[doc = include_str!("docs/contributing.md")]
    pub mod contributing {}

    #[doc = include_str!("docs/contract.md")]
    pub mod contract {}

    #[doc = include_str!("docs/events.md")]
    pub mod events {}

    #[doc = include_str!("docs/metrics.md")]
    pub mod metrics {}

    #[doc = include_str!("docs/performance.md")]
    pub mod performance {}
}
