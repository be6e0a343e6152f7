//! The room actor: a mailbox around a [`RoomState`]. One implementation for channels, the hub pack's rooms and plain
//! rooms (decision 0003). It speaks to one courier a worker and to the namespace above it, never to a session.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, rc::Rc, sync::Arc, time::Duration};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use crate::{
    courier::CourierRef,
    error::{Fault, JoinError, LeaveReason, LogError, ManageError, NotifyError},
    fault::{self, Point},
    guard::{Crashes, Guarded, guard, guard_always},
    id::{Kind, MemberId, Numbers, RoomId, Slot, Tag, WorkerId},
    letter::{Address, Content, Draft, Origin, Target},
    message::{
        Audience, Command, Deliver, JoinAnswer, LeaveAnswer, Manage, MirrorSeat, MirrorUnseat,
        Notify, NotifyAnswer, PresenceDue, Receipt, RoomFact, RoomSays, SitDown, StandUp,
    },
    metrics::Metrics,
    namespace::Tenure,
    ports::{Announce, Happening, Log, Proposal, RoomOnline},
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

/// What leaves a room once its state is committed.
enum Effect {
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
enum For {
    All { tag: Tag, except: Option<Slot> },
    One { worker: WorkerId, slot: Slot },
}

/// Which event tells the others of a leave.
enum Telling {
    With(Announce),
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
                let happening = Happening {
                    tag: &tag,
                    count: joined.count,
                    reason: None,
                };
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
                self.announce(audience, (announce.0)(&happening), Some(member.clone()));
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
                let happening = Happening {
                    tag,
                    count: *count,
                    reason: Some(reason),
                };
                // One who keeps another tag is not told of its own leave.
                let audience = For::All {
                    tag: tag.clone(),
                    except: Some(left.slot),
                };
                self.announce(audience, (announce.0)(&happening), Some(member.clone()));
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
            let happening = Happening {
                tag: &None,
                count,
                reason: None,
            };
            let content = (announce.0)(&happening);
            self.announce(
                For::All {
                    tag: None,
                    except: None,
                },
                content,
                Some(manage.by.clone()),
            );
        }
        if let Command::Kick(member) = &manage.command {
            self.stand_up(member, &Which::All, LeaveReason::Kick, Telling::Farewell);
        }
        Ok(())
    }

    fn up(&mut self, fact: RoomFact) {
        self.effects.push(Effect::Up(fact));
    }

    /// Sends what the committed message led to. How many couriers a letter goes to is known before the first is sent.
    fn carry_out(&mut self, ctx: &mut Context<Self>) {
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

    fn owe<M>(&self, worker: WorkerId, message: M)
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
        crate::courier::Courier: Handler<M>,
    {
        if let Some(courier) = self.links.couriers.get(&worker) {
            courier.owe(message);
        }
    }

    fn deliver(
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
    fn await_credit(&self, ctx: &mut Context<Self>) {
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

    /// The first half of a notify: whether it may be said, and the log's answer.
    fn propose(&mut self, notify: &Notify) -> Result<(usize, Proposal), NotifyError> {
        fault::strike(self.part(), Point::Before, &notify.draft.content.args);
        let from = notify.origin.member.as_ref();
        let echo = notify.except.is_none();
        let recipients = self
            .state
            .may_notify(from, &notify.tag, echo, notify.seat_needed)?;
        let proposal =
            self.links
                .log
                .propose(self.state.key(), self.state.numbers(), &notify.draft);
        Ok((recipients, proposal))
    }

    /// The second half: the numbers are kept, the delivery is built.
    fn post_letter(&mut self, notify: Notify, recipients: usize, numbers: Numbers) -> Done {
        let Notify {
            tag,
            origin,
            except,
            draft,
            reply,
            ..
        } = notify;
        let marked = draft.content.args.clone();
        self.state.numbered(numbers);
        fault::strike(self.part(), Point::Midway, &marked);
        let couriers = self.state.roster().workers().count();
        let receipt = Receipt::new(couriers);
        let audience = For::All { tag, except };
        let letter = Effect::Letter {
            audience,
            draft,
            origin,
            numbers,
            receipt: Some(receipt.clone()),
        };
        self.effects.push(letter);
        Metrics::add(&self.links.tenure.metrics.letters, 1);
        fault::strike(self.part(), Point::After, &marked);
        (
            reply,
            NotifyAnswer {
                recipients,
                numbers,
                receipt,
            },
        )
    }

    fn finish(
        &mut self,
        ctx: &mut Context<Self>,
        notify: Notify,
        recipients: usize,
        numbers: Result<Numbers, LogError>,
    ) {
        match numbers {
            Err(error) => notify.reply.send(Err(NotifyError::Log(error))),
            Ok(numbers) => {
                // A crash drops the reply with the letter: the sender reads that as the hub's fault.
                if let Ok((reply, answer)) = guard(self, ctx, |room| {
                    room.post_letter(notify, recipients, numbers)
                }) {
                    self.carry_out(ctx);
                    reply.send(Ok(answer));
                }
            }
        }
    }
}

type Done = (Reply<Result<NotifyAnswer, NotifyError>>, NotifyAnswer);

impl Actor for Room {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.links.tenure.settings.mailbox_max);
    }
}

impl Supervised for Room {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.state.rebuild();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        Metrics::sub(&self.links.tenure.metrics.rooms, 1);
    }
}

impl Guarded for Room {
    fn title(&self) -> String {
        let key = self.state.key();
        format!(
            "{} \"{}\" of {}",
            self.part(),
            key.name.escape_debug(),
            self.links.tenure.namespace
        )
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn commit(&mut self) {
        self.state.commit();
    }

    fn rollback(&mut self) {
        self.state.rollback();
        self.effects.clear();
    }
}

impl Handler<SitDown> for Room {
    type Result = ();

    fn handle(&mut self, sit: SitDown, ctx: &mut Self::Context) {
        let (member, number) = (sit.joiner.member.clone(), sit.number);
        // Even a join that crashes was seen: else the namespace would take a later Vacant for stale.
        self.links.joins_seen = self.links.joins_seen.max(number);
        match guard(self, ctx, |room| room.sit_down(sit)) {
            Ok((answer, reply)) => {
                self.carry_out(ctx);
                reply.send(answer);
            }
            Err(_) => {
                // The reply is gone with the message: the asker reads that. The namespace must not keep the join.
                if self.state.roster().get(&member).is_none() {
                    let count = self.state.roster().len();
                    self.up(RoomFact::Unseated {
                        member,
                        number,
                        count,
                        seated: false,
                    });
                    self.vacate();
                    self.carry_out(ctx);
                }
            }
        }
    }
}

impl Handler<StandUp> for Room {
    type Result = ();

    fn handle(&mut self, StandUp(leave): StandUp, ctx: &mut Self::Context) {
        let crate::message::Leave {
            which,
            member,
            reason,
            announce,
            reply,
            ..
        } = leave;
        let telling = announce.map_or(Telling::Farewell, Telling::With);
        let mut done = guard_always(self, ctx, |room| {
            room.stand_up(&member, &which, reason, telling)
        });
        if done.is_err() {
            // The seat must go even if the event that tells of it is what crashed.
            done = guard_always(self, ctx, |room| {
                room.stand_up(&member, &which, reason, Telling::Nobody)
            });
        }
        if let Ok(answer) = done {
            self.carry_out(ctx);
            if let Some(reply) = reply {
                reply.send(answer);
            }
        }
    }
}

impl Handler<Notify> for Room {
    type Result = ();

    fn handle(&mut self, notify: Notify, ctx: &mut Self::Context) {
        match guard(self, ctx, |room| room.propose(&notify)) {
            Err(fault) => notify.reply.send(Err(fault.into())),
            Ok(Err(error)) => notify.reply.send(Err(error)),
            Ok(Ok((_, Proposal::Refused(error)))) => {
                notify.reply.send(Err(NotifyError::Log(error)))
            }
            Ok(Ok((recipients, Proposal::Numbered(numbers)))) => {
                self.finish(ctx, notify, recipients, Ok(numbers));
            }
            Ok(Ok((recipients, Proposal::Later(answer)))) => {
                let limit: Duration = self.links.tenure.settings.log_timeout;
                // It runs outside of the guard: a panic in it would take the room along.
                let answer = AssertUnwindSafe(answer).catch_unwind().map(|numbers| {
                    numbers.unwrap_or_else(|payload| {
                        std::mem::forget(payload);
                        log::error!("a log panicked over a letter");
                        Err(LogError::Unavailable)
                    })
                });
                let answer = async move {
                    timeout(limit, answer)
                        .await
                        .unwrap_or(Err(LogError::TimedOut))
                };
                let done = answer
                    .into_actor(self)
                    .map(move |numbers, room: &mut Self, ctx| {
                        room.finish(ctx, notify, recipients, numbers);
                    });
                ctx.wait(done);
            }
        }
    }
}

impl Handler<Manage> for Room {
    type Result = ();

    fn handle(&mut self, manage: Manage, ctx: &mut Self::Context) {
        let done = guard(self, ctx, |room| room.manage(&manage));
        if matches!(done, Ok(Ok(()))) {
            self.carry_out(ctx);
        }
        manage
            .reply
            .send(done.unwrap_or_else(|fault| Err(fault.into())));
    }
}

impl Handler<PresenceDue> for Room {
    type Result = ();

    fn handle(&mut self, _: PresenceDue, ctx: &mut Self::Context) {
        if guard(self, ctx, Self::presence_due).is_ok() {
            self.carry_out(ctx);
        }
    }
}

/// What a world sees of a room.
#[cfg(feature = "testing")]
pub(crate) fn view(room: &Room) -> crate::testing::inspect::RoomView {
    let seat = |(member, seat): (&MemberId, &crate::state::roster::Seat)| {
        let record =
            crate::testing::SeatRecord::new(seat.worker, seat.slot, room.links.id, &seat.tags);
        (member.clone(), record)
    };
    let seats = room.state.roster().iter().map(seat).collect();
    crate::testing::inspect::RoomView {
        seats,
        offset: room.state.numbers().offset,
    }
}

#[cfg(feature = "testing")]
impl Room {
    fn trace(&self, effect: &Effect) {
        use crate::testing::trace::{Fact, Recipients, note};
        let room = self.links.id;
        match effect {
            Effect::Seat { seat, .. } => {
                note(|| Fact::Seated {
                    room,
                    key: seat.key.clone(),
                    slot: seat.slot,
                    tags: seat.tags.clone(),
                });
            }
            Effect::Unseat { unseat, .. } => note(|| Fact::Unseated {
                room,
                slot: unseat.slot,
            }),
            Effect::Letter {
                audience,
                draft,
                numbers,
                receipt,
                ..
            } => note(|| {
                let to = match audience {
                    For::All { tag, except } => Recipients::Matching(tag.clone(), *except),
                    For::One { slot, .. } => Recipients::One(*slot),
                };
                let (content, said) = (draft.content.clone(), receipt.is_some());
                Fact::Letter {
                    room,
                    key: self.state.key().clone(),
                    to,
                    content,
                    offset: numbers.offset,
                    said,
                }
            }),
            Effect::Up(_) => {}
        }
    }
}
