//! The kit itself: what it lets happen, and what it says when an expectation fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod expectations;
mod lifecycle;
mod opening;
mod restless;
mod time;
mod tokens;
