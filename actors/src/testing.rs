//! A whole hub on one thread under held time, with clients that speak a wire format of their own, and ports that panic on demand.
//! Knows no rule of the core: what is right is for the tests to say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test panics"
)]

pub mod call;
pub(crate) mod hook;
pub(crate) mod hops;
pub(crate) mod inspect;
pub(crate) mod poison;
pub(crate) mod probe;
pub(crate) mod random;
pub(crate) mod trace;
pub(crate) mod wire;
pub(crate) mod world;

pub(crate) use self::{
    call::Call,
    inspect::Rest,
    poison::Poison,
    probe::{Probe, Reading},
    random::Random,
    wire::content,
    world::{Setup, World},
};
