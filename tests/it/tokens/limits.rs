//! Limits of accounts and of channels, and who moderates, for whom those of channels do not hold.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Issuer, ada, code_of, connect, connect_error, hub};
use crate::clients::{Kind, Robot};
use crate::signalr::{HubKind, HubRobot};
use crate::support::{Client, Hub, PATIENCE, PlainClient, WebSocket};

/// Long enough that nobody's turn comes again within a test.
const LONG: &str = "1h";

fn slow_channel(channels: &str) -> dondo::config::SlowMode {
    let every = humantime::parse_duration(LONG).unwrap();
    dondo::config::SlowMode::new(channels, every)
}

fn plain(hub: &Hub, token: &str) -> PlainClient {
    let mut socket = WebSocket::open(hub, "/ws");
    socket.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
    PlainClient::welcomed(socket)
}

fn joined(client: &mut Client, channel: &str) {
    let ack = client.ask("join-channel", &[json!(channel)]);
    assert_eq!(ack["ok"], true, "{ack}");
}

/// That somebody is told to wait, and for how long.
fn is_slow(ack: &Value) {
    assert_eq!(ack["code"], "slow_mode", "{ack}");
    let wait = ack["data"]["retryAfter"].as_u64().unwrap();
    assert!((1..=3600).contains(&wait), "{ack}");
}

/// Fails if a guest does not wait, waits in a channel without slow mode or for another guest, or says something by a join.
#[test]
fn in_slow_mode_a_member_waits_between_its_messages() {
    let hub = Hub::with(|settings| settings.hub.slow_mode = vec![slow_channel("slow-*")]);
    let (mut one, mut other) = (Client::connect(&hub), Client::connect(&hub));
    joined(&mut other, "slow-1");
    joined(&mut one, "slow-1");
    assert_eq!(one.ask("slow-1", &[json!("first")])["ok"], true);
    is_slow(&one.ask("slow-1", &[json!("second")]));
    // Without an ack it is told all the same.
    one.emit("slow-1", &[json!("third")]);
    is_slow(&one.event("hub-error")[0]);
    assert_eq!(other.ask("slow-1", &[json!("mine")])["ok"], true);
    assert_eq!(other.event("slow-1")[0]["data"]["message"], "first");
    assert_eq!(other.event("slow-1")[0]["data"]["message"], "mine");
    for channel in ["fast", "slow-2"] {
        assert_eq!(one.ask(channel, &[json!("elsewhere")])["ok"], true);
    }
    let words = json!({"data": {"roomChannel": "slow-1", "message": "by the way"}});
    one.ask("leave-channel", std::slice::from_ref(&words));
    assert_eq!(other.event("leave-channel")[0]["data"]["message"], "");
    one.ask("join-channel", &[words]);
    // Its own, and that of the other before.
    other.event("join-channel");
    other.event("join-channel");
    assert_eq!(other.event("join-channel")[0]["data"]["message"], "");
}

/// Fails if a message that nobody heard costs a turn.
#[test]
fn a_message_that_is_refused_costs_no_turn() {
    let hub = Hub::with(|settings| {
        settings.hub.slow_mode = vec![slow_channel("*")];
        settings.hub.require_join_to_send = true;
    });
    let mut client = Client::connect(&hub);
    let refused = client.ask("lobby", &[json!("too early")]);
    assert_eq!(refused["code"], "not_member", "{refused}");
    joined(&mut client, "lobby");
    assert_eq!(client.ask("lobby", &[json!("now")])["ok"], true);
    is_slow(&client.ask("lobby", &[json!("too soon")]));
}

/// Fails if another connection, another protocol or coming again is another turn for an account.
#[test]
fn the_clients_of_an_account_share_their_turns() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("turns", |settings| {
        settings.hub.slow_mode = vec![slow_channel("lobby")];
    });
    let token = issuer.sign("HS256", &ada(json!({})));
    let mut first = connect(&hub, &token);
    assert_eq!(first.ask("lobby", &[json!("hi")])["ok"], true);
    is_slow(&connect(&hub, &token).ask("lobby", &[json!("hi")]));
    is_slow(&plain(&hub, &token).ask("lobby", json!("hi")));
    let more = json!({ "token": token });
    let mut robot = HubRobot::connected_with(&hub, "/chatHub", HubKind::WebSocket, &more);
    let said = [json!("lobby"), json!("Ada"), json!("hi")];
    let refused = robot.invoke("SendMessage", &said).unwrap_err();
    assert!(
        refused.contains("slow_mode") && refused.contains("wait"),
        "{refused}"
    );
    first.socket.text("41");
    hub.wait_for("dondo_members", 1);
    let mut options = Kind::JsWebSocket.options();
    options["auth"] = json!({ "token": token });
    let mut again = Robot::start_with(&hub, Kind::JsWebSocket, options);
    again.tell("connect", &[]);
    again.event("$connect");
    is_slow(&again.ask("lobby", &[json!({"message": "hi"})]));
    let other = issuer.sign("HS256", &ada(json!({"sub": "kofi"})));
    assert_eq!(
        connect(&hub, &other).ask("lobby", &[json!("hi")])["ok"],
        true
    );
}

/// Fails if one more comes into a full channel over some protocol, who is in is kept out, or its place is not free again.
#[test]
fn a_channel_takes_as_many_members_as_it_may() {
    let hub = Hub::with(|settings| {
        settings.hub.channel_capacity = vec![dondo::config::ChannelCapacity::new("small-*", 2)];
    });
    let (mut one, mut two, mut three) = (
        Client::connect(&hub),
        Client::connect(&hub),
        PlainClient::connect(&hub),
    );
    joined(&mut one, "small-1");
    joined(&mut two, "small-1");
    joined(&mut two, "small-1");
    let full = three.ask("join-channel", json!("small-1"));
    assert_eq!(full["code"], "channel_full", "{full}");
    let mut robot = HubRobot::connected_with(&hub, "/chatHub", HubKind::WebSocket, &json!({}));
    let refused = robot.invoke("JoinRoom", &[json!("small-1")]).unwrap_err();
    assert!(refused.contains("channel_full"), "{refused}");
    for channel in ["small-2", "large"] {
        assert_eq!(three.ask("join-channel", json!(channel))["ok"], true);
    }
    assert_eq!(one.ask("leave-channel", &[json!("small-1")])["ok"], true);
    assert_eq!(three.ask("join-channel", json!("small-1"))["ok"], true);
}

/// Fails if somebody who moderates waits or is kept out, or somebody who does so elsewhere, or says so of itself, does not; or
/// if who moderates is heard though it is muted.
#[test]
fn who_moderates_a_channel_has_neither_slow_mode_nor_capacity_there() {
    let mut issuer = Issuer::start();
    let keys = crate::api::KeysFile::new();
    let (hub, _folder) = hub("moderators", |settings| {
        settings.hub.slow_mode = vec![slow_channel("*")];
        settings.hub.channel_capacity = vec![dondo::config::ChannelCapacity::new("*", 1)];
        settings.api.keys_file = Some(keys.path().into());
    });
    let mut token = |account: &str, moderate: Value| {
        let rights = json!({"sub": account, "dondo": {"moderate": moderate}});
        issuer.sign("HS256", &ada(rights))
    };
    let (moderator, other) = (
        token("ada", json!(["lobby"])),
        token("kofi", json!(["other"])),
    );
    let mut guest = Client::connect(&hub);
    joined(&mut guest, "lobby");
    let mut moderator = connect(&hub, &moderator);
    joined(&mut moderator, "lobby");
    for _ in 0..3 {
        assert_eq!(moderator.ask("lobby", &[json!("order")])["ok"], true);
    }
    joined(&mut moderator, "other");
    assert_eq!(moderator.ask("other", &[json!("hi")])["ok"], true);
    is_slow(&moderator.ask("other", &[json!("hi")]));
    let mut other = connect(&hub, &other);
    let full = other.ask("join-channel", &[json!("lobby")]);
    assert_eq!(full["code"], "channel_full", "{full}");
    assert_eq!(other.ask("lobby", &[json!("hi")])["ok"], true);
    is_slow(&other.ask("lobby", &[json!("hi")]));
    let (status, said) = crate::api::ask(&hub, "POST", "mute", &json!({"account": "ada"}));
    assert_eq!(status, 200, "{said}");
    assert_eq!(moderator.ask("lobby", &[json!("hi")])["code"], "muted");
}

/// Fails if an account has more clients than it may over some protocol, others are refused for it, a place is not free again, or
/// who moderates everything is refused.
#[test]
fn an_account_has_so_many_clients_over_every_protocol() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("account-sessions", |settings| {
        settings.limits.account_sessions_max = 2;
    });
    let token = issuer.sign("HS256", &ada(json!({})));
    let moderates = ada(json!({"dondo": {"moderate": ["*"]}}));
    let moderator = issuer.sign("HS256", &moderates);
    let other = issuer.sign("HS256", &ada(json!({"sub": "kofi"})));
    let first = connect(&hub, &token);
    let _second = plain(&hub, &token);
    let refused = connect_error(&hub, "", &json!({ "token": token }));
    assert_eq!(code_of(&refused), "account_sessions_max");
    let mut socket = WebSocket::open(&hub, "/ws");
    socket.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
    let refused: Value = serde_json::from_str(&socket.next_text()).unwrap();
    assert_eq!(
        (&refused["type"], code_of(&refused)),
        (&json!("refused"), "account_sessions_max")
    );
    let more = json!({ "token": token });
    HubRobot::refused_with(&hub, "/chatHub", HubKind::WebSocket, &more);
    let mut options = Kind::JsDefault.options();
    options["auth"] = more;
    let mut robot = Robot::start_with(&hub, Kind::JsDefault, options);
    robot.tell("connect", &[]);
    assert_eq!(
        robot.event("$connect_error")[1]["code"],
        "account_sessions_max"
    );
    let _moderator = connect(&hub, &moderator);
    let _other = connect(&hub, &other);
    let _guest = Client::connect(&hub);
    let members = hub.metric("dondo_members");
    drop(first);
    hub.wait_for("dondo_members", members - 1);
    // The one who moderates takes a place, too.
    let refused = connect_error(&hub, "", &json!({ "token": token }));
    assert_eq!(code_of(&refused), "account_sessions_max");
    drop(_moderator);
    hub.wait_for("dondo_members", members - 2);
    // Its place is given back a moment after it is counted out.
    let comes_in = || {
        let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
        socket.next_text();
        socket.text(&format!("40{}", json!({ "token": token })));
        socket.next_text().starts_with("40")
    };
    let deadline = Instant::now() + PATIENCE;
    while !comes_in() {
        assert!(Instant::now() < deadline, "its place is taken for good");
    }
}

/// Fails if a client that is refused for want of a place is in all the same, by the name that it says with what it sends next.
#[test]
fn whoever_is_refused_by_a_full_channel_is_not_in_it() {
    let (hub, _folder) = hub("full-channel", |settings| {
        settings.hub.channel_capacity = vec![dondo::config::ChannelCapacity::new("small", 1)];
    });
    let mut first = Client::connect(&hub);
    assert_eq!(
        first.ask("join-channel", &[json!("small")])["onlineUsers"],
        1
    );
    for _ in 0..3 {
        let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
        socket.next_text();
        socket.text("40");
        socket.next_text();
        let said = json!(["small", {"source": {"userName": "Kofi"}, "data": {"message": "hi"}}]);
        // One right behind the other, as a client does that waits for nothing.
        socket.text(r#"420["join-channel","small"]"#);
        socket.text(&format!("421{said}"));
        let answers = [socket.next_text(), socket.next_text()];
        assert!(
            answers
                .iter()
                .any(|answer| answer.starts_with("430[") && answer.contains("channel_full")),
            "{answers:?}"
        );
        // What it asked for before has been done by then.
        socket.text(r#"422["join-channel","small"]"#);
        while !socket.next_text().starts_with("432[") {}
        let again = first.ask("join-channel", &[json!("small")]);
        assert_eq!(again["onlineUsers"], 1, "{again}");
    }
}

/// Fails if an account sends at any speed, or guests and who moderates everything are held back. That its connections have one
/// rate is a test of `src/accounts.rs`.
#[test]
fn messages_of_an_account_beyond_their_rate_are_read_later() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("account-rate", |settings| {
        settings.limits.burst = Duration::from_secs(1);
        settings.limits.account_messages_per_s = 20;
    });
    let pauses = || hub.metric("dondo_pauses_total{rate=\"messages\"}");
    let moderates = ada(json!({"dondo": {"moderate": ["*"]}}));
    let mut free = [
        connect(&hub, &issuer.sign("HS256", &moderates)),
        Client::connect(&hub),
    ];
    for number in 0..200 {
        free[number % 2].emit("lobby", &[json!("x")]);
    }
    for client in &mut free {
        assert_eq!(client.ask("lobby", &[json!("x")])["ok"], true);
    }
    assert_eq!(pauses(), 0);
    let token = issuer.sign("HS256", &ada(json!({"sub": "kofi"})));
    let mut two = [connect(&hub, &token), connect(&hub, &token)];
    let deadline = Instant::now() + PATIENCE;
    let mut number = 0;
    while pauses() == 0 {
        assert!(
            Instant::now() < deadline,
            "{number} messages were read at once"
        );
        for _ in 0..40 {
            two[number % 2].emit("lobby", &[json!("x")]);
            number += 1;
        }
    }
    for client in &mut two {
        assert_eq!(client.ask("lobby", &[json!("x")])["ok"], true);
    }
}
