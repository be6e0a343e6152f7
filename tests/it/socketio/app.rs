//! A host's handlers that show what a packet became, and a gate that refuses.
//!
//! Namespaces: `/`, `/a` and `/b` say nothing by themselves; `/greet` does at once; `/slow` never finishes its connect
//! handler; `/closed` and `/told` refuse, the second one with data.

use std::ops::Deref;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use dondo::config::Settings;
use dondo::{
    Ack, Admission, Blob, Data, DisconnectReason, Event, Identity, Refusal, Refused, Socket,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{Form, Frame, Hub, PATIENCE, WebSocket, echo};

pub(super) struct App {
    hub: Hub,
    /// For each member that went: its namespace and why.
    farewells: Receiver<(String, DisconnectReason)>,
}

impl Deref for App {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.hub
    }
}

impl App {
    pub(super) fn start(form: Form) -> Self {
        Self::with(form, |_| {})
    }

    pub(super) fn with(form: Form, change: impl FnOnce(&mut Settings)) -> Self {
        let (gone, farewells) = mpsc::channel();
        let configure = |config: &mut Settings| {
            config.namespaces = ["/", "/a", "/b", "/greet", "/slow", "/closed", "/told"]
                .map(str::to_owned)
                .to_vec();
            change(config);
        };
        let hub = form.built(
            configure,
            |builder| echo(builder.authorizer(doors)),
            |dondo| {
                for namespace in ["/", "/a", "/b", "/greet", "/slow"] {
                    let gone = gone.clone();
                    let of = dondo.of(namespace).unwrap();
                    of.on_connect(move |socket| welcome(socket, gone.clone()))
                        .unwrap();
                }
            },
        );
        Self { hub, farewells }
    }

    /// The next member that went.
    pub(super) fn farewell(&self) -> (String, DisconnectReason) {
        self.farewells
            .recv_timeout(PATIENCE)
            .expect("a member goes")
    }

    pub(super) fn stop(&mut self) {
        self.hub.stop();
    }

    /// A WebSocket that has said nothing yet.
    pub(super) fn socket(&self) -> WebSocket {
        let mut socket = WebSocket::open(self, "/socket.io/?EIO=4&transport=websocket");
        assert!(socket.next_text().starts_with("0{"));
        socket
    }

    /// A WebSocket that is in these namespaces.
    pub(super) fn inside(&self, namespaces: &[&str]) -> WebSocket {
        let mut socket = self.socket();
        for namespace in namespaces {
            let address = address(namespace);
            socket.text(&format!("40{address}"));
            let answer = socket.next_text();
            assert!(
                answer.starts_with(&format!("40{address}{{\"sid\":\"")),
                "{answer}"
            );
        }
        socket
    }
}

/// A namespace as it stands in a packet.
pub(super) fn address(namespace: &str) -> String {
    match namespace {
        "/" => String::new(),
        other => format!("{other},"),
    }
}

/// The connection goes on: `/` answers.
pub(super) fn is_alive(socket: &mut WebSocket) {
    socket.text(r#"42["echo","alive"]"#);
    assert_eq!(
        socket.next(),
        Frame::Text(r#"42["echo",["alive"]]"#.to_owned())
    );
}

/// The server ends the connection with a close frame without a code, and says nothing before.
pub(super) fn is_closed(socket: &mut WebSocket, why: &str) {
    assert_eq!(socket.next(), Frame::Close(None), "{why}");
    assert_eq!(socket.next(), Frame::End, "{why}");
}

#[derive(Serialize, Deserialize)]
struct Picture {
    front: Blob,
    middle: Middle,
    back: Blob,
}

#[derive(Serialize, Deserialize)]
struct Middle {
    title: String,
    layers: Vec<Blob>,
}

async fn welcome(socket: Socket, gone: Sender<(String, DisconnectReason)>) -> Result<(), Refused> {
    socket.on("echo", |socket: Socket, event: Event| async move {
        socket.emit("echo", &event.arguments.all::<Vec<Value>>().unwrap())
    });
    socket.on("connection", |socket: Socket| async move {
        socket.emit("connection", &())
    });
    socket.on(
        "7",
        |socket: Socket| async move { socket.emit("seven", &()) },
    );
    socket.on("auth", |socket: Socket, ack: Ack| async move {
        ack.ok(&(socket.auth::<Value>().unwrap(),))
    });
    socket.on("blobs", |socket: Socket, event: Event| async move {
        socket.emit("blobs", &event.arguments.all::<Vec<Blob>>().unwrap())
    });
    socket.on("picture", |socket: Socket, Data(picture): Data<Picture>| async move {
        socket.emit("picture", &picture)
    });
    socket.on(
        "to all",
        |socket: Socket, Data(blob): Data<Blob>| async move {
            socket.broadcast().emit("to all", &(&blob, &blob)).await
        },
    );
    socket.on("ack", |event: Event, ack: Ack| async move {
        ack.ok(&event.arguments.all::<Vec<Value>>().unwrap())
    });
    socket.on("ack two", |ack: Ack| async move { ack.ok(&("one", 2)) });
    socket.on("ack none", |ack: Ack| async move { ack.ok(&()) });
    socket.on("ack twice", |ack: Ack| async move {
        ack.clone().ok(&"first")?;
        ack.ok(&"second")
    });
    socket.on("ack blob", |Data(blob): Data<Blob>, ack: Ack| async move {
        ack.ok(&blob)
    });
    socket.on("ask", |socket: Socket, Data(limit): Data<u64>| async move {
        let asked = socket.emit_with_ack("question", &"?", Duration::from_millis(limit));
        match asked.await {
            Ok(answer) => socket.emit("answered", &answer.all::<Vec<Value>>().unwrap()),
            Err(error) => socket.emit("failed", &error.to_string()),
        }
    });
    socket.on("ask for blob", |socket: Socket| async move {
        let answer = socket.emit_with_ack("question", &"?", PATIENCE).await;
        socket.emit("answered", &answer.unwrap().at::<Blob>(0).unwrap())
    });
    let namespace = socket.namespace().to_string();
    let greets = namespace == "/greet";
    let never = namespace == "/slow";
    socket.on_disconnect(move |_, reason| {
        let _ = gone.send((namespace, reason));
        async {}
    });
    if greets {
        socket.emit("welcome", &1)?;
    }
    if never {
        std::future::pending::<()>().await;
    }
    Ok(())
}

async fn doors(client: Admission) -> Result<Identity, Refusal> {
    let data = match &*client.namespace {
        "/closed" => None,
        "/told" => Some(r#"{"until":"noon"}"#.to_owned()),
        _ => return Ok(Identity::default()),
    };
    Err(Refusal {
        message: "not \"now\"".to_owned(),
        data,
    })
}
