//! A real server on a free port, and clients on real sockets. Each test names the fault that would make it fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod engine;
mod support;
mod tidy;
