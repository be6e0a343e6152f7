//! One conversation for every stock client: what the two guides let a client do, a witness beside it.

use dondo::config::Settings;
use dondo::{Arguments, Namespace, Result, Socket};
use serde_json::{Value, json};

use super::connected;
use super::robot::Kind;
use crate::support::{Client, Hub, PATIENCE};

/// A payload as the JavaScript guide has it.
pub(super) fn payload(id: &str, room: Option<&str>, message: &Value) -> Value {
    json!({
        "data": {"message": message, "roomId": room, "roomChannel": "lobby"},
        "time": "2021-09-01T12:00:00.000Z",
        "clientId": id,
        "source": {
            "platform": "web", "appName": "Sample App Name", "appVersion": "1.0.0",
            "clientId": id, "userName": "John Doe", "channel": "lobby",
        },
    })
}

pub(super) fn converse(kind: Kind, change: impl FnOnce(&mut Settings)) {
    let root = Namespace::hub("/").on("ask me", curious);
    let hub = Hub::built(change, |builder| builder.namespace(root));
    let mut witness = Client::connect(&hub);
    let witness_id = witness.id.clone();
    for (event, room) in [("join-channel", None), ("join-room", Some("den"))] {
        let joined = witness.ask(event, &[payload(&witness_id, room, &json!(""))]);
        assert_eq!(joined["ok"], true, "{joined}");
    }
    witness.drain();

    let mut robot = connected(&hub, kind);
    let id = robot.id();

    // Joining: the ack, the newcomer's own confirmation, what the others see, who is online.
    let joining = payload(&id, None, &json!(""));
    let joined = robot.ask("join-channel", std::slice::from_ref(&joining));
    assert_eq!(
        (&joined["ok"], &joined["channel"], &joined["onlineUsers"]),
        (&json!(true), &json!("lobby"), &json!(2)),
        "{joined}"
    );
    assert_eq!(robot.letter("join-channel")["clientId"], *id);
    assert_eq!(robot.letter("online-users")["data"]["onlineUsers"], 2);
    assert_eq!(witness.event("join-channel")[0]["clientId"], *id);
    let again = robot.ask("join-channel", std::slice::from_ref(&joining));
    assert_eq!(again["already"], true, "{again}");
    let joined = robot.ask("join-room", &[payload(&id, Some("den"), &json!(""))]);
    assert_eq!(joined["onlineUsers"], 2, "{joined}");
    assert_eq!(robot.letter("join-room")["data"]["roomId"], "den");
    let online = robot.letter("room-online-users");
    assert_eq!(
        online["data"]["users"],
        json!([
            {"clientId": witness_id, "userName": "John Doe"},
            {"clientId": id, "userName": "John Doe"},
        ])
    );

    // Messages come back as they were sent, with and without an ack; numbers, other scripts, long ones.
    for message in [
        json!("Akwaaba, 世界 👋 \"quoted\" \\ \u{2028}"),
        json!([1, 2.5, null, {"deep": [true]}]),
        json!("long ".repeat(40_000)),
    ] {
        let sent = payload(&id, None, &message);
        robot.emit("lobby", std::slice::from_ref(&sent));
        assert_eq!(robot.letter("lobby"), sent);
        assert_eq!(witness.event("lobby"), [sent]);
        let sent = payload(&id, Some("den"), &message);
        let told = robot.ask("notify-room", std::slice::from_ref(&sent));
        assert_eq!(told["recipients"], 2, "{told}");
        assert_eq!(robot.letter("notify-room"), sent);
        assert_eq!(witness.event("notify-room"), [sent]);
    }
    // The witness, too, is heard; in the order it spoke.
    for number in 0..20 {
        witness.emit("lobby", &[payload(&witness_id, None, &json!(number))]);
    }
    let mut heard: Vec<Value> = Vec::new();
    for number in 0..20 {
        heard.push(robot.letter("lobby")["data"]["message"].take());
        assert_eq!(witness.event("lobby")[0]["data"]["message"], number);
    }
    if !kind.keeps_order() {
        heard.sort_by_key(Value::as_u64);
    }
    assert_eq!(heard, (0..20).map(Value::from).collect::<Vec<_>>());

    // Binary, there and back, in the middle of other data.
    let bytes = json!({"$bytes": "00ff10".repeat(1000)});
    let sent = payload(
        &id,
        None,
        &json!({"name": "picture", "parts": [bytes, bytes]}),
    );
    let told = robot.ask("lobby", std::slice::from_ref(&sent));
    assert_eq!(told["ok"], true, "{told}");
    assert_eq!(robot.letter("lobby"), sent);

    // Errors come in the ack, else as hub-error; the connection stays.
    let wrong = robot.ask("join-room", &[json!({"data": {"roomChannel": "lobby"}})]);
    assert_eq!(wrong["code"], "missing_room", "{wrong}");
    robot.emit("join-channel", &[json!("hub-error")]);
    assert_eq!(robot.letter("hub-error")["code"], "reserved_name");

    // The server asks, too.
    let question = json!({"why": [{"$bytes": "0102"}, 1.5]});
    assert_eq!(
        robot.ask("ask me", std::slice::from_ref(&question)),
        question
    );

    // A namespace that is not there; this connection stays.
    assert_eq!(
        robot.tell("refused", &[json!("/nope")]),
        "Invalid namespace"
    );

    // The server closes the transport: all seats are gone, and the client comes back with a new id.
    witness.drain();
    robot.drain();
    robot.tell("spoil", &[]);
    let why = robot.letter("$disconnect");
    for event in ["leave-channel", "leave-room"] {
        let left = witness.event(event).remove(0);
        assert_eq!(
            (&left["clientId"], &left["data"]["reason"]),
            (&json!(id), &json!("disconnect")),
            "{left}"
        );
    }
    if why == "server disconnect" {
        // python-socketio over polling takes the close packet for a word of the application and stays away.
        assert_eq!(kind, Kind::PythonPolling);
        robot.tell("connect", &[]);
    }
    robot.event("$connect");
    robot.settle();
    let old = id;
    let id = robot.id();
    assert_ne!(id, old);
    let told = robot.ask("lobby", &[payload(&id, None, &json!("from outside"))]);
    assert_eq!(told["recipients"], 1, "{told}");
    witness.event("lobby");
    let joined = robot.ask("join-channel", &[payload(&id, None, &json!(""))]);
    assert_eq!(joined.get("already"), Some(&json!(false)), "{joined}");
    assert_eq!(joined["onlineUsers"], 2, "{joined}");
    robot.emit("lobby", &[payload(&id, None, &json!("back"))]);
    let heard = robot.letter("lobby");
    assert_eq!(heard["data"]["message"], "back", "nothing was kept for it");

    // Leaving: those who stay are told, and nothing comes to the leaver any more.
    let left = robot.ask("leave-channel", &[payload(&id, None, &json!(""))]);
    assert_eq!(left["ok"], true, "{left}");
    loop {
        let left = witness.event("leave-channel").remove(0);
        if left["clientId"] == *id {
            assert_eq!(left["data"]["reason"], "leave");
            break;
        }
    }
    robot.drain();
    let told = witness.ask("lobby", &[payload(&witness_id, None, &json!("alone"))]);
    assert_eq!(told["recipients"], 1, "{told}");
    let mut late = robot.drain();
    if !kind.keeps_order() {
        // What was told before the leave may wait for its thread longer than a drain does.
        late.retain(|(event, _)| event != "online-users");
    }
    assert_eq!(late, []);

    // The client's own goodbye ends its session at the server.
    robot.tell("end", &[]);
    robot.event("$disconnect");
}

/// Answers `ask me` with what the client answers to a question of the server's.
async fn curious(socket: Socket, all: Arguments) -> Result<Arguments> {
    let asked = socket
        .timeout(PATIENCE)
        .emit_with_ack::<Value>("question", all);
    Ok(asked.arguments().await?)
}
