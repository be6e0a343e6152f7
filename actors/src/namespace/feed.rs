//! What the log says by itself, and the order in which what follows from it leaves; letters to several rooms, whose log is the
//! namespace's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use super::{Namespace, OnlineAudience, Wake};
use crate::{
    error::{Fault, LogError},
    event::{RoomEvent, Said},
    guard::{GuardedContext, guard_always},
    id::{BatchId, Epoch, LogKey, LogPosition, RoomKey},
    log::{Appended, Committed, Events, Expect, Feed},
    mailbox::Reply,
    message::{
        Asking, Audience, Commit, CourierRef, Deliver, GatePlace, NotifyAnswer, Parcel, Permits,
        Receipt, Selected, SelectedLetter, ToCourier, ToRoom, pass,
    },
    metrics::Metrics,
    state::gate::PlaceId,
};

/// How long a broadcast that the log does not answer for may still be committed.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// And how many of those may wait.
const TOLD_MAX: usize = 64;

/// Broadcasts that the log has neither committed nor refused.
pub(super) type WaitingBroadcasts = BTreeMap<BatchId, PendingBroadcast>;

pub(super) struct PendingBroadcast {
    broadcast: SelectedLetter,
    until: Instant,
    /// Its sender was told that nobody knows.
    told: bool,
}

impl Namespace {
    pub(super) fn hear_feed(&mut self, feed: Feed, ctx: &mut GuardedContext<Self>) {
        match feed {
            Feed::Committed(committed) => self.committed(committed, ctx),
            Feed::Rejected(id, LogKey::Room(key), why) => {
                self.tell_room(&key, ToRoom::Rejected(id, why))
            }
            Feed::Unknown(id, LogKey::Room(key)) => self.tell_room(&key, ToRoom::Unknown(id)),
            Feed::Rejected(id, LogKey::Everyone, _) => {
                if let Some(waiting) = self.under_way.remove(&id) {
                    refuse(waiting.broadcast, LogError::Unavailable);
                }
            }
            Feed::Unknown(id, LogKey::Everyone) => self.outcome_unknown(id),
            Feed::NewEpoch(epoch) => self.epoch = Some(epoch),
            Feed::Opened(LogKey::Room(key), standing) => {
                self.tell_room(&key, ToRoom::Opened(standing))
            }
            Feed::Opened(LogKey::Everyone, _) => {}
        }
    }

    fn tell_room(&mut self, key: &RoomKey, word: ToRoom) {
        if let Some(room) = self.living(key) {
            room.send(word);
        }
    }

    fn committed(&mut self, committed: Committed, ctx: &mut GuardedContext<Self>) {
        let place = GatePlace {
            owner: self.this.clone(),
            place: self.gate.expect(),
            parcels: Vec::new(),
        };
        let epoch = committed.standing.position.epoch;
        if self.epoch.is_some_and(|present| present != epoch) {
            // Of an epoch that is over: who waits for it learns that nobody knows. The place is released as it is dropped.
            return match (committed.id, committed.log) {
                (Some(id), LogKey::Room(key)) => self.tell_room(&key, ToRoom::Unknown(id)),
                (Some(id), LogKey::Everyone) => self.outcome_unknown(id),
                (None, _) => {}
            };
        }
        match &committed.log {
            LogKey::Room(key) => {
                if let Some(room) = self.living(key) {
                    room.send(Box::new(Commit { committed, place }));
                }
            }
            LogKey::Everyone => {
                let _ = guard_always(self, ctx, |namespace| {
                    namespace.broadcast_later(&committed, place)
                });
            }
        }
    }

    /// All that a commit led to has come.
    pub(super) fn released(&mut self, place: PlaceId, parcels: Vec<Parcel>) {
        self.feed_under_way.fetch_sub(1, Relaxed);
        self.gate
            .release(place, parcels)
            .into_iter()
            .for_each(Parcel::send);
    }

    /// Something of a room that goes behind every commit so far.
    pub(super) fn behind(&mut self, parcel: Parcel) {
        self.feed_under_way.fetch_sub(1, Relaxed);
        self.hold(parcel);
    }

    /// Something goes behind every commit so far.
    pub(super) fn hold(&mut self, parcel: Parcel) {
        self.gate.behind(parcel).into_iter().for_each(Parcel::send);
    }

    pub(super) fn hear_letter(&mut self, letter: SelectedLetter, ctx: &mut GuardedContext<Self>) {
        if self.crashes.quarantined() {
            return letter.reply.send(Err(Fault::Quarantined.into()));
        }
        let bytes = letter.draft.content.len();
        let Selected {
            rooms,
            accounts,
            only,
            ..
        } = &letter.selected;
        let needs = match only {
            None => {
                let mut needs = self.needs(&OnlineAudience::Everyone, bytes);
                if rooms.as_ref().is_some_and(Vec::is_empty) {
                    // Of accounts alone: a letter to two telephones is none to everybody.
                    for (courier, cost) in &mut needs {
                        let members = courier.window.members_of(accounts.len());
                        *cost = courier.window.cost(members, bytes).min(*cost);
                    }
                }
                needs
            }
            Some(_) => {
                let couriers = self.couriers_of(&letter.selected).into_iter();
                let need = |courier: CourierRef| (courier.clone(), courier.window.cost(1, bytes));
                couriers.map(need).collect()
            }
        };
        self.admit(ctx, needs, |namespace, permits| {
            namespace.append_broadcast(letter, permits)
        });
    }

    fn append_broadcast(&mut self, broadcast: SelectedLetter, permits: Permits) {
        if broadcast.draft.manner.volatile {
            let mut words = Vec::new();
            self.send_broadcast(broadcast, None, permits, |courier, word| {
                words.push((courier.clone(), word));
            });
            for (courier, word) in words {
                self.send_in_order(courier, word);
            }
            return;
        }
        let said = RoomEvent::Said(Arc::new(Said {
            from: broadcast.from.clone(),
            tag: None,
            echo: broadcast.selected.except.is_empty(),
            for_later: false,
            content: broadcast.draft.content.clone(),
        }));
        let events = Events::from_buf([said]);
        let (id, appended) = self.log.append(
            LogKey::Everyone,
            events,
            (Expect::Nothing, Epoch::default()),
            Vec::new(),
        );
        let closed = self.feed_under_way.load(Relaxed) > 0;
        match appended {
            Appended::Committed(committed) if !closed => {
                self.send_broadcast(broadcast, Some(committed.standing.position), permits, pass);
            }
            Appended::Committed(committed) => {
                self.await_log(id, broadcast);
                self.log.feed(Feed::Committed(committed));
            }
            Appended::Pending => self.await_log(id, broadcast),
            Appended::Refused(_) => refuse(broadcast, LogError::Unavailable),
        }
    }

    #[cold]
    fn await_log(&mut self, id: BatchId, broadcast: SelectedLetter) {
        let time = self.context.settings.log_timeout;
        let waiting = PendingBroadcast {
            broadcast,
            until: Instant::now() + time,
            told: false,
        };
        self.under_way.insert(id, waiting);
        self.wake_after(time, Wake::Log);
    }

    /// The feed says that a broadcast is in the log.
    fn broadcast_later(&mut self, committed: &Committed, mut place: GatePlace) {
        // Said again, it is not here any more.
        let waiting = committed.id.and_then(|id| self.under_way.remove(&id));
        let Some(PendingBroadcast { broadcast, .. }) = waiting else {
            return;
        };
        let position = committed.standing.position;
        self.send_broadcast(
            broadcast,
            Some(position),
            Permits::default(),
            |courier, word| {
                place.parcels.push(Parcel::new(courier.clone(), word));
            },
        );
    }

    /// The sender is told; should it be committed yet, it goes out then.
    fn outcome_unknown(&mut self, id: BatchId) {
        let Some(waiting) = self.under_way.get_mut(&id).filter(|waiting| !waiting.told) else {
            return;
        };
        let (nobody, _) = Reply::new();
        let reply = std::mem::replace(&mut waiting.broadcast.reply, nobody);
        reply.send(Err(LogError::OutcomeUnknown.into()));
        waiting.told = true;
        waiting.until = Instant::now() + FORGOTTEN_AFTER;
        self.wake_after(FORGOTTEN_AFTER, Wake::Log);
        self.forget_broadcasts();
    }

    /// Those whose senders were told hold no unit any more: they are bounded here.
    fn forget_broadcasts(&mut self) {
        let told = |waiting: &PendingBroadcast| waiting.told;
        let beyond = self.under_way.values().filter(|one| told(one)).count();
        let beyond = beyond.saturating_sub(TOLD_MAX);
        let first = self
            .under_way
            .iter()
            .filter(|(_, one)| told(one))
            .take(beyond);
        let first: Vec<BatchId> = first.map(|(id, _)| *id).collect();
        first.iter().for_each(|id| drop(self.under_way.remove(id)));
    }

    pub(super) fn tell_overdue(&mut self) {
        let now = Instant::now();
        self.under_way
            .retain(|_, waiting| !waiting.told || waiting.until > now);
        let overdue = self
            .under_way
            .iter()
            .filter(|(_, waiting)| waiting.until <= now);
        let overdue: Vec<BatchId> = overdue.map(|(id, _)| *id).collect();
        for id in overdue {
            self.outcome_unknown(id);
        }
    }

    fn send_broadcast(
        &self,
        broadcast: SelectedLetter,
        position: Option<LogPosition>,
        mut permits: Permits,
        mut send: impl FnMut(&CourierRef, ToCourier),
    ) {
        let SelectedLetter {
            selected,
            draft,
            reply,
            asking,
            word,
            ..
        } = broadcast;
        // Who is in which rooms is known to the couriers.
        let recipients = match (&selected.rooms, selected.only) {
            (None, None) => self.state.member_count(),
            _ => 0,
        };
        let letter = self.seal(draft, position.map(LogPosition::token));
        let couriers = self.couriers_of(&selected);
        let receipt = Receipt::of_hub(couriers.len(), reply.home(), word);
        let selected = Arc::new(selected);
        let mut silent = Vec::new();
        for courier in &couriers {
            let deliver = Deliver {
                audience: Audience::Selected(selected.clone()),
                letter: letter.clone(),
                receipt: Some(receipt.clone()),
                permit: permits.take(courier.worker),
            };
            let word = match &asking {
                None => deliver.into(),
                Some(asking) => {
                    let (asked, end) = asking.letter(deliver);
                    silent.push((courier.clone(), end));
                    Box::new(asked).into()
                }
            };
            send(courier, word);
        }
        if let Some(Asking {
            silent: reply,
            place,
            ..
        }) = asking
        {
            let all = |parts: Vec<Vec<_>>| Ok(parts.concat());
            self.answer_later((silent, place.limit()), all, reply, place);
        }
        Metrics::add(&self.context.metrics.letters, 1);
        reply.send(Ok(NotifyAnswer {
            recipients,
            position: position.unwrap_or_default(),
            receipt,
        }));
    }
}

fn refuse(broadcast: SelectedLetter, why: LogError) {
    broadcast.reply.send(Err(why.into()));
}
