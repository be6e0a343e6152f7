//! The room actor: a mailbox around a [`RoomState`]. One implementation for channels, the hub pack's rooms and plain
//! rooms (decision 0003). It speaks to one courier a worker and to the namespace above it, never to a session.

mod effects;
mod handlers;
mod letters;
#[cfg(feature = "testing")]
mod view;

use self::effects::{Effect, For};
#[cfg(feature = "testing")]
pub(crate) use self::view::view;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use tokio::time::Instant;

use crate::{
    courier::CourierRef,
    error::{Fault, JoinError, LeaveReason, ManageError, NotifyError},
    event_template::{EventTemplate, MembershipChange},
    fault::{self, Point},
    guard::Crashes,
    id::{Kind, MemberId, RoomId, Slot, Tag, WorkerId},
    letter::{Content, Draft, Origin},
    message::{
        Action, JoinAnswer, LeaveAnswer, Manage, MirrorSeat, MirrorUnseat, NotifyAnswer, RoomFact,
        RoomSays, SitDown,
    },
    metrics::Metrics,
    namespace::Tenure,
    ports::{Log, RoomOnline},
    post::{Reply, UpPost, WeakPost},
    state::{
        audience::{Tags, Which},
        room::RoomState,
        throttle::Throttle,
    },
};

/// The actor.
pub struct Room {
    state: RoomState,
    links: Links,
    presence: Throttle<Tag>,
    crashes: Crashes,
    effects: Vec<Effect>,
}

/// A member without a channel hears of every address of its room id: what is told of one counts as told to so many.
const SHARED_MIN: usize = 16;
/// Addresses that nobody is seated under and whose last state is still to be told.
const GONE_MAX: usize = 100;
/// Presence events in a row; others on the thread come in between.
const TOLD_MAX: usize = 100;

/// What a room holds besides its state.
struct Links {
    id: RoomId,
    tenure: Arc<Tenure>,
    log: Rc<dyn Log>,
    owner: UpPost<RoomSays>,
    this: Option<WeakPost<Room>>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    joins_seen: u64,
    started: Instant,
}

/// Which event tells the others of a leave.
enum Telling {
    With(EventTemplate),
    Farewell,
    Nobody,
}

impl Room {
    pub(crate) fn new(
        state: RoomState,
        id: RoomId,
        tenure: Arc<Tenure>,
        log: Rc<dyn Log>,
        owner: UpPost<RoomSays>,
    ) -> Self {
        let crashes = Crashes::new(tenure.metrics.clone());
        Metrics::add(&tenure.metrics.rooms, 1);
        let presence = Throttle::new(tenure.settings.presence_rates());
        let links = Links {
            id,
            tenure,
            log,
            owner,
            this: None,
            couriers: BTreeMap::new(),
            joins_seen: 0,
            started: Instant::now(),
        };
        Self {
            state,
            links,
            presence,
            crashes,
            effects: Vec::new(),
        }
    }

    pub(crate) fn introduce(&mut self, this: WeakPost<Self>) {
        self.links.this = Some(this);
    }

    fn part(&self) -> &'static str {
        match self.state.key().kind {
            Kind::Channel => "channel",
            Kind::Room | Kind::Plain => "room",
        }
    }

    fn sit_down(
        &mut self,
        sit: SitDown,
    ) -> (
        Result<JoinAnswer, JoinError>,
        Reply<Result<JoinAnswer, JoinError>>,
    ) {
        let SitDown {
            joiner,
            courier,
            number,
            tag,
            wish,
            announce,
            reply,
        } = sit;
        let marked = joiner.user.clone().unwrap_or_default();
        let strike = |room: &Self, point| fault::strike(room.part(), point, marked.as_bytes());
        strike(self, Point::Before);
        let (member, worker, slot) = (joiner.member.clone(), joiner.worker, joiner.slot);
        self.links.couriers.entry(worker).or_insert(courier);
        let joined = self.state.join(joiner, tag.clone(), wish);
        strike(self, Point::Midway);
        let joined = match joined {
            Ok(joined) => joined,
            Err(error) => {
                if self.state.roster().get(&member).is_none() {
                    let count = self.state.roster().len();
                    self.up(RoomFact::Unseated {
                        member,
                        number,
                        count,
                        seated: false,
                    });
                    self.vacate();
                }
                return (Err(error), reply);
            }
        };
        if !joined.already {
            let key = self.state.key().clone();
            let namespace = self.links.tenure.namespace.clone();
            let tags = joined.tags.clone();
            let first = tags.iter().count() == 1;
            let seat = MirrorSeat {
                room: self.links.id,
                key,
                namespace,
                slot,
                tags,
            };
            self.effects.push(Effect::Seat { worker, seat });
            if let Some(announce) = announce {
                let change = self.change(&tag, joined.count, None);
                let everyone =
                    self.state.roster().len() <= self.links.tenure.settings.join_events_up_to;
                let audience = if everyone {
                    For::All {
                        tag: tag.clone(),
                        except: None,
                    }
                } else {
                    For::One { worker, slot }
                };
                self.announce(audience, announce.fill(&change), Some(member.clone()));
            }
            self.presence(&tag, Some((worker, slot)));
            if first {
                let count = self.state.roster().len();
                self.up(RoomFact::Seated { member, count });
            }
        }
        strike(self, Point::After);
        let users = match self.state.key().kind {
            Kind::Plain => Vec::new(),
            Kind::Channel | Kind::Room => self.state.present(&tag, RoomOnline::USERS),
        };
        let answer = match &self.links.this {
            Some(room) => Ok(JoinAnswer {
                already: joined.already,
                count: joined.count,
                terms: joined.terms,
                users,
                tags: joined.tags,
                number,
                room: room.clone(),
            }),
            None => Err(JoinError::Internal(Fault::Gone)),
        };
        (answer, reply)
    }

    fn stand_up(
        &mut self,
        member: &MemberId,
        which: &Which,
        reason: LeaveReason,
        telling: Telling,
    ) -> LeaveAnswer {
        let Some(left) = self.state.leave(member, which) else {
            return LeaveAnswer::default();
        };
        let room = self.links.id;
        let kicked = (reason == LeaveReason::Kick).then(|| {
            let gone = left.gone.iter();
            let gone = gone.fold(Tags::default(), |tags, (tag, _)| tags.with(tag));
            (self.state.key().clone(), self.links.joins_seen, gone)
        });
        let (worker, slot) = (left.worker, left.slot);
        if left.kept.is_empty() || kicked.is_some() {
            let unseat = MirrorUnseat { room, slot, kicked };
            self.effects.push(Effect::Unseat { worker, unseat });
        }
        if !left.kept.is_empty() {
            let seat = MirrorSeat {
                room,
                key: self.state.key().clone(),
                namespace: self.links.tenure.namespace.clone(),
                slot,
                tags: left.kept,
            };
            self.effects.push(Effect::Seat { worker, seat });
        }
        let announce = match telling {
            Telling::With(announce) => Some(announce),
            Telling::Farewell => left.farewell,
            Telling::Nobody => None,
        };
        let everyone = self.state.roster().len() <= self.links.tenure.settings.join_events_up_to;
        for (tag, count) in &left.gone {
            if *count == 0 {
                self.presence.forget(tag);
                continue;
            }
            if let Some(announce) = announce.as_ref().filter(|_| everyone) {
                let change = self.change(tag, *count, Some(reason));
                // One who keeps another tag is not told of its own leave.
                let audience = For::All {
                    tag: tag.clone(),
                    except: Some(left.slot),
                };
                self.announce(audience, announce.fill(&change), Some(member.clone()));
            }
            self.presence(tag, None);
        }
        if self.state.roster().get(member).is_none() {
            let count = self.state.roster().len();
            let number = self.links.joins_seen;
            self.up(RoomFact::Unseated {
                member: member.clone(),
                number,
                count,
                seated: true,
            });
            self.vacate();
        }
        LeaveAnswer { gone: left.gone }
    }

    fn vacate(&mut self) {
        if self.state.roster().is_empty() {
            self.up(RoomFact::Vacant {
                number: self.links.joins_seen,
            });
        }
    }

    /// Tells who is here now: at once to a newcomer, to the others as often as they may be told.
    fn presence(&mut self, tag: &Tag, newcomer: Option<(WorkerId, Slot)>) {
        if self.state.key().kind != Kind::Room || self.links.tenure.herald.is_none() {
            return;
        }
        let gone = self.state.roster().under(tag) == 0;
        if gone && self.presence.waiting() >= GONE_MAX {
            return self.presence.forget(tag);
        }
        let now = self.links.started.elapsed();
        let recipients = self.recipients(tag);
        if self.presence.changed(tag, now, recipients) {
            self.tell_all(tag);
        } else if let Some((worker, slot)) = newcomer
            && let Some(content) = self.room_online(tag)
        {
            self.announce(For::One { worker, slot }, content, None);
        }
        self.ask_to_be_woken();
    }

    /// The recipients of an event about an address, as its throttle counts them.
    fn recipients(&self, tag: &Tag) -> usize {
        let roster = self.state.roster();
        let shared = tag.is_some() && roster.under(&None) > 0;
        let least = if shared { SHARED_MIN } else { 0 };
        roster.matching(tag).max(least)
    }

    fn tell_all(&mut self, tag: &Tag) {
        let Some(content) = self.room_online(tag) else {
            return;
        };
        let now = self.links.started.elapsed();
        let recipients = self.recipients(tag);
        self.presence.told(tag, now, recipients, content.args.len());
        let audience = For::All {
            tag: tag.clone(),
            except: None,
        };
        self.announce(audience, content, None);
    }

    fn room_online(&self, tag: &Tag) -> Option<Content> {
        let herald = self.links.tenure.herald.as_ref()?;
        let count = self.state.roster().matching(tag);
        let users = self.state.present(tag, RoomOnline::USERS);
        Some(herald.room_online(self.state.key(), &RoomOnline { tag, count, users }))
    }

    fn ask_to_be_woken(&mut self) {
        let now = self.links.started.elapsed();
        if let Some(due) = self.presence.wake(now) {
            self.up(RoomFact::WakeAfter(due.saturating_sub(now)));
        }
    }

    fn presence_due(&mut self) {
        for _ in 0..TOLD_MAX {
            let Some(tag) = self.presence.next(self.links.started.elapsed()) else {
                break;
            };
            self.tell_all(&tag);
        }
        self.ask_to_be_woken();
    }

    fn change<'a>(
        &self,
        tag: &'a Tag,
        count: usize,
        reason: Option<LeaveReason>,
    ) -> MembershipChange<'a> {
        let time = self.links.tenure.clock.now();
        MembershipChange {
            tag,
            count,
            reason,
            time,
        }
    }

    fn announce(&mut self, audience: For, content: Content, member: Option<MemberId>) {
        let draft = Draft::new(content, &self.links.tenure.forms);
        let origin = Origin {
            member,
            ..Origin::default()
        };
        let numbers = self.state.numbers();
        self.effects.push(Effect::Letter {
            audience,
            draft,
            origin,
            numbers,
            receipt: None,
        });
    }

    fn manage(&mut self, manage: &Manage) -> Result<(), ManageError> {
        let Manage {
            by,
            command,
            announce,
            ..
        } = manage;
        let tag = &command.tag;
        let mut kicked = Vec::new();
        match &command.action {
            Action::Invite(names) => self.state.invite(by, tag, names)?,
            Action::Lock(locked) => self.state.lock(by, tag, *locked)?,
            Action::Kick(members) => {
                let done = self.state.kick(by, tag, members)?;
                if done.seated.is_empty() && !done.uninvited {
                    return Ok(());
                }
                kicked = done.seated;
            }
        }
        let content = announce.as_ref().map(|announce| {
            let count = self.state.roster().matching(tag);
            announce.fill(&self.change(tag, count, None))
        });
        let seat = |member| self.state.roster().get(member);
        let seats = kicked.iter().filter_map(seat);
        let left: Vec<_> = seats.map(|seat| (seat.worker, seat.slot)).collect();
        let first = self.effects.len();
        for member in &kicked {
            let which = Which::Exactly(tag.clone());
            self.stand_up(member, &which, LeaveReason::Kick, Telling::Farewell);
        }
        let Some(content) = content else {
            return Ok(());
        };
        // Told before the first is gone, those sent out too: a mirror still has their seats when the letter comes. But
        // a letter to all goes only to the workers that have members when everything is done.
        let departures = self.effects.split_off(first);
        let workers: BTreeSet<WorkerId> = self.state.roster().workers().collect();
        for (worker, slot) in left {
            if !workers.contains(&worker) {
                self.announce(For::One { worker, slot }, content.clone(), Some(by.clone()));
            }
        }
        let everyone = For::All {
            tag: tag.clone(),
            except: None,
        };
        self.announce(everyone, content, Some(by.clone()));
        self.effects.extend(departures);
        Ok(())
    }

    fn up(&mut self, fact: RoomFact) {
        self.effects.push(Effect::Up(fact));
    }
}

type Done = (Reply<Result<NotifyAnswer, NotifyError>>, NotifyAnswer);
