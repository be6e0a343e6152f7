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

/// What a command may send to its couriers: a permit for each that takes something.
#[derive(Default)]
pub(crate) struct Permits(Vec<(WorkerId, DeliveryPermit)>);

impl Permits {
    /// Permits for all couriers, each with its cost, if none is to be waited for.
    pub(crate) fn now(needs: &[(CourierRef, usize)]) -> Option<Self> {
        let permit = |(courier, cost): &(CourierRef, usize)| {
            Some((courier.worker, courier.window.try_permit(*cost)?))
        };
        let takes = |(courier, _): &&(CourierRef, usize)| courier.takes();
        needs
            .iter()
            .filter(takes)
            .map(permit)
            .collect::<Option<_>>()
            .map(Self)
    }

    /// As [`Permits::now`], in the order of the couriers; those that are given up meanwhile are left out.
    pub(crate) async fn wait(needs: Vec<(CourierRef, usize)>, patience: Duration) -> Self {
        let mut permits = Vec::with_capacity(needs.len());
        for (courier, cost) in needs {
            if courier.takes()
                && let Some(permit) = courier.window.wait(cost, patience).await
            {
                permits.push((courier.worker, permit));
            }
        }
        Self(permits)
    }

    /// The permit for a courier: goes with the last thing that is sent there.
    pub(crate) fn take(&mut self, worker: WorkerId) -> Option<DeliveryPermit> {
        let at = self.0.iter().position(|(one, _)| *one == worker)?;
        Some(self.0.swap_remove(at).1)
    }
}
