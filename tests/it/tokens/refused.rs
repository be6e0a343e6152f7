//! Tokens that are no good, and none at all.

use serde_json::{Value, json};

use super::{Issuer, ada, code_of, connect, connect_error, hub, now, seen};
use crate::support::{Client, EventReader, Hub, WebSocket, http};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// An unsigned token.
fn unsigned(alg: &str, claims: &Value) -> String {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let header = json!({"alg": alg, "typ": "JWT"});
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&header), part(claims))
}

/// Fails if a token that is no good lets somebody in, as its bearer or as a guest, or has another code than its fault.
#[test]
fn a_token_that_is_no_good_lets_nobody_in() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("no-good", |_| {});
    let good = issuer.sign("HS256", &ada(json!({})));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let refused = [
        (
            "token_expired",
            issuer.sign("HS256", &ada(json!({"exp": now() - 31}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"nbf": now() + 3600}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &json!({"sub": "ada"})),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &json!({"exp": now() + 3600})),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"sub": "\u{202e}ada"}))),
        ),
        // Nobody could take these back by their ids.
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"jti": 7}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"jti": ""}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"jti": "j".repeat(257)}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"room": "desk"}))),
        ),
        (
            "token_invalid",
            issuer.sign("HS256", &ada(json!({"dondo": {"jion": []}}))),
        ),
        ("token_foreign", issuer.forge("RS256", &ada(json!({})))),
        ("token_invalid", unsigned("none", &ada(json!({})))),
        ("token_invalid", unsigned("NONE", &ada(json!({})))),
        ("token_foreign", unsigned("HS256", &ada(json!({})))),
        ("token_foreign", format!("{head}.")),
        ("token_invalid", head.to_owned()),
        ("token_foreign", format!("{head}.{}", &signature[1..])),
        ("token_invalid", "not a token".to_owned()),
        ("token_invalid", "a".repeat(100_000)),
    ];
    for (code, token) in &refused {
        let refusal = connect_error(&hub, "", &json!({ "token": token }));
        assert_eq!(code_of(&refusal), *code, "{token:.200}: {refusal}");
        let said = refusal.to_string();
        assert!(token.len() < 20 || !said.contains(token.as_str()), "{said}");
    }
    for no_text in [json!(1), json!({"a": 1}), json!([good])] {
        let refusal = connect_error(&hub, "", &json!({ "token": no_text }));
        assert_eq!(code_of(&refusal), "token_invalid");
    }
}

/// Fails if somebody comes in without a token where guests are off, over whatever protocol, or a guest is refused where they
/// are on.
#[test]
fn guests_come_in_where_the_setting_says_so() {
    let (open, _folder) = hub("guests-on", |_| {});
    assert_eq!(seen(&mut Client::connect(&open)), "Eve");
    let (closed, _folder) = hub("guests-off", |settings| {
        settings.auth.guests = false;
        settings.endpoints.echo = Some("/echo/".to_owned());
    });
    for auth in [
        Value::Null,
        json!({}),
        json!({"token": ""}),
        json!({"token": null}),
    ] {
        assert_eq!(
            code_of(&connect_error(&closed, "", &auth)),
            "unauthorized",
            "{auth}"
        );
    }
    let mut plain = WebSocket::open(&closed, "/ws");
    plain.text(r#"{"type":"connect"}"#);
    let refusal: Value = serde_json::from_str(&plain.next_text()).unwrap();
    assert_eq!(
        (&refusal["type"], code_of(&refusal)),
        (&json!("refused"), "unauthorized")
    );
    assert_eq!(plain.closed(), Some(1008));
    assert_eq!(answers(&closed, ""), vec!["unauthorized"; 4]);
    let (answer, _) = WebSocket::handshake(&closed, "/echo", &[]);
    assert_eq!(answer.status, 401);
    // A refused client may try again over the same connection.
    let mut issuer = Issuer::start();
    let token = issuer.sign("HS256", &ada(json!({})));
    let mut socket = WebSocket::open(&closed, "/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text("40");
    assert!(socket.next_text().starts_with("44"));
    socket.text(&format!("40{}", json!({ "token": token })));
    assert!(socket.next_text().starts_with("40{"));
}

/// The codes of the answers to requests that open sessions with these parameters, where a protocol has no CONNECT.
fn answers(hub: &Hub, query: &str) -> Vec<String> {
    let negotiate = format!("/chatHub/negotiate?negotiateVersion=1{query}");
    let negotiated = http::request(hub, "POST", &negotiate, &[], b"");
    let (switched, _) = WebSocket::handshake(hub, &format!("/chatHub?x=1{query}"), &[]);
    let streamed = http::get(hub, &format!("/events?channel=lobby{query}"));
    let accept = [("Accept", "text/event-stream")];
    let (told, _) = EventReader::ask(hub, &format!("/events?channel=lobby{query}"), &accept);
    assert_eq!(
        (told.status, told.header("Cache-Control")),
        (401, Some("no-store"))
    );
    let answers = [negotiated, switched, streamed];
    let mut codes: Vec<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"));
            assert_eq!(answer.header("Content-Type"), Some("application/json"));
            let body: Value = serde_json::from_str(&answer.text()).unwrap();
            code_of(&body).to_owned()
        })
        .collect();
    codes.extend(codes.first().cloned());
    codes
}

/// Fails if what has no CONNECT opens with a bad token, with another status, or without the code.
#[test]
fn a_bad_token_in_an_address_is_answered_with_401_and_its_code() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("address", |_| {});
    let old = issuer.sign("HS256", &ada(json!({"exp": 1})));
    let foreign = issuer.forge("EdDSA", &ada(json!({})));
    for (token, code) in [
        (&old, "token_expired"),
        (&foreign, "token_foreign"),
        (&"x".to_owned(), "token_invalid"),
    ] {
        for parameter in ["access_token", "token"] {
            let found = answers(&hub, &format!("&{parameter}={token}"));
            assert_eq!(found, vec![code; 4], "{parameter}");
        }
        // What has one is told in its own words, and opens before.
        let refusal = connect_error(&hub, &format!("&token={token}"), &Value::Null);
        assert_eq!(code_of(&refusal), code);
        assert_eq!(
            http::get(&hub, &format!("{POLLING}&token={token}")).status,
            200
        );
    }
    let good = issuer.sign("HS256", &ada(json!({})));
    assert_eq!(seen(&mut connect(&hub, &good)), "Ada L.");
}
