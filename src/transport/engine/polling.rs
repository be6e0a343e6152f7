//! Long-polling: a GET takes what waits in the outbox, a POST brings packets (wire reference 1.3, 1.4, 1.8).
//! Knows no packet's meaning above Engine.IO.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::account::Held;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::WsFrame;
use dondo_actors::outbox::Taken;

use super::packet::EnginePacket;
use super::{Engine, Refusal, payload};
use crate::transport::answer::dropped;
use crate::transport::cors::{Cors, cors_headers};
use crate::transport::poll_answer::{ANSWER_MAX, PollAnswer};
use crate::transport::posted::{Unread, has_body, read_body};
use crate::transport::session_connection::Connection;
use crate::transport::stage::Stage;

/// The type of its answers.
pub(super) const TEXT: &str = "text/plain; charset=UTF-8";

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
        let Some(pending) = connection.begin_get(CloseReason::TransportError) else {
            return misused(&connection, cors);
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
                self.0.entrance.forget(sid);
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
        pending.answered();
        answer.respond(TEXT, cors)
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
        let pending = connection.begin_post().filter(|_| !binary);
        let Some(_pending) = pending else {
            return misused(&connection, cors);
        };
        let (options, session) = (self.0.entrance.options(), &connection.session);
        let body = match read_body(options, request, body, session).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => {
                return self
                    .refuse(Refusal::PayloadTooLarge, request.head(), false)
                    .respond(cors);
            }
            Err(Unread::Broken) => return misused(&connection, cors),
            Err(Unread::Over(reason)) => {
                let refusal = Unread::refusal(reason);
                return self.refuse(refusal, request.head(), false).respond(cors);
            }
            Err(Unread::AddressOver) => {
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
            .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("text/html")))
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .body("ok")
    }
}

fn parts_max(request: &HttpRequest) -> usize {
    let agent = request.headers().get(header::USER_AGENT);
    let python = agent.is_some_and(|agent| {
        let mut words = agent.as_bytes().windows(6);
        words.any(|word| word.eq_ignore_ascii_case(b"python"))
    });
    if python { PYTHON_PARTS_MAX } else { usize::MAX }
}

/// `2` behind an empty header: long-polling takes payloads only.
const PING: &[u8] = b"2";

fn bare(text: &'static [u8]) -> WsFrame {
    WsFrame {
        frame: Bytes::from_static(text),
        header: 0,
        binary: false,
        uncompressed: false,
    }
}

/// The session ends, and the request has no body to its answer.
fn misused(connection: &Connection, cors: &Cors) -> HttpResponse {
    connection.session.close(CloseReason::TransportError);
    cors_headers(HttpResponse::BadRequest(), cors).finish()
}
