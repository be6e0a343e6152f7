//! What is served besides the realtime endpoint: the first page, health and metrics.

pub mod metrics;
pub mod page;
