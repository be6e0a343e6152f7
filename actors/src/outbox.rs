//! Over 400 lines: one lock, and everything that happens under it.
//! What waits for one session's client. Its courier writes, its transport takes: the one lock in the core, and only
//! these two share it. Bounded in bytes and count; a reader that does not keep up is closed, nobody waits for it.

mod pace;

pub(crate) use self::pace::PingLeft;
pub use self::pace::STALL_RATE;
use self::pace::{PingState, ReadPace};

// Two parties at most ever hold this lock, and neither waits while it does.
#[allow(clippy::disallowed_types)]
use std::sync::Mutex;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    account::{ENTRY, OutboxGauge, SessionAccount},
    error::CloseReason,
    flow::READ_RATE,
    letter::{Frame, LatestKey, WsFrame},
};

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Bytes of frames and of their places; an empty outbox takes any single letter.
    pub bytes_max: usize,
    /// Frames.
    pub count_max: usize,
    /// With something waiting, the time in which at least [`STALL_RATE`] must leave.
    pub stall_timeout: Duration,
}

// What is charged covers what is kept.
const _: () = assert!(size_of::<Waiting>() <= ENTRY);

/// A newcomer looks for one of its key among so many that wait, the last ones: what it costs has a limit, too. Where no more may
/// wait, all are looked at.
const LOOK_BACK: usize = 256;

/// A reader that so many frames wait for is behind. So is one for whom a sixteenth of its bytes wait.
const BEHIND: usize = 512;

/// So many wait for one outbox to be calm: its reader, and one for each namespace.
const CALM_MAX: usize = 64;

/// A reader that took nothing for so long is not reading at present.
const READING: Duration = Duration::from_millis(500);

/// A frame counts as so many bytes where it is asked how fast a reader reads.
const FRAME_WORTH: usize = 512;

/// A reader that then takes nothing more is waited for by its rooms so long at most: slow links take in steps.
const WAITED_FOR: Duration = Duration::from_secs(2);

/// The queue between a courier and a transport.
#[allow(clippy::disallowed_types)]
pub struct Outbox {
    inner: Mutex<Inner>,
    /// Over half of what may wait waits: its client is not read.
    half_full: AtomicBool,
    limits: OutboxLimits,
    account: Arc<SessionAccount>,
    gauge: Arc<OutboxGauge>,
}

struct Waiting {
    frame: Frame,
    /// The lowest bit: it is on no account but this outbox's. The others: its key, if it has one.
    mark: u64,
}

/// See [`Waiting::mark`].
const OWN: u64 = 1;

impl Waiting {
    fn is_own(&self) -> bool {
        self.mark & OWN != 0
    }

    fn key(&self) -> u64 {
        self.mark & !OWN
    }
}

struct Inner {
    queue: VecDeque<Waiting>,
    /// Of the frames that wait.
    bytes: usize,
    /// Of those that wait, the first ones that were left when it was [thinned out](Outbox::thin_out) last.
    thinned: usize,
    /// Taken by a transport and not with the kernel yet.
    under_way: usize,
    /// Of its own frames, those that were taken.
    own_under_way: usize,
    /// All bytes that ever went to the kernel.
    written: u64,
    written_at: Instant,
    /// Its rooms wait for the reader until then, see [`READ_RATE`].
    reads_until: Instant,
    /// Everything was with the kernel at its last write, and nobody has looked since.
    keeps_up: bool,
    pace: ReadPace,
    ping: PingState,
    /// A frame was taken, ever.
    told: bool,
    nudged: bool,
    end: Option<CloseReason>,
    held_at_end: usize,
    taker: Option<Waker>,
    /// The courier is to wake the taker.
    due: bool,
    gate: Option<Waker>,
    /// Who waits for it to be calm: whoever reads the client, and in each namespace what is told it of former times.
    calm: Vec<Waker>,
}

/// What a taker finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Parts were put into the buffer, or a ping is due.
    Some {
        /// A heartbeat is due; it goes before the parts.
        ping: bool,
    },
    /// Nothing waits, but the taker was asked to come back empty-handed.
    Nudged,
    /// Nothing is left, and nothing will come.
    Ended(CloseReason),
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The outbox has ended, or the frame is volatile and something waited.
    Dropped,
    /// It waits, and the reader keeps up, or does not read at all.
    Taken,
    /// It waits, and the reader is behind, and reading.
    Behind,
}

/// More is waiting than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Inner {
    /// The reader has taken so many bytes' worth.
    fn reads(&mut self, now: Instant, bytes: usize) {
        let worth = Duration::from_nanos(bytes as u64 * (1_000_000_000 / READ_RATE as u64));
        self.reads_until = (self.reads_until.max(now) + worth).min(now + WAITED_FOR);
    }
}

impl Outbox {
    /// An empty outbox of a session.
    #[allow(clippy::disallowed_types)]
    pub fn new(limits: OutboxLimits, account: Arc<SessionAccount>) -> Arc<Self> {
        let now = Instant::now();
        let inner = Inner {
            queue: VecDeque::new(),
            bytes: 0,
            thinned: 0,
            under_way: 0,
            own_under_way: 0,
            written: 0,
            written_at: now,
            reads_until: now,
            keeps_up: false,
            pace: ReadPace::new(now),
            ping: PingState::Idle,
            told: false,
            nudged: false,
            end: None,
            held_at_end: 0,
            taker: None,
            due: false,
            gate: None,
            calm: Vec::new(),
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            half_full: AtomicBool::new(false),
            limits,
            gauge: account.process().outbox_gauge(),
            account,
        })
    }

    /// The courier adds a frame, which is on an account and may be shared. Whether it is to wake the taker
    /// soon: once, however much it adds until then.
    ///
    /// # Errors
    /// There is no room. What is volatile is dropped where anything waits.
    pub fn push(&self, frame: Frame, volatile: bool) -> Result<(Pushed, bool), Full> {
        self.push_shared(Waiting { frame, mark: 0 }, volatile)
    }

    /// As [`Outbox::push`]: where a frame of the same key waits, this one may replace it (decision 28).
    ///
    /// # Errors
    /// There is no room, without the one that is replaced.
    pub(crate) fn push_latest(&self, frame: Frame, key: LatestKey) -> Result<(Pushed, bool), Full> {
        let mark = key.bits();
        self.push_shared(Waiting { frame, mark }, false)
    }

    fn push_shared(&self, waiting: Waiting, volatile: bool) -> Result<(Pushed, bool), Full> {
        let (pushed, mut inner) = self.wait(waiting, volatile)?;
        // What was dropped is nobody's to wake for: marked as due, the taker would be forgotten.
        let to_wake = pushed != Pushed::Dropped
            && inner.taker.is_some()
            && !std::mem::replace(&mut inner.due, true);
        Ok((pushed, to_wake))
    }

    /// The taker is to come for what was pushed.
    pub(crate) fn wake(&self) {
        let mut inner = self.lock();
        inner.due = false;
        let taker = inner.taker.take();
        drop(inner);
        wake(taker);
    }

    /// As [`Outbox::push`], for a frame of this client alone that went through `Frame::charged_to_its_client`. Wakes the taker.
    pub(crate) fn push_own(&self, frame: Frame, volatile: bool) -> Result<Pushed, Full> {
        let mark = match frame.is_counted_by_outbox() {
            true => OWN,
            false => 0,
        };
        let (pushed, mut inner) = self.wait(Waiting { frame, mark }, volatile)?;
        let taker = inner.taker.take();
        drop(inner);
        wake(taker);
        Ok(pushed)
    }

    fn wait(
        &self,
        waiting: Waiting,
        volatile: bool,
    ) -> Result<(Pushed, MutexGuard<'_, Inner>), Full> {
        let bytes = waiting.frame.len();
        let mut inner = self.lock();
        if inner.end.is_some() {
            return Ok((Pushed::Dropped, inner));
        }
        let cost = bytes + ENTRY;
        if inner.queue.is_empty() {
            if inner.under_way == 0 {
                inner.pace.begin();
            }
        } else {
            let over = |inner: &Inner| {
                inner.bytes + cost > self.limits.bytes_max
                    || inner.queue.len() >= self.limits.count_max
            };
            if volatile {
                return Ok((Pushed::Dropped, inner));
            }
            if waiting.key() != 0 {
                self.give_way(&mut inner, waiting.key());
            }
            if over(&inner) {
                self.thin_out(&mut inner);
            }
            // What is left may be nothing: then any letter has room, and the reader is as late as before.
            if over(&inner) && !inner.queue.is_empty() {
                return Err(Full);
            }
        }
        self.gauge.add(bytes);
        if waiting.is_own() {
            self.gauge.add_own(bytes);
        }
        inner.bytes += cost;
        inner.queue.push_back(waiting);
        if self.is_half_full(&inner) {
            self.half_full.store(true, Ordering::Release);
        }
        let pushed = match self.is_behind(&inner) {
            true => Pushed::Behind,
            false => Pushed::Taken,
        };
        Ok((pushed, inner))
    }

    /// Takes out what a newcomer of this key replaces, if anything: the last of its key, where nothing waits behind it, or where
    /// another one of its key waits before it. The first of a key keeps its place, so a slow reader hears of each.
    #[cold]
    fn give_way(&self, inner: &mut Inner, key: u64) {
        let waiting = inner.queue.len();
        let from = waiting.saturating_sub(LOOK_BACK);
        let (mut last, mut before) = (None, false);
        for (place, one) in inner.queue.range(from..).enumerate().rev() {
            if one.key() == key {
                if last.is_some() {
                    before = true;
                    break;
                }
                last = Some(from + place);
                if from + place + 1 == waiting {
                    break;
                }
            }
        }
        let Some(place) = last.filter(|place| before || place + 1 == waiting) else {
            return;
        };
        if let Some(gone) = inner.queue.remove(place) {
            inner.thinned -= usize::from(place < inner.thinned);
            let bytes = gone.frame.len();
            inner.bytes -= bytes + ENTRY;
            self.gauge.sub(1, bytes);
        }
    }

    /// Leaves the first and the newest of each key, where at least as much has come since that was done last as waits yet of what it
    /// left: what it costs is a part of what those cost.
    #[cold]
    fn thin_out(&self, inner: &mut Inner) {
        if inner.queue.len() / 2 < inner.thinned {
            return;
        }
        let mut newest = HashMap::new();
        for (place, one) in inner.queue.iter().enumerate() {
            newest.insert(one.key(), place);
        }
        let (mut place, mut gone, mut bytes) = (0, 0, 0);
        let mut begun = HashSet::new();
        inner.queue.retain(|one| {
            let key = one.key();
            let stays = key == 0 || begun.insert(key) || newest.get(&key) == Some(&place);
            place += 1;
            if !stays {
                gone += 1;
                bytes += one.frame.len();
            }
            stays
        });
        inner.bytes -= bytes + gone * ENTRY;
        self.gauge.sub(gone, bytes);
        inner.thinned = inner.queue.len();
    }

    fn is_half_full(&self, inner: &Inner) -> bool {
        inner.bytes > self.limits.bytes_max / 2 || inner.queue.len() > self.limits.count_max / 2
    }

    fn is_behind(&self, inner: &Inner) -> bool {
        (inner.queue.len() > BEHIND || inner.bytes > self.limits.bytes_max / 16)
            && (inner.keeps_up || Instant::now() < inner.reads_until)
    }

    /// Whether the reader is behind, and reading.
    pub(crate) fn behind(&self) -> bool {
        let inner = self.lock();
        inner.end.is_none() && self.is_behind(&inner)
    }

    /// Ready while at most half of what may wait waits: a client that does not take its answers is not read.
    pub fn poll_calm(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.half_full.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut inner = self.lock();
        if inner.end.is_some() || !self.is_half_full(&inner) {
            return Poll::Ready(());
        }
        if !inner.calm.iter().any(|one| one.will_wake(cx.waker())) {
            // Who asks under ever new names is one of few, and asks again when it is woken.
            let full = inner.calm.len() >= CALM_MAX;
            let woken = full.then(|| std::mem::take(&mut inner.calm));
            inner.calm.push(cx.waker().clone());
            drop(inner);
            woken.into_iter().flatten().for_each(Waker::wake);
        }
        Poll::Pending
    }

    /// Waits as [`Outbox::poll_calm`] does.
    pub(crate) async fn calm(&self) {
        std::future::poll_fn(|cx| self.poll_calm(cx)).await;
    }

    /// Whether its client is not read at present, see [`Outbox::poll_calm`].
    pub(crate) fn holds_reading(&self) -> bool {
        self.half_full.load(Ordering::Acquire)
    }

    /// Bytes that were taken are with the kernel now. `all`: nothing that was taken is left.
    pub fn wrote(&self, bytes: usize, all: bool) {
        let mut inner = self.lock();
        if all {
            inner.under_way = 0;
            self.own_left(&mut inner);
        } else {
            inner.under_way = inner.under_way.saturating_sub(bytes);
        }
        inner.written += bytes as u64;
        if all && inner.queue.is_empty() && !matches!(inner.ping, PingState::UnderWay(..)) {
            // The time would cost as much as the rest.
            inner.keeps_up = true;
            return;
        }
        let now = Instant::now();
        inner.written_at = now;
        inner.keeps_up = false;
        inner.reads(now, bytes);
        if let PingState::UnderWay(due, behind) = inner.ping {
            inner.ping = PingState::Left(if behind { now } else { due });
        }
    }

    /// Whether a reader for whom something waits took less than [`STALL_RATE`] over the stall timeout. To be asked
    /// several times in that timeout.
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        if inner.end.is_some() || (inner.queue.is_empty() && inner.under_way == 0) {
            inner.pace.begin();
            return false;
        }
        if std::mem::take(&mut inner.keeps_up) {
            inner.written_at = now;
            // It took all there was; what has come since, it may be about to take.
            inner.reads_until = inner.reads_until.max(now + READING);
        }
        let written = inner.written;
        inner.pace.stalled(now, written, &self.limits)
    }

    /// What became of the last ping.
    pub(crate) fn ping_left(&self) -> PingLeft {
        let inner = self.lock();
        match inner.ping {
            PingState::Left(at) => PingLeft::At(at),
            _ if inner.under_way > 0 => PingLeft::Behind,
            _ => PingLeft::Unread,
        }
    }

    fn own_left(&self, inner: &mut Inner) {
        let left = std::mem::take(&mut inner.own_under_way);
        if left > 0 {
            self.gauge.sub_own(left);
        }
    }

    /// The session asks for a heartbeat.
    pub fn ping(&self) {
        let mut inner = self.lock();
        inner.ping = PingState::Due(Instant::now(), inner.under_way > 0);
        let waker = inner.taker.take();
        drop(inner);
        wake(waker);
    }

    /// Whether its client was told anything yet, heartbeats apart.
    pub(crate) fn has_told(&self) -> bool {
        self.lock().told
    }

    /// Asks the present taker to come back, even with nothing.
    pub fn nudge(&self) {
        let mut inner = self.lock();
        inner.nudged = true;
        let waker = inner.taker.take();
        drop(inner);
        wake(waker);
    }

    /// Ends the outbox. What waits is still handed out if the reason allows that, else freed now.
    pub fn end(&self, reason: CloseReason) {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return;
        }
        inner.end = Some(reason);
        inner.held_at_end = inner.bytes + self.account.bytes();
        if !reason.flushes() {
            self.clear(&mut inner);
        }
        let wakers = [inner.taker.take(), inner.gate.take()];
        let calm = std::mem::take(&mut inner.calm);
        drop(inner);
        wakers
            .into_iter()
            .flatten()
            .chain(calm)
            .for_each(Waker::wake);
    }

    fn clear(&self, inner: &mut Inner) {
        self.gauge
            .sub(inner.queue.len(), inner.bytes - inner.queue.len() * ENTRY);
        let own = inner.queue.iter().filter(|waiting| waiting.is_own());
        inner.own_under_way += own.map(|waiting| waiting.frame.len()).sum::<usize>();
        self.own_left(inner);
        inner.queue = VecDeque::new();
        inner.bytes = 0;
        inner.thinned = 0;
        inner.under_way = 0;
        inner.ping = PingState::Idle;
    }

    /// The taker takes whole frames until `bytes_max` is reached or `parts_max` would be passed, at least one. A frame's
    /// parts stay together. What was taken is under way until [`Outbox::wrote`] says otherwise. Pending: the taker's
    /// waker is kept; a newer taker's replaces it.
    pub fn poll_take(
        &self,
        cx: &mut Context<'_>,
        bytes_max: usize,
        parts_max: usize,
        into: &mut Vec<WsFrame>,
    ) -> Poll<Taken> {
        let mut inner = self.lock();
        let ping = if let PingState::Due(due, behind) = inner.ping {
            inner.ping = PingState::UnderWay(due, behind);
            inner.under_way += 1;
            true
        } else {
            false
        };
        let (mut taken, mut count, mut parts) = (0, 0, 0);
        while taken < bytes_max
            && let Some(waiting) = inner.queue.front()
        {
            parts += waiting.frame.parts().count();
            if count > 0 && parts > parts_max {
                break;
            }
            let Some(waiting) = inner.queue.pop_front() else {
                break;
            };
            let own = waiting.is_own();
            let frame = waiting.frame;
            let bytes = frame.len();
            taken += bytes;
            count += 1;
            if own {
                inner.own_under_way += bytes;
            }
            into.push(frame.first);
            if let Some(rest) = frame.rest {
                into.extend(rest.iter().cloned());
            }
        }
        if count > 0 {
            inner.told = true;
            inner.bytes -= taken + count * ENTRY;
            inner.thinned = inner.thinned.saturating_sub(count);
            inner.under_way += taken;
            if !inner.queue.is_empty() {
                // What was taken before has left: small frames are as much work as many bytes.
                inner.reads(Instant::now(), count * FRAME_WORTH);
            }
            if inner.queue.is_empty() && inner.queue.capacity() > 64 {
                // One burst must not leave its memory behind with a session that then idles.
                inner.queue = VecDeque::new();
            }
            self.gauge.sub(count, taken);
            let waiting = self.calms(&mut inner);
            drop(inner);
            waiting.into_iter().for_each(Waker::wake);
            return Poll::Ready(Taken::Some { ping });
        }
        if ping {
            return Poll::Ready(Taken::Some { ping });
        }
        if let Some(reason) = inner.end {
            return Poll::Ready(Taken::Ended(reason));
        }
        if std::mem::take(&mut inner.nudged) {
            return Poll::Ready(Taken::Nudged);
        }
        match &mut inner.taker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn calms(&self, inner: &mut Inner) -> Vec<Waker> {
        if !self.half_full.load(Ordering::Acquire) || self.is_half_full(inner) {
            return Vec::new();
        }
        self.half_full.store(false, Ordering::Release);
        std::mem::take(&mut inner.calm)
    }

    /// Ready when a taker is to come back although it may not take now: it is nudged, or the outbox has ended.
    pub fn poll_nudged(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if inner.end.is_some() || std::mem::take(&mut inner.nudged) {
            return Poll::Ready(());
        }
        match &mut inner.taker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Ready once the outbox has ended and may not be flushed: for a taker that is stuck in a write.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let mut inner = self.lock();
        match inner.end {
            Some(reason) if !reason.flushes() => Poll::Ready(reason),
            _ => {
                match &mut inner.gate {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Ready once the outbox has ended, for whatever reason: for one who watches over a taker that cannot wait itself.
    /// Shares its place with [`Outbox::poll_cut`]: only one of the two is woken.
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let mut inner = self.lock();
        match inner.end {
            Some(reason) => Poll::Ready(reason),
            None => {
                inner.gate = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Why it ended, if it has.
    pub fn ended(&self) -> Option<CloseReason> {
        self.lock().end
    }

    /// How much may wait.
    pub(crate) fn limits(&self) -> OutboxLimits {
        self.limits
    }

    /// What its session holds beside it.
    pub(crate) fn account(&self) -> &SessionAccount {
        &self.account
    }

    /// All bytes that its session holds, those that wait here among them.
    pub fn held(&self) -> usize {
        self.bytes() + self.account.bytes()
    }

    /// All bytes that its session held when it ended, for the log.
    pub(crate) fn held_at_end(&self) -> usize {
        let inner = self.lock();
        match inner.end {
            Some(_) => inner.held_at_end,
            None => inner.bytes + self.account.bytes(),
        }
    }

    /// Whether its session holds more than it may.
    pub(crate) fn is_over(&self) -> bool {
        self.held() > self.account.max()
    }

    /// Whether its reader took something lately, or there is nothing to take.
    pub(crate) fn is_read(&self) -> bool {
        let inner = self.lock();
        let nothing = inner.queue.is_empty() && inner.under_way == 0;
        nothing || inner.keeps_up || inner.written_at.elapsed() < READING
    }

    /// Bytes that wait, with their places.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics between two changes that belong together.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let mut inner = self.lock();
        self.clear(&mut inner);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
