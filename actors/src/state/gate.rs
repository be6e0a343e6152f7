//! What leaves a namespace's rooms, in the order in which the log has committed it: two rooms may come to their commits in
//! another order than the feed said them.
//! Knows no log and no room: it orders places.

use std::collections::VecDeque;

/// A commit's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceId(u64);

/// See the module. `T` is what passes.
#[derive(Debug)]
pub struct Gate<T> {
    places: VecDeque<Expected<T>>,
    /// The number of the first place.
    first: u64,
}

#[derive(Debug)]
struct Expected<T> {
    released: bool,
    held: Vec<T>,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self {
            places: VecDeque::new(),
            first: 0,
        }
    }
}

impl<T> Gate<T> {
    /// A commit has come: what it leads to has its place behind all that was expected before.
    pub fn expect(&mut self) -> PlaceId {
        let number = self.first + self.places.len() as u64;
        self.places.push_back(Expected {
            released: false,
            held: Vec::new(),
        });
        PlaceId(number)
    }

    /// What a commit leads to, all of it; what may pass now, in order.
    pub fn release(&mut self, place: PlaceId, passing: Vec<T>) -> Vec<T> {
        let at = place.0.checked_sub(self.first);
        let at = at.and_then(|at| self.places.get_mut(at as usize));
        if let Some(place) = at {
            place.released = true;
            // What came for it meanwhile came later.
            place.held.splice(0..0, passing);
        }
        self.pass()
    }

    /// What follows from no commit passes behind all that is expected; what may pass now, in order.
    pub fn behind(&mut self, passing: T) -> Vec<T> {
        match self.places.back_mut() {
            Some(last) => last.held.push(passing),
            None => return vec![passing],
        }
        Vec::new()
    }

    /// Whether something is expected.
    pub fn is_closed(&self) -> bool {
        !self.places.is_empty()
    }

    fn pass(&mut self) -> Vec<T> {
        let mut passing = Vec::new();
        while self.places.front().is_some_and(|place| place.released)
            && let Some(place) = self.places.pop_front()
        {
            self.first += 1;
            passing.extend(place.held);
        }
        passing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_released_early_passes_behind_what_was_expected_before() {
        let mut gate = Gate::default();
        let (a, b, c) = (gate.expect(), gate.expect(), gate.expect());
        assert!(gate.release(b, vec!["b"]).is_empty());
        assert!(gate.release(c, vec![]).is_empty());
        assert!(gate.is_closed());
        assert_eq!(gate.release(a, vec!["a1", "a2"]), ["a1", "a2", "b"]);
        assert!(!gate.is_closed());
    }

    #[test]
    fn what_follows_from_no_commit_passes_at_once_or_behind_all_that_is_expected() {
        let mut gate = Gate::default();
        assert_eq!(gate.behind("free"), ["free"]);
        let (a, b) = (gate.expect(), gate.expect());
        assert!(gate.behind("later").is_empty());
        assert!(gate.release(b, vec!["b"]).is_empty());
        assert_eq!(gate.release(a, vec!["a"]), ["a", "b", "later"]);
        assert_eq!(gate.behind("free again"), ["free again"]);
    }

    #[test]
    fn a_place_that_is_released_twice_holds_nobody_up() {
        let mut gate = Gate::default();
        let a = gate.expect();
        assert_eq!(gate.release(a, vec![1]), [1]);
        let b = gate.expect();
        assert!(gate.release(a, vec![2]).is_empty());
        assert_eq!(gate.release(b, vec![3]), [3]);
    }
}
