//! A map and a value whose changes can be taken back: the undo log under every supervised actor.
//! Knows nothing of what it keeps. Keys must not panic when they are compared.

use std::collections::BTreeMap;

/// An ordered map that remembers what its entries were before the present message.
#[derive(Debug)]
pub struct Ledger<K, V> {
    entries: BTreeMap<K, V>,
    undo: Vec<(K, Option<V>)>,
}

impl<K: Ord + Clone, V> Ledger<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            undo: Vec::new(),
        }
    }

    /// Sets an entry.
    pub fn put(&mut self, key: K, value: V) {
        let before = self.entries.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// Takes an entry out; `true` if there was one.
    pub fn remove(&mut self, key: &K) -> bool {
        match self.entries.remove(key) {
            Some(before) => {
                self.undo.push((key.clone(), Some(before)));
                true
            }
            None => false,
        }
    }

    /// Keeps everything since the last commit.
    pub fn commit(&mut self) {
        self.undo.clear();
    }

    /// Takes everything back that was changed since the last commit; `true` if there was something.
    pub fn rollback(&mut self) -> bool {
        let changed = !self.undo.is_empty();
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.entries.insert(key, value),
                None => self.entries.remove(&key),
            };
        }
        changed
    }

    /// Reads an entry.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// All entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// The entries from a key on, in order.
    pub fn from(&self, key: &K) -> impl Iterator<Item = (&K, &V)> {
        self.entries.range(key..)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: Ord + Clone, V> Default for Ledger<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// A single value that remembers what it was before the present message.
#[derive(Debug, Default)]
pub struct Kept<T> {
    value: T,
    before: Option<T>,
}

impl<T> Kept<T> {
    /// Starts with a value.
    pub fn new(value: T) -> Self {
        Self {
            value,
            before: None,
        }
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// Replaces the value.
    pub fn set(&mut self, value: T) {
        let before = std::mem::replace(&mut self.value, value);
        self.before.get_or_insert(before);
    }

    /// Keeps what was set.
    pub fn commit(&mut self) {
        self.before = None;
    }

    /// Takes back what was set since the last commit.
    pub fn rollback(&mut self) {
        if let Some(before) = self.before.take() {
            self.value = before;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_rollback_restores_changed_removed_and_added_entries() {
        let mut ledger = Ledger::new();
        ledger.put("a", 1);
        ledger.put("b", 2);
        ledger.commit();
        ledger.put("a", 10);
        ledger.put("a", 11);
        ledger.remove(&"b");
        ledger.put("c", 3);
        ledger.rollback();
        assert_eq!(ledger.iter().collect::<Vec<_>>(), [(&"a", &1), (&"b", &2)]);
    }

    #[test]
    fn a_commit_makes_a_later_rollback_harmless() {
        let mut ledger = Ledger::new();
        ledger.put("a", 1);
        ledger.commit();
        ledger.rollback();
        assert_eq!(ledger.get(&"a"), Some(&1));
    }

    #[test]
    fn a_kept_value_goes_back_to_the_last_commit_not_to_the_last_set() {
        let mut kept = Kept::new(1);
        kept.set(2);
        kept.set(3);
        kept.rollback();
        assert_eq!(*kept.get(), 1);
        kept.set(4);
        kept.commit();
        kept.rollback();
        assert_eq!(*kept.get(), 4);
    }
}
