//! Scripts of tests/clients in node or Python, as child processes that are talked to by lines. What one writes on its
//! standard error is in the panic of the test that it fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, tls};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
/// How long a script may be silent: a browser that starts, and what a scenario does between two lines.
const SILENCE: Duration = Duration::from_secs(300);
/// Where Node, Python, and two of its libraries look for certificates to trust.
const TRUST: [&str; 4] = [
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "WEBSOCKET_CLIENT_CA_BUNDLE",
];
/// So much of what it said last is told.
const ERRORS_MAX: usize = 16 * 1024;

/// The child; ends with the value.
pub struct Application {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    errors: Option<JoinHandle<Vec<u8>>>,
}

impl Application {
    /// A script of tests/clients in node.
    pub fn node(script: &str, arguments: &[&str]) -> Self {
        installed("node_modules/socket.io-client");
        Self::start(script, "node".into(), arguments)
    }

    /// The same in Python.
    pub fn python(script: &str, arguments: &[&str]) -> Self {
        let python = installed(".venv/bin/python");
        Self::start(script, python, arguments)
    }

    fn start(name: &str, program: PathBuf, arguments: &[&str]) -> Self {
        let mut child = Command::new(&program)
            .arg(Path::new(CLIENTS).join(name))
            .args(arguments)
            // What hubs of tests show where they speak TLS.
            .envs(TRUST.map(|name| (name, &tls::files().0)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} does not start: {error}; install Node 20.19 or newer with npm, and Python 3.10 or newer",
                    program.display()
                )
            });
        let out = BufReader::new(child.stdout.take().unwrap());
        let (said, output) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        let mut err = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut errors = Vec::new();
            let _ = err.read_to_end(&mut errors);
            errors
        });
        Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            output,
            errors: Some(errors),
        }
    }

    /// Writes a line on its input.
    pub fn say(&mut self, line: &str) {
        let written = writeln!(self.input.as_mut().unwrap(), "{line}");
        if let Err(error) = written {
            self.fail(&format!("takes no more lines ({error})"));
        }
    }

    /// Says that it will be told no more.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// The next line of its output; none if it ended in order.
    pub fn line(&mut self) -> Option<String> {
        match self.output.recv_timeout(SILENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => {
                self.end();
                None
            }
            Err(RecvTimeoutError::Timeout) => self.fail("is silent"),
        }
    }

    /// The next line of its output; none if there was none within `limit`.
    pub fn line_within(&mut self, limit: Duration) -> Option<String> {
        match self.output.recv_timeout(limit) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.fail("ended"),
        }
    }

    /// Waits for its end, which must be in order.
    pub fn end(&mut self) {
        self.input = None;
        if !self.ends_within(SILENCE) {
            self.fail("does not end");
        }
        let status = self.child.wait().unwrap();
        if !status.success() {
            self.fail(&format!("failed ({status})"));
        }
    }

    /// Ends it, and panics with what it wrote on its standard error.
    pub fn fail(&mut self, what: &str) -> ! {
        self.stop();
        let errors = self.errors.take().and_then(|errors| errors.join().ok());
        let errors = errors.unwrap_or_default();
        let last = errors.len().saturating_sub(ERRORS_MAX);
        let errors = String::from_utf8_lossy(&errors[last..]);
        panic!("{} {what}; its errors: {}", self.name, errors.trim_end());
    }

    /// Whether its output ends in time, and so itself.
    fn ends_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// In order if it can: a script with a browser ends that, too.
    fn stop(&mut self) {
        self.input = None;
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::TERM);
        }
        if !self.ends_within(PATIENCE) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What tests/run puts into tests/clients.
pub fn installed(what: &str) -> PathBuf {
    let path = Path::new(CLIENTS).join(what);
    assert!(
        path.exists(),
        "tests/clients/{what} is missing: run ./tests/run once, which installs the stock clients"
    );
    path
}

#[test]
fn a_scenario_that_fails_says_why_in_the_panic_of_its_test() {
    let failed = std::panic::catch_unwind(|| {
        let mut script = Application::node("page.js", &["http://127.0.0.1:1", "no such scenario"]);
        while script.line().is_some() {}
    });
    let said = failed.expect_err("there is no such scenario");
    let said = said.downcast_ref::<String>().expect("a text");
    assert!(
        said.contains("TypeError: scenarios[process.argv[3]] is not a function"),
        "{said}"
    );
}

#[test]
fn a_robot_that_fails_says_why_in_the_panic_of_its_test() {
    for (mut robot, error) in [
        (
            Application::node("robot.js", &["http://127.0.0.1:1", "{}"]),
            "SyntaxError",
        ),
        (
            Application::python("robot.py", &["sync", "http://127.0.0.1:1", "{}"]),
            "JSONDecodeError",
        ),
    ] {
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            robot.say("no JSON");
            robot.line_within(SILENCE);
        }));
        let said = failed.expect_err("it took what is no command");
        let said = said.downcast_ref::<String>().expect("a text");
        assert!(said.contains(error), "{said}");
    }
}
