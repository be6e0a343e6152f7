//! The bytes of a connection of the standalone server: as TCP carries them, or within TLS.
//! Knows no handshake and no certificate: see `tls`.

use std::io::{self, IoSlice};
use std::net;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::tcp_driver::Stream;

/// A connection's stream.
#[derive(Debug)]
pub(crate) enum SocketStream {
    Plain(TcpStream),
    Tls(Secured),
}

/// A connection within TLS. In a box: it is large, and a connection without it must not pay for that.
#[derive(Debug)]
pub(crate) struct Secured(pub(super) Box<TlsStream<Beneath>>);

/// A connection on its way from one thread to another.
pub(super) enum Unbound {
    Plain(net::TcpStream),
    Tls(Secured, net::TcpStream),
}

/// The TCP stream beneath TLS. It counts what moves, because what TLS has taken in or given out says nothing of the peer.
#[derive(Debug)]
pub(super) struct Beneath {
    /// None while it changes its thread.
    stream: Option<TcpStream>,
    pub(super) came: usize,
    pub(super) went: usize,
    /// More than this must not have come.
    most: usize,
}

impl SocketStream {
    /// Bytes that came and went beneath TLS, in all; none without it, where they are those that one reads and writes.
    pub(super) fn beneath(&self) -> Option<(usize, usize)> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(secured) => {
                let beneath = secured.0.get_ref().0;
                Some((beneath.came, beneath.went))
            }
        }
    }

    /// For another thread.
    pub(super) fn unbound(self) -> io::Result<Unbound> {
        match self {
            Self::Plain(stream) => Ok(Unbound::Plain(stream.into_std()?)),
            Self::Tls(mut secured) => {
                let stream = secured.0.get_mut().0.stream.take();
                let stream = stream.ok_or_else(gone)?.into_std()?;
                Ok(Unbound::Tls(secured, stream))
            }
        }
    }
}

impl Unbound {
    /// For the present thread.
    pub(super) fn bound(self) -> io::Result<SocketStream> {
        match self {
            Self::Plain(stream) => Ok(SocketStream::Plain(TcpStream::from_std(stream)?)),
            Self::Tls(mut secured, stream) => {
                secured.0.get_mut().0.stream = Some(TcpStream::from_std(stream)?);
                Ok(SocketStream::Tls(secured))
            }
        }
    }
}

impl Beneath {
    /// At most `most` bytes may come until [`Beneath::is_free`].
    pub(super) fn new(stream: TcpStream, most: usize) -> Self {
        Self {
            stream: Some(stream),
            came: 0,
            went: 0,
            most,
        }
    }

    /// From now on as much may come as is read.
    pub(super) fn is_free(&mut self) {
        self.most = usize::MAX;
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(gone)
    }
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl AsyncRead for Beneath {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = self.stream()?.poll_read(cx, into);
        let came = into.filled().len() - before;
        self.came = self.came.wrapping_add(came);
        if self.came > self.most {
            return Poll::Ready(Err(io::Error::other("its handshake does not end")));
        }
        read
    }
}

impl AsyncWrite for Beneath {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(cx, pieces);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}

impl Beneath {
    fn count(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = &written {
            self.went = self.went.wrapping_add(*count);
        }
        written
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}

impl Stream for Secured {
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        let stream = self.0.get_ref().0.stream.as_ref();
        stream.map(|stream| stream.as_fd())
    }

    fn cut(&self) {
        if let Some(stream) = &self.0.get_ref().0.stream {
            stream.cut();
        }
    }

    /// The end of TLS is a record of its own: nothing is won by joining it.
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }

    fn is_behind(&self) -> bool {
        self.0.get_ref().1.wants_write()
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl Stream for SocketStream {
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Plain(stream) => stream.socket(),
            Self::Tls(stream) => stream.socket(),
        }
    }

    fn cut(&self) {
        match self {
            Self::Plain(stream) => stream.cut(),
            Self::Tls(stream) => stream.cut(),
        }
    }

    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => stream.poll_write_last(cx, bytes),
            Self::Tls(stream) => stream.poll_write_last(cx, bytes),
        }
    }

    fn is_behind(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_behind(),
            Self::Tls(stream) => stream.is_behind(),
        }
    }
}
