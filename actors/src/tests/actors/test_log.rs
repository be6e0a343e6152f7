//! A log that does what a real one may: it answers late, refuses, loses answers, knows conflicts, skips numbers, says its feed
//! again and begins a new epoch.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use crate::{
    account::MemoryAccount,
    error::LogError,
    event::{Policy, RoomEvent, Said},
    hub::LogMaker,
    id::{BatchId, ChannelScope, Epoch, LogKey, MemberId},
    log::{
        AppendRefusal, Appended, Batch, Committed, Events, Expect, Feed, FeedSink, HistorySettings,
        Log, MemoryLog, Page, Read, Standing,
    },
    ports::LocalFuture,
    testing::content,
};
use tokio::time::{Instant, sleep, sleep_until};

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is committed before the call returns.
    Now,
    /// It is committed after this time, behind those of the same room.
    After(Duration),
    /// Nobody knows, says the feed at once; it is committed after this time.
    Unknown(Duration),
    /// It is not taken.
    Refused,
    /// It is not taken, says the feed after this time.
    Rejected(Duration),
    /// Nothing is ever heard of it.
    Never,
    /// Another node has changed the room just before.
    Conflict,
}

/// See the module.
struct TestLog(Rc<Inner>);

struct Inner {
    this: Weak<Inner>,
    memory: RefCell<MemoryLog>,
    feed: FeedSink,
    fate: Box<dyn Fn(&Batch) -> Fate>,
    /// Numbers are skipped before each commit.
    gaps: bool,
    /// The feed says the last commits again after each.
    repeats: bool,
    /// How long a page takes.
    reading: Option<Duration>,
    /// Commits that the feed owes.
    owed: Cell<usize>,
    queues: RefCell<BTreeMap<LogKey, VecDeque<Job>>>,
    open: RefCell<BTreeSet<LogKey>>,
    said: RefCell<VecDeque<Committed>>,
}

type Job = (Instant, Batch, fn(&Inner, Batch));

/// How a [`TestLog`] is made.
#[derive(Clone, Copy, Default)]
pub(crate) struct Habits {
    pub(crate) gaps: bool,
    pub(crate) repeats: bool,
    pub(crate) reading: Option<Duration>,
    /// A new epoch begins after this time, and again.
    pub(crate) epochs: Option<Duration>,
}

/// Makes logs of which each batch has the fate that `fate` says, which is made for each.
pub(crate) fn maker<F: Fn(&Batch) -> Fate + 'static>(
    habits: Habits,
    fate: impl Fn() -> F + Send + Sync + 'static,
) -> LogMaker {
    Arc::new(move |_, feed| Rc::new(TestLog::new(habits, feed, Box::new(fate()))))
}

fn memory() -> MemoryLog {
    MemoryLog::new(
        HistorySettings::default(),
        MemoryAccount::new(1 << 40, 1 << 40),
    )
}

/// What a batch says, or the name under which somebody joins with it.
pub(crate) fn text_of(batch: &Batch) -> Option<String> {
    batch.events.iter().find_map(|event| match event {
        RoomEvent::Said(said) => Some(String::from_utf8(said.content.args.to_vec()).unwrap()),
        RoomEvent::Joined(joined) => joined.user.as_deref().map(str::to_owned),
        _ => None,
    })
}

impl TestLog {
    fn new(habits: Habits, feed: FeedSink, fate: Box<dyn Fn(&Batch) -> Fate>) -> Self {
        let inner = Rc::new_cyclic(|this| Inner {
            this: this.clone(),
            memory: RefCell::new(memory()),
            feed,
            fate,
            gaps: habits.gaps,
            repeats: habits.repeats,
            reading: habits.reading,
            owed: Cell::new(0),
            queues: RefCell::default(),
            open: RefCell::default(),
            said: RefCell::default(),
        });
        if let Some(time) = habits.epochs {
            let this = Rc::downgrade(&inner);
            tokio::task::spawn_local(async move {
                loop {
                    sleep(time).await;
                    let Some(inner) = this.upgrade() else { return };
                    inner.begin_epoch();
                }
            });
        }
        Self(inner)
    }
}

impl Log for TestLog {
    fn open(&self, log: &LogKey) -> Standing {
        self.0.open.borrow_mut().insert(log.clone());
        self.0.memory.borrow().open(log)
    }

    fn close(&self, log: &LogKey, ends: &[ChannelScope]) {
        self.0.open.borrow_mut().remove(log);
        self.0.memory.borrow().close(log, ends);
    }

    fn missed(&self, log: &LogKey) {
        self.0.memory.borrow().missed(log);
    }

    fn append(&self, batch: Batch) -> Appended {
        let inner = &self.0;
        match (inner.fate)(&batch) {
            Fate::Now if inner.owed.get() == 0 => {
                inner.skip(&batch.log);
                inner.memory.borrow().append(batch)
            }
            Fate::Now => inner.commit_after(batch, Duration::ZERO),
            Fate::After(time) => inner.commit_after(batch, time),
            Fate::Unknown(time) => {
                (inner.feed)(Feed::Unknown(batch.id, batch.log.clone()));
                inner.commit_after(batch, time)
            }
            Fate::Refused => Appended::Refused(AppendRefusal::Unavailable),
            Fate::Rejected(time) => inner.reject_after(batch, time),
            Fate::Never => Appended::Pending,
            Fate::Conflict => {
                inner.change_elsewhere(&batch.log);
                match inner.owed.get() {
                    0 => inner.memory.borrow().append(batch),
                    _ => inner.commit_after(batch, Duration::ZERO),
                }
            }
        }
    }

    fn read(&self, read: Read) -> LocalFuture<Result<Page, LogError>> {
        let inner = self.0.clone();
        match inner.reading {
            None => inner.memory.borrow().read(read),
            Some(time) => Box::pin(async move {
                // What is said meanwhile is no part of it.
                let page = inner.memory.borrow().read(read);
                sleep(time).await;
                page.await
            }),
        }
    }
}

impl Inner {
    fn commit_after(&self, batch: Batch, time: Duration) -> Appended {
        self.owed.set(self.owed.get() + 1);
        self.after(batch, time, |inner, batch| {
            inner.owed.set(inner.owed.get() - 1);
            inner.commit(batch);
        })
    }

    fn reject_after(&self, batch: Batch, time: Duration) -> Appended {
        self.after(batch, time, |inner, batch| {
            (inner.feed)(Feed::Rejected(
                batch.id,
                batch.log,
                AppendRefusal::Unavailable,
            ));
        })
    }

    /// Not before what was appended for the same room before: each timer runs the first job of the room.
    fn after(&self, batch: Batch, time: Duration, job: fn(&Self, Batch)) -> Appended {
        let log = batch.log.clone();
        let mut queues = self.queues.borrow_mut();
        let queue = queues.entry(log.clone()).or_default();
        let due = Instant::now() + time;
        let due = queue.back().map_or(due, |(last, ..)| due.max(*last));
        queue.push_back((due, batch, job));
        let this = self.this.clone();
        tokio::task::spawn_local(async move {
            sleep_until(due).await;
            let Some(inner) = this.upgrade() else { return };
            let first = inner
                .queues
                .borrow_mut()
                .get_mut(&log)
                .and_then(VecDeque::pop_front);
            if let Some((_, batch, job)) = first {
                job(&inner, batch);
            }
        });
        Appended::Pending
    }

    fn commit(&self, batch: Batch) {
        self.skip(&batch.log);
        let (id, log) = (batch.id, batch.log.clone());
        let appended = self.memory.borrow().append(batch);
        match appended {
            Appended::Committed(committed) => self.tell(committed),
            Appended::Refused(why) => (self.feed)(Feed::Rejected(id, log, why)),
            Appended::Pending => unreachable!("it is in memory"),
        }
    }

    fn tell(&self, committed: Committed) {
        (self.feed)(Feed::Committed(committed.clone()));
        let mut said = self.said.borrow_mut();
        said.push_back(committed);
        if said.len() > 3 {
            said.pop_front();
        }
        if self.repeats {
            said.iter()
                .for_each(|again| (self.feed)(Feed::Committed(again.clone())));
        }
    }

    /// Somebody else's letter, which nobody is told of.
    fn skip(&self, log: &LogKey) {
        if self.gaps {
            let said = RoomEvent::Said(Arc::new(Said {
                from: MemberId::new("elsewhere"),
                tag: None,
                echo: true,
                for_later: true,
                content: content("say", "skipped"),
            }));
            drop(self.append_elsewhere(log, said));
        }
    }

    /// Another node sets the policy of an address that nobody here has.
    fn change_elsewhere(&self, log: &LogKey) {
        let change = RoomEvent::Policy(Some("elsewhere".into()), Policy::default());
        if let Appended::Committed(committed) = self.append_elsewhere(log, change) {
            self.tell(committed);
        }
    }

    fn append_elsewhere(&self, log: &LogKey, event: RoomEvent) -> Appended {
        let appended = self.memory.borrow().append(Batch {
            id: BatchId(u64::MAX),
            log: log.clone(),
            events: Events::from_buf([event]),
            expect: Expect::Nothing,
            epoch: Epoch::default(),
            ends: Vec::new(),
        });
        match appended {
            Appended::Committed(committed) => Appended::Committed(Committed {
                id: None,
                ..committed
            }),
            other => other,
        }
    }

    fn begin_epoch(&self) {
        let memory = memory();
        let open = self.open.borrow();
        let opened: Vec<_> = open
            .iter()
            .map(|log| (log.clone(), memory.open(log)))
            .collect();
        let Some(epoch) = opened.first().map(|(_, standing)| standing.position.epoch) else {
            return;
        };
        (self.feed)(Feed::NewEpoch(epoch));
        for (log, standing) in opened {
            (self.feed)(Feed::Opened(log, standing));
        }
        self.memory.replace(memory);
    }
}
