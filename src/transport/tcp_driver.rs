//! The driver of the standalone server: it owns the TCP stream of a WebSocket, taken from actix-http at the upgrade
//! (decision 0001). One local task a connection, no buffer of its own while idle.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
#[cfg(target_os = "linux")]
use rustix::net::{SendFlags, send};
#[cfg(target_os = "linux")]
use tokio::io::Interest;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};

use super::connection::WebSocketConnection;
use super::departure::Departure;
use super::ending::End;
use super::framing::Framing;
use super::sockets::OpenSocket;
use super::turns::Turn;

/// Reads and writes in a row before other tasks of the thread have their turn.
const TURNS: usize = 16;
/// Small frames are copied together up to here and written at once; a larger frame goes alone. Beats `writev`.
const ONE_WRITE: usize = 16 * 1024;
const READ: usize = 64 * 1024;
/// Bytes that are read in a row, in `TURNS` at most: a megabyte is two milliseconds of work, which others would wait for.
const READ_IN_A_ROW: usize = 2 * READ;
/// How long a last flush may take, and how long the peer may take to close after it.
pub(crate) const FLUSH: Duration = Duration::from_secs(5);
pub(crate) const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
    static INPUT: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(2 * READ));
    static JOINED: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(ONE_WRITE));
    static SPARE: RefCell<VecDeque<Bytes>> = const { RefCell::new(VecDeque::new()) };
}

/// What a connection needs of its stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// The TCP socket beneath; none while it changes its thread.
    fn socket(&self) -> Option<BorrowedFd<'_>>;

    /// Makes the coming drop send RST and free what the kernel has not sent.
    fn cut(&self);

    /// As `poll_write`, where the end of the stream comes behind it: they may go out together.
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Whether the stream has taken what the kernel has not: then it must be flushed before it is given more.
    fn is_behind(&self) -> bool {
        false
    }
}

impl Stream for TcpStream {
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }

    fn cut(&self) {
        let _ = self.set_zero_linger();
    }

    /// One segment instead of two, and the peer wakes once.
    #[cfg(target_os = "linux")]
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(cx))?;
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            let send = || send(&*self, bytes, flags).map_err(io::Error::from);
            match self.try_io(Interest::WRITABLE, send) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn poll_write_last(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self).poll_write(cx, bytes)
    }
}

/// Serves a WebSocket on the present thread until it ends. `first` goes out before everything else, `read` came in
/// behind the request.
pub(crate) fn serve(
    stream: impl Stream,
    socket: OpenSocket,
    websocket: WebSocketConnection<impl Framing>,
    first: Bytes,
    read: Bytes,
) {
    let driver = Driver {
        stream,
        _socket: socket,
        websocket,
        queue: VecDeque::from([first]),
        ending: None,
        patience: None,
        departure: Departure::default(),
    };
    // In a box: a task copies its future when it begins and when it ends.
    actix_rt::spawn(Box::pin(driver.run(read)));
}

/// Writes a last word and closes.
pub(crate) async fn say_and_close(mut stream: impl Stream, word: Bytes) {
    if let Ok(Ok(())) = timeout(FLUSH, stream.write_all(&word)).await {
        Box::pin(close(stream)).await;
    }
}

struct Driver<S, F: Framing> {
    stream: S,
    /// Its place among the open connections.
    _socket: OpenSocket,
    websocket: WebSocketConnection<F>,
    queue: VecDeque<Bytes>,
    ending: Option<End>,
    patience: Option<Pin<Box<Sleep>>>,
    departure: Departure,
}

impl<S: Stream, F: Framing> Driver<S, F> {
    async fn run(mut self, read: Bytes) {
        if !read.is_empty() {
            poll_fn(|cx| {
                self.websocket.read(cx, &mut BytesMut::from(&read[..]));
                Poll::Ready(())
            })
            .await;
        }
        drop(read);
        // The session's first words go out with the answer: one segment instead of two.
        poll_fn(|cx| {
            if let Poll::Ready(end) = self.websocket.poll_out(cx, &mut self.queue) {
                self.ending = end;
            }
            Poll::Ready(())
        })
        .await;
        let mut outcome = poll_fn(|cx| self.poll(cx)).await;
        if outcome.is_err() {
            Turn::default().await;
            self.websocket.lost();
            outcome = poll_fn(|cx| self.poll(cx)).await;
        }
        match outcome {
            Ok(End::Finish) => {
                drop(self.websocket);
                Box::pin(close(self.stream)).await;
            }
            Ok(End::Cut) => self.stream.cut(),
            Err(_) => {}
        }
    }

    /// Fails when the peer is gone, also where it has closed in good order.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<End>> {
        if self.websocket.poll_cut(cx) == Poll::Ready(End::Cut) {
            return Poll::Ready(Ok(End::Cut));
        }
        self.read(cx)?;
        self.write(cx)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(socket) = self.stream.socket() {
            let limit = self.websocket.ping_timeout();
            if self.departure.is_over(cx, socket, limit) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        let (mut turns, mut bytes) = (0, 0);
        while turns < TURNS && bytes < READ_IN_A_ROW {
            if self.websocket.poll_wants(cx).is_pending() {
                self.departure.begin(cx);
                return Ok(());
            }
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let mut into = ReadBuf::new(scratch);
                match Pin::new(&mut self.stream).poll_read(cx, &mut into) {
                    Poll::Pending => return Ok(0),
                    Poll::Ready(outcome) => outcome?,
                }
                if into.filled().is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.websocket.arrived(into.filled().len());
                INPUT.with_borrow_mut(|input| {
                    input.clear();
                    input.extend_from_slice(&self.websocket.held());
                    input.extend_from_slice(into.filled());
                    self.websocket.read(cx, input);
                });
                io::Result::Ok(into.filled().len())
            })?;
            if read == 0 {
                return Ok(());
            }
            turns += 1;
            bytes += read;
        }
        // A peer that never pauses must not keep the thread.
        cx.waker().wake_by_ref();
        Ok(())
    }

    /// Ready when everything is with the kernel and nothing more will come.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<End>> {
        for _ in 0..TURNS {
            if self.queue.is_empty() && !self.stream.is_behind() {
                if let Some(end) = self.ending {
                    return Poll::Ready(Ok(end));
                }
                // An idle connection keeps no queue: it borrows the thread's.
                SPARE.with_borrow_mut(|spare| std::mem::swap(spare, &mut self.queue));
                let out = self.websocket.poll_out(cx, &mut self.queue);
                if let Poll::Ready(end) = out {
                    self.ending = end;
                }
                if self.queue.is_empty() {
                    SPARE.with_borrow_mut(|spare| std::mem::swap(spare, &mut self.queue));
                    match self.ending {
                        Some(end) => return Poll::Ready(Ok(end)),
                        None if out.is_pending() => return Poll::Pending,
                        None => continue,
                    }
                }
            }
            // A close that was decided while reading must not wait behind a stuck write for ever; its frame is still with
            // the connection.
            if self.ending.or(self.websocket.decided()).is_some() {
                let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(FLUSH)));
                if patience.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Ok(End::Cut));
                }
            }
            ready!(self.flush(cx))?;
            SPARE.with_borrow_mut(|spare| std::mem::swap(spare, &mut self.queue));
            self.queue = VecDeque::new();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_last = self.ending == Some(End::Finish);
        let stream = &mut self.stream;
        let mut write = |cx: &mut Context<'_>, bytes: &[u8], is_all: bool| match is_last && is_all {
            true => stream.poll_write_last(cx, bytes),
            false => Pin::new(&mut *stream).poll_write(cx, bytes),
        };
        while let Some(first) = self.queue.front() {
            let is_one = self.queue.len() == 1;
            let written = if is_one || first.len() >= ONE_WRITE {
                write(cx, first, is_one)
            } else {
                JOINED.with_borrow_mut(|joined| {
                    joined.clear();
                    let mut is_all = true;
                    for frame in &self.queue {
                        if joined.len() + frame.len() > ONE_WRITE {
                            is_all = false;
                            break;
                        }
                        joined.extend_from_slice(frame);
                    }
                    if joined.is_empty() {
                        joined.extend_from_slice(first);
                    }
                    write(cx, joined, is_all)
                })
            };
            let written = ready!(written)?;
            let mut count = written;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            while let Some(front) = self.queue.front_mut() {
                if count < front.len() {
                    front.advance(count);
                    break;
                }
                count -= front.len();
                self.queue.pop_front();
            }
            self.websocket.wrote(written, self.queue.is_empty());
        }
        Pin::new(&mut *stream).poll_flush(cx)
    }
}

/// FIN, then input is thrown away until the peer closes too: closing with unread input would send RST, which can destroy
/// the last frame.
async fn close(mut stream: impl Stream) {
    let closing = async {
        if stream.shutdown().await.is_err() {
            return;
        }
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                loop {
                    let mut into = ReadBuf::new(scratch);
                    match ready!(Pin::new(&mut stream).poll_read(cx, &mut into)) {
                        Ok(()) if !into.filled().is_empty() => {}
                        _ => return Poll::Ready(()),
                    }
                }
            })
        })
        .await;
    };
    let _ = timeout(LINGER, closing).await;
}
