//! A token that is taken back before its end, over all protocols.

use serde_json::{Value, json};

use super::{Issuer, ada, code_of, connect_error, hub};
use crate::api::{KeysFile, READER, ask, ask_at, bearer as bearer_of, get};
use crate::signalr::{HubKind, HubRobot};
use crate::support::{EventReader, Frame, Hub, WebSocket};

/// Opens a connection with a token in its CONNECT.
fn opened(hub: &Hub, token: &str) -> WebSocket {
    let mut socket = WebSocket::open(hub, "/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text(&format!("40{}", json!({ "token": token })));
    let answer = socket.next_text();
    assert!(answer.starts_with("40{"), "{answer}");
    socket
}

/// Fails if whoever came with a token that is revoked stays, over whichever protocol, does not hear why, comes in again or
/// takes it for another; or if it costs others of the same account their connection.
#[test]
fn a_token_that_is_revoked_is_good_for_nobody_from_then_on() {
    let mut issuer = Issuer::start();
    let keys = KeysFile::new();
    let (hub, _folder) = hub("revoked", |settings| {
        settings.api.keys_file = Some(keys.path().into());
    });
    let lost = issuer.sign("HS256", &ada(json!({"jti": "lost"})));
    let kept = issuer.sign("HS256", &ada(json!({"jti": "kept"})));
    let mut bearer = opened(&hub, &lost);
    let mut plain = WebSocket::open(&hub, "/ws");
    plain.text(&json!({"type": "connect", "auth": {"token": lost}}).to_string());
    assert!(plain.next_text().contains("welcome"));
    let target = format!("/events?channel=lobby&access_token={lost}");
    let (answer, mut stream) = EventReader::ask(&hub, &target, &[]);
    assert_eq!(answer.status, 200);
    // It is let in behind that, and might be refused by then.
    stream.event("welcome");
    let more = json!({ "token": lost });
    let mut robot = HubRobot::connected_with(&hub, "/chatHub", HubKind::WebSocket, &more);
    let mut other = opened(&hub, &kept);
    let revoke = |id: &str, time: Value| {
        let mut body = json!({ "id": id });
        if !time.is_null() {
            body["for"] = time;
        }
        ask(&hub, "POST", "tokens/revoke", &body)
    };
    let (status, said) = revoke("lost", json!("2h"));
    assert_eq!((status, &said["id"]), (200, &json!("lost")), "{said}");
    let told = bearer.next_text();
    assert!(
        told.starts_with("42[\"hub-error\"") && told.contains("token_revoked"),
        "{told}"
    );
    assert_eq!(bearer.next_text(), "41");
    assert!(plain.next_text().contains("token_revoked"));
    assert!(matches!(plain.next(), Frame::Close(Some(1008))));
    assert_eq!(stream.event("hub-error").json()["code"], "token_revoked");
    assert!(stream.record().is_none());
    let why = robot.closed();
    assert!(
        why.as_str()
            .is_some_and(|why| why.contains("token_revoked")),
        "{why}"
    );
    let refusal = connect_error(&hub, "", &json!({ "token": lost }));
    assert_eq!(code_of(&refusal), "token_revoked");
    other.text(&format!("420[\"auth\",{}]", json!(lost)));
    assert!(other.next_text().contains("token_revoked"));
    other.text(&format!("421[\"auth\",{}]", json!(kept)));
    assert!(other.next_text().contains("\"ok\":true"));
    let (status, said) = revoke("lost", Value::Null);
    assert_eq!((status, &said["error"]["field"]), (400, &json!("for")));
}

/// Fails if a revocation that is lifted holds still, anywhere, is listed still, or is lifted by whoever may not or for another
/// token; or if one that is given again behind that does not hold.
#[test]
fn a_revocation_that_is_lifted_lets_its_token_in_again() {
    let mut issuer = Issuer::start();
    let keys = KeysFile::new();
    let (hub, _folder) = hub("lifted", |settings| {
        settings.api.keys_file = Some(keys.path().into());
    });
    let (id, other) = ("lost & found/%", "other");
    let token = issuer.sign("HS256", &ada(json!({ "jti": id })));
    let forever = issuer.sign("HS256", &ada(json!({ "jti": other })));
    let revoke = |id: &str| {
        let (status, said) = ask(
            &hub,
            "POST",
            "tokens/revoke",
            &json!({"id": id, "for": "1h"}),
        );
        assert_eq!(status, 200, "{said}");
    };
    let lift = |query: &str| {
        ask(
            &hub,
            "DELETE",
            &format!("tokens/revoke{query}"),
            &Value::Null,
        )
    };
    let query = "?id=lost%20%26%20found%2F%25";
    let is_refused = |token: &str| {
        let refusal = connect_error(&hub, "", &json!({ "token": token }));
        assert_eq!(code_of(&refusal), "token_revoked");
    };
    assert_eq!(lift(query), (200, json!({"ok": true, "lifted": false})));
    revoke(other);
    for _ in 0..2 {
        let mut bearer = opened(&hub, &token);
        revoke(id);
        assert!(bearer.next_text().contains("token_revoked"));
        is_refused(&token);
        let reader = bearer_of(READER);
        let (status, _) = ask_at(
            hub.operators(),
            "DELETE",
            &format!("tokens/revoke{query}"),
            &[("Authorization", &reader)],
            &Value::Null,
        );
        assert_eq!(status, 403);
        is_refused(&token);
        assert_eq!(lift(query), (200, json!({"ok": true, "lifted": true})));
        assert_eq!(get(&hub, "tokens/revoked")["tokens"][0]["id"], other);
        assert_eq!(get(&hub, "tokens/revoked?count=true")["count"], 1);
        let mut plain = WebSocket::open(&hub, "/ws");
        plain.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
        assert!(plain.next_text().contains("welcome"));
        is_refused(&forever);
    }
    opened(&hub, &token);
    for (query, field) in [("", "id"), ("?id=", "id"), ("?jti=7", "jti")] {
        let (status, said) = lift(query);
        assert_eq!(
            (status, &said["error"]["field"]),
            (400, &json!(field)),
            "{query}"
        );
    }
    let (status, said) = lift(&format!("?id={}", "x".repeat(257)));
    assert_eq!((status, &said["error"]["field"]), (400, &json!("id")));
}

/// Fails if a session that was opened with a token comes in by it after that was taken back.
#[test]
fn a_session_that_is_older_than_the_revocation_lets_nobody_in() {
    let mut issuer = Issuer::start();
    let keys = KeysFile::new();
    let (hub, _folder) = hub("revoked-later", |settings| {
        settings.api.keys_file = Some(keys.path().into());
    });
    let token = issuer.sign("HS256", &ada(json!({"jti": "lost"})));
    let target = format!("/socket.io/?EIO=4&transport=websocket&access_token={token}");
    let mut socket = WebSocket::open(&hub, &target);
    socket.next_text();
    let (status, said) = ask(
        &hub,
        "POST",
        "tokens/revoke",
        &json!({"id": "lost", "for": "1h"}),
    );
    assert_eq!(status, 200, "{said}");
    for _ in 0..2 {
        socket.text("40");
        let refusal = socket.next_text();
        assert!(
            refusal.starts_with("44{") && refusal.contains("token_revoked"),
            "{refusal}"
        );
    }
}
