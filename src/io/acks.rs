//! The answers of many to one letter.

use std::{
    future::Future,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use dondo_actors::{
    error::{Fault, NotifyError as DeliveryError},
    id::MemberId as SocketId,
    message::AckStream,
    ports::{Answer, LocalFuture},
};
use futures_util::{
    Stream, StreamExt,
    stream::{SelectAll, select_all},
};
use serde::de::DeserializeOwned;

use super::{arguments::Arguments, error::AckError};

/// The answers of those who heard something, as they come. Whoever does not wait for the end drops it.
#[must_use = "who does not wait for answers need not ask for them: emit does not"]
pub struct Acks<T>(
    Letters<LocalFuture<Result<AckStream, DeliveryError>>>,
    PhantomData<fn() -> T>,
);

/// As [`Acks`], from any thread.
#[must_use = "who does not wait for answers need not ask for them: emit does not"]
pub struct RemoteAcks<T>(Letters<SendFuture>, PhantomData<fn() -> T>);

type SendFuture = Pin<Box<dyn Future<Output = Result<AckStream, DeliveryError>> + Send>>;

/// All answers to one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllAcks<T> {
    /// Who answered and what, or why that cannot be read.
    pub answers: Vec<(SocketId, Result<T, AckError>)>,
    /// Who heard it and did not answer in time, or answered when too much that was answered had not been taken.
    pub silent: Vec<SocketId>,
}

/// Whoever heard one letter, as it is said or answered.
enum Letter<F> {
    Asked(F),
    Answers(AckStream),
    /// All answers are in: so is the end.
    End(Pin<Box<dyn Future<Output = Result<Vec<SocketId>, Fault>> + Send>>),
    Over,
}

/// What a letter comes to, in the end who heard it in silence.
enum Reaction {
    Answer(SocketId, Answer),
    Silent(Vec<SocketId>),
}

impl<F: Future<Output = Result<AckStream, DeliveryError>> + Unpin> Stream for Letter<F> {
    type Item = Result<Reaction, DeliveryError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut *self {
                Self::Asked(asked) => match ready!(Pin::new(asked).poll(cx)) {
                    Ok(answers) => *self = Self::Answers(answers),
                    Err(error) => {
                        *self = Self::Over;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Self::Answers(answers) => {
                    if let Some((id, answer)) = ready!(answers.poll_next(cx)) {
                        return Poll::Ready(Some(Ok(Reaction::Answer(id, answer))));
                    }
                    if let Self::Answers(ended) = mem::replace(&mut *self, Self::Over) {
                        *self = Self::End(Box::pin(ended.silent()));
                    }
                }
                Self::End(end) => {
                    let silent = ready!(end.as_mut().poll(cx));
                    *self = Self::Over;
                    return Poll::Ready(Some(silent.map(Reaction::Silent).map_err(Into::into)));
                }
                Self::Over => return Poll::Ready(None),
            }
        }
    }
}

/// One letter for each kind of address, heard side by side. Kept here, so that whoever stops waiting for an answer can go on.
struct Letters<F> {
    all: SelectAll<Letter<F>>,
    silent: Vec<SocketId>,
}

impl<F: Future<Output = Result<AckStream, DeliveryError>> + Unpin> Letters<F> {
    fn new(asked: Vec<F>) -> Self {
        Self {
            all: select_all(asked.into_iter().map(Letter::Asked)),
            silent: Vec::new(),
        }
    }

    async fn next<T: DeserializeOwned>(
        &mut self,
    ) -> Result<Option<(SocketId, Result<T, AckError>)>, DeliveryError> {
        while let Some(heard) = self.all.next().await {
            match heard? {
                Reaction::Answer(id, answer) => {
                    let read = Arguments::from(answer).read(0);
                    let read = read.map(|(value, _)| value);
                    return Ok(Some((id, read.map_err(AckError::Unreadable))));
                }
                Reaction::Silent(silent) => self.silent.extend(silent),
            }
        }
        Ok(None)
    }

    async fn all<T: DeserializeOwned>(mut self) -> Result<AllAcks<T>, DeliveryError> {
        let mut answers = Vec::new();
        while let Some(answer) = self.next().await? {
            answers.push(answer);
        }
        let silent = self.silent;
        Ok(AllAcks { answers, silent })
    }
}

macro_rules! acks {
    ($($name:ident of $future:ty),*) => {$(
        impl<T: DeserializeOwned> $name<T> {
            pub(super) fn new(asked: Vec<$future>) -> Self {
                Self(Letters::new(asked), PhantomData)
            }

            /// The next answer; none when everybody has answered or the time is over.
            ///
            /// # Errors
            /// It was not said to all of them, or a worker that serves some is gone.
            pub async fn next(
                &mut self,
            ) -> Result<Option<(SocketId, Result<T, AckError>)>, DeliveryError> {
                self.0.next().await
            }

            /// Waits for the end: who answered what, and who did not.
            ///
            /// # Errors
            /// It was not said to all of them, or a worker that serves some is gone.
            pub async fn all(self) -> Result<AllAcks<T>, DeliveryError> {
                self.0.all().await
            }
        }

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

acks!(Acks of LocalFuture<Result<AckStream, DeliveryError>>, RemoteAcks of SendFuture);
