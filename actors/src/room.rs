//! The room actor: a mailbox around a [`RoomState`]. One implementation for channels, the hub pack's rooms and plain
//! rooms (decision 0003). It speaks to one courier a worker and to the namespace above it, never to a session.

mod admission;
mod effects;
mod handlers;
mod letters;
mod owner;
mod presence;
#[cfg(feature = "testing")]
mod view;

#[cfg(feature = "testing")]
pub(crate) use self::view::view;
use self::{
    admission::Parked,
    effects::{Effect, For},
};

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use tokio::time::Instant;

use crate::{
    context::NamespaceContext,
    error::{JoinError, LeaveReason, NotifyError},
    event_template::{EventTemplate, MembershipChange},
    fault::{self, Point},
    flow::{Brake, Patience},
    guard::Crashes,
    id::{ChannelScope, Kind, MemberId, RoomId, WorkerId},
    letter::{Content, Draft},
    mailbox::{Reply, WeakMailbox},
    message::{
        CourierRef, Join, JoinAnswer, LeaveAnswer, MirrorJoin, MirrorLeave, NotifyAnswer, Permits,
        PlacedJoin, Seated, ToNamespace, ToRoom, Unseated,
    },
    metrics::Metrics,
    ports::{Log, RoomOnline},
    state::{
        audience::{LeaveScope, Scopes},
        room::{Joiner, RoomBytes, RoomState},
        throttle::Throttle,
    },
};

/// The actor.
pub struct Room {
    state: RoomState,
    links: Links,
    presence: Throttle<ChannelScope>,
    crashes: Crashes,
    effects: Vec<Effect>,
}

/// What a room holds besides its state.
struct Links {
    id: RoomId,
    context: Arc<NamespaceContext>,
    log: Rc<dyn Log>,
    owner: WeakMailbox<ToNamespace>,
    this: WeakMailbox<ToRoom>,
    couriers: BTreeMap<WorkerId, CourierRef>,
    brake: Arc<Brake>,
    patience: Patience,
    purse: Permits,
    parked: Parked,
    /// What the hub's account knows of.
    on_account: RoomBytes,
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
        this: WeakMailbox<ToRoom>,
        state: RoomState,
        id: RoomId,
        context: Arc<NamespaceContext>,
        log: Rc<dyn Log>,
        owner: WeakMailbox<ToNamespace>,
    ) -> Self {
        let crashes = Crashes::new(context.metrics.clone());
        Metrics::add(&context.metrics.rooms, 1);
        let presence = Throttle::new(context.settings.presence_rates());
        let links = Links {
            id,
            context,
            log,
            owner,
            this,
            couriers: BTreeMap::new(),
            brake: Arc::default(),
            patience: Patience::default(),
            purse: Permits::default(),
            parked: Parked::default(),
            on_account: RoomBytes::default(),
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

    fn part(&self) -> &'static str {
        match self.state.key().kind {
            Kind::Channel => "channel",
            Kind::Room | Kind::Plain => "room",
        }
    }

    fn join(
        &mut self,
        placed: PlacedJoin,
    ) -> (
        Result<JoinAnswer, JoinError>,
        Reply<Result<JoinAnswer, JoinError>>,
    ) {
        let PlacedJoin {
            join,
            courier,
            local_id,
            account,
            number,
        } = placed;
        let Join {
            tag,
            user,
            member,
            options,
            announce,
            farewell,
            reply,
            ..
        } = *join;
        let worker = courier.worker;
        let marked = user.clone().unwrap_or_default();
        let strike = |room: &Self, point| fault::strike(room.part(), point, marked.as_bytes());
        strike(self, Point::Before);
        self.links.couriers.entry(worker).or_insert(courier);
        let joiner = Joiner {
            member: member.clone(),
            worker,
            local_id,
            account,
            user,
            farewell,
        };
        let joined = self.state.join(joiner, tag.clone(), options);
        strike(self, Point::Midway);
        let joined = match joined {
            Ok(joined) => joined,
            Err(error) => {
                if self.state.roster().get(&member).is_none() {
                    self.unseated(member, number, false);
                }
                return (Err(error), reply);
            }
        };
        if !joined.already {
            let key = self.state.key().clone();
            let namespace = self.links.context.namespace.clone();
            let tags = joined.tags.clone();
            let first = tags.iter().count() == 1;
            let seat = MirrorJoin {
                room: self.links.id,
                key,
                namespace,
                local_id,
                tags,
                permit: None,
            };
            self.effects.push(Effect::Seat { worker, seat });
            if let Some(announce) = announce {
                let change = self.change(&tag, joined.count, None);
                let everyone =
                    self.state.roster().len() <= self.links.context.settings.join_events_up_to;
                let audience = if everyone {
                    For::All {
                        tag: tag.clone(),
                        except: None,
                    }
                } else {
                    For::One { worker, local_id }
                };
                self.announce(audience, announce.fill(&change));
            }
            self.presence(&tag, Some((worker, local_id)));
            if first && self.state.key().kind == Kind::Channel {
                let count = self.state.roster().len();
                let room = self.state.key().clone();
                self.up(Seated {
                    room,
                    member,
                    count,
                });
            }
        }
        strike(self, Point::After);
        let users = match self.state.key().kind {
            Kind::Plain => Vec::new(),
            Kind::Channel | Kind::Room => self.state.present(&tag, RoomOnline::USERS),
        };
        let answer = JoinAnswer {
            already: joined.already,
            count: joined.count,
            terms: joined.terms,
            users,
            tags: joined.tags,
            number,
            room: self.links.this.clone(),
        };
        (Ok(answer), reply)
    }

    fn leave(
        &mut self,
        member: &MemberId,
        which: &LeaveScope,
        reason: LeaveReason,
        telling: Telling,
    ) -> LeaveAnswer {
        let Some(left) = self.state.leave(member, which) else {
            return LeaveAnswer::default();
        };
        let room = self.links.id;
        let kicked = (reason == LeaveReason::Kick).then(|| {
            let gone = left.gone.iter();
            let gone = gone.fold(Scopes::default(), |tags, (tag, _)| tags.with(tag));
            (self.state.key().clone(), self.joins_seen(), gone)
        });
        let (worker, local_id) = (left.worker, left.local_id);
        if left.kept.is_empty() || kicked.is_some() {
            let unseat = MirrorLeave {
                room,
                local_id,
                kicked,
                permit: None,
            };
            self.effects.push(Effect::Unseat { worker, unseat });
        }
        if !left.kept.is_empty() {
            let seat = MirrorJoin {
                room,
                key: self.state.key().clone(),
                namespace: self.links.context.namespace.clone(),
                local_id,
                tags: left.kept,
                permit: None,
            };
            self.effects.push(Effect::Seat { worker, seat });
        }
        let announce = match telling {
            Telling::With(announce) => Some(announce),
            Telling::Farewell => left.farewell,
            Telling::Nobody => None,
        };
        let everyone = self.state.roster().len() <= self.links.context.settings.join_events_up_to;
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
                    except: Some(left.local_id),
                };
                self.announce(audience, announce.fill(&change));
            }
            self.presence(tag, None);
        }
        if self.state.roster().get(member).is_none() {
            self.unseated(member.clone(), self.joins_seen(), true);
        }
        LeaveAnswer { gone: left.gone }
    }

    /// All joins up to this number were seen: of those that are parked, none was.
    fn joins_seen(&self) -> u64 {
        let parked = self.links.parked.first_join();
        parked.map_or(self.links.joins_seen, |first| {
            self.links.joins_seen.min(first.saturating_sub(1))
        })
    }

    fn change<'a>(
        &self,
        tag: &'a ChannelScope,
        count: usize,
        reason: Option<LeaveReason>,
    ) -> MembershipChange<'a> {
        let time = self.links.context.clock.now();
        MembershipChange {
            tag,
            count,
            reason,
            time,
        }
    }

    fn announce(&mut self, audience: For, content: Content) {
        let draft = Draft::new(content, &self.links.context.encodings);
        self.effects.push(Effect::Letter {
            audience,
            draft,
            receipt: None,
        });
    }

    /// A member has no seat any more, or was refused one with join `number`.
    fn unseated(&mut self, member: MemberId, number: u64, seated: bool) {
        let count = self.state.roster().len();
        self.up(Unseated {
            room: self.state.key().clone(),
            member,
            number,
            count,
            // Joins that came behind that one may have run before it, and others may wait.
            vacant: (count == 0).then(|| self.joins_seen()),
            seated,
        });
    }

    fn up(&mut self, word: impl Into<ToNamespace>) {
        self.effects.push(Effect::Up(word.into()));
    }
}

type Done = (Reply<Result<NotifyAnswer, NotifyError>>, NotifyAnswer);
