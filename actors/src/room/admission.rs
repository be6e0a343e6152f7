//! When a request runs: once every courier has room for what it leads to, no other change is on its way to the log and, if it
//! tells everybody much, this room's readers keep up. Until then it is parked, and others go on; nothing is lost.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    future::Future,
    time::Duration,
};

use actix::{ActorContext, ActorState, AsyncContext};
use tokio::time::Instant;

use super::{Room, effects::Needs, requests::Request};
use crate::{
    flow::{Brake, READ_RATE},
    guard::{GuardedContext, then},
    id::{ChannelScope, MemberId},
    message::{CourierRef, Permits},
    metrics::Metrics,
    notice::cause,
};

/// What may be told to readers that are behind meanwhile, in bytes a second: half of what those take that are waited for.
const TRICKLE: usize = READ_RATE / 2;
/// And at once, what is saved up in so long.
const BURST: Duration = Duration::from_secs(4);
/// What was parked goes on so many bytes at a time,
const AT_ONCE: usize = 64 * 1024;
/// with time between for couriers to say what readers make of it.
const PAUSE: Duration = Duration::from_millis(1);
/// Channels whose members may say something meanwhile, before those are forgotten that have not.
const SCOPES_MAX: usize = 64;
/// The longest that may pass, all counted.
const SHORT: usize = 8 * 1024;
/// What a request counts beside its bytes.
const REQUEST: usize = 512;

/// Requests that wait, in order. Each holds a unit of its sender's session, which bounds them.
#[derive(Default)]
pub(super) struct Parked {
    requests: VecDeque<Request>,
    /// How many each member has there.
    of: HashMap<MemberId, usize>,
    /// The numbers of the joins among them.
    joins: BTreeSet<u64>,
    /// Something will go on with them.
    waits: bool,
    /// Until when the first one waits.
    until: Option<Instant>,
    /// Those of one channel leave the others theirs.
    trickles: HashMap<ChannelScope, Trickle>,
}

impl Parked {
    fn holds(&self, member: Option<&MemberId>) -> bool {
        member.is_some_and(|member| self.of.contains_key(member))
    }

    pub(super) fn push(&mut self, request: Request) {
        self.enter(&request);
        self.requests.push_back(request);
    }

    /// They go on before what was parked meanwhile.
    pub(super) fn push_front(&mut self, requests: impl DoubleEndedIterator<Item = Request>) {
        for request in requests.rev() {
            self.enter(&request);
            self.requests.push_front(request);
        }
    }

    fn pop(&mut self) -> Option<Request> {
        let request = self.requests.pop_front()?;
        self.exit(&request);
        Some(request)
    }

    fn enter(&mut self, request: &Request) {
        if let Some(member) = request.member() {
            *self.of.entry(member.clone()).or_default() += 1;
        }
        if let Request::Join(placed, _) = request {
            self.joins.insert(placed.number);
        }
    }

    fn exit(&mut self, request: &Request) {
        if let Request::Join(placed, _) = request {
            self.joins.remove(&placed.number);
        }
        if let Some(member) = request.member()
            && let Some(count) = self.of.get_mut(member)
        {
            *count -= 1;
            if *count == 0 {
                self.of.remove(member);
            }
        }
    }

    /// The lowest number of a join.
    pub(super) fn first_join(&self) -> Option<u64> {
        self.joins.first().copied()
    }

    /// Whether so much may be told to readers that are behind.
    fn trickles(&mut self, scope: &ChannelScope, bytes: usize) -> bool {
        if self.trickles.len() >= SCOPES_MAX {
            self.trickles.retain(|_, trickle| !trickle.is_full());
        }
        self.trickles.entry(scope.clone()).or_default().takes(bytes)
    }

    /// To be told when the actor starts anew, without the futures that it had.
    pub(super) fn restarted(&mut self) {
        self.waits = false;
    }
}

/// What may be told to readers that are behind: when all of it may be told again.
#[derive(Default)]
struct Trickle(Option<Instant>);

impl Trickle {
    fn is_full(&self) -> bool {
        self.0.is_none_or(|full_at| full_at <= Instant::now())
    }

    fn takes(&mut self, bytes: usize) -> bool {
        let now = Instant::now();
        let from = self.0.map_or(now, |full_at| full_at.max(now));
        let full_at = from + Duration::from_secs_f64(bytes as f64 / TRICKLE as f64);
        let takes = bytes <= SHORT && full_at <= now + BURST;
        if takes {
            self.0 = Some(full_at);
        }
        takes
    }
}

impl Room {
    /// Runs a request now, or when it may run.
    pub(super) fn take(&mut self, ctx: &mut GuardedContext<Self>, request: Request) {
        let needs = self.needs(request.costs());
        if self.parks(&request, &needs) {
            self.links.parked.push(request);
            return self.unpark(ctx);
        }
        self.admit(ctx, needs.permits, request);
    }

    fn parks(&mut self, request: &Request, needs: &Needs) -> bool {
        if self.links.parked.holds(request.member()) || self.must_wait(request) {
            return true;
        }
        let Some(weight) = needs.weight else {
            return false;
        };
        // Anybody can name a channel that nobody is under.
        let scope = request
            .scope()
            .filter(|tag| self.state.roster().under(&Some(tag.clone())) > 0);
        self.brakes(weight).is_some() && !self.links.parked.trickles(&scope, weight + REQUEST)
    }

    /// A change is decided on what the one before it has led to, and so is a letter for which its sender needs a seat; nothing
    /// overtakes what comes back from the log.
    fn must_wait(&self, request: &Request) -> bool {
        let under_way = &self.links.under_way;
        let depends = || match request {
            Request::Notify(notify) if !under_way.is_change(request) => {
                notify.seat_needed || self.state.is_closed(&notify.tag)
            }
            _ => under_way.is_change(request),
        };
        under_way.changes() && depends() || under_way.is_recovering() && request.member().is_some()
    }

    /// With how many bytes before the readers a request of so many waits, if it does.
    fn brakes(&mut self, weight: usize) -> Option<usize> {
        let behind = self.links.brake.holds(self.state.roster().len());
        self.links.patience.waits(weight, behind)
    }

    /// Runs what is parked, as far as the readers let it.
    #[cold]
    pub(super) fn unpark(&mut self, ctx: &mut GuardedContext<Self>) {
        let mut told = 0;
        loop {
            // It crashed, and comes back to this when it starts anew.
            if ctx.state() != ActorState::Running {
                return;
            }
            if self.links.parked.waits || self.links.parked.requests.is_empty() {
                return;
            }
            // For couriers, or to let others run.
            if ctx.waiting() || self.crashes.turn_is_over() {
                return self.unpark_after(ctx, std::future::ready(()), |_, ()| {});
            }
            let Some(first) = self.links.parked.requests.front() else {
                return;
            };
            if self.must_wait(first) {
                // What is under way comes back to this.
                return;
            }
            let needs = self.needs(first.costs());
            let now = Instant::now();
            let due = self.links.parked.until.is_some_and(|until| until <= now);
            let braked = needs.weight.filter(|_| !due);
            if let Some(bytes) = braked.and_then(|weight| self.brakes(weight)) {
                return self.await_readers(ctx, now, bytes);
            }
            if told >= AT_ONCE {
                return self.unpark_after(ctx, tokio::time::sleep(PAUSE), |_, ()| {});
            }
            told += needs.weight.unwrap_or(0) + REQUEST;
            self.links.parked.until = None;
            if let Some(request) = self.links.parked.pop() {
                self.admit(ctx, needs.permits, request);
            }
        }
    }

    #[cold]
    fn await_readers(&mut self, ctx: &mut GuardedContext<Self>, now: Instant, bytes: usize) {
        let members = self.state.roster().len();
        let brake = self.links.brake.clone();
        let until = &mut self.links.parked.until;
        let until = *until.get_or_insert_with(|| now + Brake::most(bytes));
        self.unpark_after(ctx, brake.wait(members, until), |room, eased| {
            room.links.parked.until = Some(Instant::now());
            room.waited(eased);
        });
    }

    /// Goes on after this.
    fn unpark_after<F: Future + 'static>(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        wait: F,
        waited: impl FnOnce(&mut Self, F::Output) + 'static,
    ) {
        self.links.parked.waits = true;
        ctx.spawn(then(wait, |room: &mut Self, output, ctx| {
            waited(room, output);
            room.links.parked.waits = false;
            room.unpark(ctx);
        }));
    }

    /// What is first has waited for the room's readers.
    #[cold]
    fn waited(&mut self, eased: bool) {
        Metrics::add(&self.links.context.metrics.letters_braked, 1);
        self.links.patience.waited(eased);
        if !eased {
            let (behind, all) = (self.links.brake.behind(), self.state.roster().len());
            let name = self.state.key().name.escape_debug();
            cause::READERS_BEHIND.tell(
                None,
                None,
                format_args!(
                    "{} \"{name}\" waits for its readers: {behind} of {all} are behind",
                    self.part()
                ),
            );
        }
    }

    /// Runs a request once every courier has room for what it leads to; meanwhile no mail is taken.
    fn admit(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        needs: Vec<(CourierRef, usize)>,
        request: Request,
    ) {
        if let Some(permits) = Permits::now(&needs, &mut self.links.purse) {
            return self.run(ctx, request, permits);
        }
        // Who waits holds nothing: it might wait for itself.
        self.links.purse = Permits::default();
        let permits = Permits::wait(needs, self.links.context.settings.courier_patience);
        ctx.wait(then(permits, |room: &mut Self, (permits, purse), ctx| {
            room.links.purse = purse;
            // Futures have their turn when the mailbox is empty: what is left over then goes back.
            let spend = then(std::future::ready(()), |room: &mut Self, (), _| {
                room.links.purse = Permits::default();
            });
            ctx.spawn(spend);
            room.run(ctx, request, permits);
        }));
    }
}
