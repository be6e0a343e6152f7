//! Applications' sets of events. The hub pack is built in.

pub(crate) mod hub;
