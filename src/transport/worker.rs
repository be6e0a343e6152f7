//! The hub's courier on each HTTP worker thread, started by the first request that needs it.

use std::cell::RefCell;

use dondo_actors::hub::HubHandle;
use dondo_actors::message::CourierRef;

thread_local! {
    static COURIERS: RefCell<Vec<(HubHandle, CourierRef)>> = const { RefCell::new(Vec::new()) };
}

/// The courier of a hub on the present thread, which becomes one of its workers.
pub(crate) fn courier(hub: &HubHandle) -> CourierRef {
    COURIERS.with_borrow_mut(|couriers| {
        if let Some((_, courier)) = couriers.iter().find(|(known, _)| known.is(hub)) {
            return courier.clone();
        }
        let courier = hub.courier();
        couriers.push((hub.clone(), courier.clone()));
        courier
    })
}
