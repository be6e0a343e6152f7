//! A courier as rooms and sessions hold it.

use std::{
    ops::Deref,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{Ping, ToCourier};
use crate::{
    error::Fault,
    flow::{DeliveryPermit, DeliveryWindow, FEW, GLANCE},
    id::WorkerId,
    mailbox::{Mailbox, Reply},
};

/// See the module. One pointer: every session, member and entry in a directory has one.
#[derive(Clone)]
pub struct CourierRef(Arc<CourierParts>);

/// A courier that its hub keeps alive.
#[derive(Clone)]
pub struct WeakCourierRef(Weak<CourierParts>);

impl WeakCourierRef {
    /// The courier, while its hub lives.
    pub fn upgrade(&self) -> Option<CourierRef> {
        self.0.upgrade().map(CourierRef)
    }
}

/// What there is of a courier, once for all that hold it.
pub struct CourierParts {
    /// Its worker.
    pub worker: WorkerId,
    /// The way to it.
    pub mailbox: Mailbox<ToCourier>,
    /// What rooms may send it.
    pub window: Arc<DeliveryWindow>,
}

impl Deref for CourierRef {
    type Target = CourierParts;

    fn deref(&self) -> &CourierParts {
        &self.0
    }
}

impl CourierRef {
    pub(crate) fn new(
        worker: WorkerId,
        mailbox: Mailbox<ToCourier>,
        window: Arc<DeliveryWindow>,
    ) -> Self {
        Self(Arc::new(CourierParts {
            worker,
            mailbox,
            window,
        }))
    }

    /// The same, which does not keep it alive.
    pub fn downgrade(&self) -> WeakCourierRef {
        WeakCourierRef(Arc::downgrade(&self.0))
    }

    /// Whether it takes anything: it lives and is not given up.
    pub(crate) fn takes(&self) -> bool {
        !self.window.suspended() && self.mailbox.connected()
    }

    /// Waits for leave to send so much. `None`: it is given up.
    pub(crate) async fn permit(&self, cost: usize, patience: Duration) -> Option<DeliveryPermit> {
        let poke = || self.poke();
        self.window.clone().wait(cost, patience, poke).await
    }

    fn poke(&self) {
        self.mailbox.send(Ping(Reply::new().0));
    }

    /// Waits for what it answers: for `ahead` whatever it does, then as long as it does anything at all. `None`: it takes
    /// nothing any more, and its members are gone, or about to be closed.
    ///
    /// # Errors
    /// It crashed on what it was asked, or has done nothing at all for `patience`.
    pub(crate) async fn answered<T>(
        &self,
        mut answer: oneshot::Receiver<T>,
        ahead: Duration,
        patience: Duration,
    ) -> Result<Option<T>, Fault> {
        let glance = GLANCE.min(patience);
        let glances = (patience.as_millis() / GLANCE.as_millis()).max(1);
        let (mut seen, mut still, mut limit) = (self.window.handled(), 0, ahead.max(glance));
        loop {
            match timeout(limit, &mut answer).await {
                Ok(Ok(answer)) => return Ok(Some(answer)),
                _ if !self.takes() => return Ok(None),
                Ok(Err(_)) => return Err(Fault::Crashed),
                Err(_) if self.window.handled() != seen => {
                    (seen, still) = (self.window.handled(), 0);
                }
                Err(_) if still == glances => return Err(Fault::Late),
                Err(_) => still += 1,
            }
            self.window.poke(|| self.poke());
            limit = glance;
        }
    }

    /// Sends what a room owes the courier; nothing, and `false`, while the courier is given up.
    pub(crate) fn send(&self, word: impl Into<ToCourier>) -> bool {
        let takes = self.takes();
        if takes {
            self.mailbox.send(word);
        }
        takes
    }
}

/// Leave to send to several couriers.
#[derive(Default)]
pub(crate) struct Permits(Vec<(WorkerId, DeliveryPermit)>);

/// A sender that had to wait takes leave for this many deliveries at once: a small room then gets its share of
/// deliveries, not of messages.
const QUANTUM: usize = 128;

impl Permits {
    /// Permits for all couriers, each with its cost, out of `purse` or at once. `None`: somebody has to wait.
    pub(crate) fn now(needs: &[(CourierRef, usize)], purse: &mut Self) -> Option<Self> {
        let permit = |(courier, cost): &(CourierRef, usize)| {
            let permit = match purse.split(courier.worker, *cost) {
                Some(permit) => permit,
                None => courier.window.try_permit(*cost)?,
            };
            Some((courier.worker, permit))
        };
        let takes = |(courier, _): &&(CourierRef, usize)| courier.takes();
        let permits = needs.iter().filter(takes).map(permit);
        permits.collect::<Option<_>>().map(Self)
    }

    /// Waits for all couriers, in the order of workers; those that are given up meanwhile are left out. What it gets beyond the
    /// need is a purse for the messages that follow.
    pub(crate) async fn wait(
        mut needs: Vec<(CourierRef, usize)>,
        patience: Duration,
    ) -> (Self, Self) {
        // Two who wait for each other's couriers would wait for ever.
        needs.sort_by_key(|(courier, _)| courier.worker);
        loop {
            match Self::gather(&needs, patience).await {
                Ok(permits) => return permits,
                // What is held of the others while one stands still would keep everybody else from them.
                Err((courier, cost)) => drop(courier.permit(cost, patience).await),
            }
        }
    }

    /// As [`Permits::wait`], but for the courier that stands still while permits of others are held.
    async fn gather(
        needs: &[(CourierRef, usize)],
        patience: Duration,
    ) -> Result<(Self, Self), (&CourierRef, usize)> {
        let (mut permits, mut purse) = (Self::default(), Self::default());
        for (courier, cost) in needs {
            if !courier.takes() {
                continue;
            }
            // Who needs little may have it of what is kept for such letters.
            let quantum = if *cost <= FEW as usize {
                *cost
            } else {
                (*cost).max(courier.window.cost(QUANTUM, 0))
            };
            let permit = courier.permit(quantum, patience);
            tokio::pin!(permit);
            let permit = loop {
                let seen = courier.window.handled();
                match timeout(GLANCE, permit.as_mut()).await {
                    Ok(permit) => break permit,
                    Err(_) if permits.0.is_empty() || courier.window.handled() != seen => {}
                    Err(_) => return Err((courier, quantum)),
                }
            };
            if let Some(mut all) = permit {
                let permit = all.split(*cost).unwrap_or_else(|| all.rest());
                permits.0.push((courier.worker, permit));
                purse.0.push((courier.worker, all));
            }
        }
        Ok((permits, purse))
    }

    /// The permit for a courier: goes with the last thing that is sent there.
    pub(crate) fn take(&mut self, worker: WorkerId) -> Option<DeliveryPermit> {
        let at = self.0.iter().position(|(one, _)| *one == worker)?;
        Some(self.0.swap_remove(at).1)
    }

    fn split(&mut self, worker: WorkerId, cost: usize) -> Option<DeliveryPermit> {
        let (_, permit) = self.0.iter_mut().find(|(one, _)| *one == worker)?;
        permit.split(cost)
    }
}
