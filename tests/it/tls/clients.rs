//! Stock clients within TLS, whose libraries have their own.

use rustix::process::Signal;
use serde_json::json;

use crate::clients::{Kind, Robot};
use crate::support::{Application, Hub, http, masked, tls};

/// Fails if a client does not come in over TLS, if an upgrade loses what is on its way when the session is another worker's, or
/// if large messages are cut.
#[test]
fn stock_clients_talk_over_every_transport() {
    let hub = Hub::with_tls(|config| config.workers = 4);
    let mut robots: Vec<_> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let mut robot = Robot::start(&hub, kind);
            robot.tell("connect", &[]);
            robot.event("$connect");
            assert_eq!(
                robot.ask("join-channel", &[json!("lobby")])["ok"],
                true,
                "{kind:?}"
            );
            robot
        })
        .collect();
    let long = "x".repeat(300_000);
    for sender in 0..robots.len() {
        for text in ["akwaaba", &long] {
            robots[sender].ask("lobby", &[json!(text)]);
            for robot in &mut robots {
                assert_eq!(
                    robot.event("lobby")[0]["data"]["message"],
                    text,
                    "{:?}",
                    robot.kind
                );
            }
        }
    }
}

/// Fails if a client of another protocol does not come in over TLS.
#[test]
fn clients_of_the_other_protocols_come_in() {
    let hub = Hub::with_tls(|_| {});
    let mut plain = Application::node("plain.js", &[&hub.url()]);
    plain.say(r#"{"type":"connect"}"#);
    assert!(plain.line().unwrap().contains("welcome"));
    let mut python = Application::python("plain.py", &[&hub.url()]);
    python.say(r#"{"type":"connect"}"#);
    assert!(python.line().unwrap().contains("welcome"));
}

/// Fails if the end of a connection within TLS looks as if somebody had cut it: without a close frame, or without the word that
/// TLS has for an end.
#[test]
fn at_the_end_of_the_hub_tls_ends_in_order() {
    let mut hub = Hub::program(&tls::flags());
    let mut client = tls::connect(&hub);
    let target = "/socket.io/?EIO=4&transport=websocket";
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    assert_eq!(http::ask(&mut client, target, &headers).status, 101);
    std::io::Write::write_all(&mut client, &masked(0x81, b"40")).unwrap();
    hub.wait_for("dondo_sessions_alive", 1);
    let mut idle = tls::connect(&hub);
    assert_eq!(http::ask(&mut idle, "/healthz", &[]).status, 200);
    hub.signal(Signal::TERM);
    for (mut client, code) in [(client, Some([0x88, 2, 0x03, 0xe9])), (idle, None)] {
        let mut rest = Vec::new();
        // An end without that word is an error here.
        std::io::Read::read_to_end(&mut client, &mut rest).unwrap();
        assert!(code.is_none_or(|code| rest.ends_with(&code)), "{rest:?}");
    }
    assert!(hub.ended().0.success());
}
