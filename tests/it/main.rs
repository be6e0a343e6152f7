//! A real server on a free port, and clients on real sockets. Each test names the fault that would make it fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod access_log;
mod admin;
mod admission;
mod api;
mod artillery;
mod bare;
mod blocking;
mod clients;
mod crash;
mod deadlines;
mod departures;
mod dev;
mod doors;
mod drain;
mod embed;
mod emits;
mod engine;
mod examples;
mod from_node;
mod harm;
mod history;
mod hostile;
mod hosts;
mod hub;
mod logging;
mod login;
mod observe;
mod one_room;
mod order;
mod packages;
mod page;
mod polling;
mod protocols;
mod proxies;
mod rooms_restarted;
mod signalr;
mod socketio;
mod stall;
mod static_files;
mod support;
mod tidy;
mod tls;
mod tokens;
mod types;
mod value_codec;
mod wrong_handlers;
