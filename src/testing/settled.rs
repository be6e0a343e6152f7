//! When nothing moves any more: what a test waits for.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Until nothing moves: held time goes on only when nobody has anything to do, by the millisecond that this takes.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Something that was done at the call. Awaited, all that comes of it has happened, as far as no time must pass for that.
pub struct Settled<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> Settled<T> {
    pub(super) fn then(look: impl Future<Output = T> + 'static) -> Self {
        Self(Box::pin(async move {
            settle().await;
            look.await
        }))
    }
}

impl<T> Future for Settled<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Settled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settled")
    }
}
