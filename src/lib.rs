//! dondo: a self-hosted realtime chat hub. Stock Socket.IO clients join channels and rooms, notify them, and see who is
//! online; run it as a program, or mount it in an actix-web `App`:
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use dondo::{Data, Dondo, Namespace, Socket, listen};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Say {
//!     room: String,
//!     text: String,
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let root = Namespace::hub("/")
//!         .on_connect(async |socket: Socket| {
//!             socket.join("desk").await?;
//!             Ok(())
//!         })
//!         .on("say", async |socket: Socket, Data(say): Data<Say>| {
//!             socket.to(&say.room).emit("said", &say)?.await?;
//!             Ok("delivered")
//!         });
//!     let dondo = Dondo::builder().namespace(root).build()?;
//!     let mount = dondo.clone();
//!     let server = HttpServer::new(move || App::new().configure(mount.configure()));
//!     let server = dondo.tune(server).listen(listen("127.0.0.1:8080")?)?;
//!     dondo.serve(server.run()).await
//! }
//! ```
//!
//! A stock client says `socket.emit("say", { room: "desk", text: "hello" }, console.log)`: the others in the room hear `said`, and it
//! reads `delivered`.
//!
//! * [`Dondo`] is a hub to mount, made by its [`Builder`]; [`Server`] is the standalone server and [`Operators`] where it is
//!   looked after; [`config::Settings`] are the settings of all three.
//! * A [`Namespace`] says what an application does: what runs before a client is let in, when it has come in, for each of its
//!   events, and when it is gone. [`Builder::namespace`] takes it, before the hub is built.
//! * Handlers are async functions of [extractors](Extract): data by serde, the [`Socket`] that joins, emits and asks, what the
//!   application gave its hub. What a handler returns is the answer to its event, and an [`Error`] is one too. Both may be streams:
//!   [`Items`] of an answer, [`Incoming`] of a client.
//! * Events may be types: `#[derive(Event)]` gives a struct its event's name and ack, `#[derive(Events)]` makes an enum of such, and
//!   [`Declarations`] are the same in TypeScript and C#.
//! * A [`NamespaceHandle`] does from anywhere, and from any thread, what a socket does with others: it says something and takes
//!   the answers, counts and lists who is connected, makes sockets join and leave rooms, and puts them out.
//! * In an application's own server, [`Builder::identify`] says who its clients are, [`Dondo::configure`] mounts the hub,
//!   [`Dondo::tune`] sets what only the server's owner can, and [`Dondo::serve`] runs it to its end. [`actor`] makes an actor the
//!   handler of an event.
//! * A [`RoomScript`] runs inside of the rooms that a pattern names, for what is about who is there and what was said in which
//!   order: games, queues, votes.
//! * A name with captures is a pattern: [`Namespace::new`] of `/orders/{order}` serves all that match. [`Builder::engine`] serves clients
//!   that speak something of their own over Engine.IO.
//! * [`RoomHandle::watch`] tells who comes and goes in a room, [`Dondo::lifecycle`] what happens in the hub.
//! * With the feature `testing`, `dondo::testing` is a hub without sockets and with held time, for an application's own tests.
//! * `docs` has the map of the house and every event of the hub.
//!
//! An application's rooms are apart from the channels and rooms of the hub pack, also where they have one name: `lobby` there
//! is not `lobby` here. A [`Namespace::hub`] has the pack: every event without a handler is a message to the channel of its
//! name. A [`Namespace::new`] has an application's events only.
//!
//! What is not there yet: saying something to the pack's channels and rooms.

#![warn(missing_debug_implementations)]

mod accounts;
mod admin;
mod api;
mod asking;
mod channel_limits;
mod client;
mod codes;
pub mod config;
#[doc(hidden)]
#[cfg(any(test, feature = "testing"))]
pub mod decoders;
mod dev;
mod dialect;
mod failures;
mod health_check;
mod http;
mod io;
mod json_tokens;
mod keys;
mod logging;
mod moderation;
mod name_pattern;
mod name_rule;
mod nesting;
mod network;
mod notices;
mod operators;
mod own_paths;
mod packs;
mod placeholders;
mod protocol;
mod reserved;
mod room_threads;
mod secret_file;
mod server;
mod service;
mod signals;
mod standing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tokens;
mod transport;
mod turns;
mod ws;

#[allow(
    unused_extern_crates,
    reason = "what the derives write begins with `::dondo`, here too"
)]
extern crate self as dondo;

pub use bytes::Bytes;
pub use dondo_actors::{
    error::{
        AskShare, CloseReason as DisconnectReason, Fault, JoinError, LeaveReason, LogError,
        NotifyError as DeliveryError, Veto,
    },
    event::TimerId,
    handshake::Handshake,
    id::MemberId as SocketId,
    lifecycle::Lifecycle,
    message::{ChangeCount, PresenceChange, PresentMember},
};

pub use dondo_derive::{Event, Events};

#[cfg(feature = "types")]
pub use self::io::{Declarations, DeclareEvents};

pub use self::{
    keys::BadKey,
    tokens::{TokenAccount, Tokens},
};

pub use self::{
    io::{
        Account, Ack, AckError, AckFuture, Acks, AdmissionContext, AllAcks, AnswersEvent,
        AnswersEvents, Arguments, Auth, BadArguments, Blob, Blocking, Broadcast, ConnectContext,
        Connecting, Context, Counting, Data, Delivered, Delivery, DisconnectContext, EmitError,
        EmitEvents, Emitter, EngineContext, EngineMessage, EngineSocket, Error, Event, EventAnswer,
        EventContext, EventName, EventParameters, Events, Extension, Extract, Extractors,
        FetchSockets, Handler, Identity, Incoming, IntoOutcome, IntoRooms, IntoTargets, Items,
        Joining, Leaving, ListenerId, LoginOutcome, LookupContext, Namespace, NamespaceHandle,
        Needs, Observer, Operation, OrFail, Path, Received, RemoteAck, RemoteAcks, RemoteDelivery,
        RemoteSocket, Rest, Result, RoomContext, RoomHandle, RoomJoin, RoomMember, RoomName,
        RoomNotice, RoomScript, ScriptHandle, Socket, SocketContext, SocketCursor, SocketPage,
        Speaker, State, Target, ToActor, UnknownNamespace, UnknownScript, Value, VolatileEmitter,
        account, actor, blocking,
    },
    operators::Operators,
    server::{Server, listen},
    service::{BuildError, Builder, Dondo},
};

/// What only the program, the conformance server and the tests need; nobody else can rely on it.
#[doc(hidden)]
pub mod internal {
    pub use crate::{
        client::api_answered, dev::dev_lines, health_check::health_check,
        logging::start as start_log, server::CertificateRenewal, signals::StopSignals,
        standing::tell_again, tokens::token_command, transport::doors::Doors,
    };

    #[cfg(feature = "types")]
    pub use crate::packs::hub::{csharp, typescript};
}

/// What the derives of events write; nobody else can rely on it.
#[doc(hidden)]
pub mod derived {
    pub use crate::io::{EventArguments, Never, OneOf, assert_distinct};
}

/// Pages for readers.
#[cfg(doc)]
pub mod docs {
    #[doc = include_str!("docs/architecture.md")]
    pub mod architecture {}

    #[doc = include_str!("docs/codes.md")]
    pub mod codes {}

    #[doc = include_str!("docs/contributing.md")]
    pub mod contributing {}

    #[doc = include_str!("docs/contract.md")]
    pub mod contract {}

    #[doc = include_str!("docs/event-stream.md")]
    pub mod event_stream {}

    #[doc = include_str!("docs/events.md")]
    pub mod events {}

    #[doc = include_str!("docs/from-node.md")]
    pub mod from_node {}

    #[doc = include_str!("docs/from-signalr.md")]
    pub mod from_signalr {}

    #[doc = include_str!("docs/http-api.md")]
    pub mod http_api {}

    #[doc = include_str!("docs/metrics.md")]
    pub mod metrics {}

    #[doc = include_str!("docs/performance.md")]
    pub mod performance {}

    #[doc = include_str!("docs/signalr-wire.md")]
    pub mod signalr_wire {}

    #[doc = include_str!("docs/websocket.md")]
    pub mod websocket {}
}
