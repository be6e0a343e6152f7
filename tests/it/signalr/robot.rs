//! A stock client of SignalR as a child process (tests/clients/signalr.js and signalr.py).

use serde_json::{Value, json};

use crate::support::{Application, Dialogue, Hub};

/// Which client, over which transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    WebSocket,
    WebSocketMessagePack,
    WithoutNegotiation,
    Events,
    Polling,
    PollingMessagePack,
    Version8,
    Version8Polling,
    /// Of 2019: it negotiates as version 0.
    Version1,
    Version1Events,
    Version1Polling,
    PySignalR,
    SignalRCore,
}

impl Kind {
    pub(super) const ALL: [Self; 13] = [
        Self::WebSocket,
        Self::WebSocketMessagePack,
        Self::WithoutNegotiation,
        Self::Events,
        Self::Polling,
        Self::PollingMessagePack,
        Self::Version8,
        Self::Version8Polling,
        Self::Version1,
        Self::Version1Events,
        Self::Version1Polling,
        Self::PySignalR,
        Self::SignalRCore,
    ];

    fn options(self) -> Value {
        let (library, transport, format) = match self {
            Self::WebSocket | Self::WithoutNegotiation => ("@microsoft/signalr", "ws", "json"),
            Self::WebSocketMessagePack => ("@microsoft/signalr", "ws", "messagepack"),
            Self::Events => ("@microsoft/signalr", "sse", "json"),
            Self::Polling => ("@microsoft/signalr", "lp", "json"),
            Self::PollingMessagePack => ("@microsoft/signalr", "lp", "messagepack"),
            Self::Version8 => ("signalr-8", "ws", "json"),
            Self::Version8Polling => ("signalr-8", "lp", "json"),
            Self::Version1 => ("@aspnet/signalr", "ws", "json"),
            Self::Version1Events => ("@aspnet/signalr", "sse", "json"),
            Self::Version1Polling => ("@aspnet/signalr", "lp", "json"),
            Self::PySignalR | Self::SignalRCore => ("", "", ""),
        };
        json!({
            "library": library, "transport": transport, "format": format,
            "skipNegotiation": self == Self::WithoutNegotiation,
        })
    }

    /// Whether the client says under which id it is known.
    pub(super) fn tells_its_id(self) -> bool {
        !matches!(
            self,
            Self::WithoutNegotiation
                | Self::Version1
                | Self::Version1Events
                | Self::Version1Polling
                | Self::PySignalR
                | Self::SignalRCore
        )
    }

    pub(super) fn is_python(self) -> bool {
        matches!(self, Self::PySignalR | Self::SignalRCore)
    }
}

/// The client; ends with the value.
pub(crate) struct HubRobot {
    pub(super) kind: Kind,
    pub(super) dialogue: Dialogue,
}

impl HubRobot {
    /// A client of the ChatHub that is connected.
    pub(super) fn connected(hub: &Hub, kind: Kind) -> Self {
        Self::connected_with(hub, "/chatHub", kind, &json!({}))
    }

    /// The same at another path, with more options.
    pub(crate) fn connected_with(hub: &Hub, path: &str, kind: Kind, more: &Value) -> Self {
        Self::try_connected_with(hub, path, kind, more).unwrap()
    }

    /// The same where it may be too late for it.
    pub(crate) fn try_connected_with(
        hub: &Hub,
        path: &str,
        kind: Kind,
        more: &Value,
    ) -> Result<Self, String> {
        let mut dialogue = Self::started(hub, path, kind, more);
        dialogue.ask("connect", &[])?;
        Ok(Self { kind, dialogue })
    }

    /// What it is told of its end.
    pub(crate) fn closed(&mut self) -> Value {
        self.dialogue.event("$close").remove(0)
    }

    /// Why such a client does not come in.
    pub(crate) fn refused_with(hub: &Hub, path: &str, kind: Kind, more: &Value) -> String {
        let mut dialogue = Self::started(hub, path, kind, more);
        dialogue.ask("connect", &[]).unwrap_err()
    }

    fn started(hub: &Hub, path: &str, kind: Kind, more: &Value) -> Dialogue {
        let url = format!("{}{path}", hub.url());
        let mut options = kind.options();
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        Dialogue::new(match kind {
            Kind::PySignalR => Application::python("signalr.py", &["pysignalr", &url]),
            Kind::SignalRCore => Application::python("signalr.py", &["signalrcore", &url]),
            _ => Application::node("signalr.js", &[&url, &options.to_string()]),
        })
    }

    /// Calls a method and waits for its result.
    pub(crate) fn invoke(&mut self, method: &str, args: &[Value]) -> Result<Value, String> {
        self.dialogue
            .ask("invoke", &[&[json!(method)], args].concat())
    }

    /// The next message: who said it, and what.
    pub(super) fn message(&mut self) -> (Value, Value) {
        let mut args = self.dialogue.event("ReceiveMessage");
        let (said, who) = (args.pop().unwrap(), args.pop().unwrap());
        (who, said)
    }

    /// The next message that no system line is.
    pub(crate) fn line(&mut self) -> (Value, Value) {
        loop {
            let message = self.message();
            if message.0 != "System" {
                return message;
            }
        }
    }

    pub(super) fn id(&mut self) -> String {
        let there = self.dialogue.ask("where", &[]).unwrap();
        there["id"].as_str().unwrap().to_owned()
    }
}
