//! Test-only (feature `testing`): a whole hub on one thread under held time, with clients that speak a wire format of
//! their own. Knows no rule of the core: what is right is for the tests to say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test panics"
)]

pub mod call;
pub mod hops;
pub mod inspect;
pub mod probe;
pub mod random;
pub mod trace;
pub mod wire;
pub mod world;

pub use self::{
    call::Call,
    inspect::{Rest, SeatRecord},
    probe::{Probe, Reading},
    random::Random,
    wire::{content, marked},
    world::{Setup, World},
};
