//! The answers of many to one letter.

use std::{future::Future, marker::PhantomData, pin::Pin};

use dondo_actors::{
    error::NotifyError as DeliveryError, id::MemberId as SocketId, message::AckStream,
    ports::LocalFuture,
};
use serde::de::DeserializeOwned;

use super::{arguments::Arguments, error::AckError};

/// The answers of those who heard something, as they come. Whoever does not wait for the end drops it.
#[must_use = "who does not wait for answers need not ask for them: emit does not"]
pub struct Acks<T>(
    Streams<LocalFuture<Result<AckStream, DeliveryError>>>,
    PhantomData<fn() -> T>,
);

/// As [`Acks`], from any thread.
#[must_use = "who does not wait for answers need not ask for them: emit does not"]
pub struct RemoteAcks<T>(Streams<SendFuture>, PhantomData<fn() -> T>);

type SendFuture = Pin<Box<dyn Future<Output = Result<AckStream, DeliveryError>> + Send>>;

/// All answers to one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllAcks<T> {
    /// Who answered and what, or why that cannot be read.
    pub answers: Vec<(SocketId, Result<T, AckError>)>,
    /// Who heard it and did not answer in time.
    pub silent: Vec<SocketId>,
}

/// One letter for each kind of address, one after the other.
struct Streams<F> {
    waiting: std::vec::IntoIter<F>,
    /// The letter that is on its way. Kept here, so that whoever stops waiting for an answer can go on.
    asked: Option<F>,
    present: Option<AckStream>,
    silent: Vec<SocketId>,
}

impl<F: Future<Output = Result<AckStream, DeliveryError>> + Unpin> Streams<F> {
    fn new(asked: Vec<F>) -> Self {
        Self {
            waiting: asked.into_iter(),
            asked: None,
            present: None,
            silent: Vec::new(),
        }
    }

    async fn next<T: DeserializeOwned>(
        &mut self,
    ) -> Result<Option<(SocketId, Result<T, AckError>)>, DeliveryError> {
        loop {
            if let Some(present) = &mut self.present
                && let Some((id, answer)) = present.next().await
            {
                let read = Arguments::from(answer).read(0);
                let read = read.map(|(value, _)| value);
                return Ok(Some((id, read.map_err(AckError::Unreadable))));
            }
            if let Some(ended) = self.present.take() {
                // All answers are in: so is the end.
                self.silent.extend(ended.silent().await?);
            }
            self.asked = self.asked.take().or_else(|| self.waiting.next());
            let Some(asked) = &mut self.asked else {
                return Ok(None);
            };
            let present = asked.await;
            self.asked = None;
            self.present = Some(present?);
        }
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
                Self(Streams::new(asked), PhantomData)
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
