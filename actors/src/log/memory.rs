//! The log in memory: commits before it returns, and keeps what is said for a while, within bounds. Gone with the process.

mod forgotten;
mod record;

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeSet, HashMap, VecDeque, hash_map::Entry},
    future::ready,
    hash::{BuildHasher, RandomState},
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use self::{forgotten::Forgotten, record::Record};
use super::{AppendRefusal, Appended, Batch, Committed, Expect, Log, Page, Read, Standing};
use crate::{
    account::{Held, MemoryAccount},
    error::LogError,
    event::RoomEvent,
    id::{ChannelScope, Epoch, Kind, LogKey, LogPosition, Token},
    ports::LocalFuture,
    state::audience::addresses_match,
};

/// How often what is too old is looked for, while something is kept. The age of what is kept is that exact.
const SWEEP: Duration = Duration::from_secs(1);
/// The most bytes that one log keeps: a room that speaks much leaves the others theirs.
const LOG_BYTES: usize = 1 << 20;
/// Places in the order of all letters whose letters are gone, before they are looked for.
const GONE_MAX: usize = 1024;

/// How much of what is said is kept, for those who come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySettings {
    /// The most letters of a room; 0: none are kept.
    pub count: usize,
    /// How long, to about a second.
    pub age: Duration,
    /// The most bytes of all rooms of a namespace; a room keeps at most a mebibyte of them.
    pub bytes: usize,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            count: 1000,
            age: Duration::from_secs(300),
            bytes: 64 << 20,
        }
    }
}

/// See the module.
pub struct MemoryLog(Rc<RefCell<Records>>);

struct Records {
    settings: HistorySettings,
    account: Arc<MemoryAccount>,
    epoch: Epoch,
    cursor: u64,
    /// Changes of all rooms.
    revision: u64,
    /// When it was last looked.
    now: Instant,
    logs: HashMap<LogKey, Record>,
    /// The letters of all logs by cursor; some may be gone.
    order: VecDeque<(u64, Instant, LogKey)>,
    /// The logs by the magnitude of their bytes, and by when they came to it: of too much, those go first that are the largest,
    /// and have been for longest.
    by_size: BTreeSet<(u32, Reverse<u64>, LogKey)>,
    /// How many are kept.
    letters: usize,
    bytes: usize,
    /// Of logs that are gone.
    forgotten: Forgotten,
    sweeping: bool,
}

impl MemoryLog {
    /// An empty log of a fresh epoch. What it keeps is on the account.
    pub fn new(settings: HistorySettings, account: Arc<MemoryAccount>) -> Self {
        // Random enough to tell the logs of two processes apart; nobody gains by guessing it.
        let epoch = Epoch(RandomState::new().hash_one(std::process::id()));
        Self(Rc::new(RefCell::new(Records {
            settings,
            account,
            epoch,
            cursor: 0,
            revision: 0,
            now: Instant::now(),
            logs: HashMap::new(),
            order: VecDeque::new(),
            by_size: BTreeSet::new(),
            letters: 0,
            bytes: 0,
            forgotten: Forgotten::new(settings.bytes),
            sweeping: false,
        })))
    }
}

impl Log for MemoryLog {
    fn open(&self, log: &LogKey) -> Standing {
        let mut inner = self.0.borrow_mut();
        let (epoch, cursor, revision) = (inner.epoch, inner.cursor, inner.revision);
        let record = inner.record(log);
        if !std::mem::replace(&mut record.open, true) {
            // What was decided on a former life of the room holds no more.
            (record.revision, record.policy) = (revision, 0);
        }
        record.standing(epoch, cursor)
    }

    fn close(&self, log: &LogKey, ends: &[ChannelScope]) {
        let mut inner = self.0.borrow_mut();
        if let Some(record) = inner.logs.get_mut(log) {
            record.open = false;
            let before = record.size();
            ends.iter().for_each(|address| record.end(address));
            let after = record.size();
            inner.resized(log, before, after);
        }
        inner.forget_if_idle(log);
    }

    fn missed(&self, log: &LogKey) {
        let mut inner = self.0.borrow_mut();
        inner.cursor += 1;
        let cursor = inner.cursor;
        match inner.logs.get_mut(log) {
            Some(record) => record.forgotten = cursor,
            None => inner.forgotten.note(log, cursor),
        }
    }

    fn append(&self, batch: Batch) -> Appended {
        let mut inner = self.0.borrow_mut();
        let appended = inner.append(batch);
        if inner.letters > 0 && !std::mem::replace(&mut inner.sweeping, true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(&self.0)));
        }
        appended
    }

    fn read(&self, read: Read) -> LocalFuture<Result<Page, LogError>> {
        Box::pin(ready(Ok(self.0.borrow().read(&read))))
    }
}

/// Looks for what is too old until nothing is kept.
async fn sweep(log: Weak<RefCell<Records>>) {
    loop {
        sleep(SWEEP).await;
        let Some(inner) = log.upgrade() else { return };
        let mut inner = inner.borrow_mut();
        inner.now = Instant::now();
        inner.forget_old();
        // What is kept for those who may come goes before clients that are there.
        inner.forget_largest(|inner| inner.account.crowded());
        inner.sweeping = inner.letters > 0;
        if !inner.sweeping {
            return;
        }
    }
}

impl Records {
    fn record(&mut self, log: &LogKey) -> &mut Record {
        match self.logs.entry(log.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Record {
                forgotten: self.forgotten.of(log),
                ..Record::default()
            }),
        }
    }

    fn append(&mut self, batch: Batch) -> Appended {
        let Batch {
            id,
            log,
            events,
            expect,
            epoch: of,
            ends,
        } = batch;
        let keeps = self.settings.count > 0 && is_kept(&log);
        if keeps && !self.sweeping {
            self.now = Instant::now();
        }
        let (epoch, now) = (self.epoch, self.now);
        let (mut cursor, mut revision) = (self.cursor, self.revision);
        let count_max = self.settings.count;
        let record = self.record(&log);
        let holds = match expect {
            Expect::Nothing => true,
            Expect::Policy(policy) => of == epoch && record.policy == policy,
            Expect::Exactly(revision) => of == epoch && record.revision == revision,
        };
        if !holds {
            return Appended::Refused(AppendRefusal::Conflict);
        }
        let before = record.size();
        let first = cursor + 1;
        for event in &events {
            let RoomEvent::Said(said) = event else {
                revision += 1;
                record.revision = revision;
                if matches!(event, RoomEvent::Policy(..)) {
                    record.policy = record.revision;
                }
                continue;
            };
            cursor += 1;
            record.offset += 1;
            match keeps && said.for_later {
                true => record.keep(said, cursor, now),
                false => record.forgotten = cursor,
            }
        }
        record.forget_while(|record| record.kept.len() > count_max || record.bytes > LOG_BYTES);
        for address in &ends {
            record.end(address);
        }
        let after = record.size();
        let standing = record.standing(epoch, cursor);
        self.resized(&log, before, after);
        (self.cursor, self.revision) = (cursor, revision);
        if keeps && cursor >= first {
            let places = (first..=cursor).map(|cursor| (cursor, now, log.clone()));
            self.order.extend(places);
            self.forget_largest(|inner| inner.bytes > inner.settings.bytes);
            self.forget_places();
        }
        Appended::Committed(Committed {
            id: Some(id),
            log,
            events,
            standing,
        })
    }

    /// Forgets what is too old.
    fn forget_old(&mut self) {
        let oldest = self.now.checked_sub(self.settings.age);
        while let Some((cursor, at, log)) = self.order.front()
            && oldest.is_some_and(|oldest| *at < oldest)
        {
            let (cursor, log) = (*cursor, log.clone());
            self.order.pop_front();
            self.forget_of(&log, |record| {
                record
                    .kept
                    .front()
                    .is_some_and(|kept| kept.cursor <= cursor)
            });
        }
        if self.letters == 0 {
            // A burst must not leave its memory behind.
            self.order = VecDeque::new();
            self.logs.shrink_to_fit();
        }
    }

    /// Forgets the oldest letters of the largest logs while it is too much: nobody keeps the others' out by saying much.
    fn forget_largest(&mut self, too_much: impl Fn(&Self) -> bool) {
        while too_much(self)
            && let Some((_, _, log)) = self.by_size.last()
        {
            let log = log.clone();
            let first = self.logs.get(&log).and_then(|record| record.kept.front());
            let first = first.map(|kept| kept.cursor);
            self.forget_of(&log, |record| {
                record.kept.front().map(|kept| kept.cursor) == first
            });
        }
    }

    fn forget_of(&mut self, log: &LogKey, goes: impl Fn(&Record) -> bool) {
        if let Some(record) = self.logs.get_mut(log) {
            let before = record.size();
            record.forget_while(goes);
            let after = record.size();
            self.resized(log, before, after);
            self.forget_if_idle(log);
        }
    }

    /// Places of letters that are gone must not outgrow the letters.
    fn forget_places(&mut self) {
        if self.order.len() <= 2 * self.letters + GONE_MAX {
            return;
        }
        let logs = &self.logs;
        self.order.retain(|(cursor, _, log)| {
            let record = logs.get(log);
            record.is_some_and(|record| {
                record
                    .kept
                    .binary_search_by_key(cursor, |kept| kept.cursor)
                    .is_ok()
            })
        });
    }

    /// A log that kept so many letters and bytes keeps so many now.
    fn resized(&mut self, log: &LogKey, before: (usize, usize), after: (usize, usize)) {
        let (was, is) = (magnitude(before.1), magnitude(after.1));
        if was != is
            && let Some(record) = self.logs.get_mut(log)
        {
            let ranked = std::mem::replace(&mut record.ranked, self.cursor);
            if before.0 > 0 {
                self.by_size.remove(&(was, Reverse(ranked), log.clone()));
            }
            if after.0 > 0 {
                self.by_size.insert((is, Reverse(self.cursor), log.clone()));
            }
        }
        self.letters = self.letters + after.0 - before.0;
        self.bytes = self.bytes + after.1 - before.1;
        self.account
            .add(Held::History, after.1.saturating_sub(before.1));
        self.account
            .sub(Held::History, before.1.saturating_sub(after.1));
    }

    /// A log without room and letters is no more; that it had letters is remembered, in a table that logs share.
    fn forget_if_idle(&mut self, log: &LogKey) {
        let idle = |record: &&Record| !record.open && record.kept.is_empty();
        let record = self.logs.get(log).filter(idle);
        if let Some(record) = record {
            self.forgotten.note(log, record.forgotten);
            self.logs.remove(log);
        }
    }

    fn read(&self, read: &Read) -> Page {
        let record = self.logs.get(&read.log);
        let forgotten =
            record.map_or_else(|| self.forgotten.of(&read.log), |record| record.forgotten);
        let given = |token: &Token| token.epoch == self.epoch && token.cursor <= self.cursor;
        let known = read.after.filter(given);
        let after = known.map_or(0, |token| token.cursor);
        let oldest = Instant::now().checked_sub(self.settings.age);
        let mut letters = Vec::new();
        let (mut bytes, mut cut, mut too_old) = (0, false, false);
        let kept = record
            .into_iter()
            .flat_map(|record| record.kept.iter().rev());
        for kept in kept.take_while(|kept| kept.cursor > after) {
            if !addresses_match(&read.address, &kept.said.tag) {
                continue;
            }
            too_old |= oldest.is_some_and(|oldest| kept.at < oldest);
            bytes += kept.bytes;
            cut = letters.len() == read.count || bytes > read.bytes;
            if cut || too_old {
                break;
            }
            let position = LogPosition {
                epoch: self.epoch,
                cursor: kept.cursor,
                offset: kept.offset,
            };
            letters.push((position, kept.said.clone()));
        }
        letters.reverse();
        let complete = match read.after {
            Some(_) => known.is_some() && !cut && !too_old && forgotten <= after,
            None => letters.len() == read.count || !cut && !too_old && forgotten == 0,
        };
        Page { letters, complete }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        self.account.sub(Held::History, self.bytes);
    }
}

fn magnitude(bytes: usize) -> u32 {
    usize::BITS - bytes.leading_zeros()
}

/// Of plain rooms, and of what goes to several rooms, nobody reads the history.
fn is_kept(log: &LogKey) -> bool {
    matches!(log, LogKey::Room(key) if key.kind != Kind::Plain)
}

#[cfg(test)]
mod tests;
