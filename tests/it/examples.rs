//! The programs of `examples`, each as a child process, with stock clients in JavaScript over both transports.

mod blog;
mod embed;
mod game;
mod guide;
mod lecture;
mod typed;

use serde_json::{Value, json};

use crate::clients::{Kind, Robot};
use crate::support::Hub;

/// Which clients a test has: over the one transport and over the other, and then the other way round.
const KINDS: [[Kind; 3]; 2] = [
    [Kind::JsPolling, Kind::JsWebSocket, Kind::JsPolling],
    [Kind::JsWebSocket, Kind::JsPolling, Kind::JsWebSocket],
];

/// A client that has come into a namespace.
fn enter(hub: &Hub, kind: Kind, namespace: &str) -> Robot {
    enter_with(hub, kind, namespace, json!({}))
}

/// The same with this `auth`.
fn enter_with(hub: &Hub, kind: Kind, namespace: &str, auth: Value) -> Robot {
    let mut robot = Robot::start_in(hub, kind, namespace, auth);
    robot.tell("connect", &[]);
    robot.event("$connect");
    robot
}
