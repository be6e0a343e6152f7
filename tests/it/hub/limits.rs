//! Limits of connections and of what waits for them (contract 6 and the engine's own), each changed.
//! Knows no pack: channels only carry what must wait.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use dondo::Namespace;
use dondo::config::Settings;
use serde_json::{Value, json};

use super::dotnet_rows::{Folder, open};
use super::join;
use crate::support::{Client, Frame, Hub, PATIENCE, QUIET, WebSocket, faults, http};

const POLL: &str = "/socket.io/?EIO=4&transport=polling";
const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
const SOON: Duration = Duration::from_millis(200);
/// Much longer than that.
const LONG: Duration = Duration::from_secs(2);
const LATE: Duration = Duration::from_secs(3600);

fn closes(hub: &Hub, reason: &str) {
    hub.wait_for(&format!("dondo_closes_total{{reason=\"{reason}\"}}"), 1);
}

/// What ends soon where a setting says so goes on where it says late, though it began before; the hub of the first.
/// Were the setting read by nobody, the elder would end first.
fn ends_soon(set: fn(&mut Settings, Duration), begin: impl Fn(&Hub) -> WebSocket) -> Hub {
    let late = Hub::with(|config| {
        // Nor does it end by another one, on a machine that stands still for a while.
        config.engine.connect_timeout = LATE;
        set(config, LATE);
    });
    let soon = Hub::with(|config| set(config, SOON));
    let mut elder = begin(&late);
    begin(&soon).closed();
    while let Some(frame) = elder.next_within(QUIET) {
        assert!(matches!(frame, Frame::Text(_)), "{frame:?}");
    }
    soon
}

#[test]
fn the_ping_interval_says_when_pings_come() {
    let late = Hub::with(|config| config.engine.ping_interval = LATE);
    let mut elder = Client::connect(&late).socket;
    let hub = Hub::with(|config| config.engine.ping_interval = SOON);
    let answer = http::get(&hub, POLL);
    assert!(
        answer.text().contains("\"pingInterval\":200,"),
        "{}",
        answer.text()
    );
    let mut younger = Client::connect(&hub).socket;
    assert_eq!(younger.next(), Frame::Text("2".into()));
    assert_eq!(elder.next_within(QUIET), None);
}

#[test]
fn the_ping_timeout_ends_a_connection_without_pong() {
    let set = |config: &mut Settings, time| {
        config.engine.ping_interval = SOON;
        config.engine.ping_timeout = time;
    };
    let hub = ends_soon(set, |hub| WebSocket::open(hub, DIRECT));
    closes(&hub, "ping timeout");
}

#[test]
fn an_upgrade_that_does_not_come_to_an_end_is_given_up_after_its_timeout() {
    ends_soon(
        |config, time| config.engine.upgrade_timeout = time,
        |hub| WebSocket::open(hub, &format!("{DIRECT}&sid={}", open(hub))),
    );
}

#[test]
fn a_connection_that_joins_no_namespace_in_time_is_closed() {
    let hub = ends_soon(
        |config, time| config.engine.connect_timeout = time,
        |hub| WebSocket::open(hub, DIRECT),
    );
    closes(&hub, "connect timeout");
}

#[test]
fn a_message_may_have_so_many_bytes() {
    let hub = Hub::with(|config| config.engine.max_payload = 1000);
    assert!(
        http::get(&hub, POLL)
            .text()
            .contains("\"maxPayload\":1000}")
    );
    let sid = open(&hub);
    let long = format!("42[\"lobby\",\"{}\"]", "x".repeat(1000));
    assert_eq!(
        http::post(&hub, &format!("{POLL}&sid={sid}"), &long).status,
        413
    );
    let mut client = Client::connect(&hub);
    client.socket.text(&long);
    assert_eq!(client.socket.closed(), Some(1009));
}

#[test]
fn a_packet_may_have_so_many_bytes_with_its_attachments() {
    let hub = Hub::with(|config| {
        config.engine.max_payload = 1000;
        config.engine.packet_bytes_max = Some(2000);
    });
    let text =
        "452-[\"lobby\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    let mut client = Client::connect(&hub);
    client.socket.text(text);
    client.socket.binary(&[0; 1000]);
    client.socket.binary(&[0; 800]);
    assert_eq!(client.ask("join-channel", &[json!("lobby")])["ok"], true);
    client.socket.text(text);
    client.socket.binary(&[0; 1000]);
    client.socket.binary(&[0; 1000]);
    client.socket.closed();
    closes(&hub, "forced close");
}

#[test]
fn a_packet_may_have_so_many_attachments() {
    let hub = Hub::with(|config| config.engine.attachments_max = 0);
    let mut client = Client::connect(&hub);
    client
        .socket
        .text("451-[\"lobby\",{\"_placeholder\":true,\"num\":0}]");
    client.socket.closed();
    closes(&hub, "forced close");
}

#[test]
fn attachments_that_stay_away_too_long_end_the_connection() {
    let hub = ends_soon(
        |config, time| config.engine.attachments_timeout = time,
        |hub| {
            let mut socket = Client::connect(hub).socket;
            socket.text("451-[\"lobby\",{\"_placeholder\":true,\"num\":0}]");
            socket
        },
    );
    closes(&hub, "half packet");
}

/// Whether so many of ten handlers that never end begin, and no more.
fn begin(inbound_max: usize, count: usize) -> bool {
    let (began, begun) = mpsc::channel();
    let root = Namespace::hub("/").on("wait", async move || {
        let _ = began.send(());
        std::future::pending::<()>().await
    });
    let hub = Hub::built(
        |config| config.limits.inbound_max = inbound_max,
        |builder| builder.namespace(root),
    );
    let mut client = Client::connect(&hub);
    for _ in 0..10 {
        client.emit("wait", &[]);
    }
    (0..count).all(|_| begun.recv_timeout(PATIENCE).is_ok()) && begun.recv_timeout(QUIET).is_err()
}

#[test]
fn a_session_may_have_so_many_messages_in_handling() {
    assert!(begin(64, 10));
    assert!(begin(3, 3));
}

/// A hub in which a polling client is in the lobby and never polls, and a sender beside it.
fn with_idle_reader(change: impl FnOnce(&mut Settings)) -> (Hub, Client) {
    let hub = Hub::with(change);
    idle_reader(&hub);
    let mut sender = Client::connect(&hub);
    while sender.ask("lobby", &[json!("")])["recipients"] != 1 {}
    (hub, sender)
}

fn idle_reader(hub: &Hub) {
    let target = format!("{POLL}&sid={}", open(hub));
    assert_eq!(http::post(hub, &target, "40").text(), "ok");
    http::post(hub, &target, "42[\"join-channel\",\"lobby\"]");
}

fn say(sender: &mut Client, count: usize, bytes: usize) {
    for _ in 0..count {
        assert_eq!(sender.ask("lobby", &[json!("x".repeat(bytes))])["ok"], true);
    }
}

#[test]
fn a_reader_owes_at_most_so_many_letters() {
    let (hub, mut sender) = with_idle_reader(|config| config.delivery.outbox_count_max = 20);
    say(&mut sender, 20, 1);
    closes(&hub, "outbox full");
    hub.wait_for("dondo_outbox_bytes", 0);
}

#[test]
fn a_reader_owes_at_most_so_many_bytes() {
    let (hub, mut sender) = with_idle_reader(|config| {
        config.engine.max_payload = 1000;
        config.delivery.outbox_bytes_max = Some(4000);
    });
    say(&mut sender, 5, 800);
    closes(&hub, "outbox full");
}

#[test]
fn above_what_the_process_may_hold_the_one_who_holds_most_and_reads_nothing_is_closed() {
    let (hub, mut sender) = with_idle_reader(|config| {
        config.engine.max_payload = 100_000;
        config.delivery.outbox_bytes_max = Some(400_000);
        config.session_bytes_max = 400_000;
        config.memory_max = Some(400_000);
    });
    let target = format!("{POLL}&sid={}", open(&hub));
    assert_eq!(http::post(&hub, &target, "40").text(), "ok");
    http::post(&hub, &target, "42[\"join-channel\",\"trap\"]");
    while sender.ask("trap", &[json!("")])["recipients"] != 1 {}
    // Neither outbox is full, but both together hold too much: the fuller one goes.
    say(&mut sender, 3, 90_000);
    assert_eq!(sender.ask("trap", &[json!("x".repeat(99_000))])["ok"], true);
    closes(&hub, "memory max");
    assert_eq!(sender.ask("trap", &[json!("?")])["recipients"], 1);
}

#[test]
fn a_reader_that_takes_nothing_for_so_long_is_closed() {
    let stalled = |hub: &Hub| hub.metric("dondo_closes_total{reason=\"stalled\"}");
    let (late, mut other) = with_idle_reader(|config| config.delivery.stall_timeout = Some(LATE));
    say(&mut other, 1, 1);
    let (soon, mut sender) = with_idle_reader(|config| config.delivery.stall_timeout = Some(SOON));
    let deadline = Instant::now() + PATIENCE;
    while stalled(&soon) == 0 {
        assert!(Instant::now() < deadline, "the reader is still there");
        say(&mut sender, 1, 1);
        say(&mut other, 1, 1);
    }
    // Were the setting read by nobody, the elder would have gone first.
    assert_eq!(stalled(&late), 0);
}

/// A member whose worker stands still while three messages come, until it is given up, but no longer than `at_most`: whether
/// the member is still there afterwards.
fn survives_a_frozen_worker(at_most: Duration, change: impl FnOnce(&mut Settings)) -> bool {
    // A read ends when the other side is gone, however that came.
    let (end, ended) = UnixStream::pair().unwrap();
    let root = Namespace::hub("/").on("freeze", async move || {
        let _ = (&ended).read(&mut [0]);
    });
    let hub = Hub::built(change, |builder| builder.namespace(root));
    // Gone before the hub is, which waits for its workers.
    let frost = end;
    // Connections go to the two workers in turn.
    let (mut member, mut sender) = (Client::connect(&hub), Client::connect(&hub));
    member.emit("join-channel", &[json!("lobby")]);
    member.event("join-channel");
    member.emit("freeze", &[]);
    faults::wait_until_blocked(&hub);
    for number in 0..3 {
        sender.emit("lobby", &[json!(number)]);
    }
    let began = Instant::now();
    let health = || http::get_at(hub.operators(), "/readyz").text();
    while began.elapsed() < at_most && !health().contains("is given up") {}
    drop(frost);
    loop {
        let Some(frame) = member.socket.next_within(PATIENCE) else {
            panic!("neither messages nor an end");
        };
        match frame {
            Frame::Text(text) if text.contains("\"message\":2,") => return true,
            Frame::Text(_) => {}
            _ => {
                closes(&hub, "worker stalled");
                return false;
            }
        }
    }
}

#[test]
fn a_worker_may_owe_so_many_deliveries_before_rooms_wait_for_it() {
    assert!(survives_a_frozen_worker(LONG, |config| {
        config.delivery.courier_stall = SOON;
    }));
    assert!(!survives_a_frozen_worker(PATIENCE, |config| {
        config.delivery.courier_stall = SOON;
        config.delivery.courier_window = 1;
    }));
}

#[test]
fn rooms_wait_so_long_for_a_worker_before_they_go_on_without_it() {
    assert!(survives_a_frozen_worker(LONG, |config| {
        config.delivery.courier_stall = Duration::from_secs(60);
        config.delivery.courier_window = 1;
    }));
}

#[test]
fn origins_say_which_pages_may_connect_and_refuse_an_upgrade_with_400() {
    let evil = [("Origin", "https://evil.example")];
    let hub = Hub::start();
    let (answer, _) = WebSocket::handshake(&hub, DIRECT, &evil);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Forbidden"), "{}", answer.text());
    let own = format!("http://{}", hub.address());
    assert_eq!(
        WebSocket::handshake(&hub, DIRECT, &[("Origin", &own)])
            .0
            .status,
        101
    );
    let hub = Hub::with(|config| config.origins = "https://evil.example".parse().unwrap());
    assert_eq!(WebSocket::handshake(&hub, DIRECT, &evil).0.status, 101);
}

#[test]
fn the_endpoint_stands_where_the_path_says() {
    let hub = Hub::with(|config| config.path = "/live/".into());
    assert_eq!(
        http::get(&hub, "/live/?EIO=4&transport=polling").status,
        200
    );
    assert_eq!(http::get(&hub, POLL).status, 404);
}

#[test]
fn the_chat_hub_stands_where_it_is_told_or_nowhere() {
    let negotiated = |hub: &Hub, path: &str| {
        let target = format!("{path}/negotiate");
        http::request(hub, "POST", &target, &[], b"").status
    };
    let hub = Hub::with(|config| config.chat_hub = Some("/hubs/chat/".into()));
    assert_eq!(negotiated(&hub, "/hubs/chat"), 200);
    assert_eq!(negotiated(&hub, "/chatHub"), 404);
    for hub in [
        Hub::with(|config| config.chat_hub = None),
        // It is a view of the main namespace's channels.
        Hub::with(|config| config.namespaces = vec!["/other".into()]),
    ] {
        assert_eq!(negotiated(&hub, "/chatHub"), 404);
    }
}

#[test]
fn namespaces_are_those_configured() {
    let hub = Hub::with(|config| config.namespaces = vec!["/chat".into()]);
    join(&mut Client::connect_to(&hub, "/chat", ""), "lobby");
    let mut socket = WebSocket::open(&hub, DIRECT);
    socket.next_text();
    socket.text("40");
    assert!(socket.next_text().starts_with("44{"));
}

#[test]
fn the_browser_client_comes_from_the_folder_that_is_given() {
    let folder = Folder::with_client();
    let hub = Hub::with(|config| config.client_dist = Some(folder.0.clone()));
    assert_eq!(
        http::get(&hub, "/socket.io/socket.io.js").text(),
        "/* client */"
    );
    let missing = http::get(&hub, "/socket.io/socket.io.min.js");
    assert_ne!(missing.status, 200);
}

#[test]
fn with_no_room_threads_rooms_run_on_a_worker() {
    let hub = Hub::with(|config| config.room_threads = 0);
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut one, "lobby");
    join(&mut two, "lobby");
    assert_eq!(one.ask("lobby", &[json!("hi")])["recipients"], 2);
}

#[test]
fn a_shutdown_takes_of_its_grace_what_it_needs_to_close_connections_one_by_one() {
    let mut hub = Hub::with(|config| config.grace = PATIENCE);
    let mut clients: Vec<Client> = (0..150).map(|_| Client::connect(&hub)).collect();
    let began = Instant::now();
    hub.stop();
    let took = began.elapsed();
    let codes: Vec<_> = clients
        .iter_mut()
        .map(|client| client.socket.closed())
        .collect();
    assert_eq!(json!(codes), Value::from(vec![1001; 150]));
    // A hundred a second at most. A slow machine only makes it longer.
    assert!(took > Duration::from_secs(1), "{took:?}");
}
