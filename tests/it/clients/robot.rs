//! A stock client as a child process (tests/clients/robot.js and robot.py): commands in, answers and events out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Application, Hub, PATIENCE, QUIET};

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
    script: Application,
    events: VecDeque<(String, Vec<Value>)>,
    answers: VecDeque<(u64, Value)>,
    count: u64,
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
            script: kind.start(url, options),
            events: VecDeque::new(),
            answers: VecDeque::new(),
            count: 0,
        }
    }

    /// Gives a command and does not wait for its answer.
    pub(crate) fn command(&mut self, verb: &str, args: &[Value]) -> u64 {
        self.count += 1;
        let mut line = vec![json!(self.count), json!(verb)];
        line.extend_from_slice(args);
        self.script.say(&Value::Array(line).to_string());
        self.count
    }

    /// Gives a command and waits for its answer.
    pub(crate) fn tell(&mut self, verb: &str, args: &[Value]) -> Value {
        let number = self.command(verb, args);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.answers.iter().position(|(of, _)| *of == number) {
                return self.answers.remove(at).unwrap().1;
            }
            if !self.read(deadline) {
                let events = &self.events;
                self.script.fail(&format!(
                    "does not answer {verb} {args:?}; events: {events:?}"
                ));
            }
        }
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
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.events.iter().position(|(event, _)| event == name) {
                return self.events.remove(at).unwrap().1;
            }
            if !self.read(deadline) {
                let events = &self.events;
                self.script
                    .fail(&format!("has no {name}; there are {events:?}"));
            }
        }
    }

    /// The next event of this name that has one argument.
    pub(crate) fn letter(&mut self, name: &str) -> Value {
        let mut args = self.event(name);
        assert_eq!(args.len(), 1, "{:?}: {name} with {args:?}", self.kind);
        args.remove(0)
    }

    /// Everything that has arrived before the last answer.
    pub(crate) fn arrived(&mut self) -> Vec<(String, Vec<Value>)> {
        self.events.drain(..).collect()
    }

    /// Everything that has arrived and arrives until nothing has for a while.
    pub(crate) fn drain(&mut self) -> Vec<(String, Vec<Value>)> {
        while self.read(Instant::now() + QUIET) {}
        self.events.drain(..).collect()
    }

    fn read(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = self.script.line_within(left.max(Duration::from_millis(1)));
        let Some(line) = line else {
            return false;
        };
        let mut line: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        if let Some(number) = line["answer"].as_u64() {
            self.answers.push_back((number, line["value"].take()));
        } else {
            let name = line["event"].as_str().unwrap().to_owned();
            let Value::Array(args) = line["args"].take() else {
                panic!("{line}");
            };
            self.events.push_back((name, args));
        }
        true
    }
}
