//! What leaves a room once its state is committed: seats and letters to couriers, facts to the namespace.
//! Decides nothing.

use std::sync::Arc;

use actix::{AsyncContext, Context, Handler, WrapFuture};

use super::Room;
use crate::{
    id::{Numbers, Slot, Tag, WorkerId},
    letter::{Address, Draft, Origin, Target},
    message::{Audience, Deliver, MirrorSeat, MirrorUnseat, Receipt, RoomFact, RoomSays},
};

/// What leaves a room once its state is committed.
pub(super) enum Effect {
    Seat {
        worker: WorkerId,
        seat: MirrorSeat,
    },
    Unseat {
        worker: WorkerId,
        unseat: MirrorUnseat,
    },
    Letter {
        audience: For,
        draft: Draft,
        origin: Origin,
        numbers: Numbers,
        receipt: Option<Arc<Receipt>>,
    },
    Up(RoomFact),
}

/// Whom an effect's letter goes to.
pub(super) enum For {
    All { tag: Tag, except: Option<Slot> },
    One { worker: WorkerId, slot: Slot },
}

impl Room {
    /// Sends what the committed message led to. How many couriers a letter goes to is known before the first is sent.
    pub(super) fn carry_out(&mut self, ctx: &mut Context<Self>) {
        let effects = std::mem::take(&mut self.effects);
        for effect in effects {
            #[cfg(feature = "testing")]
            self.trace(&effect);
            match effect {
                Effect::Seat { worker, seat } => self.owe(worker, seat),
                Effect::Unseat { worker, unseat } => self.owe(worker, unseat),
                Effect::Up(fact) => {
                    self.links.owner.tell(RoomSays {
                        room: self.state.key().clone(),
                        fact,
                    });
                }
                Effect::Letter {
                    audience,
                    draft,
                    origin,
                    numbers,
                    receipt,
                } => {
                    self.deliver(audience, draft, origin, numbers, receipt);
                }
            }
        }
        self.await_credit(ctx);
    }

    pub(super) fn owe<M>(&self, worker: WorkerId, message: M)
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        crate::courier::Courier: Handler<M>,
    {
        if let Some(courier) = self.links.couriers.get(&worker) {
            courier.owe(message);
        }
    }

    pub(super) fn deliver(
        &self,
        audience: For,
        draft: Draft,
        origin: Origin,
        numbers: Numbers,
        receipt: Option<Arc<Receipt>>,
    ) {
        let tenure = &self.links.tenure;
        let target = Target::Room(self.state.key().clone());
        let address = Address {
            hub: tenure.hub.clone(),
            namespace: tenure.namespace.clone(),
            target,
            origin,
        };
        let letter = Arc::new(draft.seal(address, numbers, tenure.clock.now()));
        let room = self.links.id;
        match audience {
            For::One { worker, slot } => {
                self.owe(
                    worker,
                    Deliver {
                        audience: Audience::Member(slot),
                        letter,
                        receipt: None,
                    },
                );
            }
            For::All { tag, except } => {
                for worker in self.state.roster().workers() {
                    let audience = Audience::Room {
                        room,
                        tag: tag.clone(),
                        except,
                    };
                    let receipt = receipt.clone();
                    let settle = receipt.clone();
                    let sent = self.links.couriers.get(&worker).is_some_and(|courier| {
                        courier.owe(Deliver {
                            audience,
                            letter: letter.clone(),
                            receipt,
                        })
                    });
                    if let Some(receipt) = settle.filter(|_| !sent) {
                        receipt.settle(true);
                    }
                }
            }
        }
    }

    /// Above the credit of a courier no mail is taken until it has caught up, or its time is over.
    pub(super) fn await_credit(&self, ctx: &mut Context<Self>) {
        let patience = self.links.tenure.settings.courier_patience;
        for wait in self
            .links
            .couriers
            .values()
            .filter_map(|courier| courier.behind(patience))
        {
            ctx.wait(wait.into_actor(self));
        }
    }
}
