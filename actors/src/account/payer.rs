//! Sessions in the order in which they are closed where too much is held.

use std::cmp::Reverse;

use crate::id::LocalId;

/// Who holds fewer bytes is not closed for them: names and leave events of quiet members, whose end frees nothing that counts.
pub(crate) const SMALL: usize = 4096;

/// How many sessions a courier names at once.
pub(crate) const NAMED: usize = 64;

/// A session that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Its place.
    pub local_id: LocalId,
    /// The bytes that were asked for.
    pub bytes: usize,
    /// Those that all sessions of its address hold on this worker, where that has limits; else its own.
    pub address_bytes: usize,
    /// Whether it took something lately.
    pub reads: bool,
}

impl Payer {
    /// Those that take nothing first, then those of the address that holds most, and of those the ones that hold most: one
    /// who sends a single large message must not go for many who each hold back a smaller one.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        (self.reads, Reverse(self.address_bytes), Reverse(self.bytes))
    }
}

/// Which bytes of a session count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// All that it holds.
    All,
    /// Messages, packets and bodies of which a part has come.
    Partial,
}
