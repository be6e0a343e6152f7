//! From HTTP to WebSocket: what any endpoint asks of the request, and the standalone server's sockets (decision 0001).
//! What is left to say to one goes out in one write.

use actix_codec::{Framed, FramedParts};
use actix_http::{Version, h1, ws};
use actix_web::body::to_bytes_limited;
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use bytes::{BufMut, Bytes, BytesMut};
use dondo_actors::message::ToSession;

use super::connection::WebSocketConnection;
use super::embedded_driver;
use super::framing::Framing;
use super::socket_stream::SocketStream;
use super::sockets::OpenSocket;
use super::tcp_driver;
use super::timed::Timed;
use crate::ws::EMPTY_CLOSE;

/// Of an answer that refuses a WebSocket no more is passed on.
const REFUSAL_MAX: usize = 64 * 1024;

/// Whether a request asks for a WebSocket. Only the exact word counts: actix-http decides by it what becomes of the
/// request's body.
pub(super) fn asks_for_websocket(head: &RequestHead) -> bool {
    head.headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Whether a request for a WebSocket is in order, as RFC 6455 has it.
pub(super) fn is_valid(head: &RequestHead) -> bool {
    // HTTP/1.0 knows no upgrades, but proxies that speak it pass them on, and Node answers them.
    let can_switch = [Version::HTTP_10, Version::HTTP_11].contains(&head.version);
    // Frames inside a body would be a second, hidden stream: a proxy that counts it sees the WebSocket begin elsewhere.
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    let mut lengths = head.headers.get_all(header::CONTENT_LENGTH);
    let empty = lengths.all(|length| length.as_bytes() == b"0");
    can_switch && !chunked && empty && ws::verify_handshake(head).is_ok()
}

/// Switches to a WebSocket, for a request that [`is_valid`]: over the socket that came beside it, else as the response's body.
pub(super) fn serve(
    request: &HttpRequest,
    payload: Payload,
    subprotocol: Option<HeaderValue>,
    websocket: WebSocketConnection<impl Framing>,
) -> HttpResponse {
    let socket = request.extensions_mut().remove::<UpgradedSocket>();
    let Some(mut socket) = socket else {
        return embedded_driver::response(request, payload, subprotocol, websocket);
    };
    socket.switch(request.head(), subprotocol);
    socket.serve(websocket);
    HttpResponse::SwitchingProtocols().finish()
}

/// The same for a WebSocket that takes a session over, which is another thread's perhaps.
pub(super) fn take_over(
    request: &HttpRequest,
    payload: Payload,
    subprotocol: Option<HeaderValue>,
    framing: impl Framing + Send,
    max_payload: usize,
) -> HttpResponse {
    let socket = request.extensions_mut().remove::<UpgradedSocket>();
    let Some(mut socket) = socket else {
        let websocket = WebSocketConnection::new(framing, max_payload, None);
        return embedded_driver::response(request, payload, subprotocol, websocket);
    };
    socket.switch(request.head(), subprotocol);
    socket.serve_at_home(framing, max_payload);
    HttpResponse::SwitchingProtocols().finish()
}

/// The same for a WebSocket that nobody has a use for: it is closed, without a code.
pub(super) fn close(request: &HttpRequest, subprotocol: Option<HeaderValue>) -> HttpResponse {
    let socket = request.extensions_mut().remove::<UpgradedSocket>();
    let Some(mut socket) = socket else {
        return embedded_driver::closing_response(request, subprotocol);
    };
    socket.switch(request.head(), subprotocol);
    socket.say(&EMPTY_CLOSE);
    actix_rt::spawn(socket.close());
    HttpResponse::SwitchingProtocols().finish()
}

/// A socket that the standalone server has taken from actix-http, because its client asks for a WebSocket.
pub(crate) struct UpgradedSocket {
    stream: SocketStream,
    /// Its place among the open connections.
    socket: OpenSocket,
    /// To go out before everything else.
    first: BytesMut,
    /// What came in behind the request.
    read: Bytes,
}

impl UpgradedSocket {
    pub(super) fn new(framed: Framed<Timed, h1::Codec>) -> Self {
        let FramedParts {
            io,
            read_buf,
            write_buf,
            ..
        } = framed.into_parts();
        let (stream, socket, ahead) = io.into_parts();
        // An earlier answer that was not sent yet goes before ours.
        let mut first = BytesMut::with_capacity(write_buf.len() + 192);
        first.put_slice(&write_buf);
        Self {
            stream,
            socket,
            first,
            read: [&read_buf[..], &ahead].concat().into(),
        }
    }

    /// The 101 to a request that [`is_valid`].
    fn switch(&mut self, head: &RequestHead, subprotocol: Option<HeaderValue>) {
        let key = head.headers.get(header::SEC_WEBSOCKET_KEY);
        let key = ws::hash_key(key.map_or(&[], HeaderValue::as_bytes));
        self.socket.answered(101);
        self.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
        self.say(&key);
        if let Some(name) = subprotocol {
            self.say(b"\r\nSec-WebSocket-Protocol: ");
            self.say(name.as_bytes());
        }
        self.say(b"\r\n\r\n");
    }

    /// Instead of a 101: an answer of the `App`, the last one over its connection.
    pub(super) async fn refuse(&mut self, answer: HttpResponse) {
        let (head, body) = answer.into_parts();
        let body = to_bytes_limited(body, REFUSAL_MAX).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let status = head.status();
        self.socket.answered(status.as_u16());
        let reason = status.canonical_reason().unwrap_or("Refused");
        let line = format!(
            "HTTP/1.1 {} {reason}\r\nConnection: close\r\n",
            status.as_str()
        );
        self.say(line.as_bytes());
        for (name, value) in head.headers() {
            if ![
                header::CONNECTION,
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
            ]
            .contains(name)
            {
                self.say(name.as_str().as_bytes());
                self.say(b": ");
                self.say(value.as_bytes());
                self.say(b"\r\n");
            }
        }
        self.say(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.say(&body);
    }

    fn say(&mut self, bytes: &[u8]) {
        self.first.put_slice(bytes);
    }

    /// Serves a WebSocket on the present thread.
    fn serve(self, websocket: WebSocketConnection<impl Framing>) {
        let first = self.first.freeze();
        serve_over(self.stream, self.socket, websocket, first, self.read);
    }

    /// Serves a WebSocket that takes a session over on the session's thread: a member that upgraded then costs what one that
    /// began on a WebSocket does.
    fn serve_at_home(self, framing: impl Framing + Send, max_payload: usize) {
        let Ok(stream) = self.stream.unbound() else {
            return;
        };
        let (socket, first, read) = (self.socket, self.first.freeze(), self.read);
        let session = framing.session().mailbox.clone();
        session.send(ToSession::RunHere(Box::new(move || {
            if let Ok(stream) = stream.bound() {
                let websocket = WebSocketConnection::new(framing, max_payload, None);
                serve_over(stream, socket, websocket, first, read);
            }
        })));
    }

    /// Writes what was said, and closes.
    pub(super) async fn close(self) {
        let _place = self.socket;
        tcp_driver::say_and_close(self.stream, self.first.freeze()).await;
    }
}

/// Each kind of stream has a driver of its own: the one over plain TCP knows nothing of TLS.
fn serve_over(
    stream: SocketStream,
    socket: OpenSocket,
    websocket: WebSocketConnection<impl Framing>,
    first: Bytes,
    read: Bytes,
) {
    match stream {
        SocketStream::Plain(stream) => tcp_driver::serve(stream, socket, websocket, first, read),
        SocketStream::Tls(stream) => tcp_driver::serve(stream, socket, websocket, first, read),
    }
}
