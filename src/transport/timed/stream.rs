//! The stream of a connection before it is a WebSocket: counts what moves, and reads what may be read.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::mend::Mender;
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
    /// The stream itself, for a WebSocket: nobody watches over it from here any more.
    pub(crate) fn into_parts(self) -> (SocketStream, OpenSocket) {
        self.progress.enter(Phase::Served);
        self.progress.blocked.set(false);
        (self.stream, self.socket)
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

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let progress = &self.progress;
        let Some(allowed) = progress
            .pacing
            .allowance(progress.phase.get(), progress.blocked.get())
        else {
            return Poll::Pending;
        };
        let before = into.filled().len();
        let beneath = self.stream.beneath();
        let phase = progress.phase.get();
        let begins = phase == Phase::Idle && progress.bounds.is_between();
        // Anything but a head must go through as it is: a body that grows ends in the midst of what follows it.
        let in_head = phase == Phase::Head && progress.bounds.in_head();
        let mends = begins || in_head && !self.mender.is_behind();
        let mut behind = 0;
        let (mut read, count) = if allowed >= into.remaining() && !mends {
            let read = Pin::new(&mut self.stream).poll_read(cx, into);
            (read, into.filled().len() - before)
        } else {
            let fits = match mends {
                true => Mender::fits(into.remaining()),
                false => into.remaining(),
            };
            if fits == 0 {
                return Poll::Ready(Err(io::Error::other("no room to read a head into")));
            }
            let mut few = [const { MaybeUninit::uninit() }; FEW];
            let mut few = ReadBuf::uninit(&mut few[..allowed.min(fits).min(FEW)]);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut few);
            let few = few.filled();
            if begins && !few.is_empty() {
                self.mender.begin();
                self.progress.bounds.begin();
            }
            if mends {
                behind = self.mender.mend(few, &mut |bytes| into.put_slice(bytes));
            } else {
                into.put_slice(few);
            }
            (read, few.len())
        };
        if !mends {
            behind = count;
        }
        let all_is_held = count > 0 && into.filled().len() == before;
        let progress = &self.progress;
        // Of TLS the peer's part counts, not when a record has become text.
        let came = came(beneath, self.stream.beneath()).unwrap_or(count);
        progress.read.set(progress.read.get() + came);
        match read {
            Poll::Pending => {
                progress.starved.set(true);
                if came > 0 {
                    progress.record.set(true);
                }
            }
            Poll::Ready(_) => {
                progress.starved.set(false);
                progress.record.set(false);
                progress.bounds.came(behind);
                if progress.phase.get() == Phase::Head {
                    progress.head.set(progress.head.get() + count.max(came));
                }
                progress.pacing.read(progress.phase.get(), count);
                if count > 0 && phase == Phase::Idle {
                    progress.enter(Phase::Head);
                    progress.head.set(count);
                }
            }
        }
        if all_is_held {
            // Nothing read would be an end.
            cx.waker().wake_by_ref();
            read = Poll::Pending;
        }
        read
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
            self.progress.is_blocked();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // actix-http flushes when its own buffer is empty, and not before.
        let beneath = self.stream.beneath();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(beneath, 0);
        if flushed.is_pending() {
            self.progress.is_blocked();
            return flushed;
        }
        self.progress.blocked.set(false);
        if self.progress.pacing.is_held() {
            cx.waker().wake_by_ref();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
