//! The way down, as clients see it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use dondo::{DisconnectReason, Namespace};

use crate::support::http::{self, Answer};
use crate::support::{ECHO, Form, Hub, PATIENCE, Polling, WebSocket, in_both_forms, system};

in_both_forms!(
    a_poll_that_waits_is_dropped_and_the_next_one_is_told_to_come_back,
    what_was_queued_goes_with_the_next_poll,
    a_session_that_does_not_poll_is_not_held,
    nothing_hangs_that_comes_during_the_drain,
    a_body_that_does_not_end_ends_with_its_session,
);

/// Tells all sessions to go; the server stays.
pub(crate) fn drain(hub: &Hub) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(hub.dondo().shut_down(Duration::ZERO));
}

fn is_told_to_come_back(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(answer.header("Retry-After").is_some());
    assert!(answer.text().contains("\"code\":\"shutting_down\""));
}

/// The session answers as one that is no more; nothing was left to say.
fn goes(polling: &Polling<'_>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = polling.post("3");
        if answer.status == 503 {
            return is_told_to_come_back(&answer);
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    }
}

fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    rest
}

fn a_poll_that_waits_is_dropped_and_the_next_one_is_told_to_come_back(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut waiting = polling.wait();
    drain(&hub);
    assert_eq!(rest(&mut waiting), b"", "no answer at all");
    is_told_to_come_back(&polling.get());
    goes(&polling);
}

fn what_was_queued_goes_with_the_next_poll(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    polling.say("4last words");
    polling.settle();
    drain(&hub);
    goes(&polling);
    let answer = polling.get();
    assert_eq!(answer.text(), "4last words");
    assert_eq!(answer.header("Connection"), Some("close"));
    is_told_to_come_back(&polling.get());
}

fn a_session_that_does_not_poll_is_not_held(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    assert_eq!(hub.dondo().sessions(), 1);
    drain(&hub);
    let deadline = Instant::now() + PATIENCE;
    while hub.dondo().sessions() > 0 {
        assert!(Instant::now() < deadline, "it is still held");
        std::thread::yield_now();
    }
    is_told_to_come_back(&polling.get());
    goes(&polling);
}

fn nothing_hangs_that_comes_during_the_drain(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut upgrading = polling.upgrading();
    upgrading.text("2probe");
    assert_eq!(upgrading.next_text(), "3probe");
    drain(&hub);
    goes(&polling);
    is_told_to_come_back(&http::get(&hub, &format!("{ECHO}?EIO=4&transport=polling")));
    for target in [
        format!("{ECHO}?EIO=4&transport=websocket"),
        polling.upgrade_target(),
    ] {
        is_told_to_come_back(&WebSocket::handshake(&hub, &target, &[]).0);
    }
    // The upgrade that was under way ends, too.
    upgrading.text("5");
    upgrading.closed();
}

/// Fails if a POST is read for as long as it comes, although nobody is there to hear it.
fn a_body_that_does_not_end_ends_with_its_session(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut posting = polling.begin_post(100, "4half");
    drain(&hub);
    is_told_to_come_back(&http::read(&mut posting));
}

#[test]
fn while_it_drains_the_hub_listens_and_lets_nobody_in() {
    let mut hub = Hub::with(|config| {
        config.listen = vec![system::own_address()];
        config.workers = 1;
        config.grace = PATIENCE;
    });
    let mut idle = http::connect(&hub);
    let polling = Polling::open(&hub, "/socket.io/");
    // Something is left to say to it, so the hub waits for its poll.
    polling.say("40");
    polling.settle();
    let target = polling.target();
    let mut other = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    let mut used = http::connect(&hub);
    for connection in [&mut idle, &mut used] {
        assert_eq!(http::ask(connection, "/healthz", &[]).status, 200);
    }
    let address = hub.address();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| {
            assert_eq!(other.closed(), Some(1001));
            // A request that was on its way when it began has its answer.
            let opening = "/socket.io/?EIO=4&transport=polling";
            is_told_to_come_back(&http::ask(&mut used, opening, &[]));
            assert_eq!(rest(&mut used), b"");
            let mut stream = TcpStream::connect(address).expect("it still listens");
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
                .write_all(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            is_told_to_come_back(&http::read(&mut stream));
            // Nothing is left to say to it now, and the hub need not wait for the end of the grace.
            let left = http::get_at(address, &target).text();
            assert!(left.starts_with("40"), "{left}");
            // The connection goes without being asked for anything more.
            assert_eq!(rest(&mut idle), b"");
        });
        hub.stop();
        stopping.join().unwrap();
    });
    assert!(TcpStream::connect(address).is_err(), "nothing listens");
}

/// So often a client is tried that a busy machine may hold up for longer than the hub waits: that tells nothing.
const TRIES: usize = 30;

/// Whether it had its answer, as it must if it came before `limit`. `after`: when it was known, since the hub began to go.
fn is_answered((answer, after): (Option<Answer>, Duration), limit: Duration) -> bool {
    let Some(answer) = answer else {
        assert!(after >= limit, "it is gone after {after:?}");
        return false;
    };
    is_told_to_come_back(&answer);
    true
}

/// Its answer to a poll or an opening; none if the hub is gone.
fn answer_to(mut stream: TcpStream, target: &str) -> Option<Answer> {
    let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).ok()?;
    http::try_read(&mut stream).ok()
}

#[test]
fn the_hub_does_not_go_before_the_poll_that_follows_on_the_dropped_one() {
    assert!((0..TRIES).any(|_| the_next_poll_is_answered()));
}

fn the_next_poll_is_answered() -> bool {
    let mut hub = Hub::with(|config| {
        config.workers = 1;
        config.grace = PATIENCE;
    });
    let polling = Polling::open(&hub, "/socket.io/");
    let mut waiting = polling.wait();
    let (address, target) = (hub.address(), polling.target());
    let asked = Instant::now();
    std::thread::scope(|scope| {
        let (ended, has_ended) = mpsc::channel();
        let client = scope.spawn(move || {
            assert_eq!(rest(&mut waiting), b"");
            // A client is not as quick as a hub that has nobody left.
            let answer = has_ended
                .recv_timeout(Duration::from_millis(100))
                .err()
                .and_then(|_| TcpStream::connect(address).ok())
                .and_then(|stream| answer_to(stream, &target));
            (answer, asked.elapsed())
        });
        hub.stop();
        let _ = ended.send(());
        // The hub is there for that poll for 400 ms.
        is_answered(client.join().unwrap(), Duration::from_millis(400))
    })
}

/// Fails if connections are closed that have not asked yet, or those that nobody has given to a worker yet.
#[test]
fn who_has_just_connected_at_the_end_is_answered() {
    for workers in [1, 2] {
        assert!((0..TRIES).any(|_| a_newcomer_is_answered(workers)));
    }
}

fn a_newcomer_is_answered(workers: usize) -> bool {
    let mut hub = Hub::with(|config| {
        config.listen = vec![system::own_address()];
        config.workers = workers;
    });
    let newcomer = http::connect(&hub);
    let address = hub.address();
    let asked = Instant::now();
    std::thread::scope(|scope| {
        let asking = scope.spawn(move || {
            while TcpStream::connect(address).is_ok() {
                std::thread::yield_now();
            }
            let answer = answer_to(newcomer, "/socket.io/?EIO=4&transport=polling");
            (answer, asked.elapsed())
        });
        hub.stop();
        // Half a second it has, from when nobody is let in any more.
        is_answered(asking.join().unwrap(), Duration::from_millis(500))
    })
}

#[test]
fn everybody_is_told_before_the_hub_ends() {
    const EACH: usize = 60;
    let mut hub = Hub::with(|config| {
        config.workers = 1;
        config.grace = PATIENCE;
    });
    let mut sockets: Vec<WebSocket> = (0..EACH)
        .map(|_| WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket"))
        .collect();
    let mut polls: Vec<TcpStream> = (0..EACH)
        .map(|_| Polling::open(&hub, "/socket.io/").wait())
        .collect();
    hub.stop();
    for socket in &mut sockets {
        assert_eq!(socket.closed(), Some(1001));
    }
    for poll in &mut polls {
        assert_eq!(rest(poll), b"");
    }
    let told = hub
        .dondo()
        .hub()
        .metrics()
        .closes()
        .find(|(reason, _)| *reason == DisconnectReason::ShuttingDown);
    assert_eq!(told.map(|(_, count)| count), Some(2 * EACH as u64));
    assert_eq!(hub.dondo().sessions(), 0);
    assert_eq!(hub.doors().sessions(), 0);
}

/// Fails if the end of the hub cuts off handlers that have begun, or those that the end of a client begins.
#[test]
fn handlers_that_have_begun_are_done_before_the_hub_ends() {
    let done = Arc::new(AtomicUsize::new(0));
    let [goes_on, is_last] = [(); 2].map(|()| done.clone());
    let (begin, begun) = mpsc::channel();
    let long = Duration::from_millis(300);
    let namespace = Namespace::new("/")
        .on("long", async move || {
            let _ = begin.send(());
            actix_rt::time::sleep(long).await;
            goes_on.fetch_add(1, SeqCst);
        })
        .on_disconnect(async move || {
            actix_rt::time::sleep(long).await;
            is_last.fetch_add(1, SeqCst);
        });
    let mut hub = Hub::built(
        |config| config.grace = PATIENCE,
        |builder| builder.namespace(namespace),
    );
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    socket.text("40");
    socket.text("42[\"long\"]");
    begun.recv_timeout(PATIENCE).expect("the handler begins");
    hub.stop();
    assert_eq!(done.load(SeqCst), 2);
}
