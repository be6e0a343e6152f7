//! Each setting that is live holds from a SIGHUP on: in a program that runs, and for who is connected. A row for each, and a
//! check that none is left out.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::program::{POLL, PROGRAM};
use crate::support::{Client, Hub, PATIENCE, WebSocket, http};

const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
/// Nobody is closed for what a busy machine keeps from being sent.
const STAYS: [&str; 4] = [
    "--engine.ping-timeout",
    "1day",
    "--engine.connect-timeout",
    "1day",
];
/// More than anybody does in a second, or in a test.
const MANY: &str = "1000000000";

/// A setting, a value with which nobody is held, one with which somebody is soon, what has to stand beside both, and who sees
/// the difference.
type LiveRow = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    fn(&Watched),
);

const LIVE: [LiveRow; 15] = [
    (
        "insecure.no-rate-limits",
        "on",
        "off",
        &[("limits.messages-per-s", "2")],
        messages,
    ),
    (
        "limits.burst",
        "1day",
        "1s",
        &[("limits.messages-per-s", "10")],
        messages,
    ),
    ("limits.sessions-max", "200000", "1", &[], doors),
    ("limits.address-sessions-max", MANY, "1", &[], doors),
    ("limits.connection-sessions-max", MANY, "1", &[], doors),
    ("limits.address-handshakes-per-s", MANY, "1", &[], doors),
    ("limits.messages-per-s", MANY, "2", &[], messages),
    ("limits.address-messages-per-s", MANY, "2", &[], messages),
    ("limits.account-messages-per-s", MANY, "2", &[], messages),
    ("limits.joins-per-s", MANY, "2", &[], joins),
    ("limits.address-joins-per-s", MANY, "2", &[], joins),
    ("limits.bytes-per-s", "1000GB", "5KB", &[], bytes),
    ("limits.address-bytes-per-s", "1000GB", "5KB", &[], bytes),
    ("limits.deliveries-per-s", MANY, "2", &[], deliveries),
    (
        "limits.address-deliveries-per-s",
        MANY,
        "2",
        &[],
        deliveries,
    ),
];

/// Fails if a live setting waits for a restart, holds for newcomers alone, or goes on when it is taken back.
#[test]
fn each_live_setting_holds_from_a_sighup_on() {
    for row in &LIVE {
        let watched = Watched::start(row);
        (row.4)(&watched);
    }
}

/// Fails if a setting is called live and has no row, or has one and is not.
#[test]
fn each_live_setting_has_a_row() {
    let page = include_str!("../../../src/docs/settings.md");
    let live = page.lines().filter(|line| line.contains(" | live | "));
    let mut live: Vec<_> = live.filter_map(|line| line.split('`').nth(1)).collect();
    let mut rows: Vec<_> = LIVE.iter().map(|row| row.0).collect();
    live.sort_unstable();
    rows.sort_unstable();
    assert_eq!(live, rows);
}

/// A program with a file of settings, of which one changes.
struct Watched {
    hub: Hub,
    row: &'static LiveRow,
    folder: PathBuf,
    /// The CONNECT of its clients says whose they are.
    auth: String,
}

impl Watched {
    fn start(row: &'static LiveRow) -> Self {
        let name = format!("live-{}-{}", row.0, std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let secret = folder.join("secret").to_str().unwrap().to_owned();
        fs::write(&secret, "a secret of this test's, and of nobody else").unwrap();
        let token = [
            "token",
            "new",
            "--account",
            "ama",
            "--auth.secret-file",
            &secret,
        ];
        let token = Command::new(PROGRAM).args(token).output().unwrap();
        let token = String::from_utf8(token.stdout).unwrap();
        write(&folder, row, row.1);
        let file = folder.join("dondo.toml").to_str().unwrap().to_owned();
        let flags = ["--config", &file, "--auth.secret-file", &secret];
        Self {
            hub: Hub::program(&[&flags[..], &STAYS].concat()),
            row,
            folder,
            auth: json!({ "token": token.trim() }).to_string(),
        }
    }

    fn change(&self, value: &str) {
        write(&self.folder, self.row, value);
        self.hub.signal(Signal::HUP);
    }

    /// Two clients of one account at an address that has limits.
    fn clients(&self) -> [Client; 2] {
        [(); 2].map(|()| Client::over_with(WebSocket::over(self.connect(), DIRECT), &self.auth))
    }

    fn connect(&self) -> std::net::TcpStream {
        http::connect_from(&self.hub, IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1)))
    }

    /// Does something until it comes to this.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "{}: {what}", self.row.0);
        }
    }

    /// How often somebody was not read because of this rate.
    fn pauses(&self, rate: &str) -> u64 {
        let name = format!("dondo_pauses_total{{rate=\"{rate}\"}}");
        self.hub.metric(&name)
    }

    /// What clients do who were there before is held back while the setting says so, and not before or behind that.
    fn holds_back(&self, rate: &str, act: fn(&mut [Client])) {
        let mut clients = self.clients();
        let act_freely = |clients: &mut [Client]| {
            let before = self.pauses(rate);
            act(clients);
            answered(clients);
            self.pauses(rate) == before
        };
        assert!(act_freely(&mut clients), "{} holds at first", self.row.0);
        self.change(self.row.2);
        let before = self.pauses(rate);
        self.until("it holds nobody back", || {
            act(&mut clients);
            self.pauses(rate) > before
        });
        self.change(self.row.1);
        answered(&mut clients);
        self.until("it goes on", || act_freely(&mut clients));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Writes the file of a row with this value. No other live setting is in its way.
fn write(folder: &Path, row: &LiveRow, value: &str) {
    let mut text = String::new();
    for (name, lax, ..) in LIVE {
        let beside = row.3.iter().find(|(beside, _)| *beside == name);
        let value = match (name, beside) {
            _ if name == row.0 => value,
            (_, Some((_, value))) => value,
            ("insecure.no-rate-limits", _) => "off",
            ("limits.burst", _) => "1s",
            _ => lax,
        };
        text.push_str(&format!("{name} = \"{value}\"\n"));
    }
    fs::write(folder.join("dondo.toml"), text).unwrap();
}

/// All that they said has been handled.
fn answered(clients: &mut [Client]) {
    for client in clients {
        assert_eq!(client.ask("lobby", &[json!("x")])["ok"], true);
    }
}

fn speak(clients: &mut [Client], text: &Value) {
    for client in clients {
        for _ in 0..4 {
            client.emit("lobby", std::slice::from_ref(text));
        }
    }
}

fn messages(watched: &Watched) {
    watched.holds_back("messages", |clients| speak(clients, &json!("x")));
}

fn bytes(watched: &Watched) {
    watched.holds_back("bytes", |clients| speak(clients, &json!("x".repeat(2000))));
}

fn joins(watched: &Watched) {
    watched.holds_back("joins and leaves", |clients| {
        for client in clients {
            for event in ["join-channel", "leave-channel"].repeat(4) {
                client.emit(event, &[json!("lobby")]);
            }
        }
    });
}

fn deliveries(watched: &Watched) {
    let mut members = [(); 4].map(|()| Client::connect(&watched.hub));
    for member in &mut members {
        assert_eq!(member.ask("join-channel", &[json!("lobby")])["ok"], true);
    }
    watched.holds_back("deliveries", |clients| speak(clients, &json!("x")));
}

/// Sessions are opened over one connection: refused while the setting says so, in its name, and not before or behind that.
fn doors(watched: &Watched) {
    let mut stream = watched.connect();
    let mut open = || {
        let answer = http::ask(&mut stream, POLL, &[]);
        if answer.status != 200 {
            // It is closed with a refusal.
            stream = watched.connect();
            if watched.row.0 == "limits.connection-sessions-max" {
                assert_eq!(http::ask(&mut stream, POLL, &[]).status, 200);
            }
        }
        (answer.status, answer.text())
    };
    for _ in 0..4 {
        assert_eq!(open().0, 200, "{} holds at first", watched.row.0);
    }
    watched.change(watched.row.2);
    watched.until("it refuses nobody", || {
        let (status, text) = open();
        status == 503 && text.contains(watched.row.0)
    });
    watched.change(watched.row.1);
    watched.until("it goes on", || (0..4).all(|_| open().0 == 200));
}
