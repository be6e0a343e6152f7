//! The stream of a connection before it is a WebSocket: counts what moves, and reads what may be read.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::bounds::Due;
use super::mend::Mender;
use super::pacing::Room;
use super::{Phase, Progress};
use crate::transport::access_log::AccessLine;
use crate::transport::socket_stream::SocketStream;
use crate::transport::sockets::OpenSocket;
use crate::transport::tcp_driver::Stream as _;

/// Read at a time where the reader has room for more than may be read.
const FEW: usize = 512;

/// A stream that counts what moves.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(super) stream: SocketStream,
    pub(super) progress: Rc<Progress>,
    pub(super) socket: OpenSocket,
    pub(super) mender: Mender,
}

impl Timed {
    /// The stream itself, for a WebSocket, and what has come behind the request: nobody watches over it from here any more.
    pub(crate) fn into_parts(self) -> (SocketStream, OpenSocket, Vec<u8>) {
        self.progress.enter(Phase::Served);
        self.progress.blocked.set(false);
        let ahead = self.progress.pacing.ahead.take();
        (self.stream, self.socket, ahead)
    }
}

impl Timed {
    /// The connection becomes a WebSocket, of which the access log has a line.
    pub(crate) fn becomes(&mut self, line: Box<AccessLine>) {
        self.socket.becomes(line);
    }

    /// So much was taken: of TLS what went to the kernel counts, be it of now or of before.
    fn wrote(&self, beneath: Option<(usize, usize)>, count: usize) {
        let went = match (beneath, self.stream.beneath()) {
            (Some((_, before)), Some((_, now))) => now.wrapping_sub(before),
            _ => count,
        };
        self.progress
            .written
            .set(self.progress.written.get() + went);
    }
}

/// Bytes that came beneath TLS, where there is any.
fn came(before: Option<(usize, usize)>, now: Option<(usize, usize)>) -> Option<usize> {
    Some(now?.0.wrapping_sub(before?.0))
}

impl Timed {
    /// Hands on what of these bytes is the present request's, and answers how many bytes that is.
    fn hand_on(&mut self, bytes: &[u8], into: &mut ReadBuf<'_>) -> usize {
        let bounds = &self.progress.bounds;
        let mut of_head = 0;
        if matches!(bounds.due(), Due::Head) && !bytes.is_empty() {
            if self.mender.is_behind() {
                self.mender.begin();
            }
            of_head = self.mender.mend(bytes, &mut |bytes| into.put_slice(bytes));
            if self.mender.is_behind() {
                bounds.head_ended(self.mender.length());
            }
        }
        // Anything but a head must go through as it is: a body that grows ends in the midst of what follows it.
        let of_body = bounds.of_body(&bytes[of_head..]);
        into.put_slice(&bytes[of_head..of_head + of_body]);
        of_head + of_body
    }

    /// Reads what may be read. Where not all that came is of the present request, the rest is kept.
    fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let is_body = !matches!(self.progress.bounds.due(), Due::Head);
        let fits = match is_body {
            true => into.remaining(),
            false => Mender::fits(into.remaining()),
        };
        if fits == 0 {
            let text = "no room to read a request into";
            return Poll::Ready(Err(io::Error::other(text)));
        }
        let mut ahead = self.progress.pacing.ahead.take();
        if !ahead.is_empty() {
            let next = ahead.len().min(room).min(fits);
            let count = self.hand_on(&ahead[..next], into);
            ahead.drain(..count);
            if !ahead.is_empty() {
                self.progress.pacing.ahead.replace(ahead);
            }
            self.progress.taken(count);
            return Poll::Ready(Ok(count));
        }
        if self.progress.pacing.tells_end() {
            return Poll::Ready(Ok(0));
        }
        if is_body && room >= into.remaining() {
            let before = into.filled().len();
            ready!(self.poll_socket(cx, into))?;
            let count = into.filled().len() - before;
            self.progress.bounds.of_body(&into.filled()[before..]);
            self.progress.taken(count);
            return Poll::Ready(Ok(count));
        }
        let mut few = [const { MaybeUninit::uninit() }; FEW];
        let mut few = ReadBuf::uninit(&mut few[..room.min(fits).min(FEW)]);
        ready!(self.poll_socket(cx, &mut few))?;
        let few = few.filled();
        let count = self.hand_on(few, into);
        if count < few.len() {
            let rest = few[count..].to_vec();
            self.progress.pacing.ahead.replace(rest);
        }
        self.progress.taken(few.len());
        Poll::Ready(Ok(few.len()))
    }

    /// Keeps what comes behind the present request, until nothing does. Whether an end came that is to be told.
    fn poll_ahead(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<bool>> {
        if self.progress.pacing.tells_end() {
            return Poll::Ready(Ok(true));
        }
        let mut few = [const { MaybeUninit::uninit() }; FEW];
        let mut few = ReadBuf::uninit(&mut few[..room.min(FEW)]);
        ready!(self.poll_socket(cx, &mut few))?;
        let pacing = &self.progress.pacing;
        if few.filled().is_empty() {
            if !pacing.is_ahead() {
                return Poll::Ready(Ok(true));
            }
            // Who asks for much at once and is done may have answers to all: if this request must wait for its own, it
            // is told in the next turn.
            pacing.end_behind();
            return Poll::Pending;
        }
        pacing.ahead.borrow_mut().extend_from_slice(few.filled());
        Poll::Ready(Ok(false))
    }

    fn poll_socket(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let beneath = self.stream.beneath();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        let count = into.filled().len() - before;
        // Of TLS the peer's part counts, not when a record has become text.
        let came = came(beneath, self.stream.beneath()).unwrap_or(count);
        self.progress.heard(came, count, read.is_pending());
        read
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        loop {
            let is_over = match this.progress.room() {
                None => return Poll::Pending,
                Some(Room::Request(room)) => {
                    let read = ready!(this.poll_request(cx, room, into))?;
                    this.progress.handed_on();
                    read == 0 || into.filled().len() > before
                }
                Some(Room::Ahead(room)) => ready!(this.poll_ahead(cx, room))?,
            };
            // Nothing read would be an end.
            if is_over {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Timed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let beneath = self.stream.beneath();
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let count = match &written {
            Poll::Ready(Ok(count)) => *count,
            _ => 0,
        };
        self.wrote(beneath, count);
        if written.is_pending() || self.stream.is_behind() {
            self.progress.write_refused();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // actix-http flushes when its own buffer is empty, and not before.
        let beneath = self.stream.beneath();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(beneath, 0);
        if flushed.is_pending() {
            self.progress.write_refused();
            return flushed;
        }
        if self.progress.all_written() {
            cx.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
