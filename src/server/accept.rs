//! Accepts connections.

use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::notices;

/// After a failure that another try will meet, too.
const PAUSE: Duration = Duration::from_millis(500);

/// A connection, who is at its other end, and its place among all.
pub(super) struct Accepted<S = TcpStream> {
    pub(super) stream: S,
    pub(super) peer: SocketAddr,
    pub(super) place: OwnedSemaphorePermit,
}

impl Accepted {
    /// For another thread.
    pub(super) fn unbound(self) -> io::Result<Accepted<net::TcpStream>> {
        let Self {
            stream,
            peer,
            place,
        } = self;
        let stream = stream.into_std()?;
        Ok(Accepted {
            stream,
            peer,
            place,
        })
    }
}

impl Accepted<net::TcpStream> {
    /// For the present thread.
    pub(super) fn bound(self) -> io::Result<Accepted> {
        let Self {
            stream,
            peer,
            place,
        } = self;
        let stream = TcpStream::from_std(stream)?;
        Ok(Accepted {
            stream,
            peer,
            place,
        })
    }
}

/// Accepts connections while there are places, and begins each, until it is dropped.
///
/// # Errors
/// The event loop of the present thread does not take the listener.
pub(super) async fn accept(
    listener: net::TcpListener,
    places: Arc<Semaphore>,
    begin: impl AsyncFn(Accepted),
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        // It is never closed.
        let Ok(place) = places.clone().acquire_owned().await else {
            return Ok(());
        };
        let (stream, peer) = next(&listener).await;
        begin(Accepted {
            stream,
            peer,
            place,
        })
        .await;
    }
}

async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                notices::NOT_ACCEPTED.tell(None, None, format_args!("nobody is accepted: {error}"));
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether it is one connection that failed, before it was accepted.
fn is_of_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
