//! A short answer as HTTP.

use std::io;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding};
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

/// Ends the connection without an answer: actix-http drops what it has not flushed when a body is shorter than it said. One
/// that fails would be a line of its own in the log, as an error.
pub(super) fn dropped() -> HttpResponse {
    HttpResponse::Ok()
        // What a host's own compression makes of a body has no length.
        .insert_header(ContentEncoding::Identity)
        .body(SizedStream::new(
            1,
            stream::empty::<Result<Bytes, io::Error>>(),
        ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{Read, Write};
    use std::net::TcpStream;

    use actix_web::middleware::Compress;
    use actix_web::{App, HttpServer, rt, web};

    use super::dropped;
    use crate::io::tests::log::lines;
    use crate::listen;

    /// Fails if a poll that waits at a stop is an error in the log of a host, or has an answer, be it one without words.
    #[test]
    fn a_connection_that_is_dropped_has_no_answer_and_is_no_error() {
        let said = lines();
        rt::System::new().block_on(async {
            let app = || {
                let dropped = web::to(async || dropped());
                App::new()
                    .wrap(Compress::default())
                    .default_service(dropped)
            };
            let listener = listen("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = HttpServer::new(app).workers(1).listen(listener).unwrap();
            let server = server.run();
            let handle = server.handle();
            let serving = rt::spawn(server);
            let heard = rt::task::spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let head = "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n";
                stream.write_all(head.as_bytes()).unwrap();
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).map(|_| heard)
            });
            assert_eq!(heard.await.unwrap().unwrap(), b"");
            handle.stop(true).await;
            serving.await.unwrap().unwrap();
        });
        let errors = said.try_iter().filter(|line| line.starts_with("ERROR"));
        let errors: Vec<_> = errors.filter(|line| line.contains("payload")).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}
