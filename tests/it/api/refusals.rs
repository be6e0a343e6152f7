//! What the HTTP API refuses before it is looked at, each with its code.

use serde_json::{Value, json};

use super::{KEY, bearer, hub};
use crate::support::http;

/// Fails if a request that nobody can carry out is refused without the code that the catalogue has for it.
#[test]
fn what_is_no_request_of_the_api_has_its_code() {
    let hub = hub();
    let ask = |key: &str, method: &str, path: &str, kind: &str, body: &[u8]| {
        let key = bearer(key);
        let headers = [("Authorization", key.as_str()), ("Content-Type", kind)];
        let mut stream = http::send_at(hub.operators(), method, path, &headers, body);
        let answer = http::read(&mut stream);
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, said["error"]["code"].clone())
    };
    let publish = "/api/v1/publish";
    let good = br#"{"to":{"channel":"a"},"message":1}"#;
    let json = "application/json";
    let large = vec![b' '; 1_000_001];
    for (asked, status, code) in [
        (
            ask(KEY, "PUT", publish, json, good),
            405,
            "method_not_allowed",
        ),
        (
            ask(KEY, "POST", publish, "text/plain", good),
            415,
            "unsupported_media_type",
        ),
        (
            ask(KEY, "POST", publish, json, &large),
            413,
            "payload_too_large",
        ),
        (
            ask(KEY, "POST", "/api/v1/nothing", json, good),
            404,
            "not_found",
        ),
        (
            ask("none", "POST", publish, json, good),
            401,
            "unauthorized",
        ),
    ] {
        assert_eq!(asked, (status, json!(code)));
    }
    let mut guesses = (0..1_000).map(|_| ask("none", "POST", publish, json, good));
    let stopped = guesses.find(|(status, _)| *status == 429);
    assert_eq!(stopped, Some((429, json!("rate_limited"))));
}
