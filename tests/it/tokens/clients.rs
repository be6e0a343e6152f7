//! Stock clients, each with its own way to show a token.

use serde_json::{Value, json};

use super::{Issuer, ada, connect, hub};
use crate::clients::{Kind, Robot};
use crate::signalr::{HubKind, HubRobot};

/// Fails if a stock client cannot come in with a token, or is not known by its name to another one.
#[test]
fn stock_clients_of_socketio_come_in_with_their_tokens() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("robots", |settings| settings.auth.guests = false);
    let mut listener = connect(
        &hub,
        &issuer.sign("HS256", &ada(json!({"sub": "listener"}))),
    );
    assert_eq!(listener.ask("join-channel", &[json!("lobby")])["ok"], true);
    for kind in Kind::ALL {
        let name = format!("{kind:?}");
        let token = issuer.sign("HS256", &ada(json!({"sub": name, "name": name})));
        let mut options = kind.options();
        options["auth"] = json!({ "token": token });
        let mut robot = Robot::start_with(&hub, kind, options);
        robot.tell("connect", &[]);
        robot.event("$connect");
        assert_eq!(robot.ask("lobby", &[json!({"message": "hi"})])["ok"], true);
        assert_eq!(listener.event("lobby")[0]["source"]["userName"], name);
    }
}

/// Fails if a stock client is not told the code, or goes on trying.
#[test]
fn stock_clients_of_socketio_are_told_why_they_are_refused() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("refused-robots", |settings| settings.auth.guests = false);
    let old = issuer.sign("HS256", &ada(json!({"exp": 1})));
    for (auth, code) in [
        (json!({ "token": old }), "token_expired"),
        (json!({}), "unauthorized"),
    ] {
        for kind in [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault] {
            let mut options = kind.options();
            options["auth"] = auth.clone();
            let mut robot = Robot::start_with(&hub, kind, options);
            robot.tell("connect", &[]);
            let refused = robot.event("$connect_error");
            assert_eq!(refused[1]["code"], code, "{kind:?}: {refused:?}");
        }
        for kind in [Kind::PythonPolling, Kind::PythonWebSocket] {
            let mut options = kind.options();
            options["auth"] = auth.clone();
            let mut robot = Robot::start_with(&hub, kind, options);
            let why = robot.tell("refused", &[json!("/")]);
            assert!(
                why.as_str().is_some_and(|why| why.contains("token")),
                "{kind:?}: {why}"
            );
        }
    }
}

/// Fails if Microsoft's client cannot come in with its access token over one of its transports, is heard where its token does
/// not allow it, or comes in without.
#[test]
fn stock_clients_of_signalr_come_in_with_their_access_token() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("signalr", |settings| settings.auth.guests = false);
    let token = issuer.sign(
        "HS256",
        &ada(json!({"dondo": {"join": ["lobby"], "send": ["lobby"]}})),
    );
    for kind in [
        HubKind::WebSocket,
        HubKind::WithoutNegotiation,
        HubKind::Events,
        HubKind::Polling,
        HubKind::Version1Polling,
    ] {
        let more = json!({ "token": token });
        let mut robot = HubRobot::connected_with(&hub, "/chatHub", kind, &more);
        robot.invoke("JoinRoom", &[json!("lobby")]).unwrap();
        let said = [json!("lobby"), json!("Eve"), json!("hi")];
        robot.invoke("SendMessage", &said).unwrap();
        // The token's name goes before the one that the client says.
        assert_eq!(robot.line(), (json!("Ada L."), json!("hi")), "{kind:?}");
        let refused = robot.invoke("JoinRoom", &[json!("other")]).unwrap_err();
        assert!(
            refused.contains("the token does not allow"),
            "{kind:?}: {refused}"
        );
        for token in [
            Value::Null,
            json!("x"),
            json!(issuer.sign("HS256", &ada(json!({"exp": 1})))),
        ] {
            let more = json!({ "token": token });
            let error = HubRobot::refused_with(&hub, "/chatHub", kind, &more);
            assert!(
                kind == HubKind::WithoutNegotiation
                    || ["401", "Unauthorized"]
                        .iter()
                        .any(|status| error.contains(status)),
                "{kind:?}: {error}"
            );
        }
    }
}
