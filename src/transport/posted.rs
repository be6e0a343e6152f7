//! The body of a POST: what a client brings to its session, read whole, within its limits.

use actix_web::HttpRequest;
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use dondo_actors::account::Held;
use dondo_actors::flow::InboundCredit;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::connection::PARTIAL_FREE;
use super::entrance::EntranceOptions;
use super::timed;

/// Why a body is not there.
pub(super) enum Unread {
    AddressOver,
    TooLarge,
    Broken,
}

/// Reads it. It may have as many bytes as a message, and `request_timeout` for each kilobyte or so.
pub(super) async fn read_body(
    options: &EntranceOptions,
    request: &HttpRequest,
    mut body: Payload,
    credit: &InboundCredit,
) -> Result<Bytes, Unread> {
    let max = options.max_payload;
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > max as u64) {
        return Err(Unread::TooLarge);
    }
    let time = options.doors.settings().request_timeout;
    let account = credit.account();
    let mut partial = account.charge(Held::Partial, 0);
    let mut whole = BytesMut::new();
    // Something at first, and then at least a kilobyte a second: else it is a client that is gone, or means harm.
    let (mut look, mut least) = (Instant::now() + time, 1);
    loop {
        match timeout_at(look, body.next()).await {
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(chunk)) => {
                let chunk = chunk.map_err(|_| Unread::Broken)?;
                credit.arrived(chunk.len());
                if whole.len() + chunk.len() > max {
                    return Err(Unread::TooLarge);
                }
                whole.extend_from_slice(&chunk);
                partial.resize(whole.capacity());
                if whole.len() > PARTIAL_FREE && account.is_address_over() {
                    return Err(Unread::AddressOver);
                }
            }
            Err(_) if whole.len() >= least => {
                look += time;
                least = whole.len() + timed::least(time);
            }
            Err(_) => return Err(Unread::Broken),
        }
    }
}

/// Whether something is to come behind a head: a poll waits for nothing of its client.
pub(super) fn has_body(head: &RequestHead) -> bool {
    let length = head.headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length.as_bytes() != b"0")
        || head.headers.contains_key(header::TRANSFER_ENCODING)
}
