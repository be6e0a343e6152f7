//! What a host does with connections that speak Engine.IO alone.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::error::ErrorForbidden;
use dondo::{DisconnectReason, EngineMessage, EngineSocket};
use dondo::{Error, Handshake, Namespace, State};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::sleep;

use crate::support::{Application, Form, Frame, Polling, WebSocket, in_both_forms};

in_both_forms!(
    engines_own_client_is_served_as_by_node,
    a_connection_is_spoken_to_first_and_its_end_is_told_with_its_reason,
    a_handler_that_fails_closes_the_connection,
    nobody_comes_into_it_by_socketio,
);

const PATH: &str = "/bare/";

fn websocket(hub: &crate::support::Hub, query: &str) -> WebSocket {
    let mut socket = WebSocket::open(hub, &format!("{PATH}?EIO=4&transport=websocket{query}"));
    assert!(socket.next_text().starts_with("0{"));
    socket
}

/// Fails if the first word of the server waits for the client's, if text and bytes are mixed up, or if an end is not told.
fn a_connection_is_spoken_to_first_and_its_end_is_told_with_its_reason(form: Form) {
    let (tell, mut told) = channel(8);
    let hub = form.built(
        |_| {},
        |builder| {
            let endpoint = async |socket: EngineSocket, ends: State<Sender<DisconnectReason>>| {
                let query = socket.handshake();
                let name = query.query().find(|(key, _)| key == "name");
                socket.send(format!(
                    "hello {}",
                    name.map_or_else(Default::default, |(_, name)| name)
                ))?;
                socket.send(vec![0, 255])?;
                socket.on_close(async move |reason: DisconnectReason| {
                    ends.send(reason).await.unwrap()
                });
                let own = socket.clone();
                socket.on_message(async move |message: EngineMessage| match message {
                    EngineMessage::Binary(_) => own.close(),
                    EngineMessage::Text(text) => drop(own.send(text.to_uppercase())),
                });
                Ok(())
            };
            builder.state(tell).engine(PATH, endpoint)
        },
    );
    let polling = Polling::open(&hub, PATH);
    let mut said = polling.read();
    while !said.contains("bAP8=") {
        said = format!("{said}\u{1e}{}", polling.read());
    }
    assert_eq!(said, "4hello \u{1e}bAP8=");
    let mut socket = websocket(&hub, "&name=Ama");
    assert_eq!(socket.next_text(), "4hello Ama");
    assert_eq!(socket.next(), Frame::Binary(vec![0, 255]));
    socket.text("4akwaaba");
    assert_eq!(socket.next_text(), "4AKWAABA");
    socket.binary(b"x");
    assert_eq!(socket.next(), Frame::Close(None));
    assert_eq!(told.blocking_recv(), Some(DisconnectReason::ForcedClose));
    polling.say("1");
    assert_eq!(told.blocking_recv(), Some(DisconnectReason::TransportClose));
}

/// Fails if a client stays that the host does not want, or if what was said before is lost.
fn a_handler_that_fails_closes_the_connection(form: Form) {
    let hub = form.built(
        |_| {},
        |builder| {
            builder.engine(PATH, async |socket: EngineSocket| {
                socket.send("no")?;
                Err(Error::new("full", "come back tomorrow"))
            })
        },
    );
    let mut socket = websocket(&hub, "");
    assert_eq!(socket.next_text(), "4no");
    assert_eq!(socket.next(), Frame::Close(None));
}

/// Fails if clients of one endpoint can be members where those of another are.
fn nobody_comes_into_it_by_socketio(form: Form) {
    let hub = form.built(
        |_| {},
        |builder| {
            let quiet = async |_: EngineSocket, _: Handshake| {};
            builder.namespace(Namespace::new("/")).engine(PATH, quiet)
        },
    );
    for name in ["/engine:/bare/", "engine:/bare/"] {
        let polling = Polling::open(&hub, "/socket.io/");
        polling.say(&format!("40{name},"));
        let answer = polling.read();
        // One is refused; the other reads as a CONNECT to `/` with what is no JSON.
        assert!(
            answer.starts_with("44") || answer.starts_with("6"),
            "{answer}"
        );
    }
}

/// `deny` in the query may not come.
async fn login(request: HttpRequest) -> actix_web::Result<Option<String>> {
    match request.query_string().contains("deny") {
        true => Err(ErrorForbidden("not like this")),
        false => Ok(None),
    }
}

/// Greets with what is known of the client, then repeats what it hears, but for `later`, which a timer answers, and `end`.
async fn parrot(socket: EngineSocket) -> dondo::Result {
    let handshake = socket.handshake();
    let known = json!([
        handshake.parameter("name"),
        handshake.header("x-who"),
        socket.address()
    ]);
    socket.send(known.to_string())?;
    let own = socket.clone();
    socket.on_message(async move |message: EngineMessage| {
        match message {
            EngineMessage::Text(word) if word == "later" => {
                let (own, moment) = (own.clone(), Duration::from_millis(1));
                actix_web::rt::spawn(async move {
                    sleep(moment).await;
                    let _ = own.send("now");
                });
            }
            EngineMessage::Text(word) if word == "end" => own.close(),
            other => own.send(other)?,
        }
        dondo::Result::Ok(())
    });
    Ok(())
}

/// Fails if engine.io-client hears another order, other bytes, other reasons or other codes than from Node's server, if what
/// is known of the client is not in reach, or if a login's refusal leaves a client no other transport to come by.
fn engines_own_client_is_served_as_by_node(form: Form) {
    let hub = form.built(
        |settings| settings.engine.max_payload = 100,
        |builder| builder.identify(login).engine(PATH, parrot),
    );
    let mut client = Application::node("engine.js", &[&hub.url(), PATH]);
    let mut told: Vec<Value> = Vec::new();
    while let Some(line) = client.line() {
        told.push(serde_json::from_str(&line).unwrap());
    }
    client.end();
    let conversation = |transport: &str| {
        let heard = json!([
            r#"["a b&=","Ama","127.0.0.1"]"#,
            "akwaaba €\u{1f600}",
            {"bytes": [0, 255]},
            "now"
        ]);
        json!({"what": "conversation", "transport": transport, "heard": heard, "reason": "transport close"})
    };
    let expected = json!([
        conversation("polling"),
        conversation("websocket"),
        {"what": "too much", "transport": "polling", "reason": "transport error", "code": 413},
        {"what": "too much", "transport": "websocket", "reason": "transport close", "code": 1009},
        {"what": "turned away", "refused": "polling", "transport": "websocket"},
        {"what": "turned away", "refused": "websocket", "transport": "polling"},
    ]);
    assert_eq!(json!(told), expected);
}
