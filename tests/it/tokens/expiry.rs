//! The end of a token's time. That another one takes its place is a test in held time (`src/testing/tests/tokens.rs`).

use serde_json::{Value, json};

use super::{Issuer, ada, connect_error, hub, now};
use crate::signalr::{HubKind, HubRobot};
use crate::support::chat_hub::{HANDSHAKE, records};
use crate::support::{Client, EventReader, Frame, Hub, PlainClient, WebSocket};

/// A token that ends soon, and what was opened with it: sooner than it ends, however slow this machine is.
fn opened<T>(issuer: &mut Issuer, mut open: impl FnMut(&str) -> Option<T>) -> T {
    for seconds in [2, 4, 8, 16, 32] {
        let token = issuer.sign("HS256", &ada(json!({"exp": now() + seconds})));
        if let Some(opened) = open(&token) {
            return opened;
        }
    }
    panic!("nothing opens in its time");
}

fn short_lived(test: &str) -> (Hub, super::KeyFolder) {
    hub(test, |settings| {
        settings.auth.leeway = std::time::Duration::ZERO;
    })
}

/// Fails if a session outlives its token, ends before without being told, or ends in its connection's other namespaces.
#[test]
fn at_the_end_of_its_token_a_client_is_told_and_put_out() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = short_lived("expiry");
    let mut client = opened(&mut issuer, |token| {
        let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
        socket.next_text();
        socket.text(&format!("40{}", json!({ "token": token })));
        socket.next_text().starts_with("40").then_some(socket)
    });
    let told = client.next_text();
    let body = told.strip_prefix("42").unwrap_or_else(|| panic!("{told}"));
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&event[0], &event[1]["code"]),
        (&json!("hub-error"), &json!("token_expired"))
    );
    assert_eq!(client.next_text(), "41");
    // The connection is there for whoever has another one.
    let token = issuer.sign("HS256", &ada(json!({})));
    client.text(&format!("40{}", json!({ "token": token })));
    assert!(client.next_text().starts_with("40{"));
}

/// Fails if what is one namespace alone stays open without one.
#[test]
fn at_the_end_of_its_token_a_connection_of_one_namespace_is_closed() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = short_lived("expiry-plain");
    let mut plain = opened(&mut issuer, |token| {
        let mut socket = WebSocket::open(&hub, "/ws");
        socket.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
        let answer: Value = serde_json::from_str(&socket.next_text()).unwrap();
        (answer["type"] == "welcome").then_some(socket)
    });
    let told: Value = serde_json::from_str(&plain.next_text()).unwrap();
    assert_eq!(told["payload"]["code"], "token_expired", "{told}");
    assert!(matches!(plain.next(), Frame::Close(Some(1008))));
    let mut stream = opened(&mut issuer, |token| {
        let target = format!("/events?channel=lobby&access_token={token}");
        let (answer, mut stream) = EventReader::ask(&hub, &target, &[]);
        // Its time may be over between the answer's head and the first record.
        let mut records = std::iter::from_fn(|| stream.record());
        let is_in = answer.status == 200
            && records.any(|record| record.event.as_deref() == Some("welcome"));
        is_in.then_some(stream)
    });
    assert_eq!(stream.event("hub-error").json()["code"], "token_expired");
    assert!(stream.record().is_none());
    let _ = (PlainClient::connect(&hub), Client::connect(&hub));
    let old = issuer.sign("HS256", &ada(json!({"exp": now()})));
    let refusal = connect_error(&hub, "", &json!({ "token": old }));
    assert_eq!(super::code_of(&refusal), "token_expired");
}

/// Fails if a client of SignalR, whose protocol has one namespace and no `hub-error`, cannot tell the end of its token from
/// any other, or is told not to come back with another token.
#[test]
fn at_the_end_of_its_token_a_client_of_signalr_is_told_the_code_with_the_close() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = short_lived("expiry-signalr");
    let mut socket = opened(&mut issuer, |token| {
        let target = format!("/chatHub?access_token={token}");
        let (answer, mut socket) = WebSocket::handshake(&hub, &target, &[]);
        if answer.status != 101 {
            return None;
        }
        socket.text(HANDSHAKE);
        (records(&socket.next_text())[0] == json!({})).then_some(socket)
    });
    let close = loop {
        let told = records(&socket.next_text()).pop().unwrap();
        if told["type"] == 7 {
            break told;
        }
    };
    assert_eq!(
        close,
        json!({"type": 7, "error": "token_expired: the token has expired", "allowReconnect": true})
    );
    for kind in [HubKind::WebSocket, HubKind::Events, HubKind::Polling] {
        let mut robot = opened(&mut issuer, |token| {
            let more = json!({ "token": token });
            HubRobot::try_connected_with(&hub, "/chatHub", kind, &more).ok()
        });
        let why = robot.closed();
        assert!(
            why.as_str()
                .is_some_and(|why| why.contains("token_expired")),
            "{kind:?}: {why}"
        );
    }
}
