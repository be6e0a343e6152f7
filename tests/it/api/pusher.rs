//! Pusher's own server libraries publish into the hub's channels, and nobody does who cannot sign.

use serde_json::{Value, json};

use super::{PUSHER_SECRET, ask_at, hub, member_of};
use crate::support::{Application, Client, Hub};

/// What the libraries' scripts send, as members hear it.
fn heard(hub: &Hub, start: impl FnOnce(&[&str]) -> Application) {
    let (mut orders, mut lobby) = (member_of(hub, "orders"), member_of(hub, "lobby"));
    let address = hub.address();
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let mut script = start(&[&host, &port, PUSHER_SECRET]);
    let mut said = Vec::new();
    while let Some(line) = script.line() {
        said.push(line);
    }
    assert_eq!(said, ["triggered", "batch", "refused"]);
    let next = |client: &mut Client, channel: &str| {
        let letter = client.event(channel)[0].clone();
        assert_eq!(letter["clientId"], "server");
        (
            letter["data"]["event"].clone(),
            letter["data"]["message"].clone(),
        )
    };
    assert_eq!(
        next(&mut orders, "orders"),
        (json!("new"), json!({"order": 7, "é": "ü"}))
    );
    assert_eq!(
        next(&mut lobby, "lobby"),
        (json!("new"), json!({"order": 7, "é": "ü"}))
    );
    assert_eq!(
        next(&mut orders, "orders"),
        (json!("first"), json!("a text"))
    );
    assert_eq!(
        next(&mut orders, "orders"),
        (json!("second"), json!([1, 2]))
    );
}

/// Fails if Pusher's library for Node cannot publish unchanged.
#[test]
fn pushers_library_for_node_publishes_into_channels() {
    heard(&hub(), |arguments| {
        Application::node("pusher.js", arguments)
    });
}

/// Fails if Pusher's library for Python cannot publish unchanged.
#[test]
fn pushers_library_for_python_publishes_into_channels() {
    heard(&hub(), |arguments| {
        Application::python("pusher_server.py", arguments)
    });
}

/// Fails if a request is taken that was not signed, was signed otherwise or long ago, or whose body was changed. The vectors
/// are signed by `openssl`, with a clock of 2015.
#[test]
fn what_is_not_signed_for_this_request_is_refused() {
    let hub = hub();
    let mut member = member_of(&hub, "orders");
    let body = json!({"name": "foo", "channels": ["orders"], "data": "{}"});
    let old = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f";
    for query in [
        String::new(),
        old.to_owned(),
        format!(
            "{old}&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
        ),
        format!("{old}&auth_signature=zz"),
        format!("{old}&auth_signature="),
        "auth_key=x&auth_version=1.0&auth_signature=00".to_owned(),
    ] {
        let (status, said) = ask_at(
            hub.address(),
            "POST",
            &format!("/apps/3/events?{query}"),
            &[],
            &body,
        );
        assert_eq!(
            (status, &said["error"]["code"]),
            (401, &json!("unauthorized")),
            "{query}: {said}"
        );
    }
    assert_eq!(
        ask_at(hub.address(), "POST", "/apps/4/events", &[], &body).0,
        401
    );
    assert_eq!(
        ask_at(hub.address(), "GET", "/apps/3/events", &[], &Value::Null).0,
        405
    );
    member.no_event("orders");
}
