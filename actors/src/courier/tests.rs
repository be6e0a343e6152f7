//! What tests see of a courier.

use super::Courier;
use crate::testing::inspect::{CourierView, SeatRecord};

/// What a world sees of a courier: the mirror by room, which letters are resolved by.
pub(crate) fn view(courier: &Courier) -> CourierView {
    let mut seats = Vec::new();
    for (room, mirror) in &courier.rooms {
        for (served, held) in mirror.seats() {
            let seat = SeatRecord::new(courier.worker, served.local_id, *room, &held.tags);
            seats.push((mirror.namespace.clone(), seat));
        }
    }
    CourierView {
        seats,
        served: courier.members.len(),
    }
}
