//! How long an actor may work before the others of its thread have their turn.

use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, WrapFuture};

/// An actor that has worked this long lets the others of its thread run, and the thread look at its sockets.
const BUDGET: Duration = Duration::from_millis(2);

/// The time that an actor has worked since it last let others run. Idle time does not count.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    worked: Duration,
    #[cfg(feature = "testing")]
    messages: u32,
}

impl Turn {
    /// After a message: goes back to the run queue if the budget is spent. The mailbox loop itself has none.
    pub(crate) fn ends<A: Actor<Context = Context<A>>>(
        &mut self,
        began: Instant,
        ctx: &mut Context<A>,
        actor: &A,
    ) {
        self.worked += began.elapsed();
        if self.is_spent() {
            *self = Self::default();
            ctx.wait(tokio::task::yield_now().into_actor(actor));
        }
    }

    fn is_spent(&mut self) -> bool {
        // A simulation's run must depend on its seed alone.
        #[cfg(feature = "testing")]
        if crate::testing::hops::held() {
            self.messages += 1;
            return self.messages >= 128;
        }
        self.worked >= BUDGET
    }
}
