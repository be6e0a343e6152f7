//! A short answer as HTTP.

use std::future::ready;
use std::io;

use actix_web::HttpResponse;
use actix_web::body::BodyStream;
use actix_web::http::{StatusCode, header};
use bytes::Bytes;
use futures_util::stream;

use super::cors::{Cors, cors_headers};

/// An answer without anything but its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: StatusCode,
    /// The value of `Content-Type`; none goes with an empty body.
    pub(crate) content_type: Option<&'static str>,
    /// The body.
    pub(crate) body: String,
    /// Send `Connection: close`.
    pub(crate) close: bool,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after: Option<u32>,
    /// Methods that may be used instead.
    pub(crate) allow: Option<&'static str>,
}

impl Answer {
    pub(super) fn empty(status: StatusCode, close: bool) -> Self {
        Self {
            status,
            content_type: None,
            body: String::new(),
            close,
            retry_after: None,
            allow: None,
        }
    }

    /// The last one over its connection.
    pub(super) fn last(status: StatusCode, content_type: &'static str, body: &str) -> Self {
        Self {
            content_type: Some(content_type),
            body: body.to_owned(),
            ..Self::empty(status, true)
        }
    }

    /// The answer to a request that an `App` has.
    pub(super) fn respond(self, cors: &Cors) -> HttpResponse {
        let mut response = cors_headers(HttpResponse::build(self.status), cors);
        if let Some(kind) = self.content_type {
            response.insert_header((header::CONTENT_TYPE, kind));
        }
        if self.close {
            response.force_close();
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, methods));
        }
        response.body(self.body)
    }
}

/// Ends the connection without an answer: actix-http drops what it has not flushed when a body fails.
pub(super) fn dropped() -> HttpResponse {
    let failed = ready(Err::<Bytes, _>(io::Error::from(
        io::ErrorKind::ConnectionAborted,
    )));
    HttpResponse::Ok().body(BodyStream::new(stream::once(failed)))
}
