//! What the room hears, under its guard: each request stands or falls by itself.

use super::{Room, requests::Request};
use std::time::Duration;

use crate::{
    account::Held,
    error::Fault,
    guard::{Crashes, Guarded, GuardedContext},
    message::{Permits, ToNamespace, ToRoom},
    metrics::Metrics,
    state::{
        local_room::LocalRoom,
        room::{Allowance, RoomState},
    },
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
        for request in self.links.under_way.interrupted() {
            self.refuse(request, Fault::Crashed.into());
        }
        self.hook_restarted();
        self.unpark(ctx);
        if self.links.joins_seen > 0 {
            self.tell_if_vacant();
        }
    }

    fn restarting(&mut self) {
        // What would have given it back is cancelled, and what would have run the parked.
        self.links.purse = Permits::default();
        self.links.parked.restarted();
    }

    fn hear(&mut self, word: ToRoom, ctx: &mut GuardedContext<Self>) {
        let request = match word {
            ToRoom::Join(placed) => Request::Join(placed, None),
            ToRoom::Leave(leave) => Request::Leave(leave),
            ToRoom::Notify(notify) => Request::Notify(notify),
            ToRoom::Manage(manage) => Request::Manage(manage),
            ToRoom::Due => {
                self.tell_overdue(ctx);
                self.take(ctx, Request::Due);
                self.due_timers();
                return self.unpark(ctx);
            }
            ToRoom::Ask(ask) => match self.hear_ask(*ask) {
                Some(request) => request,
                None => return,
            },
            ToRoom::Watch(watcher) => return self.watch(watcher),
            ToRoom::Unwatched => return self.unwatched(),
            ToRoom::Commit(commit) => return self.committed(*commit, ctx),
            ToRoom::Rejected(id, why) => return self.rejected(id, why, ctx),
            ToRoom::Unknown(id) => return self.unknown(id, ctx),
            ToRoom::Opened(standing) => return self.opened(standing),
            #[cfg(test)]
            ToRoom::Call(call) => return call.run(self, ctx),
        };
        self.take(ctx, request);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let context = &self.links.context;
        Metrics::sub(&context.metrics.rooms, 1);
        let account = context.encodings.account();
        account.sub(Held::Memberships, self.links.on_account.memberships);
        account.sub(Held::Invitations, self.links.on_account.invitations);
        // Something panicked outside of the guard: the namespace makes the room anew around what is left.
        if std::thread::panicking() {
            let key = self.state.key().clone();
            let state = std::mem::replace(
                &mut self.state,
                RoomState::new(key.clone(), Allowance::default()),
            );
            let local = std::mem::replace(
                &mut self.local,
                LocalRoom::new(context.settings.presence_rates()),
            );
            let timers = std::mem::take(&mut self.timers);
            let left_behind = &self.links.left_behind;
            left_behind.replace(Some((state, local, timers)));
            self.links.owner.send(ToNamespace::RoomDied(key));
        }
    }
}

impl Room {
    /// Tells what had to wait for its time.
    pub(super) fn due(&mut self, permits: Permits) {
        let effects =
            self.with_surroundings(|room, local, around| local.presence_due(room, around));
        self.carry_out(effects, permits);
    }

    /// The room hears that something is due after this time.
    pub(super) fn wake_after(&self, time: Duration) {
        self.links.owner.send(ToNamespace::WakeAfter {
            room: self.state.key().clone(),
            time,
        });
    }
}
