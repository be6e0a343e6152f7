//! The window between rooms and one courier, in deliveries: what waits before the courier is so little that everybody
//! else's letters come through. First come, first served; a part is kept for letters to few, so that they need not wait
//! until there is room for one to thousands.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, time::timeout};

use super::price::Price;
use crate::{id::WorkerId, notice::cause};

/// A frame costs one delivery for each member, and one more for each so many bytes: that is what writing it costs.
const BYTES_A_DELIVERY: usize = 16 * 1024;

/// This part of the window is kept for letters to [`FEW`].
const RESERVE: u32 = 8;
/// What a letter to few costs at most: so little that rooms of dozens, of which there are hundreds at once, do not use up
/// what is kept for them.
pub(crate) const FEW: u32 = 16;

/// While somebody waits for a courier, it is looked at this often.
pub(crate) const GLANCE: Duration = Duration::from_millis(100);

/// What rooms have sent to one courier and it has not done yet.
///
/// A courier that is slow makes rooms wait, and they their senders. One that does nothing at all for its rooms' patience
/// is given up: nothing more is sent to it, and when its thread runs again it closes all its sessions, so that nobody
/// misses a letter unknowingly.
#[derive(Debug)]
pub struct DeliveryWindow {
    worker: WorkerId,
    /// What a single letter may take at most.
    size: u32,
    /// What a letter to few costs at most.
    few: u32,
    free: Semaphore,
    /// For letters to few, which need not wait until there is room for one to thousands.
    reserve: Semaphore,
    undigested: AtomicUsize,
    price: Price,
    /// Messages that the courier has ever handled.
    handled: AtomicU64,
    /// Somebody who waits has given it something to do that it has not handled.
    poked: AtomicBool,
    /// Odd while the courier is given up.
    generation: AtomicUsize,
    /// Members of the largest account that the courier has had since it had none.
    largest_account: AtomicUsize,
}

/// Leave to send something to a courier; back when it is dropped.
#[derive(Debug)]
pub struct DeliveryPermit {
    window: Arc<DeliveryWindow>,
    cost: u32,
    pool: Pool,
}

/// Where a permit goes back to.
#[derive(Clone, Copy, Debug)]
enum Pool {
    Free,
    Reserve,
}

fn deliveries(members: usize, bytes: usize) -> usize {
    1 + members * (1 + bytes / BYTES_A_DELIVERY)
}

impl DeliveryWindow {
    pub(crate) fn new(worker: WorkerId, size: usize) -> Arc<Self> {
        let size = u32::try_from(size.max(1)).unwrap_or(u32::MAX >> 4);
        let reserve = if size / RESERVE < FEW {
            0
        } else {
            size / RESERVE
        };
        Arc::new(Self {
            worker,
            size: size - reserve,
            few: if reserve == 0 { 0 } else { FEW },
            free: Semaphore::new((size - reserve) as usize),
            reserve: Semaphore::new(reserve as usize),
            undigested: AtomicUsize::new(0),
            price: Price::new(size as usize),
            handled: AtomicU64::new(0),
            poked: AtomicBool::new(false),
            generation: AtomicUsize::new(0),
            largest_account: AtomicUsize::new(0),
        })
    }

    /// An account has so many members here.
    pub(crate) fn account_grew(&self, members: usize) {
        self.largest_account.fetch_max(members, Ordering::Relaxed);
    }

    /// No account has members here.
    pub(crate) fn no_accounts(&self) {
        self.largest_account.store(0, Ordering::Relaxed);
    }

    /// Members that so many accounts have here at most, near enough.
    pub(crate) fn members_of(&self, accounts: usize) -> usize {
        accounts.saturating_mul(self.largest_account.load(Ordering::Relaxed))
    }

    /// What a letter of `bytes` to `members` of the courier costs at present.
    pub(crate) fn cost(&self, members: usize, bytes: usize) -> usize {
        match deliveries(members, bytes) {
            few if few <= FEW as usize => few,
            many => many * self.price.now(),
        }
    }

    /// Deliveries that the courier has not done, at their cost.
    pub fn undigested(&self) -> usize {
        self.undigested.load(Ordering::Acquire)
    }

    /// Whether the courier was given up and has not noticed yet.
    pub fn suspended(&self) -> bool {
        self.generation() % 2 == 1
    }

    /// Whether somebody would have to wait.
    pub fn full(&self) -> bool {
        self.free.available_permits() == 0
    }

    /// Messages that the courier has ever handled: while this moves, it lives.
    pub fn handled(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// Changes whenever the courier is given up, and when it has noticed.
    pub(crate) fn generation(&self) -> usize {
        self.generation.load(Ordering::Acquire)
    }

    /// The courier has handled a message.
    pub(crate) fn progress(&self) {
        // One writer, the courier: no read-modify-write is needed.
        self.handled
            .store(self.handled.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Gives the courier something to do, if it has nothing of the kind: one that nobody sends anything to makes no progress
    /// either.
    pub(crate) fn poke(&self, poke: impl Fn()) {
        if !self.poked.swap(true, Ordering::AcqRel) {
            poke();
        }
    }

    /// The courier has handled what one who waits gave it to do.
    pub(crate) fn answered(&self) {
        self.poked.store(false, Ordering::Release);
    }

    /// The courier has noticed that it was given up.
    pub(crate) fn noticed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Leave at once, if nobody waits and there is room.
    pub(crate) fn try_permit(self: &Arc<Self>, cost: usize) -> Option<DeliveryPermit> {
        let cost = self.within(cost);
        if let Ok(room) = self.free.try_acquire_many(cost) {
            room.forget();
            return Some(self.permit(cost, Pool::Free));
        }
        if cost > self.few {
            return None;
        }
        self.reserve.try_acquire_many(cost).ok()?.forget();
        Some(self.permit(cost, Pool::Reserve))
    }

    /// Waits for leave. `None`: the courier is given up, by this very wait if it makes no progress for `patience`.
    /// See [`DeliveryWindow::poke`].
    pub(crate) async fn wait(
        self: Arc<Self>,
        cost: usize,
        patience: Duration,
        poke: impl Fn(),
    ) -> Option<DeliveryPermit> {
        let cost = self.within(cost);
        let few = cost <= self.few;
        let room = async {
            tokio::select! {
                biased;
                room = self.free.acquire_many(cost) => (room, Pool::Free),
                room = self.reserve.acquire_many(cost), if few => (room, Pool::Reserve),
            }
        };
        tokio::pin!(room);
        let glances = (patience.as_millis() / GLANCE.as_millis()).max(1);
        let (mut seen, mut still) = (self.handled(), 0);
        let glance = GLANCE.min(patience);
        loop {
            if self.suspended() {
                return None;
            }
            self.poke(&poke);
            // Patience is counted in glances of our own: a process that was stopped as a whole gives nobody up.
            match timeout(glance, room.as_mut()).await {
                Ok((room, pool)) => {
                    room.ok()?.forget();
                    return Some(self.permit(cost, pool));
                }
                Err(_) if self.handled() != seen => (seen, still) = (self.handled(), 0),
                Err(_) => still += 1,
            }
            if still >= glances {
                self.give_up(patience);
            }
        }
    }

    fn give_up(&self, patience: Duration) {
        let generation = self.generation();
        // Of several that wait, one is first.
        let first = generation.is_multiple_of(2)
            && self
                .generation
                .compare_exchange(
                    generation,
                    generation + 1,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                )
                .is_ok();
        if first {
            let (worker, patience) = (self.worker.0, patience.as_millis());
            cause::COURIER_GIVEN_UP.tell(
                None,
                None,
                format_args!(
                    "worker {worker} has done nothing at all for {patience} ms: nothing more is sent to it, its members will be closed"
                ),
            );
        }
    }

    /// A letter to more members than the window is wide takes all of it.
    fn within(&self, cost: usize) -> u32 {
        u32::try_from(cost).unwrap_or(u32::MAX).clamp(1, self.size)
    }

    fn permit(self: &Arc<Self>, cost: u32, pool: Pool) -> DeliveryPermit {
        self.undigested.fetch_add(cost as usize, Ordering::AcqRel);
        DeliveryPermit {
            window: self.clone(),
            cost,
            pool,
        }
    }
}

impl DeliveryPermit {
    /// Its letter was handed to so many members, of whom `writes` had nothing waiting.
    pub(crate) fn handed_over(&self, members: usize, writes: usize) {
        self.window.price.observe(members, writes);
    }

    /// A part of this permit, if it is large enough.
    pub(crate) fn split(&mut self, cost: usize) -> Option<Self> {
        let cost = u32::try_from(cost).ok().filter(|&cost| cost <= self.cost)?;
        self.cost -= cost;
        Some(Self {
            window: self.window.clone(),
            cost,
            pool: self.pool,
        })
    }

    /// All that is left of it.
    pub(crate) fn rest(&mut self) -> Self {
        Self {
            window: self.window.clone(),
            cost: std::mem::take(&mut self.cost),
            pool: self.pool,
        }
    }
}

impl Drop for DeliveryPermit {
    fn drop(&mut self) {
        if self.cost == 0 {
            return;
        }
        let window = &self.window;
        window
            .undigested
            .fetch_sub(self.cost as usize, Ordering::AcqRel);
        match self.pool {
            Pool::Free => window.free.add_permits(self.cost as usize),
            Pool::Reserve => window.reserve.add_permits(self.cost as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_courier_that_is_slow_is_waited_for_however_long_it_takes() {
        let window = DeliveryWindow::new(WorkerId(0), 10);
        let mut taken = Vec::from([window.try_permit(10).unwrap()]);
        let waiting = tokio::spawn(window.clone().wait(5, PATIENCE, || {}));
        for _ in 0..100 {
            tokio::time::sleep(PATIENCE / 2).await;
            window.progress();
        }
        assert!(!window.suspended() && !waiting.is_finished());
        taken.clear();
        assert!(waiting.await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_courier_that_does_nothing_is_given_up_and_all_who_wait_go_on() {
        let window = DeliveryWindow::new(WorkerId(0), 10);
        let _taken = window.try_permit(10).unwrap();
        let waits: Vec<_> = (0..3)
            .map(|_| tokio::spawn(window.clone().wait(5, PATIENCE, || {})))
            .collect();
        for wait in waits {
            assert!(wait.await.unwrap().is_none());
        }
        assert!(window.suspended());
        window.noticed();
        assert!(!window.suspended());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_overtakes_one_who_waits_for_much() {
        let window = DeliveryWindow::new(WorkerId(0), 10);
        let half = window.try_permit(5).unwrap();
        let rest = window.try_permit(5).unwrap();
        let waiting = tokio::spawn(window.clone().wait(10, PATIENCE, || {}));
        tokio::task::yield_now().await;
        drop(half);
        assert!(window.try_permit(1).is_none(), "it would have overtaken");
        drop(rest);
        let whole = waiting.await.unwrap().unwrap();
        assert_eq!(window.undigested(), 10);
        drop(whole);
        assert_eq!(window.undigested(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_letter_to_few_does_not_wait_behind_one_to_thousands() {
        let window = DeliveryWindow::new(WorkerId(0), 640);
        let most = window.try_permit(560).unwrap();
        let waiting = tokio::spawn(window.clone().wait(560, PATIENCE, || {}));
        tokio::task::yield_now().await;
        let mut few: Vec<_> = (0..8).map(|_| window.try_permit(10).unwrap()).collect();
        assert!(window.try_permit(10).is_none(), "what is kept has an end");
        assert_eq!(window.undigested(), 640);
        let small = tokio::spawn(window.clone().wait(10, PATIENCE, || {}));
        tokio::task::yield_now().await;
        few.pop();
        assert!(
            small.await.unwrap().is_some(),
            "it waits for what is kept, too"
        );
        drop(most);
        assert!(waiting.await.unwrap().is_some());
    }

    #[test]
    fn a_letter_larger_than_the_window_takes_all_of_it_and_gives_all_back() {
        let window = DeliveryWindow::new(WorkerId(0), 10);
        let permit = window.try_permit(1000).unwrap();
        assert_eq!(window.undigested(), 10);
        drop(permit);
        assert!(window.try_permit(10).is_some());
    }
}
