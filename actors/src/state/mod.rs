//! Plain values that decide: who is seated, who receives, what may be said. No actor, no clock, no randomness.

pub mod audience;
pub mod gate;
pub mod local_room;
pub mod namespace;
pub mod room;
pub mod roster;
pub mod throttle;
