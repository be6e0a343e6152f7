//! What of an event comes in streams of items: its answer, and what the client sends with it.

use std::sync::Arc;

/// The streams of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventStreams {
    /// How the client takes an answer that comes in items.
    pub taken: ItemsAs,
    /// Streams that the client sends with it, by names of its own, in the order in which a handler takes them.
    pub sent: Vec<Arc<str>>,
}

/// How a client takes an answer that comes in items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemsAs {
    /// As one answer.
    #[default]
    Answer,
    /// One by one, and no other answer than items.
    Items,
    /// Not at all: its protocol has a word for asking for items, and it said another.
    Refused,
}
