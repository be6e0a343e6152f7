//! The hub's courier on each HTTP worker thread, started by the first request that needs it.

use std::cell::RefCell;

use dondo_actors::hub::{HubHandle, WeakHubHandle};
use dondo_actors::message::{CourierRef, WeakCourierRef};

thread_local! {
    static COURIERS: RefCell<Vec<(WeakHubHandle, WeakCourierRef)>> = const { RefCell::new(Vec::new()) };
}

/// The courier of a hub on the present thread, which becomes one of its workers.
pub(crate) fn courier(hub: &HubHandle) -> CourierRef {
    COURIERS.with_borrow_mut(|couriers| {
        let known = couriers.iter().find(|(known, _)| known.is(hub));
        if let Some(courier) = known.and_then(|(_, courier)| courier.upgrade()) {
            return courier;
        }
        // Hubs come and go.
        couriers.retain(|(_, courier)| courier.upgrade().is_some());
        let courier = hub.courier();
        couriers.push((hub.downgrade(), courier.downgrade()));
        courier
    })
}
