//! What is served besides the realtime endpoint: the first page, health and metrics.

pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod static_files;
