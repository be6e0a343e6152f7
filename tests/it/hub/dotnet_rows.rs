//! Contract part 1, row by row: what the transport owes the guides' clients, and what the .NET client's own classes read.
//! Knows no recorded session; those are played elsewhere.

use std::time::Duration;

use serde_json::{Value, json};

use super::{by, guide, join, join_room};
use crate::support::{Client, Hub, PATIENCE, WebSocket, http};

const OPEN: &str = "/socket.io/?EIO=4&transport=polling";

/// Opens a polling session; its id.
pub(super) fn open(hub: &Hub) -> String {
    let answer = http::get(hub, OPEN);
    let open: Value = serde_json::from_str(&answer.text()[1..]).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

#[test]
fn an_upgrade_without_a_probe_finds_the_connect_reply_waiting() {
    let hub = Hub::start();
    let sid = open(&hub);
    assert_eq!(
        http::post(&hub, &format!("{OPEN}&sid={sid}"), "40").text(),
        "ok"
    );
    let mut socket = WebSocket::open(
        &hub,
        &format!("/socket.io/?EIO=4&transport=websocket&sid={sid}"),
    );
    socket.text("5");
    assert!(socket.next_text().starts_with("40{\"sid\":\""));
}

#[test]
fn the_answer_to_a_post_is_ok_and_has_a_content_type() {
    let hub = Hub::start();
    let sid = open(&hub);
    let answer = http::post(&hub, &format!("{OPEN}&sid={sid}"), "40");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert!(
        answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/"))
    );
}

#[test]
fn the_open_packet_lists_upgrades_as_an_array_on_either_transport() {
    let hub = Hub::start();
    let polling: Value = serde_json::from_str(&http::get(&hub, OPEN).text()[1..]).unwrap();
    assert_eq!(polling["upgrades"], json!(["websocket"]));
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    let open: Value = serde_json::from_str(&socket.next_text()[1..]).unwrap();
    assert_eq!(open["upgrades"], json!([]));
}

#[test]
fn continuation_frames_cut_inside_a_character_are_joined_before_utf8_is_checked() {
    let hub = Hub::start();
    let mut sender = Client::connect(&hub);
    join(&mut sender, "lobby");
    let text = format!("x{}", "é😀".repeat(5_000));
    let packet = format!("42{}", json!(["lobby", text]));
    let chunks: Vec<&[u8]> = packet.as_bytes().chunks(8192).collect();
    assert!(
        chunks
            .iter()
            .any(|chunk| std::str::from_utf8(chunk).is_err())
    );
    for (place, chunk) in chunks.iter().enumerate() {
        let kind = if place == 0 { 0x01 } else { 0x00 };
        let last = if place + 1 == chunks.len() {
            0x80
        } else {
            0x00
        };
        sender.socket.frame(kind | last, chunk);
    }
    assert_eq!(sender.event("lobby")[0]["data"]["message"], *text);
}

#[test]
fn the_parameter_t_may_repeat_or_be_missing_and_nothing_is_stored() {
    let hub = Hub::start();
    let sid = open(&hub);
    let target = format!("{OPEN}&sid={sid}&t=1630497600");
    assert_eq!(http::post(&hub, &target, "40").text(), "ok");
    let connected = http::get(&hub, &target);
    assert!(connected.text().starts_with("40{"));
    assert_eq!(http::post(&hub, &target, "420[\"nobody\",1]").text(), "ok");
    let answer = http::get(&hub, &target);
    assert!(answer.text().starts_with("430[{\"ok\":true"), "{answer:?}");
    assert_eq!(
        http::post(&hub, &format!("{OPEN}&sid={sid}"), "421[\"nobody\",1]").text(),
        "ok"
    );
    for answer in [&connected, &answer, &http::get(&hub, OPEN)] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn without_origin_user_agent_and_accept_nothing_is_missing_and_no_cors_header_is_sent() {
    let hub = Hub::with(|config| config.origins = "https://a.example".parse().unwrap());
    let plain = http::get(&hub, OPEN);
    assert_eq!(
        (plain.status, plain.header("access-control-allow-origin")),
        (200, None)
    );
    let from = [("Origin", "https://a.example")];
    let asked = http::request(&hub, "GET", OPEN, &from, b"");
    assert_eq!(
        asked.header("access-control-allow-origin"),
        Some("https://a.example")
    );
}

#[test]
fn a_bare_close_1000_is_a_leave_at_once() {
    let hub = Hub::start();
    let (mut leaver, mut stayer) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut stayer, "lobby");
    join(&mut leaver, "lobby");
    leaver.socket.frame(0x88, &1000_u16.to_be_bytes());
    assert_eq!(leaver.socket.closed(), Some(1000));
    let left = by(&mut stayer, "leave-channel", &leaver.id);
    assert_eq!(left["data"]["reason"], "disconnect");
}

#[test]
fn a_polling_client_that_just_stops_has_left_after_interval_and_timeout() {
    let hub = Hub::with(|config| {
        config.engine.ping_interval = Duration::from_millis(200);
        config.engine.ping_timeout = Duration::from_secs(4);
    });
    let mut stayer = Client::connect(&hub);
    join(&mut stayer, "lobby");
    // Who stays answers its pings while the other one comes in.
    let told = std::thread::spawn(move || {
        ["join-channel", "leave-channel"].map(|event| stayer.event(event).remove(0))
    });
    // One that was too slow to come in comes once more.
    let comes = || {
        let target = format!("{OPEN}&sid={}", open(&hub));
        http::post(&hub, &target, "40");
        http::post(&hub, &target, "42[\"join-channel\",\"lobby\"]").status == 200
    };
    assert!((0..20).any(|_| comes()));
    let [joined, left] = told.join().expect("it is told of both");
    assert_eq!(left["clientId"], joined["clientId"]);
    assert_eq!(left["data"]["reason"], "disconnect");
}

#[test]
fn many_clients_that_come_back_at_once_are_all_let_in() {
    // None joins anything: the first ones stay until all have come.
    let hub = Hub::with(|config| config.engine.connect_timeout = PATIENCE);
    let mut clients: Vec<_> = (0..200)
        .map(|_| {
            let target = "/socket.io/?EIO=4&transport=websocket";
            let headers = [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("Sec-WebSocket-Version", "13"),
            ];
            http::send(&hub, "GET", target, &headers, b"")
        })
        .collect();
    for stream in &mut clients {
        assert_eq!(http::read(stream).status, 101);
    }
    hub.wait_for("dondo_sessions{state=\"websocket\"}", 200);
}

#[test]
fn a_reconnection_has_a_new_socket_id_and_no_memberships() {
    let hub = Hub::start();
    let mut first = Client::connect(&hub);
    join(&mut first, "lobby");
    let id = first.id.clone();
    drop(first);
    hub.wait_for("dondo_members", 0);
    let mut again = Client::connect(&hub);
    assert_ne!(again.id, id);
    let ack = again.ask("lobby", &[json!("is anybody there?")]);
    assert_eq!(ack["recipients"], 0);
}

#[test]
fn a_polling_session_that_is_thrown_away_ends_with_the_ping_timeout() {
    let hub = Hub::with(|config| {
        config.engine.ping_interval = Duration::from_millis(100);
        config.engine.ping_timeout = Duration::from_millis(200);
    });
    open(&hub);
    hub.wait_for("dondo_closes_total{reason=\"ping timeout\"}", 1);
    hub.wait_for("dondo_sessions_alive", 0);
}

#[test]
fn a_refused_namespace_is_a_connect_error_and_the_connection_stays() {
    let hub = Hub::start();
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text("40/nowhere,");
    assert_eq!(
        socket.next_text(),
        "44/nowhere,{\"message\":\"Invalid namespace\"}"
    );
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
}

#[test]
fn transports_work_in_either_order() {
    let hub = Hub::start();
    let mut direct = Client::connect(&hub);
    join(&mut direct, "lobby");
    let sid = open(&hub);
    let target = format!("{OPEN}&sid={sid}");
    http::post(&hub, &target, "40");
    http::post(&hub, &target, "42[\"lobby\",\"over polling\"]");
    assert_eq!(direct.event("lobby")[0]["data"]["message"], "over polling");
}

#[test]
fn the_browser_client_is_served_below_the_path() {
    let folder = Folder::with_client();
    let hub = Hub::with(|config| config.client_dist = Some(folder.0.clone()));
    let answer = http::get(&hub, "/socket.io/socket.io.js");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "/* client */")
    );
    assert!(
        answer
            .header("content-type")
            .is_some_and(|kind| kind.contains("javascript"))
    );
}

/// A folder with a browser client in it; gone when dropped.
pub(super) struct Folder(pub std::path::PathBuf);

impl Folder {
    pub(super) fn with_client() -> Self {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("client").replace(':', "-");
        let folder = std::env::temp_dir().join(format!("dondo-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("socket.io.js"), "/* client */").unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_dialect_asked_for_in_the_query_gives_the_dotnet_guides_own_classes() {
    let hub = Hub::start();
    pascal_case(&hub, Client::connect_to(&hub, "/", "&dialect=dotnet"));
}

#[test]
fn the_dialect_asked_for_in_auth_gives_the_dotnet_guides_own_classes() {
    let hub = Hub::start();
    pascal_case(
        &hub,
        Client::connect_with(&hub, "/", "", "{\"dialect\":\"dotnet\"}"),
    );
}

fn pascal_case(hub: &Hub, mut dotnet: Client) {
    let mut script = Client::connect(hub);
    join(&mut script, "lobby");
    join_room(&mut script, "r", Some("lobby"));
    dotnet.ask("join-channel", &[json!("lobby")]);
    let joined = dotnet.event("join-channel");
    assert_eq!(joined[0]["Data"]["OnlineUsers"], 2);
    dotnet.ask("join-room", &[json!("r")]);
    let there = dotnet.event("room-online-users");
    assert_eq!(there[0]["Data"]["Users"][0]["ClientId"], json!(script.id));

    let sent = guide(&script, "hi", Some("r"), Some("lobby"));
    script.emit("notify-room", std::slice::from_ref(&sent));
    let expected = json!([{
        "Data": {"Message": "hi", "RoomId": "r", "Room": "r", "RoomChannel": "lobby"},
        "Time": sent["time"],
        "ClientId": script.id,
        "Source": {"Platform": "web", "AppName": "Sample App Name", "AppVersion": "1.0.0",
            "ClientId": script.id, "UserName": "John Doe", "Channel": "lobby"},
    }]);
    assert_eq!(json!(dotnet.event("notify-room")), expected);
    assert_eq!(script.event("notify-room"), [sent]);
    let online = dotnet.event("online-users");
    assert_eq!(online[0]["Data"]["OnlineUsers"], 2);
}
