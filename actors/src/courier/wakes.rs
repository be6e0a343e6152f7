//! Outboxes whose takers are to come for what a letter put into them. They are woken a slice at a time: a room of thousands
//! must not stand in its thread's run queue before everybody else. Each outbox waits here once at most, and with them the
//! permits of the letters, which go back when that is done: what rooms send ahead stays bounded.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
};

use crate::{
    flow::{DeliveryPermit, FEW},
    outbox::Outbox,
};

/// Woken in one turn of the courier, whatever the number of letters; the next ones when the thread's other tasks have had
/// theirs.
const SLICE: usize = 24;

enum Due {
    Wake(Arc<Outbox>),
    GiveBack(DeliveryPermit),
}

/// See the module.
#[derive(Default)]
pub(super) struct Wakes {
    /// Those of the present letter.
    letter: RefCell<Vec<Arc<Outbox>>>,
    /// How many have the present letter, those among them that are due already.
    members: Cell<usize>,
    waiting: RefCell<VecDeque<Due>>,
    /// How many were woken in this turn.
    woken: Cell<usize>,
    under_way: Cell<bool>,
}

impl Wakes {
    /// One more has the present letter, and is to be woken by the next [`Wakes::wake`] unless it is due already.
    pub(super) fn add(&self, outbox: &Arc<Outbox>, to_wake: bool) {
        self.members.set(self.members.get() + 1);
        if to_wake {
            self.letter.borrow_mut().push(outbox.clone());
        }
    }

    /// Wakes those of a letter to few now, and some of others; sees to it that all are woken. `permit` goes back when they
    /// are. `fresh`: others have run since the last call.
    pub(super) fn wake(self: &Rc<Self>, permit: Option<DeliveryPermit>, fresh: bool) {
        if fresh {
            self.woken.set(0);
        }
        let mut letter = self.letter.borrow_mut();
        let members = self.members.take();
        if members <= FEW as usize {
            self.woken.set(self.woken.get() + letter.len());
            letter.drain(..).for_each(|outbox| outbox.wake());
            return;
        }
        if let Some(permit) = &permit {
            permit.handed_over(members, letter.len());
        }
        let mut waiting = self.waiting.borrow_mut();
        waiting.extend(letter.drain(..).map(Due::Wake));
        waiting.extend(permit.map(Due::GiveBack));
        drop((letter, waiting));
        if self.under_way.get() || self.slice() {
            return;
        }
        self.under_way.set(true);
        let rest = Rest(self.clone());
        actix_rt::spawn(async move {
            loop {
                tokio::task::yield_now().await;
                rest.0.woken.set(0);
                if rest.0.slice() {
                    break;
                }
            }
        });
    }

    /// Whether none is left.
    fn slice(&self) -> bool {
        while self.woken.get() < SLICE {
            // Not borrowed while a waker runs.
            let next = self.waiting.borrow_mut().pop_front();
            match next {
                Some(Due::GiveBack(permit)) => drop(permit),
                Some(Due::Wake(outbox)) => {
                    self.woken.set(self.woken.get() + 1);
                    outbox.wake();
                }
                None => return true,
            }
        }
        self.waiting.borrow().is_empty()
    }
}

/// Those who are woken later. Whoever's waker panics ends it; the next letter to many begins it anew.
struct Rest(Rc<Wakes>);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.under_way.set(false);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
        task::{Context, Wake, Waker},
        time::Duration,
    };

    use bytes::Bytes;

    use super::*;
    use crate::{
        account::{MemoryAccount, SessionAccount},
        flow::DeliveryWindow,
        id::WorkerId,
        letter::{Frame, WsFrame},
        outbox::OutboxLimits,
    };

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// A courier's part: outboxes whose takers are counted when they are woken.
    struct Crowd {
        wakes: Rc<Wakes>,
        count: Arc<Count>,
    }

    impl Crowd {
        /// Pushes a frame into so many empty outboxes with a taker each.
        fn letter(&self, members: usize, permit: Option<DeliveryPermit>, fresh: bool) {
            let limits = OutboxLimits {
                bytes_max: 1 << 20,
                count_max: 100,
                stall_timeout: Duration::from_secs(1),
            };
            for _ in 0..members {
                let account =
                    SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
                let outbox = Outbox::new(limits, account);
                let waker = Waker::from(self.count.clone());
                let mut cx = Context::from_waker(&waker);
                assert!(
                    outbox
                        .poll_take(&mut cx, 1, 1, &mut Vec::new())
                        .is_pending()
                );
                for first in [true, false] {
                    let frame = Frame::single(WsFrame {
                        frame: Bytes::from_static(b"x"),
                        header: 0,
                        binary: false,
                        uncompressed: false,
                    });
                    let (_, to_wake) = outbox.push(frame, false).unwrap();
                    assert_eq!(to_wake, first, "once is enough");
                }
                self.wakes.add(&outbox, true);
            }
            self.wakes.wake(permit, fresh);
        }

        fn woken(&self) -> usize {
            self.count.0.load(Relaxed)
        }

        async fn all(&self) {
            while self.wakes.under_way.get() {
                tokio::task::yield_now().await;
            }
        }
    }

    #[actix_rt::test]
    async fn many_are_woken_in_slices_with_others_between_and_none_is_left_out() {
        let crowd = Crowd {
            wakes: Rc::default(),
            count: Arc::default(),
        };
        let window = DeliveryWindow::new(WorkerId(0), 1000);
        crowd.letter(2 * SLICE, window.try_permit(7), true);
        assert_eq!((crowd.woken(), window.undigested()), (SLICE, 7));
        // The turn is used up; a letter to few does not wait.
        crowd.letter(SLICE, None, false);
        crowd.letter(FEW as usize, window.try_permit(1), false);
        assert_eq!(crowd.woken(), SLICE + FEW as usize);
        assert_eq!(window.undigested(), 7, "its permit is back");
        crowd.all().await;
        assert_eq!(crowd.woken(), 3 * SLICE + FEW as usize);
        assert_eq!(window.undigested(), 0);
        crowd.letter(SLICE, None, true);
        assert!(!crowd.wakes.under_way.get());
        // A letter to many of whom nobody is to be woken does not overtake those who are.
        crowd.letter(2 * SLICE, window.try_permit(1), true);
        let limits = OutboxLimits {
            bytes_max: 1,
            count_max: 1,
            stall_timeout: Duration::from_secs(1),
        };
        let account = SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
        let due = Outbox::new(limits, account);
        (0..100).for_each(|_| crowd.wakes.add(&due, false));
        crowd.wakes.wake(window.try_permit(5), false);
        assert_eq!(window.undigested(), 6);
        crowd.all().await;
        assert_eq!(window.undigested(), 0);
    }

    /// Wakes nobody, and panics.
    struct Broken;

    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker panics"));
        }
    }

    #[actix_rt::test]
    async fn a_waker_that_panics_costs_nobody_the_next_letter() {
        let crowd = Crowd {
            wakes: Rc::default(),
            count: Arc::default(),
        };
        crowd.letter(SLICE, None, true);
        let limits = OutboxLimits {
            bytes_max: 100,
            count_max: 100,
            stall_timeout: Duration::from_secs(1),
        };
        let account = SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
        let broken = Outbox::new(limits, account);
        let waker = Waker::from(Arc::new(Broken));
        let mut cx = Context::from_waker(&waker);
        assert!(
            broken
                .poll_take(&mut cx, 1, 1, &mut Vec::new())
                .is_pending()
        );
        crowd.wakes.add(&broken, true);
        crowd.letter(SLICE, None, false);
        crowd.all().await;
        crowd.letter(2 * SLICE, None, true);
        crowd.all().await;
        assert_eq!(crowd.woken(), 4 * SLICE);
    }
}
