//! The actors of dondo: who is where, and what was said. No HTTP, no bytes of any protocol, no socket.
//!
//! ```text
//! Session ──► Namespace ──► Room ──► Courier ──► Outbox ──► (a transport takes)
//!    └──────── letters ──────┘
//! ```
//!
//! * [`message`] is the glossary: every word the actors say.
//! * [`state`] decides, as plain values; the actors are mailboxes around them.
//! * [`guard`] is the only door into a supervised actor.
//! * [`notice`] keeps what a peer can cause from filling the log.
//! * [`ports`] is what the core asks of the world.
//!
//! Invariants: a [`room`] is the only authority on its members; a [`courier`] is the only writer of its outboxes;
//! of rooms and namespaces only the parent holds a strong address; waits go one way, from transport to courier.

pub mod account;
mod answers;
pub mod context;
pub mod courier;
pub mod crash_book;
pub mod directory;
pub mod error;
pub mod event;
pub mod event_template;
pub mod flow;
pub mod guard;
pub mod handshake;
pub mod hub;
pub mod id;
mod lease;
pub mod letter;
pub mod lifecycle;
pub mod log;
pub mod mailbox;
pub mod message;
pub mod metrics;
pub mod namespace;
pub mod notice;
pub mod observing;
pub mod outbox;
pub mod ports;
pub mod rate;
pub mod room;
pub mod session;
pub mod state;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
