//! The actors, whole: under held time, over real threads, and in the simulation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test panics"
)]

mod actors;
mod sim;
