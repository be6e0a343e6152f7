//! `--dev`: the password that its start prints crashes a room's script by the operators' listener; nothing else does.

use std::net::SocketAddr;

use dondo::config::Settings;
use dondo::internal::dev_lines;
use serde_json::{Value, json};

use crate::hub::program::Program;
use crate::support::{Client, Hub, http};

const DOOR: &str = "/dev/crash-room";

/// A hub with `--dev`, and the password that a start would print.
fn hub() -> (Hub, String) {
    let hub = Hub::with(|config| config.dev = true);
    let mut settings = Settings::default();
    settings.listen = vec![hub.address()];
    settings.admin_listen = Some(hub.operators());
    let lines = dev_lines(hub.dondo(), &settings);
    let (_, password) = lines.last().unwrap().rsplit_once('/').unwrap();
    let password = password.to_owned();
    (hub, password)
}

fn ask(at: SocketAddr, method: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    let body = serde_json::to_vec(body).unwrap();
    let answer = http::read(&mut http::send_at(at, method, DOOR, &all, &body));
    let said = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, said)
}

fn crash(hub: &Hub, password: &str, room: &str) -> (u16, Value) {
    let key = format!("Bearer {password}");
    ask(
        hub.operators(),
        "POST",
        &[("Authorization", &key)],
        &json!({ "room": room }),
    )
}

fn place(message: &str) -> Value {
    json!({ "data": { "message": message, "roomChannel": "lobby", "roomId": "den" } })
}

fn member(hub: &Hub) -> Client {
    let mut client = Client::connect(hub);
    assert_eq!(client.ask("join-channel", &[place("")])["ok"], true);
    assert_eq!(client.ask("join-room", &[place("")])["ok"], true);
    client
}

fn said(client: &mut Client) -> Value {
    client.event("notify-room")[0]["data"]["message"].clone()
}

/// Fails if there is a door without `--dev`, on the clients' listener, or for who has not the password; or if a crash costs
/// a member, a message or the room's past.
#[test]
fn a_room_is_crashed_by_its_password_under_dev_and_nowhere_else() {
    let without = Hub::start();
    let (status, _) = ask(without.operators(), "POST", &[], &json!({ "room": "den" }));
    assert_eq!(status, 404);
    let (hub, password) = hub();
    let key = format!("Bearer {password}");
    let key = [("Authorization", &*key)];
    let (status, _) = ask(hub.address(), "POST", &key, &json!({ "room": "den" }));
    assert_eq!(status, 404, "clients do not reach it");
    let (mut ama, mut kofi) = (member(&hub), member(&hub));
    for wrong in ["", "wrong", &password[1..], &format!("{password}x")] {
        let (status, said) = crash(&hub, wrong, "den");
        assert_eq!(
            (status, &said["error"]["code"]),
            (401, &json!("unauthorized"))
        );
    }
    assert_eq!(hub.metric("dondo_crashes_total"), 0);
    for round in 1..=20 {
        let text = format!("before {round}");
        assert_eq!(ama.ask("notify-room", &[place(&text)])["ok"], true);
        let crashed = json!({ "crashed": true, "room": "den" });
        assert_eq!(crash(&hub, &password, "den"), (200, crashed));
        // The answer may be ahead of the count.
        hub.wait_for("dondo_crashes_total", round);
        let after = format!("after {round}");
        assert_eq!(kofi.ask("notify-room", &[place(&after)])["ok"], true);
        for client in [&mut ama, &mut kofi] {
            assert_eq!(said(client), text);
            assert_eq!(said(client), after);
        }
    }
    let mut late = Client::connect(&hub);
    late.ask("join-channel", &[place("")]);
    let mut asks = place("");
    asks["data"]["history"] = 40.into();
    let joined = late.ask("join-room", &[asks]);
    assert_eq!(
        (&joined["replayed"], &joined["complete"]),
        (&json!(40), &json!(true))
    );
    assert_eq!(joined["onlineUsers"], 3);
}

/// Fails if the door takes what is no request of its own, or says a wrong thing of it; or if guesses are not limited.
#[test]
fn the_door_of_dev_answers_what_is_no_crash_with_its_reason() {
    let (hub, password) = hub();
    let _ama = member(&hub);
    let key = format!("Bearer {password}");
    let key = ("Authorization", &*key);
    let code = |method: &str, body: &Value| {
        let (status, said) = ask(hub.operators(), method, &[key], body);
        (
            status,
            said["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    for (method, body, status, refusal) in [
        ("GET", json!({}), 405, "method_not_allowed"),
        (
            "DELETE",
            json!({ "room": "den" }),
            405,
            "method_not_allowed",
        ),
        ("POST", json!({}), 400, "bad_payload"),
        ("POST", json!([]), 400, "bad_payload"),
        ("POST", json!({ "room": 7 }), 400, "bad_payload"),
        ("POST", json!({ "room": "" }), 400, "invalid_name"),
        (
            "POST",
            json!({ "room": "den", "how": "hard" }),
            400,
            "bad_payload",
        ),
        (
            "POST",
            json!({ "room": "den", "namespace": "/none" }),
            404,
            "not_found",
        ),
        (
            "POST",
            json!({ "room": "nobody is here" }),
            404,
            "not_found",
        ),
        // A channel is no room.
        ("POST", json!({ "room": "lobby" }), 404, "not_found"),
    ] {
        assert_eq!(
            code(method, &body),
            (status, refusal.to_owned()),
            "{method} {body}"
        );
    }
    assert_eq!(hub.metric("dondo_crashes_total"), 0);
    let guesses = (0..40).map(|_| crash(&hub, "guess", "den").0);
    assert!(guesses.collect::<Vec<_>>().contains(&429));
    assert_eq!(
        crash(&hub, &password, "den").0,
        200,
        "the right one is taken at once"
    );
}

/// Fails if a page of another machine may ask, or one that was given this machine's address by a name of its own.
#[test]
fn pages_of_this_machine_alone_may_ask_for_a_crash() {
    let (hub, password) = hub();
    let _ama = member(&hub);
    let preflight = |origin: &str| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            (
                "Access-Control-Request-Headers",
                "authorization,content-type",
            ),
        ];
        let mut stream = http::send_at(hub.operators(), "OPTIONS", DOOR, &headers, b"");
        let answer = http::read(&mut stream);
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let own = format!("http://{}", hub.address());
    for origin in [&own, "http://localhost:5173"] {
        assert_eq!(preflight(origin).as_deref(), Some(origin));
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        assert_eq!(preflight(origin), None, "{origin}");
    }
    let key = format!("Bearer {password}");
    let bound = [("Host", "evil.example"), ("Authorization", &*key)];
    let (status, _) = ask(hub.operators(), "POST", &bound, &json!({ "room": "den" }));
    assert_eq!(status, 404);
}

/// Fails if a client's message has a room's script panic: whatever it is called, it is no question to the script.
#[test]
fn no_message_of_a_client_crashes_a_room_under_dev() {
    let (hub, _) = hub();
    let mut ama = member(&hub);
    for event in [
        "crash-room",
        "/dev/crash-room",
        "message",
        "script",
        "ask",
        "panic",
    ] {
        for payload in [
            json!("den"),
            json!({ "room": "den" }),
            place("crash"),
            Value::Null,
        ] {
            ama.emit(event, &[payload]);
        }
    }
    for event in ["join-room", "notify-room", "leave-room", "join-room"] {
        assert_eq!(
            ama.ask(event, &[place("crash-room")])["ok"],
            true,
            "{event}"
        );
    }
    assert_eq!(hub.metric("dondo_crashes_total"), 0);
}

/// Fails if the start does not print the link once, or pages of other machines may connect to a hub with `--dev`.
#[test]
fn the_start_of_dev_prints_one_link_and_lets_pages_of_this_machine_in() {
    let program = Program::start(&["--dev", "--listen", "127.0.0.1:0"], &[]);
    let links: Vec<_> = program
        .log
        .iter()
        .filter(|line| line.contains("/proof#dev="))
        .collect();
    assert_eq!(links.len(), 1, "{:#?}", program.log);
    let (_, key) = links[0].split_once("#dev=").unwrap();
    let (operators, password) = key.split_once('/').unwrap();
    let said = program
        .log
        .iter()
        .filter(|line| line.contains(password))
        .count();
    assert_eq!(said, 1);
    let operators: SocketAddr = operators.parse().unwrap();
    let bearer = format!("Bearer {password}");
    let headers = [("Authorization", &*bearer)];
    let (status, _) = ask(
        operators,
        "POST",
        &headers,
        &json!({ "room": "nobody is here" }),
    );
    assert_eq!(status, 404);
    let hub: SocketAddr = program.addresses[0].parse().unwrap();
    let opened = |origin: &str| {
        let target = "/socket.io/?EIO=4&transport=polling";
        http::read(&mut http::send_at(
            hub,
            "GET",
            target,
            &[("Origin", origin)],
            b"",
        ))
        .status
    };
    assert_eq!(opened("http://localhost:5173"), 200);
    assert_eq!(opened("https://evil.example"), 403);
}
