//! How long an actor may work before the others of its thread have their turn.

use std::{cell::Cell, time::Duration};

use actix::{Actor, AsyncContext, Context, WrapFuture};
use tokio::time::Instant;

/// An actor that has worked this long lets the others of its thread run, and the thread look at its sockets.
const BUDGET: Duration = Duration::from_micros(200);
/// As [`BUDGET`], for a courier. What it does is little beside what it causes, and everybody's letters wait in its mailbox
/// behind those of the busiest rooms: with turns as short as those of others a window of small letters took it dozens of
/// turns.
const COURIER_BUDGET: Duration = Duration::from_millis(1);

/// A message of so many bytes may be long: see [`Turn::counts`].
pub(crate) const LONG: usize = 1024;

thread_local! {
    /// Messages that actors of this thread have handled.
    static HANDLED: Cell<u64> = const { Cell::new(0) };
}

/// Since when no other actor of the thread has had a message. The clock costs as much as a short message, so the first one
/// of a turn is not timed, unless it [says](Turn::counts) that it may be long; and the time at which one begins is that at
/// which the last one ended. A turn thus takes a short message and one more beyond its budget. Idle time counts, too:
/// giving way then costs nobody anything.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    began: Option<Instant>,
    /// What [`HANDLED`] was behind this actor's last message: if it is more, others have run.
    handled: Option<u64>,
    spent: bool,
    fresh: bool,
    is_courier: bool,
    #[cfg(test)]
    messages: u32,
}

impl Turn {
    /// The turns of a courier.
    pub(crate) fn of_courier() -> Self {
        Self {
            is_courier: true,
            ..Self::default()
        }
    }

    fn budget(&self) -> Duration {
        match self.is_courier {
            true => COURIER_BUDGET,
            false => BUDGET,
        }
    }

    /// A message is about to be handled. Answers the time, if it looked.
    pub(crate) fn begins(&mut self) -> Option<Instant> {
        let handled = HANDLED.replace(HANDLED.get() + 1);
        self.fresh = self.handled != Some(handled);
        self.handled = Some(handled + 1);
        if self.fresh {
            self.began = None;
            return None;
        }
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        self.spent = now - began >= self.budget();
        Some(now)
    }

    /// What is about to be handled may be long: its time counts.
    pub(crate) fn counts(&mut self) {
        self.began.get_or_insert_with(Instant::now);
    }

    /// Whether others have run since the message before this one.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// In the middle of a message that has many parts: whether the budget is used up, from the first look at the latest.
    /// The actor then goes back when the message ends.
    pub(crate) fn is_over(&mut self) -> bool {
        let began = *self.began.get_or_insert_with(Instant::now);
        self.spent |= began.elapsed() >= self.budget();
        self.spent
    }

    /// After a message: whether the actor is to go [back](give_way). The mailbox loop itself has no budget.
    pub(crate) fn ends(&mut self) -> bool {
        #[cfg(test)]
        self.count();
        let spent = std::mem::take(&mut self.spent);
        if spent {
            self.handled = None;
        }
        spent
    }

    /// A simulation's run must depend on its seed alone.
    #[cfg(test)]
    fn count(&mut self) {
        if crate::testing::hops::held() {
            self.messages = (self.messages + 1) % 128;
            self.spent = self.messages == 0;
        }
    }
}

/// The actor goes behind all others in its thread's run queue.
pub(crate) fn give_way<A: Actor<Context = Context<A>>>(actor: &A, ctx: &mut Context<A>) {
    ctx.wait(tokio::task::yield_now().into_actor(actor));
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn handle(turn: &mut Turn, time: Duration) -> bool {
        turn.begins();
        tokio::time::advance(time).await;
        turn.ends()
    }

    async fn handle_long(turn: &mut Turn, time: Duration) -> bool {
        turn.begins();
        turn.counts();
        tokio::time::advance(time).await;
        turn.ends()
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_ends_a_short_message_and_one_more_behind_its_budget() {
        let mut turn = Turn::default();
        for _ in 0..2 {
            assert!(!handle(&mut turn, BUDGET).await);
            assert!(!handle(&mut turn, BUDGET / 2).await);
            assert!(!handle(&mut turn, BUDGET / 2).await);
            assert!(handle(&mut turn, BUDGET / 2).await);
        }
    }

    /// Two that are long would run before the clock was looked at.
    #[tokio::test(start_paused = true)]
    async fn a_long_message_counts_from_the_first() {
        let mut turn = Turn::default();
        for _ in 0..2 {
            assert!(!handle_long(&mut turn, BUDGET).await);
            assert!(handle_long(&mut turn, BUDGET).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_of_many_parts_is_over_within_the_budget_and_ends_the_turn() {
        let mut turn = Turn::default();
        turn.begins();
        assert!(!turn.is_over());
        tokio::time::advance(BUDGET).await;
        assert!(turn.is_over());
        assert!(turn.ends());
    }

    /// With the turns of others a courier took dozens of them for a window of small letters, and all waited behind those.
    #[tokio::test(start_paused = true)]
    async fn a_couriers_turn_is_longer() {
        let mut turn = Turn::of_courier();
        let mut parts = 0;
        while !handle_long(&mut turn, BUDGET).await {
            parts += 1;
        }
        assert!(parts > 1, "{parts}, and one of others is over after 1");
    }

    #[tokio::test(start_paused = true)]
    async fn an_actor_behind_others_begins_anew() {
        let (mut turn, mut other) = (Turn::default(), Turn::default());
        assert!(!handle_long(&mut turn, BUDGET).await);
        assert!(!handle(&mut other, BUDGET).await);
        assert!(!handle_long(&mut turn, BUDGET).await);
        assert!(handle_long(&mut turn, BUDGET).await);
    }
}
