//! Long-polling: a GET takes what waits in the outbox, a POST brings packets (wire reference 1.3, 1.4, 1.8).
//! Knows no packet's meaning above Engine.IO.

use std::future::{poll_fn, ready};
use std::io;
use std::sync::Arc;
use std::task::Poll;

use actix_web::body::BodyStream;
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use dondo_actors::account::Held;
use dondo_actors::error::CloseReason;
use dondo_actors::flow::InboundCredit;
use dondo_actors::letter::WsFrame;
use dondo_actors::outbox::Taken;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::answer::PollAnswer;
use super::connection::Connection;
use super::packet::EnginePacket;
use super::stage::Stage;
use super::{Engine, Refusal, payload};
use crate::transport::connection::PARTIAL_FREE;
use crate::transport::cors::{Cors, cors_headers};
use crate::transport::timed;

/// What one answer takes of the outbox, and a whole frame more. The rest goes with the next GET: an answer's bytes are held
/// until its client has read them.
const ANSWER_MAX: usize = 1024 * 1024;

/// python-engineio takes no more than 16 packets in one answer and drops the connection at 17. One is left for a ping.
/// All others get up to [`ANSWER_MAX`].
const PYTHON_PARTS_MAX: usize = 15;

impl Engine {
    pub(super) async fn get(
        &self,
        connection: Arc<Connection>,
        request: &HttpRequest,
        sid: &str,
        cors: &Cors,
    ) -> HttpResponse {
        if has_body(request.head()) {
            return self
                .refuse(Refusal::BadRequest, request.head(), false)
                .respond(cors);
        }
        if !connection.begin_get() {
            return misused(&connection, cors);
        }
        let mut pending = PendingPoll {
            connection: &connection,
            answered: false,
        };
        let outbox = &connection.session.outbox;
        let late = outbox.ended().is_some();
        let parts_max = parts_max(request);
        let mut parts = Vec::new();
        let taken = poll_fn(|cx| {
            if connection.stage() == Stage::WebSocket {
                // The outbox is the WebSocket's now.
                return Poll::Ready(Taken::Nudged);
            }
            if connection.poll_answered(cx).is_pending() {
                return match outbox.poll_nudged(cx) {
                    Poll::Pending if !connection.is_probed() => Poll::Pending,
                    _ => Poll::Ready(Taken::Nudged),
                };
            }
            match outbox.poll_take(cx, ANSWER_MAX, parts_max, &mut parts) {
                // The client is about to stop polling and must not be kept waiting.
                Poll::Pending if connection.is_probed() => Poll::Ready(Taken::Nudged),
                taken => taken,
            }
        })
        .await;
        let body = match taken {
            Taken::Some { ping } => {
                let ping = ping.then(|| bare(PING));
                payload::encode(ping.iter().chain(&parts))
            }
            Taken::Nudged => Bytes::from_static(b"6").into(),
            // The next poll is to find the hub, which does not go before its sessions.
            Taken::Ended(CloseReason::ShuttingDown) if !late => {
                return dropped();
            }
            Taken::Ended(reason) => {
                self.0.sessions.remove(sid);
                match reason {
                    CloseReason::ShuttingDown => {
                        let head = request.head();
                        return self
                            .refuse(Refusal::ShuttingDown, head, false)
                            .respond(cors);
                    }
                    CloseReason::TransportClose => Bytes::from_static(b"6").into(),
                    _ if late => Bytes::from_static(b"6\x1e1").into(),
                    _ => Bytes::from_static(b"1").into(),
                }
            }
        };
        let mut answer = PollAnswer::new(body, &connection);
        if self.0.options.http_compression {
            answer.compress(request).await;
        }
        pending.answered = true;
        answer.respond(cors)
    }

    pub(super) async fn post(
        &self,
        connection: Arc<Connection>,
        request: &HttpRequest,
        body: Payload,
        cors: &Cors,
    ) -> HttpResponse {
        let binary = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
        if binary || !connection.begin_post() {
            return misused(&connection, cors);
        }
        let _pending = PendingPost(&connection);
        let body = match self.read(request, body, &connection.session.credit).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                return self
                    .refuse(Refusal::PayloadTooLarge, request.head(), false)
                    .respond(cors);
            }
            Err(Unread::Broken) => return misused(&connection, cors),
            Err(Unread::AddressOver) => {
                let session = &connection.session;
                session.close(CloseReason::AddressBytes);
                return cors_headers(HttpResponse::BadRequest(), cors).finish();
            }
        };
        connection.feed();
        // Its packets wait for credit, and it with them.
        let account = connection.session.credit.account();
        let _held = account.charge(Held::Inbound, body.len());
        for packet in payload::decode(body) {
            let Ok(packet) = packet else {
                connection.session.close(CloseReason::ParseError);
                return cors_headers(HttpResponse::BadRequest(), cors).finish();
            };
            poll_fn(|cx| connection.session.poll_ready(cx)).await;
            if connection.session.outbox.ended().is_some() {
                break;
            }
            match packet {
                EnginePacket::Message(wire) => connection.session.heard(wire),
                EnginePacket::Pong => connection.session.pong(),
                EnginePacket::Close => {
                    connection.session.close(CloseReason::TransportClose);
                    break;
                }
                EnginePacket::Ping(_) => return misused(&connection, cors),
                // Counted like messages: they cost as much to read.
                EnginePacket::Open | EnginePacket::Upgrade | EnginePacket::Noop => {
                    connection.session.noise()
                }
            }
        }
        cors_headers(HttpResponse::Ok(), cors)
            .insert_header((header::CONTENT_TYPE, "text/html"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body("ok")
    }

    async fn read(
        &self,
        request: &HttpRequest,
        mut body: Payload,
        credit: &InboundCredit,
    ) -> Result<Bytes, Unread> {
        let max = self.0.options.max_payload;
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|length| length > max as u64) {
            return Err(Unread::TooLarge);
        }
        let time = self.0.options.doors.settings().request_timeout;
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
}

fn parts_max(request: &HttpRequest) -> usize {
    let agent = request.headers().get(header::USER_AGENT);
    let python = agent.is_some_and(|agent| {
        let name = agent.as_bytes().to_ascii_lowercase();
        name.windows(6).any(|word| word == b"python")
    });
    if python { PYTHON_PARTS_MAX } else { usize::MAX }
}

enum Unread {
    AddressOver,
    TooLarge,
    Broken,
}

/// `2` behind an empty header: long-polling takes payloads only.
const PING: &[u8] = b"2";

fn bare(text: &'static [u8]) -> WsFrame {
    WsFrame {
        frame: Bytes::from_static(text),
        header: 0,
        binary: false,
    }
}

/// Ends the connection without an answer: actix-http drops what it has not flushed when a body fails.
fn dropped() -> HttpResponse {
    let failed = ready(Err::<Bytes, _>(io::Error::from(
        io::ErrorKind::ConnectionAborted,
    )));
    HttpResponse::Ok().body(BodyStream::new(stream::once(failed)))
}

/// Whether something is to come behind a head: a poll waits for nothing of its client.
fn has_body(head: &RequestHead) -> bool {
    let length = head.headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length.as_bytes() != b"0")
        || head.headers.contains_key(header::TRANSFER_ENCODING)
}

/// The session ends, and the request has no body to its answer.
fn misused(connection: &Connection, cors: &Cors) -> HttpResponse {
    connection.session.close(CloseReason::TransportError);
    cors_headers(HttpResponse::BadRequest(), cors).finish()
}

/// A GET that is dropped before it was answered is a client that went away.
struct PendingPoll<'a> {
    connection: &'a Connection,
    answered: bool,
}

impl Drop for PendingPoll<'_> {
    fn drop(&mut self) {
        self.connection.end_get();
        if !self.answered && self.connection.stage() != Stage::WebSocket {
            self.connection.session.close(CloseReason::TransportError);
        }
    }
}

struct PendingPost<'a>(&'a Connection);

impl Drop for PendingPost<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}
