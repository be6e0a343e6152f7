//! Honest clients: channels whose speakers send numbered messages and whose members check that each arrives once and in
//! order. The pair, the members and the overload curve are crowds of different sizes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread::JoinHandle;

use loadgen::dialect::{self, Dialect};
use loadgen::hist::Hist;
use loadgen::net::{now_ns, Cfg, Handler, Net, St};

pub const MS: u64 = 1_000_000;
pub const SEC: u64 = 1_000_000_000;
/// Honest clients come from here; attackers from 127.0.1.x.
pub const HONEST: [u8; 4] = [127, 0, 0, 1];

pub fn cfg(port: u16, namespace: &str) -> Cfg {
    Cfg { host: HONEST, port, nsp: namespace.into(), srcs: vec![HONEST], nap_ns: 100_000, ..Cfg::default() }
}

/// When the attack began and ended; a latency belongs to the phase in which its message was due.
#[derive(Default)]
pub struct Clock {
    began: AtomicU64,
    ended: AtomicU64,
}

pub const PHASES: usize = 3;

impl Clock {
    pub fn begin(&self) {
        self.began.store(now_ns(), Relaxed);
    }
    pub fn end(&self) {
        self.ended.store(now_ns(), Relaxed);
    }
    pub fn phase(&self, at: u64) -> usize {
        let after = |mark: &AtomicU64| mark.load(Relaxed) != 0 && at >= mark.load(Relaxed);
        usize::from(after(&self.began)) + usize::from(after(&self.ended))
    }
}

#[derive(Clone)]
pub struct Shape {
    pub namespace: &'static str,
    /// Channels are named `{name}{number}`.
    pub name: &'static str,
    pub rooms: usize,
    pub members: usize,
    /// The first of a channel's members.
    pub speakers: usize,
    /// Messages a second of each speaker.
    pub rate: f64,
    pub acks: bool,
}

struct Speaker {
    sent: u32,
    base: u32,
    /// Members that still miss each message from `base` on.
    missing: VecDeque<u32>,
}

pub struct Crowd {
    pub shape: Shape,
    clock: Arc<Clock>,
    d: Dialect,
    next: usize,
    opening: usize,
    came: Vec<bool>,
    joined: Vec<bool>,
    pub n_joined: usize,
    /// Connections that were refused or cut before they had joined.
    pub failed: usize,
    /// Members that were cut.
    pub lost: usize,
    /// Those of them that got a goodbye.
    pub told: usize,
    speakers: Vec<Speaker>,
    /// By connection and speaker of its channel.
    expect: Vec<u32>,
    gaps: HashSet<(u32, u8, u32)>,
    pub doubled: u64,
    pub reordered: u64,
    pub delivered: u64,
    pub last_delivery: u64,
    pub last_accepted: u64,
    /// Not sent because the connection had not taken the one before.
    pub held_back: u64,
    pub latency: [Hist; PHASES],
    pending: HashMap<(usize, u32), u64>,
    prefixes: Vec<Vec<u8>>,
    hint: usize,
    pad: Vec<u8>,
    pub speaking: bool,
    /// Closed loop: messages under way of each speaker. 0: open loop by rate.
    pub window: u32,
    t0: u64,
    due: u64,
}

const SIZE: usize = 64;
const CONCURRENT: usize = 64;

impl Crowd {
    pub fn new(port: u16, shape: Shape, clock: Arc<Clock>) -> (Net, Crowd) {
        let n = shape.rooms * shape.members;
        let net = Net::new(cfg(port, shape.namespace), n);
        let d = dialect::builtin("hubtel").unwrap();
        let prefixes = (0..shape.rooms)
            .map(|r| format!("[\"{}{r}\",", shape.name).into_bytes())
            .collect();
        let crowd = Crowd {
            clock,
            d,
            next: 0,
            opening: 0,
            came: vec![false; n],
            joined: vec![false; n],
            n_joined: 0,
            failed: 0,
            lost: 0,
            told: 0,
            speakers: (0..shape.rooms * shape.speakers)
                .map(|_| Speaker {
                    sent: 0,
                    base: 0,
                    missing: VecDeque::new(),
                })
                .collect(),
            expect: vec![0; n * shape.speakers],
            gaps: HashSet::new(),
            doubled: 0,
            reordered: 0,
            delivered: 0,
            last_delivery: 0,
            last_accepted: 0,
            held_back: 0,
            latency: [Hist::new(), Hist::new(), Hist::new()],
            pending: HashMap::new(),
            prefixes,
            hint: 0,
            pad: vec![dialect::PAD; SIZE],
            speaking: false,
            window: 0,
            t0: 0,
            due: 0,
            shape,
        };
        (net, crowd)
    }

    fn complete(&self) -> bool {
        self.n_joined + self.failed == self.joined.len()
    }

    pub fn restart(&mut self, window: u32, rate: f64) {
        self.window = window;
        self.shape.rate = rate;
        self.speaking = true;
        self.t0 = now_ns();
        self.due = 0;
    }

    /// Messages that members still connected have not got.
    pub fn undelivered(&self) -> u64 {
        let mut sum = self.gaps.len() as u64;
        for i in 0..self.joined.len() {
            for s in 0..self.shape.speakers {
                if self.joined[i] {
                    let sent = self.speakers[i / self.shape.members * self.shape.speakers + s].sent;
                    sum += (sent - self.expect[i * self.shape.speakers + s]) as u64;
                }
            }
        }
        sum
    }

    fn speak(&mut self, net: &mut Net, speaker: usize, at: u64) {
        let (room, s) = (speaker / self.shape.speakers, speaker % self.shape.speakers);
        let i = room * self.shape.members + s;
        if !self.joined[i] || net.conns[i].st != St::Ready {
            return;
        }
        if net.backlog(i) > 0 {
            self.held_back += 1;
            return;
        }
        let seq = self.speakers[speaker].sent;
        self.speakers[speaker].sent += 1;
        if self.window > 0 {
            self.speakers[speaker]
                .missing
                .push_back(self.shape.members as u32);
        } else {
            self.speakers[speaker].base = seq + 1;
        }
        let token = dialect::token('M', room, s, seq, at, SIZE);
        let args = dialect::fill(
            &self.d.publish,
            &format!("{}{room}", self.shape.name),
            &token,
            &format!("c{i}"),
        );
        let id = self.shape.acks.then_some(seq + 1);
        if self.shape.acks {
            self.pending.insert((i, seq + 1), at);
        }
        let prefix = net.event_prefix(id);
        net.send_text(i, &[&prefix, args.as_bytes()]);
        if net.backlog(i) == 0 {
            self.last_accepted = now_ns();
        }
    }

    fn refill(&mut self, net: &mut Net) {
        while self.opening < CONCURRENT && self.next < self.joined.len() {
            if net.open(self.next, now_ns()) {
                self.opening += 1;
            } else {
                self.failed += 1;
            }
            self.next += 1;
        }
    }

    /// Messages sent so far.
    pub fn sent(&self) -> u64 {
        self.speakers
            .iter()
            .map(|speaker| speaker.sent as u64)
            .sum()
    }

    /// Members that have got something.
    pub fn used(&self) -> usize {
        self.expect.iter().filter(|next| **next > 0).count()
    }

    /// Lets everybody join; false when it takes too long or somebody could not.
    pub fn gather(&mut self, net: &mut Net) -> bool {
        let until = now_ns() + 60 * SEC;
        while !self.complete() && now_ns() < until {
            net.poll(now_ns() + MS, self);
        }
        self.n_joined == self.joined.len()
    }

    /// What went wrong with members and messages.
    pub fn faults(&self) -> Vec<String> {
        let missing = self.undelivered();
        [
            (self.failed as u64, "never joined"),
            (self.lost as u64, "members lost"),
            (missing, "messages missing"),
            (self.doubled, "messages doubled"),
            (self.reordered, "messages out of order"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }

    fn seen(&mut self, net: &mut Net, i: usize, t: dialect::Token, now: u64) {
        let e = &mut self.expect[i * self.shape.speakers + t.sender];
        if t.seq == *e {
            *e += 1;
        } else if t.seq > *e {
            self.gaps
                .extend((*e..t.seq).map(|q| (i as u32, t.sender as u8, q)));
            *e = t.seq + 1;
        } else if self.gaps.remove(&(i as u32, t.sender as u8, t.seq)) {
            self.reordered += 1;
        } else {
            self.doubled += 1;
            return;
        }
        self.delivered += 1;
        self.last_delivery = now;
        if i % self.shape.members != t.sender {
            self.latency[self.clock.phase(t.ts)].add(now.saturating_sub(t.ts));
        }
        let at = t.room * self.shape.speakers + t.sender;
        let speaker = &mut self.speakers[at];
        if self.window == 0 || t.seq < speaker.base {
            return;
        }
        let Some(left) = speaker.missing.get_mut((t.seq - speaker.base) as usize) else {
            return;
        };
        *left -= 1;
        while speaker.missing.front() == Some(&0) {
            speaker.missing.pop_front();
            speaker.base += 1;
        }
        while self.speaking && self.speakers[at].missing.len() < self.window as usize {
            let before = self.speakers[at].sent;
            self.speak(net, at, now_ns());
            if self.speakers[at].sent == before {
                break;
            }
        }
    }
}

impl Handler for Crowd {
    fn ready(&mut self, net: &mut Net, i: usize, _: u64) {
        let args = dialect::fill(
            &self.d.join,
            &format!("{}{}", self.shape.name, i / self.shape.members),
            "",
            &format!("c{i}"),
        );
        let prefix = net.event_prefix(Some(0));
        net.send_text(i, &[&prefix, args.as_bytes()]);
    }

    fn packet(&mut self, net: &mut Net, i: usize, ty: u8, body: &[u8], now: u64) {
        if ty == b'3' {
            let digits = body.iter().take_while(|c| c.is_ascii_digit()).count();
            let id = std::str::from_utf8(&body[..digits])
                .ok()
                .and_then(|id| id.parse().ok())
                .unwrap_or(0);
            if id == 0 && !self.came[i] {
                self.came[i] = true;
                self.joined[i] = true;
                self.n_joined += 1;
                self.opening -= 1;
                self.refill(net);
            } else if let Some(at) = self.pending.remove(&(i, id)) {
                self.latency[self.clock.phase(at)].add(now.saturating_sub(at));
            }
            return;
        }
        if ty == b'1' && self.joined[i] {
            self.told += 1;
            self.lost += 1;
            self.joined[i] = false;
        }
        if ty != b'2' || !body.starts_with(&self.prefixes[i / self.shape.members]) {
            return;
        }
        if let Some(t) = dialect::parse(body, &mut self.hint, SIZE, &self.pad) {
            self.seen(net, i, t, now);
        }
    }

    fn closed(&mut self, net: &mut Net, i: usize, why: &'static str, _: u64) {
        if self.joined[i] {
            self.joined[i] = false;
            self.lost += 1;
            self.told += usize::from(why != "eof");
        } else if !self.came[i] {
            self.failed += 1;
            self.opening -= 1;
            self.refill(net);
        }
    }

    fn tick(&mut self, net: &mut Net, now: u64) {
        self.refill(net);
        if !self.speaking {
            return;
        }
        if self.window > 0 {
            for speaker in 0..self.speakers.len() {
                if self.speakers[speaker].missing.is_empty() {
                    for _ in 0..self.window {
                        self.speak(net, speaker, now);
                    }
                }
            }
            return;
        }
        let step = SEC as f64 / (self.shape.rate * self.speakers.len() as f64);
        loop {
            let at = self.t0 + (self.due as f64 * step) as u64;
            if at > now {
                break;
            }
            let speaker = self.due as usize % self.speakers.len();
            self.due += 1;
            self.speak(net, speaker, at);
        }
    }
}

/// A client that comes every 200 ms, enters the namespace and goes.
pub struct Newcomers {
    clock: Arc<Clock>,
    slot: usize,
    due: u64,
    pub took: [Hist; PHASES],
    pub failed: [u64; PHASES],
    /// When those came that failed or took more than a second.
    pub kept_out: Vec<u64>,
    done: Vec<bool>,
}

const EVERY: u64 = 200 * MS;
const PATIENCE: u64 = 5 * SEC;
const SLOTS: usize = 32;

impl Newcomers {
    pub fn new(port: u16, clock: Arc<Clock>) -> (Net, Newcomers) {
        let took = [Hist::new(), Hist::new(), Hist::new()];
        let me = Newcomers {
            clock,
            slot: 0,
            due: 0,
            took,
            failed: [0; PHASES],
            kept_out: Vec::new(),
            done: vec![true; SLOTS],
        };
        (Net::new(cfg(port, "/"), SLOTS), me)
    }

    fn fail(&mut self, net: &Net, i: usize) {
        if !std::mem::replace(&mut self.done[i], true) {
            self.failed[self.clock.phase(net.conns[i].t_open)] += 1;
            self.kept_out.push(net.conns[i].t_open);
        }
    }
}

impl Handler for Newcomers {
    fn ready(&mut self, net: &mut Net, i: usize, now: u64) {
        self.done[i] = true;
        let (came, took) = (net.conns[i].t_open, now - net.conns[i].t_open);
        self.took[self.clock.phase(came)].add(took);
        if took > SEC {
            self.kept_out.push(came);
        }
        net.close(i);
    }
    fn packet(&mut self, _: &mut Net, _: usize, _: u8, _: &[u8], _: u64) {}
    fn closed(&mut self, net: &mut Net, i: usize, _: &'static str, _: u64) {
        self.fail(net, i);
    }
    fn tick(&mut self, net: &mut Net, now: u64) {
        if now < self.due {
            return;
        }
        self.due = now + EVERY;
        for i in 0..SLOTS {
            if !self.done[i] && now - net.conns[i].t_open > PATIENCE {
                self.fail(net, i);
                net.close(i);
            }
        }
        self.slot = (self.slot + 1) % SLOTS;
        if self.done[self.slot] {
            self.done[self.slot] = false;
            if !net.open(self.slot, now) {
                net.conns[self.slot].t_open = now;
                self.fail(net, self.slot);
            }
        }
    }
}

/// A crowd on a thread of its own.
pub struct Running {
    pub speaking: Arc<AtomicBool>,
    pub joined: Arc<AtomicUsize>,
    pub undelivered: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(Crowd, Option<Newcomers>)>,
}

impl Running {
    pub fn start(
        port: u16,
        shape: Shape,
        clock: &Arc<Clock>,
        newcomers: bool,
        nice: i32,
    ) -> Running {
        let (speaking, stop) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (joined, undelivered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let (told, ended, count, open, clock) = (
            speaking.clone(),
            stop.clone(),
            joined.clone(),
            undelivered.clone(),
            clock.clone(),
        );
        let thread = std::thread::spawn(move || {
            be_nice(nice);
            let rate = shape.rate;
            let (mut net, mut crowd) = Crowd::new(port, shape, clock.clone());
            let mut door = newcomers.then(|| Newcomers::new(port, clock));
            let mut look = 0;
            while !ended.load(Relaxed) {
                if told.load(Relaxed) != crowd.speaking {
                    crowd.restart(0, rate);
                    crowd.speaking = told.load(Relaxed);
                }
                if let Some((net, door)) = &mut door {
                    net.poll(0, door);
                }
                net.poll(now_ns() + MS / 5, &mut crowd);
                count.store(crowd.n_joined + crowd.failed, Relaxed);
                if now_ns() > look {
                    look = now_ns() + 50 * MS;
                    open.store(crowd.undelivered(), Relaxed);
                }
            }
            // What was never answered took at least until now.
            for at in std::mem::take(&mut crowd.pending).into_values() {
                crowd.latency[crowd.clock.phase(at)].add(now_ns() - at);
            }
            (crowd, door.map(|(_, door)| door))
        });
        Running {
            speaking,
            joined,
            undelivered,
            stop,
            thread,
        }
    }

    pub fn end(self) -> (Crowd, Option<Newcomers>) {
        self.stop.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// Of threads whose figures are the server's, and not this program's; it needs root.
pub const TIMED: i32 = -10;
/// One step beyond what nice has: a thread that runs where nobody else would, and stops at once where somebody does.
pub const IDLE: i32 = 20;

/// Of this thread alone.
pub fn be_nice(nice: i32) {
    if nice == IDLE {
        let none = libc::sched_param { sched_priority: 0 };
        unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &none) };
    } else if nice != 0 {
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    }
}
