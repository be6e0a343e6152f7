//! The first page in a headless Chromium (tests/clients/page.js), and the browser client that it loads.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::clients::node;
use crate::support::{Hub, http};

#[test]
fn two_windows_chat_see_each_other_and_one_leaves() {
    play(Hub::start(), "chat");
}

#[test]
fn after_a_restart_of_the_hub_both_windows_come_back_by_themselves_and_chat_again() {
    play(Hub::start(), "restart");
}

#[test]
fn the_browser_client_is_served_below_the_endpoint_and_is_the_installed_one() {
    let hub = Hub::start();
    let script = http::get(&hub, "/socket.io/socket.io.js");
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("content-type"),
        Some("application/javascript; charset=utf-8")
    );
    assert!(script.text().contains("Socket.IO v4.8."));
}

/// Plays a scenario. With `DONDO_TEST_PICTURES` set to a folder, it leaves screenshots there.
fn play(mut hub: Hub, scenario: &str) {
    let mut command = node("page.js");
    command.arg(hub.url()).arg(scenario);
    if let Some(folder) = std::env::var_os("DONDO_TEST_PICTURES") {
        command.arg(folder);
    }
    let mut browser = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut answers = browser.stdin.take().unwrap();
    let asked = BufReader::new(browser.stdout.take().unwrap());
    for wish in asked.lines() {
        let wish = wish.unwrap();
        match wish.as_str() {
            "stop" => hub.stop(),
            "start" => {
                let address = hub.address();
                hub = Hub::with(|config| config.listen = vec![address]);
            }
            other => panic!("the scenario asks for {other:?}"),
        }
        writeln!(answers, "{wish} done").unwrap();
    }
    let ended = browser.wait().unwrap();
    assert!(ended.success(), "the scenario {scenario} failed: {ended}");
}
