//! Rooms that a token opens.

use serde_json::{Value, json};

use super::{Issuer, ada, hub, now};
use crate::support::Client;

fn join(client: &mut Client, token: Value, more: Value) -> Value {
    let mut data = json!({"roomId": "desk", "token": token});
    for (name, value) in more.as_object().unwrap() {
        data[name] = value.clone();
    }
    client.ask("join-room", &[json!({ "data": data })])
}

/// Fails if a room by token opens without one, or to one that is not for it, or if a token is told to the others.
#[test]
fn a_room_by_token_opens_to_its_token_alone() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("rooms", |_| {});
    let of = |claims: Value| {
        let mut all = json!({"room": "desk", "exp": now() + 3600});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    let good = issuer.sign("HS256", &of(json!({})));
    let other = issuer.sign("HS256", &of(json!({"room": "other"})));
    let sales = issuer.sign("HS256", &of(json!({"channel": "sales"})));
    let adas = issuer.sign("HS256", &of(json!({"sub": "ada"})));
    let old = issuer.sign("HS256", &of(json!({"exp": 1})));
    let foreign = issuer.forge("ES256", &of(json!({})));
    let login = issuer.sign("HS256", &ada(json!({})));
    let mut maker = Client::connect(&hub);
    let private = json!({"access": "token"});
    assert_eq!(
        join(&mut maker, json!(null), private.clone())["code"],
        "not_invited"
    );
    let made = join(&mut maker, json!(good), private);
    assert_eq!(
        (&made["ok"], &made["access"], &made["created"]),
        (&json!(true), &json!("token"), &json!(true))
    );
    let told = maker.event("join-room");
    assert!(!told[0].to_string().contains(&good), "{told:?}");
    let mut guest = Client::connect(&hub);
    for (token, code) in [
        (json!(null), "not_invited"),
        (json!(other), "forbidden"),
        (json!(sales), "forbidden"),
        (json!(adas), "forbidden"),
        (json!(login), "forbidden"),
        (json!(old), "token_expired"),
        (json!(foreign), "token_foreign"),
        (json!("nonsense"), "token_invalid"),
        (json!(7), "bad_payload"),
    ] {
        let refused = join(&mut guest, token, json!({}));
        assert_eq!(
            (&refused["ok"], &refused["code"]),
            (&json!(false), &json!(code)),
            "{refused}"
        );
    }
    let said = json!({"data": {"roomId": "desk", "message": "hi"}});
    assert_eq!(guest.ask("notify-room", &[said])["code"], "forbidden");
    let joined = join(&mut guest, json!(good), json!({}));
    assert_eq!(
        (&joined["ok"], &joined["onlineUsers"]),
        (&json!(true), &json!(2))
    );
    let mut named = super::connect(&hub, &login);
    assert_eq!(join(&mut named, json!(adas), json!({}))["ok"], true);
    // A token of a room lets nobody into the hub.
    let refusal = super::connect_error(&hub, "", &json!({ "token": good }));
    assert_eq!(super::code_of(&refusal), "token_invalid");
}
