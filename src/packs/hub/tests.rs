//! The hub pack's tests: `values` without any actor, `sessions` through real ones.

mod sessions;
mod values;
