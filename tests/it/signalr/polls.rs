//! Long-polling of SignalR: what a poll takes, words that overlap, and answers that break off.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use super::transports::{ask, hub};
use super::wire::{call, completion, opened_at};
use super::{HANDSHAKE, RS, negotiate, records};
use crate::support::{Form, Hub, PATIENCE, http, in_both_forms, system};

in_both_forms!(
    a_poll_takes_all_that_waits_up_to_a_megabyte,
    posts_that_overlap_are_heard_in_their_order,
    an_answer_that_breaks_off_ends_its_connection,
);

/// A connection that polls, has shaken hands and was told so.
fn polls(hub: &Hub) -> String {
    let target = format!("/chatHub?id={}", negotiate(hub).1);
    assert_eq!(ask(hub, "GET", &target, ""), (200, String::new()));
    assert_eq!(ask(hub, "POST", &target, HANDSHAKE), (200, String::new()));
    let answer = ask(hub, "GET", &target, "");
    assert_eq!(answer, (200, format!("{{}}{RS}")));
    target
}

/// What the next poll takes, without pings and what the system says.
fn taken(hub: &Hub, target: &str) -> Vec<Value> {
    let (status, text) = ask(hub, "GET", target, "");
    assert_eq!(status, 200);
    let mut told = records(&text);
    told.retain(|record| record["type"] == 3 || record["arguments"][0] == "u");
    told
}

/// Fails if a poll leaves what it could take, takes more than a megabyte and a record, or loses what it leaves.
fn a_poll_takes_all_that_waits_up_to_a_megabyte(form: Form) {
    let change = |config: &mut dondo::config::Settings| {
        config.workers = 1;
        config.insecure.no_rate_limits = true;
    };
    let hub = form.built(change, |builder| builder);
    let target = polls(&hub);
    let join = call("join", "JoinRoom", json!(["r"]));
    assert_eq!(ask(&hub, "POST", &target, &join).0, 200);
    while taken(&hub, &target).is_empty() {}
    let mut speaker = opened_at(&hub, "/chatHub");
    for (bytes, first, all) in [(10, 9, 9), (300_000, 4, 5)] {
        let text = "x".repeat(bytes);
        for number in 0..all {
            speaker.text(&call(
                "say",
                "SendMessage",
                json!(["r", "u", [number, text]]),
            ));
            completion(&mut speaker, "say");
        }
        let mut heard = taken(&hub, &target);
        assert_eq!(heard.len(), first, "{bytes}");
        while heard.len() < all {
            heard.extend(taken(&hub, &target));
        }
        let numbers: Vec<_> = heard
            .iter()
            .map(|record| record["arguments"][1][0].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (0..all as u64).collect::<Vec<_>>());
    }
}

/// Fails if what a client says before its last words were answered is refused, or overtakes them.
fn posts_that_overlap_are_heard_in_their_order(form: Form) {
    let change = |config: &mut dondo::config::Settings| {
        config.workers = 1;
        // The second waits for the first, and that for this test.
        config.engine.request_timeout = PATIENCE;
    };
    let hub = form.built(change, |builder| builder);
    let target = polls(&hub);
    let words = call("a", "JoinRoom", json!(["r"]));
    let (begin, rest) = words.split_at(20);
    let length = words.len().to_string();
    let sized = [("Content-Length", &*length)];
    let mut first = http::send(&hub, "POST", &target, &sized, begin.as_bytes());
    hub.settle();
    let words = call("b", "LeaveRoom", json!(["r"]));
    let mut second = http::send(&hub, "POST", &target, &[], words.as_bytes());
    hub.settle();
    first.write_all(rest.as_bytes()).unwrap();
    assert_eq!(http::read(&mut first).status, 200);
    assert_eq!(http::read(&mut second).status, 200);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        ended.extend(taken(&hub, &target));
    }
    let ids: Vec<_> = ended.iter().map(|record| &record["invocationId"]).collect();
    assert_eq!(ids, ["a", "b"]);
}

/// Fails if a connection goes on of which an answer was lost on its way: its client would miss messages, and nobody would say
/// so.
fn an_answer_that_breaks_off_ends_its_connection(form: Form) {
    let hub = hub(form);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    assert_eq!(ask(&hub, "GET", &target, "").0, 200);
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE).0, 200);
    assert_eq!(ask(&hub, "GET", &target, "").1, format!("{{}}{RS}"));
    let long =
        json!({"type": 1, "target": "SendMessage", "arguments": ["r", "u", "x".repeat(900_000)]});
    assert_eq!(ask(&hub, "POST", &target, &format!("{long}{RS}")).0, 200);
    // That it is in the room may be told in an answer of its own.
    let reader = loop {
        let mut reader = system::narrow(&hub);
        write!(reader, "GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let head = http::read_head(&mut reader);
        let length = head.header("content-length").unwrap();
        if length.parse::<usize>().unwrap() > 900_000 {
            break reader;
        }
    };
    system::reset(reader);
    hub.wait_for("dondo_closes_total{reason=\"transport error\"}", 1);
    // The end is counted a moment before the id is struck out.
    let deadline = Instant::now() + PATIENCE;
    while ask(&hub, "POST", &target, HANDSHAKE).0 != 404 {
        assert!(Instant::now() < deadline, "it is still found");
    }
}
