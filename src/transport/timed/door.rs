//! The door of the `App`: what a connection's [`Progress`] learns of the requests and answers that pass it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_http::{BoxedPayloadStream, HttpMessage as _, Payload, Request};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use bytes::Bytes;

use super::body::Read;
use super::{Phase, Progress};

thread_local! {
    /// The connection that runs on this thread right now.
    pub(super) static RUNNING: RefCell<Option<Rc<Progress>>> = const { RefCell::new(None) };
}

/// A request passes the door of the `App`. To be called in the connection's own run.
pub(crate) fn called(mut request: Request) -> (Request, Called) {
    let progress = RUNNING.with_borrow(Clone::clone);
    if let Some(progress) = &progress {
        progress.used.set(true);
        let whole = matches!(request.payload(), Payload::None);
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.filter(|_| !request.headers().contains_key(TRANSFER_ENCODING));
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let length = if whole { Some(0) } else { length };
        progress.bounds.called(length);
        progress.pacing.called();
        progress.enter(match whole {
            true => Phase::Served,
            false => Phase::Body { begun: false },
        });
        if !whole {
            let payload = request.take_payload();
            let payload: BoxedPayloadStream = Box::pin(Read {
                payload,
                progress: progress.clone(),
            });
            request = request.replace_payload(Payload::Stream { payload }).0;
        }
    }
    (request, Called(progress))
}

/// A request that is being served. Dropped without an answer, it has failed.
pub(crate) struct Called(Option<Rc<Progress>>);

impl Called {
    /// Its answer passes the door.
    pub(crate) fn answered(mut self, answer: ServiceResponse) -> ServiceResponse {
        let Some(progress) = self.0.take() else {
            return answer;
        };
        let takes_time = match answer.response().body().size() {
            BodySize::None => false,
            BodySize::Sized(bytes) => bytes > AT_ONCE,
            BodySize::Stream => true,
        };
        progress.answering.set(takes_time);
        progress.answered();
        match takes_time {
            true => answer.map_body(|_, body| BoxBody::new(AnswerBody { body, progress })),
            false => answer,
        }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        if let Some(progress) = self.0.take() {
            progress.answered();
        }
    }
}

/// Bytes of an answer that is at its end as soon as it is written: it has one piece.
const AT_ONCE: u64 = 1024;

/// The body of an answer that may take its time: its request is not over before it is dropped.
struct AnswerBody {
    body: BoxBody,
    progress: Rc<Progress>,
}

impl MessageBody for AnswerBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.progress.answer_ended();
    }
}
