//! The stock clients of SignalR, each by itself and all in one channel with those of Socket.IO.

use std::time::Instant;

use dondo::config::Settings;
use serde_json::{Value, json};

use super::robot::{HubRobot, Kind};
use crate::clients::{Kind as IoKind, Robot};
use crate::support::{Client, Hub, PATIENCE, faults};

macro_rules! conversations {
    ($($name:ident: $kind:expr;)*) => {$(
        #[test]
        fn $name() {
            converses($kind);
        }
    )*};
}

conversations! {
    the_client_over_websocket: Kind::WebSocket;
    the_client_over_websocket_in_messagepack: Kind::WebSocketMessagePack;
    the_client_without_negotiation: Kind::WithoutNegotiation;
    the_client_over_events: Kind::Events;
    the_client_over_polling: Kind::Polling;
    the_client_over_polling_in_messagepack: Kind::PollingMessagePack;
    version_8_over_websocket: Kind::Version8;
    version_8_over_polling: Kind::Version8Polling;
    version_1_over_websocket: Kind::Version1;
    version_1_over_events: Kind::Version1Events;
    version_1_over_polling: Kind::Version1Polling;
    pysignalr: Kind::PySignalR;
    signalrcore: Kind::SignalRCore;
}

/// Joins, speaks, is spoken to, asks what there is not, leaves.
fn converses(kind: Kind) {
    let hub = Hub::start();
    let mut other = Client::connect(&hub);
    let joined = other.ask("join-channel", &[json!({"data": {"roomChannel": "r1"}})]);
    assert_eq!(joined["ok"], true);
    other.event("join-channel");
    let mut robot = HubRobot::connected(&hub, kind);
    robot.invoke("JoinRoom", &[json!("r1")]).unwrap();
    let seen = other.event("join-channel").remove(0);
    let id = seen["clientId"].as_str().unwrap().to_owned();
    assert_eq!(seen["data"]["onlineUsers"], 2);
    if kind.tells_its_id() {
        assert_eq!(robot.id(), id);
    }
    let welcome = format!("{id} has joined the room r1");
    assert_eq!(robot.message(), (json!("System"), json!(welcome)));
    // It is told of its own, and objects cross as they are.
    for said in [json!("hi"), json!({"a": [1, 2.5, null, "é"]})] {
        let args = [json!("r1"), json!("ann"), said.clone()];
        robot.invoke("SendMessage", &args).unwrap();
        assert_eq!(robot.message(), (json!("ann"), said.clone()));
        let seen = other.event("r1").remove(0);
        assert_eq!(seen["data"]["message"], said);
        assert_eq!(seen["source"]["userName"], "ann");
        assert_eq!(seen["clientId"], id);
    }
    let message = json!({"data": {"message": {"b": [true]}}, "source": {"userName": "ioe"}});
    assert_eq!(other.ask("r1", &[message])["recipients"], 2);
    assert_eq!(robot.message(), (json!("ioe"), json!({"b": [true]})));
    // Those in Python keep an error to themselves.
    if !kind.is_python() {
        let error = robot.invoke("Nobody", &[]).unwrap_err();
        assert!(
            error.contains("HubException: Method does not exist."),
            "{error}"
        );
    }
    robot.invoke("LeaveRoom", &[json!("r1")]).unwrap();
    let left = other.event("leave-channel").remove(0);
    assert_eq!(
        (&left["clientId"], &left["data"]["onlineUsers"]),
        (&json!(id), &json!(1))
    );
}

/// Fails if a stock client does not come back by itself where it is told that it may, or does where it is not.
#[test]
fn a_stock_client_comes_back_by_itself_where_it_may() {
    let change = |config: &mut Settings| config.room_threads = 1;
    for kind in [
        Kind::WebSocket,
        Kind::WebSocketMessagePack,
        Kind::Events,
        Kind::Polling,
    ] {
        let hub = Hub::built(change, faults::faulty);
        let more = json!({"reconnect": true});
        let mut robot = HubRobot::connected_with(&hub, "/chatHub", kind, &more);
        robot.invoke("JoinRoom", &[json!("r")]).unwrap();
        let before = robot.id();
        let mut killer = Client::connect(&hub);
        let marked = json!({
            "data": {"roomChannel": "r"}, "source": {"userName": faults::ENDS_THREAD}
        });
        killer.emit("join-channel", &[marked]);
        robot.dialogue.event("$reconnected");
        // Who is back before the rooms are is sent away once more.
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = robot.invoke("JoinRoom", &[json!("r")]) {
            assert!(Instant::now() < deadline, "{kind:?}: {error}");
        }
        assert_ne!(robot.id(), before, "{kind:?}");
        let said = [json!("r"), json!("ann"), json!("back")];
        robot.invoke("SendMessage", &said).unwrap();
        assert_eq!(robot.line(), (json!("ann"), json!("back")), "{kind:?}");
        hub.dondo().of("/").unwrap().disconnect_sockets();
        robot.dialogue.event("$close");
    }
}

const MESSAGES: usize = 20;

#[test]
fn all_clients_of_both_protocols_in_one_channel_see_everything_once_and_in_one_order() {
    let hub = Hub::start();
    // Those in Python give a connection up by clocks of their own where the machine is busy, and say what they had to say to
    // nobody: they have their conversations above.
    let mut hubs: Vec<_> = Kind::ALL
        .iter()
        .filter(|kind| !kind.is_python())
        .map(|kind| HubRobot::connected(&hub, *kind))
        .collect();
    let kinds = [
        IoKind::JsPolling,
        IoKind::JsWebSocket,
        IoKind::JsDefault,
        IoKind::PythonAsync,
    ];
    let mut ios: Vec<Robot> = kinds
        .map(|kind| crate::clients::connected(&hub, kind))
        .into();
    for robot in &mut hubs {
        robot.invoke("JoinRoom", &[json!("all")]).unwrap();
    }
    for robot in &mut ios {
        let joined = robot.ask("join-channel", &[json!({"data": {"roomChannel": "all"}})]);
        assert_eq!(joined["ok"], true, "{joined}");
    }
    // All speak at the same time: commands are written ahead of their answers.
    let mut sent = Vec::new();
    for number in 0..MESSAGES {
        for robot in &mut hubs {
            let who = format!("{:?}", robot.kind);
            let said = json!([who, number]);
            let args = [json!("SendMessage"), json!("all"), json!(who), said];
            sent.push((robot.kind, robot.dialogue.command("send", &args)));
        }
        for robot in &mut ios {
            let who = format!("{:?}", robot.kind);
            let message = json!({"data": {"message": [who, number]}, "source": {"userName": who}});
            robot.command("emit", &[json!("all"), message]);
        }
    }
    for (kind, number) in sent {
        let robot = hubs.iter_mut().find(|robot| robot.kind == kind).unwrap();
        robot.dialogue.answer(number).unwrap();
    }
    let expected = MESSAGES * (hubs.len() + ios.len());
    let mut heard: Vec<(String, Vec<Value>)> = Vec::new();
    for robot in &mut ios {
        let mine = (0..expected).map(|_| robot.letter("all")["data"]["message"].take());
        let mine = mine.collect();
        heard.push((format!("{:?}", robot.kind), mine));
    }
    for robot in &mut hubs {
        let mine = (0..expected).map(|_| robot.line().1).collect();
        heard.push((format!("{:?}", robot.kind), mine));
    }
    for (kind, mine) in &heard {
        assert_eq!(mine, &heard[0].1, "{kind} saw another order");
    }
}
