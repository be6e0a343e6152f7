//! What leaves a room once its state is changed: memberships and letters to couriers, facts to the namespace.
//! Decides nothing.

use std::sync::Arc;

use super::Room;
use crate::{
    account::Held,
    event_template::EventTemplate,
    flow::DeliveryPermit,
    guard::shielded,
    id::{Kind, Token, WorkerId},
    letter::Draft,
    message::{
        Action, Audience, CourierRef, Deliver, Join, Leave, Manage, MirrorJoin, MirrorLeave,
        Permits, PresenceChange, Receipt, Seated, ToCourier, ToNamespace,
    },
    state::local_room::{Effect, Recipients},
};

/// An event that tells everybody so many bytes waits for a room's readers, like a letter.
const MUCH: usize = 1024;
/// A join that is told of former times counts as at most so many letters.
const REPLAYED: usize = 100;

impl Room {
    /// What a request needs before it runs.
    pub(super) fn needs(&self, costs: Costs<'_>) -> Needs {
        let is_letter = matches!(costs, Costs::Letter(_));
        let told = |event: Option<&EventTemplate>| event.map_or(0, EventTemplate::bytes);
        let few = self.state.roster().len() <= self.links.context.settings.join_events_up_to;
        let seat = |member| self.state.roster().get(member);
        let leave_bytes = |member| told(seat(member).and_then(|seat| seat.leave_event.as_ref()));
        // How many letters, their bytes together, and whether they go to everybody.
        let (letters, bytes, all) = match &costs {
            Costs::Letter(draft) => (1, draft.content.len(), true),
            // Above that only presence tells of it, which has a pace of its own.
            Costs::Joining(_, join) => (1, told(join.announce.as_ref()), few),
            Costs::Leaving(leave) => {
                let tags = seat(&leave.member).map_or(1, |seat| leave.which.of(&seat.tags).count());
                let each = match &leave.announce {
                    Some(event) => event.bytes(),
                    None => leave_bytes(&leave.member),
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
                    (count + 1, bytes + leave_bytes(member))
                });
                (1 + count, told(manage.announce.as_ref()) + bytes, true)
            }
            Costs::Presence => (1, 0, true),
        };
        let owed = self.links.owed;
        let bytes = bytes + owed.bytes;
        let mut permits: Vec<_> = self
            .local
            .workers()
            .filter_map(|(worker, members)| {
                let courier = self.links.couriers.get(&worker)?;
                let before = members * owed.letters + owed.single;
                let members = if all { members } else { 1 };
                let cost = courier.window.cost(
                    members * letters + before,
                    bytes / (letters + owed.letters).max(1),
                );
                Some((courier.clone(), cost))
            })
            .collect();
        if let Costs::Joining(courier, join) = costs {
            // What it is told of what was said before: who asks for more seldom gets it.
            let before = join
                .history
                .as_ref()
                .map_or(0, |asked| asked.count.min(REPLAYED));
            let known = permits
                .iter_mut()
                .find(|(known, _)| known.worker == courier.worker);
            match known {
                Some((_, cost)) => *cost += before,
                None => permits.push((courier.clone(), courier.window.cost(1 + before, 0))),
            }
        }
        Needs {
            permits,
            weight: (all && (is_letter || bytes >= MUCH)).then_some(bytes),
        }
    }

    /// To how many members what is about to leave goes.
    pub(super) fn told(&self, effects: &[Effect]) -> usize {
        let letters = effects.iter().map(|effect| match effect {
            Effect::Tell {
                to: Recipients::Matching { tag, .. },
                ..
            } => self.state.roster().matching(tag),
            Effect::Tell { .. } => 1,
            _ => 0,
        });
        letters.sum()
    }

    /// Sends what has happened led to.
    pub(super) fn carry_out(&mut self, effects: Vec<Effect>, mut permits: Permits) {
        self.settle_account();
        let last = Last::of(&effects);
        for (at, effect) in effects.into_iter().enumerate() {
            let mut permit = |worker| {
                let served = self.local.serves(worker);
                last.is(at, worker, served)
                    .then(|| permits.take(worker))
                    .flatten()
            };
            #[cfg(test)]
            self.trace(&effect);
            match effect {
                Effect::MirrorJoin { place, seat } => {
                    let seat = MirrorJoin {
                        room: self.links.id,
                        key: self.state.key().clone(),
                        namespace: self.links.context.namespace.clone(),
                        local_id: place.local_id,
                        seat,
                        permit: permit(place.worker),
                    };
                    self.send(place.worker, seat);
                }
                Effect::MirrorLeave { place, kicked } => {
                    let kicked = kicked.map(|tags| (self.state.key().clone(), place.join, tags));
                    let unseat = MirrorLeave {
                        room: self.links.id,
                        local_id: place.local_id,
                        kicked,
                        permit: permit(place.worker),
                    };
                    self.send(place.worker, unseat);
                }
                Effect::Tell { to, content } => {
                    let encodings = &self.links.context.encodings;
                    let draft = shielded(&self.crashes, || Draft::new(content, encodings));
                    if let Some(draft) = draft {
                        self.deliver(&to, (draft, None), None, permit);
                    }
                }
                Effect::Joined(member, told) => {
                    self.watched_join(&member);
                    if self.state.key().kind == Kind::Channel {
                        self.links.owner.send(Seated {
                            room: self.state.key().clone(),
                            member,
                            count: self.state.roster().len(),
                            told,
                        });
                    }
                }
                Effect::Left {
                    member,
                    join,
                    reason,
                } => {
                    if join.is_some() {
                        self.tell_watchers(|_| PresenceChange::Left(member.clone(), reason));
                    }
                    self.without(member, join.unwrap_or_default(), join.is_some());
                }
            }
        }
        // Others tell no presence, and need no look at the clock.
        if self.state.key().kind != Kind::Room {
            return;
        }
        let now = self.links.started.elapsed();
        if let Some(due) = self.local.wake(now) {
            self.links.owner.send(ToNamespace::WakeAfter {
                room: self.state.key().clone(),
                time: due.saturating_sub(now),
            });
        }
    }

    /// Brings the hub's account up to what this room holds.
    pub(super) fn settle_account(&mut self) {
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

    fn send(&self, worker: WorkerId, word: impl Into<ToCourier>) {
        if let Some(courier) = self.links.couriers.get(&worker) {
            self.links.gateway.send(courier, word);
        }
    }

    pub(super) fn deliver(
        &self,
        to: &Recipients,
        (draft, token): (Draft, Option<Token>),
        receipt: Option<&Arc<Receipt>>,
        mut permit: impl FnMut(WorkerId) -> Option<DeliveryPermit>,
    ) {
        let context = &self.links.context;
        let letter = Arc::new(draft.seal(context.namespace.clone(), token));
        match to {
            Recipients::One(place) => {
                let deliver = Deliver {
                    audience: Audience::Member(place.local_id),
                    letter,
                    receipt: None,
                    permit: permit(place.worker),
                };
                self.send(place.worker, deliver);
            }
            Recipients::Matching {
                tag,
                except,
                of_presence,
            } => {
                for (worker, _) in self.local.workers() {
                    let audience = Audience::Room {
                        room: self.links.id,
                        tag: tag.clone(),
                        except: *except,
                        of_presence: *of_presence,
                        brake: Some(self.links.brake.clone()),
                    };
                    let deliver = Deliver {
                        audience,
                        letter: letter.clone(),
                        receipt: receipt.cloned(),
                        permit: permit(worker),
                    };
                    self.send(worker, deliver);
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
    /// A join, at this courier.
    Joining(&'a CourierRef, &'a Join),
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
                Effect::Joined(..) | Effect::Left { .. } => continue,
                Effect::Tell {
                    to: Recipients::Matching { .. },
                    ..
                } => {
                    last.everywhere = Some(at);
                    continue;
                }
                Effect::MirrorJoin { place, .. }
                | Effect::MirrorLeave { place, .. }
                | Effect::Tell {
                    to: Recipients::One(place),
                    ..
                } => place.worker,
            };
            match last.at.iter_mut().find(|(known, _)| *known == worker) {
                Some((_, place)) => *place = at,
                None => last.at.push((worker, at)),
            }
        }
        last
    }

    /// `served`: the worker has members, and hears what is told to all.
    fn is(&self, at: usize, worker: WorkerId, served: bool) -> bool {
        let own = self.at.iter().find(|(known, _)| *known == worker);
        let everywhere = self.everywhere.filter(|_| served);
        everywhere.max(own.map(|(_, place)| *place)) == Some(at)
    }
}
