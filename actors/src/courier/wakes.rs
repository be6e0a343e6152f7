//! Transports that are to take what a letter put into their outboxes. They are woken a slice at a time: a room of thousands
//! must not stand in its thread's run queue before everybody else. What waits is at most one waker for each member, and
//! the permits of the letters that they are woken for, which go back when that is done: what rooms send ahead stays bounded.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    task::Waker,
};

use crate::flow::DeliveryPermit;

/// Woken in one turn of the courier, whatever the number of letters; the next ones when the thread's other tasks have had
/// theirs. Some 0.3 ms of writing.
const SLICE: usize = 24;

enum Due {
    Wake(Waker),
    GiveBack(DeliveryPermit),
}

/// See the module.
#[derive(Default)]
pub(super) struct Wakes {
    waiting: RefCell<VecDeque<Due>>,
    /// How many were woken in this turn.
    woken: Cell<usize>,
    under_way: Cell<bool>,
}

impl Wakes {
    /// One more is to be woken by the next [`Wakes::wake`].
    pub(super) fn add(&self, waker: Waker) {
        self.waiting.borrow_mut().push_back(Due::Wake(waker));
    }

    /// Wakes some of them now, and sees to it that all are woken. `permit` goes back when they are. `fresh`: others have
    /// run since the last call.
    pub(super) fn wake(self: &Rc<Self>, permit: Option<DeliveryPermit>, fresh: bool) {
        let give_back = permit.map(Due::GiveBack);
        self.waiting.borrow_mut().extend(give_back);
        if fresh {
            self.woken.set(0);
        }
        if self.under_way.get() || self.slice() {
            return;
        }
        self.under_way.set(true);
        let wakes = self.clone();
        actix_rt::spawn(async move {
            loop {
                tokio::task::yield_now().await;
                wakes.woken.set(0);
                if wakes.slice() {
                    break;
                }
            }
            wakes.under_way.set(false);
        });
    }

    /// Whether none is left.
    fn slice(&self) -> bool {
        while self.woken.get() < SLICE {
            // Not borrowed while a waker runs.
            let next = self.waiting.borrow_mut().pop_front();
            match next {
                Some(Due::GiveBack(permit)) => drop(permit),
                Some(Due::Wake(waker)) => {
                    self.woken.set(self.woken.get() + 1);
                    waker.wake();
                }
                None => return true,
            }
        }
        self.waiting.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::*;
    use crate::{flow::DeliveryWindow, id::WorkerId};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[actix_rt::test]
    async fn many_are_woken_in_slices_with_others_between_and_none_is_left_out() {
        let (wakes, count) = (Rc::new(Wakes::default()), Arc::new(Count::default()));
        let wake = |n: usize, fresh| {
            (0..n).for_each(|_| wakes.add(Waker::from(count.clone())));
            wakes.wake(None, fresh);
        };
        wake(2 * SLICE, true);
        assert_eq!(count.0.load(Relaxed), SLICE);
        wake(1, true);
        assert_eq!(count.0.load(Relaxed), SLICE);
        while wakes.under_way.get() {
            tokio::task::yield_now().await;
        }
        assert_eq!(count.0.load(Relaxed), 2 * SLICE + 1);
        wake(SLICE - 1, true);
        wake(1, false);
        assert!(!wakes.under_way.get());
        assert_eq!(count.0.load(Relaxed), 3 * SLICE + 1);
        let window = DeliveryWindow::new(WorkerId(0), 1000);
        let permit = window.try_permit(7);
        // The turn is used up, by however many letters.
        wakes.add(Waker::from(count.clone()));
        wakes.wake(permit, false);
        assert!(wakes.under_way.get());
        assert_eq!(count.0.load(Relaxed), 3 * SLICE + 1);
        assert_eq!(window.undigested(), 7);
        while wakes.under_way.get() {
            tokio::task::yield_now().await;
        }
        assert_eq!(window.undigested(), 0);
    }
}
