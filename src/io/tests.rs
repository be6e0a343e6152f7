//! The embedding API through real sessions: handlers, answers, blobs, rooms, order.
//! Knows what clients get, not how.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod actors;
mod admission;
mod asking;
mod bans;
mod children;
mod extractors;
mod goodbyes;
mod handlers;
mod latest;
pub(crate) mod log;
mod observers;
mod presence;
mod remote;
mod rooms;
mod scripts;
mod streams;
mod typed;
mod waits;
pub(crate) mod world;
