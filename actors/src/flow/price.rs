//! What a delivery costs of a courier's window. Letters that wait together leave in one write for each member, and that is
//! what makes a busy hub fast; but beyond some dozens of frames a write gets no better, and whoever else uses the courier
//! waits behind them all. A room of hundreds reaches that with less than the whole window, one of thousands does not.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// More frames in a write than this, and deliveries cost twice as much: half as many wait.
const MOST: usize = 48;
/// Fewer than this, and they cost half as much, down to 1.
const LEAST: usize = 16;
/// The price is looked at after so many windows' worth of deliveries: in a part of one, nobody may have been without
/// anything waiting.
const SAMPLE: usize = 4;
const PRICE_MAX: usize = 8;

/// See the module. Written by the courier alone.
#[derive(Debug)]
pub(super) struct Price {
    price: AtomicUsize,
    sample: usize,
    deliveries: AtomicUsize,
    writes: AtomicUsize,
}

impl Price {
    pub(super) fn new(window: usize) -> Self {
        Self {
            sample: SAMPLE * window,
            price: AtomicUsize::new(1),
            deliveries: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
        }
    }

    pub(super) fn now(&self) -> usize {
        self.price.load(Relaxed)
    }

    /// A letter was handed to so many members, of whom `writes` had nothing waiting.
    pub(super) fn observe(&self, deliveries: usize, writes: usize) {
        let deliveries = self.deliveries.load(Relaxed) + deliveries;
        let writes = self.writes.load(Relaxed) + writes;
        if deliveries < self.sample {
            self.deliveries.store(deliveries, Relaxed);
            self.writes.store(writes, Relaxed);
            return;
        }
        self.deliveries.store(0, Relaxed);
        self.writes.store(0, Relaxed);
        let price = self.now();
        let frames = deliveries / writes.max(1);
        if frames > MOST {
            self.price.store((price * 2).min(PRICE_MAX), Relaxed);
        } else if frames < LEAST {
            self.price.store((price / 2).max(1), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: usize = 16 * 1024;

    /// A window that a room keeps full: the letters in it go out in one write a member.
    fn settle(price: &Price, members: usize) -> usize {
        for _ in 0..20 * SAMPLE * WINDOW / members {
            let letters = (WINDOW / (members * price.now())).max(1);
            for letter in 0..letters {
                price.observe(members, if letter == 0 { members } else { 0 });
            }
        }
        price.now()
    }

    /// With one price for all, a room of 100 had 160 letters in the window, and everybody else waited behind 16,000 deliveries.
    #[test]
    fn what_waits_is_some_dozens_of_letters_for_rooms_of_any_size() {
        let price = Price::new(WINDOW);
        for (members, expected) in [(2000, 1), (1000, 1), (100, 4), (25, 8), (500, 1), (3000, 1)] {
            let settled = settle(&price, members);
            let letters = WINDOW / (members * settled);
            assert_eq!(settled, expected, "{members} members");
            assert!(letters <= 2 * MOST, "{members} members: {letters} letters");
        }
    }

    #[test]
    fn a_member_that_never_has_nothing_waiting_does_not_divide_by_nothing() {
        let price = Price::new(WINDOW);
        price.observe(SAMPLE * WINDOW, 0);
        assert_eq!(price.now(), 2);
    }
}
