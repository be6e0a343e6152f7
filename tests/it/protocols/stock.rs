//! Clients that others made, on plain WebSockets and event streams.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Application, Client, Hub};

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

fn converses(start: impl FnOnce(&str) -> Application) {
    let mut hub = Hub::with(|config| {
        // So often that a library which does not answer pings by itself is gone before the end.
        config.engine.ping_interval = Duration::from_millis(50);
        config.engine.ping_timeout = Duration::from_secs(5);
    });
    let mut stock = Client::connect(&hub);
    stock.ask("join-channel", &[json!("lobby")]);
    let mut script = start(&hub.url());
    script.say(r#"{"type":"connect"}"#);
    assert_eq!(json_line(&mut script)["type"], "welcome");
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

/// Fails if a browser does not come back by itself, or misses what was said meanwhile, or is told it twice.
#[test]
fn a_browsers_event_source_comes_back_and_is_told_what_it_missed() {
    let hub = Hub::start();
    let query = "channel=lobby";
    let mut browser = Application::node("event_source.js", &[&hub.url(), query, "ack", "lobby"]);
    assert_eq!(json_line(&mut browser)[1]["ok"], true);
    let mut stock = Client::connect(&hub);
    stock.ask("lobby", &[json!("first")]);
    let heard = json_line(&mut browser);
    assert_eq!(
        (&heard[0], &heard[1]["data"]["message"]),
        (&json!("lobby"), &json!("first"))
    );
    drop(stock);
    hub.dondo().of("/").unwrap().disconnect_sockets();
    hub.wait_for("dondo_members", 0);
    // Said where nobody is it would be kept for nobody.
    let mut stock = Client::connect(&hub);
    stock.ask("join-channel", &[json!("lobby")]);
    stock.ask("lobby", &[json!("missed")]);
    let missed = json_line(&mut browser);
    assert_eq!(
        (&missed[0], &missed[1]["data"]["message"]),
        (&json!("lobby"), &json!("missed"))
    );
    let joined = json_line(&mut browser);
    assert_eq!(
        (&joined[0], &joined[1]["replayed"], &joined[1]["complete"]),
        (&json!("ack"), &json!(1), &json!(true)),
        "{joined}"
    );
    stock.ask("lobby", &[json!("last")]);
    assert_eq!(json_line(&mut browser)[1]["data"]["message"], "last");
}
