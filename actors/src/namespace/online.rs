//! Who is online in channels, told as often as it may be; and the one timer wheel of a namespace.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actix::{ActorContext, AsyncContext};
use tokio::time::Instant;

use super::{Namespace, NamespaceEffect, OnlineAudience, SWEEP, Wake};
use crate::{
    context::OnlineUsers,
    guard::{GuardedContext, guard_always, shielded},
    id::{LocalId, MemberId, WorkerId},
    message::ToRoom,
    ports::Online,
};

/// Presence events in a row; others on the thread come in between.
const TOLD_MAX: usize = 100;

impl Namespace {
    /// A channel changed: who is told now, who later.
    pub(super) fn online(&mut self, channel: &Arc<str>, newcomer: Option<(WorkerId, LocalId)>) {
        let online_users = self.context.settings.online_users;
        if self.context.presence_events.is_none() || online_users == OnlineUsers::Off {
            return;
        }
        let scope = match online_users {
            OnlineUsers::Channel => Some(channel.clone()),
            OnlineUsers::All | OnlineUsers::Off => None,
        };
        // Those beyond are told by their size, if they are large.
        if scope.is_none() && self.changed.len() < Online::CHANNELS {
            self.changed.insert(channel.clone());
        }
        let recipients = self.recipients(&scope);
        if recipients == 0 {
            self.changed.clear();
            return self.presence.forget(&scope);
        }
        let now = self.started.elapsed();
        if self.presence.changed(&scope, now, recipients) {
            self.tell_online(scope);
        } else if let Some((worker, local_id)) = newcomer {
            self.push_online(
                OnlineAudience::Member(worker, local_id),
                &BTreeSet::from([channel.clone()]),
            );
        }
        self.ask_to_be_woken();
    }

    fn recipients(&self, scope: &Option<Arc<str>>) -> usize {
        match scope {
            Some(channel) => self.state.channel(channel).unwrap_or(0),
            None => self.state.online(),
        }
    }

    fn tell_online(&mut self, scope: Option<Arc<str>>) {
        let recipients = self.recipients(&scope);
        let (to, changed) = match &scope {
            None => (OnlineAudience::Everyone, std::mem::take(&mut self.changed)),
            Some(channel) => {
                let changed = BTreeSet::from([channel.clone()]);
                (OnlineAudience::Channel(channel.clone()), changed)
            }
        };
        let bytes = self.push_online(to, &changed);
        let now = self.started.elapsed();
        self.presence.told(&scope, now, recipients, bytes);
    }

    /// Sends the present state; the bytes of it.
    fn push_online(&mut self, audience: OnlineAudience, changed: &BTreeSet<Arc<str>>) -> usize {
        let Some(presence_events) = &self.context.presence_events else {
            return 0;
        };
        let count = |name: &Arc<str>| Some((name.clone(), self.state.channel(name)?));
        let others = self
            .state
            .channels()
            .filter(|(name, _)| !changed.contains(*name));
        let channels: Vec<_> = changed
            .iter()
            .filter_map(count)
            .chain(others.map(|(name, count)| (name.clone(), count)))
            .take(Online::CHANNELS)
            .collect();
        let one = changed.first().filter(|_| changed.len() == 1).cloned();
        let truncated = self.state.channel_count() > channels.len();
        let online = Online {
            members: self.state.online(),
            channels,
            truncated,
            changed: one,
        };
        let content = shielded(&self.crashes, || presence_events.online(&online));
        let Some(content) = content else {
            return 0;
        };
        let bytes = content.args.len();
        self.effects
            .push(NamespaceEffect::Online { audience, content });
        bytes
    }

    fn ask_to_be_woken(&mut self) {
        let now = self.started.elapsed();
        if let Some(due) = self.presence.wake(now) {
            self.wake_after(due.saturating_sub(now), Wake::Online);
        }
    }

    fn online_due(&mut self) {
        for _ in 0..TOLD_MAX {
            let Some(scope) = self.presence.next(self.started.elapsed()) else {
                break;
            };
            self.tell_online(scope);
        }
        self.ask_to_be_woken();
    }

    pub(super) fn wake_after(&mut self, time: Duration, wake: Wake) {
        self.wakes += 1;
        self.wheel.insert((Instant::now() + time, self.wakes), wake);
    }

    /// One timer for the whole namespace: a room with a timer of its own would outlive its owner's interest in it.
    pub(super) fn arm(&mut self, ctx: &mut GuardedContext<Self>) {
        let Some((&(due, _), _)) = self.wheel.first_key_value() else {
            return;
        };
        if self.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        // A later timer is not cancelled, it finds nothing due: in actix a cancellation that outlives a restart hits
        // the first timer after it.
        ctx.run_later(
            due.saturating_duration_since(Instant::now()),
            move |guard, ctx| guard.enter(ctx, |namespace, ctx| namespace.wake(due, ctx)),
        );
        self.armed = Some(due);
    }

    fn wake(&mut self, due: Instant, ctx: &mut GuardedContext<Self>) {
        // The hub has let go of it; the timer alone keeps it.
        if !ctx.connected() {
            return ctx.stop();
        }
        if self.armed == Some(due) {
            self.armed = None;
        }
        for wake in self.due() {
            // Each for itself: one that crashes must not take the others along.
            if guard_always(self, ctx, |namespace| namespace.woken(wake)).is_ok() {
                self.carry_out(ctx);
            }
        }
        self.arm(ctx);
    }

    pub(super) fn due(&mut self) -> Vec<Wake> {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some(entry) = self.wheel.first_entry()
            && entry.key().0 <= now
        {
            due.push(entry.remove());
        }
        due
    }

    pub(super) fn woken(&mut self, wake: Wake) {
        match wake {
            Wake::Online => self.online_due(),
            Wake::Room(key) => {
                if let Some(room) = self.living(&key) {
                    room.send(ToRoom::Due);
                }
            }
            Wake::Log => self.tell_overdue(),
            Wake::Sweep => self.sweep(),
        }
    }

    /// A courier that is gone took its members' sockets with it.
    pub(super) fn sweep(&mut self) {
        let dead: Vec<WorkerId> = self
            .couriers
            .values()
            .filter(|courier| !courier.mailbox.connected())
            .map(|c| c.worker)
            .collect();
        for worker in dead {
            self.couriers.remove(&worker);
            let of_worker = self
                .state
                .members()
                .filter(|(_, connected)| connected.worker == worker);
            let members: Vec<MemberId> = of_worker.map(|(member, _)| member.clone()).collect();
            // On the way down workers go first, and nobody is lost with them.
            let level = if members.is_empty() {
                log::Level::Debug
            } else {
                log::Level::Error
            };
            log::log!(
                level,
                "worker {} is gone, and {} members of {} with it",
                worker.0,
                members.len(),
                self.context.namespace
            );
            for member in &members {
                self.gone(member, None);
            }
        }
        self.sweeping = !self.couriers.is_empty();
        if self.sweeping {
            self.wake_after(SWEEP, Wake::Sweep);
        }
    }
}
