//! What the .NET client of the guides needs of the transport (contract 1): each broke it once.

use std::collections::BTreeSet;

use crate::support::polling::sid;
use crate::support::{ECHO, Form, Frame, Polling, WebSocket, http, in_both_forms};

in_both_forms!(
    an_upgrade_without_a_probe_and_without_a_get_gets_what_was_queued,
    a_text_cut_inside_a_character_is_joined_before_it_is_checked,
    a_cache_buster_that_repeats_means_nothing,
    a_bare_close_1000_is_answered_and_frees_the_session,
);

fn an_upgrade_without_a_probe_and_without_a_get_gets_what_was_queued(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let posted = polling.post("40");
    assert!(posted.header("Content-Type").is_some());
    assert!(
        !posted
            .text()
            .starts_with(|first: char| first.is_ascii_digit())
    );
    let mut socket = polling.upgrading();
    socket.text("5");
    assert_eq!(socket.next_text(), "40");
}

fn a_text_cut_inside_a_character_is_joined_before_it_is_checked(form: Form) {
    let hub = form.echoing();
    let mut socket = WebSocket::open(&hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    let text = format!("4{}", "é😀".repeat(10_000));
    // Three does not divide the characters, so frames end inside them; a ping may come between.
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(8192 - 5).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let last = if number + 1 == pieces.len() { 0x80 } else { 0 };
        socket.frame(last | u8::from(number == 0), piece);
        if number == 2 {
            socket.frame(0x89, b"between");
        }
    }
    assert_eq!(socket.next(), Frame::Pong(b"between".to_vec()));
    assert_eq!(socket.next_text(), text);
}

fn a_cache_buster_that_repeats_means_nothing(form: Form) {
    let hub = form.echoing();
    let opened: BTreeSet<String> = ["", "&t=1", "&t=1", "&t=1"]
        .iter()
        .map(|t| sid(&http::get(&hub, &format!("{ECHO}?EIO=4&transport=polling{t}")).text()))
        .collect();
    assert_eq!(opened.len(), 4);
    let polling = Polling::open(&hub, ECHO);
    let target = format!("{}&t=1", polling.target());
    for _ in 0..2 {
        assert_eq!(http::post(&hub, &target, "4a").text(), "ok");
        assert_eq!(http::get(&hub, &target).text(), "4a");
    }
}

fn a_bare_close_1000_is_answered_and_frees_the_session(form: Form) {
    let hub = form.echoing();
    let mut socket = WebSocket::open(&hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    socket.frame(0x88, &[0x03, 0xe8]);
    assert_eq!(socket.closed(), Some(1000));
    hub.wait_for("dondo_sessions_alive", 0);
}
