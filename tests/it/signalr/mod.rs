//! SignalR: its wire by hand, and its stock clients, alone and beside those of Socket.IO.

mod attacks;
mod browser;
mod clients;
mod host;
mod robot;
mod streams;
mod transports;
mod wire;

use crate::support::{Hub, http};
use serde_json::Value;

/// What ends a record of JSON.
const RS: char = '\u{1e}';
const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";

/// A negotiated connection of version 1: its id, and its token.
fn negotiate(hub: &Hub) -> (String, String) {
    let answer = http::request(
        hub,
        "POST",
        "/chatHub/negotiate?negotiateVersion=1",
        &[],
        b"",
    );
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("connectionId"), text("connectionToken"))
}

/// The records of a text.
fn records(text: &str) -> Vec<Value> {
    let (text, rest) = text.rsplit_once(RS).unwrap();
    assert_eq!(rest, "");
    text.split(RS)
        .map(|record| {
            serde_json::from_str(record).unwrap_or_else(|error| panic!("{error}: {record}"))
        })
        .collect()
}
