//! The door of the `App`: what a connection's [`Progress`] learns of the requests and answers that pass it.

use std::cell::RefCell;
use std::rc::Rc;

use actix_http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_http::{BoxedPayloadStream, HttpMessage as _, Payload, Request};

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
        progress.called.set(true);
        let whole = matches!(request.payload(), Payload::None);
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.filter(|_| !request.headers().contains_key(TRANSFER_ENCODING));
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let length = if whole { Some(0) } else { length };
        progress.pacing.called(progress.bounds.called(length));
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

/// A request that is being served.
pub(crate) struct Called(Option<Rc<Progress>>);

impl Called {
    /// Its answer passes the door.
    pub(crate) fn answered(self) {
        if let Some(progress) = self.0 {
            progress.answered();
        }
    }
}
