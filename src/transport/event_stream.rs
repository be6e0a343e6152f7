//! An answer that does not end: what waits in an outbox, as Server-Sent Events. Knows no protocol.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Version;
use actix_web::http::header::{self, ContentEncoding, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::error::CloseReason;
use dondo_actors::letter::WsFrame;
use dondo_actors::outbox::Taken;

use super::cors::{Cors, cors_headers};
use super::embedded_driver::CutWatch;
use super::pieces::Pieces;
use super::session_connection::Connection;

/// Bytes taken from the outbox at a time: what a stuck write can hold beside the outbox's own limit.
const TAKE_MAX: usize = 64 * 1024;

static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How a protocol writes what it says as events.
pub(super) trait EventFormat: Unpin + 'static {
    /// What comes at once: many readers take a stream for open with its first byte.
    fn opening(&self) -> Bytes;

    /// Adds one message of the outbox, an event or several, in pieces that are not empty. It copies nothing that is large: the
    /// bytes of a letter are shared by all who are told.
    fn event(&self, payload: Bytes, to: &mut VecDeque<Bytes>);

    /// The heartbeat.
    fn ping(&self) -> Bytes;

    /// The last of it, if there is something to say.
    fn closing(&self, reason: CloseReason) -> Option<Bytes>;
}

/// Begins the stream, whose reader is the only one of the session's outbox. The session is closed with it.
pub(super) fn response(
    request: &HttpRequest,
    connection: Arc<Connection>,
    format: impl EventFormat,
    cors: &Cors,
) -> HttpResponse {
    let mut response = cors_headers(HttpResponse::Ok(), cors);
    // Whoever watches over the connection may have to cut it when the stream has ended: nothing else is to come over it.
    response.force_close();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        // A host's own compression would keep events back until it has enough of them.
        .insert_header(ContentEncoding::Identity)
        // nginx would keep events back until a buffer is full.
        .insert_header((ACCEL_BUFFERING.clone(), "no"));
    let mut response = response.body(EventStreamBody {
        watched: CutWatch::begin(request, connection.session.outbox.clone()),
        pieces: Pieces::of(format.opening()),
        connection,
        format,
        parts: Vec::new(),
        ended: false,
    });
    // HTTP/1.0 knows no chunks: there, the end of the connection is the body's.
    let has_chunks = request.version() > Version::HTTP_10;
    response.head_mut().no_chunking(!has_chunks);
    response.map_into_boxed_body()
}

struct EventStreamBody<F> {
    connection: Arc<Connection>,
    format: F,
    watched: CutWatch,
    pieces: Pieces,
    parts: Vec<WsFrame>,
    ended: bool,
}

impl<F: EventFormat> EventStreamBody<F> {
    /// Moves what waits to the queue. Pending: nothing does, and the waker is kept.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let outbox = &self.connection.session.outbox;
        let queue = &mut self.pieces.queue;
        while queue.is_empty() && !self.ended {
            match outbox.poll_take(cx, TAKE_MAX, usize::MAX, &mut self.parts) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Taken::Nudged) => {}
                Poll::Ready(Taken::Some { ping }) => {
                    queue.extend(ping.then(|| self.format.ping()));
                    for part in self.parts.drain(..) {
                        self.format.event(part.payload(), queue);
                    }
                }
                Poll::Ready(Taken::Ended(reason)) => {
                    queue.extend(self.format.closing(reason));
                    self.ended = true;
                }
            }
        }
        Poll::Ready(())
    }
}

impl<F: EventFormat> MessageBody for EventStreamBody<F> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = &mut *self;
        this.watched.look(cx);
        let waits = this.poll_fill(cx).is_pending();
        let Some(piece) = ready!(this.pieces.poll_next(cx)) else {
            return if waits {
                Poll::Pending
            } else {
                Poll::Ready(None)
            };
        };
        // actix-http takes more only when its own buffer has room.
        let outbox = &this.connection.session.outbox;
        outbox.wrote(piece.len(), this.pieces.queue.is_empty());
        Poll::Ready(Some(Ok(piece)))
    }
}

impl<F> Drop for EventStreamBody<F> {
    fn drop(&mut self) {
        self.connection.session.close(CloseReason::TransportClose);
    }
}
