//! What of a room is on its way to its log or comes from there: requests without an answer yet, those that came back, and
//! joins that wait for what was said before. Knows no log.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::time::Instant;

use super::requests::Request;
use crate::{
    event::Said,
    id::{BatchId, ChannelScope, LogPosition, MemberId},
    message::{HistoryRequest, PlacedJoin},
    state::audience::addresses_match,
};

/// See the module.
#[derive(Default)]
pub(super) struct UnderWay {
    /// What any request comes to depends on the one before it: a hook keeps state in the room.
    all_change: bool,
    batches: BTreeMap<BatchId, PendingRequest>,
    /// Joins that wait for their history.
    reading: Vec<Request>,
    /// How many of both are changes: what a member leaves that was never served comes beside another.
    changes: usize,
    collecting: Vec<Collecting>,
    conflicts: u32,
    /// Batches up to this one may come back for a conflict: what is asked meanwhile must not overtake them.
    recovering: Option<BatchId>,
    /// Those that have come back, in order: they go again when the last of them has.
    returned: Vec<Request>,
    /// Addresses whose history ended with a leave that the log has not taken.
    ends: Vec<ChannelScope>,
}

struct PendingRequest {
    request: Request,
    until: Instant,
}

/// What is said from when the history of a join is read until it joins: it is in no page and reaches no seat.
struct Collecting {
    /// The join.
    number: u64,
    address: ChannelScope,
    asked: HistoryRequest,
    meanwhile: Meanwhile,
}

/// See [`Collecting`].
#[derive(Default)]
pub(super) struct Meanwhile {
    pub(super) letters: VecDeque<(LogPosition, Arc<Said>)>,
    bytes: usize,
    /// More letters were said than are asked for, or more bytes: the first are gone.
    pub(super) cut: Option<Cut>,
}

/// What a history was cut by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    Letters,
    Bytes,
}

impl UnderWay {
    pub(super) fn new(all_change: bool) -> Self {
        Self {
            all_change,
            ..Self::default()
        }
    }

    /// Whether a request changes the room, and what comes of another change depends on it.
    pub(super) fn is_change(&self, request: &Request) -> bool {
        self.all_change || request.changes()
    }

    /// Whether a change is under way, or will be when its history is read.
    pub(super) fn changes(&self) -> bool {
        self.changes > 0
    }

    /// Whether what is asked now waits for what comes back for a conflict.
    pub(super) fn is_recovering(&self) -> bool {
        self.recovering.is_some()
    }

    /// Whether a join of a member is under way.
    pub(super) fn joins(&self, member: &MemberId) -> bool {
        let batches = self.batches.values().map(|waiting| &waiting.request);
        let mut requests = batches.chain(&self.returned);
        requests
            .any(|request| matches!(request, Request::Join(..)) && request.member() == Some(member))
    }

    /// A batch was refused for a conflict; how many in a row were.
    pub(super) fn conflicted(&mut self) -> u32 {
        self.conflicts += 1;
        self.recover();
        self.conflicts
    }

    /// A batch was committed.
    pub(super) fn committed(&mut self) {
        self.conflicts = 0;
    }

    /// A request goes again when all that was appended before it came back is settled: its history is read again then.
    pub(super) fn go_again(&mut self, mut request: Request) {
        self.forget_history(&mut request);
        self.returned.push(request);
    }

    /// A request waits on: what it was to be told of former times grows meanwhile.
    pub(super) fn forget_history(&mut self, request: &mut Request) {
        if let Request::Join(placed, history) = request {
            *history = None;
            drop(self.collected(placed.number));
        }
    }

    /// What was appended so far may come back.
    pub(super) fn recover(&mut self) {
        self.recovering = self.batches.last_key_value().map(|(id, _)| *id);
    }

    /// A batch is under way no more; those that are to go again, if they are.
    pub(super) fn settle(&mut self) -> Vec<Request> {
        let first = self.batches.first_key_value();
        if first.is_some_and(|(id, _)| Some(*id) <= self.recovering) {
            return Vec::new();
        }
        self.recovering = None;
        std::mem::take(&mut self.returned)
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.reading.is_empty() && self.returned.is_empty()
    }

    /// To be told when the actor starts anew, without the futures that it had; the joins that waited for one.
    pub(super) fn interrupted(&mut self) -> Vec<Request> {
        self.changes -= self.reading.len();
        std::mem::take(&mut self.reading)
    }

    /// Addresses whose history ended with something that the log has not taken.
    pub(super) fn ends(&self) -> &[ChannelScope] {
        &self.ends
    }

    /// The log has not taken what ends the history of these.
    pub(super) fn owe_ends(&mut self, ends: Vec<ChannelScope>) {
        self.ends.extend(ends);
        self.ends.sort();
        self.ends.dedup();
    }

    /// A request waits for the log.
    pub(super) fn put(&mut self, id: BatchId, request: Request, until: Instant) {
        self.changes += usize::from(self.is_change(&request));
        self.batches.insert(id, PendingRequest { request, until });
    }

    /// It waits no more.
    pub(super) fn take(&mut self, id: BatchId) -> Option<Request> {
        let PendingRequest { request, .. } = self.batches.remove(&id)?;
        self.changes -= usize::from(self.is_change(&request));
        Some(request)
    }

    /// Batches that have waited too long.
    pub(super) fn overdue(&self, now: Instant) -> Vec<BatchId> {
        let batches = self.batches.iter();
        let overdue = batches.filter(|(_, waiting)| waiting.until <= now);
        overdue.map(|(id, _)| *id).collect()
    }

    /// A join waits for its history.
    pub(super) fn read_begins(&mut self, request: Request) {
        self.changes += 1;
        self.reading.push(request);
    }

    /// It was read: the join, unless it was given up.
    pub(super) fn read_ends(&mut self, number: u64) -> Option<Request> {
        let of_number = |request: &Request| matches!(request, Request::Join(placed, _) if placed.number == number);
        let at = self.reading.iter().position(of_number)?;
        self.changes -= 1;
        Some(self.reading.swap_remove(at))
    }

    /// What is said from now on is told a join that has asked for its history, and has it.
    pub(super) fn collect(&mut self, placed: &PlacedJoin) {
        let Some(asked) = &placed.join.history else {
            return;
        };
        if self
            .collecting
            .iter()
            .all(|collecting| collecting.number != placed.number)
        {
            self.collecting.push(Collecting {
                number: placed.number,
                address: placed.join.joined.tag.clone(),
                asked: asked.clone(),
                meanwhile: Meanwhile::default(),
            });
        }
    }

    /// What was said meanwhile; no more of it is collected.
    pub(super) fn collected(&mut self, number: u64) -> Meanwhile {
        let at = self
            .collecting
            .iter()
            .position(|collecting| collecting.number == number);
        at.map_or_else(Meanwhile::default, |at| {
            self.collecting.swap_remove(at).meanwhile
        })
    }

    /// Something was said.
    pub(super) fn said(&mut self, position: LogPosition, said: &Arc<Said>) {
        for collecting in &mut self.collecting {
            if addresses_match(&collecting.address, &said.tag) {
                collecting.meanwhile.push(position, said, &collecting.asked);
            }
        }
    }
}

impl Meanwhile {
    fn push(&mut self, position: LogPosition, said: &Arc<Said>, asked: &HistoryRequest) {
        self.letters.push_back((position, said.clone()));
        self.bytes += said.content.len();
        loop {
            let cut = match (self.letters.len() > asked.count, self.bytes > asked.bytes) {
                (_, true) => Cut::Bytes,
                (true, false) => Cut::Letters,
                (false, false) => return,
            };
            let Some((_, first)) = self.letters.pop_front() else {
                return;
            };
            self.bytes -= first.content.len();
            self.cut = self.cut.max(Some(cut));
        }
    }
}
