//! dondo.
