//! A stock client that says everything in one loop: all of it arrives, at the sender too, and nobody is cut.

use serde_json::Value;

use crate::support::{Application, Hub};

/// Every way in which the first whole cut its sender: a few large messages, some of middle size, very many small ones.
const BURSTS: [(usize, usize); 3] = [(5, 600_000), (30, 80_000), (25_000, 20)];

fn all_arrives_over(transport: &str) {
    let hub = Hub::program(&[]);
    for (count, bytes) in BURSTS {
        let (of, each) = (count.to_string(), bytes.to_string());
        let mut burst = Application::node("burst.js", &[&hub.url(), transport, &of, &each]);
        let seen = burst.line().expect("a line");
        let seen: Value = serde_json::from_str(&seen).expect("JSON");
        burst.end();
        for one in seen.as_array().unwrap() {
            let disconnects = one["disconnects"].as_array().unwrap();
            assert!(disconnects.is_empty(), "{count} of {bytes} bytes: {seen}");
            assert_eq!(one["received"], count, "{count} of {bytes} bytes: {seen}");
            assert_eq!(one["wrong"], 0, "{count} of {bytes} bytes: {seen}");
        }
    }
}

#[test]
fn a_burst_of_a_stock_client_arrives_whole_over_websocket() {
    all_arrives_over("websocket");
}

#[test]
fn a_burst_of_a_stock_client_arrives_whole_over_polling() {
    all_arrives_over("polling");
}
