//! Counts the couriers that have still to hand a letter on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::task::AtomicWaker;

use crate::{answers::Answers, flow::HubWord, id::LogPosition};

/// A letter's way: sent when its delivery is queued at every courier that has members of the audience.
#[derive(Clone, Debug)]
pub struct NotifyAnswer {
    /// Members it was handed to; 0 if it went to several rooms, of which only couriers know who is in them.
    pub recipients: usize,
    /// What the log answered.
    pub position: LogPosition,
    /// Tells when the couriers have handed it on.
    pub receipt: Arc<Receipt>,
}

impl NotifyAnswer {
    /// Nobody is there to have it.
    pub(crate) fn nobody() -> Self {
        Self {
            recipients: 0,
            position: LogPosition::default(),
            receipt: Receipt::new(0, None),
        }
    }
}

/// Counts the couriers that have still to hand a letter on.
#[derive(Debug)]
pub struct Receipt {
    pending: AtomicUsize,
    failed: AtomicBool,
    /// Outboxes that have the letter.
    delivered: AtomicUsize,
    waiter: AtomicWaker,
    /// The thread that waits.
    home: Option<Answers>,
    /// The place of what the hub itself says.
    word: Option<HubWord>,
}

impl Receipt {
    /// For a letter that goes to `couriers`, and is waited for at `home`.
    pub(crate) fn new(couriers: usize, home: Option<Answers>) -> Arc<Self> {
        Self::of_hub(couriers, home, None)
    }

    /// The same, for what may have a place that is given back when all have handed it on.
    pub(crate) fn of_hub(
        couriers: usize,
        home: Option<Answers>,
        word: Option<HubWord>,
    ) -> Arc<Self> {
        let word = word.filter(|_| couriers > 0);
        Arc::new(Self {
            pending: AtomicUsize::new(couriers),
            failed: AtomicBool::new(false),
            delivered: AtomicUsize::new(0),
            waiter: AtomicWaker::new(),
            home,
            word,
        })
    }

    /// One courier is done: it has put the letter into so many outboxes, or crashed on it.
    pub(crate) fn settle(self: &Arc<Self>, delivered: Option<usize>) {
        match delivered {
            Some(0) => {}
            Some(delivered) => drop(self.delivered.fetch_add(delivered, Ordering::Relaxed)),
            None => self.failed.store(true, Ordering::Release),
        }
        if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            if let Some(word) = &self.word {
                word.handed_on();
            }
            let receipt = self.clone();
            Answers::give(self.home.as_ref(), move || receipt.waiter.wake());
        }
    }

    /// Waits until all couriers are done; how many outboxes have the letter, or `None` if a courier crashed on it.
    pub async fn settled(&self) -> Option<usize> {
        std::future::poll_fn(|cx| {
            self.waiter.register(cx.waker());
            match self.pending.load(Ordering::Acquire) {
                0 => std::task::Poll::Ready(()),
                _ => std::task::Poll::Pending,
            }
        })
        .await;
        let failed = self.failed.load(Ordering::Acquire);
        (!failed).then(|| self.delivered.load(Ordering::Relaxed))
    }
}
