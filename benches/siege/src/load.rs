//! What is more than one attack: overload, batches of sessions, the way down, and all attacks at once.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;

use loadgen::esc;
use loadgen::net::{now_ns, Net};

use crate::attack::{Ctx, SCENARIOS};
use crate::crowd::{be_nice, Clock, Crowd, Running, Shape, MS, SEC, TIMED};
use crate::raw::{request, Poller, Raw};
use crate::server::{How, Server};
use crate::{sleep, wait, Crowds, Opts, MIB};

fn start(opts: &Opts) -> Server {
    let flags: &[&str] = if opts.limits {
        &[]
    } else {
        &["--insecure.no-rate-limits on"]
    };
    Server::start(&How {
        command: &opts.server,
        flags,
        files: None,
        deaf: false,
        scrape: false,
    })
}

fn verdict(
    opts: &Opts,
    server: &Server,
    name: &str,
    faults: &[String],
    fields: &str,
    words: &str,
) -> bool {
    let ok = faults.is_empty();
    let (lines, most) = server.watched.logged(0);
    let warned = lines
        .iter()
        .find(|line| line.contains("WARN") || line.contains("ERROR"));
    println!(
        "{{\"scenario\":\"{name}\",\"ok\":{ok},\"faults\":\"{}\",{fields},\"log_most_per_s\":{most},\"log_first_warning\":\"{}\"}}",
        esc(&faults.join("; ")),
        esc(warned.map_or("", |line| line.as_str()))
    );
    if !opts.json {
        println!(
            "{} {name}: {words}{}{}",
            if ok { "ok  " } else { "FAIL" },
            if ok { "" } else { ": " },
            faults.join("; ")
        );
    }
    ok
}

/// Runs a crowd for a while and gives its deliveries a second.
fn drive(net: &mut Net, crowd: &mut Crowd, secs: f64) -> f64 {
    let (t0, before) = (now_ns(), crowd.delivered);
    let until = t0 + (secs * SEC as f64) as u64;
    while now_ns() < until {
        net.poll(now_ns() + MS / 5, crowd);
    }
    (crowd.delivered - before) as f64 * SEC as f64 / (now_ns() - t0) as f64
}

pub fn overload(opts: &Opts) -> bool {
    if opts.rooms > 0 && opts.members > 0 {
        return overload_of(opts, opts.rooms, opts.members);
    }
    overload_of(opts, 1, if opts.short { 100 } else { 2000 })
        & overload_of(opts, if opts.short { 4 } else { 100 }, 50)
}

const LOADS: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

fn overload_of(opts: &Opts, rooms: usize, members: usize) -> bool {
    let few = if rooms == 1 { 4 } else { 1 };
    // With limits by a session's deliveries so many that each of them meets none at load 1.
    let speakers = if opts.limits && rooms == 1 {
        members.min(200)
    } else {
        few
    };
    let secs = if opts.short { 1.0 } else { 4.0 };
    let mut server = start(opts);
    let clock = Arc::new(Clock::default());
    let shape = Shape {
        namespace: "/",
        name: "load",
        rooms,
        members,
        speakers,
        rate: 0.0,
        acks: false,
    };
    let (mut net, mut crowd) = Crowd::new(server.port, shape.clone(), clock);
    let mut faults = Vec::new();
    if !crowd.gather(&mut net) {
        faults.push("not all joined".to_owned());
    }
    // What a speaker's kernel keeps is offered, not accepted.
    for room in 0..rooms {
        for s in 0..speakers {
            let bytes: i32 = 8192;
            let p = (&bytes as *const i32).cast();
            unsafe {
                libc::setsockopt(
                    net.conns[room * members + s].fd,
                    libc::SOL_SOCKET,
                    libc::SO_SNDBUF,
                    p,
                    4,
                )
            };
        }
    }
    drive(&mut net, &mut crowd, if opts.short { 0.3 } else { 1.5 });
    let idle = server.rss();
    // The more is under way the more goes out in one write: the best of several windows.
    let mut capacity: f64 = 1.0;
    for window in [4, 16, 64] {
        crowd.restart((window * few as u32 / speakers as u32).max(1), 0.0);
        drive(&mut net, &mut crowd, secs / 8.0);
        capacity = capacity.max(drive(&mut net, &mut crowd, secs / 2.0));
    }
    // The generator of an open loop spins, which leaves the server less of the machine: loads compare with each other.
    let mut best = 0.0;
    let mut rows = Vec::new();
    let drained_after = |net: &mut Net, crowd: &mut Crowd| {
        crowd.speaking = false;
        let until = now_ns() + 30 * SEC;
        let mut look = 0;
        while now_ns() < until && (now_ns() < look || crowd.undelivered() > 0) {
            look = now_ns() + 20 * MS;
            while now_ns() < look {
                net.poll(now_ns() + MS / 5, crowd);
            }
        }
        crowd.last_delivery.saturating_sub(crowd.last_accepted) as f64 / SEC as f64
    };
    drained_after(&mut net, &mut crowd);
    let (mut words, mut last) = (
        format!("{rooms} x {members}: capacity {capacity:.0}/s"),
        0.0,
    );
    for load in LOADS {
        server.mark();
        let clock = Arc::new(Clock::default());
        let pair = Shape {
            namespace: "/pair",
            name: "pair",
            rooms: 1,
            members: 2,
            speakers: 2,
            rate: 50.0,
            acks: true,
        };
        let pair = Running::start(server.port, pair, &clock, false, TIMED);
        wait(now_ns() + 5 * SEC, || pair.joined.load(Relaxed) == 2);
        pair.speaking.store(true, Relaxed);
        let held_before = crowd.held_back;
        let sent = crowd.sent();
        crowd.restart(0, load * capacity / (members * rooms * speakers) as f64);
        let rate = drive(&mut net, &mut crowd, secs);
        let sent = crowd.sent() - sent;
        let drained = drained_after(&mut net, &mut crowd);
        pair.speaking.store(false, Relaxed);
        sleep(0.2);
        let (pair, _) = pair.end();
        let p99 = pair.latency[0].q(0.99) as f64 / MS as f64;
        let above = server.peak().saturating_sub(idle) as f64 / MIB;
        best = f64::max(best, rate);
        last = rate;
        faults.extend(
            crowd
                .faults()
                .into_iter()
                .chain(pair.faults())
                .map(|fault| format!("at load {load}: {fault}")),
        );
        if !opts.short {
            let most = if load <= 1.0 { 50.0 } else { 250.0 };
            if p99 > most {
                faults.push(format!("at load {load}: pair p99 {p99:.0} ms"));
            }
            // What the kernels of many speakers keep, and the hub has not read, is much.
            if drained > 5.0 && speakers == few {
                faults.push(format!("at load {load}: drained after {drained:.1} s"));
            }
        }
        if above > 256.0 {
            faults.push(format!("at load {load}: {above:.0} MiB above idle"));
        }
        words += &format!(
            "; {load}: {rate:.0}/s, pair p99 {p99:.1} ms, +{above:.0} MiB, drained {drained:.1} s"
        );
        rows.push(format!(
            "{{\"load\":{load},\"deliveries_per_s\":{rate:.0},\"messages\":{sent},\"held_back\":{},\"pair_p99_ms\":{p99:.2},\"rss_above_idle_mib\":{above:.1},\"drained_s\":{drained:.2},\"lost\":{},\"missing\":{}}}",
            crowd.held_back - held_before,
            crowd.lost,
            crowd.undelivered(),
        ));
        if crowd.lost > 0 || !server.alive() {
            break;
        }
    }
    if last < 0.85 * best && !opts.short {
        faults.push(format!(
            "{:.2} of the best deliveries/s at load 5",
            last / best
        ));
    }
    verdict(
        opts,
        &server,
        &format!("overload-{rooms}x{members}"),
        &faults,
        &format!(
            "\"capacity_per_s\":{capacity:.0},\"rss_idle_mib\":{:.1},\"loads\":[{}]",
            idle as f64 / MIB,
            rows.join(",")
        ),
        &words,
    )
}

pub fn batches(opts: &Opts) -> bool {
    let server = start(opts);
    let (batches, size) = if opts.short { (3, 200) } else { (10, 10_000) };
    let mut rss = Vec::new();
    let mut faults = Vec::new();
    for number in 0..batches {
        let wrong = batch(&server, size);
        faults.extend(wrong.map(|fault| format!("batch {number}: {fault}")));
        // Within 30 s, as after any burst. jemalloc gives freed pages back over 10 s, and the last few MiB when a thread
        // of its own wakes next: a value taken sooner tells when that last happened.
        let least = least_rss(&server, if opts.short { 0.2 } else { 30.0 });
        rss.push(least as f64 / MIB);
    }
    let ratio = rss[rss.len() - 1] / rss[0];
    if ratio > 1.2 {
        faults.push(format!("RSS {ratio:.2} times that after the first batch"));
    }
    let list = rss
        .iter()
        .map(|rss| format!("{rss:.1}"))
        .collect::<Vec<_>>()
        .join(",");
    verdict(
        opts,
        &server,
        "batches",
        &faults,
        &format!("\"size\":{size},\"rss_mib\":[{list}]"),
        &format!("{batches} batches of {size}, RSS {list} MiB"),
    )
}

/// Opens sessions, has each join, speak and hear itself, and closes them. What went wrong.
fn batch(server: &Server, size: usize) -> impl Iterator<Item = String> {
    let shape = Shape {
        namespace: "/",
        name: "batch",
        rooms: size,
        members: 1,
        speakers: 1,
        rate: 0.0,
        acks: false,
    };
    let (mut net, mut crowd) = Crowd::new(server.port, shape, Arc::default());
    crowd.gather(&mut net);
    crowd.restart(1, 0.0);
    let until = now_ns() + 20 * SEC;
    while crowd.used() < size && now_ns() < until && crowd.lost == 0 {
        net.poll(now_ns() + MS, &mut crowd);
    }
    crowd.speaking = false;
    let faults = crowd.faults().into_iter();
    (0..size).for_each(|i| net.close(i));
    faults.filter(|fault| !fault.contains("missing"))
}

/// The least memory the server has within some seconds, in bytes.
fn least_rss(server: &Server, seconds: f64) -> u64 {
    let until = now_ns() + (seconds * SEC as f64) as u64;
    let mut least = server.rss();
    while now_ns() < until {
        sleep(0.1);
        least = least.min(server.rss());
    }
    least
}

pub fn drain(opts: &Opts) -> bool {
    let mut server = start(opts);
    let half = if opts.short { 50 } else { 5000 };
    let shape = Shape {
        namespace: "/",
        name: "drain",
        rooms: half / 50,
        members: 50,
        speakers: 1,
        rate: 0.0,
        acks: false,
    };
    let (mut net, mut crowd) = Crowd::new(server.port, shape, Arc::default());
    crowd.gather(&mut net);
    let mut ctx = Ctx::new(server.port, 600.0, opts.short, 0);
    ctx.honest = true;
    let mut polls = Vec::new();
    for k in 0..half {
        match Poller::member(&ctx, k) {
            Ok(mut poller) => {
                poller.post.put(poller.get().as_bytes());
                poller.post.write();
                polls.push((poller, false));
            }
            Err(error) => eprintln!("siege: {k} long-polling sessions: {error}"),
        }
        if k % 50 == 0 {
            net.poll(0, &mut crowd);
        }
    }
    let mut faults = crowd.faults();
    let end = Arc::new(AtomicBool::new(false));
    let (ended, port) = (end.clone(), server.port);
    server.terminate();
    let t0 = now_ns();
    // Somebody new every 100 ms.
    let door = std::thread::spawn(move || {
        let mut ctx = Ctx::new(port, 600.0, false, 0);
        ctx.honest = true;
        let (mut worst, mut unanswered, mut tried) = (0, 0, 0);
        while !ended.load(Relaxed) {
            let t = now_ns();
            let answered = Raw::tcp(&ctx, 0).and_then(|mut raw| {
                raw.put(request("GET", "", "", None).as_bytes());
                raw.send()?;
                raw.answer()
            });
            // Refused: the process is gone.
            if answered
                .as_ref()
                .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
            {
                break;
            }
            tried += 1;
            unanswered += u64::from(answered.is_err());
            worst = worst.max(now_ns() - t);
            std::thread::sleep(Duration::from_millis(100));
        }
        (worst as f64 / MS as f64, unanswered, tried)
    });
    let mut alive = true;
    while alive && now_ns() - t0 < 20 * SEC {
        // Once more when it is gone: its last answers are there to be read.
        alive = server.alive();
        net.poll(now_ns() + MS, &mut crowd);
        for (poller, told) in polls.iter_mut().filter(|(_, told)| !told) {
            if poller.post.read(65536) == 0 && !poller.post.gone {
                continue;
            }
            let answer = if poller.post.inbox.is_empty() {
                None
            } else {
                poller.post.answer().ok()
            };
            if let Some((status, body)) = &answer {
                let goodbye = body
                    .split(|b| *b == 0x1e)
                    .any(|packet| packet == b"1" || packet.starts_with(b"41"));
                *told = *status != 200 || goodbye;
            }
            if !*told {
                // The next poll, as a client would, on a new connection if the old one is gone.
                if poller.post.gone {
                    let Ok(fresh) = Raw::tcp(&ctx, 0) else {
                        continue;
                    };
                    poller.post = fresh;
                }
                poller.post.put(poller.get().as_bytes());
                poller.post.write();
            }
        }
    }
    net.poll(now_ns() + MS, &mut crowd);
    let took = (now_ns() - t0) as f64 / SEC as f64;
    end.store(true, Relaxed);
    let (worst, unanswered, tried) = door.join().unwrap();
    let polled = polls.iter().filter(|(_, told)| *told).count();
    if crowd.told < half {
        faults.push(format!(
            "{} of {half} on WebSocket not told",
            half - crowd.told
        ));
    }
    if polled < half {
        faults.push(format!(
            "{} of {half} on long-polling not told",
            half - polled
        ));
    }
    if (worst > 100.0 && !opts.short) || unanswered > 0 {
        faults.push(format!(
            "new connections: {unanswered} of {tried} unanswered, the slowest after {worst:.0} ms"
        ));
    }
    verdict(
        opts,
        &server,
        "drain",
        &faults,
        &format!("\"point\":13,\"members\":{},\"told_websocket\":{},\"told_polling\":{polled},\"took_s\":{took:.1},\"newcomers\":{tried},\"newcomers_unanswered\":{unanswered},\"newcomers_max_ms\":{worst:.1}", 2 * half, crowd.told),
        &format!("{} of {} told in {took:.1} s", crowd.told + polled, 2 * half),
    )
}

/// Answers handshakes, then reads and throws away.
fn discard() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = std::thread::Builder::new()
                .stack_size(128 << 10)
                .spawn(move || swallow(stream));
        }
    });
    port
}

fn swallow(mut stream: TcpStream) -> Option<()> {
    const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x0c0{\"sid\":\"d\"}";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n0{\"sid\":\"d\"}";
    const SAID: &[u8] = b"\x81\x0d40{\"sid\":\"d\"}\x81\x08431[{ }]\x81\x094377[{ }]";
    let mut scratch = vec![0u8; 32768];
    let (mut upgraded, mut next) = (false, 0);
    loop {
        let n = stream.read(&mut scratch).ok().filter(|n| *n > 0)?;
        if !upgraded && loadgen::net::find(&scratch[..n.min(400)], b"websocket").is_some() {
            upgraded = true;
            stream.write_all(UPGRADED).ok()?;
        } else if now_ns() > next {
            next = now_ns() + if upgraded { 20 * MS } else { 0 };
            stream
                .write_all(if upgraded { SAID } else { ANSWER })
                .ok()?;
        }
    }
}

/// All attacks at once; gives the pair's p99 and what went wrong with the honest ones.
fn siege(opts: &Opts, control: bool) -> (f64, Vec<String>, String, Server) {
    let server = Server::start(&How {
        command: &opts.server,
        flags: &[],
        files: None,
        deaf: false,
        scrape: true,
    });
    let clock = Arc::new(Clock::default());
    let crowds = Crowds::start(server.port, if opts.short { 20 } else { 200 }, 0, &clock);
    sleep(if opts.short { 0.5 } else { 3.0 });
    let (start, secs) = (server.rss(), if opts.short { 3.0 } else { 60.0 });
    server.mark();
    clock.begin();
    let target = if control { discard() } else { server.port };
    std::thread::scope(|scope| {
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.combined) {
            scope.spawn(move || {
                be_nice(19);
                let ctx = Ctx::new(target, secs, opts.short, 19);
                while !ctx.over() {
                    let _ = (scenario.attack)(&ctx);
                    sleep(0.1);
                }
            });
        }
    });
    clock.end();
    let ended = now_ns();
    sleep(1.0);
    wait(ended + 30 * SEC, || server.rss() <= 2 * start);
    let (peak, after) = (server.peak(), server.rss());
    let honest = crowds.end();
    let mut faults = Vec::new();
    if honest.lost + honest.never_joined > 0 {
        faults.push(format!(
            "{} of {} honest members lost",
            honest.lost + honest.never_joined,
            honest.members
        ));
    }
    if honest.missing + honest.doubled + honest.reordered > 0 {
        faults.push(format!(
            "{} messages missing, {} doubled, {} out of order",
            honest.missing, honest.doubled, honest.reordered
        ));
    }
    if honest.refused[1] > 0 {
        faults.push(format!(
            "{} of {} newcomers failed",
            honest.refused[1],
            honest.refused[1] + honest.newcomers[1].n
        ));
    }
    if peak > 512 << 20 || after > 2 * start {
        faults.push(format!(
            "RSS {:.0} > {:.0} > {:.0} MiB",
            start as f64 / MIB,
            peak as f64 / MIB,
            after as f64 / MIB
        ));
    }
    let p99 = honest.pair[1].q(0.99) as f64 / MS as f64;
    let name = if control { "control" } else { "combined" };
    let fields = format!(
        "\"{name}\":{{\"rss_mib\":[{:.1},{:.1},{:.1}],\"pair_p99_ms\":[{:.2},{p99:.2}],\"newcomers_p99_ms\":{:.1},\"newcomers_failed\":{},\"lost\":{},\"missing\":{}}}",
        start as f64 / MIB,
        peak as f64 / MIB,
        after as f64 / MIB,
        honest.pair[0].q(0.99) as f64 / MS as f64,
        honest.newcomers[1].q(0.99) as f64 / MS as f64,
        honest.refused[1],
        honest.lost,
        honest.missing,
    );
    (p99, faults, fields, server)
}

pub fn combined(opts: &Opts) -> bool {
    let (quiet, mut faults, control, _) = siege(opts, true);
    faults
        .iter_mut()
        .for_each(|fault| *fault = format!("control: {fault}"));
    let (p99, more, attacked, server) = siege(opts, false);
    faults.extend(more);
    if p99 > 3.0 * quiet && !opts.short {
        faults.push(format!(
            "pair p99 {p99:.0} ms, {quiet:.0} in the control run"
        ));
    }
    verdict(
        opts,
        &server,
        "combined",
        &faults,
        &format!("{control},{attacked}"),
        &format!("pair p99 {quiet:.1} > {p99:.1} ms"),
    )
}
