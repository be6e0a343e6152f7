//! The body of a POST: what a client brings to its session, read whole, within its limits.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use dondo_actors::account::Held;
use dondo_actors::error::CloseReason;
use dondo_actors::session::SessionRef;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::connection::PARTIAL_FREE;
use super::entrance::EntranceOptions;
use super::refusal::Refusal;
use super::timed;

/// Why a body is not there.
pub(super) enum Unread {
    AddressOver,
    TooLarge,
    Broken,
    /// Its session is over.
    Over(CloseReason),
}

impl Unread {
    /// What is answered where the session is over.
    pub(super) fn refusal(reason: CloseReason) -> Refusal {
        match reason {
            CloseReason::ShuttingDown => Refusal::ShuttingDown,
            _ => Refusal::SessionUnknown,
        }
    }
}

/// How often a body that does not end is asked whether its session is there yet.
const LOOK: Duration = Duration::from_secs(1);

/// Reads it. It may have as many bytes as a message, and `request_timeout` for each kilobyte or so, while its session lives.
pub(super) async fn read_body(
    options: &EntranceOptions,
    request: &HttpRequest,
    mut body: Payload,
    session: &SessionRef,
) -> Result<Bytes, Unread> {
    let credit = &session.credit;
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
    let mut next = Instant::now() + LOOK;
    loop {
        let read = timeout_at(look.min(next), body.next()).await;
        if Instant::now() >= next {
            next += LOOK;
            // A body that is there was sent to one that lived.
            if let (Some(reason), Ok(Some(_)) | Err(_)) = (session.outbox.ended(), &read) {
                return Err(Unread::Over(reason));
            }
        }
        match read {
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
            Err(_) if Instant::now() < look => {}
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
