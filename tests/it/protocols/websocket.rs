//! Plain WebSockets (`dondo.1`): each row of `src/docs/websocket.md` that takes a socket to see.

use std::io::Write;
use std::time::{Duration, Instant};

use dondo::{Auth, Error, Namespace, Socket};
use serde_json::{Value, json};

use crate::support::{
    Client, Form, Frame, Hub, PATIENCE, PlainClient, WebSocket, http, in_both_forms, masked, system,
};

in_both_forms!(
    its_clients_and_socketios_say_the_same_to_each_other,
    attachments_go_both_ways_between_the_protocols,
    what_was_missed_is_told_again_from_the_last_position_on,
    a_slip_is_answered_and_what_is_no_message_ends_the_connection,
    who_is_let_in_says_so_in_its_first_message,
    a_handshake_that_is_not_in_order_is_refused_before_the_switch,
    websockets_own_ping_is_its_heartbeat,
    a_handler_of_the_hosts_asks_its_client_and_is_answered,
    who_asks_and_does_not_read_is_cut_and_little_waits_for_it,
);

fn hub(form: Form) -> Hub {
    form.built(|_| {}, |builder| builder)
}

/// Fails if a letter of one protocol does not come in the other's words, or an answer not under its id.
fn its_clients_and_socketios_say_the_same_to_each_other(form: Form) {
    let hub = hub(form);
    let mut plain = PlainClient::connect(&hub);
    let mut stock = Client::connect(&hub);
    let joined = plain.ask("join-channel", json!("lobby"));
    assert_eq!(
        (&joined["ok"], &joined["channel"]),
        (&json!(true), &json!("lobby"))
    );
    assert_eq!(
        stock.ask("join-channel", &[json!("lobby")])["onlineUsers"],
        2
    );
    let sent = json!({"message": "akwaaba", "more": [1.50, null]});
    assert_eq!(plain.ask("lobby", sent)["recipients"], 2);
    let own = plain.event("lobby");
    let theirs = stock.event("lobby").remove(0);
    assert_eq!(own["payload"], theirs);
    assert_eq!(theirs["clientId"], json!(plain.id));
    assert!(own["position"].is_string(), "{own}");
    stock.ask("lobby", &[json!("back")]);
    assert_eq!(plain.event("lobby")["payload"]["data"]["message"], "back");
    // Rooms, presence and refusals are those of the hub pack.
    plain.ask("join-room", json!({"data": {"roomId": "r"}}));
    let presence = plain.event("room-online-users");
    assert_eq!(
        presence["payload"]["data"]["users"][0]["clientId"],
        json!(plain.id)
    );
    let refused = plain.ask("join-channel", json!("disconnect"));
    assert_eq!(
        (&refused["ok"], &refused["code"]),
        (&json!(false), &json!("reserved_name"))
    );
    plain
        .socket
        .text(r#"{"type":"event","event":"join-channel","payload":"hub-error"}"#);
    assert_eq!(plain.event("hub-error")["payload"]["code"], "reserved_name");
    let id = plain.id.clone();
    drop(plain);
    let left = stock.event("leave-channel").remove(0);
    assert_eq!(left["clientId"], json!(id));
    assert_eq!(left["data"]["reason"], "disconnect");
}

/// Fails if a blob is lost on the way, or comes as another's.
fn attachments_go_both_ways_between_the_protocols(form: Form) {
    let hub = hub(form);
    let (mut plain, mut stock) = (PlainClient::connect(&hub), Client::connect(&hub));
    plain.ask("join-channel", json!("lobby"));
    stock.ask("join-channel", &[json!("lobby")]);
    let first = json!({"type": "event", "event": "lobby", "attachments": 2,
        "payload": {"message": [{"_placeholder": true, "num": 1}, {"_placeholder": true, "num": 0}]}});
    plain.socket.text(&first.to_string());
    plain.socket.binary(b"\x00zero");
    plain.socket.binary(b"\x01one");
    stock.event("lobby");
    stock.await_blobs(2);
    assert_eq!(stock.blobs, [b"\x01one".to_vec(), b"\x00zero".to_vec()]);
    let own = plain.event("lobby");
    assert_eq!(own["attachments"], 2);
    plain.await_blobs(2);
    assert_eq!(plain.blobs, stock.blobs);
    stock
        .socket
        .text(r#"451-["lobby",{"_placeholder":true,"num":0}]"#);
    stock.socket.binary(b"\xffback");
    let back = plain.event("lobby");
    let expected = json!({"_placeholder": true, "num": 0});
    assert_eq!(back["payload"]["data"]["message"], expected);
    plain.await_blobs(3);
    assert_eq!(plain.blobs[2], b"\xffback");
}

/// Fails if the position of an event is not where a join may begin.
fn what_was_missed_is_told_again_from_the_last_position_on(form: Form) {
    let hub = hub(form);
    let (mut plain, mut stock) = (PlainClient::connect(&hub), Client::connect(&hub));
    stock.ask("join-channel", &[json!("lobby")]);
    plain.ask("join-channel", json!("lobby"));
    stock.ask("lobby", &[json!(0)]);
    let position = plain.event("lobby")["position"].clone();
    drop(plain);
    for number in 1..=3 {
        stock.ask("lobby", &[json!(number)]);
    }
    let mut again = PlainClient::connect(&hub);
    let data = json!({"roomChannel": "lobby", "since": position});
    let joined = again.ask("join-channel", json!({"data": data}));
    assert_eq!(
        (&joined["replayed"], &joined["complete"]),
        (&json!(3), &json!(true))
    );
    stock.ask("lobby", &[json!(4)]);
    for number in 1..=4 {
        assert_eq!(again.event("lobby")["payload"]["data"]["message"], number);
    }
}

fn a_slip_is_answered_and_what_is_no_message_ends_the_connection(form: Form) {
    let hub = hub(form);
    let mut plain = PlainClient::connect(&hub);
    for (slip, code) in [
        (r#"{"type":"shout","id":7}"#.to_owned(), "bad_message"),
        (
            r#"{"type":"event","event":"disconnect","id":7}"#.to_owned(),
            "reserved_name",
        ),
        (
            format!(
                r#"{{"type":"event","event":"x","id":7,"payload":{}{}}}"#,
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "bad_payload",
        ),
    ] {
        plain.socket.text(&slip);
        let error = plain.message();
        assert_eq!(
            (&error["type"], &error["code"], &error["id"]),
            (&json!("error"), &json!(code), &json!(7)),
            "{error}"
        );
    }
    plain.socket.text(r#"{"type":"ping","id":"still here"}"#);
    assert_eq!(plain.message(), json!({"type": "pong", "id": "still here"}));
    type Wrong = fn(&mut WebSocket);
    let wrong: [(Wrong, u16); 5] = [
        (|socket| socket.text("nonsense"), 1008),
        (|socket| socket.binary(b"unannounced"), 1008),
        (
            |socket| socket.text(r#"{"type":"event","event":"x","attachments":99}"#),
            1008,
        ),
        (|socket| socket.frame(0x81, b"\xff"), 1007),
        (|socket| socket.text(&"x".repeat(1_000_001)), 1009),
    ];
    for (wrong, code) in wrong {
        let mut client = PlainClient::connect(&hub);
        wrong(&mut client.socket);
        if code == 1008 {
            let error = client.message();
            assert_eq!(
                (&error["type"], &error["code"]),
                (&json!("error"), &json!("violation"))
            );
        }
        assert_eq!(client.socket.closed(), Some(code));
    }
    let mut early = WebSocket::open(&hub, "/ws");
    early.text(r#"{"type":"event","event":"join-channel","payload":"lobby"}"#);
    assert!(early.next_text().contains("connect comes first"));
    assert_eq!(early.closed(), Some(1008));
}

/// Fails if credentials do not come to a middleware, or if who is refused stays.
fn who_is_let_in_says_so_in_its_first_message(form: Form) {
    let door = async |auth: Auth<Value>| match auth.0["token"] == "open sesame" {
        true => Ok(()),
        false => Err(Error::new("unauthorized", "who are you?")),
    };
    let hub = form.built(
        |_| {},
        |builder| builder.namespace(Namespace::hub("/orders").middleware(door)),
    );
    let open = || WebSocket::open(&hub, "/ws?namespace=%2Forders");
    let mut socket = open();
    socket.text(r#"{"type":"connect","auth":{"token":"open sesame"}}"#);
    let welcome: Value = serde_json::from_str(&socket.next_text()).unwrap();
    assert_eq!(welcome["namespace"], "/orders");
    for (mut socket, message) in [
        (open(), "who are you?"),
        (
            WebSocket::open(&hub, "/ws?namespace=/nowhere"),
            "Invalid namespace",
        ),
    ] {
        socket.text(r#"{"type":"connect","auth":{}}"#);
        let refused: Value = serde_json::from_str(&socket.next_text()).unwrap();
        assert_eq!(
            (&refused["type"], &refused["message"]),
            (&json!("refused"), &json!(message))
        );
        assert_eq!(socket.closed(), Some(1008));
    }
}

fn a_handshake_that_is_not_in_order_is_refused_before_the_switch(form: Form) {
    let hub = hub(form);
    let plain = http::get(&hub, "/ws");
    assert_eq!(plain.status, 400);
    assert!(plain.text().contains("dondo.1"), "{}", plain.text());
    assert_eq!(http::post(&hub, "/ws", "x").status, 400);
    assert_eq!(WebSocket::handshake(&hub, "/ws/below", &[]).0.status, 404);
    const OFFER: &str = "Sec-WebSocket-Protocol";
    for (headers, status, answered) in [
        (&[][..], 101, None),
        (&[(OFFER, "dondo.1")], 101, Some("dondo.1")),
        (&[(OFFER, "chat, dondo.1")], 101, Some("dondo.1")),
        (&[(OFFER, "chat, dondo.2")], 400, None),
        (&[("Sec-WebSocket-Version", "8")], 400, None),
        (&[("Origin", "https://elsewhere.example")], 403, None),
    ] {
        let (answer, _) = WebSocket::handshake(&hub, "/ws", headers);
        assert_eq!(
            (answer.status, answer.header(OFFER)),
            (status, answered),
            "{headers:?}"
        );
    }
}

/// Fails if who answers is closed, or if who does not stays.
fn websockets_own_ping_is_its_heartbeat(form: Form) {
    let hub = form.built(
        |config| {
            config.engine.ping_interval = Duration::from_millis(50);
            config.engine.ping_timeout = SILENCE;
        },
        |builder| builder,
    );
    let mut silent = PlainClient::connect(&hub);
    let mut alive = (0..10)
        .find_map(|_| answers(&hub, 80))
        .expect("one answers in time");
    assert_eq!(silent.socket.closed(), Some(1008));
    assert_eq!(alive.ask("join-channel", json!("lobby"))["ok"], true);
}

/// How long who answers no ping may be there.
const SILENCE: Duration = Duration::from_secs(3);

/// A client that has answered so many pings: none if a busy machine kept it silent for longer than it may be.
fn answers(hub: &Hub, pings: usize) -> Option<PlainClient> {
    let mut said = Instant::now();
    let mut alive = PlainClient::connect(hub);
    // For longer than a silent one may be there.
    for _ in 0..pings {
        match alive.socket.next() {
            Frame::Ping(data) => {
                said = Instant::now();
                alive.socket.frame(0x8a, &data);
            }
            end => {
                let silent = said.elapsed();
                assert!(silent > SILENCE / 2, "{end:?} after {silent:?}");
                return None;
            }
        }
    }
    Some(alive)
}

/// Fails if a client's answer does not come to the handler that asked.
fn a_handler_of_the_hosts_asks_its_client_and_is_answered(form: Form) {
    let ask = async |socket: Socket| {
        let answer: Value = socket.emit_with_ack("riddle", json!({"of": 2})).await?;
        Ok(answer)
    };
    let hub = form.built(
        |_| {},
        |builder| builder.namespace(Namespace::hub("/").on("ask", ask)),
    );
    let mut plain = PlainClient::connect(&hub);
    plain
        .socket
        .text(r#"{"type":"event","event":"ask","id":1.5}"#);
    let riddle = plain.event("riddle");
    assert_eq!(riddle["payload"], json!({"of": 2}));
    let answer = json!({"type": "ack", "id": riddle["id"], "payload": {"is": 4}});
    plain.socket.text(&answer.to_string());
    let ack = plain.message();
    assert_eq!(ack, json!({"type": "ack", "id": 1.5, "payload": {"is": 4}}));
}

/// Fails if what the protocol answers by itself is bounded by nothing: errors and pongs for whoever does not read them.
fn who_asks_and_does_not_read_is_cut_and_little_waits_for_it(form: Form) {
    let hub = form.built(
        |config| {
            config.insecure.no_rate_limits = true;
            config.delivery.stall_timeout = Some(Duration::from_millis(500));
        },
        |builder| builder,
    );
    let id = "x".repeat(60);
    for message in [
        format!(r#"{{"type":"ping","id":"{id}"}}"#),
        format!(r#"{{"type":"shout","id":"{id}"}}"#),
    ] {
        let socket = WebSocket::over(system::narrow(&hub), "/ws");
        let mut client = PlainClient::over(socket);
        let flood = masked(0x81, message.as_bytes()).repeat(100);
        let deadline = Instant::now() + PATIENCE;
        while client.socket.stream.write_all(&flood).is_ok() {
            assert!(Instant::now() < deadline, "it is not cut");
            assert!(hub.metric("dondo_outbox_bytes") < 16 << 20);
        }
    }
    let mut other = PlainClient::connect(&hub);
    assert_eq!(other.ask("join-channel", json!("lobby"))["ok"], true);
}
