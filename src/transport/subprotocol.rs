//! Which of the subprotocols that a client names for its WebSocket is answered (RFC 6455 4.2.2). Clients that name some
//! close a WebSocket whose answer names none; Engine.IO itself has none.

use actix_web::dev::RequestHead;
use actix_web::http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};

/// The client's first, as the reference answers; of those in `known` alone where that has some.
pub(crate) fn chosen(head: &RequestHead, known: &[String]) -> Option<HeaderValue> {
    head.headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .find(|name| is_token(name) && (known.is_empty() || known.iter().any(|one| one == name)))
        .and_then(|name| HeaderValue::from_str(name).ok())
}

/// Whether this is a token (RFC 9110 5.6.2), as subprotocols are.
pub(crate) fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}
