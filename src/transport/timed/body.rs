//! The body of a request: whether somebody wants more of it, and when it ended.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

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
        // actix-http asks who reads a body again whenever it has read some of it, in the same run. If that is the connection's own
        // task, being woken as well would be a run for nothing, of each POST.
        let mut unwoken = Context::from_waker(Waker::noop());
        let own = self.progress.task.get();
        let cx = match own.is_some_and(|own| own.will_wake(cx.waker())) {
            true => &mut unwoken,
            false => cx,
        };
        let item = ready!(Pin::new(&mut self.payload).poll_next(cx));
        if !matches!(item, Some(Ok(_))) && matches!(self.progress.phase.get(), Phase::Body { .. }) {
            self.progress.bounds.body_ended();
            self.progress.enter(Phase::Served);
        }
        Poll::Ready(item)
    }
}
