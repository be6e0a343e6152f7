//! What leaves a room once its state is committed: seats and letters to couriers, facts to the namespace.
//! Decides nothing.

use std::sync::Arc;

use super::Room;
use crate::{
    account::Held,
    event_template::EventTemplate,
    flow::DeliveryPermit,
    id::{ChannelScope, LocalId, WorkerId},
    letter::Draft,
    message::{
        Action, Audience, CourierRef, Deliver, Leave, Manage, MirrorJoin, MirrorLeave, Permits,
        Receipt, ToCourier, ToNamespace,
    },
};

/// An event that tells everybody so many bytes waits for a room's readers, like a letter.
const MUCH: usize = 1024;

/// What leaves a room once its state is committed.
pub(super) enum Effect {
    Seat {
        worker: WorkerId,
        seat: MirrorJoin,
    },
    Unseat {
        worker: WorkerId,
        unseat: MirrorLeave,
    },
    Letter {
        audience: For,
        draft: Draft,
        receipt: Option<Arc<Receipt>>,
    },
    Up(ToNamespace),
}

/// Whom an effect's letter goes to.
pub(super) enum For {
    All {
        tag: ChannelScope,
        except: Option<LocalId>,
    },
    One {
        worker: WorkerId,
        local_id: LocalId,
    },
}

impl Room {
    /// What a command needs before it runs.
    pub(super) fn needs(&self, costs: Costs<'_>) -> Needs {
        let is_letter = matches!(costs, Costs::Letter(_));
        let told = |event: Option<&EventTemplate>| event.map_or(0, EventTemplate::bytes);
        let few = self.state.roster().len() <= self.links.context.settings.join_events_up_to;
        let seat = |member| self.state.roster().get(member);
        let farewell = |member| told(seat(member).and_then(|seat| seat.farewell.as_ref()));
        // How many letters, their bytes together, and whether they go to everybody.
        let (letters, bytes, all) = match &costs {
            Costs::Letter(draft) => (1, draft.content.len(), true),
            // Above that only presence tells of it, which has a pace of its own.
            Costs::Joining(_, event) => (1, told(*event), few),
            Costs::Leaving(leave) => {
                let tags = seat(&leave.member).map_or(1, |seat| leave.which.of(&seat.tags).count());
                let each = match &leave.announce {
                    Some(event) => event.bytes(),
                    None => farewell(&leave.member),
                };
                (tags, tags * each, few)
            }
            Costs::Managing(manage) => {
                let kicked: &[_] = match &manage.command.action {
                    Action::Kick(members) if few => members,
                    _ => &[],
                };
                let gone = kicked.iter().filter(|member| seat(member).is_some());
                let (count, bytes) = gone.fold((0, 0), |(count, bytes), member| {
                    (count + 1, bytes + farewell(member))
                });
                (1 + count, told(manage.announce.as_ref()) + bytes, true)
            }
            Costs::Presence => (1, 0, true),
        };
        let mut permits: Vec<_> = self
            .state
            .roster()
            .members_by_worker()
            .filter_map(|(worker, members)| {
                let courier = self.links.couriers.get(&worker)?;
                let members = if all { members } else { 1 };
                let cost = courier
                    .window
                    .cost(members * letters, bytes / letters.max(1));
                Some((courier.clone(), cost))
            })
            .collect();
        if let Costs::Joining(courier, _) = costs
            && !permits
                .iter()
                .any(|(known, _)| known.worker == courier.worker)
        {
            permits.push((courier.clone(), courier.window.cost(1, 0)));
        }
        Needs {
            permits,
            weight: (all && (is_letter || bytes >= MUCH)).then_some(bytes),
        }
    }

    /// To how many members what is about to leave goes.
    pub(super) fn told(&self) -> usize {
        let letters = self.effects.iter().map(|effect| match effect {
            Effect::Letter {
                audience: For::All { tag, .. },
                ..
            } => self.state.roster().matching(tag),
            Effect::Letter { .. } => 1,
            _ => 0,
        });
        letters.sum()
    }

    /// Sends what the committed message led to. How many couriers a letter goes to is known before the first is sent.
    pub(super) fn carry_out(&mut self, mut permits: Permits) {
        self.settle_account();
        let effects = std::mem::take(&mut self.effects);
        let last = Last::of(&effects);
        for (at, effect) in effects.into_iter().enumerate() {
            #[cfg(feature = "testing")]
            self.trace(&effect);
            let mut permit = |worker| last.is(at, worker).then(|| permits.take(worker)).flatten();
            match effect {
                Effect::Seat { worker, mut seat } => {
                    seat.permit = permit(worker);
                    self.send(worker, seat);
                }
                Effect::Unseat { worker, mut unseat } => {
                    unseat.permit = permit(worker);
                    self.send(worker, unseat);
                }
                Effect::Up(word) => self.links.owner.send(word),
                Effect::Letter {
                    audience,
                    draft,
                    receipt,
                } => {
                    self.deliver(audience, draft, receipt, permit);
                }
            }
        }
    }

    /// Brings the hub's account up to what this room holds.
    fn settle_account(&mut self) {
        let now = self.state.bytes();
        let before = std::mem::replace(&mut self.links.on_account, now);
        let account = self.links.context.encodings.account();
        for (what, before, now) in [
            (Held::Memberships, before.memberships, now.memberships),
            (Held::Invitations, before.invitations, now.invitations),
        ] {
            account.add(what, now.saturating_sub(before));
            account.sub(what, before.saturating_sub(now));
        }
    }

    fn send(&self, worker: WorkerId, word: impl Into<ToCourier>) -> bool {
        let courier = self.links.couriers.get(&worker);
        courier.is_some_and(|courier| courier.send(word))
    }

    fn deliver(
        &self,
        audience: For,
        draft: Draft,
        receipt: Option<Arc<Receipt>>,
        mut permit: impl FnMut(WorkerId) -> Option<DeliveryPermit>,
    ) {
        let context = &self.links.context;
        let letter = Arc::new(draft.seal(context.namespace.clone()));
        match audience {
            For::One { worker, local_id } => {
                let deliver = Deliver {
                    audience: Audience::Member(local_id),
                    letter,
                    receipt: None,
                    permit: permit(worker),
                };
                self.send(worker, deliver);
            }
            For::All { tag, except } => {
                for worker in self.state.roster().workers() {
                    let audience = Audience::Room {
                        room: self.links.id,
                        tag: tag.clone(),
                        except,
                        brake: Some(self.links.brake.clone()),
                    };
                    let deliver = Deliver {
                        audience,
                        letter: letter.clone(),
                        receipt: receipt.clone(),
                        permit: permit(worker),
                    };
                    if !self.send(worker, deliver)
                        && let Some(receipt) = &receipt
                    {
                        receipt.settle(true);
                    }
                }
            }
        }
    }
}

/// What a command waits for before it runs.
pub(super) struct Needs {
    /// Of each courier.
    pub(super) permits: Vec<(CourierRef, usize)>,
    /// The room's readers, if they are behind: for them it is so many bytes.
    pub(super) weight: Option<usize>,
}

/// What a command may cost the couriers.
pub(super) enum Costs<'a> {
    /// A letter to all.
    Letter(&'a Draft),
    /// A join, at this courier, and the event that tells of it.
    Joining(&'a CourierRef, Option<&'a EventTemplate>),
    Leaving(&'a Leave),
    Managing(&'a Manage),
    /// An event to all that is small.
    Presence,
}

/// The last effect that each courier hears of: the permit goes with it.
struct Last {
    everywhere: Option<usize>,
    at: Vec<(WorkerId, usize)>,
}

impl Last {
    fn of(effects: &[Effect]) -> Self {
        let mut last = Self {
            everywhere: None,
            at: Vec::new(),
        };
        for (at, effect) in effects.iter().enumerate() {
            let worker = match effect {
                Effect::Up(_) => continue,
                Effect::Letter {
                    audience: For::All { .. },
                    ..
                } => {
                    last.everywhere = Some(at);
                    continue;
                }
                Effect::Seat { worker, .. }
                | Effect::Unseat { worker, .. }
                | Effect::Letter {
                    audience: For::One { worker, .. },
                    ..
                } => *worker,
            };
            match last.at.iter_mut().find(|(known, _)| *known == worker) {
                Some((_, place)) => *place = at,
                None => last.at.push((worker, at)),
            }
        }
        last
    }

    fn is(&self, at: usize, worker: WorkerId) -> bool {
        let own = self.at.iter().find(|(known, _)| *known == worker);
        self.everywhere.max(own.map(|(_, place)| *place)) == Some(at)
    }
}
