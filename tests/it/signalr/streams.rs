//! Streams both ways and results of clients, in a host's namespace: stock clients, and the wire by hand.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use dondo::{Data, Error, Incoming, Items, Namespace, Result, Socket};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use super::robot::{HubRobot, Kind};
use super::wire::{call, completion, opened_at};
use super::{RS, records};
use crate::support::{Client, Hub, PATIENCE, WebSocket};

/// Tells when it is dropped.
struct Ending(Sender<()>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Numbers without an end, one in a while.
fn clock(ended: Sender<()>) -> impl Stream<Item = Result<u32>> {
    stream::unfold((0, Ending(ended)), async |(number, ending)| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok(number), (number + 1, ending)))
    })
}

/// A host's hub, and whose clocks have ended.
fn hub() -> (Hub, Receiver<()>) {
    let (ended, endings) = channel();
    let namespace = Namespace::new("/streams")
        .on("Plain", async || Ok("plain"))
        .on("Count", async |Data(to): Data<u32>| {
            Items::new(stream::iter(0..to).map(Result::Ok))
        })
        .on("Clock", async move || Items::new(clock(ended.clone())))
        .on("Fails", async || {
            let full = Error::new("room_full", "2 are in");
            Items::new(stream::iter([Ok(1), Err(full)]))
        })
        .on("Panics", async || {
            Items::new(stream::once(async { panic!("planted: a stream panics") }).map(Ok::<u8, _>))
        })
        .on(
            "Join",
            async |Data(with): Data<String>, mut words: Incoming<String>| {
                let mut all = Vec::new();
                while let Some(word) = words.next().await {
                    all.push(word?);
                }
                Ok(all.join(&with))
            },
        )
        .on("Echo", async |items: Incoming<Value>| Items::new(items))
        .on(
            "Held",
            async |socket: Socket, mut items: Incoming<Value>| {
                socket.join("held").await?;
                let go_on: bool = socket
                    .emit_with_ack("AskToGoOn", true)
                    .await
                    .unwrap_or(true);
                let mut count = 0;
                while go_on && items.next().await.transpose()?.is_some() {
                    count += 1;
                }
                Ok(count)
            },
        )
        .on(
            "Question",
            async |socket: Socket, Data((method, about)): Data<(String, Value)>| {
                Ok(socket.emit_with_ack::<Value>(&method, about).await?)
            },
        );
    let hub = Hub::built(
        |_| {},
        |builder| builder.namespace(namespace).signalr("/hub", "/streams"),
    );
    (hub, endings)
}

const KINDS: [Kind; 6] = [
    Kind::WebSocket,
    Kind::WebSocketMessagePack,
    Kind::Events,
    Kind::Polling,
    Kind::PollingMessagePack,
    Kind::Version8,
];

fn robot(hub: &Hub, kind: Kind, more: &Value) -> HubRobot {
    HubRobot::connected_with(hub, "/hub", kind, more)
}

/// Fails if items are lost or in another order over some transport or format, or an error is not told.
#[test]
fn stock_clients_take_streams_over_each_transport_in_both_formats() {
    let (hub, _) = hub();
    for kind in KINDS.into_iter().chain([Kind::Version1]) {
        let mut robot = robot(&hub, kind, &json!({}));
        let mut stream = |args: &[Value]| robot.dialogue.ask("stream", args);
        let all: Vec<u32> = (0..500).collect();
        let counted = stream(&[json!("Count"), json!(500)]);
        assert_eq!(counted, Ok(json!(all)), "{kind:?}");
        assert_eq!(stream(&[json!("Count"), json!(0)]), Ok(json!([])));
        let failed = "An error occurred on the server while streaming results.";
        assert_eq!(stream(&[json!("Panics")]), Err(failed.to_owned()));
        let told = format!("{failed} HubException: room_full: 2 are in");
        assert_eq!(stream(&[json!("Fails")]), Err(told));
        let other = "The client attempted to invoke the non-streaming 'Plain' method with a streaming invocation.";
        assert_eq!(stream(&[json!("Plain")]), Err(other.to_owned()));
        assert_eq!(robot.invoke("Plain", &[]), Ok(json!("plain")));
        let error = robot.invoke("Count", &[json!(1)]).unwrap_err();
        let other = "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation.";
        // The library writes its own words before it, or not, by version.
        assert!(error.ends_with(other), "{error}");
    }
}

/// Fails if items are lost or in another order over some transport or format.
#[test]
fn stock_clients_send_streams_over_each_transport_in_both_formats() {
    let (hub, _) = hub();
    for kind in KINDS {
        let mut robot = robot(&hub, kind, &json!({}));
        let words: Vec<String> = (0..100).map(|number| format!("w{number}")).collect();
        let args = [json!("Join"), json!(words), json!("-")];
        let joined = robot.dialogue.ask("upload", &args);
        assert_eq!(joined, Ok(json!(words.join("-"))), "{kind:?}");
        let args = [json!("Plain"), json!(words)];
        let error = robot.dialogue.ask("upload", &args).unwrap_err();
        let told = "HubException: Client sent 1 stream(s), Hub method expects 0.";
        assert!(error.ends_with(told), "{error}");
        let error = robot.invoke("Join", &[json!("-")]).unwrap_err();
        let told = "HubException: Client sent 0 stream(s), Hub method expects 1.";
        assert!(error.ends_with(told), "{error}");
    }
}

/// Fails if a handler cannot ask its own caller, or a client without a handler, or with two, leaves it waiting.
#[test]
fn a_handler_asks_its_caller_for_a_result() {
    let (hub, _) = hub();
    for kind in KINDS {
        let on = json!({"on": ["AskTwice", "AskTwice", "AskOnce"]});
        let mut robot = robot(&hub, kind, &on);
        let about = json!({"a": [1, "é"]});
        let mut asked = |method: &str| robot.invoke("Question", &[json!(method), about.clone()]);
        assert_eq!(asked("AskOnce"), Ok(about.clone()), "{kind:?}");
        for (method, words) in [
            ("AskNobody", "Client didn't provide a result."),
            ("AskTwice", "Client provided multiple results."),
        ] {
            let told = asked(method).unwrap_err();
            assert!(told.contains(words), "{kind:?}: {told}");
        }
    }
}

fn told(socket: &mut WebSocket) -> Vec<Value> {
    records(&socket.next_text())
}

fn ask_for_items(socket: &mut WebSocket, id: &str, method: &str) {
    let call = json!({"type": 4, "invocationId": id, "target": method, "arguments": []});
    socket.text(&format!("{call}{RS}"));
}

/// Fails if a cancel leaves the host's stream or the client's call open, or an id is two streams'.
#[test]
fn a_stream_that_is_cancelled_or_loses_its_client_is_dropped() {
    let (hub, endings) = hub();
    let mut socket = opened_at(&hub, "/hub");
    ask_for_items(&mut socket, "1", "Clock");
    let item = json!({"type": 2, "invocationId": "1", "item": 0});
    assert_eq!(told(&mut socket)[0], item);
    ask_for_items(&mut socket, "1", "Clock");
    let error = "Invocation ID '1' is already in use.";
    assert_eq!(completion(&mut socket, "1")["error"], error);
    assert!(endings.try_recv().is_err());
    socket.text(&format!("{{\"type\":5,\"invocationId\":\"1\"}}{RS}"));
    let end = json!({"type": 3, "invocationId": "1"});
    assert_eq!(completion(&mut socket, "1"), end);
    endings.recv_timeout(PATIENCE).unwrap();
    ask_for_items(&mut socket, "1", "Clock");
    assert_eq!(told(&mut socket)[0], item);
    drop(socket);
    endings.recv_timeout(PATIENCE).unwrap();
    hub.wait_for("dondo_sessions_alive", 0);
}

/// Fails if a client that floods a handler is read on, or is not when the handler goes on, or holds others up.
#[test]
fn who_floods_a_handler_with_items_waits_for_it() {
    let (hub, _) = hub();
    let mut socket = opened_at(&hub, "/hub");
    let upload = json!({
        "type": 1, "invocationId": "1", "target": "Held", "arguments": [], "streamIds": ["2"]
    });
    socket.text(&format!("{upload}{RS}"));
    let asked = told(&mut socket).remove(0);
    assert_eq!(asked["target"], "AskToGoOn");
    let item = format!("{}{RS}", json!({"type": 2, "invocationId": "2", "item": 1}));
    for _ in 0..8 {
        socket.text(&item);
    }
    // Its answer is read as long as the stream is not full.
    let id = &asked["invocationId"];
    let go_on = json!({"type": 3, "invocationId": id, "result": true});
    socket.text(&format!("{go_on}{RS}"));
    for _ in 0..500 {
        socket.text(&item.repeat(20));
    }
    socket.text(&format!("{{\"type\":3,\"invocationId\":\"2\"}}{RS}"));
    assert_eq!(completion(&mut socket, "1")["result"], 8 + 500 * 20);
    socket.text(&call("3", "Plain", json!([])));
    assert_eq!(completion(&mut socket, "3")["result"], "plain");
}

/// Fails if the same handlers do not serve both protocols.
#[test]
fn a_client_of_socketio_has_the_list_of_a_streams_items() {
    let (hub, _) = hub();
    let mut client = Client::connect_to(&hub, "/streams", "");
    assert_eq!(client.ask("Count", &[json!(3)]), json!([0, 1, 2]));
    let failed = client.ask("Join", &[json!("-")]);
    assert_eq!(failed["code"], "wrong_streams", "{failed}");
}
