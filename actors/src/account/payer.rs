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
    /// It has been closed, and has not let go yet.
    pub is_leaving: bool,
}

impl Payer {
    /// Those that leave already first, then those that take nothing, then those of the address that holds most, and of those the
    /// ones that hold most: one who sends a single large message must not go for many who each hold back a smaller one.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let weight = (Reverse(self.address_bytes), Reverse(self.bytes));
        (!self.is_leaving, self.reads, weight)
    }

    /// Whom of these to close so that so many bytes are given back, the first in order first. Those that leave already give back
    /// theirs, too: each look would else close more while a worker is late.
    pub(crate) fn to_close<W>(
        payers: Vec<(W, Self)>,
        surplus: u64,
    ) -> impl Iterator<Item = (W, Self)> {
        let mut left = surplus;
        let mut needed = move |payer: &Self| {
            let is_needed = left > 0;
            left = left.saturating_sub(payer.bytes as u64);
            is_needed
        };
        payers
            .into_iter()
            .take_while(move |(_, payer)| needed(payer))
            .filter(|(_, payer)| !payer.is_leaving)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if somebody is closed for bytes that others are about to give back.
    #[test]
    fn who_leaves_already_is_counted_and_not_closed_again() {
        let payer = |bytes, is_leaving| Payer {
            local_id: LocalId(bytes as u64),
            bytes,
            address_bytes: bytes,
            reads: false,
            is_leaving,
        };
        let mut payers = vec![
            ((), payer(70, false)),
            ((), payer(50, false)),
            ((), payer(40, true)),
        ];
        payers.sort_by_key(|(_, payer)| payer.order());
        let closed = |surplus| -> Vec<usize> {
            let payers = Payer::to_close(payers.clone(), surplus);
            payers.map(|(_, payer)| payer.bytes).collect()
        };
        assert_eq!(closed(40), []);
        assert_eq!(closed(41), [70]);
        assert_eq!(closed(111), [70, 50]);
        assert_eq!(closed(1000), [70, 50]);
    }
}
