//! The two guides' calls and the recorded .NET client: payload, target and normal form together.
//! Knows the fixtures in `tests/vectors`, and copies none of them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::super::{
        command::Command,
        contract::{
            dotnet,
            target::{self, Rules},
        },
    },
    *,
};

const ROWS: &str = include_str!("../../../../../tests/vectors/hubtel-events.json");
const PACKETS: &str = include_str!("../../../../../tests/vectors/dotnet-client.json");
const RULES: Rules = Rules {
    name_bytes_max: 256,
    strict: false,
};

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    guide: String,
    before: Before,
    event: String,
    args: Vec<Box<RawValue>>,
    delivered_event: String,
    delivered_args: Vec<Box<RawValue>>,
    exact: bool,
}

#[derive(Deserialize)]
struct Before {
    #[serde(default)]
    channels: Vec<String>,
}

#[derive(Deserialize)]
struct Packets {
    packets: Vec<Packet>,
}

#[derive(Deserialize)]
struct Packet {
    name: String,
    wire: String,
}

/// What the hub makes of an event: resolved by its name, announced with plus or delivered as a message.
fn hub(event: &str, args: &str, channels: &[String]) -> Content {
    let joined: Vec<Arc<str>> = channels.iter().map(|name| name.as_str().into()).collect();
    let (command, payload) = Command::read(event, &said(args, &[]).into(), RULES, true).unwrap();
    let (room, channel) = match command {
        Command::JoinChannel { channel, .. } | Command::NotifyChannel { channel } => {
            (None, Some(channel))
        }
        Command::LeaveChannel { channel } => {
            let only = || target::channel_to_leave(&joined).unwrap();
            (None, Some(channel.unwrap_or_else(only)))
        }
        Command::JoinRoom { target, .. } | Command::NotifyRoom { target } => {
            let target = target.under_only(&joined);
            (Some(target.room), target.channel)
        }
        Command::LeaveRoom { target } | Command::Manage { target, .. } => {
            (Some(target.room), target.channel)
        }
    };
    let (room, channel) = (room.as_deref(), channel.as_deref());
    match event.starts_with("join-") || event.starts_with("leave-") {
        true => announced(event, &payload, room, channel, 2),
        false => compose(event.into(), &payload, room, channel, &stamp()),
    }
}

fn join(args: &[Box<RawValue>]) -> String {
    let args: Vec<_> = args.iter().map(|raw| raw.get()).collect();
    args.join(",").replace("SELF", SELF)
}

/// Whether every field of `expected` stands in `actual`.
fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| actual.get(key).is_some_and(|actual| holds(actual, value))),
        _ => actual == expected,
    }
}

#[test]
fn every_call_of_the_guides_arrives_as_its_row_says() {
    let rows = serde_json::from_str::<Rows>(ROWS).unwrap().rows;
    assert!(rows.len() >= 18);
    for row in rows {
        let title = format!("{} ({})", row.name, row.guide);
        let sent = hub(&row.event, &join(&row.args), &row.before.channels);
        assert_eq!(*sent.name, *row.delivered_event, "{title}");
        let expected: Value = serde_json::from_str(&join(&row.delivered_args)).unwrap();
        let actual = value(&sent);
        match row.exact {
            true => assert_eq!(actual, expected, "{title}"),
            false => assert!(holds(&actual, &expected), "{title}: {actual} {expected}"),
        }
        if row.guide == "js" && row.exact {
            let original: Value = serde_json::from_str(&join(&row.args)).unwrap();
            assert_eq!(actual, original, "{title} comes back as it was sent");
        }
    }
}

/// The arguments of a recorded packet, as text.
fn recorded(name: &str) -> String {
    let packets = serde_json::from_str::<Packets>(PACKETS).unwrap().packets;
    let wire = packets
        .into_iter()
        .find(|packet| packet.name == name)
        .unwrap()
        .wire;
    let parts: Vec<Box<RawValue>> = serde_json::from_str(&wire[wire.find('[').unwrap()..]).unwrap();
    join(&parts[1..])
}

#[test]
fn twice_escaped_text_of_the_dotnet_client_arrives_whole() {
    let sent = hub("channelId", &recorded("channel message, escapes"), &[]);
    let sent = value(&sent);
    assert_eq!(
        sent["data"]["message"],
        "it's <b>1+1</b> & \"é😀\" `x` \\ / \n\t"
    );
    assert_eq!(sent["time"], "2021-09-01T12:00:00.1234567+00:00");
}

#[test]
fn the_dotnet_clients_objects_in_either_case_give_one_form() {
    for (name, message) in [
        ("camelCase class as string", "camel"),
        ("PascalCase object", "object"),
        ("camelCase object", "camel object"),
        ("time in UTC", "utc"),
        ("time without zone", "plain"),
    ] {
        let sent = value(&hub("channelId", &recorded(name), &[]));
        assert_eq!(sent["data"]["message"], message, "{name}");
        assert_eq!(sent["source"]["clientId"], SELF, "{name}");
        assert!(sent.get("Data").is_none(), "{name}");
    }
}

#[test]
fn the_view_gives_the_dotnet_guides_payload_back_to_it() {
    let sent = dotnet::view(&hub("notify-room", &recorded("notify-room"), &[]));
    let Value::String(payload) =
        serde_json::from_str::<Value>(&format!("[{}]", recorded("notify-room"))).unwrap()[0].take()
    else {
        panic!("the recorded payload is a string");
    };
    let payload = payload.replace("SIO_SID", SELF);
    let original: Value = serde_json::from_str(&payload).unwrap();
    assert!(holds(&value(&sent), &original), "{}", text(&sent));
}
