//! Clients that others made, on plain WebSockets and event streams.

use std::collections::VecDeque;
use std::time::Duration;

use dondo::SocketId;
use serde_json::{Value, json};

use crate::support::chat_hub::{HANDSHAKE, RS, records};
use crate::support::{Application, Client, Hub, PlainClient};

fn json_line(script: &mut Application) -> Value {
    let line = script.line().expect("it goes on");
    serde_json::from_str(&line).expect(&line)
}

/// The next event of this name in dondo.1.
fn event(script: &mut Application, name: &str) -> Value {
    loop {
        let message = json_line(script);
        if message["event"] == json!(name) {
            return message["payload"].clone();
        }
    }
}

/// Fails if a library is not there any more once it has said nothing for longer than the hub waits for an answer to its pings, or
/// cannot say or hear texts and bytes.
fn converses(start: impl FnOnce(&str) -> Application) {
    let mut hub = Hub::with(|config| {
        config.engine.ping_interval = Duration::from_millis(50);
        // Longer than a machine keeps a script, or the test, from its pong.
        config.engine.ping_timeout = Duration::from_secs(10);
    });
    let mut script = start(&hub.url());
    script.say(r#"{"type":"connect"}"#);
    assert_eq!(json_line(&mut script)["type"], "welcome");
    // It says nothing for longer than this one, which answers no pings.
    let mut mute = PlainClient::connect(&hub);
    mute.socket.closed();
    hub.wait_for("dondo_closes_total{reason=\"ping timeout\"}", 1);
    let mut stock = Client::connect(&hub);
    stock.ask("join-channel", &[json!("lobby")]);
    script.say(r#"{"type":"event","event":"join-channel","payload":"lobby","id":1}"#);
    event(&mut script, "join-channel");
    stock.event("join-channel");
    for number in 0..20 {
        script.say(&format!(
            r#"{{"type":"event","event":"lobby","payload":{number}}}"#
        ));
        assert_eq!(stock.event("lobby")[0]["data"]["message"], number);
        assert_eq!(event(&mut script, "lobby")["data"]["message"], number);
    }
    stock
        .socket
        .text(r#"451-["lobby",{"_placeholder":true,"num":0}]"#);
    stock.socket.binary(b"\x00\xff");
    event(&mut script, "lobby");
    assert_eq!(script.line().as_deref(), Some("binary 00ff"));
    hub.stop();
    let end = std::iter::from_fn(|| script.line()).find(|line| line.starts_with("closed"));
    assert_eq!(end.as_deref(), Some("closed 1001"));
}

#[test]
fn nodes_ws_holds_a_conversation() {
    converses(|url| Application::node("plain.js", &[url]));
}

#[test]
fn pythons_websocket_client_holds_a_conversation() {
    converses(|url| Application::python("plain.py", &[url]));
}

/// A bare WebSocket of `websockets`, which knows none of the hub's protocols.
fn bare(url: &str, path: &str, offered: Option<&str>) -> Application {
    let offered: Vec<&str> = offered.into_iter().collect();
    let mut script = Application::python("bare.py", &[&[url, path], &offered[..]].concat());
    // It asks for compression, too, as browsers do.
    let chosen = format!(
        "subprotocol {} extensions None",
        offered.first().unwrap_or(&"None")
    );
    assert_eq!(script.line(), Some(chosen));
    script
}

/// Fails if a client must offer a subprotocol, or is not given the one that it offers.
#[test]
fn a_bare_websocket_holds_a_conversation_with_and_without_the_subprotocol() {
    for offered in [Some("dondo.1"), None] {
        converses(|url| bare(url, "/ws", offered));
    }
}

/// Fails if an answer is lost, comes twice or in another order, or a close is not answered with its code.
#[test]
fn a_bare_websocket_has_its_echo() {
    let hub = Hub::with(|config| config.endpoints.echo = Some("/echo/".to_owned()));
    let mut script = bare(&hub.url(), "/echo", None);
    let texts: Vec<String> = (0..500).map(|number| format!("é {number}")).collect();
    for text in &texts {
        script.say(text);
    }
    for text in texts {
        assert_eq!(script.line(), Some(format!("Server Response: {text}")));
    }
    script.close_input();
    assert_eq!(script.line().as_deref(), Some("closed 1000"));
    assert_eq!(script.line(), None);
    hub.wait_for("dondo_sessions_alive", 0);
}

/// Fails if a client that shakes hands by itself, without negotiation or a library, is no member as the others are, or is granted
/// an extension.
#[test]
fn a_bare_websocket_shakes_hands_with_the_chat_hub_by_itself() {
    let mut hub = Hub::start();
    let mut stock = Client::connect(&hub);
    stock.ask("join-channel", &[json!("lobby")]);
    let mut script = bare(&hub.url(), "/chatHub", None);
    script.say(HANDSHAKE);
    assert_eq!(script.line(), Some(format!("{{}}{RS}")));
    let call = |id: &str, method: &str, args: Value| {
        let call = json!({"type": 1, "invocationId": id, "target": method, "arguments": args});
        format!("{call}{RS}")
    };
    // The next record that answers a call, or is a message of somebody's. One message may hold several.
    let mut told: VecDeque<Value> = VecDeque::new();
    let mut next = |script: &mut Application| loop {
        let Some(record) = told.pop_front() else {
            told.extend(records(&script.line().expect("it goes on")));
            continue;
        };
        let system = record["arguments"][0] == "System" || record["target"] == "online-users";
        if record["type"] != 6 && !system {
            return record;
        }
    };
    script.say(&format!("{{\"type\":6}}{RS}"));
    script.say(&call("1", "JoinRoom", json!(["lobby"])));
    assert_eq!(next(&mut script), json!({"type": 3, "invocationId": "1"}));
    script.say(&call("2", "SendMessage", json!(["lobby", "Efua", "hello"])));
    let heard = json!({"type": 1, "target": "ReceiveMessage", "arguments": ["Efua", "hello"]});
    assert_eq!(next(&mut script), heard);
    assert_eq!(next(&mut script), json!({"type": 3, "invocationId": "2"}));
    assert_eq!(stock.event("lobby")[0]["data"]["message"], "hello");
    let letter = json!({"data": {"message": "back"}, "source": {"userName": "Kojo"}});
    assert_eq!(stock.ask("lobby", &[letter])["recipients"], 2);
    assert_eq!(next(&mut script)["arguments"], json!(["Kojo", "back"]));
    script.say(&call("3", "Nobody", json!([])));
    let refused = next(&mut script);
    assert!(refused["error"].is_string(), "{refused}");
    hub.stop();
    let last: Vec<String> = std::iter::from_fn(|| script.line()).collect();
    let told = format!("{{\"type\":7,\"allowReconnect\":true}}{RS}");
    assert!(
        last.ends_with(&[told, "closed 1001".to_owned()]),
        "{last:?}"
    );
}

/// Fails if a browser does not come back by itself, or misses what was said meanwhile, or is told it twice.
#[test]
fn a_browsers_event_source_comes_back_and_is_told_what_it_missed() {
    let hub = Hub::start();
    let events = ["welcome", "ack", "lobby"];
    let url = hub.url();
    let asked = [&[&*url, "channel=lobby"], &events[..]].concat();
    let mut browser = Application::node("event_source.js", &asked);
    let welcomed = |browser: &mut Application| {
        let welcome = json_line(browser);
        assert_eq!(welcome[0], "welcome");
        welcome[1]["clientId"].as_str().unwrap().to_owned()
    };
    let mut id = welcomed(&mut browser);
    assert_eq!(json_line(&mut browser)[1]["ok"], true);
    // Said where nobody is in it would be kept for nobody.
    let mut stock = Client::connect(&hub);
    stock.ask("join-channel", &[json!("lobby")]);
    stock.ask("lobby", &[json!("first")]);
    let heard = json_line(&mut browser);
    assert_eq!(
        (&heard[0], &heard[1]["data"]["message"]),
        (&json!("lobby"), &json!("first"))
    );
    let namespace = hub.dondo().of("/").unwrap();
    for round in 0.. {
        namespace.to(SocketId::new(&*id)).disconnect_sockets();
        while stock.event("leave-channel")[0]["clientId"] != json!(id) {}
        let missed = json!(format!("missed {round}"));
        stock.ask("lobby", std::slice::from_ref(&missed));
        id = welcomed(&mut browser);
        let told = [(); 2].map(|()| json_line(&mut browser));
        let of = |name: &str| {
            let one = told.iter().find(|line| line[0] == name);
            &one.unwrap_or_else(|| panic!("no {name}: {told:?}"))[1]
        };
        assert_eq!(of("lobby")["data"]["message"], missed);
        assert_eq!(of("ack")["complete"], true, "{told:?}");
        if of("ack")["replayed"] == 1 {
            assert_eq!(told[0][0], "lobby", "{told:?}");
            break;
        }
        // It was back before that was said, three seconds later: the machine stood still for so long.
        assert!(round < 5, "it is never told of former times: {told:?}");
    }
    stock.ask("lobby", &[json!("last")]);
    assert_eq!(json_line(&mut browser)[1]["data"]["message"], "last");
}
