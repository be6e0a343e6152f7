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

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

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
        Command, JoinAnswer, LeaveAnswer, Manage, MirrorSeat, MirrorUnseat, NotifyAnswer, RoomFact,
        RoomSays, SitDown,
    },
    metrics::Metrics,
    namespace::Tenure,
    ports::{Log, RoomOnline},
    post::{Reply, UpPost, WeakPost},
    state::{
        audience::Which,
        pace::{self, Verdict},
        room::RoomState,
    },
};

/// The actor.
pub struct Room {
    state: RoomState,
    links: Links,
    crashes: Crashes,
    effects: Vec<Effect>,
}

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
        let answer = match &self.links.this {
            Some(room) => Ok(JoinAnswer {
                already: joined.already,
                count: joined.count,
                capacity: joined.capacity,
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
        match left.kept {
            Some(tags) => {
                let key = self.state.key().clone();
                let namespace = self.links.tenure.namespace.clone();
                let seat = MirrorSeat {
                    room,
                    key,
                    namespace,
                    slot: left.slot,
                    tags,
                };
                self.effects.push(Effect::Seat {
                    worker: left.worker,
                    seat,
                });
            }
            None => {
                let last = self.links.joins_seen;
                let kicked =
                    (reason == LeaveReason::Kick).then(|| (self.state.key().clone(), last));
                let unseat = MirrorUnseat {
                    room,
                    slot: left.slot,
                    kicked,
                };
                self.effects.push(Effect::Unseat {
                    worker: left.worker,
                    unseat,
                });
            }
        }
        let announce = match telling {
            Telling::With(announce) => Some(announce),
            Telling::Farewell => left.farewell,
            Telling::Nobody => None,
        };
        let everyone = self.state.roster().len() <= self.links.tenure.settings.join_events_up_to;
        for (tag, count) in &left.gone {
            if *count == 0 {
                self.state.unpace(tag);
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
        let settings = &self.links.tenure.settings;
        let recipients = self.state.roster().matching(tag);
        let interval = pace::interval(
            settings.presence_interval,
            recipients,
            settings.deliveries_per_second,
        );
        let now = self.links.started.elapsed();
        let audience = match self.state.pace(tag).changed(now, interval) {
            Verdict::Now => Some(For::All {
                tag: tag.clone(),
                except: None,
            }),
            Verdict::WakeAt(due) => {
                self.up(RoomFact::WakeAfter(due.saturating_sub(now)));
                newcomer.map(|(worker, slot)| For::One { worker, slot })
            }
            Verdict::Wait => newcomer.map(|(worker, slot)| For::One { worker, slot }),
        };
        if let Some(audience) = audience {
            self.tell_presence(tag, audience);
        }
    }

    fn tell_presence(&mut self, tag: &Tag, audience: For) {
        let Some(herald) = self.links.tenure.herald.clone() else {
            return;
        };
        let count = self.state.roster().matching(tag);
        let users = self.state.present(tag, RoomOnline::USERS);
        let content = herald.room_online(self.state.key(), &RoomOnline { tag, count, users });
        self.announce(audience, content, None);
    }

    fn presence_due(&mut self) {
        let now = self.links.started.elapsed();
        for tag in self.state.paced() {
            if self.state.pace(&tag).woken(now) {
                self.tell_presence(
                    &tag,
                    For::All {
                        tag: tag.clone(),
                        except: None,
                    },
                );
            }
        }
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
        match &manage.command {
            Command::Invite(names) => {
                self.state
                    .invite(&manage.by, names, self.links.tenure.settings.invites_max)?;
            }
            Command::Lock(locked) => self.state.lock(&manage.by, *locked)?,
            Command::Kick(member) => self.state.kick(&manage.by, member)?,
        }
        if let Some(announce) = &manage.announce {
            let count = self.state.roster().len();
            let content = announce.fill(&self.change(&None, count, None));
            let by = Some(manage.by.clone());
            // Letters go out when all is done: by then the one sent out has no seat, and perhaps nobody of its worker.
            let gone = match &manage.command {
                Command::Kick(member) => self.state.roster().get(member),
                _ => None,
            };
            let gone = gone.map(|seat| (seat.worker, seat.slot));
            if let Some((worker, slot)) = gone {
                self.announce(For::One { worker, slot }, content.clone(), by.clone());
            }
            let except = gone.map(|(_, slot)| slot);
            self.announce(For::All { tag: None, except }, content, by);
        }
        if let Command::Kick(member) = &manage.command {
            self.stand_up(member, &Which::All, LeaveReason::Kick, Telling::Farewell);
        }
        Ok(())
    }

    fn up(&mut self, fact: RoomFact) {
        self.effects.push(Effect::Up(fact));
    }
}

type Done = (Reply<Result<NotifyAnswer, NotifyError>>, NotifyAnswer);
