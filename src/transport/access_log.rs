//! The access log: a line for each request of the standalone server once its answer is over, and for each WebSocket once it is.
//! What a client writes is never more than a part of its field, and what may be a secret is left out.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use actix_http::Request;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceResponse};
use actix_web::http::header::USER_AGENT;
use bytes::Bytes;

use super::address::TrustedProxies;

/// The target of its lines, for `RUST_LOG`.
const TARGET: &str = "dondo::access";
/// What of a query is shown with its value; of anything else the name alone.
const SHOWN: [&str; 6] = [
    "EIO",
    "transport",
    "b64",
    "dialect",
    "negotiateVersion",
    "t",
];
/// Letters of what a client has written.
const METHOD_MAX: usize = 16;
const ADDRESS_MAX: usize = 256;
const AGENT_MAX: usize = 160;

/// Begins lines, where they are asked for. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct AccessLog {
    proxies: TrustedProxies,
}

/// A request that is under way. Its line is written when this is dropped.
#[derive(Debug)]
pub(crate) struct AccessLine {
    asked: String,
    client: Option<IpAddr>,
    agent: Option<String>,
    began: Instant,
    /// None: the client went before there was an answer.
    status: Option<u16>,
    /// Of the answer's body; not known of a WebSocket.
    bytes: Option<u64>,
}

impl AccessLog {
    /// One that takes the word of these proxies.
    pub(crate) fn new(proxies: TrustedProxies) -> Self {
        Self { proxies }
    }

    /// A request has come.
    pub(crate) fn begin(&self, request: &Request) -> Box<AccessLine> {
        let head = request.head();
        let agent = head.headers().get(USER_AGENT);
        let peer = head.peer_addr.as_ref().map(SocketAddr::ip);
        Box::new(AccessLine {
            asked: asked(head),
            client: peer.map(|peer| self.proxies.client(peer, head.headers())),
            agent: agent.map(|agent| plain(agent.as_bytes(), AGENT_MAX)),
            began: Instant::now(),
            status: None,
            bytes: None,
        })
    }
}

impl AccessLine {
    /// It is answered so.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let agent = self.agent.as_deref();
        let client = self.client.map(|client| client.to_string());
        let took = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        log::info!(
            target: TARGET,
            agent = agent, bytes = self.bytes, client = client.as_deref(), ms = took, status = self.status;
            "{}",
            self.asked
        );
    }
}

/// An answer whose line is written when its body is over.
pub(crate) fn logged(answer: ServiceResponse, line: Option<Box<AccessLine>>) -> ServiceResponse {
    let Some(mut line) = line else {
        return answer;
    };
    line.answered(answer.status().as_u16());
    line.bytes = Some(0);
    answer.map_body(|_, body| BoxBody::new(LoggedBody { body, line }))
}

struct LoggedBody {
    body: BoxBody,
    line: Box<AccessLine>,
}

impl MessageBody for LoggedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = ready!(Pin::new(&mut self.body).poll_next(cx));
        if let Some(Ok(piece)) = &next {
            let bytes = self.line.bytes.get_or_insert_default();
            *bytes += piece.len() as u64;
        }
        Poll::Ready(next)
    }
}

/// The method and the address.
fn asked(head: &RequestHead) -> String {
    let mut asked = plain(head.method.as_str().as_bytes(), METHOD_MAX);
    asked.push(' ');
    let mut address = head.uri.path().to_owned();
    let mut between = '?';
    for pair in head
        .uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
    {
        address.push(between);
        between = '&';
        match pair.split_once('=') {
            Some((name, _)) if !SHOWN.contains(&name) => {
                address.push_str(name);
                address.push_str("=-");
            }
            // A name alone may be a secret that lost its own.
            None if !SHOWN.contains(&pair) => address.push('-'),
            _ => address.push_str(pair),
        }
        if address.len() > ADDRESS_MAX {
            break;
        }
    }
    asked.push_str(&plain(address.as_bytes(), ADDRESS_MAX));
    asked
}

/// Text of letters that are nothing else in a line of any log.
fn plain(text: &[u8], most: usize) -> String {
    let mut plain = String::new();
    for &byte in text {
        if plain.len() >= most {
            plain.push_str("...");
            break;
        }
        match byte {
            b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' => plain.push(char::from(byte)),
            // Writing to memory cannot fail.
            _ => drop(write!(plain, "%{byte:02X}")),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn line(uri: &str, agent: &[u8]) -> Box<AccessLine> {
        let mut request = Request::new();
        let head = request.head_mut();
        head.uri = uri.parse().unwrap();
        let agent = HeaderValue::from_bytes(agent).unwrap();
        head.headers_mut().insert(USER_AGENT, agent);
        AccessLog::new(TrustedProxies::default()).begin(&request)
    }

    /// Fails if a value that may be a secret is in a line, however its name is written.
    #[test]
    fn of_a_query_only_what_is_no_secret_is_shown() {
        for (uri, asked) in [
            (
                "/socket.io/?EIO=4&transport=polling&t=abc",
                "GET /socket.io/?EIO=4&transport=polling&t=abc",
            ),
            (
                "/socket.io/?EIO=4&sid=s3cret",
                "GET /socket.io/?EIO=4&sid=-",
            ),
            (
                "/chatHub?id=s3cret&access_token=s3cret",
                "GET /chatHub?id=-&access_token=-",
            ),
            (
                "/chatHub?ID=s3cret&Access%5Ftoken=s3cret",
                "GET /chatHub?ID=-&Access%5Ftoken=-",
            ),
            ("/ws?token=a=s3cret&&=s3cret", "GET /ws?token=-&-&=-"),
            ("/ws?s3cret", "GET /ws?-"),
            ("/", "GET /"),
        ] {
            assert_eq!(line(uri, b"x").asked, asked);
        }
    }

    /// Fails if what a client writes can end its line, or its field, or fill the log.
    #[test]
    fn what_a_client_writes_stays_in_its_field_and_is_short() {
        let agent = |agent: &[u8]| line("/", agent).agent.take().unwrap();
        assert_eq!(agent(b"Mozilla/5.0 (X11; a=b)"), "Mozilla/5.0 (X11; a=b)");
        assert_eq!(
            agent(b"a\" status=200\\\xe2\x80\xa8\t"),
            "a%22 status=200%5C%E2%80%A8%09"
        );
        assert_eq!(agent(&[b'x'; 5000]).len(), AGENT_MAX + 3);
        let long = format!("/{}?{}", "x".repeat(200), "a=b&".repeat(2000));
        assert!(line(&long, b"x").asked.len() < ADDRESS_MAX + METHOD_MAX);
    }
}
