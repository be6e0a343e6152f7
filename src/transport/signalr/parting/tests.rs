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

/// Fails if a client whose bytes are no records is told so in words of another stage or format.
#[test]
fn the_last_words_are_those_of_what_the_connection_is_in() {
    let error = "An unexpected error occurred during connection handshake.";
    assert_eq!(
        told(None, CloseReason::ParseError),
        format!("{{\"error\":\"{error}\"}}\u{1e}")
    );
    assert_eq!(
        told(Some(Format::Json), CloseReason::ParseError),
        "{\"type\":7,\"error\":\"Connection closed with an error.\"}\u{1e}"
    );
    let packed = last_words(Some(Format::MessagePack), CloseReason::ParseError);
    assert!(packed.unwrap().first.binary);
}
