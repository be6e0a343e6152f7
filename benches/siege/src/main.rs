//! Attacks on a hub, and what honest clients notice of them. See `siege help`.
#![allow(
    clippy::disallowed_types,
    reason = "a rule for the hub's threads; here nothing waits for a lock"
)]

mod attack;
mod crowd;
mod floods;
mod load;
mod raw;
mod server;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::Duration;

use loadgen::esc;
use loadgen::hist::Hist;
use loadgen::net::now_ns;

use attack::{Ctx, Scenario, SCENARIOS};
use crowd::{be_nice, Clock, Running, Shape, MS, SEC, TIMED};
use floods::FLOODS;
use server::{How, Server};

const HELP: &str = "\
siege list                      the scenarios
siege NAME [NAME ...] | all     runs them; a JSON line and a readable one each
siege floods                    the five floods of one hostile client in twenty, two minutes each
siege overload [--rooms R --members M]   what happens above what the hub can deliver (default: 1 x 2000 and 100 x 50)
siege batches                   100,000 sessions opened, used and closed in batches of 10,000
siege drain                     SIGTERM with 10,000 members, half of them on long-polling
siege combined                  one client of each attack at once, and a control run against a server that discards
  --limits         overload with the server's own rate limits, not with --insecure.no-rate-limits
  --server 'CMD'   with {port} and {admin} (default: ../../target/release/dondo --listen 127.0.0.1:{port} --workers 2)
  --short          small counts, a few seconds; judges counts and accounts, no times
  --json           JSON lines only
";

const SERVER: &str = "../../target/release/dondo --listen 127.0.0.1:{port} --workers 2";

pub struct Opts {
    pub server: String,
    pub short: bool,
    pub json: bool,
    pub limits: bool,
    pub rooms: usize,
    pub members: usize,
}

const MIB: f64 = 1024.0 * 1024.0;

fn main() {
    let mut opts = Opts {
        server: SERVER.into(),
        short: false,
        json: false,
        limits: false,
        rooms: 0,
        members: 0,
    };
    let mut names = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--server" => {
                opts.server = words
                    .next()
                    .unwrap_or_else(|| loadgen::die("--server needs a command"))
            }
            "--short" => opts.short = true,
            "--json" => opts.json = true,
            "--limits" => opts.limits = true,
            "--rooms" | "--members" => {
                let number = words.next().and_then(|number| number.parse().ok());
                let number =
                    number.unwrap_or_else(|| loadgen::die(&format!("{word} needs a number")));
                *if word == "--rooms" {
                    &mut opts.rooms
                } else {
                    &mut opts.members
                } = number;
            }
            name => names.push(name.to_owned()),
        }
    }
    unsafe {
        let limit = libc::rlimit {
            rlim_cur: 1 << 20,
            rlim_max: 1 << 20,
        };
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
    let mut good = true;
    match names.first().map(String::as_str) {
        None | Some("help") => print!("{HELP}"),
        Some("list") => scenarios()
            .for_each(|s| println!("{:22} point {:2}  {}", s.name, s.point, s.about)),
        Some("all") => {
            scenarios().for_each(|s| good &= run(s, &opts));
            good &= load::drain(&opts) & load::overload(&opts);
        }
        Some(_) => {
            for name in &names {
                let more = match name.as_str() {
                    "floods" => Some(FLOODS.iter().fold(true, |good, s| run(s, &opts) & good)),
                    "overload" => Some(load::overload(&opts)),
                    "batches" => Some(load::batches(&opts)),
                    "drain" => Some(load::drain(&opts)),
                    "combined" => Some(load::combined(&opts)),
                    _ => None,
                };
                if let Some(more) = more {
                    good &= more;
                    continue;
                }
                let Some(scenario) = scenarios().find(|s| s.name == name) else {
                    loadgen::die(&format!("no scenario {name}: see siege list"));
                };
                good &= run(scenario, &opts);
            }
        }
    }
    std::process::exit(i32::from(!good));
}

fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().chain(FLOODS)
}

fn wait(until: u64, mut done: impl FnMut() -> bool) -> bool {
    while now_ns() < until {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    done()
}

fn sleep(secs: f64) {
    std::thread::sleep(Duration::from_secs_f64(secs));
}

/// What honest clients had of it.
struct Honest {
    members: usize,
    never_joined: usize,
    lost: usize,
    missing: u64,
    doubled: u64,
    reordered: u64,
    pair: [Hist; 3],
    crowd: [Hist; 3],
    newcomers: [Hist; 3],
    refused: [u64; 3],
    kept_out: Vec<u64>,
}

/// The honest clients: members of `crowd0` in `/`, and a pair in `/pair` with newcomers on the same thread.
struct Crowds {
    members: Running,
    pair: Running,
    count: usize,
}

impl Crowds {
    /// `nice` is of the members' thread.
    fn start(port: u16, count: usize, nice: i32, clock: &Arc<Clock>) -> Crowds {
        let shape = Shape {
            namespace: "/",
            name: "crowd",
            rooms: 1,
            members: count,
            speakers: 1,
            rate: 10.0,
            acks: false,
        };
        let pair = Shape {
            namespace: "/pair",
            name: "pair",
            members: 2,
            speakers: 2,
            rate: 50.0,
            acks: true,
            ..shape.clone()
        };
        // Before everybody else: what is measured is the server, not this program's turn.
        let crowds = Crowds {
            members: Running::start(port, shape, clock, false, nice),
            pair: Running::start(port, pair, clock, true, TIMED),
            count,
        };
        let up = wait(now_ns() + 30 * SEC, || {
            crowds.members.joined.load(Relaxed) == count && crowds.pair.joined.load(Relaxed) == 2
        });
        if !up {
            eprintln!(
                "siege: only {} of {count} honest members joined",
                crowds.members.joined.load(Relaxed)
            );
        }
        sleep(0.5);
        crowds.speak(true);
        crowds
    }

    fn speak(&self, on: bool) {
        self.members.speaking.store(on, Relaxed);
        self.pair.speaking.store(on, Relaxed);
    }

    fn end(self) -> Honest {
        self.speak(false);
        sleep(0.2);
        wait(now_ns() + 5 * SEC, || {
            self.members.undelivered.load(Relaxed) + self.pair.undelivered.load(Relaxed) == 0
        });
        let (members, _) = self.members.end();
        let (pair, newcomers) = self.pair.end();
        let newcomers = newcomers.unwrap();
        Honest {
            members: self.count + 2,
            never_joined: members.failed + pair.failed,
            lost: members.lost + pair.lost,
            missing: members.undelivered() + pair.undelivered(),
            doubled: members.doubled + pair.doubled,
            reordered: members.reordered + pair.reordered,
            pair: pair.latency,
            crowd: members.latency,
            newcomers: newcomers.took,
            refused: newcomers.failed,
            kept_out: newcomers.kept_out,
        }
    }
}

const RECOVERY: u64 = 30;

/// To what it must come back: twice what it was, and not less than the little that a start may need by chance.
fn back_to(start: u64) -> u64 {
    (2 * start).max(48 << 20)
}

fn run(scenario: &Scenario, opts: &Opts) -> bool {
    let mut server = Server::start(&How {
        command: &opts.server,
        flags: scenario.flags,
        files: scenario.files,
        deaf: scenario.deaf,
        scrape: true,
    });
    let clock = Arc::new(Clock::default());
    let members = if opts.short {
        scenario.members.min(20)
    } else {
        scenario.members
    };
    let nice = scenario.ratio.map_or(0, |_| TIMED);
    let crowds = Crowds::start(server.port, members, nice, &clock);
    sleep(if opts.short { 0.5 } else { scenario.quiet });
    let start = server.rss();
    server.mark();
    clock.begin();
    let began = now_ns();
    let secs = if opts.short {
        scenario.secs.min(2.0)
    } else {
        scenario.secs
    };
    // In the short form it is no matter of time, and beside busy loops they would have no turn.
    let nice = if opts.short { 0 } else { scenario.nice };
    let ctx = Ctx::new(server.port, secs, opts.short, nice);
    // On a thread of its own, which be_nice would bind for good.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            be_nice(ctx.nice);
            if let Err(error) = (scenario.attack)(&ctx) {
                ctx.notes.lock().unwrap().push(error.to_string());
            }
        });
    });
    clock.end();
    let ended = now_ns();
    sleep(if opts.short { 0.5 } else { 1.5 });
    let patience = if opts.short { 2 } else { RECOVERY };
    wait(ended + patience * SEC, || {
        server.rss() <= back_to(start) && crowds.members.undelivered.load(Relaxed) == 0
    });
    let back_after = (now_ns() - ended) as f64 / 1e9;
    let after = server.rss();
    let peak = server.peak();
    let alive = server.alive();
    let honest = crowds.end();
    let (lines, most) = server.watched.logged(began);
    report(&Report {
        scenario,
        opts,
        start,
        peak,
        after,
        back_after,
        alive,
        honest,
        ended,
        lines,
        most,
        ctx: &ctx,
        server: &server,
    })
}

struct Report<'a> {
    scenario: &'a Scenario,
    opts: &'a Opts,
    start: u64,
    peak: u64,
    after: u64,
    back_after: f64,
    alive: bool,
    honest: Honest,
    ended: u64,
    lines: Vec<String>,
    most: usize,
    ctx: &'a Ctx,
    server: &'a Server,
}

/// Does a line say who and which setting.
fn names_peer(line: &str) -> bool {
    line.contains("127.0.1.")
}

fn names_setting(line: &str) -> bool {
    line.split("--")
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn report(r: &Report) -> bool {
    let h = &r.honest;
    let ms = |hist: &Hist, q: f64| hist.q(q) as f64 / MS as f64;
    let (quiet, during) = (ms(&h.pair[0], 0.99), ms(&h.pair[1], 0.99));
    let crowd = [0, 1].map(|phase| ms(&h.crowd[phase], 0.99));
    let mut faults = r.ctx.faults.lock().unwrap().clone();
    let mut judge = |bad: bool, text: String| {
        if bad {
            faults.push(text);
        }
    };
    judge(!r.alive, "the server is dead".into());
    judge(
        h.lost > 0,
        format!("{} of {} honest members lost", h.lost, h.members),
    );
    judge(
        h.never_joined > 0,
        format!("{} honest members never joined", h.never_joined),
    );
    judge(h.missing > 0, format!("{} messages missing", h.missing));
    judge(
        h.doubled + h.reordered > 0,
        format!("{} doubled, {} out of order", h.doubled, h.reordered),
    );
    if !r.opts.short {
        let pair_max = r.scenario.ratio.map_or((3.0 * quiet).max(50.0), |ratio| ratio * quiet);
        judge(
            during > pair_max,
            format!("pair p99 {during:.1} ms, quiet {quiet:.1} ms"),
        );
        judge(
            r.scenario.ratio.is_some_and(|ratio| crowd[1] > ratio * crowd[0]),
            format!("members' p99 {:.1} ms, quiet {:.1} ms", crowd[1], crowd[0]),
        );
        let late = h
            .kept_out
            .iter()
            .filter(|came| (r.ended - 3 * SEC..r.ended).contains(came))
            .count();
        judge(
            late > 0 && r.scenario.files.is_some(),
            format!("{late} of 15 newcomers kept out at the end"),
        );
        judge(
            h.refused[2] > 0,
            format!("{} newcomers failed after it", h.refused[2]),
        );
    }
    let most = if r.opts.short {
        r.start + (96 << 20)
    } else {
        r.scenario.rss_max << 20
    };
    judge(r.peak > most, format!("RSS {:.0} MiB", r.peak as f64 / MIB));
    judge(
        r.after > back_to(r.start) && !r.opts.short,
        format!(
            "RSS {:.0} MiB after {:.0} s, {:.0} before",
            r.after as f64 / MIB,
            r.back_after,
            r.start as f64 / MIB
        ),
    );
    // One a second, and the clocks of the two processes do not tick together.
    judge(r.most > 2, format!("{} log lines of one cause in a second", r.most));
    let peer = r.lines.iter().any(|line| names_peer(line));
    let setting = r.lines.iter().any(|line| names_setting(line) || line.contains("remedy="));
    // Who did no harm and was refused nothing is not told of.
    let acted = {
        let gauges = r.server.watched.metrics.lock().unwrap();
        let orderly = server::sum(&gauges, "dondo_closes_total{reason=\"transport close\"}");
        [
            "dondo_closes_total",
            "dondo_refusals_total",
            "dondo_pauses_total",
            "dondo_connections_slow_total",
            "dondo_connections_refused_total",
        ]
        .into_iter()
        .filter_map(|name| server::sum(&gauges, name))
        .sum::<u64>()
            > orderly.unwrap_or(0)
    };
    if acted && !r.scenario.legal && !r.scenario.deaf && r.scenario.secs > 3.0 && !r.opts.short {
        judge(
            !(peer && setting),
            format!(
                "log names {}",
                match (peer, setting) {
                    (true, _) => "no setting",
                    (_, true) => "no peer",
                    _ => "neither peer nor setting",
                }
            ),
        );
    }
    let watched = &r.server.watched;
    let gauges = watched.metrics.lock().unwrap();
    let gauge = |name: &str| server::sum(&gauges, name).unwrap_or(0);
    let closes: Vec<_> = gauges
        .lines()
        .filter_map(|line| {
            line.strip_prefix("dondo_closes_total{reason=\"")?
                .split_once("\"} ")
        })
        .filter(|(_, count)| *count != "0")
        .map(|(reason, count)| format!("\"{reason}\":{count}"))
        .collect();
    let notes = r.ctx.notes.lock().unwrap().join("; ");
    let times = if r.opts.short {
        String::new()
    } else {
        format!(
            "\"after_s\":{:.1},\"pair_p50_ms\":[{:.2},{:.2}],\"pair_p99_ms\":[{quiet:.2},{during:.2}],\"pair_max_ms\":{:.0},\"p99_ratio\":{:.2},\"members_p99_ms\":[{:.2},{:.2}],\"members_p99_ratio\":{:.2},\"newcomers_p99_ms\":[{:.2},{:.2}],",
            r.back_after,
            ms(&h.pair[0], 0.5),
            ms(&h.pair[1], 0.5),
            ms(&h.pair[1], 1.0),
            during / quiet.max(0.001),
            crowd[0],
            crowd[1],
            crowd[1] / crowd[0].max(0.001),
            ms(&h.newcomers[0], 0.99),
            ms(&h.newcomers[1], 0.99),
        )
    };
    println!(
        "{{\"scenario\":\"{}\",\"point\":{},\"ok\":{},\"faults\":\"{}\",\"rss_mib\":[{:.1},{:.1},{:.1}],\"account_peak\":{},\"account_after\":{},\"sessions_after\":{},\"crashes\":{},\"closes\":{{{}}},{times}\"newcomers\":{},\"newcomers_failed\":[{},{},{}],\"honest\":{},\"lost\":{},\"missing\":{},\"doubled\":{},\"reordered\":{},\"log_lines\":{},\"log_most_per_s\":{},\"log_names_peer\":{peer},\"log_names_setting\":{setting},\"log_first\":\"{}\",\"attack_bytes\":{},\"notes\":\"{}\"}}",
        r.scenario.name,
        r.scenario.point,
        faults.is_empty(),
        esc(&faults.join("; ")),
        r.start as f64 / MIB,
        r.peak as f64 / MIB,
        r.after as f64 / MIB,
        watched.account_peak.load(Relaxed),
        watched.account.load(Relaxed),
        gauge("dondo_sessions_alive "),
        gauge("dondo_crashes_total "),
        closes.join(","),
        h.newcomers[1].n,
        h.refused[0],
        h.refused[1],
        h.refused[2],
        h.members,
        h.lost,
        h.missing,
        h.doubled,
        h.reordered,
        r.lines.len(),
        r.most,
        esc(r.lines.first().map_or("", |line| line.as_str())),
        r.ctx.sent.load(Relaxed),
        esc(&notes),
    );
    if !r.opts.json {
        let pair = if r.opts.short {
            String::new()
        } else {
            format!(", pair p99 {quiet:.1} > {during:.1} ms")
        };
        println!(
            "{} {}: RSS {:.0} > {:.0} > {:.0} MiB{pair}, {} of {} honest lost{}{}",
            if faults.is_empty() { "ok  " } else { "FAIL" },
            r.scenario.name,
            r.start as f64 / MIB,
            r.peak as f64 / MIB,
            r.after as f64 / MIB,
            h.lost,
            h.members,
            if faults.is_empty() { "" } else { ": " },
            faults.join("; ")
        );
    }
    faults.is_empty()
}
