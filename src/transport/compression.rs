//! Answers made smaller with gzip, for those who ask for it (decision 6).
//! Knows bodies and what a request accepts; which answers are worth it, those say who give them.

use std::io::{self, Write as _};
use std::rc::Rc;

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, Encoding, Header as _};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use super::body::Body;

/// Smaller bodies gain nothing. As in Node.
pub(crate) const LEAST: usize = 1024;

/// Bytes that are compressed before others of the thread have their turn.
const TURN: usize = 16 * 1024;

thread_local! {
    /// An encoder has some 300 KB of its own, so a thread has one of them. While it is taken, answers go as they are:
    /// nobody waits for another's bytes.
    static ENCODER: Rc<Semaphore> = Rc::new(Semaphore::new(1));
}

/// Whether the client would rather have an answer in gzip than as it is.
pub(crate) fn is_asked_for(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request)
        .is_ok_and(|accepted| accepted.negotiate(known.iter()) == Some(Encoding::gzip()))
}

/// A poll's answer in gzip, if it is long, its client asks for that, nothing in it is to go as it is, and the encoder is free.
pub(crate) async fn of_poll(request: &HttpRequest, body: &Body) -> Option<Bytes> {
    if body.len() < LEAST || body.uncompressed || !is_asked_for(request) {
        return None;
    }
    let free = ENCODER.with(Rc::clone);
    let _taken = free.try_acquire().ok()?;
    in_turns(body).await.ok()
}

/// A body in gzip, in turns: other futures of the thread run meanwhile.
///
/// # Errors
/// None in practice: it writes to memory.
async fn in_turns(body: &Body) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut turn = 0;
    for piece in body.pieces().flat_map(|piece| piece.chunks(TURN)) {
        if turn + piece.len() > TURN {
            yield_now().await;
            turn = 0;
        }
        encoder.write_all(piece)?;
        turn += piece.len();
    }
    Ok(encoder.finish()?.into())
}

/// A body in gzip, at once: for what is compressed once and sent often.
///
/// # Errors
/// As for [`in_turns`].
pub(crate) fn at_once(body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}
