//! What is kept of the request that opens a session, for whoever admits its members.

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName};
use dondo_actors::handshake::Handshake;

/// Headers that speak of one connection or one body, and say nothing of the client.
const NOT_KEPT: [HeaderName; 11] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What the head of a request says of its client.
pub(super) fn handshake_of(head: &RequestHead, with_headers: bool) -> Handshake {
    let target = head
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let headers = head.headers.iter();
    let headers = headers.filter(|(name, _)| with_headers && !NOT_KEPT.contains(name));
    Handshake::new(
        target,
        headers.map(|(name, value)| (name.as_str(), value.as_bytes())),
    )
}
