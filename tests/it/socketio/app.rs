//! A host's handlers that show what a packet became, and a gate that refuses.
//!
//! Namespaces: `/`, `/a` and `/b` say nothing by themselves; `/greet` does at once; `/slow` never finishes its connect
//! handler; `/closed` and `/told` refuse, the second one with data.

use std::ops::Deref;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use dondo::config::Settings;
use dondo::{
    Ack, Arguments, Auth, Blob, Builder, Bytes, Data, DisconnectReason, Error, Namespace, Socket,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
        let welcoming = ["/", "/a", "/b", "/greet", "/slow"];
        let namespaces = welcoming.map(|name| welcome(name, gone.clone()));
        let closed =
            Namespace::new("/closed").middleware(async || Err(Error::new("closed", NOT_NOW)));
        let told = Namespace::new("/told").middleware(async || {
            Err(Error::new("closed", NOT_NOW).with_data(json!({"until": "noon"})))
        });
        let all = namespaces.into_iter().chain([closed, told]);
        let hub = form.built(change, |builder| {
            echo(all.fold(builder, Builder::namespace))
        });
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

    /// A WebSocket that is in `/`, and has answered no ping, where there is little time to come in: a busy machine may keep one
    /// from it, and another comes then. How many were too late is told beside.
    pub(super) fn inside_in_time(&self) -> (WebSocket, u64) {
        let deadline = Instant::now() + PATIENCE;
        let mut late = 0;
        loop {
            let mut socket = self.socket();
            socket.text("40");
            let mut answer = socket.next();
            while answer == Frame::Text("2".to_owned()) {
                answer = socket.next();
            }
            match answer {
                Frame::Text(text) if text.starts_with("40{") => return (socket, late),
                Frame::Close(None) => late += 1,
                other => panic!("{other:?} instead of an answer"),
            }
            assert!(Instant::now() < deadline, "{late} were too late");
        }
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

const NOT_NOW: &str = "not \"now\"";

fn welcome(name: &'static str, gone: Sender<(String, DisconnectReason)>) -> Namespace {
    Namespace::hub(name)
        .on_connect(async move |socket: Socket| {
            if name == "/greet" {
                socket.emit("welcome", 1)?;
            }
            if name == "/slow" {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
        .on_disconnect(async move |reason: DisconnectReason| {
            let _ = gone.send((name.to_owned(), reason));
        })
        .on("echo", async |socket: Socket, all: Arguments| {
            Ok(socket.emit("echo", all.all::<Vec<Value>>()?)?)
        })
        .on("connection", async |socket: Socket| {
            Ok(socket.emit("connection", ())?)
        })
        .on("7", async |socket: Socket| Ok(socket.emit("seven", ())?))
        .on("auth", async |Auth(auth): Auth<Value>| Ok((auth,)))
        .on("blobs", async |socket: Socket, all: Arguments| {
            Ok(socket.emit("blobs", all.all::<Vec<Blob>>()?)?)
        })
        .on(
            "picture",
            async |socket: Socket, Data(picture): Data<Picture>| {
                Ok(socket.emit("picture", picture)?)
            },
        )
        .on("to all", async |socket: Socket, Data(blob): Data<Blob>| {
            // Another one of the same bytes: twice the same would be one attachment.
            let other = Blob(Bytes::copy_from_slice(&blob.0));
            socket.broadcast().emit("to all", (blob, other))?.await?;
            Ok(())
        })
        .on("ack", async |all: Arguments| Ok(all.all::<Vec<Value>>()?))
        .on("ack two", async || Ok(("one", 2)))
        .on("ack none", async || Ok(()))
        .on("ack twice", async |ack: Ack| {
            ack.clone().send("first")?;
            ack.send("second")?;
            Ok("third")
        })
        .on("ack blob", async |Data(blob): Data<Blob>| Ok(blob))
        .on("ask", async |socket: Socket, Data(limit): Data<u64>| {
            let asked = socket.timeout(Duration::from_millis(limit));
            let asked = asked.emit_with_ack::<Value>("question", "?");
            match asked.arguments().await {
                Ok(answer) => socket.emit("answered", answer.all::<Vec<Value>>()?)?,
                Err(error) => socket.emit("failed", error.to_string())?,
            }
            Ok(())
        })
        .on("ask for blob", async |socket: Socket| {
            let answer: Blob = socket.emit_with_ack("question", "?").await?;
            Ok(socket.emit("answered", answer)?)
        })
}
