//! What the program logs: it never waits for whoever reads its log, and a peer does not fill it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{PATIENCE, WebSocket, http, masked};

const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";

/// A program whose log is read by the test alone, or not at all.
struct Logged {
    child: Child,
    log: Option<BufReader<ChildStderr>>,
    address: SocketAddr,
    operators: SocketAddr,
}

impl Logged {
    fn start(flags: &[&str], filter: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dondo"));
        command.args(["--workers", "1"]).args(flags);
        Self::launch(command, filter)
    }

    /// Two workers that have so many open files.
    fn with_files(files: usize, filter: &str) -> Self {
        let mut shell = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_dondo");
        shell.args([
            "-c",
            &format!("ulimit -n {files} && exec \"$0\" \"$@\""),
            program,
        ]);
        shell.args(["--workers", "2"]);
        Self::launch(shell, filter)
    }

    fn launch(mut command: Command, filter: &str) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--grace", "0s"])
            .env("RUST_LOG", filter)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut address_after = |words: &str| {
            loop {
                let mut line = String::new();
                assert!(
                    log.read_line(&mut line).unwrap() > 0,
                    "it ended before it listened"
                );
                if let Some((_, url)) = line.split_once(words) {
                    break url.trim().split('/').next().unwrap().parse().unwrap();
                }
            }
        };
        let address = address_after("first page: http://");
        let operators = address_after("health in detail: http://");
        Self {
            child,
            log: Some(log),
            address,
            operators,
        }
    }

    fn metric(&self, name: &str) -> u64 {
        let text = http::get_at(self.operators, "/metrics").text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }

    /// From now on the log is read.
    fn lines(&mut self) -> Lines {
        let log = self.log.take().expect("read once");
        let (say, lines) = mpsc::channel();
        std::thread::spawn(move || {
            log.lines()
                .map_while(Result::ok)
                .try_for_each(|line| say.send(line))
        });
        Lines(lines)
    }
}

struct Lines(mpsc::Receiver<String>);

impl Lines {
    /// The next line that holds `text`.
    fn with(&self, text: &str) -> String {
        loop {
            let line = self.0.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("{error}: no {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }
}

fn count(line: &str) -> u64 {
    let (_, count) = line.split_once("count=").unwrap();
    count.split(' ').next().unwrap().parse().unwrap()
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nothing_and_says_later_what_is_missing() {
    let mut hub = Logged::start(&[], "trace,actix_http=trace");
    let mut stream = TcpStream::connect(hub.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let start = Instant::now();
    // Each request makes lines at this level; the pipe takes a few hundred.
    while hub.metric("dondo_log_dropped_total") < 10_000 {
        assert!(start.elapsed() < PATIENCE * 5, "the lines are not dropped");
        for _ in 0..20 {
            stream.write_all(request.repeat(50).as_bytes()).unwrap();
            for _ in 0..50 {
                assert_eq!(http::read(&mut stream).status, 200);
            }
        }
    }
    drop(stream);
    assert!(count(&hub.lines().with("log lines were dropped")) > 0);
}

/// Breaks the rules so often; each time its session is closed.
fn violate(address: SocketAddr, times: usize) {
    for _ in 0..times {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut socket = WebSocket::over(stream, DIRECT);
        socket.next_text();
        socket.text("42[\"an event before any CONNECT\"]");
        socket.closed();
    }
}

#[test]
fn what_a_peer_causes_is_one_line_a_second_with_the_count_since() {
    let mut hub = Logged::start(&[], "info");
    let start = Instant::now();
    violate(hub.address, 300);
    let (lines, mut counted, mut said) = (hub.lines(), 0, 0);
    // What the limit held back is said within a second or two after the last of them.
    while counted < 300 {
        counted += count(&lines.with("cause=violation"));
        said += 1;
    }
    assert_eq!(counted, 300);
    let seconds = start.elapsed().as_secs() + 1;
    assert!(said <= seconds + 1, "{said} lines in {seconds} s");
}

#[test]
fn as_json_every_line_is_one_object_with_its_fields_apart() {
    let mut hub = Logged::start(&["--log-format", "json"], "info");
    assert_eq!(http::get_at(hub.address, "/socket.io/?EIO=4").status, 400);
    violate(hub.address, 1);
    let (lines, mut refused, mut violated) = (hub.lines(), false, false);
    while !(refused && violated) {
        let line = lines.with("");
        let object: Value = serde_json::from_str(&line).unwrap();
        for field in ["time", "level", "target", "message"] {
            assert!(object[field].is_string(), "no {field} in {line}");
        }
        if object["cause"] == "refused: transport unknown" {
            assert_eq!(object["peer"], "127.0.0.1", "{line}");
            assert!(object["remedy"].is_string(), "{line}");
            refused = true;
        }
        if object["cause"] == "violation" {
            assert_eq!(object["count"], 1, "{line}");
            violated = true;
        }
    }
}

#[test]
fn a_program_that_cannot_start_says_why_before_it_ends() {
    for format in ["text", "json"] {
        let output = Command::new(env!("CARGO_BIN_EXE_dondo"))
            .args(["--path", "/", "--log-format", format])
            .output()
            .unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(log.contains("--path /: "), "{log}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_time_out_is_told_of_with_the_setting_that_rules_it() {
    let mut hub = Logged::start(&["--engine.connect-timeout", "100ms"], "info");
    let stream = TcpStream::connect(hub.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut socket = WebSocket::over(stream, DIRECT);
    socket.next_text();
    socket.closed();
    let line = hub.lines().with("cause=\"connect timeout\"");
    assert!(line.contains(" setting=--engine.connect-timeout"), "{line}");
    assert!(line.contains(" count=1 "), "{line}");
}

/// Fails if the line about a rate leaves open which of eight settings it is.
#[test]
fn who_is_too_fast_is_told_of_with_the_setting_of_that_rate() {
    let flags = ["--limits.messages-per-s", "1", "--limits.burst", "1s"];
    let mut hub = Logged::start(&flags, "info");
    let stream = TcpStream::connect(hub.address).unwrap();
    let mut socket = WebSocket::over(stream, DIRECT);
    // In one go: a second between two of them would be slow enough.
    socket.raw(&masked(0x81, b"40").repeat(3));
    let line = hub.lines().with("cause=\"rate limited\"");
    assert!(line.contains(" setting=--limits.messages-per-s"), "{line}");
}

#[test]
fn who_sends_more_than_the_limit_is_told_of_at_info_over_both_transports() {
    let mut hub = Logged::start(&["--engine.max-payload", "1KB"], "info");
    let stream = TcpStream::connect(hub.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut socket = WebSocket::over(stream, DIRECT);
    socket.next_text();
    let long = "4".repeat(1001);
    socket.text(&long);
    assert_eq!(socket.closed(), Some(1009));
    let polling = "/socket.io/?EIO=4&transport=polling";
    let open = http::get_at(hub.address, polling).text();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    let sid = open["sid"].as_str().unwrap();
    let mut post = TcpStream::connect(hub.address).unwrap();
    write!(
        post,
        "POST {polling}&sid={sid} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{long}",
        hub.address,
        long.len()
    )
    .unwrap();
    let lines = hub.lines();
    // A session may end a moment after its connection, and be told of behind what came over the next.
    let mut causes = vec!["a message over max_payload", "payload too large"];
    while !causes.is_empty() {
        let line = lines.with("");
        let Some(at) = causes.iter().position(|cause| line.contains(cause)) else {
            continue;
        };
        causes.remove(at);
        for told in ["INFO", "127.0.0.1", "--engine.max-payload"] {
            assert!(line.contains(told), "no {told} in {line}");
        }
    }
}

/// Whether there is a place for one more connection.
fn answers(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).is_ok() && http::try_read(&mut stream).is_ok()
}

/// Would fail if more were accepted than there are files for: then nobody is accepted for half a second, and each time a
/// line says so that nothing holds back.
#[test]
fn a_burst_of_connections_beyond_all_places_never_runs_out_of_files() {
    const FILES: usize = 256;
    let mut hub = Logged::with_files(FILES, "info");
    let lines = hub.lines();
    for _ in 0..4 {
        let burst = (0..4 * FILES).map(|_| TcpStream::connect(hub.address).unwrap());
        drop(burst.collect::<Vec<_>>());
        // Places are free again once both workers have seen the others go.
        let deadline = Instant::now() + PATIENCE;
        while !answers(hub.address) {
            assert!(Instant::now() < deadline, "nobody is let in any more");
        }
    }
    let mut log = Vec::new();
    // A line may be written a good while after what it tells of; what was not is lost with the program.
    let refused = |line: &String| line.contains("cause=\"connections max\"");
    while !log.iter().any(refused) {
        let line = lines.0.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|error| panic!("{error}: {log:?}"));
        log.push(line);
    }
    hub.child.kill().unwrap();
    log.extend(lines.0.iter());
    let starved = |line: &&String| line.contains("Too many open files");
    assert_eq!(log.iter().find(starved), None);
}

/// Would fail if what happened in the last second, or minute, were not counted.
#[test]
fn what_is_held_back_is_told_when_the_program_ends() {
    let mut hub = Logged::start(&["--hosts", "chat.example"], "info");
    for _ in 0..5 {
        let mut stream = TcpStream::connect(hub.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let polling = "/socket.io/?EIO=4&transport=polling";
        assert_eq!(http::ask(&mut stream, polling, &[]).status, 403);
    }
    kill_process(Pid::from_child(&hub.child), Signal::TERM).unwrap();
    let lines = hub.lines();
    let told = lines.0.iter();
    let told = told.filter(|line| line.contains("cause=\"refused: "));
    assert_eq!(told.map(|line| count(&line)).sum::<u64>(), 5);
}
