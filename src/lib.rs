//! dondo: a self-hosted realtime chat hub. Stock Socket.IO clients join channels and rooms, notify them, and see who is
//! online; run it as a program, or mount it in an actix-web `App`.
//!
//! * [`service::Dondo`] is a hub to mount; [`io`] is what an application does with it.
//! * [`server::Server`] is the standalone server; [`config::Settings`] its settings; [`operators::Operators`] is where it
//!   is looked after; [`logging`] its log.
//! * [`packs::hub`] is the built-in application: channels, rooms and presence.
//! * The actors underneath are the crate `dondo_actors`.
//! * `docs` has the map of the house and every event of the hub.

#![warn(missing_debug_implementations)]

pub mod config;
pub mod http;
pub mod io;
pub mod logging;
mod notices;
pub mod operators;
pub mod packs;
mod protocol;
mod room_threads;
pub mod server;
pub mod service;
pub mod transport;
mod ws;

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
}
