//! A stock client as a child process (tests/clients/robot.js and robot.py): commands in, answers and events out.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Application, Dialogue, Hub, PATIENCE};

/// Which client, with which transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    JsPolling,
    JsWebSocket,
    JsDefault,
    /// `['websocket', 'polling']`, as the JavaScript guide has it.
    JsGuide,
    PythonPolling,
    PythonWebSocket,
    PythonDefault,
    PythonAsync,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::JsPolling,
        Self::JsWebSocket,
        Self::JsDefault,
        Self::JsGuide,
        Self::PythonPolling,
        Self::PythonWebSocket,
        Self::PythonDefault,
        Self::PythonAsync,
    ];

    /// The transport that its connection ends up on.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            Self::JsPolling | Self::PythonPolling => "polling",
            _ => "websocket",
        }
    }

    /// python-socketio without asyncio starts a thread for each message: its handlers run in any order.
    pub(crate) fn keeps_order(self) -> bool {
        !matches!(
            self,
            Self::PythonPolling | Self::PythonWebSocket | Self::PythonDefault
        )
    }

    pub(crate) fn options(self) -> Value {
        match self {
            Self::JsPolling | Self::PythonPolling => json!({"transports": ["polling"]}),
            Self::JsWebSocket | Self::PythonWebSocket => json!({"transports": ["websocket"]}),
            Self::JsGuide => json!({"transports": ["websocket", "polling"]}),
            Self::JsDefault | Self::PythonDefault | Self::PythonAsync => json!({}),
        }
    }

    fn start(self, url: &str, options: &Value) -> Application {
        let options = options.to_string();
        match self {
            Self::JsPolling | Self::JsWebSocket | Self::JsDefault | Self::JsGuide => {
                Application::node("robot.js", &[url, &options])
            }
            Self::PythonPolling | Self::PythonWebSocket | Self::PythonDefault => {
                Application::python("robot.py", &["sync", url, &options])
            }
            Self::PythonAsync => Application::python("robot.py", &["async", url, &options]),
        }
    }
}

/// The client; ends with the value.
pub(crate) struct Robot {
    pub(crate) kind: Kind,
    dialogue: Dialogue,
}

impl Robot {
    /// Starts the client; it does not connect yet.
    pub(crate) fn start(hub: &Hub, kind: Kind) -> Self {
        Self::start_with(hub, kind, kind.options())
    }

    /// The same for an endpoint somewhere else; the clients in Python cannot be told.
    pub(crate) fn start_at(hub: &Hub, kind: Kind, path: &str) -> Self {
        let mut options = kind.options();
        options["path"] = path.into();
        Self::start_with(hub, kind, options)
    }

    /// The same in another namespace with this `auth`; the clients in Python cannot be told.
    pub(crate) fn start_in(hub: &Hub, kind: Kind, namespace: &str, auth: Value) -> Self {
        let mut options = kind.options();
        options["auth"] = auth;
        Self::started(kind, &format!("{}{namespace}", hub.url()), &options)
    }

    /// The same with these options of the library's.
    pub(crate) fn start_with(hub: &Hub, kind: Kind, options: Value) -> Self {
        Self::started(kind, &hub.url(), &options)
    }

    fn started(kind: Kind, url: &str, options: &Value) -> Self {
        Self {
            kind,
            dialogue: Dialogue::new(kind.start(url, options)),
        }
    }

    /// Gives a command and does not wait for its answer.
    pub(crate) fn command(&mut self, verb: &str, args: &[Value]) -> u64 {
        self.dialogue.command(verb, args)
    }

    /// Gives a command and waits for its answer.
    pub(crate) fn tell(&mut self, verb: &str, args: &[Value]) -> Value {
        self.dialogue.ask(verb, args).unwrap()
    }

    /// Emits without an ack.
    pub(crate) fn emit(&mut self, event: &str, args: &[Value]) {
        self.tell("emit", &[&[json!(event)], args].concat());
    }

    /// Emits with an ack and waits for it.
    pub(crate) fn ask(&mut self, event: &str, args: &[Value]) -> Value {
        self.tell("ask", &[&[json!(event)], args].concat())
    }

    /// Its socket id.
    pub(crate) fn id(&mut self) -> String {
        self.tell("where", &[])["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the connection is on the transport that this client ends up on.
    pub(crate) fn settle(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.tell("where", &[])["transport"].clone();
            if now == self.kind.transport() {
                return;
            }
            assert!(Instant::now() < deadline, "{:?} stays on {now}", self.kind);
        }
    }

    /// The next event of this name; others stay for later. Those with a `$` are the client library's own.
    pub(crate) fn event(&mut self, name: &str) -> Vec<Value> {
        self.dialogue.event(name)
    }

    /// The next event of this name that has one argument.
    pub(crate) fn letter(&mut self, name: &str) -> Value {
        let mut args = self.event(name);
        assert_eq!(args.len(), 1, "{:?}: {name} with {args:?}", self.kind);
        args.remove(0)
    }

    /// Everything that has arrived before the last answer.
    pub(crate) fn arrived(&mut self) -> Vec<(String, Vec<Value>)> {
        self.dialogue.arrived()
    }

    /// Everything that has arrived and arrives until nothing has for a while.
    pub(crate) fn drain(&mut self) -> Vec<(String, Vec<Value>)> {
        self.dialogue.drain()
    }
}
