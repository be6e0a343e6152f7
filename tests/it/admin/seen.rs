//! What who is logged in is told and may do.

use std::time::Instant;

use serde_json::{Value, json};

use super::{PASSWORD, ask, hub, hub_with, log_in, member_of, state};
use crate::support::{Client, Hub, PATIENCE, faults, http};

/// What the view is told, once it is as wanted.
fn state_when(hub: &Hub, cookie: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = state(hub, cookie);
        if wanted(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "{told}");
        std::thread::yield_now();
    }
}

/// How many of something in one of the lists of counts.
fn count_of(told: &Value, list: &str, what: &str) -> u64 {
    let all = told[list].as_array().unwrap();
    let found = all.iter().find(|one| one["what"] == what);
    found.map_or(0, |one| one["count"].as_u64().unwrap())
}

fn join_room(client: &mut Client, room: &str) {
    let body = json!({ "data": { "roomId": room } });
    let joined = client.ask("join-room", &[body]);
    assert_eq!(joined["ok"], true, "{joined}");
}

/// Fails if a namespace is not told, its numbers are wrong, or its largest channels are not the largest, or not first.
#[test]
fn each_namespace_is_told_with_its_thread_and_its_largest_channels() {
    let change = |config: &mut dondo::config::Settings| {
        config.namespaces = vec!["/".into(), "/other".into(), "/third".into()];
        config.room_threads = 2;
    };
    let hub = hub_with(change, |builder| builder);
    let cookie = log_in(hub.operators(), PASSWORD);
    let mut all: Vec<_> = (0..24)
        .map(|number| member_of(&hub, &format!("c{number:02}")))
        .collect();
    for (client, _) in &mut all[..3] {
        client.ask("join-channel", &[json!("crowd")]);
    }
    join_room(&mut all[0].0, "den");
    let mut third = Client::connect_to(&hub, "/third", "");
    third.ask("join-channel", &[json!("lobby")]);

    // Who is asked for numbers has a moment to answer, and all have come in a moment later than they are told.
    let told = state_when(&hub, &cookie, |told| {
        told["counts"]["members"] == 25
            && told["namespaces"][0]["online"] == 24
            && told["namespaces"][2]["largest"][0]["members"] == 1
            && told["health"]["ready"] == true
    });
    let namespaces = told["namespaces"].as_array().unwrap();
    let names: Vec<_> = namespaces
        .iter()
        .map(|one| (&one["name"], &one["thread"]))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("/"), &json!(0)),
            (&json!("/other"), &json!(1)),
            (&json!("/third"), &json!(0))
        ]
    );
    let root = &namespaces[0];
    for (what, count) in [
        ("members", 24),
        ("online", 24),
        ("channels", 25),
        ("rooms", 1),
        ("plainRooms", 0),
    ] {
        assert_eq!(root[what], count, "{what}: {root}");
    }
    let largest = root["largest"].as_array().unwrap();
    assert_eq!(largest.len(), 20, "and no more, however many there are");
    assert_eq!(largest[0], json!({ "channel": "crowd", "members": 3 }));
    assert_eq!(
        namespaces[2]["largest"],
        json!([{ "channel": "lobby", "members": 1 }])
    );
    assert_eq!(told["roomThreads"], 2);
    assert_eq!(told["counts"]["sessions"], 25);
    assert_eq!(told["counts"]["members"], 25);
    assert_eq!(told["health"]["ready"], true);
    assert_eq!(told["health"]["couriers"].as_array().unwrap().len(), 2);

    all[0]
        .0
        .ask("leave-room", &[json!({ "data": { "roomId": "den" } })]);
    drop(all);
    // A session is counted out a moment after its member.
    state_when(&hub, &cookie, |told| {
        told["counts"]["members"] == 1 && count_of(told, "closes", "transport close") >= 24
    });
    let told = state_when(&hub, &cookie, |told| {
        told["namespaces"][0]["answers"] == true && told["namespaces"][0]["channels"] == 0
    });
    assert_eq!(told["namespaces"][0]["rooms"], 0, "{told}");
}

/// Fails if a crash is not told with who, how often and why; or if one part's crash is told of another.
#[test]
fn a_crash_is_told_with_who_how_often_and_what_the_panic_said() {
    let hub = hub_with(|_| {}, faults::faulty);
    let cookie = log_in(hub.operators(), PASSWORD);
    let (mut client, _) = member_of(&hub, "lobby");
    join_room(&mut client, "den");
    assert_eq!(state(&hub, &cookie)["crashed"], json!([]));
    for (event, name, times) in [("lobby", "lobby", 2), ("notify-room", "den", 1)] {
        for _ in 0..times {
            let body = json!({ "data": { "message": faults::PANICS, "roomId": name } });
            let refused = client.ask(event, &[body]);
            assert_eq!(refused["ok"], false, "{refused}");
        }
    }
    let told = state_when(&hub, &cookie, |told| told["counts"]["crashes"] == 3);
    let crashed = told["crashed"].as_array().unwrap();
    let seen: Vec<_> = crashed
        .iter()
        .map(|one| {
            json!([
                one["kind"],
                one["namespace"],
                one["name"],
                one["restarts"],
                one["pieces"]
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!(["room", "/", "den", 1, 0]),
            json!(["channel", "/", "lobby", 2, 0])
        ]
    );
    for one in crashed {
        assert_eq!(one["cause"], "a log that was told to");
        assert!(one["secondsAgo"].is_u64());
    }
    assert_eq!(count_of(&told, "restarts", "channel"), 2);
    assert_eq!(count_of(&told, "restarts", "room"), 1);
    assert_eq!(count_of(&told, "restarts", "namespace"), 0);
}

/// Fails if a thread that was started anew is told nowhere.
#[test]
fn threads_that_were_started_anew_are_told() {
    let hub = hub_with(|_| {}, faults::faulty);
    let cookie = log_in(hub.operators(), PASSWORD);
    let (client, _) = member_of(&hub, "lobby");
    let body = json!({ "data": { "message": faults::ENDS_THREAD } });
    let mut client = client;
    client.emit("lobby", &[body]);
    client.socket.closed();
    let told = state_when(&hub, &cookie, |told| {
        count_of(told, "restarts", "room thread") == 1
    });
    let thread = &told["crashed"][0];
    assert_eq!(
        (&thread["kind"], &thread["number"]),
        (&json!("room thread"), &json!(0))
    );
    assert_eq!(thread["cause"], "it ended unasked");

    let hub = hub_with(|config| config.workers = 2, faults::with_a_deadly_handler);
    let cookie = log_in(hub.operators(), PASSWORD);
    // Stays, so that its word is not lost with it.
    let mut deadly = Client::connect(&hub);
    deadly.emit("end-worker", &[]);
    let told = state_when(&hub, &cookie, |told| {
        count_of(told, "restarts", "worker") == 1
    });
    assert_eq!(told["crashed"][0]["kind"], "worker");
}

/// Fails if what the page does is not what the HTTP API does, or needs a key of a file.
#[test]
fn who_may_moderate_kicks_disconnects_mutes_bans_and_locks() {
    let hub = hub();
    let address = hub.operators();
    let cookie = log_in(address, PASSWORD);
    let ask = |method: &str, path: &str, body: &Value| {
        let (status, told) = ask(address, &cookie, method, &format!("api/v1/{path}"), body);
        assert_eq!(status, 200, "{path}: {told}");
        told
    };
    let (mut ama, ama_id) = member_of(&hub, "lobby");
    let (kofi, kofi_id) = member_of(&hub, "lobby");
    let told = ask("GET", "channels?limit=1", &Value::Null);
    assert_eq!(
        told["channels"],
        json!([{ "channel": "lobby", "members": 2 }])
    );

    ask("POST", "mute", &json!({ "member": ama_id, "for": "1h" }));
    let refused = ama.ask("lobby", &[json!("hi")]);
    assert_eq!(refused["code"], "muted", "{refused}");
    assert_eq!(
        ask("GET", "mutes", &Value::Null)["mutes"][0]["member"],
        json!(ama_id)
    );
    let lifted = ask("DELETE", &format!("mute?member={ama_id}"), &Value::Null);
    assert_eq!(lifted["lifted"], true);
    assert_eq!(ama.ask("lobby", &[json!("hi")])["ok"], true);

    join_room(&mut ama, "den");
    ask(
        "POST",
        "lock",
        &json!({ "room": "den", "channel": "lobby", "locked": true }),
    );
    let mut late = Client::connect(&hub);
    let refused = late.ask("join-room", &[json!({ "data": { "roomId": "den" } })]);
    assert_eq!(refused["ok"], false, "{refused}");

    let kicked = ask(
        "POST",
        "kick",
        &json!({ "member": ama_id, "channel": "lobby", "reason": "noise" }),
    );
    assert_eq!(kicked["kicked"], true);
    let gone = ask("POST", "disconnect", &json!({ "member": kofi_id }));
    assert_eq!(gone["disconnected"], 1);
    let mut kofi = kofi;
    kofi.socket.closed();
    let banned = ask(
        "POST",
        "ban",
        &json!({ "address": "127.0.0.1", "for": "1h" }),
    );
    assert_eq!(banned["ban"]["address"], "127.0.0.1");
    ama.socket.closed();
}

/// Fails if a browser is sent the view's files again although it has them, keeps one that changed, or gets one with another kind.
#[test]
fn a_browser_asks_only_whether_the_files_changed() {
    let hub = hub();
    let ask = |name: &str, headers: &[(&str, &str)]| {
        let target = format!("/admin/{name}");
        let headers: Vec<_> = [("Connection", "close")]
            .iter()
            .chain(headers)
            .copied()
            .collect();
        http::read(&mut http::send_at(
            hub.operators(),
            "GET",
            &target,
            &headers,
            b"",
        ))
    };
    for (name, kind) in [
        ("base.css", "text/css; charset=utf-8"),
        ("admin.css", "text/css; charset=utf-8"),
        ("admin.js", "application/javascript; charset=utf-8"),
        ("act.js", "application/javascript; charset=utf-8"),
    ] {
        let first = ask(name, &[]);
        assert_eq!(
            (first.status, first.header("content-type")),
            (200, Some(kind)),
            "{name}"
        );
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{name}");
        assert_eq!(first.header("x-content-type-options"), Some("nosniff"));
        let tag = first
            .header("etag")
            .unwrap_or_else(|| panic!("{name} has no tag"));
        let again = ask(name, &[("If-None-Match", tag)]);
        assert_eq!((again.status, again.text().as_str()), (304, ""), "{name}");
        let changed = ask(name, &[("If-None-Match", "\"0123456789abcdef\"")]);
        assert_eq!(
            (changed.status, changed.text()),
            (200, first.text()),
            "{name}"
        );
    }
}
