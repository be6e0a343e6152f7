//! The way from a namespace's rooms to the couriers: straight, unless commits of a late log are under way, which leave in the
//! log's order.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{CourierRef, ToCourier, ToNamespace};
use crate::{mailbox::WeakMailbox, state::gate::PlaceId};

/// Something for a courier that waits for its place in the order of the namespace's log. It holds no permit: whoever waits for
/// permits might be the one whose place is awaited.
pub struct Parcel {
    courier: CourierRef,
    word: ToCourier,
}

impl Parcel {
    pub(crate) fn new(courier: CourierRef, mut word: ToCourier) -> Self {
        match &mut word {
            ToCourier::Deliver(deliver) => deliver.permit = None,
            ToCourier::AskedLetter(asked) => asked.deliver.permit = None,
            ToCourier::MirrorJoin(join) => join.permit = None,
            ToCourier::MirrorLeave(leave) => leave.permit = None,
            _ => {}
        }
        Self { courier, word }
    }

    pub(crate) fn send(self) {
        pass(&self.courier, self.word);
    }
}

/// Sends. Where it is not taken, whoever waits for it is told.
pub(crate) fn pass(courier: &CourierRef, word: ToCourier) {
    if courier.takes() {
        return courier.mailbox.send(word);
    }
    let receipt = match &word {
        ToCourier::Deliver(deliver) => deliver.receipt.as_ref(),
        ToCourier::AskedLetter(asked) => asked.deliver.receipt.as_ref(),
        ToCourier::Replay(replay) => Some(&replay.receipt),
        _ => None,
    };
    if let Some(receipt) = receipt {
        receipt.settle(Some(0));
    }
}

/// The way, as one room has it.
pub(crate) struct Gateway {
    owner: WeakMailbox<ToNamespace>,
    /// What is under way through the namespace: commits that its log's feed has said, and what goes behind them. Of one thread.
    under_way: Arc<AtomicUsize>,
    /// The commit that what is sent follows from.
    place: RefCell<Option<GatePlace>>,
}

impl Gateway {
    pub(crate) fn new(owner: WeakMailbox<ToNamespace>, under_way: Arc<AtomicUsize>) -> Self {
        Self {
            owner,
            under_way,
            place: RefCell::default(),
        }
    }

    /// Whether what is sent now would overtake something.
    pub(crate) fn is_closed(&self) -> bool {
        self.under_way.load(Relaxed) > 0
    }

    /// What is sent from here on follows from a commit, until [`Gateway::leave`].
    pub(crate) fn enter(&self, place: GatePlace) {
        self.place.replace(Some(place));
    }

    /// All that followed from the commit was sent.
    pub(crate) fn leave(&self) {
        drop(self.place.take());
    }

    /// Sends.
    pub(crate) fn send(&self, courier: &CourierRef, word: impl Into<ToCourier>) {
        let word = word.into();
        let mut place = self.place.borrow_mut();
        if place.is_none() && !self.is_closed() {
            return pass(courier, word);
        }
        let parcel = Parcel::new(courier.clone(), word);
        match &mut *place {
            Some(place) => place.parcels.push(parcel),
            None => {
                self.under_way.fetch_add(1, Relaxed);
                self.owner.send(ToNamespace::Behind(parcel));
            }
        }
    }
}

/// A commit's place in the order: held until it is dropped, wherever that is.
pub struct GatePlace {
    pub(crate) owner: WeakMailbox<ToNamespace>,
    pub(crate) place: PlaceId,
    pub(crate) parcels: Vec<Parcel>,
}

impl Drop for GatePlace {
    fn drop(&mut self) {
        self.owner.send(ToNamespace::Released {
            place: self.place,
            parcels: std::mem::take(&mut self.parcels),
        });
    }
}
