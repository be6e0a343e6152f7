//! Clients that go while they are not read: they owe more than they may say in minutes, and nobody hears their end behind that.

use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::support::system::reset;
use crate::support::{Client, Form, Hub, PlainClient, Polling, WebSocket, http, in_both_forms};

const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
/// At five messages a second they take minutes.
const OWED: usize = 1000;

in_both_forms!(
    a_websocket_that_closes_is_gone_whatever_it_owes,
    a_websocket_that_breaks_is_gone_whatever_it_owes,
    a_client_that_polls_is_gone_whatever_it_owes,
    who_is_there_stays_however_long_it_is_not_read,
);

/// Long debts, and short patience for who is gone: pings come so seldom that they end nobody here.
fn hub(form: Form) -> Hub {
    let change = |settings: &mut dondo::config::Settings| {
        settings.workers = 1;
        settings.limits.burst = Duration::from_secs(1);
        settings.limits.messages_per_s = 5;
        settings.engine.ping_interval = Duration::from_secs(3600);
        settings.engine.ping_timeout = Duration::from_secs(2);
    };
    form.built(change, |builder| builder)
}

/// Who sees others come and go; it says nothing more.
fn watcher(hub: &Hub) -> Client {
    let mut watcher = Client::connect(hub);
    watcher.ask("join-channel", &[json!("lobby")]);
    watcher.event("join-channel");
    watcher
}

fn pauses(hub: &Hub) -> u64 {
    hub.metric("dondo_pauses_total{rate=\"messages\"}")
}

/// A connection, and the same once more: to be closed by hand.
fn connection(hub: &Hub) -> (TcpStream, TcpStream) {
    let stream = TcpStream::connect(hub.address()).unwrap();
    let other = stream.try_clone().unwrap();
    (stream, other)
}

/// How a connection ends.
#[derive(Clone, Copy)]
enum Ending {
    /// It says nothing more, and could hear.
    Fin,
    /// As of a process that is killed with something unread.
    Reset,
}

impl Ending {
    fn end<T>(self, client: T, socket: TcpStream) -> Option<(T, TcpStream)> {
        match self {
            Self::Fin => {
                socket.shutdown(Shutdown::Write).unwrap();
                Some((client, socket))
            }
            Self::Reset => {
                drop(client);
                reset(socket);
                None
            }
        }
    }
}

/// Clients in the lobby, in debt, whose connections end.
fn each_is_gone(form: Form, ending: Ending) {
    let hub = hub(form);
    let mut watcher = watcher(&hub);

    let (stream, socket) = connection(&hub);
    let mut client = Client::over(WebSocket::over(stream, DIRECT), "/");
    client.ask("join-channel", &[json!("lobby")]);
    watcher.event("join-channel");
    for _ in 0..OWED {
        client.emit("elsewhere", &[json!("x")]);
    }
    hub.wait_for_some("dondo_pauses_total{rate=\"messages\"}");
    let id = json!(client.id);
    let _open = ending.end(client, socket);
    let left = watcher.event("leave-channel");
    assert_eq!(left[0]["data"]["reason"], "disconnect");
    assert_eq!(left[0]["clientId"], id);

    let before = pauses(&hub);
    let (stream, socket) = connection(&hub);
    let mut plain = PlainClient::over(WebSocket::over(stream, "/ws"));
    plain.ask("join-channel", json!("lobby"));
    watcher.event("join-channel");
    let word = json!({"type": "event", "event": "elsewhere", "payload": "x"}).to_string();
    for _ in 0..OWED {
        plain.socket.text(&word);
    }
    while pauses(&hub) == before {
        std::thread::yield_now();
    }
    let id = json!(plain.id);
    let _open = ending.end(plain, socket);
    assert_eq!(watcher.event("leave-channel")[0]["clientId"], id);
}

/// Fails if presence shows a client that has closed its connection for as long as what it sent before waits to be read.
fn a_websocket_that_closes_is_gone_whatever_it_owes(form: Form) {
    each_is_gone(form, Ending::Fin);
}

/// Fails if the same happens where the connection is reset, as by a process that is killed.
fn a_websocket_that_breaks_is_gone_whatever_it_owes(form: Form) {
    each_is_gone(form, Ending::Reset);
}

/// Fails if who polls and goes away is there as long as its POST waits.
fn a_client_that_polls_is_gone_whatever_it_owes(form: Form) {
    let hub = hub(form);
    let mut watcher = watcher(&hub);
    let polling = Polling::open(&hub, "/socket.io/");
    polling.say("40");
    polling.say("42[\"join-channel\",\"lobby\"]");
    watcher.event("join-channel");
    let body = vec!["42[\"elsewhere\",\"x\"]"; OWED].join("\x1e");
    let posting = http::send(&hub, "POST", &polling.target(), &[], body.as_bytes());
    hub.wait_for_some("dondo_pauses_total{rate=\"messages\"}");
    // What came meanwhile is told first.
    polling.read();
    let waiting = polling.wait();
    drop((posting, waiting));
    watcher.event("leave-channel");
}

/// Fails if a client is taken to be gone because it is not read.
fn who_is_there_stays_however_long_it_is_not_read(form: Form) {
    let hub = hub(form);
    let mut watcher = watcher(&hub);
    let mut client = Client::connect(&hub);
    client.ask("join-channel", &[json!("lobby")]);
    watcher.event("join-channel");
    // Three times as long as who is gone may be.
    for _ in 0..30 {
        client.emit("lobby", &[json!("x")]);
    }
    for _ in 0..30 {
        watcher.event("lobby");
    }
    assert!(pauses(&hub) > 0);
    assert_eq!(client.ask("lobby", &[json!("last")])["ok"], true);
}
