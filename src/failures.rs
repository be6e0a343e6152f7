//! Failures of events that no handler takes as they came: their codes and their words, which a protocol with words of its own
//! knows them by. A host's own failure may have such a code, and keeps its message.

use std::fmt;

/// A code and its message.
pub(crate) type Words = (&'static str, &'static str);

/// There is no handler.
pub(crate) const UNKNOWN_EVENT: Words = ("unknown_event", "no handler has this name");
/// Its client takes items, and it has none.
pub(crate) const NO_ITEMS: Words = ("no_items", "it is not answered with items");
/// It has items, and its client takes none.
pub(crate) const ITEMS_ONLY: Words = ("items_only", "it is answered with items");
/// The code of [`StreamCounts`].
pub(crate) const WRONG_STREAMS: &str = "wrong_streams";

/// Its client sends other streams than its handlers take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamCounts {
    pub(crate) sent: usize,
    pub(crate) taken: usize,
}

impl StreamCounts {
    /// Those that a message tells of.
    pub(crate) fn read(message: &str) -> Option<Self> {
        let counts = message.strip_prefix("Client sent ")?.strip_suffix('.')?;
        let (sent, taken) = counts.split_once(" stream(s), handler expects ")?;
        Some(Self {
            sent: sent.parse().ok()?,
            taken: taken.parse().ok()?,
        })
    }
}

impl fmt::Display for StreamCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, taken } = self;
        write!(f, "Client sent {sent} stream(s), handler expects {taken}.")
    }
}

#[cfg(test)]
mod tests {
    use super::StreamCounts;

    /// Fails if the counts are not found in their own words, or in those of somebody else.
    #[test]
    fn the_counts_of_streams_are_read_as_they_are_written() {
        let counts = StreamCounts { sent: 12, taken: 0 };
        assert_eq!(StreamCounts::read(&counts.to_string()), Some(counts));
        for other in [
            "",
            "Client sent 1 stream(s), handler expects x.",
            "too many",
        ] {
            assert_eq!(StreamCounts::read(other), None, "{other}");
        }
    }
}
