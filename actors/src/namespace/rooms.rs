//! The rooms of a namespace: it alone keeps them alive, makes those anew that died, and lets those go that are empty.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use super::Namespace;
use crate::{
    crash_book::{CrashCost, CrashedPart},
    error::{LeaveReason, RoomAskError},
    flow::InboundUnit,
    guard::Guard,
    id::{ChannelScope, Kind, LogKey, MemberId, RoomId, RoomKey, WorkerId},
    lifecycle::Lifecycle,
    mailbox::Mailbox,
    message::{CourierRef, Leave, Resolved, RoomAsk, ToRoom},
    metrics::Metrics,
    notice::cause,
    room::{self, LeftBehind, Room, Timers},
    state::{audience::LeaveScope, local_room::LocalRoom, room::RoomState},
};

pub(super) struct RoomEntry {
    pub(super) id: RoomId,
    pub(super) mailbox: Mailbox<ToRoom>,
    left_behind: LeftBehind,
    died: bool,
}

impl Namespace {
    pub(super) fn room(&mut self, key: &RoomKey) -> Mailbox<ToRoom> {
        if let Some(room) = self.living(key) {
            return room;
        }
        let mut state = RoomState::new(key.clone(), self.allowance.clone());
        state.reach(self.log.open(&LogKey::Room(key.clone())));
        let local = LocalRoom::new(self.context.settings.presence_rates());
        let id = RoomId(self.context.room_ids.fetch_add(1, Ordering::Relaxed));
        self.tell_of_room(key, |namespace, room| Lifecycle::RoomMade {
            namespace,
            room,
        });
        self.start_room(id, (state, local, Timers::default()), (BTreeMap::new(), 0))
    }

    fn start_room(
        &mut self,
        id: RoomId,
        (state, local, timers): (RoomState, LocalRoom, Timers),
        (couriers, joins_seen): (BTreeMap<WorkerId, CourierRef>, u64),
    ) -> Mailbox<ToRoom> {
        let key = state.key().clone();
        let left_behind = LeftBehind::default();
        let parts = room::RoomParts {
            id,
            state,
            local,
            timers,
            context: self.context.clone(),
            log: self.log.clone(),
            owner: self.this.clone(),
            feed_under_way: self.feed_under_way.clone(),
            couriers,
            joins_seen,
            watchers: self.watchers.remove(&key).unwrap_or_default(),
            left_behind: left_behind.clone(),
        };
        let mailbox = Guard::start(move |this| Room::new(this, parts));
        let entry = RoomEntry {
            id,
            mailbox: mailbox.clone(),
            left_behind,
            died: false,
        };
        let kind = key.kind;
        if self.rooms.insert(key, entry).is_none() {
            self.room_counts[kind as usize] += 1;
        }
        mailbox
    }

    fn take_room(&mut self, key: &RoomKey) -> Option<RoomEntry> {
        let entry = self.rooms.remove(key)?;
        self.room_counts[key.kind as usize] -= 1;
        Some(entry)
    }

    /// The way to a room, which is made anew if it died.
    pub(super) fn living(&mut self, key: &RoomKey) -> Option<Mailbox<ToRoom>> {
        let entry = self.rooms.get(key)?;
        if entry.mailbox.connected() {
            return Some(entry.mailbox.clone());
        }
        self.revive(key)
    }

    pub(super) fn resolve(&mut self, key: &RoomKey) -> Option<Resolved> {
        let way = self.living(key)?.downgrade();
        let died = self.rooms.get(key).is_some_and(|entry| entry.died);
        Some(Resolved { way, died })
    }

    /// Makes a room that died anew around its members. What was on its way to it is lost; who went meanwhile leaves it.
    #[cold]
    fn revive(&mut self, key: &RoomKey) -> Option<Mailbox<ToRoom>> {
        let entry = self.take_room(key)?;
        cause::ACTOR_CRASHED.tell(
            None,
            None,
            format_args!(
                "a room of {} died outside of its guard; it is made anew around its members",
                self.context.namespace
            ),
        );
        let who = CrashedPart::Room(self.context.namespace.clone(), key.clone());
        let book = &self.context.metrics.crash_book;
        book.note(&who, CrashCost::Restart, "it died outside of its guard");
        Metrics::add(&self.context.metrics.crashes, 1);
        #[cfg(test)]
        crate::testing::trace::note(|| crate::testing::trace::Fact::Died(key.clone()));
        let Some(left_behind) = entry.left_behind.take() else {
            self.tell_of_room_end(key);
            self.log.close(&LogKey::Room(key.clone()), &[]);
            return None;
        };
        let members = left_behind.0.roster().iter().map(|(member, _)| member);
        let gone = members.filter(|member| self.state.connected(member).is_none());
        let gone: Vec<MemberId> = gone.cloned().collect();
        let couriers = self.couriers.clone();
        let seen = self.state.last_join(key);
        let room = self.start_room(entry.id, left_behind, (couriers, seen));
        if let Some(entry) = self.rooms.get_mut(key) {
            entry.died = true;
        }
        for member in gone {
            room.send(disconnect(key.clone(), member, None));
        }
        Some(room)
    }

    /// Asks a room's hook, if there is such a room.
    pub(super) fn ask_room(&mut self, ask: Box<RoomAsk>) {
        match self.living(&ask.room) {
            Some(room) => room.send(ask),
            None => ask.reply.send(Err(RoomAskError::NoRoom)),
        }
    }

    pub(super) fn vacant(&mut self, room: RoomKey, seen: u64, ends: &[ChannelScope]) {
        if self.state.vacant(&room, seen) && self.take_room(&room).is_some() {
            self.tell_of_room_end(&room);
            self.log.close(&LogKey::Room(room), ends);
        }
    }

    fn tell_of_room_end(&self, key: &RoomKey) {
        self.tell_of_room(key, |namespace, room| Lifecycle::RoomEnded {
            namespace,
            room,
        });
    }

    /// Of the application's own.
    fn tell_of_room(&self, key: &RoomKey, what: impl FnOnce(Arc<str>, Arc<str>) -> Lifecycle) {
        if key.kind == Kind::Plain {
            let lifecycle = &self.context.lifecycle;
            lifecycle.tell(|| what(self.context.namespace.clone(), key.name.clone()));
        }
    }
}

/// A member's session has ended.
pub(super) fn disconnect(room: RoomKey, member: MemberId, unit: Option<Arc<InboundUnit>>) -> Leave {
    Leave {
        room,
        which: LeaveScope::All,
        member,
        reason: LeaveReason::Disconnect,
        announce: None,
        reply: None,
        unit,
    }
}
