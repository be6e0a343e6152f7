//! What a backend says: who hears it, in which form and order, and how often.

use serde_json::{Value, json};

use super::{KEY, ask, bearer, hub, joins, logged_in, member_of, publish};
use crate::support::{Client, EventReader, PlainClient, http};

/// Fails if some protocol's members do not hear it, or hear it otherwise than what a member says.
#[test]
fn members_of_every_protocol_hear_a_backend_as_they_hear_each_other() {
    let hub = hub();
    let mut socket = member_of(&hub, "lobby");
    let mut plain = PlainClient::connect(&hub);
    assert_eq!(plain.ask("join-channel", json!("lobby"))["ok"], true);
    let mut events = EventReader::open(&hub, "/events?channel=lobby");
    events.event("join-channel");
    let said = publish(
        &hub,
        &json!({
            "to": {"channel": "lobby"},
            "message": {"order": 7},
            "data": {"kind": "new"},
            "userName": "shop",
        }),
    );
    assert_eq!(said["recipients"], 3, "{said}");
    assert_eq!(
        (&said["ok"], &said["event"], &said["channel"]),
        (&json!(true), &json!("lobby"), &json!("lobby"))
    );
    let heard = socket.event("lobby")[0].clone();
    let form = json!({
        "data": {"message": {"order": 7}, "roomId": null, "roomChannel": "lobby", "kind": "new"},
        "time": heard["time"],
        "clientId": "server",
        "source": {
            "platform": "server", "appName": "dondo", "appVersion": env!("CARGO_PKG_VERSION"),
            "clientId": "server", "userName": "shop", "verified": true, "channel": "lobby",
        },
    });
    assert_eq!(heard, form);
    assert!(heard["time"].is_string());
    assert_eq!(plain.event("lobby")["payload"], form);
    assert_eq!(events.event("lobby").json(), form);
    // What members hear of each other has the same fields.
    let of_member = {
        let mut other = member_of(&hub, "lobby");
        other.ask("lobby", &[json!({"data": {"message": 1}})]);
        socket.event("lobby")[0].clone()
    };
    let fields = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&of_member), fields(&form));
    let mut source = form["source"].clone();
    // A guest's word for its name is its own.
    source.as_object_mut().unwrap().remove("verified");
    assert_eq!(fields(&of_member["source"]), fields(&source));
}

/// Fails if what a backend says is not in the history, or its position is another one.
#[test]
fn what_a_backend_says_is_told_those_who_join_later() {
    let hub = hub();
    let _there = member_of(&hub, "lobby");
    let first = publish(&hub, &json!({"to": {"channel": "lobby"}, "message": "one"}));
    publish(&hub, &json!({"to": {"channel": "lobby"}, "message": "two"}));
    let mut late = Client::connect(&hub);
    let since = json!({"data": {"roomChannel": "lobby", "since": first["position"]}});
    let joined = late.ask("join-channel", &[since]);
    assert_eq!(
        (&joined["replayed"], &joined["complete"]),
        (&json!(1), &json!(true)),
        "{joined}"
    );
    assert_eq!(late.event("lobby")[0]["data"]["message"], "two");
    let nobody = publish(&hub, &json!({"to": {"channel": "empty"}, "message": "one"}));
    assert_eq!(
        (&nobody["recipients"], &nobody["position"]),
        (&json!(0), &Value::Null)
    );
}

/// Fails if a batch is said out of order, or a part of one that is wrong.
#[test]
fn a_batch_is_said_in_order_or_not_at_all() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let message = |number: usize| json!({"to": {"channel": "lobby"}, "message": number});
    let messages: Vec<Value> = (0..100).map(message).collect();
    let (status, said) = ask(&hub, "POST", "batch", &json!({"messages": messages}));
    assert_eq!((status, &said["ok"]), (200, &json!(true)), "{said}");
    assert_eq!(said["results"].as_array().unwrap().len(), 100);
    for number in 0..100 {
        assert_eq!(member.event("lobby")[0]["data"]["message"], number);
    }
    let mut wrong = messages.clone();
    wrong[7] = json!({"to": {"channel": "join-room"}, "message": 7});
    let (status, said) = ask(&hub, "POST", "batch", &json!({"messages": wrong}));
    assert_eq!(status, 400);
    assert_eq!(said["error"]["code"], "reserved_name");
    assert_eq!(said["error"]["field"], "messages[7].to.channel");
    for count in [0, 101] {
        let messages = vec![message(0); count];
        assert_eq!(
            ask(&hub, "POST", "batch", &json!({"messages": messages})).0,
            400
        );
    }
    publish(&hub, &message(1000));
    assert_eq!(
        member.event("lobby")[0]["data"]["message"],
        1000,
        "nothing of it was said"
    );
}

/// Fails if others hear what one client, one account or one room is told, or those who are meant do not.
#[test]
fn rooms_members_accounts_and_everyone_are_told_each_for_themselves() {
    let hub = hub();
    let (mut ama, mut again, mut kofi) = (
        logged_in(&hub, "ama"),
        logged_in(&hub, "ama"),
        logged_in(&hub, "kofi"),
    );
    let id = joins(&mut kofi, "lobby");
    let in_room =
        |channel: Option<&str>| json!({"data": {"roomId": "den", "roomChannel": channel}});
    assert_eq!(ama.ask("join-room", &[in_room(Some("lobby"))])["ok"], true);
    assert_eq!(kofi.ask("join-room", &[in_room(Some("sales"))])["ok"], true);
    let tell = |to: Value, message: &str| {
        publish(&hub, &json!({"to": to, "message": message}))["recipients"].clone()
    };
    assert_eq!(tell(json!({"account": "ama"}), "account"), 2);
    assert_eq!(tell(json!({"account": "nobody"}), "none"), 0);
    assert_eq!(tell(json!({"member": id}), "member"), 1);
    assert_eq!(tell(json!({"member": "nobody"}), "none"), 0);
    assert_eq!(tell(json!({"room": "den", "channel": "lobby"}), "room"), 1);
    assert_eq!(tell(json!({"room": "den"}), "rooms"), 2);
    assert_eq!(tell(json!({"everyone": true}), "all"), 3);
    let heard = |client: &mut Client, event: &str| {
        client.event(event)[0]["data"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        [heard(&mut ama, "message"), heard(&mut ama, "message")],
        ["account", "all"]
    );
    assert_eq!(
        [heard(&mut again, "message"), heard(&mut again, "message")],
        ["account", "all"]
    );
    assert_eq!(
        [heard(&mut kofi, "message"), heard(&mut kofi, "message")],
        ["member", "all"]
    );
    assert_eq!(
        [
            heard(&mut ama, "notify-room"),
            heard(&mut ama, "notify-room")
        ],
        ["room", "rooms"]
    );
    assert_eq!(heard(&mut kofi, "notify-room"), "rooms");
    again.no_event("notify-room");
    // Once gone, an account is nobody.
    drop((ama, again));
    hub.wait_for("dondo_members", 1);
    assert_eq!(tell(json!({"account": "ama"}), "late"), 0);
}

/// Fails if a private room takes nothing from who runs the hub.
#[test]
fn a_private_room_hears_the_backend() {
    let hub = hub();
    let mut owner = Client::connect(&hub);
    let private = json!({"data": {"roomId": "safe", "access": "invite"}});
    assert_eq!(owner.ask("join-room", &[private])["access"], "invite");
    let said = publish(&hub, &json!({"to": {"room": "safe"}, "message": "hi"}));
    assert_eq!(said["recipients"], 1);
    assert_eq!(owner.event("notify-room")[0]["clientId"], "server");
}

/// Fails if an event's name is another one than was asked for, or one of the hub's own can be forged.
#[test]
fn an_event_has_the_name_that_it_is_given_but_none_of_the_hubs_own() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let named = |event: &str| json!({"to": {"channel": "lobby"}, "event": event, "data": {"a": 1}});
    assert_eq!(
        publish(&hub, &named("order-changed"))["event"],
        "order-changed"
    );
    let heard = member.event("order-changed");
    assert_eq!(
        heard[0]["data"],
        json!({"message": "", "roomId": null, "roomChannel": "lobby", "a": 1})
    );
    for event in [
        "join-channel",
        "disconnect",
        "connect_error",
        "online-users",
        "auth",
        "",
        "a\nb",
    ] {
        let (status, said) = ask(&hub, "POST", "publish", &named(event));
        assert_eq!(status, 400, "{event}: {said}");
    }
}

/// Fails if a request that is not in order is answered with another field than the one at fault, or is said all the same.
#[test]
fn what_is_wrong_is_named_by_its_field() {
    let hub = hub();
    let deep = "[".repeat(100_000);
    let lobby = json!({"channel": "lobby"});
    for (body, field, code) in [
        (json!({"to": lobby}), None, "bad_payload"),
        (json!({"message": 1}), Some("to"), "bad_payload"),
        (
            json!({"to": lobby, "mesage": 1}),
            Some("mesage"),
            "bad_payload",
        ),
        (json!({"to": {}, "message": 1}), Some("to"), "bad_payload"),
        (
            json!({"to": {"chanel": "x"}, "message": 1}),
            Some("to.chanel"),
            "bad_payload",
        ),
        (
            json!({"to": {"channel": "a", "member": "b"}, "message": 1}),
            Some("to"),
            "bad_payload",
        ),
        (
            json!({"to": {"channel": 7}, "message": 1}),
            Some("to.channel"),
            "bad_payload",
        ),
        (
            json!({"to": {"channel": ""}, "message": 1}),
            Some("to.channel"),
            "invalid_name",
        ),
        (
            json!({"to": {"channel": "x".repeat(257)}, "message": 1}),
            Some("to.channel"),
            "invalid_name",
        ),
        (
            json!({"to": {"channel": "notify-room"}, "message": 1}),
            Some("to.channel"),
            "reserved_name",
        ),
        (
            json!({"to": {"everyone": false}, "message": 1}),
            Some("to.everyone"),
            "bad_payload",
        ),
        (json!({"to": lobby, "data": 7}), Some("data"), "bad_payload"),
        (
            json!({"to": lobby, "message": 1, "namespace": "/none"}),
            Some("namespace"),
            "not_found",
        ),
        (
            json!({"to": lobby, "message": 1, "userName": "\u{202e}x"}),
            None,
            "invalid_name",
        ),
    ] {
        let (status, said) = ask(&hub, "POST", "publish", &body);
        assert!([400, 404].contains(&status), "{body}: {said}");
        let error = &said["error"];
        assert_eq!(
            (error["field"].as_str(), error["code"].as_str()),
            (field, Some(code)),
            "{body}: {said}"
        );
    }
    let key = bearer(KEY);
    let sent = |kind: &str, body: &[u8]| {
        let headers = [("Authorization", key.as_str()), ("Content-Type", kind)];
        let mut stream = http::send_at(hub.operators(), "POST", "/api/v1/publish", &headers, body);
        http::read(&mut stream).status
    };
    let good = br#"{"to":{"channel":"a"},"message":1}"#;
    assert_eq!(sent("application/json; charset=UTF-8", good), 200);
    assert_eq!(sent("text/plain", good), 415);
    assert_eq!(sent("application/json; charset=latin1", good), 415);
    let json = "application/json";
    assert_eq!(sent(json, &good[1..]), 400);
    assert_eq!(sent(json, b"\xff"), 400);
    assert_eq!(
        sent(
            json,
            format!(r#"{{"to":{{"channel":"a"}},"message":{deep}"#).as_bytes()
        ),
        400
    );
    assert_eq!(
        sent(json, br#"{"to":{"channel":"a"},"message":1,"message":2}"#),
        400
    );
    assert_eq!(sent(json, &vec![b' '; 1_000_001]), 413);
}
