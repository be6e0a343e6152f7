//! Requests that never end, answers that nobody reads, and connections without end: each is closed in its time, and
//! who waits by right is left alone.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{ECHO, Hub, PATIENCE, Polling, echo, http, system};

/// Long enough for a client that is held up on a busy machine.
const SHORT: Duration = Duration::from_secs(5);

fn hub() -> Hub {
    Hub::built(
        |config| {
            config.workers = 1;
            config.delivery.stall_timeout = Some(SHORT);
            config.engine.request_timeout = SHORT;
            // What a poll waits for is no ping.
            config.engine.ping_interval = Duration::from_secs(3600);
        },
        echo,
    )
}

/// The server ends the connection, whatever it answered before.
fn is_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&rest)),
    }
}

/// The same, with a byte sent now and then, so that only a rate can tell.
fn is_closed_although_it_trickles(mut stream: TcpStream, byte: &[u8]) {
    let deadline = Instant::now() + PATIENCE;
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    loop {
        if stream.write_all(byte).is_err() {
            return;
        }
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
            Ok(_) => {}
        }
        assert!(Instant::now() < deadline, "the connection is still open");
    }
}

#[test]
fn a_second_head_that_never_ends_is_closed_and_idle_and_waiting_connections_are_not() {
    let hub = hub();
    let mut idle = http::connect(&hub);
    assert_eq!(http::ask(&mut idle, "/healthz", &[]).status, 200);
    let polling = Polling::open(&hub, ECHO);
    let mut waiting = polling.wait();
    let mut slow = http::connect(&hub);
    for _ in 0..2 {
        assert_eq!(http::ask(&mut slow, "/healthz", &[]).status, 200);
    }
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        .unwrap();
    is_closed_although_it_trickles(slow, b"x");
    // Half a head at the very beginning, too, and none at all.
    is_closed(http::connect(&hub));
    let mut first = http::connect(&hub);
    first.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    is_closed(first);
    assert_eq!(http::ask(&mut idle, "/healthz", &[]).status, 200);
    polling.say("4hello");
    assert_eq!(http::read(&mut waiting).text(), "4hello");
}

#[test]
fn a_body_that_nobody_reads_is_closed() {
    let hub = hub();
    let mut stream = http::connect(&hub);
    stream
        .write_all(
            b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        )
        .unwrap();
    is_closed_although_it_trickles(stream, b"1\r\nx\r\n");
}

#[test]
fn a_body_that_trickles_or_never_comes_is_closed() {
    let hub = hub();
    let polling = Polling::open(&hub, ECHO);
    is_closed(polling.begin_post(5000, ""));
    let polling = Polling::open(&hub, ECHO);
    is_closed_although_it_trickles(polling.begin_post(500_000, "4"), b"x");
}

#[test]
fn an_answer_that_is_not_read_is_cut() {
    let hub = hub();
    let polling = Polling::open(&hub, ECHO);
    for _ in 0..4 {
        polling.say(&format!("4{}", "x".repeat(250_000)));
    }
    // All of it is said back.
    polling.settle();
    let mut deaf = system::narrow(&hub);
    let head = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", polling.target());
    deaf.write_all(head.as_bytes()).unwrap();
    // It is there, and then it is gone.
    deaf.peek(&mut [0]).unwrap();
    system::wait_until_cut(hub.address(), deaf.local_addr().unwrap());
    let slow: Vec<_> = hub.doors().sockets().slow().collect();
    assert_eq!(
        slow,
        [
            ("slow handshake", 0),
            ("slow head", 0),
            ("slow body", 0),
            ("answer not read", 1),
            ("unfinished heads", 0)
        ]
    );
}

/// Would fail if heads were on no account: 4,000 connections held 230 MB, and no limit saw it.
#[test]
fn heads_that_do_not_end_are_on_the_account_and_the_one_too_many_is_closed() {
    let hub = Hub::with(|settings| {
        settings.engine.request_timeout = Duration::from_secs(3600);
        settings.engine.max_payload = 10_000;
        settings.limits.unfinished_bytes_max = 50_000;
    });
    let half = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}",
        "x".repeat(20_000)
    );
    let half_head = || {
        let mut stream = http::connect(&hub);
        stream.write_all(half.as_bytes()).unwrap();
        stream
    };
    let heads = "dondo_bytes{what=\"heads\"}";
    let mut held: Vec<TcpStream> = (0..2).map(|_| half_head()).collect();
    hub.wait_for(heads, 2 * half.len() as u64);
    is_closed(half_head());
    hub.wait_for(heads, 2 * half.len() as u64);
    assert_eq!(http::get(&hub, "/healthz").status, 200, "a short one may");
    let mut first = held.swap_remove(0);
    first.write_all(b"\r\n\r\n").unwrap();
    assert_eq!(http::try_read(&mut first).unwrap().status, 200);
    hub.wait_for(heads, half.len() as u64);
    drop(held);
    hub.wait_for(heads, 0);
}

#[test]
fn strangers_leave_open_files_to_the_operators() {
    const FILES: usize = 256;
    let hub = Hub::program_with_files(FILES, &["--workers", "2"]);
    let mut known = http::connect(&hub);
    assert_eq!(http::ask(&mut known, "/healthz", &[]).status, 200);
    let mut open: Vec<TcpStream> = (0..FILES).map(|_| http::connect(&hub)).collect();
    // The last of them found no place.
    is_closed(open.pop().unwrap());
    system::wait_for_files(hub.process(), FILES - 64);
    assert_eq!(http::ask(&mut known, "/healthz", &[]).status, 200);
    drop(open);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut stream = http::connect(&hub);
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        if http::try_read(&mut stream).is_ok() {
            break;
        }
        assert!(Instant::now() < deadline, "nobody is let in again");
    }
}

/// Would fail if what waits for its turn, or behind a pause, were never read.
#[test]
fn requests_that_come_in_one_go_are_all_answered_in_order() {
    const REQUESTS: usize = 1000;
    let hub = hub();
    let mut stream = http::connect(&hub);
    let mut asked = String::new();
    for n in 0..REQUESTS {
        let path = if n % 10 == 0 { "/healthz" } else { "/nothing" };
        let last = if n + 1 == REQUESTS {
            "Connection: close\r\n"
        } else {
            ""
        };
        asked += &format!("GET {path} HTTP/1.1\r\nHost: a\r\n{last}\r\n");
    }
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let statuses = answers.matches("HTTP/1.1 ").count();
    assert_eq!(statuses, REQUESTS);
    for (n, answer) in answers.split("HTTP/1.1 ").skip(1).enumerate() {
        let status = if n % 10 == 0 { "200" } else { "404" };
        assert!(answer.starts_with(status), "answer {n}: {answer}");
    }
}

/// Would fail if what was read ahead, or was not, behind a poll that waits were forgotten when that is answered.
#[test]
fn requests_behind_a_poll_that_waits_are_answered_when_it_is() {
    const BEHIND: usize = 200;
    let hub = hub();
    let polling = Polling::open(&hub, ECHO);
    let mut stream = http::connect(&hub);
    let mut asked = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", polling.target());
    for n in 0..BEHIND {
        let last = if n + 1 == BEHIND {
            "Connection: close\r\n"
        } else {
            ""
        };
        asked += &format!("GET /nothing HTTP/1.1\r\nHost: a\r\n{last}\r\n");
    }
    stream.write_all(asked.as_bytes()).unwrap();
    polling.say("4a");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.contains("\r\n\r\n4a"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 404").count(), BEHIND);
}

/// A body that nobody asks for would be held with all that comes behind it, and the poll closed as one that is slow.
#[test]
fn a_poll_with_a_body_is_refused() {
    let hub = hub();
    let polling = Polling::open(&hub, ECHO);
    for body in [
        "Content-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut stream = http::connect(&hub);
        let asked = format!("GET {} HTTP/1.1\r\nHost: a\r\n{body}", polling.target());
        stream.write_all(asked.as_bytes()).unwrap();
        assert_eq!(http::read(&mut stream).status, 400);
    }
    polling.is_alive();
}
