//! What of a room is on its way to its log or comes from there: requests without an answer yet, those that came back, and
//! joins that wait for what was said before. Knows no log.

use std::{collections::BTreeMap, sync::Arc};

use tokio::time::Instant;

use super::requests::Request;
use crate::{
    event::Said,
    id::{BatchId, ChannelScope, LogPosition, MemberId},
};

/// See the module.
#[derive(Default)]
pub(super) struct UnderWay {
    batches: BTreeMap<BatchId, Waiting>,
    /// How many of them are changes: at most one.
    changes: usize,
    readings: Vec<Reading>,
    conflicts: u32,
    /// Batches up to this one may come back for a conflict: what is asked meanwhile must not overtake them.
    recovering: Option<BatchId>,
    /// Those that have come back, in order: they go again when the last of them has.
    returned: Vec<Request>,
}

struct Waiting {
    request: Request,
    until: Instant,
}

/// What is said while the history of a join is read.
struct Reading {
    number: u64,
    address: ChannelScope,
    count_max: usize,
    letters: Vec<(LogPosition, Arc<Said>)>,
}

impl UnderWay {
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

    /// A request goes again when all that was appended before it came back is settled.
    pub(super) fn go_again(&mut self, request: Request) {
        self.returned.push(request);
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
        self.batches.is_empty() && self.readings.is_empty() && self.returned.is_empty()
    }

    /// To be told when the actor starts anew, without the futures that it had.
    pub(super) fn restarted(&mut self) {
        self.changes -= self.readings.len();
        self.readings.clear();
    }

    /// A request waits for the log.
    pub(super) fn put(&mut self, id: BatchId, request: Request, until: Instant) {
        self.changes += usize::from(request.changes());
        self.batches.insert(id, Waiting { request, until });
    }

    /// It waits no more.
    pub(super) fn take(&mut self, id: BatchId) -> Option<Request> {
        let Waiting { request, .. } = self.batches.remove(&id)?;
        self.changes -= usize::from(request.changes());
        Some(request)
    }

    /// Batches that have waited too long.
    pub(super) fn overdue(&self, now: Instant) -> Vec<BatchId> {
        let batches = self.batches.iter();
        let overdue = batches.filter(|(_, waiting)| waiting.until <= now);
        overdue.map(|(id, _)| *id).collect()
    }

    /// The history of a join is read, of so many letters.
    pub(super) fn read_begins(&mut self, number: u64, address: ChannelScope, count_max: usize) {
        self.changes += 1;
        self.readings.push(Reading {
            number,
            address,
            count_max,
            letters: Vec::new(),
        });
    }

    /// It was read; what was said meanwhile.
    pub(super) fn read_ends(&mut self, number: u64) -> Vec<(LogPosition, Arc<Said>)> {
        let at = self
            .readings
            .iter()
            .position(|reading| reading.number == number);
        let Some(at) = at else {
            return Vec::new();
        };
        self.changes -= 1;
        self.readings.swap_remove(at).letters
    }

    /// Something was said: whoever waits for the history is told with it.
    pub(super) fn said(&mut self, position: LogPosition, said: &Arc<Said>) {
        for reading in &mut self.readings {
            let (asked, tag) = (&reading.address, &said.tag);
            if asked.is_none() || tag.is_none() || asked == tag {
                reading.letters.push((position, said.clone()));
                // The newest are asked for: twice as many are kept, so that few are moved often.
                if reading.letters.len() > 2 * reading.count_max {
                    let gone = reading.letters.len() - reading.count_max;
                    reading.letters.drain(..gone);
                }
            }
        }
    }
}
