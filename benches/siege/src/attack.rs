//! The attacks, each with what is measured beside it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use loadgen::net::{find, now_ns};

use crate::crowd::{be_nice, IDLE, SEC};
use crate::raw::{request, Poller, Raw};

/// What an attack knows and tells.
pub struct Ctx {
    pub port: u16,
    pub until: u64,
    pub short: bool,
    pub secs: f64,
    /// 19 where many attack at once, `IDLE` for floods.
    pub nice: i32,
    /// Connections come from the honest address.
    pub honest: bool,
    /// Bytes written by floods.
    pub sent: AtomicU64,
    pub notes: Mutex<Vec<String>>,
    pub faults: Mutex<Vec<String>>,
}

impl Ctx {
    pub fn new(port: u16, secs: f64, short: bool, nice: i32) -> Ctx {
        Ctx {
            port,
            until: now_ns() + (secs * SEC as f64) as u64,
            short,
            secs,
            nice,
            honest: false,
            sent: AtomicU64::new(0),
            notes: Mutex::default(),
            faults: Mutex::default(),
        }
    }
    pub fn over(&self) -> bool {
        now_ns() >= self.until
    }
    /// A count, or a small one in the short form.
    pub fn n(&self, full: usize, short: usize) -> usize {
        if self.short {
            short
        } else {
            full
        }
    }
    /// Of what is done so often in a second, how much there has to be for an attack; in the short form one.
    pub fn least(&self, per_s: f64) -> u64 {
        if self.short {
            1
        } else {
            (per_s * self.secs) as u64
        }
    }
    pub fn note(&self, text: impl Into<String>) {
        self.notes.lock().unwrap().push(text.into());
    }
    pub fn fault(&self, text: impl Into<String>) {
        self.faults.lock().unwrap().push(text.into());
    }
}

pub type Attack = fn(&Ctx) -> io::Result<()>;

pub struct Scenario {
    pub name: &'static str,
    /// Of the list.
    pub point: u8,
    pub about: &'static str,
    /// Honest members of the channel `crowd0`.
    pub members: usize,
    pub secs: f64,
    /// How long nothing happens before it.
    pub quiet: f64,
    /// To how many times the quiet part's p99 that of all honest members may rise; the others judge the pair's alone.
    pub ratio: Option<f64>,
    /// Of the attackers' threads.
    pub nice: i32,
    pub attack: Attack,
    /// Nothing to be logged: honest clients do it.
    pub legal: bool,
    pub flags: &'static [&'static str],
    pub files: Option<u64>,
    pub deaf: bool,
    /// RSS in MiB at most.
    pub rss_max: u64,
    /// Part of `combined`.
    pub combined: bool,
}

pub const fn scenario(name: &'static str, point: u8, about: &'static str, attack: Attack) -> Scenario {
    Scenario {
        name,
        point,
        about,
        members: 200,
        secs: 6.0,
        quiet: 2.0,
        ratio: None,
        nice: 0,
        attack,
        legal: false,
        flags: &[],
        files: None,
        deaf: false,
        rss_max: 512,
        combined: false,
    }
}

impl Scenario {
    const fn members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }
    const fn secs(mut self, secs: f64) -> Self {
        self.secs = secs;
        self
    }
    const fn legal(mut self) -> Self {
        self.legal = true;
        self
    }
    const fn deaf(mut self) -> Self {
        self.deaf = true;
        self
    }
    const fn rss_max(mut self, mib: u64) -> Self {
        self.rss_max = mib;
        self
    }
    const fn files(mut self, files: u64) -> Self {
        self.files = Some(files);
        self
    }
    pub const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }
    /// A minute of it, and enough quiet before it that a p99 means something.
    pub const fn flood(mut self) -> Self {
        self.secs = 60.0;
        self.quiet = 60.0;
        self.ratio = Some(1.5);
        self.nice = IDLE;
        self
    }
    const fn combined(mut self) -> Self {
        self.combined = true;
        self
    }
}

/// Bytes of one message near the limit.
pub const BIG: usize = 950_000;

pub const SCENARIOS: &[Scenario] = &[
    scenario("tiny-websocket", 1, "unknown events from one WebSocket, each answered by hub-error", |c| flood(c, 1, &["42[\"zz\"]"])).combined(),
    scenario("flap-websocket", 1, "leaves and enters the namespace on one WebSocket", |c| flood(c, 1, &["41", "40"])),
    scenario("unknown-namespace", 1, "CONNECT to namespaces that are not there, on one WebSocket", |c| flood(c, 1, &["40/nope,"])),
    scenario("tiny-polling", 1, "unknown events in POSTs of 900 kB", |c| polling_flood(c, "42[\"zz\"]")),
    scenario("flap-polling", 1, "leaves and enters the namespace in POSTs of 900 kB", |c| polling_flood(c, "41\x1e40")),
    scenario("crowd-storm", 2, "0.7 MB of small messages from 32 connections into a channel of 2,000", crowd_storm).members(2000).combined(),
    scenario("full-account", 3, "800 members of a channel that read nothing fill 1 GiB, then short messages", full_account).members(1000).secs(10.0),
    scenario("pipelined-handshakes", 4, "long-polling handshakes without end, pipelined on one connection", pipelined_handshakes).combined(),
    scenario("burst-600k", 5, "5 messages of 600 kB in one loop; readers at full speed and at 1 MB/s", |c| burst(c, 5, 600_000)).legal().secs(25.0),
    scenario("burst-80k", 5, "30 messages of 80 kB in one loop; readers at full speed and at 1 MB/s", |c| burst(c, 30, 80_000)).legal().secs(25.0),
    scenario("burst-25000", 5, "25,000 short messages in one loop; readers at full speed and at 1 MB/s", |c| burst(c, 25_000, 20)).legal().secs(25.0),
    scenario("heavy-letters", 5, "letters of 600 kB from 6 members into a room whose other 12 read 600 kB/s, short ones between", |c| heavy(c, false)).legal().secs(20.0),
    scenario("heavy-moves", 5, "joins and leaves with 600 kB of data into a room whose 12 members read 600 kB/s", |c| heavy(c, true)).legal().secs(20.0),
    scenario("half-head", 6, "2,000 connections whose first request never ends; 2,048 descriptors", |c| half_heads(c, false)).files(2048).secs(14.0),
    scenario("half-second-head", 6, "2,000 connections whose second request never ends; 2,048 descriptors", |c| half_heads(c, true)).files(2048).secs(14.0).combined(),
    scenario("endless-chunks", 6, "2,000 chunked bodies without end to a route that has answered; 2,048 descriptors", endless_chunks).files(2048).secs(14.0),
    scenario("unread-polls", 7, "answers of 900 kB to 100 polling sessions, not read", unread_polls).secs(8.0).combined(),
    scenario("invitations", 7, "256 rooms with 1,024 invitations of 250 bytes each from 8 connections", invitations).secs(8.0).combined(),
    scenario("big-auth", 7, "CONNECT with 0.95 MB of auth on 600 sessions", big_auth),
    scenario("farewells", 7, "100 sessions in 256 channels each, every one joined with a source of 7.5 kB", farewells).secs(10.0),
    scenario("unfinished", 7, "64 messages of 0.95 MB under way on each of 8 connections", unfinished),
    scenario("fragments", 7, "600 WebSocket messages of 0.95 MB without an end", fragments),
    scenario("half-binary", 7, "binary packets of 0.86 MB without their last attachment, 600 connections, before any CONNECT", half_binary),
    scenario("idle-streams", 7, "10,000 event streams of a quiet channel, which read what little comes", idle_streams).secs(30.0).legal(),
    scenario("unread-streams", 7, "10,000 event streams of the crowd's own channel, not read, and 25 kB to all of them twice a second", unread_streams).secs(40.0).rss_max(1024),
    scenario("fat-leave", 8, "leave-room of 960 kB from a member with 256 seats", fat_leave).secs(8.0).combined(),
    scenario("new-channels", 8, "joins and leaves of channels that are never the same", |c| flood_numbered(c, new_channel)),
    scenario("new-addresses", 8, "joins and leaves of one room under channels that are never the same", new_addresses).combined(),
    scenario("long-names", 8, "30 joins a second beside 200 channels with names of 250 bytes that double in JSON", long_names),
    scenario("mass-join", 8, "2,000 clients join one channel at once and leave it, over and over", mass_join).secs(8.0).legal(),
    scenario("unknown-kicks", 8, "kicks of 256 unknown ids", unknown_kicks),
    scenario("flapper", 9, "one client joins and leaves a channel of 900", |c| {
        flood(c, 1, &["42[\"join-channel\",{\"data\":{\"roomChannel\":\"crowd0\"}}]", "42[\"leave-channel\",{\"data\":{\"roomChannel\":\"crowd0\"}}]"])
    }).members(900).combined(),
    scenario("metrics", 10, "/metrics from 4 connections on the public port, 2,000 sessions", metrics).members(2000),
    scenario("log-flood", 10, "broken requests that are logged", log_flood).combined(),
    scenario("log-deaf", 10, "the same, while stderr is a pipe that nobody reads", log_flood).deaf(),
    scenario("policy", 11, "who makes a room in a channel of its own commands it in another", policy).secs(1.0).legal(),
    scenario("rebinding", 12, "sessions for Host and Origin evil.example, with --hosts 127.0.0.1", rebinding).secs(1.0).flags(&["--hosts 127.0.0.1"]),
    scenario("foreign-page", 12, "plain GETs of a foreign page (Sec-Fetch-Site: cross-site)", foreign_page).secs(3.0),
];

/// Runs `one` on several threads until all are done.
pub fn together(ctx: &Ctx, count: usize, one: impl Fn(usize) -> io::Result<()> + Sync) {
    std::thread::scope(|scope| {
        for k in 0..count {
            let one = &one;
            scope.spawn(move || {
                be_nice(ctx.nice);
                if let Err(error) = one(k) {
                    ctx.note(format!("{error}"));
                }
            });
        }
    });
}

fn rest() {
    std::thread::sleep(Duration::from_micros(300));
}

/// Keeps connections open to the end of the attack, feeding each with `more`.
fn hold(ctx: &Ctx, all: &mut [Raw], every: Duration, mut more: impl FnMut(&mut Raw)) {
    while !ctx.over() {
        for raw in all.iter_mut().filter(|raw| !raw.gone) {
            more(raw);
            raw.write();
        }
        std::thread::sleep(every);
    }
    let gone = all
        .iter_mut()
        .filter_map(|raw| {
            raw.swallow();
            raw.gone.then_some(())
        })
        .count();
    ctx.note(format!(
        "{} of {} connections closed by the server",
        gone,
        all.len()
    ));
}

/// Writes blocks, reads everything, comes back when cut.
fn pump(
    ctx: &Ctx,
    k: usize,
    open: fn(&Ctx, usize) -> io::Result<Raw>,
    mut block: impl FnMut(&mut Raw),
) {
    let mut cuts = 0;
    let mut raw = None;
    while !ctx.over() && ctx.sent.load(Relaxed) < 512 << 20 {
        let Some(one) = &mut raw else {
            raw = open(ctx, k).ok();
            if raw.is_none() {
                std::thread::sleep(Duration::from_millis(50));
            }
            continue;
        };
        if one.left() == 0 {
            block(one);
        }
        let wrote = one.write();
        ctx.sent.fetch_add(wrote as u64, Relaxed);
        let read = one.swallow();
        if one.gone {
            cuts += 1;
            raw = None;
        } else if wrote + read == 0 {
            rest();
        }
    }
    if cuts > 0 {
        ctx.note(format!("attacker cut {cuts} times"));
    }
}

/// From `count` WebSockets the same texts again and again.
fn flood(ctx: &Ctx, count: usize, texts: &[&str]) -> io::Result<()> {
    together(ctx, count, |k| {
        pump(ctx, k, Raw::member, |raw| {
            (0..4000).for_each(|i| raw.text(texts[i % texts.len()]))
        });
        Ok(())
    });
    Ok(())
}

fn flood_numbered(ctx: &Ctx, texts: fn(usize) -> [String; 2]) -> io::Result<()> {
    let mut next = 0;
    pump(ctx, 0, Raw::member, |raw| {
        for _ in 0..500 {
            texts(next).iter().for_each(|text| raw.text(text));
            next += 1;
        }
    });
    ctx.note(format!("{next} written"));
    Ok(())
}

fn new_channel(number: usize) -> [String; 2] {
    ["join", "leave"].map(|verb| {
        format!("42[\"{verb}-channel\",{{\"data\":{{\"roomChannel\":\"n{number}\"}}}}]")
    })
}

fn new_addresses(ctx: &Ctx) -> io::Result<()> {
    let mut witness = Raw::member(ctx, 1)?;
    witness.ask("[\"join-room\",{\"data\":{\"roomId\":\"t\"}}]")?;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ctx.over() && !witness.gone {
                if witness.swallow() == 0 {
                    rest();
                }
            }
        });
        flood_numbered(ctx, |number| {
            ["join", "leave"].map(|verb| format!("42[\"{verb}-room\",{{\"data\":{{\"roomId\":\"t\",\"roomChannel\":\"n{number}\"}}}}]"))
        })
    })
}

fn long_names(ctx: &Ctx) -> io::Result<()> {
    let mut raw = Raw::member(ctx, 0)?;
    let pad = "\\\"".repeat(240);
    let mut next = 0usize;
    while !ctx.over() && !raw.gone {
        let (join, leave) = (next, next.saturating_sub(200));
        raw.text(&format!(
            "42[\"join-channel\",{{\"data\":{{\"roomChannel\":\"{join}{pad}\"}}}}]"
        ));
        if next >= 200 {
            raw.text(&format!(
                "42[\"leave-channel\",{{\"data\":{{\"roomChannel\":\"{leave}{pad}\"}}}}]"
            ));
            std::thread::sleep(Duration::from_millis(33));
        }
        next += 1;
        ctx.sent.fetch_add(raw.write() as u64, Relaxed);
        raw.swallow();
    }
    Ok(())
}

fn polling_flood(ctx: &Ctx, text: &str) -> io::Result<()> {
    let body = vec![text; ctx.n(900_000, 9_000) / (text.len() + 1)].join("\x1e");
    while !ctx.over() {
        let mut poller = Poller::member(ctx, 0)?;
        let mut polls = Raw::tcp(ctx, 0)?;
        let mut posts = 0;
        let post = request("POST", &format!("&sid={}", poller.sid), "", Some(&body));
        let get = poller.get();
        while !ctx.over() && !polls.gone && !poller.post.gone {
            if poller.post.left() == 0 && posts < 8 {
                poller.post.put(post.as_bytes());
                posts += 1;
            }
            let moved = poller.post.write();
            ctx.sent.fetch_add(moved as u64, Relaxed);
            if poller.post.read(65536) > 0 && find(&poller.post.inbox, b"HTTP/1.1").is_some() {
                posts = 0;
                if find(&poller.post.inbox, b" 400").is_some() {
                    break;
                }
                poller.post.inbox.clear();
            }
            if polls.left() == 0 && polls.inbox.is_empty() {
                polls.put(get.as_bytes());
            }
            // Whatever comes is an answer; how large it is does not matter.
            if moved + polls.write() + polls.swallow() == 0 {
                rest();
            }
        }
    }
    Ok(())
}

fn crowd_storm(ctx: &Ctx) -> io::Result<()> {
    let count = ctx.n(32, 4);
    let mut all = (0..count)
        .map(|k| Raw::member(ctx, k))
        .collect::<io::Result<Vec<_>>>()?;
    let text = "42[\"crowd0\",1]";
    for raw in &mut all {
        for _ in 0..ctx.n(700_000, 20_000) / count / (text.len() + 6) {
            raw.text(text);
        }
    }
    while !ctx.over() {
        for raw in &mut all {
            ctx.sent.fetch_add(raw.write() as u64, Relaxed);
            raw.swallow();
        }
        rest();
    }
    ctx.note(format!(
        "{} bytes not taken by the server",
        all.iter().map(Raw::left).sum::<usize>()
    ));
    Ok(())
}

fn full_account(ctx: &Ctx) -> io::Result<()> {
    // Connections go to the two workers by turns: every second one, so that one worker owes everything.
    let opened = (0..2 * ctx.n(800, 20)).map(|k| Raw::tcp(ctx, k));
    let opened = opened.collect::<io::Result<Vec<_>>>()?;
    let readers: Vec<_> = opened
        .into_iter()
        .step_by(2)
        .map(|raw| raw.upgraded()?.entered()?.joined("sink").map(Raw::small))
        .collect::<io::Result<_>>()?;
    let mut sender = Raw::member(ctx, 0)?;
    // The kernel takes about one message near the limit; then in ever smaller steps up to the total.
    let steps = [BIG, 100_000, 100_000, 100_000]
        .into_iter()
        .chain([10_000; 60]);
    for size in steps {
        sender.text(&format!("42[\"sink\",\"{}\"]", "x".repeat(size)));
        sender.send()?;
        std::thread::sleep(Duration::from_millis(50));
        sender.swallow();
    }
    while !ctx.over() {
        sender.text("42[\"sink\",1]");
        sender.send()?;
        sender.swallow();
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(readers);
    Ok(())
}

fn pipelined_handshakes(ctx: &Ctx) -> io::Result<()> {
    let one = request("GET", "", "", None);
    pump(ctx, 0, Raw::tcp, |raw| raw.put(one.repeat(500).as_bytes()));
    Ok(())
}

/// One sender that writes all before it reads, three members that read at full speed and three at 1 MB a second.
fn burst(ctx: &Ctx, count: usize, size: usize) -> io::Result<()> {
    struct Reader {
        raw: Raw,
        slow: bool,
        next: usize,
        wrong: usize,
        allowance: usize,
    }
    let count = ctx.n(count, count.min(500));
    let mut readers = Vec::new();
    for k in 0..7 {
        readers.push(Reader {
            raw: Raw::in_channel(ctx, k, "burst")?,
            slow: k > 3,
            next: 0,
            wrong: 0,
            allowance: 0,
        });
    }
    let pad = "x".repeat(size);
    let sender = &mut readers[0].raw;
    for i in 0..count {
        sender.text(&format!("42[\"burst\",\"@{i}@{pad}\"]"));
    }
    // Until all is there: how long a reader of 1 MB a second takes is known, how long the machine takes is not.
    let (mut last, mut wrote_all) = (now_ns(), false);
    let until = last + 60 * SEC;
    while last < until
        && readers
            .iter()
            .any(|reader| reader.next < count && !reader.raw.gone)
    {
        let now = now_ns();
        let mut moved = readers[0].raw.write();
        wrote_all |= readers[0].raw.left() == 0;
        for (k, reader) in readers.iter_mut().enumerate() {
            // Bytes are microseconds at 1 MB a second.
            reader.allowance = if reader.slow {
                reader.allowance.min(65536) + ((now - last) / 1000) as usize
            } else {
                1 << 20
            };
            if (k == 0 && !wrote_all) || reader.raw.gone || reader.allowance == 0 {
                continue;
            }
            let got = reader.raw.read(reader.allowance);
            reader.allowance -= got.min(reader.allowance);
            moved += got;
            let (next, wrong) = (&mut reader.next, &mut reader.wrong);
            reader.raw.frames(|frame| {
                if frame.starts_with(b"42[\"burst\"") {
                    let at = find(frame, b"@").map_or(0, |at| at + 1);
                    let digits = frame[at..]
                        .iter()
                        .take_while(|c| c.is_ascii_digit())
                        .count();
                    let number = std::str::from_utf8(&frame[at..at + digits])
                        .ok()
                        .and_then(|n| n.parse::<usize>().ok());
                    *wrong += usize::from(number != Some(*next));
                    *next += 1;
                }
            });
        }
        last = now;
        if moved == 0 {
            rest();
        }
    }
    for (k, reader) in readers.iter().enumerate() {
        let who = match k {
            0 => "sender",
            _ if reader.slow => "reader at 1 MB/s",
            _ => "reader",
        };
        if reader.next != count || reader.wrong > 0 {
            let cut = if reader.raw.gone { ", cut" } else { "" };
            ctx.fault(format!(
                "{who} got {} of {count}, {} out of order{cut}",
                reader.next, reader.wrong
            ));
        }
    }
    if !wrote_all {
        ctx.fault("the sender could not write all before it read");
    }
    Ok(())
}

/// A room goes no faster than most of its readers: what is offered is many times what they read.
fn heavy(ctx: &Ctx, moves: bool) -> io::Result<()> {
    const RATE: u64 = 600_000;
    let size = ctx.n(600_000, 20_000);
    let event = |name: &str, pad: &str| {
        let message = if pad.is_empty() { "short" } else { "long" };
        format!("42[\"{name}\",{{\"data\":{{\"roomId\":\"heavy\",\"message\":\"{message}\",\"pad\":\"{pad}\"}}}}]")
    };
    let seated = |k| -> io::Result<Raw> {
        let mut raw = Raw::member(ctx, k)?;
        raw.ask("[\"join-room\",{\"data\":{\"roomId\":\"heavy\"}}]")?;
        Ok(raw)
    };
    let mut readers = Vec::new();
    for k in 0..12 {
        readers.push((seated(100 + k)?, 0));
    }
    let mut senders = Vec::new();
    for k in 0..6 {
        let raw = if moves {
            Raw::member(ctx, k)?
        } else {
            seated(k)?
        };
        senders.push((raw, 0));
    }
    let pad = "x".repeat(size);
    let said: Vec<String> = if moves {
        vec![event("join-room", &pad), event("leave-room", &pad)]
    } else {
        vec![event("notify-room", &pad), event("notify-room", "")]
    };
    let mut last = now_ns();
    while !ctx.over() && readers.iter().all(|(raw, _)| !raw.gone) {
        let now = now_ns();
        for (sender, turn) in senders.iter_mut().filter(|(raw, _)| !raw.gone) {
            if sender.left() == 0 {
                sender.text(&said[*turn % 2]);
                *turn += 1;
            }
            sender.write();
            sender.swallow();
        }
        for (raw, allowance) in &mut readers {
            *allowance = ((*allowance as u64).min(65536) + (now - last) * RATE / SEC) as usize;
            if *allowance > 0 {
                *allowance -= raw.read(*allowance).min(*allowance);
                raw.inbox.clear();
            }
        }
        last = now;
        rest();
    }
    let cut = readers.iter().filter(|(raw, _)| raw.gone).count();
    let gone = senders.iter().filter(|(raw, _)| raw.gone).count();
    let turns: usize = senders.iter().map(|(_, turn)| turn).sum();
    ctx.note(format!("{turns} said by 6, of whom {gone} were cut"));
    if cut > 0 {
        ctx.fault(format!("{cut} of 12 readers cut"));
    }
    Ok(())
}

/// Opens connections as long as the server takes them.
fn open_many(ctx: &Ctx, count: usize, mut one: impl FnMut(usize) -> io::Result<Raw>) -> Vec<Raw> {
    let mut all = Vec::new();
    for k in 0..count {
        if ctx.over() {
            break;
        }
        match one(k) {
            Ok(raw) => all.push(raw),
            Err(error) => {
                ctx.note(format!("after {k}: {error}"));
                break;
            }
        }
    }
    ctx.note(format!("{} opened", all.len()));
    all
}

fn half_heads(ctx: &Ctx, second: bool) -> io::Result<()> {
    let mut all = open_many(ctx, ctx.n(2000, 50), |k| {
        let mut raw = Raw::tcp(ctx, k)?;
        if second {
            raw.put(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
            raw.send()?;
            raw.answer()?;
        }
        raw.put(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX");
        raw.send()?;
        Ok(raw)
    });
    hold(ctx, &mut all, Duration::from_secs(1), |raw| raw.put(b"-"));
    Ok(())
}

fn endless_chunks(ctx: &Ctx) -> io::Result<()> {
    let mut all = open_many(ctx, ctx.n(2000, 50), |k| {
        let mut raw = Raw::tcp(ctx, k)?;
        raw.put(b"POST /socket.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
        raw.send()?;
        Ok(raw)
    });
    hold(ctx, &mut all, Duration::from_secs(1), |raw| {
        raw.put(b"1\r\nx\r\n")
    });
    Ok(())
}

/// Event streams of these channels, whose joins have been answered.
fn streams(ctx: &Ctx, count: usize, query: &str, small: bool) -> io::Result<Vec<Raw>> {
    let open = |k: usize| -> io::Result<Raw> {
        let raw = Raw::tcp(ctx, k)?;
        let mut raw = if small { raw.small() } else { raw };
        let head = format!("GET /events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        raw.put(head.as_bytes());
        raw.send()?;
        query.split('&').try_for_each(|_| raw.wait_for(b"event: ack"))?;
        Ok(raw)
    };
    let began = now_ns();
    let mut all: Vec<Raw> = Vec::with_capacity(count);
    for k in 0..count {
        all.push(open(k)?);
        // Ten thousand take longer than a reader may take nothing.
        if !small && k % 500 == 499 {
            closed(&mut all);
        }
    }
    let took = (now_ns() - began) as f64 / SEC as f64;
    ctx.note(if ctx.short {
        format!("{count} streams opened")
    } else {
        format!("{count} streams opened in {took:.1} s")
    });
    Ok(all)
}

/// How many the server has closed; what they were told is thrown away.
fn closed(all: &mut [Raw]) -> usize {
    for raw in all.iter_mut() {
        while raw.swallow() > 0 {}
    }
    all.iter().filter(|raw| raw.gone).count()
}

fn idle_streams(ctx: &Ctx) -> io::Result<()> {
    let mut all = streams(ctx, ctx.n(10_000, 50), "channel=quiet", false)?;
    while !ctx.over() {
        closed(&mut all);
        std::thread::sleep(Duration::from_millis(200));
    }
    let gone = closed(&mut all);
    if gone > 0 {
        ctx.fault(format!("{gone} of {} streams that read are closed", all.len()));
    }
    Ok(())
}

fn unread_streams(ctx: &Ctx) -> io::Result<()> {
    let count = ctx.n(10_000, 50);
    let mut all = streams(ctx, count, "channel=crowd0&channel=sink", true)?;
    let mut sender = Raw::member(ctx, 0)?;
    let letter = format!("42[\"sink\",\"{}\"]", "x".repeat(25_000));
    while !ctx.over() && !sender.gone {
        sender.text(&letter);
        ctx.sent.fetch_add(sender.write() as u64, Relaxed);
        sender.swallow();
        std::thread::sleep(Duration::from_millis(ctx.n(500, 5) as u64));
    }
    let gone = closed(&mut all);
    ctx.note(format!("{gone} of {count} closed by the server"));
    Ok(())
}

fn unread_polls(ctx: &Ctx) -> io::Result<()> {
    let mut pollers = Vec::new();
    for k in 0..ctx.n(100, 5) {
        let mut poller = Poller::member(ctx, k)?;
        poller.say("42[\"join-channel\",{\"data\":{\"roomChannel\":\"sink\"}}]")?;
        pollers.push(poller);
    }
    let mut sender = Raw::member(ctx, 0)?;
    let big = format!("42[\"sink\",\"{}\"]", "x".repeat(900_000));
    let mut unread = Vec::new();
    for _ in 0..15 {
        for (k, poller) in pollers.iter().enumerate() {
            let Ok(raw) = Raw::tcp(ctx, k) else { continue };
            let mut raw = raw.small();
            raw.put(poller.get().as_bytes());
            raw.write();
            unread.push(raw);
        }
        std::thread::sleep(Duration::from_millis(50));
        if ctx.over() || sender.send().is_err() {
            break;
        }
        sender.text(&big);
        sender.send()?;
        sender.swallow();
        std::thread::sleep(Duration::from_millis(50));
    }
    hold(ctx, &mut unread, Duration::from_millis(100), |_| {});
    Ok(())
}

/// Members that each write texts of their own, then hold.
fn hoard(
    ctx: &Ctx,
    count: usize,
    open: fn(&Ctx, usize) -> io::Result<Raw>,
    fill: impl Fn(&mut Raw, usize) -> io::Result<()>,
) {
    let mut all = Vec::new();
    for k in 0..count {
        if ctx.over() {
            break;
        }
        match open(ctx, k) {
            Ok(mut raw) => {
                if let Err(error) = fill(&mut raw, k) {
                    ctx.note(format!("filling {k}: {error}"));
                }
                let until = (now_ns() + 2 * SEC).min(ctx.until);
                while raw.left() > 0 && !raw.gone && now_ns() < until {
                    let wrote = raw.write();
                    ctx.sent.fetch_add(wrote as u64, Relaxed);
                    if wrote + raw.swallow() == 0 {
                        rest();
                    }
                }
                all.push(raw);
            }
            Err(error) => {
                ctx.note(format!("after {k}: {error}"));
                break;
            }
        }
    }
    hold(ctx, &mut all, Duration::from_millis(100), |raw| {
        raw.swallow();
    });
}

fn ids(count: usize, digits: usize) -> String {
    (0..count)
        .map(|i| format!("\"{i:0digits$}\""))
        .collect::<Vec<_>>()
        .join(",")
}

fn invitations(ctx: &Ctx) -> io::Result<()> {
    let ids = ids(1024, 250);
    hoard(ctx, ctx.n(8, 1), Raw::member, |raw, k| {
        for room in 0..ctx.n(256, 16) {
            raw.ask(&format!("[\"join-room\",{{\"data\":{{\"roomId\":\"i{k}-{room}\",\"access\":\"invite\",\"invite\":[{ids}]}}}}]"))?;
        }
        Ok(())
    });
    Ok(())
}

fn big_auth(ctx: &Ctx) -> io::Result<()> {
    let text = format!("40{{\"a\":\"{}\"}}", "x".repeat(BIG));
    hoard(ctx, ctx.n(600, 10), Raw::websocket, |raw, _| {
        raw.text(&text);
        Ok(())
    });
    Ok(())
}

fn farewells(ctx: &Ctx) -> io::Result<()> {
    let pad = "x".repeat(7_500);
    hoard(ctx, ctx.n(100, 2), Raw::member, |raw, k| {
        for n in 0..ctx.n(256, 16) {
            raw.ask(&format!("[\"join-channel\",{{\"data\":{{\"roomChannel\":\"f{k}-{n}\"}},\"source\":{{\"appName\":\"{pad}\"}}}}]"))?;
        }
        Ok(())
    });
    Ok(())
}

fn unfinished(ctx: &Ctx) -> io::Result<()> {
    let big = "x".repeat(BIG);
    hoard(ctx, ctx.n(8, 1), Raw::member, |raw, _| {
        for n in 0..ctx.n(64, 4) {
            raw.text(&format!("42[\"target{}\",\"{big}\"]", n % 2));
        }
        Ok(())
    });
    Ok(())
}

fn fragments(ctx: &Ctx) -> io::Result<()> {
    // A text frame that is not final: 0x01, masked with zero.
    let mut frame = vec![0x01, 0xff];
    frame.extend_from_slice(&(BIG as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(b"4");
    frame.resize(frame.len() + BIG - 1, b'2');
    hoard(ctx, ctx.n(600, 10), Raw::websocket, |raw, _| {
        raw.put(&frame);
        Ok(())
    });
    Ok(())
}

fn half_binary(ctx: &Ctx) -> io::Result<()> {
    let places: Vec<_> = (0..10)
        .map(|n| format!("{{\"_placeholder\":true,\"num\":{n}}}"))
        .collect();
    let head = format!("4510-[\"b\",{}]", places.join(","));
    let blob = vec![7u8; BIG / 10];
    hoard(ctx, ctx.n(600, 5), Raw::websocket, |raw, _| {
        raw.text(&head);
        (0..9).for_each(|_| raw.binary(&blob));
        Ok(())
    });
    Ok(())
}

fn fat_leave(ctx: &Ctx) -> io::Result<()> {
    let leave = format!(
        "[\"leave-room\",{{\"data\":{{\"roomId\":\"fat\",\"message\":\"{}\"}}}}]",
        "x".repeat(ctx.n(959_000, 9_000))
    );
    let mut rounds = 0;
    while !ctx.over() {
        // Somebody who stays, so that leaves are told.
        let mut witness = Raw::member(ctx, 1)?;
        witness.ask("[\"join-room\",{\"data\":{\"roomId\":\"fat\"}}]")?;
        let mut raw = Raw::member(ctx, 0)?;
        for n in 0..ctx.n(256, 16) {
            raw.text(&format!(
                "42[\"join-room\",{{\"data\":{{\"roomId\":\"fat\",\"roomChannel\":\"c{n}\"}}}}]"
            ));
            raw.write();
            raw.swallow();
            witness.swallow();
        }
        raw.send()?;
        let asked = raw.ask(&leave);
        witness.swallow();
        rounds += 1;
        if let Err(error) = asked {
            ctx.note(format!("{error}"));
        }
    }
    ctx.note(format!("{rounds} leaves"));
    Ok(())
}

fn mass_join(ctx: &Ctx) -> io::Result<()> {
    let mut all = open_many(ctx, ctx.n(2000, 50), |k| Raw::member(ctx, k));
    let (mut rounds, mut joining) = (0, Duration::ZERO);
    while !ctx.over() {
        for event in ["join", "leave"] {
            let began = Instant::now();
            let done = ask_all(&mut all, event);
            if event == "join" {
                joining += began.elapsed();
                rounds += 1;
            }
            if done < all.len() {
                let gone = all.iter().filter(|raw| raw.gone).count();
                ctx.fault(format!(
                    "only {done} of {} did {event}, {gone} cut",
                    all.len()
                ));
                return Ok(());
            }
        }
    }
    ctx.note(format!(
        "{rounds} rounds, {} ms each to join",
        joining.as_millis() / rounds.max(1)
    ));
    Ok(())
}

/// Has all join the channel, or leave it; how many have their answer within half a minute.
fn ask_all(all: &mut [Raw], event: &str) -> usize {
    let until = now_ns() + 30 * SEC;
    for raw in &mut *all {
        raw.text(&format!(
            "421[\"{event}-channel\",{{\"data\":{{\"roomChannel\":\"mass\"}}}}]"
        ));
        raw.write();
    }
    let mut done = vec![false; all.len()];
    while now_ns() < until && done.iter().any(|done| !done) {
        for (raw, done) in all.iter_mut().zip(&mut done) {
            raw.read(65536);
            raw.frames(|frame| *done |= frame.starts_with(b"431["));
        }
    }
    done.iter().filter(|done| **done).count()
}

fn unknown_kicks(ctx: &Ctx) -> io::Result<()> {
    let mut raw = Raw::member(ctx, 0)?;
    raw.ask("[\"join-room\",{\"data\":{\"roomId\":\"k\",\"access\":\"invite\"}}]")?;
    let kick = format!(
        "42[\"kick-room\",{{\"data\":{{\"roomId\":\"k\",\"kick\":[{}]}}}}]",
        ids(256, 20)
    );
    while !ctx.over() && !raw.gone {
        if raw.left() == 0 {
            (0..20).for_each(|_| raw.text(&kick));
        }
        let wrote = raw.write();
        ctx.sent.fetch_add(wrote as u64, Relaxed);
        if wrote + raw.swallow() == 0 {
            rest();
        }
    }
    Ok(())
}

fn metrics(ctx: &Ctx) -> io::Result<()> {
    together(ctx, 4, |k| {
        pump(ctx, k, Raw::tcp, |raw| {
            raw.put(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        });
        Ok(())
    });
    Ok(())
}

fn log_flood(ctx: &Ctx) -> io::Result<()> {
    let mut made = 0;
    while !ctx.over() {
        let Ok(mut raw) = Raw::tcp(ctx, made) else {
            break;
        };
        match made % 3 {
            0 => raw.put(b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
            1 => raw.put(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
            _ => raw.put(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\xff\xff"),
        }
        raw.write();
        made += 1;
        // So that the server reads it before it is closed.
        if made % 64 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        raw.read(64);
    }
    ctx.note(format!("{made} requests"));
    Ok(())
}

fn policy(ctx: &Ctx) -> io::Result<()> {
    let (mut eve, mut ann, mut bob) = (
        Raw::member(ctx, 0)?,
        Raw::member(ctx, 1)?,
        Raw::member(ctx, 2)?,
    );
    eve.ask("[\"join-room\",{\"data\":{\"roomId\":\"board\",\"roomChannel\":\"evil\"}}]")?;
    let joined = ann.ask("[\"join-room\",{\"data\":{\"roomId\":\"board\",\"roomChannel\":\"sales\",\"access\":\"invite\"}}]")?;
    let uninvited =
        bob.ask("[\"join-room\",{\"data\":{\"roomId\":\"board\",\"roomChannel\":\"sales\"}}]")?;
    if joined.contains("\"ok\":true") && uninvited.contains("\"ok\":true") {
        ctx.fault("access invite was answered ok and is void");
    }
    let locked =
        eve.ask("[\"lock-room\",{\"data\":{\"roomId\":\"board\",\"roomChannel\":\"sales\"}}]")?;
    if locked.contains("\"ok\":true") {
        ctx.fault("the owner of board in evil locked board in sales");
    }
    Ok(())
}

/// How many of these requests opened a session.
fn opened(ctx: &Ctx, headers: &str, count: usize) -> io::Result<usize> {
    let mut sessions = 0;
    for k in 0..count {
        if ctx.over() {
            break;
        }
        let mut raw = Raw::tcp(ctx, k)?;
        let text = request("GET", "", headers, None);
        let text = if headers.contains("Host:") {
            text.replacen("Host: 127.0.0.1\r\n", "", 1)
        } else {
            text
        };
        raw.put(text.as_bytes());
        raw.send()?;
        sessions += usize::from(raw.answer()?.0 == 200);
    }
    Ok(sessions)
}

fn rebinding(ctx: &Ctx) -> io::Result<()> {
    let sessions = opened(
        ctx,
        "Host: evil.example\r\nOrigin: http://evil.example\r\n",
        1,
    )?;
    if sessions > 0 {
        ctx.fault("Host: evil.example opened a session");
    }
    if opened(ctx, "", 1)? == 0 {
        ctx.fault("the server's own host opened none");
    }
    Ok(())
}

fn foreign_page(ctx: &Ctx) -> io::Result<()> {
    let sessions = opened(
        ctx,
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        ctx.n(5000, 20),
    )?;
    if sessions > 0 {
        ctx.fault(format!("a foreign page opened {sessions} sessions"));
    }
    Ok(())
}
