//! The body of a request: whether somebody wants more of it, and when it ended.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::error::PayloadError;
use actix_http::{BoxedPayloadStream, Payload};
use bytes::Bytes;
use futures_util::Stream;

use super::{Phase, Progress};

/// A body that tells when it ended.
pub(super) struct Read {
    pub(super) payload: Payload<BoxedPayloadStream>,
    pub(super) progress: Rc<Progress>,
}

impl Stream for Read {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.progress.pacing.asked();
        let item = ready!(Pin::new(&mut self.payload).poll_next(cx));
        if !matches!(item, Some(Ok(_))) && matches!(self.progress.phase.get(), Phase::Body { .. }) {
            self.progress.enter(Phase::Served);
        }
        Poll::Ready(item)
    }
}
