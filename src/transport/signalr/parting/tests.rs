//! What a connection is told last, as values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use dondo_actors::error::CloseReason;

use super::last_words;
use crate::protocol::signalr::Format;

fn told(format: Option<Format>, reason: CloseReason) -> String {
    last_words(format, reason).map_or_else(String::new, |words| {
        String::from_utf8(words.first.payload().to_vec()).unwrap()
    })
}

/// Fails if one that is closed for its silence does not know why it is, or is not to come back.
#[test]
fn who_said_nothing_for_too_long_is_told_so_and_may_come_back() {
    assert_eq!(
        told(Some(Format::Json), CloseReason::PingTimeout),
        "{\"type\":7,\"error\":\"Connection closed with an error.\",\"allowReconnect\":true}\u{1e}"
    );
}
