//! What the room hears, under its guard: each request stands or falls by itself.

use super::{Room, requests::Request};
use crate::{
    account::Held,
    guard::{Crashes, Guarded, GuardedContext},
    message::{Permits, ToRoom},
    metrics::Metrics,
};

impl Guarded for Room {
    type Word = ToRoom;

    fn title(&self) -> String {
        let key = self.state.key();
        format!(
            "{} \"{}\" of {}",
            self.part(),
            key.name.escape_debug(),
            self.links.context.namespace
        )
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        self.unpark(ctx);
    }

    fn restarting(&mut self) {
        // What would have given it back is cancelled, and what would have run the parked.
        self.links.purse = Permits::default();
        self.links.parked.restarted();
        self.links.under_way.restarted();
    }

    fn hear(&mut self, word: ToRoom, ctx: &mut GuardedContext<Self>) {
        let request = match word {
            ToRoom::Join(placed) => Request::Join(placed, None),
            ToRoom::Leave(leave) => Request::Leave(leave),
            ToRoom::Notify(notify) => Request::Notify(notify),
            ToRoom::Manage(manage) => Request::Manage(manage),
            ToRoom::Due => {
                self.tell_overdue(ctx);
                Request::Due
            }
            ToRoom::Commit(commit) => return self.committed(*commit, ctx),
            ToRoom::Rejected(id, why) => return self.rejected(id, why, ctx),
            ToRoom::Unknown(id) => return self.unknown(id, ctx),
            ToRoom::Opened(standing) => return self.reach(standing),
            #[cfg(feature = "testing")]
            ToRoom::Call(call) => return call.run(self, ctx),
        };
        self.take(ctx, request);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        Metrics::sub(&self.links.context.metrics.rooms, 1);
        let account = self.links.context.encodings.account();
        account.sub(Held::Memberships, self.links.on_account.memberships);
        account.sub(Held::Invitations, self.links.on_account.invitations);
    }
}

impl Room {
    /// Tells what had to wait for its time.
    pub(super) fn due(&mut self, permits: Permits) {
        let effects =
            self.with_surroundings(|room, local, around| local.presence_due(room, around));
        self.carry_out(effects, permits);
    }
}
