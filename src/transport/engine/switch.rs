//! From HTTP to WebSocket: the two ways in (decision 0001), both checked whole before the 101 (wire reference 1.5, 1.7).

use std::sync::Arc;

use actix_codec::{Framed, FramedParts};
use actix_http::{Request, Version, h1, ws};
use actix_web::dev::{Payload, RequestHead};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::{BufMut, Bytes, BytesMut};
use dondo_actors::message::ToSession;
use tokio::net::TcpStream;

use super::framing::EngineFraming;
use super::refusal::Answer;
use super::{Engine, EngineAdmission, Refusal, subprotocol};
use crate::transport::connection::WebSocketConnection;
use crate::transport::framing::Framing as _;
use crate::transport::sockets::OpenSocket;
use crate::transport::timed::Timed;
use crate::transport::{embedded_driver, tcp_driver};
use crate::ws::{EMPTY_CLOSE, text_frame};

/// Whether a request asks for a WebSocket. Only the exact word counts: actix-http decides by it what becomes of the
/// request's body.
pub(super) fn asks_for_websocket(head: &RequestHead) -> bool {
    head.headers
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Whether a request for a WebSocket is in order, apart from what the endpoint asks for.
pub(super) fn check(head: &RequestHead) -> Result<(), Refusal> {
    // HTTP/1.0 knows no upgrades, but proxies that speak it pass them on, and Node answers them.
    let can_switch = [Version::HTTP_10, Version::HTTP_11].contains(&head.version);
    // Frames inside a chunked body would be a second, hidden stream.
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    match can_switch && !chunked && ws::verify_handshake(head).is_ok() {
        true => Ok(()),
        false => Err(Refusal::BadRequest),
    }
}

impl Engine {
    /// Whether a path is this endpoint's, as [`Engine::configure`] mounts it.
    fn stands_at(&self, path: &str) -> bool {
        let own = &self.0.options.path;
        path.starts_with(own) || own.strip_suffix('/').is_some_and(|bare| path == bare)
    }

    /// The session's side of a WebSocket; none if it has no use for one.
    fn websocket(&self, admission: EngineAdmission) -> Option<WebSocketConnection<EngineFraming>> {
        let (framing, first) = match admission {
            EngineAdmission::Begin(connection, open) => {
                let open = text_frame([open.as_bytes()]);
                (EngineFraming::begin(connection), Some(open.frame))
            }
            EngineAdmission::TakeOver(framing) => (framing, None),
            _ => return None,
        };
        let max = self.0.options.max_payload;
        Some(WebSocketConnection::new(framing, max, first))
    }

    /// The way in through somebody's `App`: the WebSocket is the response's body.
    pub(super) fn switch_in_app(
        &self,
        request: &HttpRequest,
        payload: Payload,
        admission: EngineAdmission,
    ) -> HttpResponse {
        let known = &self.0.options.subprotocols;
        let subprotocol = subprotocol::chosen(request.head(), known);
        embedded_driver::response(request, payload, subprotocol, self.websocket(admission))
    }
}

/// The way in of the standalone server: every request with `Upgrade: websocket` comes here with its socket.
/// Those that are for none of the endpoints are refused.
pub(crate) async fn upgrade(
    engines: Arc<[Engine]>,
    request: Request,
    framed: Framed<Timed, h1::Codec>,
) {
    let FramedParts {
        io,
        read_buf,
        write_buf,
        ..
    } = framed.into_parts();
    let (stream, socket) = io.into_parts();
    // An earlier answer that was not sent yet goes before ours.
    let mut first = BytesMut::with_capacity(write_buf.len() + 192);
    first.put_slice(&write_buf);
    match admit(&engines, request) {
        Err(answer) => {
            put_answer(&mut first, &answer);
            tcp_driver::say_and_close(stream, first.freeze()).await;
        }
        Ok((engine, key, subprotocol, admission)) => {
            first.put_slice(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
            first.put_slice(&key);
            if let Some(name) = subprotocol {
                first.put_slice(b"\r\nSec-WebSocket-Protocol: ");
                first.put_slice(name.as_bytes());
            }
            first.put_slice(b"\r\n\r\n");
            let read = Bytes::copy_from_slice(&read_buf);
            drop((read_buf, write_buf));
            match admission {
                EngineAdmission::TakeOver(framing) => {
                    move_home(engine, framing, (stream, socket), first.freeze(), read)
                }
                admission => match engine.websocket(admission) {
                    Some(websocket) => {
                        tcp_driver::serve(stream, socket, websocket, first.freeze(), read);
                    }
                    None => {
                        first.put_slice(&EMPTY_CLOSE);
                        tcp_driver::say_and_close(stream, first.freeze()).await;
                    }
                },
            }
        }
    }
}

/// A socket that takes a session over moves to the session's thread: a member that upgraded then costs what one that
/// began on a WebSocket does.
fn move_home(
    engine: &Engine,
    framing: EngineFraming,
    (stream, socket): (TcpStream, OpenSocket),
    first: Bytes,
    read: Bytes,
) {
    let Ok(stream) = stream.into_std() else {
        return;
    };
    let max_payload = engine.0.options.max_payload;
    let session = framing.session().mailbox.clone();
    session.send(ToSession::RunHere(Box::new(move || {
        if let Ok(stream) = TcpStream::from_std(stream) {
            let websocket = WebSocketConnection::new(framing, max_payload, None);
            tcp_driver::serve(stream, socket, websocket, first, read);
        }
    })));
}

type Admitted<'a> = (&'a Engine, [u8; 28], Option<HeaderValue>, EngineAdmission);

fn admit(engines: &[Engine], request: Request) -> Result<Admitted<'_>, Answer> {
    let Some(engine) = engines
        .iter()
        .find(|engine| engine.stands_at(request.path()))
    else {
        let body = "No WebSocket is served here".to_owned();
        return Err(Answer {
            status: 404,
            content_type: Some("text/plain"),
            body,
            close: true,
            retry_after: None,
        });
    };
    let refused = |refusal| engine.refuse(refusal, request.head()).answer(true);
    let head = request.head();
    let admission = engine.admit(head, true).map_err(refused)?;
    let key = head.headers.get(header::SEC_WEBSOCKET_KEY);
    let key = ws::hash_key(key.map_or(&[], HeaderValue::as_bytes));
    let subprotocol = subprotocol::chosen(head, &engine.0.options.subprotocols);
    Ok((engine, key, subprotocol, admission))
}

fn put_answer(out: &mut BytesMut, answer: &Answer) {
    let reason = StatusCode::from_u16(answer.status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let kind = answer.content_type.unwrap_or("text/html");
    let retry = answer.retry_after.map(|s| format!("Retry-After: {s}\r\n"));
    let head = format!(
        "HTTP/1.1 {} {}\r\nConnection: close\r\n{}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        answer.status,
        reason.unwrap_or("Refused"),
        retry.unwrap_or_default(),
        answer.body.len()
    );
    out.put_slice(head.as_bytes());
    out.put_slice(answer.body.as_bytes());
}
