//! Readers that stop reading, and a worker that stops running: they cost themselves, nobody else. Members who wait for their turn
//! to read answer no ping, so most hubs here send none.
//! Over 400 lines: its tests share the clients that do not read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, Hub, LongPoll, PATIENCE, Polling, WebSocket, http, system};

const OTHERS: usize = 50;
const FURTHER: usize = 1000;
/// Bytes of a message while a worker is frozen, and what memory may grow by then.
const BODY: usize = 64 * 1024;
const GROWTH: u64 = 8 << 20;
/// Seconds in which a machine does what must be done within a deadline: the first that is enough will do.
const DEADLINES: [u64; 3] = [12, 30, 60];
/// Deliveries that a frozen worker may owe.
const WINDOW: u64 = 64;
const OUTBOX: &str = "dondo_outbox_bytes";

/// A member whose kernel takes little, so that what it does not read waits in its outbox.
fn narrow_member(hub: &Hub) -> Client {
    let target = "/socket.io/?EIO=4&transport=websocket";
    Client::over(WebSocket::over(system::narrow(hub), target), "/")
}

fn seat(client: &mut Client, channel: &str) {
    let answer = client.ask("join-channel", &[json!(channel)]);
    assert_eq!(answer["ok"], true, "{answer}");
}

fn others(hub: &Hub) -> Vec<Client> {
    let others = (0..OTHERS).map(|_| {
        let mut client = Client::connect(hub);
        seat(&mut client, "lobby");
        client
    });
    others.collect()
}

/// Sends letters to the stalled member alone until so many bytes wait for it.
fn fill(hub: &Hub, sender: &mut Client, size: usize, until: u64) {
    let text = "x".repeat(size);
    let deadline = Instant::now() + PATIENCE;
    while hub.metric(OUTBOX) < until {
        assert!(Instant::now() < deadline, "the kernel takes all of it");
        let answer = sender.ask("trap", &[json!(text)]);
        assert_eq!(answer["recipients"], 1, "{answer}");
    }
}

/// Everybody gets all of a sender's numbered messages in order.
fn thousand_further(others: &mut [Client]) {
    let (sender, rest) = others.split_first_mut().unwrap();
    for some in 0..FURTHER / 100 {
        let numbers = some * 100..(some + 1) * 100;
        for number in numbers.clone() {
            sender.emit("lobby", &[json!(number)]);
        }
        for member in std::iter::once(&mut *sender).chain(rest.iter_mut()) {
            for number in numbers.clone() {
                assert_eq!(member.event("lobby")[0]["data"]["message"], number);
            }
        }
    }
}

/// What its kernel still had, then the end of the connection, not a wait.
fn reads_to_the_end(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut chunk = [0; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};
                assert!(
                    matches!(error.kind(), ConnectionReset | ConnectionAborted),
                    "{error}"
                );
                return;
            }
        }
    }
}

#[test]
fn a_full_outbox_costs_the_reader_its_connection_and_the_others_nothing() {
    let hub = Hub::program(&[
        "--workers",
        "2",
        "--engine.max-payload",
        "100KB",
        "--delivery.outbox-bytes-max",
        "1MB",
        "--delivery.stall-timeout",
        "10m",
        "--engine.ping-interval",
        "1h",
        "--presence.join-events-up-to",
        "1",
        "--presence.online-users",
        "off",
    ]);
    let mut others = others(&hub);
    let files = system::open_files(hub.process());
    let mut stalled = narrow_member(&hub);
    seat(&mut stalled, "lobby");
    seat(&mut stalled, "trap");
    let client = stalled.socket.stream.local_addr().unwrap();
    fill(&hub, &mut others[1], 20_000, 960_000);
    // The limit is not reached yet: it is a member like any other, but for the thousand messages.
    thousand_further(&mut others);
    hub.wait_for("dondo_closes_total{reason=\"outbox full\"}", 1);
    system::wait_until_cut(hub.address(), client);
    reads_to_the_end(&stalled.socket.stream);
    hub.wait_for(OUTBOX, 0);
    hub.wait_for("dondo_sessions_alive", OTHERS as u64);
    system::wait_for_files(hub.process(), files);
    thousand_further(&mut others);
}

#[test]
fn a_reader_at_its_limit_is_cut_at_its_deadline_and_the_others_get_all_before_it() {
    assert!(DEADLINES.into_iter().any(cut_at_its_deadline));
}

/// False if the deadline came before the others had everything: on a busy machine, another one must be tried.
fn cut_at_its_deadline(seconds: u64) -> bool {
    let deadline = Duration::from_secs(seconds);
    let hub = Hub::program(&[
        "--workers",
        "2",
        "--engine.max-payload",
        "100KB",
        "--delivery.outbox-bytes-max",
        "2MB",
        "--delivery.stall-timeout",
        &format!("{seconds}s"),
        "--engine.ping-interval",
        "1h",
        "--presence.join-events-up-to",
        "1",
        "--presence.online-users",
        "off",
    ]);
    let mut others = others(&hub);
    let files = system::open_files(hub.process());
    let mut stalled = narrow_member(&hub);
    seat(&mut stalled, "lobby");
    seat(&mut stalled, "trap");
    let client = stalled.socket.stream.local_addr().unwrap();
    let start = Instant::now();
    // Room for the thousand messages is left, and little more.
    fill(&hub, &mut others[1], 20_000, 1_550_000);
    thousand_further(&mut others);
    let (waiting, alive) = (hub.metric(OUTBOX), hub.metric("dondo_sessions_alive"));
    if start.elapsed() >= deadline {
        return false;
    }
    assert!(waiting > 1_800_000);
    assert_eq!(alive, OTHERS as u64 + 1);
    // Rooms wait for nobody, so a stall is noticed when there is something more to say.
    while hub.metric("dondo_closes_total{reason=\"stalled\"}") == 0 {
        assert!(start.elapsed() < deadline + PATIENCE, "no stall is noticed");
        let answer = others[1].ask("trap", &[json!("?")]);
        assert_eq!(answer["ok"], true, "{answer}");
        thread::park_timeout(Duration::from_millis(50));
    }
    assert!(start.elapsed() >= deadline, "{:?}", start.elapsed());
    system::wait_until_cut(hub.address(), client);
    reads_to_the_end(&stalled.socket.stream);
    hub.wait_for(OUTBOX, 0);
    hub.wait_for("dondo_sessions_alive", OTHERS as u64);
    system::wait_for_files(hub.process(), files);
    true
}

#[test]
fn a_reader_that_nobody_talks_to_any_more_is_cut_by_the_stall_timer() {
    let hub = Hub::program(&[
        "--workers",
        "1",
        "--engine.max-payload",
        "100KB",
        "--delivery.outbox-bytes-max",
        "1MB",
        // It has so long to stop reading; the timeout behind the ping would end it a second before the stall timer does.
        "--engine.ping-interval",
        "10s",
        "--engine.ping-timeout",
        "1s",
        "--delivery.stall-timeout",
        "12s",
    ]);
    let mut stalled = narrow_member(&hub);
    seat(&mut stalled, "trap");
    let client = stalled.socket.stream.local_addr().unwrap();
    let mut sender = Client::connect(&hub);
    fill(&hub, &mut sender, 20_000, 300_000);
    hub.wait_for("dondo_closes_total{reason=\"stalled\"}", 1);
    system::wait_until_cut(hub.address(), client);
    reads_to_the_end(&stalled.socket.stream);
    hub.wait_for(OUTBOX, 0);
}

#[test]
fn a_member_on_polling_that_never_polls_is_ended_and_the_others_get_everything() {
    let hub = Hub::program(&[
        "--workers",
        "2",
        "--engine.max-payload",
        "100KB",
        "--delivery.outbox-bytes-max",
        "200KB",
        "--delivery.stall-timeout",
        "10m",
        "--engine.ping-interval",
        "1h",
        "--presence.join-events-up-to",
        "1",
        "--presence.online-users",
        "off",
    ]);
    let mut others = others(&hub);
    let files = system::open_files(hub.process());
    let mut silent = LongPoll::connect(&hub);
    silent.say("42[\"join-channel\",\"lobby\"]");
    silent.say("42[\"join-channel\",\"trap\"]");
    // A POST is answered before its packets are handled.
    while others[1].ask("trap", &[json!("?")])["recipients"] != 1 {}
    fill(&hub, &mut others[1], 10_000, 180_000);
    thousand_further(&mut others);
    hub.wait_for("dondo_closes_total{reason=\"outbox full\"}", 1);
    hub.wait_for(OUTBOX, 0);
    hub.wait_for("dondo_sessions_alive", OTHERS as u64);
    let session = Polling {
        hub: &hub,
        sid: silent.sid.clone(),
        path: "/socket.io/".to_owned(),
    };
    session.is_gone_already();
    drop(silent);
    system::wait_for_files(hub.process(), files);
}

/// An answer's bytes counted as written when they left the outbox: with something more waiting, who then read for longer
/// than the stall timeout was cut.
#[test]
fn a_member_on_polling_that_reads_a_long_answer_slowly_is_not_cut() {
    assert!([5, 15, 40].into_iter().any(slow_reader_is_not_cut));
}

/// False if it was cut where the machine kept it from reading for a good part of the stall timeout, of so many seconds.
fn slow_reader_is_not_cut(seconds: u64) -> bool {
    const PIECE: usize = 15_000;
    let stall_timeout = Duration::from_secs(seconds);
    let hub = Hub::program(&[
        "--workers",
        "2",
        "--delivery.stall-timeout",
        &format!("{seconds}s"),
        "--engine.ping-interval",
        "1h",
    ]);
    let mut sender = Client::connect(&hub);
    let mut polling = LongPoll::connect(&hub);
    polling.say("42[\"join-channel\",\"trap\"]");
    while sender.ask("trap", &[json!("?")])["recipients"] != 1 {}
    let answer = sender.ask("trap", &[json!("x".repeat(900_000))]);
    assert_eq!(answer["recipients"], 1, "{answer}");
    let mut reader = system::narrow(&hub);
    let target = polling.target("polling");
    write!(
        reader,
        "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
        hub.address()
    )
    .unwrap();
    let head = http::read_head(&mut reader);
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    assert!(length > 900_000, "{length} bytes");
    let (start, pieces) = (Instant::now(), length.div_ceil(PIECE));
    let (mut last, mut longest, mut left) = (start, Duration::ZERO, length);
    while left > 0 {
        // Something waits all the while.
        sender.ask("trap", &[json!("?")]);
        let piece = u32::try_from((length - left) / PIECE).unwrap();
        let step = 2 * stall_timeout * piece / u32::try_from(pieces).unwrap();
        thread::park_timeout(step.saturating_sub(start.elapsed()));
        let mut bytes = vec![0; PIECE.min(left)];
        let read = reader.read_exact(&mut bytes);
        longest = longest.max(last.elapsed());
        last = Instant::now();
        if read.is_err() {
            break;
        }
        left -= bytes.len();
    }
    let cut = hub.metric("dondo_closes_total{reason=\"stalled\"}");
    if (left > 0 || cut > 0) && longest > stall_timeout / 2 {
        return false;
    }
    assert_eq!((left, cut), (0, 0), "{longest:?} between two reads");
    assert_eq!(hub.metric("dondo_sessions_alive"), 2);
    true
}

#[test]
fn inside_an_app_a_stalled_reader_is_cut_too() {
    let mut config = dondo::config::Settings::default();
    config.engine.max_payload = 100_000;
    config.delivery.outbox_bytes_max = Some(1_000_000);
    config.delivery.stall_timeout = Some(Duration::from_secs(600));
    config.engine.ping_interval = Duration::from_secs(3600);
    let dondo = dondo::Dondo::builder().settings(config).build().unwrap();
    let listener = dondo::listen("127.0.0.1:0").unwrap();
    let hub = Hub::around(listener.local_addr().unwrap(), dondo.clone());
    let (started, handle) = mpsc::channel();
    let server = thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let mounted = dondo.clone();
            let app = move || {
                actix_web::App::new()
                    .configure(mounted.configure_observation())
                    .configure(mounted.configure())
            };
            let server = dondo
                .tune(actix_web::HttpServer::new(app))
                .workers(2)
                .shutdown_timeout(0)
                .listen(listener)
                .unwrap()
                .run();
            started.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    let handle = handle.recv().unwrap();
    let mut others = others(&hub);
    let mut stalled = narrow_member(&hub);
    seat(&mut stalled, "lobby");
    seat(&mut stalled, "trap");
    let client = stalled.socket.stream.local_addr().unwrap();
    fill(&hub, &mut others[1], 20_000, 960_000);
    thousand_further(&mut others);
    hub.wait_for("dondo_closes_total{reason=\"outbox full\"}", 1);
    system::wait_until_cut(hub.address(), client);
    reads_to_the_end(&stalled.socket.stream);
    hub.wait_for(OUTBOX, 0);
    hub.wait_for("dondo_sessions_alive", OTHERS as u64);
    drop(others);
    drop(handle.stop(false));
    server.join().unwrap();
}

#[test]
fn a_frozen_worker_keeps_memory_flat_and_the_other_workers_members_served() {
    assert!(DEADLINES.into_iter().any(served_beside_a_frozen_worker));
}

/// False if the worker thawed before enough was said: on a busy machine, it must be frozen for longer.
fn served_beside_a_frozen_worker(seconds: u64) -> bool {
    let hub = Hub::blocking_program(&[
        "--workers",
        "2",
        "--delivery.courier-window",
        &WINDOW.to_string(),
        "--delivery.courier-stall",
        "2s",
        "--delivery.outbox-bytes-max",
        "16MB",
        "--presence.online-users",
        "off",
    ]);
    // Connections go to the workers by turns.
    let mut sides: [Vec<Client>; 2] = [Vec::new(), Vec::new()];
    for number in 0..10 {
        let mut client = Client::connect(&hub);
        seat(&mut client, "lobby");
        sides[number % 2].push(client);
    }
    let [mut frozen, mut live] = sides;
    let start = Instant::now();
    frozen[0].emit("block", &[json!(seconds)]);
    while http::get_at(hub.operators(), "/readyz").status != 503 {
        if start.elapsed() >= Duration::from_secs(seconds) {
            return false;
        }
        thread::yield_now();
    }
    let body = "x".repeat(BODY);
    let done = AtomicBool::new(false);
    let process = hub.process();
    let (mut sent, mut before, mut early, mut late) = (0_u64, 0, 0, 0);
    // Had the frozen worker's share been kept for it, it would be twice what memory may grow by.
    let enough = 2 * GROWTH / BODY as u64;
    thread::scope(|scope| {
        let done = &done;
        let (sender, rest) = live.split_first_mut().unwrap();
        let (heard, hears) = mpsc::channel();
        let others = rest.len() as u64;
        for member in rest.iter_mut() {
            let heard = heard.clone();
            scope.spawn(move || {
                let mut next = 0;
                loop {
                    let limit = Duration::from_millis(200);
                    match member.event_within("lobby", limit) {
                        Some(got) => {
                            assert_eq!(got[0]["data"]["number"], next, "in order, none missing");
                            next += 1;
                            let _ = heard.send(());
                        }
                        None if done.load(Ordering::Acquire) => return next,
                        None => {}
                    }
                }
            });
        }
        let _done = Finally(done);
        while start.elapsed() < Duration::from_secs(seconds - 1)
            && (early == 0 || sent - before < enough)
        {
            for _ in 0..20 {
                let letter = json!({ "data": { "message": body, "number": sent } });
                sender.emit("lobby", &[letter]);
                sent += 1;
            }
            for number in sent - 20..sent {
                let got = sender.event("lobby");
                assert_eq!(got[0]["data"]["number"], number);
            }
            // What waits for members that are served is not what is measured.
            for _ in 0..20 * others {
                hears.recv_timeout(PATIENCE).unwrap();
            }
            if early > 0 {
                late = system::memory(process).max(late);
            } else if sent > WINDOW {
                // More than is sent to a worker that takes nothing: it has been given up.
                (before, early) = (sent, system::memory(process));
            }
        }
    });
    if early == 0 || sent - before < enough {
        return false;
    }
    assert!(late < early + GROWTH, "from {early} to {late} bytes");
    // The members of the frozen worker may have missed something, so they are closed, and may come back.
    for member in &mut frozen {
        member.socket.closed();
        let frozen = start.elapsed();
        assert!(frozen >= Duration::from_secs(seconds), "{frozen:?}");
    }
    hub.wait_for("dondo_closes_total{reason=\"worker stalled\"}", 5);
    hub.wait_for(OUTBOX, 0);
    for _ in 0..4 {
        let mut back = Client::connect(&hub);
        seat(&mut back, "lobby");
        let answer = live[0].ask("lobby", &[json!("welcome back")]);
        assert_eq!(answer["ok"], true, "{answer}");
        while back.event("lobby")[0]["data"]["message"] != "welcome back" {}
    }
    true
}

/// Tells the readers to end, also when the sender fails.
struct Finally<'a>(&'a AtomicBool);

impl Drop for Finally<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
