//! How something is told, whatever it says.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroU64,
};

/// How a letter travels, and what becomes of it where it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// It is for those alone for whom nothing else waits, and in no log.
    pub volatile: bool,
    /// It goes as it is, where a transport would compress it.
    pub uncompressed: bool,
    /// It replaces what waits under the same key. What is volatile never does.
    pub latest: Option<LatestKey>,
}

/// What letters have in common that replace each other: 62 bits of a hash, so that it takes no room beside a frame that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatestKey(NonZeroU64);

impl LatestKey {
    /// The bit that is always set, and the one below it that is left to others.
    const SET: u64 = 2;

    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }
}

/// Makes the keys of one hub. Its hash is its own: nobody can name a key that meets another's by intent.
#[derive(Default)]
pub(crate) struct LatestKeys(RandomState);

impl LatestKeys {
    /// The same for the same words.
    pub(crate) fn key(&self, namespace: &str, key: &str) -> LatestKey {
        let hash = self.0.hash_one((namespace, key));
        let set = NonZeroU64::MIN.saturating_add(LatestKey::SET - 1);
        LatestKey(NonZeroU64::new((hash << 2) | LatestKey::SET).unwrap_or(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if two namespaces share their keys, or if a key has no number or the bit that is not its own.
    #[test]
    fn a_key_is_of_its_namespace_and_leaves_the_lowest_bit_alone() {
        let keys = LatestKeys::default();
        let all = [("/", "a"), ("/", "b"), ("/a", ""), ("/other", "a")];
        let all = all.map(|(namespace, key)| keys.key(namespace, key));
        for (number, key) in all.iter().enumerate() {
            assert_eq!(key.bits() & 3, LatestKey::SET);
            assert!(!all[..number].contains(key));
        }
        assert_eq!(keys.key("/", "a"), all[0]);
    }
}
