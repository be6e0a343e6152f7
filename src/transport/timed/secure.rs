//! TLS begins: the handshake of a connection that is watched, in its own time, and what is said to who speaks none.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::FutureExt as _;
use std::future::poll_fn;

use super::stream::Timed;
use super::{Phase, Progress};
use crate::notices;
use crate::transport::socket_stream::SocketStream;
use crate::transport::tcp_driver::say_and_close;
use crate::transport::tls::Tls;

/// The first byte of a TLS record that holds a handshake.
const HANDSHAKE: u8 = 22;

impl Timed {
    /// Waits for a client's handshake, and goes on within TLS. None: there is no connection any more.
    pub(crate) async fn secured(mut self, tls: &Tls, peer: SocketAddr) -> Option<Self> {
        self.progress.enter(Phase::Handshake);
        let SocketStream::Plain(stream) = self.stream else {
            return Some(self);
        };
        let mut first = [0];
        // An end, or a failure, is nobody's handshake.
        stream
            .peek(&mut first)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        if first[0] != HANDSHAKE {
            let told = "it speaks no TLS, which is all that is spoken here";
            notices::NOT_TLS.tell(Some(peer.ip()), None, format_args!("{told}"));
            if first[0].is_ascii_uppercase() {
                self.progress.enter(Phase::Served);
                say_and_close(stream, Bytes::from_static(SPEAKS_HTTPS)).await;
            }
            return None;
        }
        let mut handshake = tls.accept(stream);
        let done = poll_fn(|cx| {
            let done = handshake.poll_unpin(cx);
            // What has come of it is on the account of heads.
            self.progress.head.set(handshake.came());
            done
        });
        match done.await {
            Ok(secured) => {
                self.stream = SocketStream::Tls(secured);
                self.progress.enter(Phase::Head);
                Some(self)
            }
            Err(error) => {
                failed(&self.progress, &error, peer);
                None
            }
        }
    }
}

/// The answer to a request that comes without TLS. Its end is the connection's.
const SPEAKS_HTTPS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
    This port speaks https: write https:// for http://, and wss:// for ws://\n";

fn failed(progress: &Progress, error: &io::Error, peer: SocketAddr) {
    progress.head.set(0);
    // Who only looks whether the port is open has said nothing wrong.
    if error.kind() != io::ErrorKind::UnexpectedEof {
        let text = format_args!("a TLS handshake failed: {error}");
        notices::NO_HANDSHAKE.tell(Some(peer.ip()), None, text);
    }
}
