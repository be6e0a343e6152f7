//! Answers to polls, and who pays for their bytes until the client has read them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{self, ContentEncoding, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use dondo_actors::account::{Charge, Held};
use dondo_actors::error::CloseReason;

use super::body::Body;
use super::compression;
use super::cors::{Cors, cors_headers};
use super::session_connection::Connection;

/// What one answer takes of the outbox, and a whole frame more. The rest goes with the next poll: an answer's bytes are held until
/// its client has read them.
pub(super) const ANSWER_MAX: usize = 1024 * 1024;

/// What actix-http is given of an answer at a time: it copies that, and asks for more once its client has read.
const PIECE: usize = 32 * 1024;

/// A body that is handed out in pieces. Dropped when the last one is with actix-http, or with the connection: whoever pays
/// for its bytes pays as long as it lives. Dropped before, it ends its session.
pub(super) struct PollAnswer {
    connection: Arc<Connection>,
    body: Body,
    gzip: bool,
    copied: Charge,
    /// Frames count for themselves, once for all who have them; whose client does not read them is known here.
    shared: Option<Charge>,
    /// Large ones are counted, so that further polls wait while there are too many.
    large: bool,
}

impl PollAnswer {
    pub(super) fn new(body: Body, connection: &Arc<Connection>) -> Self {
        let account = connection.session.credit.account();
        Self {
            connection: connection.clone(),
            gzip: false,
            copied: account.charge(Held::Answers, body.len() - body.shared),
            shared: (body.shared > 0).then(|| account.charge(Held::Outbox, body.shared)),
            large: false,
            body,
        }
    }

    /// Makes it smaller if it is long, its client asks for that, and the thread's encoder is free.
    pub(super) async fn compress(&mut self, request: &HttpRequest) {
        if let Some(shorter) = compression::of_poll(request, &self.body).await {
            self.copied.resize(shorter.len());
            self.shared = None;
            self.body = shorter.into();
            self.gzip = true;
        }
    }

    pub(super) fn respond(mut self, content_type: &'static str, cors: &Cors) -> HttpResponse {
        let mut response = cors_headers(HttpResponse::Ok(), cors);
        response
            // Static values: a text would be checked and copied for each answer.
            .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(content_type)))
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if self.gzip {
            response
                .insert_header((header::CONTENT_ENCODING, "gzip"))
                .append_header((header::VARY, "Accept-Encoding"));
        } else if self.body.uncompressed {
            // A host's own compression leaves alone what says how it is encoded.
            response.insert_header(ContentEncoding::Identity);
        }
        if self.body.len() > PIECE {
            self.connection.begin_answer();
            self.large = true;
        }
        response.body(self)
    }
}

impl MessageBody for PollAnswer {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.body.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let piece = self.body.take(PIECE);
        // Asked for once what came before is with the kernel, or nearly: so a client that reads slowly is seen to read.
        if let Some(piece) = &piece {
            self.connection.session.outbox.wrote(piece.len(), false);
        }
        Poll::Ready(piece.map(Ok))
    }
}

impl Drop for PollAnswer {
    fn drop(&mut self) {
        if self.large {
            self.connection.end_answer();
        }
        if self.body.len() > 0 {
            // What it did not take has left the outbox: nobody can send it again.
            self.connection.session.close(CloseReason::TransportError);
        }
        if self.connection.is_answered() {
            self.connection.session.outbox.wrote(0, true);
        }
    }
}
