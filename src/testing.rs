//! Tests of an application's handlers, each in some milliseconds: the hub that the application builds, without sockets, with
//! clients that speak to it, and with a time that the test moves. Behind the feature `testing`, for `[dev-dependencies]`.
//!
//! [`TestHub::run`] gives a test a hub, from a plain `#[test]` or from any other: it has a thread and a runtime of its own,
//! with an actix `System`, and what the test awaits runs there. Its time stands still: heartbeats, time limits, intervals of
//! presence, and all that handlers wait for by tokio's or actix's clock happen when [`TestHub::advance`] comes to them, at
//! once: of a debug build a minute takes about 25 ms, and an hour a second and a half. A [`TestClient`] is let in by the
//! hub's own login and middlewares, and each of its packets goes the way of any other's. No other test is disturbed.
//!
//! A test that moves what it captures there is `async move`. Whatever a client does is done at the call; the [`Settled`] that
//! it returns is ready when all that comes of it has happened. An expectation that fails panics, and tells what came instead.
//!
//! ```
//! use std::time::Duration;
//!
//! use dondo::{Data, Dondo, Namespace, Socket, testing::TestHub};
//!
//! // In an application a `#[test]`.
//! fn a_reminder_comes_in_an_hour_and_not_before() {
//!     let remind = async |socket: Socket, Data(text): Data<String>| {
//!         tokio::time::sleep(Duration::from_secs(3600)).await;
//!         socket.emit("reminder", text)?;
//!         Ok("reminded")
//!     };
//!     let builder = Dondo::builder().namespace(Namespace::new("/").on("remind", remind));
//!     TestHub::run(builder, async |hub| {
//!         let ama = hub.client("/").connect().await.unwrap();
//!         let reminded = ama.emit_with_ack::<String>("remind", "tea");
//!         hub.advance(Duration::from_secs(3590)).await;
//!         ama.expect_nothing().await;
//!         hub.advance(Duration::from_secs(10)).await;
//!         assert_eq!(ama.expect::<String>("reminder").await, "tea");
//!         assert_eq!(reminded.await.unwrap(), "reminded");
//!     });
//! }
//! # a_reminder_comes_in_an_hour_and_not_before();
//! ```
//!
//! What it does not do: HTTP routes and middlewares of the application's own `App` are actix-web's to test
//! (`actix_web::test`), and where they log clients in, [`TestClientBuilder::login`] says who a client is. Endpoints of
//! [`Builder::engine`](crate::Builder::engine) have no client here. A handler that asks a real server over a socket is not
//! waited for, as time is held on this thread alone; one in [`blocking`](crate::blocking) is. `SystemTime::now` is the
//! machine's, but the times that the hub tells its clients are those of the held time. What never rests, like a timer of no time at
//! all that begins anew each time, holds the time for good: the test panics after 20 s of that, and names the handler or script.

#![allow(clippy::panic, reason = "an expectation that fails panics")]

mod client;
mod connection;
mod error;
mod hub;
mod opening;
mod restless;
mod settled;

pub use self::{
    client::TestClient, error::TestError, hub::TestHub, opening::TestClientBuilder,
    settled::Settled,
};
#[cfg(test)]
pub(crate) use self::{hub::in_held_time, settled::settle};

#[cfg(test)]
mod tests;
