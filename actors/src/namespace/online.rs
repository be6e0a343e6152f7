//! Who is online in channels, told as often as it may be; and the one timer wheel of a namespace.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actix::{AsyncContext, Context};
use tokio::time::Instant;

use super::{Effect, Namespace, OnlineUsers, SWEEP, To, Wake};
use crate::{
    guard::guard_always,
    id::{MemberId, Slot, WorkerId},
    message::PresenceDue,
    ports::Online,
    state::pace::{self, Verdict},
};

impl Namespace {
    /// A channel changed: who is told now, who later.
    pub(super) fn online(&mut self, channel: &Arc<str>, newcomer: Option<(WorkerId, Slot)>) {
        let settings = &self.tenure.settings;
        if self.tenure.herald.is_none() || settings.online_users == OnlineUsers::Off {
            return;
        }
        self.changed.insert(channel.clone());
        let (scope, recipients) = match settings.online_users {
            OnlineUsers::Channel => (
                Some(channel.clone()),
                self.state.channel(channel).unwrap_or(0),
            ),
            _ => (None, self.state.online()),
        };
        let interval = pace::interval(
            settings.presence_interval,
            recipients,
            settings.deliveries_per_second,
        );
        let now = self.started.elapsed();
        let verdict = self
            .paces
            .entry(scope.clone())
            .or_default()
            .changed(now, interval);
        if verdict == Verdict::Now {
            return self.tell_online(scope);
        }
        if let Some((worker, slot)) = newcomer {
            self.push_online(To::Member(worker, slot), &BTreeSet::from([channel.clone()]));
        }
        if let Verdict::WakeAt(due) = verdict {
            self.wake_after(due.saturating_sub(now), Wake::Online(scope));
        }
    }

    pub(super) fn tell_online(&mut self, scope: Option<Arc<str>>) {
        let (to, changed) = match scope {
            None => (To::Everyone, std::mem::take(&mut self.changed)),
            Some(channel) => {
                self.changed.remove(&channel);
                (To::Channel(channel.clone()), BTreeSet::from([channel]))
            }
        };
        self.push_online(to, &changed);
    }

    pub(super) fn push_online(&mut self, audience: To, changed: &BTreeSet<Arc<str>>) {
        let Some(herald) = &self.tenure.herald else {
            return;
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
        let content = herald.online(&online);
        self.effects.push(Effect::Online { audience, content });
    }

    pub(super) fn wake_after(&mut self, time: Duration, wake: Wake) {
        self.wakes += 1;
        self.wheel.insert((Instant::now() + time, self.wakes), wake);
    }

    /// One timer for the whole namespace: a room with a timer of its own would outlive its owner's interest in it.
    pub(super) fn arm(&mut self, ctx: &mut Context<Self>) {
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
            move |namespace, ctx| {
                if namespace.armed == Some(due) {
                    namespace.armed = None;
                }
                for wake in namespace.due() {
                    // Each for itself: one that crashes must not take the others along.
                    if guard_always(namespace, ctx, |namespace| namespace.woken(wake)).is_ok() {
                        namespace.carry_out(ctx);
                    }
                }
                namespace.arm(ctx);
            },
        );
        self.armed = Some(due);
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
            Wake::Online(scope) => {
                let elapsed = self.started.elapsed();
                if self
                    .paces
                    .get_mut(&scope)
                    .is_some_and(|pace| pace.woken(elapsed))
                {
                    self.tell_online(scope);
                }
            }
            Wake::Room(key) => {
                if let Some((_, room)) = self.rooms.get(&key) {
                    room.control(PresenceDue);
                }
            }
            Wake::Sweep => self.sweep(),
        }
    }

    /// A courier that is gone took its members' sockets with it.
    pub(super) fn sweep(&mut self) {
        let dead: Vec<WorkerId> = self
            .couriers
            .values()
            .filter(|courier| !courier.post.connected())
            .map(|c| c.worker)
            .collect();
        for worker in dead {
            self.couriers.remove(&worker);
            let of_worker = self
                .state
                .members()
                .filter(|(_, tenant)| tenant.worker == worker);
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
                self.tenure.namespace
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
