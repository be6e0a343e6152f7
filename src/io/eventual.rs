//! What becomes of something that was asked for at the call: each is on its way already, and may be waited for.

use std::{
    fmt,
    future::{Future, ready},
    marker::PhantomData,
    ops::AddAssign,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use dondo_actors::{
    error::{JoinError, NotifyError as DeliveryError},
    ports::{Answer, LocalFuture},
    session::{Member, MemberError},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    arguments::{self, Arguments},
    error::{AckError, EmitError},
};

/// A join that is on its way; ready when the client is in all the rooms, or with the first that did not take it.
pub struct Joining(LocalFuture<Result<(), JoinError>>);

/// A leave that is on its way.
pub struct Leaving(LocalFuture<()>);

/// Something that was said, on its way; ready when the workers have handed it on, with how many they were. Who is gone by then is
/// no error.
pub struct Delivery(LocalFuture<Result<Delivered, DeliveryError>>);

/// What became of something that was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// Clients that it was handed to.
    pub recipients: usize,
}

impl AddAssign for Delivered {
    fn add_assign(&mut self, other: Self) {
        self.recipients += other.recipients;
    }
}

/// As [`Delivery`], from any thread; it waits within a tokio runtime.
pub struct RemoteDelivery(Pin<Box<dyn Future<Output = Result<Delivered, DeliveryError>> + Send>>);

/// An answer that a client was asked for: await it.
#[must_use = "who does not wait for the answer need not ask for it: emit does not"]
pub struct AckFuture<T>(
    LocalFuture<Result<Answer, AckError>>,
    PhantomData<fn() -> T>,
);

impl Joining {
    pub(super) fn all<F, T>(joins: impl Iterator<Item = F>) -> Self
    where
        F: Future<Output = Result<T, JoinError>> + 'static,
    {
        let joins: Vec<F> = joins.collect();
        Self(Box::pin(async move {
            let mut all = Ok(());
            for join in joins {
                all = all.and(join.await.map(drop));
            }
            all
        }))
    }
}

impl Leaving {
    pub(super) fn all<F: Future + 'static>(leaves: impl Iterator<Item = F>) -> Self {
        let leaves: Vec<F> = leaves.collect();
        Self(Box::pin(async move {
            for leave in leaves {
                leave.await;
            }
        }))
    }
}

impl Delivery {
    pub(super) fn new(
        delivery: impl Future<Output = Result<Delivered, DeliveryError>> + 'static,
    ) -> Self {
        Self(Box::pin(delivery))
    }
}

impl RemoteDelivery {
    pub(super) fn new(
        delivery: impl Future<Output = Result<Delivered, DeliveryError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(delivery))
    }
}

impl<T> AckFuture<T> {
    pub(super) fn ask(
        member: &Rc<Member>,
        event: &str,
        data: &impl Serialize,
        limit: Option<Duration>,
    ) -> Self {
        let content = arguments::content(event, data).map_err(AckError::from);
        let asked = content.and_then(|content| member.ask(&content).map_err(of_member));
        let answer: LocalFuture<_> = match asked {
            Ok(answer) => Box::pin(async move {
                let Some(limit) = limit else {
                    return answer.await.map_err(of_member);
                };
                match tokio::time::timeout(limit, answer).await {
                    Ok(answer) => answer.map_err(of_member),
                    Err(_) => Err(AckError::TimedOut),
                }
            }),
            Err(error) => Box::pin(ready(Err(error))),
        };
        Self(answer, PhantomData)
    }
}

impl<T> AckFuture<T> {
    /// The answer as it came, in place of what is read from it.
    ///
    /// # Errors
    /// There is none.
    pub async fn arguments(self) -> Result<Arguments, AckError> {
        self.0.await.map(Arguments::from)
    }
}

fn of_member(error: MemberError) -> AckError {
    match error {
        MemberError::TooManyAcks => AckError::TooMany,
        MemberError::Ended => AckError::Disconnected,
        MemberError::Full => EmitError::Full.into(),
    }
}

impl<T: DeserializeOwned> Future for AckFuture<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(self.0.as_mut().poll(cx));
        let read = |answer| Arguments::from(answer).read(0);
        let read = answer.and_then(|answer| read(answer).map_err(AckError::Unreadable));
        Poll::Ready(read.map(|(value, _)| value))
    }
}

macro_rules! futures {
    ($($name:ident -> $output:ty),* $(,)?) => {$(
        impl Future for $name {
            type Output = $output;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.as_mut().poll(cx)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

futures! {
    Joining -> Result<(), JoinError>,
    Leaving -> (),
    Delivery -> Result<Delivered, DeliveryError>,
    RemoteDelivery -> Result<Delivered, DeliveryError>,
}

impl<T> fmt::Debug for AckFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AckFuture")
    }
}
