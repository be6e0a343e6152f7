//! Accepts connections.

use std::future::pending;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use super::listener::BACKLOG;
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

/// Accepts connections while there are places, and begins each, until it is stopped. Who has connected by then is begun, too.
///
/// # Errors
/// The event loop of the present thread does not take the listener.
pub(super) async fn accept(
    listener: net::TcpListener,
    places: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
    begin: impl AsyncFn(Accepted),
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (place, (stream, peer)) = tokio::select! {
            one = next(&listener, &places) => one,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        begin(Accepted {
            stream,
            peer,
            place,
        })
        .await;
    }
    // Of itself, as the event loop may not know of them yet: the system would reset what is not accepted.
    let listener = listener.into_std()?;
    for _ in 0..BACKLOG {
        let Ok(place) = places.clone().try_acquire_owned() else {
            break;
        };
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) if is_of_one(&error) => continue,
            Err(_) => break,
        };
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream)?;
        begin(Accepted {
            stream,
            peer,
            place,
        })
        .await;
    }
    Ok(())
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, (TcpStream, SocketAddr)) {
    let Ok(place) = places.clone().acquire_owned().await else {
        // It is never closed.
        return pending().await;
    };
    loop {
        match listener.accept().await {
            Ok(accepted) => return (place, accepted),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::Cell;

    use super::super::listener::listen_on;
    use super::*;

    /// As many as the event loop has no time to accept one by one before it sees that it is stopped.
    const WAITING: usize = 64;

    #[actix_rt::test]
    async fn who_waits_to_be_accepted_when_it_stops_is_accepted() {
        let listener = listen_on(&["127.0.0.1:0".parse().unwrap()])
            .unwrap()
            .remove(0);
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..WAITING)
            .map(|_| net::TcpStream::connect(address).unwrap())
            .collect();
        let (_stop, stopped) = watch::channel(true);
        let (begun, places) = (Cell::new(0), Arc::new(Semaphore::new(2 * WAITING)));
        accept(listener, places, stopped, async |_| {
            begun.set(begun.get() + 1)
        })
        .await
        .unwrap();
        assert_eq!(begun.get(), clients.len());
    }
}
