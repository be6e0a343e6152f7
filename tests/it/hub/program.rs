//! The program itself: started on a free port, read by its log, stopped by signals.
//! Knows nothing of the library behind it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{PATIENCE, WebSocket, http, system};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dondo");

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// Where it listens.
    pub addresses: Vec<String>,
    /// All that it has logged so far.
    pub log: Vec<String>,
}

impl Program {
    /// Started with these flags and variables, and no others of its own.
    pub fn start(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut program = Self::spawn(flags, variables);
        program.started();
        program
    }

    /// Waits until it serves, and knows then where.
    pub fn started(&mut self) {
        self.wait_for("browser client: ");
        let urls = self
            .log
            .iter()
            .filter_map(|line| line.split_once("first page: ")?.1.split_once("://"));
        self.addresses = urls
            .filter_map(|(_, rest)| Some(rest.split('/').next()?.to_owned()))
            .collect();
    }

    pub fn spawn(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::run(Command::new(PROGRAM), flags, variables)
    }

    /// Started in this folder, whose `dondo.toml` counts.
    pub fn start_in(folder: &str, flags: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder);
        let mut program = Self::run(command, flags, &[]);
        program.started();
        program
    }

    /// With so many open files at most.
    pub fn spawn_within(open_files: &str, flags: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {open_files} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, PROGRAM]);
        Self::run(command, flags, &[])
    }

    fn run(mut command: Command, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        for (name, _) in std::env::vars() {
            if name.starts_with("DONDO_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command.env("DONDO_ADMIN_LISTEN", "127.0.0.1:0");
        command.args(flags).envs(variables.iter().copied());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (say, lines) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| say.send(line))
        });
        Self {
            child,
            lines,
            addresses: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Waits for a line that holds `text`.
    pub fn wait_for(&mut self, text: &str) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line =
                line.unwrap_or_else(|error| panic!("{error}: no {text:?} in {:#?}", self.log));
            self.log.push(line);
            if self.log.last().unwrap().contains(text) {
                return;
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Signals until there is a line that holds `text`: those that come too early count for nothing.
    pub fn signal_until(&mut self, signal: Signal, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log.iter().any(|line| line.contains(text)) {
            assert!(Instant::now() < deadline, "no {text:?} in {:#?}", self.log);
            self.signal(signal);
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(error) => panic!("{error}: no {text:?} in {:#?}", self.log),
            }
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap()).unwrap()
    }

    /// Waits for the end; the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.log.push(line);
        }
        assert!(Instant::now() < deadline, "it goes on: {:#?}", self.log);
        self.child.wait().unwrap().code()
    }

    /// Names of its threads.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let names =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.map(|name| name.trim_end().to_owned()).collect()
    }

    /// Sends a request; the stream is still to be read.
    pub fn request(&self, method: &str, target: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.addresses[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n{headers}",
            self.addresses[0]
        );
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        stream
            .write_all(format!("{head}{length}\r\n{body}").as_bytes())
            .unwrap();
        stream
    }

    pub fn get(&self, target: &str) -> http::Answer {
        http::read(&mut self.request("GET", target, "", ""))
    }

    /// Where its operators' listener is.
    pub fn operators(&self) -> SocketAddr {
        let lines = self.log.iter();
        let mut told = lines.filter_map(|line| line.split_once("health in detail: http://"));
        let (address, _) = told.next().unwrap().1.split_once("/metrics").unwrap();
        address.parse().unwrap()
    }

    /// Waits until a metric is so.
    fn wait_for_metric(&self, name: &str, is_so: impl Fn(u64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = http::get_at(self.operators(), "/metrics").text();
            let mut values = metrics.lines().filter_map(|line| line.split_once(' '));
            let value = values.find(|(named, _)| *named == name);
            if value.is_some_and(|(_, value)| is_so(value.parse().unwrap_or(0))) {
                return;
            }
            assert!(Instant::now() < deadline, "{name} is {value:?}");
            std::thread::yield_now();
        }
    }

    pub fn post(&self, target: &str, body: &str) -> http::Answer {
        http::read(&mut self.request("POST", target, "", body))
    }

    pub fn websocket(&self, target: &str) -> WebSocket {
        let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let mut stream = self.request("GET", target, headers, "");
        assert_eq!(http::read(&mut stream).status, 101);
        WebSocket::on(stream)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
pub const POLL: &str = "/socket.io/?EIO=4&transport=polling";

fn drained_by(signal: Signal) {
    let flags = ["--listen", "127.0.0.1:0", "--workers", "1", "--grace", "1m"];
    let mut program = Program::start(&flags, &[]);
    let mut socket = program.websocket(DIRECT);
    socket.next_text();
    socket.text("40");
    socket.next_text();
    let open = program.get(POLL).text();
    let poll = format!("{POLL}&sid={}", open.split('"').nth(3).unwrap());
    assert_eq!(program.post(&poll, "40").text(), "ok");
    assert!(program.get(&poll).text().starts_with("40{"));
    let mut polling = program.request("GET", &poll, "", "");
    // The one worker has taken the poll by the time that it answers a later request.
    assert_eq!(program.get("/healthz").text(), "ok\n");
    program.signal(signal);
    assert_eq!(socket.closed(), Some(1001));
    // A close packet would keep some clients from coming back.
    assert!(http::try_read(&mut polling).is_err());
    assert_eq!(program.ended(), Some(0));
}

#[test]
fn sigterm_drains_clients_are_told_and_the_exit_code_is_0() {
    drained_by(Signal::TERM);
}

#[test]
fn sigint_drains_as_sigterm_does() {
    drained_by(Signal::INT);
}

#[test]
fn sighup_is_logged_and_ends_nothing() {
    let mut program = Program::start(&["--listen", "127.0.0.1:0"], &[]);
    program.signal(Signal::HUP);
    program.wait_for("SIGHUP: the settings are those that hold");
    assert_eq!(program.get("/healthz").text(), "ok\n");
}

/// As `timeout` sends them: to the program, then to its group.
#[test]
fn two_signals_at_once_are_one_and_drain() {
    let mut program = Program::start(&["--listen", "127.0.0.1:0", "--grace", "100ms"], &[]);
    let mut socket = program.websocket(DIRECT);
    socket.next_text();
    socket.text("40");
    socket.next_text();
    system::signal_at_once(program.child.id(), &[Signal::TERM, Signal::INT]);
    assert_eq!(socket.closed(), Some(1001));
    assert_eq!(program.ended(), Some(0));
    let log = program.log.join("\n");
    assert!(log.contains("drained; nothing listens any more"), "{log}");
    assert!(!log.contains("stopped at once"), "{log}");
}

#[test]
fn a_later_second_signal_ends_at_once_and_says_how_many_sessions_were_cut() {
    let mut program = Program::start(&["--listen", "127.0.0.1:0", "--grace", "10m"], &[]);
    // A session that has not taken what was said to it is waited for.
    let open = program.get(POLL).text();
    let poll = format!("{POLL}&sid={}", open.split('"').nth(3).unwrap());
    assert_eq!(program.post(&poll, "40").text(), "ok");
    // Who is being let in is let go.
    assert!(program.get(&poll).text().starts_with("40"));
    assert_eq!(
        program.post(&poll, r#"420["join-channel","lobby"]"#).text(),
        "ok"
    );
    program.wait_for_metric("dondo_outbox_bytes", |bytes| bytes > 0);
    program.signal(Signal::TERM);
    program.wait_for("draining 1 sessions");
    program.signal_until(Signal::INT, "stopped at once: 1 sessions were cut");
    assert_eq!(program.ended(), Some(0));
}

#[test]
fn a_bad_flag_ends_with_code_2_and_a_line_that_names_it() {
    for (flags, told) in [
        (["--engine.ping-interval", "25"], "needs a unit"),
        (["--workers", "0"], "--workers 0: 0 is too little"),
        (["--path", "/"], "--path /: "),
        (["--no-such-flag", "1"], "--no-such-flag"),
        (
            ["--engine.ping-interval", "-5s"],
            "--engine.ping-interval -5s: ",
        ),
        (["--grace", "-1s"], "--grace -1s: "),
        (["--workers", "-1"], "--workers -1: "),
        (["--path", "-live"], "--path -live: "),
        (["--hub.echo", "-off"], "--hub.echo -off: "),
        (["--grace", "--workers"], "a value is required for '--grace"),
        (["--grace", "-h"], "a value is required for '--grace"),
    ] {
        let mut program = Program::spawn(&flags, &[]);
        assert_eq!(program.ended(), Some(2), "{flags:?}");
        let log = program.log.join("\n");
        assert!(log.contains(flags[0]) && log.contains(told), "{log}");
    }
    let mut program = Program::spawn(&[], &[("DONDO_HUB_ECHO", "loud")]);
    assert_eq!(program.ended(), Some(2));
    let log = program.log.join("\n");
    assert!(log.contains("DONDO_HUB_ECHO=loud: "), "{log}");
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let program = Program::start(&["--listen", "127.0.0.1:0"], &[]);
    let mut second = Program::spawn(&["--listen", &program.addresses[0]], &[]);
    assert_eq!(second.ended(), Some(1));
    let log = second.log.join("\n");
    let told = format!("cannot listen on {}: ", program.addresses[0]);
    assert!(
        log.contains(&told) && log.contains("; choose another --listen"),
        "{log}"
    );
}

#[test]
fn an_operators_port_that_is_taken_is_an_error_that_names_address_and_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let flags = ["--listen", "127.0.0.1:0", "--admin-listen", &address];
    let mut program = Program::spawn(&flags, &[]);
    assert_eq!(program.ended(), Some(1));
    let log = program.log.join("\n");
    assert!(
        log.contains("--admin-listen") && log.contains(&address),
        "{log}"
    );
}

#[test]
fn without_an_operators_listener_the_log_says_so() {
    let flags = ["--listen", "127.0.0.1:0", "--admin-listen", "off"];
    let program = Program::start(&flags, &[]);
    let said = program
        .log
        .iter()
        .filter(|line| line.contains("--admin-listen off"));
    assert_eq!(said.count(), 1, "{:?}", program.log);
    assert_eq!(program.get("/metrics").status, 404);
}

#[test]
fn no_secret_stands_in_the_log_at_debug_level() {
    let flags = ["--listen", "127.0.0.1:0", "--grace", "0s"];
    let mut program = Program::start(&flags, &[("RUST_LOG", "debug,actix_server=debug")]);
    let mut socket = program.websocket(&format!("{DIRECT}&token=secret-query"));
    let mut secrets = vec![socket.next_text().split('"').nth(3).unwrap().to_owned()];
    socket.text("40{\"token\":\"secret-auth\"}");
    secrets.push(socket.next_text().split('"').nth(3).unwrap().to_owned());
    socket.text("420[\"join-channel\",{\"roomChannel\":\"lobby\",\"token\":\"secret-token\"}]");
    socket.text("421[\"lobby\",\"secret-payload\"]");
    socket.text("422[\"join-channel\",\"{secret-payload\"]");
    while !socket.next_text().starts_with("432[") {}
    socket.text("42{\"secret-payload\"");
    socket.closed();
    let open = program.get(&format!("{POLL}&token=secret-query")).text();
    let sid = open.split('"').nth(3).unwrap().to_owned();
    program.post(&format!("{POLL}&sid={sid}"), "40{\"token\":\"secret-auth\"");
    program.post(
        &format!("{POLL}&sid={sid}&token=secret-query"),
        "secret-payload",
    );
    program.get(&format!("{POLL}&sid=secret-session"));
    secrets.push(sid);
    program.signal(Signal::TERM);
    assert_eq!(program.ended(), Some(0));
    assert!(
        program.log.iter().any(|line| line.contains("DEBUG")),
        "{:#?}",
        program.log
    );
    for line in &program.log {
        // The name of a setting.
        let line = line.replace("secret-file ", "");
        let told = secrets.iter().find(|secret| line.contains(*secret));
        assert!(told.is_none() && !line.contains("secret-"), "{line}");
    }
}
