//! Contract 2.1 over sockets: the forms of a payload, as commands and as messages, and how messages travel.
//! Knows no target rules.

use serde_json::{Value, json};

use super::{code, join, own};
use crate::support::{Client, Hub};

#[test]
fn every_form_of_a_first_argument_is_a_command_as_the_table_says() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    let named = |name: &str| Ok(name.to_owned());
    let rows: [(Value, Result<String, &str>); 14] = [
        (json!([{"data": {"roomChannel": "a"}}]), named("a")),
        (json!(["{\"Data\":{\"RoomChannel\":\"b\"}}"]), named("b")),
        (json!(["{no json"]), Err("bad_payload")),
        (json!(["{\"a\":1} more"]), Err("bad_payload")),
        (json!(["c"]), named("c")),
        (json!(["[1]"]), named("[1]")),
        (json!([3946]), named("3946")),
        (json!([1.5]), Err("invalid_name")),
        (json!([["a"]]), Err("bad_payload")),
        (json!([true]), Err("bad_payload")),
        (json!([]), Err("missing_channel")),
        (json!([null]), Err("missing_channel")),
        (json!([null, "d"]), named("d")),
        (json!(["e", "other", "third", 4]), named("other")),
    ];
    for (args, expected) in rows {
        let ack = client.ask("join-channel", args.as_array().unwrap());
        match expected {
            Ok(name) => assert_eq!(ack["channel"], *name, "{args}: {ack}"),
            Err(expected) => assert_eq!(code(&ack), expected, "{args}"),
        }
    }
    client
        .socket
        .text("451-9[\"join-channel\",{\"_placeholder\":true,\"num\":0}]");
    client.socket.binary(b"x");
    let ack = client.socket.next_text();
    let ack = drain_to(&mut client, ack, "439[");
    assert!(ack.contains("bad_payload"), "{ack}");
}

fn drain_to(client: &mut Client, mut text: String, head: &str) -> String {
    while !text.starts_with(head) {
        text = client.socket.next_text();
    }
    text
}

#[test]
fn every_form_of_a_first_argument_is_a_message_as_the_table_says() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let rows: [(Value, Value); 12] = [
        (json!({"data": {"message": "m"}}), json!("m")),
        (json!("{\"Data\":{\"Message\":\"m\"}}"), json!("m")),
        (json!("{no json"), json!("{no json")),
        (json!("text"), json!("text")),
        (json!(7.25), json!(7.25)),
        (json!([1, {"a": 2}]), json!([1, {"a": 2}])),
        (json!(false), json!(false)),
        (json!({"unknown": 1}), json!({"unknown": 1})),
        (json!({"message": "flat", "mood": "good"}), json!("flat")),
        (json!({"data": [1, 2]}), json!([1, 2])),
        (json!({"DATA": {"MESSAGE": "any case"}}), json!("any case")),
        (json!({"data": {"message": null}}), json!("")),
    ];
    for (sent, expected) in rows {
        client.emit("lobby", std::slice::from_ref(&sent));
        assert_eq!(
            own(&mut client, "lobby")["data"]["message"],
            expected,
            "{sent}"
        );
    }
    for nothing in [&[][..], &[Value::Null][..]] {
        assert_eq!(code(&client.ask("lobby", nothing)), "bad_payload");
    }
}

#[test]
fn binary_passes_through_wherever_it_stands() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let place = |number: u8| json!({"_placeholder": true, "num": number});
    let payload =
        json!({"data": {"message": ["see", place(0)], "photo": place(1)}, "extra": place(2)});
    client
        .socket
        .text(&format!("453-{}", json!(["lobby", payload])));
    let blobs: [&[u8]; 3] = [b"first", b"", b"\x00\xff"];
    blobs.iter().for_each(|blob| client.socket.binary(blob));
    let arrived = own(&mut client, "lobby");
    client.await_blobs(3);
    assert_eq!(arrived["data"]["message"], json!(["see", place(0)]));
    assert_eq!(
        (&arrived["data"]["photo"], &arrived["extra"]),
        (&place(1), &place(2))
    );
    assert_eq!(client.blobs, blobs);

    client
        .socket
        .text("451-[\"lobby\",{\"_placeholder\":true,\"num\":0}]");
    client.socket.binary(b"alone");
    assert_eq!(own(&mut client, "lobby")["data"]["message"], place(0));
    client.await_blobs(4);
    assert_eq!(client.blobs[3], b"alone");
}

#[test]
fn json_nested_too_deep_is_bad_payload_and_the_connection_stays() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    for levels in [61, 100_000] {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        client.socket.text(&format!("42[\"lobby\",{deep}]"));
        let fault = client.event("hub-error");
        assert_eq!(fault[0]["code"], "bad_payload", "{levels}");
    }
    join(&mut client, "lobby");
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    client.socket.text(&format!("420[\"lobby\",{deep}]"));
    let first = client.socket.next_text();
    assert!(drain_to(&mut client, first, "430[").contains("\"recipients\":1"));
}

#[test]
fn messages_travel_as_the_raw_text_that_was_sent() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let message = r#"{"n":1.50e400,"n":12345678901234567890123,"u":"\u00e9\ud800"}"#;
    client.socket.text(&format!(
        "42[\"lobby\",{{\"data\":{{\"message\":{message}}}}}]"
    ));
    let first = client.socket.next_text();
    let text = drain_to(&mut client, first, "42[\"lobby\"");
    assert!(
        text.starts_with(&format!("42[\"lobby\",{{\"data\":{{\"message\":{message},")),
        "{text}"
    );
}
