//! What a room is in this process alone: where its members are served, how often presence may be told; and what follows
//! here from what has happened: who mirrors what, who is told, what the namespace hears.
//! Knows no actor and no clock: the time comes in with each call.

mod effect;
mod told;

use std::{collections::BTreeMap, time::SystemTime};

pub use self::effect::{Effect, Recipients};
use self::told::ToldLess;
use crate::{
    error::LeaveReason,
    event::Left,
    event_template::{EventTemplate, MembershipChange},
    id::{ChannelScope, Kind, LocalId, MemberId, WorkerId},
    letter::Content,
    state::{
        audience::{PresenceScope, Scopes},
        room::{Departure, RoomState},
        throttle::{Moment, PresenceRates, Throttle},
    },
};

/// A member without a channel hears of every address of its room id: what is told of one counts as told to so many.
const SHARED_MIN: usize = 16;
/// Addresses that nobody has and whose last state is still to be told.
const GONE_MAX: usize = 100;
/// Presence events in a row; others on the thread come in between.
const TOLD_MAX: usize = 100;

/// Where a member is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its worker.
    pub worker: WorkerId,
    /// Its place at that worker's courier.
    pub local_id: LocalId,
    /// The number of the last join of this member that the room has seen, whatever became of it.
    pub join: u64,
}

/// What effects depend on besides the room.
pub struct Surroundings<'a> {
    /// On the clock of the room's throttle.
    pub now: Moment,
    /// What the clock of the wall says.
    pub time: SystemTime,
    /// A room of more members does not tell each join and leave.
    pub join_events_up_to: usize,
    /// Renders who is online at an address; `None` where nothing tells of that, or where it failed.
    pub render: &'a dyn Fn(&RoomState, &ChannelScope) -> Option<Content>,
}

/// How the others are told of a leave.
pub enum Announcement {
    /// By this event.
    With(EventTemplate),
    /// By the one that the member came with.
    LeaveEvent,
}

/// See the module.
#[derive(Debug)]
pub struct LocalRoom {
    places: BTreeMap<MemberId, Place>,
    workers: BTreeMap<WorkerId, usize>,
    presence: Throttle<ChannelScope>,
    told_less: ToldLess,
}

impl LocalRoom {
    /// Nobody is served here.
    pub fn new(rates: PresenceRates) -> Self {
        Self {
            places: BTreeMap::new(),
            workers: BTreeMap::new(),
            presence: Throttle::new(rates),
            told_less: ToldLess::default(),
        }
    }

    /// Where a member is served.
    pub fn place(&self, member: &MemberId) -> Option<Place> {
        self.places.get(member).copied()
    }

    /// A join of a member was seen, also one that changes nothing.
    pub fn seen(&mut self, member: &MemberId, join: u64) {
        if let Some(place) = self.places.get_mut(member) {
            place.join = join;
        }
    }

    /// Of whom a member is to be told under a tag; whether that is news.
    pub fn tell(&mut self, member: &MemberId, tag: &ChannelScope, scope: PresenceScope) -> bool {
        self.told_less.set(member, tag, scope)
    }

    /// A member is told of others than before.
    pub fn told_otherwise(&self, member: &MemberId, tags: Scopes) -> Option<Effect> {
        let place = self.place(member)?;
        let seat = self.told_less.seat(member, tags);
        Some(Effect::MirrorJoin { place, seat })
    }

    /// The workers that serve members, each with how many.
    pub fn workers(&self) -> impl Iterator<Item = (WorkerId, usize)> {
        self.workers.iter().map(|(&worker, &count)| (worker, count))
    }

    /// Whether a worker has members here.
    pub fn serves(&self, worker: WorkerId) -> bool {
        self.workers.contains_key(&worker)
    }

    /// A member has joined under a tag and has these now.
    pub fn joined(
        &mut self,
        room: &RoomState,
        (member, place): (&MemberId, Place),
        (tag, tags): (&ChannelScope, Scopes),
        announce: Option<&EventTemplate>,
        around: &Surroundings<'_>,
    ) -> Vec<Effect> {
        let first = self.places.insert(member.clone(), place).is_none();
        if first {
            *self.workers.entry(place.worker).or_default() += 1;
        }
        let scope = self.told_less.of(member, tag);
        let is_told = scope > PresenceScope::Nobody;
        let seat = self.told_less.seat(member, tags);
        let mut effects = vec![Effect::MirrorJoin { place, seat }];
        if let Some(announce) = announce {
            let few = room.roster().len() <= around.join_events_up_to;
            let all = few.then(|| Recipients::Matching {
                tag: tag.clone(),
                except: None,
                of_presence: true,
            });
            let count = room.roster().matching(tag);
            // Who is not told of others is told that it is in itself.
            let alone = (!is_told).then_some((Recipients::One(place), 1));
            let newcomer = (is_told && !few).then_some((Recipients::One(place), count));
            let told = alone.into_iter().chain(all.map(|all| (all, count)));
            for (to, count) in told.chain(newcomer) {
                effects.push(tell(to, announce, tag, count, None, around.time));
            }
        }
        let newcomer = is_told.then_some(place);
        self.presence(room, tag, newcomer, around, &mut effects);
        if first {
            effects.push(Effect::Joined(member.clone(), scope));
        }
        effects
    }

    /// A member that has these tags has another name.
    pub fn renamed(
        &mut self,
        room: &RoomState,
        tags: &Scopes,
        around: &Surroundings<'_>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for tag in tags.iter() {
            self.presence(room, tag, None, around, &mut effects);
        }
        effects
    }

    /// A member has left under some of its tags.
    pub fn left(
        &mut self,
        room: &RoomState,
        left: &Left,
        departure: &Departure,
        announcement: &Announcement,
        around: &Surroundings<'_>,
    ) -> Vec<Effect> {
        let Departure {
            gone,
            kept,
            leave_event,
        } = departure;
        let mut effects = Vec::new();
        let place = self.place(&left.member);
        let kicked = (left.reason == LeaveReason::Kick).then(|| {
            let gone = gone.iter().map(|(tag, _)| tag);
            gone.fold(Scopes::default(), |tags, tag| tags.with(tag))
        });
        if !kept.is_empty() {
            for (tag, _) in gone {
                self.tell(&left.member, tag, PresenceScope::Everyone);
            }
        }
        if let Some(place) = place {
            if kept.is_empty() || kicked.is_some() {
                effects.push(Effect::MirrorLeave { place, kicked });
            }
            if !kept.is_empty() {
                let seat = self.told_less.seat(&left.member, kept.clone());
                effects.push(Effect::MirrorJoin { place, seat });
            }
        }
        let announce = match announcement {
            Announcement::With(event) => Some(event),
            Announcement::LeaveEvent => leave_event.as_ref(),
        };
        let few = room.roster().len() <= around.join_events_up_to;
        for (tag, count) in gone {
            if *count == 0 {
                self.presence.forget(tag);
                continue;
            }
            if place.is_none() {
                // Nobody was told that it came.
                continue;
            }
            if let Some(announce) = announce.filter(|_| few) {
                let to = Recipients::Matching {
                    tag: tag.clone(),
                    // One who keeps another tag is not told of its own leave.
                    except: place.map(|place| place.local_id),
                    of_presence: true,
                };
                let reason = Some(left.reason);
                effects.push(tell(to, announce, tag, *count, reason, around.time));
            }
            self.presence(room, tag, None, around, &mut effects);
        }
        if kept.is_empty() {
            self.forget(&left.member);
            let join = place.map(|place| place.join);
            effects.push(Effect::Left {
                member: left.member.clone(),
                join,
                reason: left.reason,
            });
        }
        effects
    }

    fn forget(&mut self, member: &MemberId) {
        self.told_less.forget(member);
        let Some(place) = self.places.remove(member) else {
            return;
        };
        if let Some(count) = self.workers.get_mut(&place.worker) {
            *count -= 1;
            if *count == 0 {
                self.workers.remove(&place.worker);
            }
        }
    }

    /// An owner's command was carried out at an address; `departures` are the effects of those it sent away, who were at
    /// `places`. It is told before the first is gone, those sent away too: a mirror still has them when the letter comes. But a
    /// letter to all goes only to the workers that have members when everything is done.
    pub fn managed(
        &self,
        tag: &ChannelScope,
        content: Option<Content>,
        places: &[Place],
        departures: Vec<Effect>,
    ) -> Vec<Effect> {
        let Some(content) = content else {
            return departures;
        };
        let alone = |place: &&Place| !self.serves(place.worker);
        let one = |place: &Place| Effect::Tell {
            to: Recipients::One(*place),
            content: content.clone(),
        };
        let mut effects: Vec<_> = places.iter().filter(alone).map(one).collect();
        effects.push(Effect::Tell {
            to: Recipients::Matching {
                tag: tag.clone(),
                except: None,
                of_presence: false,
            },
            content: content.clone(),
        });
        effects.extend(departures);
        effects
    }

    /// Tells who is here now: at once to a newcomer, to the others as often as they may be told.
    fn presence(
        &mut self,
        room: &RoomState,
        tag: &ChannelScope,
        newcomer: Option<Place>,
        around: &Surroundings<'_>,
        effects: &mut Vec<Effect>,
    ) {
        if room.key().kind != Kind::Room {
            return;
        }
        let gone = room.roster().under(tag) == 0;
        if gone && self.presence.waiting() >= GONE_MAX {
            return self.presence.forget(tag);
        }
        if self
            .presence
            .changed(tag, around.now, recipients(room, tag))
        {
            effects.extend(self.tell_all(room, tag, around));
        } else if let Some(place) = newcomer
            && let Some(content) = (around.render)(room, tag)
        {
            let to = Recipients::One(place);
            effects.push(Effect::Tell { to, content });
        }
    }

    fn tell_all(
        &mut self,
        room: &RoomState,
        tag: &ChannelScope,
        around: &Surroundings<'_>,
    ) -> Option<Effect> {
        let content = (around.render)(room, tag)?;
        let bytes = content.args.len();
        self.presence
            .told(tag, around.now, recipients(room, tag), bytes);
        let to = Recipients::Matching {
            tag: tag.clone(),
            except: None,
            of_presence: true,
        };
        Some(Effect::Tell { to, content })
    }

    /// The time has come for presence events that had to wait.
    pub fn presence_due(&mut self, room: &RoomState, around: &Surroundings<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..TOLD_MAX {
            let Some(tag) = self.presence.next(around.now) else {
                break;
            };
            effects.extend(self.tell_all(room, &tag, around));
        }
        effects
    }

    /// When [`LocalRoom::presence_due`] is to be called next, unless that was answered before and is still to come.
    pub fn wake(&mut self, now: Moment) -> Option<Moment> {
        self.presence.wake(now)
    }
}

/// The recipients of an event about an address, as its throttle counts them.
fn recipients(room: &RoomState, tag: &ChannelScope) -> usize {
    let roster = room.roster();
    let shared = tag.is_some() && roster.under(&None) > 0;
    let least = if shared { SHARED_MIN } else { 0 };
    roster.matching(tag).max(least)
}

fn tell(
    to: Recipients,
    event: &EventTemplate,
    tag: &ChannelScope,
    count: usize,
    reason: Option<LeaveReason>,
    time: SystemTime,
) -> Effect {
    let content = event.fill(&MembershipChange {
        tag,
        count,
        reason,
        time,
    });
    Effect::Tell { to, content }
}

#[cfg(test)]
mod tests;
