//! Every recorded packet of the .NET client, as the bytes it was, over both transports: what arrives of it.
//! Knows the fixture's names; the sessions are played elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::recorded::{DotNet, fixture, session};
use super::{by, join};
use crate::support::{Client, Hub};

#[test]
fn every_recorded_packet_arrives_as_the_contract_says_over_websocket() {
    every_packet("WebSocket only");
}

#[test]
fn every_recorded_packet_arrives_as_the_contract_says_over_polling() {
    every_packet("polling only");
}

fn every_packet(transport: &str) {
    let hub = Hub::with(|config| config.namespaces.push("/chat".into()));
    let packets = fixture("packets");
    assert_eq!(packets.len(), 30);
    for packet in packets {
        let namespace = packet["namespace"].as_str().unwrap();
        let name = packet["name"].as_str().unwrap();
        let mut dotnet = DotNet::play(&hub, &session(transport), str::to_owned);
        if namespace != "/" && !name.starts_with("connect") {
            dotnet.say("40/chat,", &[]);
            dotnet.id = connected(&mut dotnet, namespace);
        }
        let event = packet["event"].as_str();
        match event {
            Some(event) if event.starts_with("join-") || event.starts_with("leave-") => {
                command(&hub, &mut dotnet, &packet);
            }
            Some("notify-room") => command(&hub, &mut dotnet, &packet),
            Some(event) => message(&hub, &mut dotnet, &packet, event),
            None if name.starts_with("connect") => connect(&mut dotnet, &packet),
            None => stray_ack(&mut dotnet, &packet),
        }
        drop(dotnet);
    }
}

/// join-, leave- and notify-: a watcher sits where it goes, and the sender where it leaves from.
fn command(hub: &Hub, dotnet: &mut DotNet, packet: &Value) {
    let (name, event) = (&packet["name"], packet["event"].as_str().unwrap());
    let mut watcher = Client::connect(hub);
    let payload = &packet["first_arg_parsed"]["Data"];
    for command in ["join-channel", "join-room"] {
        let target = match command {
            "join-channel" => &payload["RoomChannel"],
            _ => &payload["Room"],
        };
        let Some(target) = target.as_str() else {
            continue;
        };
        assert_eq!(watcher.ask(command, &[json!(target)])["ok"], true);
        if event.starts_with("leave-") {
            dotnet.say(&format!("42{}", json!([command, target])), &[]);
            by(&mut watcher, command, &dotnet.id);
        }
    }
    say(dotnet, packet);
    let arrived = by(&mut watcher, event, &dotnet.id);
    same_words(&arrived, packet);
    assert_eq!(
        arrived["data"]["roomChannel"], payload["RoomChannel"],
        "{name}"
    );
    assert_eq!(arrived["data"]["roomId"], payload["Room"], "{name}");
    assert_eq!(
        arrived["data"].get("reason").is_some(),
        event.starts_with("leave-"),
        "{name}"
    );
}

/// A message to the channel of the event's name.
fn message(hub: &Hub, dotnet: &mut DotNet, packet: &Value, event: &str) {
    let (name, namespace) = (
        packet["name"].as_str().unwrap(),
        packet["namespace"].as_str().unwrap(),
    );
    let mut watcher = Client::connect_to(hub, namespace, "");
    join(&mut watcher, event);
    // The watcher of the packet before may be on its way out.
    while watcher.ask(event, &[json!("alone?")])["recipients"] != 1 {}
    say(dotnet, packet);
    if name == "no data" {
        let fault = dotnet.event("hub-error");
        assert_eq!(
            (&fault[0]["code"], &fault[0]["event"]),
            (&json!("bad_payload"), &json!(event))
        );
        return;
    }
    let arrived = by(&mut watcher, event, &dotnet.id);
    match name {
        "binary" => assert_eq!(arrived["data"]["message"], "bin"),
        "binary, namespace and ack" => {
            assert_eq!(
                arrived["data"]["message"],
                json!({"_placeholder": true, "num": 0})
            );
            watcher.await_blobs(1);
            assert_eq!(watcher.blobs, [[1]]);
        }
        _ => same_words(&arrived, packet),
    }
    if let Some(id) = packet["packet_id"].as_u64() {
        let head = format!("43{}{id}[", dotnet_namespace(namespace));
        let ack = dotnet.hear();
        let ack = ack
            .strip_prefix(&head)
            .unwrap_or_else(|| panic!("{name}: {ack}"));
        let ack: Value = serde_json::from_str(ack.strip_suffix(']').unwrap()).unwrap();
        assert_eq!(
            (&ack["ok"], &ack["recipients"]),
            (&json!(true), &json!(1)),
            "{name}: {ack}"
        );
    }
}

/// A CONNECT: over polling and WebSocket alike its answer has a socket id of its own.
fn connect(dotnet: &mut DotNet, packet: &Value) {
    let namespace = packet["namespace"].as_str().unwrap();
    if namespace == "/" {
        // The session that was played is in `/` already.
        dotnet.say("41", &[]);
    }
    say(dotnet, packet);
    assert_ne!(connected(dotnet, namespace), dotnet.id);
}

/// An ack that nobody asked for is passed over, and the connection goes on.
fn stray_ack(dotnet: &mut DotNet, packet: &Value) {
    say(dotnet, packet);
    let namespace = dotnet_namespace(packet["namespace"].as_str().unwrap());
    dotnet.say(&format!("42{namespace}7[\"nobody\",1]"), &[]);
    let answer = dotnet.hear();
    assert!(
        answer.starts_with(&format!("43{namespace}7[{{\"ok\":true")),
        "{answer}"
    );
}

fn say(dotnet: &mut DotNet, packet: &Value) {
    let blobs = packet["binary_base64"].as_array().unwrap().iter();
    let blobs: Vec<_> = blobs
        .map(|blob| STANDARD.decode(blob.as_str().unwrap()).unwrap())
        .collect();
    dotnet.say(packet["wire"].as_str().unwrap(), &blobs);
}

/// Message, time and source are the words of the payload, in whichever case it wrote their names.
fn same_words(arrived: &Value, packet: &Value) {
    let sent = match &packet["first_arg_parsed"] {
        Value::Null => &packet["args"][0],
        parsed => parsed,
    };
    let field = |object: &Value, pascal: &str, camel: &str| match &object[pascal] {
        Value::Null => object[camel].clone(),
        value => value.clone(),
    };
    let data = field(sent, "Data", "data");
    let expected = match (
        sent.is_object() && !data.is_null(),
        field(&data, "Message", "message"),
    ) {
        (true, Value::Null) => json!(""),
        (true, message) => message,
        (false, _) => sent.clone(),
    };
    assert_eq!(arrived["data"]["message"], expected, "{}", packet["name"]);
    let time = field(sent, "Time", "time");
    if !time.is_null() {
        assert_eq!(arrived["time"], time, "{}", packet["name"]);
    }
    let user = field(&field(sent, "Source", "source"), "UserName", "userName");
    assert_eq!(arrived["source"]["userName"], user, "{}", packet["name"]);
}

fn connected(dotnet: &mut DotNet, namespace: &str) -> String {
    let answer = dotnet.hear();
    let head = format!("40{}", dotnet_namespace(namespace));
    let body = answer
        .strip_prefix(&head)
        .unwrap_or_else(|| panic!("{answer}"));
    let body: Value = serde_json::from_str(body).unwrap();
    body["sid"].as_str().unwrap().to_owned()
}

fn dotnet_namespace(namespace: &str) -> String {
    if namespace == "/" {
        String::new()
    } else {
        format!("{namespace},")
    }
}
