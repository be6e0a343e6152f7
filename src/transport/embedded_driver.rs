//! The driver inside somebody's `App`: a WebSocket as the body of a 101 response (decision 0001). actix-http polls it
//! only while its own write buffer has room, so a stalled peer is cut from beside it, through [`Cutter`].

use std::any::Any;
use std::future::{self, poll_fn};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BodyStream, MessageBody};
use actix_web::dev::{Extensions, Payload};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use dondo_actors::outbox::Outbox;
use futures_util::{Stream, stream};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::connection::WebSocketConnection;
use super::departure::Departure;
use super::ending::{End, ending};
use super::framing::Framing;
use super::pieces::Pieces;
use super::tcp_driver::{FLUSH, LINGER};
use crate::ws::EMPTY_CLOSE;

/// A second descriptor of a connection, through which it can be cut although nobody polls it; none where its kind is not
/// known, as with TLS, or where files are out. It dies with the connection's data.
struct Cutter(Option<Arc<OwnedFd>>);

/// Keeps a [`Cutter`] with a connection.
pub(crate) fn keep_cutter(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<TcpStream>();
    let descriptor = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
    data.insert(Cutter(descriptor.map(Arc::new)));
}

/// Tells once of a host's server that keeps no [`Cutter`] with its connections, and once of one whose clients nobody tells
/// of a stop. Clones tell once together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untuned {
    /// There is nothing more to tell of connections.
    told: Arc<AtomicBool>,
    /// Signals end nothing, and nobody has said that it tells the clients.
    unserved: Arc<AtomicBool>,
}

impl Untuned {
    /// There is nothing to tell.
    pub(crate) fn settle(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// A server is tuned: whoever runs it tells the clients of its end.
    pub(crate) fn tuned(&self) {
        self.unserved.store(true, Ordering::Relaxed);
    }

    /// Somebody tells them.
    pub(crate) fn served(&self) {
        self.unserved.store(false, Ordering::Relaxed);
    }

    /// Looks at the connection of a request.
    pub(super) fn look(&self, request: &HttpRequest) {
        if self.unserved.load(Ordering::Relaxed) && self.unserved.swap(false, Ordering::Relaxed) {
            log::warn!(
                "nobody tells the clients of this server when it stops: write `dondo.serve(server).await` in place of \
                 `server.await`; if you stop it by its handle, `dondo.shut_down(grace).await` before"
            );
        }
        if !self.told.load(Ordering::Relaxed)
            && request.conn_data::<Cutter>().is_none()
            && !self.told.swap(true, Ordering::Relaxed)
        {
            log::warn!(
                "a client that stops reading or goes away is noticed late in this server: write \
                 `dondo.tune(HttpServer::new(…))`, before `bind` or `listen`"
            );
        }
    }
}

/// Switches to a WebSocket, whose frames are the body of the response.
pub(super) fn response(
    request: &HttpRequest,
    payload: Payload,
    subprotocol: Option<HeaderValue>,
    websocket: WebSocketConnection<impl Framing>,
) -> HttpResponse {
    let body = SocketBody {
        watched: CutWatch::begin(request, websocket.outbox()),
        socket: descriptor(request).map(Arc::downgrade),
        departure: Departure::default(),
        websocket,
        payload,
        pieces: Pieces::default(),
        ending: None,
    };
    switch(request, subprotocol, body)
}

/// Switches to a WebSocket, and closes it without a code.
pub(super) fn closing_response(
    request: &HttpRequest,
    subprotocol: Option<HeaderValue>,
) -> HttpResponse {
    let close = future::ready(Ok::<_, io::Error>(EMPTY_CLOSE));
    let body = BodyStream::new(stream::once(close));
    switch(request, subprotocol, body)
}

fn switch(
    request: &HttpRequest,
    subprotocol: Option<HeaderValue>,
    body: impl MessageBody + 'static,
) -> HttpResponse {
    let Ok(mut response) = actix_web_actors::ws::handshake(request) else {
        return HttpResponse::BadRequest().finish();
    };
    if let Some(name) = subprotocol {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, name));
    }
    response.body(body)
}

fn descriptor(request: &HttpRequest) -> Option<&Arc<OwnedFd>> {
    let cutter = request.conn_data::<Cutter>();
    cutter.and_then(|Cutter(descriptor)| descriptor.as_ref())
}

/// A watch over a connection, which is cut when an outbox says so although nobody polls its body. It ends when it is dropped.
pub(super) struct CutWatch(Option<oneshot::Sender<()>>);

impl CutWatch {
    /// Of the connection that a request came over, where it can be cut.
    pub(super) fn begin(request: &HttpRequest, outbox: Arc<Outbox>) -> Self {
        let descriptor = descriptor(request);
        Self(descriptor.map(|descriptor| watch(outbox, Arc::downgrade(descriptor))))
    }

    /// Wakes when there is something to look at. Not to be waited for: while a peer is stalled nobody polls its body, and the
    /// watch must keep its place.
    pub(super) fn look(&mut self, cx: &mut Context<'_>) {
        if let Some(watched) = &mut self.0 {
            let _ = watched.poll_closed(cx);
        }
    }
}

/// Cuts the connection when its outbox says so. What is returned is closed when the outbox has ended, and ends the watch
/// when it is dropped.
fn watch(outbox: Arc<Outbox>, descriptor: Weak<OwnedFd>) -> oneshot::Sender<()> {
    let (watched, mut gone) = oneshot::channel();
    actix_rt::spawn(async move {
        let reason = tokio::select! {
            reason = poll_fn(|cx| outbox.poll_ended(cx)) => reason,
            _ = &mut gone => return,
        };
        drop(gone);
        if ending(reason) == End::Finish {
            // In good order first: a peer that reads gets the close frame.
            tokio::time::sleep(if reason.flushes() { FLUSH } else { LINGER }).await;
        }
        // The connection owns the descriptor: if it is gone, so is the connection.
        if let Some(descriptor) = descriptor.upgrade() {
            let socket = socket2::SockRef::from(&*descriptor);
            let _ = socket.set_linger(Some(Duration::ZERO));
            let _ = socket.shutdown(Shutdown::Both);
        }
    });
    watched
}

struct SocketBody<F: Framing> {
    watched: CutWatch,
    /// Its connection, where it can be looked at.
    socket: Option<Weak<OwnedFd>>,
    departure: Departure,
    websocket: WebSocketConnection<F>,
    payload: Payload,
    pieces: Pieces,
    ending: Option<End>,
}

impl<F: Framing> SocketBody<F> {
    fn read(&mut self, cx: &mut Context<'_>) {
        let limit = self.websocket.ping_timeout();
        if let Some(socket) = self.socket.as_ref().and_then(Weak::upgrade)
            && self.departure.is_over(cx, socket.as_fd(), limit)
        {
            return self.websocket.lost();
        }
        loop {
            if self.websocket.poll_wants(cx).is_pending() {
                return self.departure.begin(cx);
            }
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(chunk))) => {
                    self.websocket.arrived(chunk.len());
                    let mut input = self.websocket.held();
                    match input.is_empty() {
                        true => input = BytesMut::from(chunk),
                        false => input.extend_from_slice(&chunk),
                    }
                    self.websocket.read(cx, &mut input);
                }
                Poll::Ready(_) => return self.websocket.lost(),
            }
        }
    }
}

impl<F: Framing> MessageBody for SocketBody<F> {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        this.read(cx);
        this.watched.look(cx);
        if let Some(end) = this.websocket.is_cut() {
            this.ending = Some(end);
        }
        let queue = &mut this.pieces.queue;
        if queue.is_empty()
            && let Poll::Ready(Some(end)) = this.websocket.poll_out(cx, queue)
        {
            this.ending = Some(end);
        }
        let Some(piece) = ready!(this.pieces.poll_next(cx)) else {
            return match this.ending {
                Some(_) => Poll::Ready(None),
                None => Poll::Pending,
            };
        };
        // actix-http takes more only when its own buffer has room.
        let all = this.pieces.queue.is_empty();
        this.websocket.wrote(piece.len(), all);
        Poll::Ready(Some(Ok(piece)))
    }
}
