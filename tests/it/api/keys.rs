//! Who may ask the API, and where.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    KEY, KeysFile, ORDERS, READER, ask, ask_at, bearer, get, hub, hub_with, key, member_of, raw_at,
};
use dondo::config::RoomScope;

use crate::support::{Hub, PATIENCE, http};

/// Fails if there is an API without keys, or nobody is told which setting makes one.
#[test]
fn there_is_an_api_where_there_are_keys_and_nowhere_else() {
    let without = Hub::start();
    let (status, said) = ask(&without, "GET", "node", &Value::Null);
    assert_eq!((status, &said["error"]["code"]), (404, &json!("not_found")));
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.contains("--api.keys-file"), "{message}");
    let pusher = raw_at(
        without.operators(),
        "POST",
        "/apps/3/events",
        &[],
        &json!({}),
    );
    assert_eq!(pusher.status, 404);
    assert_eq!(get(&hub(), "node")["sessions"], 0);
}

/// Fails if strangers reach the API untold, or cannot where they shall.
#[test]
fn clients_listener_has_the_api_where_it_is_told_to() {
    let key = bearer(KEY);
    let at_clients = |hub: &Hub| {
        let key = [("Authorization", key.as_str())];
        ask_at(hub.address(), "GET", "node", &key, &Value::Null).0
    };
    assert_eq!(at_clients(&hub()), 200);
    let private = hub_with(|config| config.api.public = false, |builder| builder);
    assert_eq!(at_clients(&private), 404);
    get(&private, "node");
}

/// Fails if the API is open to strangers without a key because somebody forgot the file, or the refusal does not say so.
#[test]
fn a_public_api_without_keys_starts_nothing_and_says_why() {
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_dondo"))
        .args(["--api.public", "on", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&program.stderr).into_owned();
    assert_eq!(program.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--api.public on") && said.contains("--api.keys-file"),
        "{said}"
    );
}

/// Fails if a key for some channels reaches rooms of others by naming one of its own, where rooms have no channel.
#[test]
fn where_rooms_are_flat_a_key_for_channels_is_for_no_room() {
    let hub = hub_with(
        |config| config.hub.room_scope = RoomScope::Flat,
        |builder| builder,
    );
    let key = bearer(ORDERS);
    let room = json!({"room": "admin", "channel": "orders-1"});
    let said = json!({"to": room, "message": "hi"});
    let mut locked = room.clone();
    locked["locked"] = json!(true);
    for (path, body) in [("publish", said), ("lock", locked)] {
        let header = [("Authorization", &*key)];
        let (status, told) = ask_at(hub.operators(), "POST", path, &header, &body);
        assert_eq!(status, 403, "{path}: {told}");
    }
}

/// Fails if a key may do what it has no right to, or reaches channels that are not its own.
#[test]
fn a_key_may_do_what_its_rights_and_channels_say() {
    let hub = hub();
    let _members = [member_of(&hub, "orders-1"), member_of(&hub, "lobby")];
    let status = |secret: &str, method: &str, path: &str, body: &Value| {
        let key = bearer(secret);
        let (status, said) = ask_at(
            hub.operators(),
            method,
            path,
            &[("Authorization", &key)],
            body,
        );
        assert!(
            status != 403 || said["error"]["code"] == "forbidden",
            "{said}"
        );
        status
    };
    let to = |to: Value| json!({"to": to, "message": "hi"});
    let lobby = to(json!({"channel": "lobby"}));
    assert_eq!(status(READER, "GET", "channels", &Value::Null), 200);
    for (path, body) in [
        ("publish", lobby.clone()),
        ("batch", json!({"messages": [lobby]})),
        ("ban", json!({"account": "ama"})),
        ("lock", json!({"room": "r", "locked": true})),
    ] {
        assert_eq!(status(READER, "POST", path, &body), 403, "{path}");
    }
    assert_eq!(status(READER, "GET", "bans", &Value::Null), 403);
    for (expected, body) in [
        (200, to(json!({"channel": "orders-1"}))),
        (200, to(json!({"room": "r", "channel": "orders-1"}))),
        (403, to(json!({"channel": "lobby"}))),
        (403, to(json!({"channel": "my-orders-1"}))),
        (403, to(json!({"room": "r"}))),
        (403, to(json!({"member": "x"}))),
        (403, to(json!({"account": "ama"}))),
        (403, to(json!({"everyone": true}))),
    ] {
        assert_eq!(status(ORDERS, "POST", "publish", &body), expected, "{body}");
        let batch = json!({"messages": [body]});
        assert_eq!(status(ORDERS, "POST", "batch", &batch), expected, "{batch}");
    }
    for (expected, path) in [
        (200, "channels/orders-1/members"),
        (403, "channels/lobby/members"),
        (403, "channels?count=true"),
        (403, "rooms"),
        (403, "rooms/r/members"),
        (403, "members"),
        (403, "presence"),
        (403, "bans"),
        (403, "mutes"),
    ] {
        assert_eq!(
            status(ORDERS, "GET", path, &Value::Null),
            expected,
            "{path}"
        );
    }
    for (expected, path, body) in [
        (200, "kick", json!({"member": "x", "channel": "orders-1"})),
        (403, "kick", json!({"member": "x", "channel": "lobby"})),
        (403, "kick", json!({"member": "x", "room": "r"})),
        (403, "lock", json!({"room": "r", "locked": true})),
        (403, "ban", json!({"account": "ama"})),
        (403, "mute", json!({"account": "ama"})),
        (403, "disconnect", json!({"account": "ama"})),
    ] {
        assert_eq!(
            status(ORDERS, "POST", path, &body),
            expected,
            "{path} {body}"
        );
    }
    let key = bearer(ORDERS);
    let (_, page) = ask_at(
        hub.operators(),
        "GET",
        "channels",
        &[("Authorization", &key)],
        &Value::Null,
    );
    assert_eq!(
        page["channels"],
        json!([{"channel": "orders-1", "members": 1}])
    );
}

/// Fails if guesses have no limit, or whoever has a right key is kept out by those of others.
#[test]
fn wrong_keys_are_limited_and_a_right_one_never_is() {
    let hub = hub();
    let status = |secret: &str| {
        let key = bearer(secret);
        raw_at(
            hub.operators(),
            "GET",
            "node",
            &[("Authorization", &key)],
            &Value::Null,
        )
    };
    // One more is free each second, however slow this machine is.
    let mut wrong = (0..1_000).map(|number| status(&format!("{number}{KEY}")));
    assert!(wrong.by_ref().take(10).all(|answer| answer.status == 401));
    let limited = wrong.find(|answer| answer.status != 401).expect("no limit");
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("1"))
    );
    assert_eq!(status(KEY).status, 200);
    for (name, value) in [
        ("Authorization", KEY),
        ("Authorization", "Basic eDp5"),
        ("X-Key", KEY),
    ] {
        let answer = raw_at(
            hub.operators(),
            "GET",
            "node",
            &[(name, value)],
            &Value::Null,
        );
        assert_eq!(answer.status, 401, "{name}: {value}");
        assert!(
            answer
                .header("www-authenticate")
                .is_some_and(|how| how.starts_with("Bearer"))
        );
    }
}

/// Fails if members wait or lose something while somebody floods the API with wrong keys.
#[test]
fn a_flood_of_wrong_keys_leaves_members_and_right_keys_unharmed() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    std::thread::scope(|scope| {
        for flood in 0..4 {
            let address = hub.address();
            scope.spawn(move || {
                for number in 0..20 {
                    let key = bearer(&format!("{flood}-{number}-{KEY}"));
                    let body = json!({"to": {"everyone": true}, "message": "x".repeat(10_000)});
                    let (status, _) = ask_at(
                        address,
                        "POST",
                        "publish",
                        &[("Authorization", &key)],
                        &body,
                    );
                    assert!([401, 429].contains(&status), "{status}");
                }
            });
        }
        for number in 0..50 {
            let said = super::publish(
                &hub,
                &json!({"to": {"channel": "lobby"}, "message": number}),
            );
            assert_eq!(said["recipients"], 1);
            assert_eq!(member.event("lobby")[0]["data"]["message"], number);
        }
    });
    member.no_event("message");
}

/// Fails if a page of a stranger's name that was bound to this machine can ask, though it had a key.
#[test]
fn operators_listener_is_asked_under_its_own_names_alone() {
    let hub = hub();
    let key = bearer(KEY);
    let headers = [("Authorization", key.as_str()), ("Host", "evil.example")];
    let mut stream = http::send_at(hub.operators(), "GET", "/api/v1/node", &headers, b"");
    assert_eq!(http::read(&mut stream).status, 404);
}

/// Fails if new keys count only after a restart, one that was taken out goes on, or a secret comes into the log.
#[test]
fn the_hangup_signal_reads_the_keys_again() {
    let file = KeysFile::new();
    file.close_to_others(0o644);
    let mut hub = Hub::program(&["--api.keys-file", file.path()]);
    let status = |secret: &str| {
        let key = bearer(secret);
        let key = [("Authorization", key.as_str())];
        ask_at(hub.operators(), "GET", "node", &key, &Value::Null).0
    };
    assert_eq!(status(KEY), 200);
    file.write(&key("new", ORDERS, "\"read\"", ""));
    hub.signal(Signal::HUP);
    let deadline = std::time::Instant::now() + PATIENCE;
    while status(KEY) == 200 {
        assert!(std::time::Instant::now() < deadline, "the old key goes on");
        std::thread::yield_now();
    }
    assert_eq!(status(ORDERS), 200);
    hub.signal(Signal::TERM);
    let (ended, log) = hub.ended();
    assert!(ended.success());
    assert!(log.contains("SIGHUP: the HTTP API has 1 keys"), "{log}");
    assert!(log.contains("chmod o-r"), "{log}");
    for secret in [KEY, ORDERS, READER] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
}

/// Fails if a slip in the file ends the keys that there are.
#[test]
fn a_file_that_is_wrong_leaves_the_keys_as_they_are() {
    let file = KeysFile::new();
    let hub = hub_with(
        |config| config.api.keys_file = Some(file.path().into()),
        |builder| builder,
    );
    assert_eq!(hub.dondo().read_api_keys_again(), Ok(Some(5)));
    file.write("[[key]]\nname = \"new\"\nsecret = \"short\"\nrights = [\"read\"]\n");
    let wrong = hub.dondo().read_api_keys_again().unwrap_err();
    assert!(wrong.contains("32 characters"), "{wrong}");
    drop(file);
    assert!(hub.dondo().read_api_keys_again().is_err());
    get(&hub, "node");
}
