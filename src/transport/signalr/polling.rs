//! Long-polling: a GET takes what waits, a POST brings records, as it does beside an event stream; DELETE is the goodbye.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use dondo_actors::account::Held;
use dondo_actors::error::CloseReason;
use dondo_actors::outbox::Taken;
use tokio::time::timeout;

use super::parting::{last_words, message, note, noted};
use super::{NotServed, SignalREndpoint, attach};
use crate::protocol::signalr::{Format, Records, ping};
use crate::transport::body::Body;
use crate::transport::cors::{Cors, cors_headers};
use crate::transport::poll_answer::{ANSWER_MAX, PollAnswer};
use crate::transport::posted::{Unread, has_body, read_body};
use crate::transport::refusal::Refusal;
use crate::transport::session_connection::Connection;
use crate::transport::stage::Stage;

/// How long a poll waits for the one before it, which it has ended.
const HANDOVER: Duration = Duration::from_secs(1);

const TWO_POLLS: NotServed =
    NotServed::Said(StatusCode::CONFLICT, "The connection has another poll open");

const TWO_POSTS: NotServed = NotServed::Said(
    StatusCode::CONFLICT,
    "An earlier POST of this connection takes too long",
);

impl SignalREndpoint {
    /// A poll. The first one chooses the transport, and is answered at once.
    pub(super) async fn poll(
        &self,
        connection: Arc<Connection>,
        id: &str,
        request: &HttpRequest,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        if has_body(request.head()) {
            return Err(Refusal::BadRequest.into());
        }
        if connection.choose(Stage::Polling) {
            return Ok(empty(StatusCode::OK, cors));
        }
        if connection.stage() != Stage::Polling {
            attach(&connection, Stage::Polling)?;
        }
        let session = &connection.session;
        // A client that polls lives.
        session.credit.arrived(1);
        let number = connection.next_get();
        // A client that leaves gives up its poll before it says so.
        let begin = || connection.begin_get(CloseReason::TransportClose);
        let pending = match begin() {
            Some(pending) => pending,
            None => {
                // The newer one goes on: proxies give up polls that their clients have given up, and not always at once.
                let free = poll_fn(|cx| connection.poll_handover(cx));
                let free = timeout(HANDOVER, free).await;
                match free.ok().and_then(|()| begin()) {
                    Some(pending) => pending,
                    None if connection.is_superseded(number) => {
                        return Ok(empty(StatusCode::NO_CONTENT, cors));
                    }
                    None => return Err(TWO_POLLS),
                }
            }
        };
        let mut parts = Vec::new();
        let late = session.outbox.ended().is_some();
        let taken = poll_fn(|cx| {
            loop {
                // A nudge may have been for an earlier poll.
                if connection.is_superseded(number) {
                    return Poll::Ready(Taken::Nudged);
                }
                if connection.poll_answered(cx).is_pending() {
                    std::task::ready!(session.outbox.poll_nudged(cx));
                    match session.outbox.ended() {
                        Some(reason) if !reason.flushes() => {
                            return Poll::Ready(Taken::Ended(reason));
                        }
                        // What is left goes out once there is room for it.
                        Some(_) => return Poll::Pending,
                        None => continue,
                    }
                }
                let taken = session
                    .outbox
                    .poll_take(cx, ANSWER_MAX, usize::MAX, &mut parts);
                if !matches!(taken, Poll::Ready(Taken::Nudged)) {
                    return taken;
                }
            }
        })
        .await;
        let format = noted(&connection);
        let body = match taken {
            Taken::Some { ping } => {
                let ping = ping.then(|| self::ping(format.unwrap_or(Format::Json)).first);
                Body::joined(ping.iter().chain(&parts))
            }
            Taken::Nudged => {
                pending.answered();
                return Ok(empty(StatusCode::NO_CONTENT, cors));
            }
            Taken::Ended(reason) => {
                let words = last_words(format, reason).filter(|_| connection.tells_end());
                let Some(words) = words else {
                    // A goodbye comes in two requests, the DELETE and what the client says last, in any order.
                    if late {
                        self.0.entrance.forget(id);
                    }
                    pending.answered();
                    return Ok(empty(StatusCode::NO_CONTENT, cors));
                };
                words.first.payload().into()
            }
        };
        let answer = PollAnswer::new(body, &connection);
        pending.answered();
        Ok(answer.respond(content_type(format), cors))
    }

    /// What the client says, whole records.
    pub(super) async fn post(
        &self,
        connection: Arc<Connection>,
        request: &HttpRequest,
        body: Payload,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        let stage = connection.stage();
        if !matches!(stage, Stage::Polling | Stage::Stream) {
            return Err(NotServed::Method("GET"));
        }
        let options = self.0.entrance.options();
        // Clients of 2019 send one before the last is answered.
        let limit = options.doors.settings().request_timeout;
        let _pending = connection.await_post(limit).await.ok_or(TWO_POSTS)?;
        let session = &connection.session;
        let body = match read_body(options, request, body, session).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                session.close(CloseReason::ParseError);
                return Err(Refusal::PayloadTooLarge.into());
            }
            Err(Unread::Broken) => {
                session.close(CloseReason::TransportError);
                return Err(Refusal::BadRequest.into());
            }
            Err(Unread::Over(reason)) => return Err(Unread::refusal(reason).into()),
            Err(Unread::AddressOver) => {
                session.close(CloseReason::AddressBytes);
                return Err(Refusal::BadRequest.into());
            }
        };
        // Its records wait for credit, and it with them.
        let _held = session.credit.account().charge(Held::Inbound, body.len());
        let mut records = Records::resumed(options.max_payload, noted(&connection));
        let mut rest = body;
        while !rest.is_empty() {
            let Ok(Some(record)) = records.take(&mut rest) else {
                return Err(broken(&connection));
            };
            // The record may be the handshake, which says what format follows.
            let opens = noted(&connection).is_none();
            let format = records.format().filter(|_| !opens);
            if let Some(asked) = records.format().filter(|_| opens) {
                note(&connection, asked);
                if stage == Stage::Stream && asked == Format::MessagePack {
                    return Err(broken(&connection));
                }
            }
            let Some(message) = message(format, record) else {
                return Err(broken(&connection));
            };
            poll_fn(|cx| session.poll_ready(cx)).await;
            if session.outbox.ended().is_some() {
                break;
            }
            session.heard(message);
        }
        Ok(empty(StatusCode::OK, cors))
    }

    /// The goodbye of a client that polls.
    pub(super) fn delete(
        &self,
        connection: &Connection,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        if connection.stage() != Stage::Polling {
            return Err(NotServed::Said(
                StatusCode::BAD_REQUEST,
                "Only connections that poll are ended so",
            ));
        }
        connection.session.close(CloseReason::TransportClose);
        Ok(empty(StatusCode::ACCEPTED, cors))
    }
}

/// Its records cannot be read: it ends, and is told so where it takes what it is told.
fn broken(connection: &Connection) -> NotServed {
    connection.session.close(CloseReason::ParseError);
    Refusal::BadRequest.into()
}

fn content_type(format: Option<Format>) -> &'static str {
    match format {
        Some(Format::MessagePack) => "application/octet-stream",
        _ => "text/plain",
    }
}

fn empty(status: StatusCode, cors: &Cors) -> HttpResponse {
    cors_headers(HttpResponse::build(status), cors)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
