//! A request's way through the log: decided on the room as it is, appended, and taken in and told once it is committed. In
//! memory that is one call. A late log tells later, by its namespace's feed: meanwhile the room goes on with what does not
//! depend on it.

use std::panic::AssertUnwindSafe;

use actix::AsyncContext;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::{
    Room,
    hooked::split,
    requests::{History, Request, RequestError},
};
use crate::{
    error::LogError,
    event::RoomEvent,
    guard::{GuardedContext, guard, guard_always, then},
    id::{BatchId, ChannelScope},
    log::{AppendRefusal, Appended, Committed, Events, Expect, Feed, Page, Read, Standing},
    message::{Commit, Permits},
    notice::cause,
    ports::{LocalFuture, polled_once},
    state::local_room::Announcement,
};

/// So many conflicts in a row, and the log is no more believed.
const CONFLICTS_MAX: u32 = 64;

/// What is to happen, and under which condition.
pub(super) struct Proposal {
    pub(super) events: Events,
    pub(super) expect: Expect,
    pub(super) ends: Vec<ChannelScope>,
}

impl Room {
    /// Runs a request that has all it needs.
    pub(super) fn run(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        mut request: Request,
        permits: Permits,
    ) {
        let under_way = &self.links.under_way;
        if under_way.changes() && under_way.is_change(&request) {
            self.links.under_way.forget_history(&mut request);
            return self.links.parked.push(request);
        }
        if let Request::Join(placed, _) = &request {
            // Even a join that crashes was seen: else the namespace would keep the room when it is empty.
            self.links.joins_seen = self.links.joins_seen.max(placed.number);
            self.local.seen(&placed.join.joined.member, placed.number);
        }
        let joining = match &request {
            Request::Join(placed, _) => Some((placed.join.joined.member.clone(), placed.number)),
            _ => None,
        };
        let leaves = matches!(request, Request::Leave(_));
        // Taken out once it is decided.
        let mut deciding = Some((request, permits));
        let perform = |room: &mut Self| room.perform(&mut deciding);
        let done = match leaves {
            true => guard_always(self, ctx, perform),
            false => guard(self, ctx, perform),
        };
        match done {
            Ok(None) => {}
            Ok(Some((request, reading))) => self.await_history(ctx, request, reading),
            Err(fault) => {
                if let Some((request, _)) = deciding {
                    let _ = guard_always(self, ctx, |room| room.refuse(request, fault.into()));
                } else if let Some((member, number)) = joining
                    && self.state.roster().get(&member).is_none()
                {
                    self.without(member, number, false);
                }
            }
        }
    }

    /// Decides and appends. What comes back waits for its history first.
    fn perform(
        &mut self,
        deciding: &mut Option<(Request, Permits)>,
    ) -> Option<(Request, LocalFuture<Result<Page, LogError>>)> {
        let (request, _) = deciding.as_mut()?;
        let decided = match request {
            Request::Join(placed, _) => self.decide_join(placed).map_err(RequestError::from),
            Request::Leave(leave) => Ok(self.decide_leave(leave)),
            Request::Notify(notify) => self.decide_notify(notify).map_err(RequestError::from),
            Request::Manage(manage) => self.decide_manage(manage).map_err(RequestError::from),
            Request::Ask(asked) => self.decide_ask(asked).map_err(RequestError::from),
            Request::Timer(timer) => Ok(self.decide_timer(*timer)),
            Request::Due => {
                let (_, permits) = deciding.take()?;
                self.due(permits);
                return None;
            }
        };
        if decided.is_ok()
            && let Request::Join(placed, history @ None) = request
            && let Some(asked) = &placed.join.history
        {
            let read = Read {
                log: self.links.log_key.clone(),
                address: placed.join.joined.tag.clone(),
                after: asked.since,
                count: asked.count,
                bytes: asked.bytes,
            };
            match polled_once(self.links.log.read(read)) {
                Ok(page) => *history = Some(page.into()),
                Err(reading) => {
                    let (request, _) = deciding.take()?;
                    return Some((request, reading));
                }
            }
        }
        match decided {
            Ok(proposal) => self.append(deciding, proposal),
            Err(refused) => {
                let (request, _) = deciding.take()?;
                self.refuse(request, refused);
            }
        }
        None
    }

    /// Appends, and goes on with the request, which is taken out once the log has answered: what the log panics on is still there.
    pub(super) fn append(&mut self, deciding: &mut Option<(Request, Permits)>, proposal: Proposal) {
        let Proposal {
            events,
            expect,
            mut ends,
        } = proposal;
        if events.is_empty() {
            let Some((request, permits)) = deciding.take() else {
                return;
            };
            return self.take_in(Some(request), &events, permits);
        }
        if let Some((Request::Join(_, Some(history)), _)) = deciding
            && !ends.is_empty()
        {
            // An address that is made private has no past.
            *history = History {
                letters: Vec::new(),
                complete: true,
            };
        }
        ends.extend_from_slice(self.links.under_way.ends());
        let epoch = self.state.standing().position.epoch;
        let log = &self.links.log;
        let (id, appended) = log.append(self.links.log_key.clone(), events, (expect, epoch), ends);
        let Some((request, permits)) = deciding.take() else {
            return;
        };
        match appended {
            Appended::Committed(committed) if !self.links.gateway.is_closed() => {
                self.reach(committed.standing);
                self.take_in(Some(request), &committed.events, permits);
            }
            // Behind what the feed has said before.
            Appended::Committed(committed) => {
                self.await_log(id, request);
                self.links.log.feed(Feed::Committed(committed));
            }
            Appended::Pending => self.await_log(id, request),
            // What is missing here the feed has said: it is taken in before this comes back.
            Appended::Refused(AppendRefusal::Conflict) => {
                self.await_log(id, request);
                self.links.under_way.recover();
                let log = self.links.log_key.clone();
                self.links
                    .log
                    .feed(Feed::Rejected(id, log, AppendRefusal::Conflict));
            }
            Appended::Refused(AppendRefusal::Unavailable) => {
                self.refuse(request, LogError::Unavailable.into());
            }
        }
    }

    pub(super) fn reach(&mut self, standing: Standing) {
        self.links.under_way.committed();
        let condition = |standing: Standing| (standing.position.epoch, standing.policy);
        if condition(self.state.standing()) != condition(standing) {
            // What was appended under the old one comes back.
            self.links.under_way.recover();
        }
        self.state.reach(standing);
    }

    #[cold]
    fn await_log(&mut self, id: BatchId, request: Request) {
        let time = self.links.context.settings.log_timeout;
        if let Request::Join(placed, Some(_)) = &request {
            self.links.under_way.collect(placed);
        }
        self.links.under_way.put(id, request, Instant::now() + time);
        self.wake_after(time);
    }

    #[cold]
    fn await_history(
        &mut self,
        ctx: &mut GuardedContext<Self>,
        request: Request,
        reading: LocalFuture<Result<Page, LogError>>,
    ) {
        let Request::Join(placed, _) = &request else {
            return;
        };
        let number = placed.number;
        self.links.under_way.collect(placed);
        self.links.under_way.read_begins(request);
        let limit = self.links.context.settings.log_timeout;
        let reading = AssertUnwindSafe(reading).catch_unwind();
        let reading = async move {
            match timeout(limit, reading).await {
                Ok(Ok(page)) => page,
                Ok(Err(payload)) => {
                    std::mem::forget(payload);
                    cause::LOG_PANICKED.tell(
                        None,
                        None,
                        format_args!("a log panicked as it was read"),
                    );
                    Err(LogError::Unavailable)
                }
                Err(_) => Err(LogError::OutcomeUnknown),
            }
        };
        ctx.spawn(then(reading, move |room: &mut Self, page, ctx| {
            if let Some(Request::Join(placed, _)) = room.links.under_way.read_ends(number) {
                let request = Request::Join(placed, Some(page.into()));
                room.run(ctx, request, Permits::default());
            }
            room.unpark(ctx);
        }));
    }

    /// The feed says that something was committed.
    pub(super) fn committed(&mut self, commit: Commit, ctx: &mut GuardedContext<Self>) {
        let Commit { committed, place } = commit;
        self.links.gateway.enter(place);
        let request = committed.id.and_then(|id| self.links.under_way.take(id));
        let _ = guard_always(self, ctx, |room| room.take_in_later(request, &committed));
        self.links.gateway.leave();
        self.resolved(ctx);
    }

    fn take_in_later(&mut self, request: Option<Request>, committed: &Committed) {
        if self.state.standing().covers(&committed.standing) {
            return;
        }
        self.reach(committed.standing);
        // It goes uncounted, as it goes by the gate: each holds a unit of its sender's session until it is told.
        self.take_in(request, &committed.events, Permits::default());
    }

    /// What it takes of couriers, if that is free: it has waited for them once, and waits no more.
    fn permits_now(&mut self, request: &Request) -> Permits {
        let needs = self.needs(request.costs()).permits;
        Permits::now(&needs, &mut self.links.purse).unwrap_or_default()
    }

    /// The feed says that the log has not taken a batch.
    pub(super) fn rejected(
        &mut self,
        id: BatchId,
        why: AppendRefusal,
        ctx: &mut GuardedContext<Self>,
    ) {
        let Some(request) = self.links.under_way.take(id) else {
            return;
        };
        match why {
            AppendRefusal::Conflict if self.links.under_way.conflicted() < CONFLICTS_MAX => {
                self.links.under_way.go_again(request);
            }
            _ => self.refuse(request, LogError::Unavailable.into()),
        }
        self.resolved(ctx);
    }

    /// An epoch begins, in which the room's log is so far.
    pub(super) fn opened(&mut self, standing: Standing) {
        // What was committed at once since then is in it.
        if !self.state.standing().covers(&standing) {
            self.reach(standing);
        }
    }

    /// Nobody knows what became of a batch. Should it be committed yet, it happens then, without its asker.
    pub(super) fn unknown(&mut self, id: BatchId, ctx: &mut GuardedContext<Self>) {
        if let Some(request) = self.links.under_way.take(id) {
            self.refuse(request, LogError::OutcomeUnknown.into());
        }
        self.resolved(ctx);
    }

    pub(super) fn tell_overdue(&mut self, ctx: &mut GuardedContext<Self>) {
        for id in self.links.under_way.overdue(Instant::now()) {
            self.unknown(id, ctx);
        }
    }

    /// Something is no more under way.
    fn resolved(&mut self, ctx: &mut GuardedContext<Self>) {
        let mut again = self.links.under_way.settle().into_iter();
        while let Some(request) = again.next() {
            let permits = self.permits_now(&request);
            self.run(ctx, request, permits);
            if self.links.under_way.is_recovering() {
                // Their history was forgotten when they came back.
                self.links.parked.push_front(again);
                break;
            }
        }
        self.unpark(ctx);
        self.tell_if_vacant();
    }

    /// What has happened is taken in, and told: to whoever asked for it, if somebody here did.
    fn take_in(&mut self, request: Option<Request>, events: &[RoomEvent], permits: Permits) {
        match split(events) {
            (own, []) => self.take_in_own(request, own, permits),
            parts => self.take_in_hooked(request, parts, permits),
        }
    }

    pub(super) fn take_in_own(
        &mut self,
        request: Option<Request>,
        events: &[RoomEvent],
        mut permits: Permits,
    ) {
        match request {
            Some(Request::Join(placed, history)) => {
                let meanwhile = self.links.under_way.collected(placed.number);
                let asked = placed.join.history.as_ref();
                let history = history
                    .zip(asked)
                    .map(|(history, asked)| history.with(meanwhile, asked));
                let (answer, effects) = self.joined(&placed, history, events);
                self.carry_out(effects, permits);
                placed.join.reply.send(Ok(answer));
            }
            Some(Request::Leave(leave)) => self.take_in_leave(leave, events, permits),
            Some(Request::Notify(notify)) => self.post_letter(notify, events, permits),
            Some(Request::Manage(manage)) => {
                let effects = self.managed(&manage, events);
                let told = self.told(&effects);
                self.carry_out(effects, permits);
                manage.reply.send(Ok(told));
            }
            Some(Request::Ask(asked)) => Self::answer(*asked),
            Some(Request::Timer(_) | Request::Due) => {}
            None => {
                for event in events {
                    self.take_in_unasked(event, std::mem::take(&mut permits));
                }
            }
        }
    }

    /// Something has happened that nobody here waits for.
    #[cold]
    fn take_in_unasked(&mut self, event: &RoomEvent, permits: Permits) {
        match event {
            RoomEvent::Said(said) => self.post(said, None, None, permits),
            RoomEvent::Left(_) => {
                let (_, effects) = self.left(event, &Announcement::LeaveEvent);
                self.carry_out(effects, permits);
            }
            RoomEvent::Policy(..) | RoomEvent::Script(_) => drop(self.state.apply(event)),
            RoomEvent::Joined(joined) => {
                self.state.apply(event);
                self.send_away_if_unasked(&joined.member);
            }
        }
    }
}

impl From<Result<Page, LogError>> for History {
    fn from(page: Result<Page, LogError>) -> Self {
        // A log that cannot be read keeps nobody out.
        let Page { letters, complete } = page.unwrap_or_default();
        Self { letters, complete }
    }
}
