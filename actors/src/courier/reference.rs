//! A courier as rooms and sessions hold it.

use std::{sync::Arc, time::Duration};

use actix::Handler;

use super::Courier;
use crate::{
    flow::{DeliveryPermit, DeliveryWindow},
    id::WorkerId,
    post::Post,
};

/// See the module.
#[derive(Clone)]
pub struct CourierRef {
    /// Its worker.
    pub worker: WorkerId,
    /// The way to it.
    pub post: Post<Courier>,
    /// What rooms may send it.
    pub window: Arc<DeliveryWindow>,
}

impl CourierRef {
    /// Whether it takes anything: it lives and is not given up.
    pub(crate) fn takes(&self) -> bool {
        !self.window.given_up() && self.post.connected()
    }

    /// Sends what a room owes the courier; nothing, and `false`, while the courier is given up.
    pub(crate) fn send<M>(&self, message: M) -> bool
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        Courier: Handler<M>,
    {
        let takes = self.takes();
        if takes {
            self.post.control(message);
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

    /// Waits for all couriers, one after the other; those that are given up meanwhile are left out. What it gets beyond
    /// the need is a purse for the messages that follow.
    pub(crate) async fn wait(needs: Vec<(CourierRef, usize)>, patience: Duration) -> (Self, Self) {
        let (mut permits, mut purse) = (Self::default(), Self::default());
        for (courier, cost) in needs {
            let quantum = cost.max(QUANTUM);
            if courier.takes()
                && let Some(mut all) = courier.window.wait(quantum, patience).await
            {
                let permit = all.split(cost);
                permits
                    .0
                    .push((courier.worker, permit.unwrap_or_else(|| all.rest())));
                purse.0.push((courier.worker, all));
            }
        }
        (permits, purse)
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
