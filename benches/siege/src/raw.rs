//! Connections that may send anything: what attackers are made of. Never blocks without a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd};

use loadgen::net::{find, now_ns, put_frame, tcp_connect};
use loadgen::polling::response;

use crate::attack::Ctx;
use crate::crowd::{HONEST, SEC};

pub struct Raw {
    stream: TcpStream,
    out: Vec<u8>,
    at: usize,
    pub inbox: Vec<u8>,
    pub gone: bool,
    patience: u64,
}

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const MASK: u32 = 0x1234_5678;

fn timed_out(what: &str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, what.to_owned())
}

impl Raw {
    /// A TCP connection from the `k`-th attacker's address.
    pub fn tcp(ctx: &Ctx, k: usize) -> io::Result<Raw> {
        let from = if ctx.honest {
            HONEST
        } else {
            [127, 0, 1, 1 + (k % 200) as u8]
        };
        let fd = tcp_connect([127, 0, 0, 1], ctx.port, Some(from))?;
        let raw = Raw {
            stream: unsafe { TcpStream::from_raw_fd(fd) },
            out: Vec::new(),
            at: 0,
            inbox: Vec::new(),
            gone: false,
            patience: 5 * SEC,
        };
        if !raw.ready(libc::POLLOUT, now_ns() + raw.patience) {
            return Err(timed_out("connect"));
        }
        match raw.stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(raw),
        }
    }

    /// A WebSocket that has its open packet.
    pub fn websocket(ctx: &Ctx, k: usize) -> io::Result<Raw> {
        Raw::tcp(ctx, k)?.upgraded()
    }

    /// A WebSocket that is in the namespace.
    pub fn member(ctx: &Ctx, k: usize) -> io::Result<Raw> {
        Raw::websocket(ctx, k)?.entered()
    }

    /// A member of a channel.
    pub fn in_channel(ctx: &Ctx, k: usize, channel: &str) -> io::Result<Raw> {
        Raw::member(ctx, k)?.joined(channel)
    }

    pub fn upgraded(mut self) -> io::Result<Raw> {
        self.put(UPGRADE.as_bytes());
        self.send()?;
        self.wait_for(b"\r\n\r\n")?;
        self.wait_frame(b"0{")?;
        Ok(self)
    }

    pub fn entered(mut self) -> io::Result<Raw> {
        self.text("40");
        self.send()?;
        self.wait_frame(b"40{")?;
        Ok(self)
    }

    pub fn joined(mut self, channel: &str) -> io::Result<Raw> {
        self.text(&format!(
            "421[\"join-channel\",{{\"data\":{{\"roomChannel\":\"{channel}\"}}}}]"
        ));
        self.send()?;
        self.wait_frame(b"431[")?;
        Ok(self)
    }

    /// A kernel buffer that holds little, so that what is not read stays the server's.
    pub fn small(self) -> Raw {
        let bytes: i32 = 4096;
        let p = (&bytes as *const i32).cast();
        unsafe {
            libc::setsockopt(
                self.stream.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVBUF,
                p,
                4,
            )
        };
        self
    }

    pub fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        put_frame(&mut self.out, 1, MASK, &[text.as_bytes()]);
    }

    pub fn binary(&mut self, bytes: &[u8]) {
        put_frame(&mut self.out, 2, MASK, &[bytes]);
    }

    /// Bytes not written yet.
    pub fn left(&self) -> usize {
        self.out.len() - self.at
    }

    fn ready(&self, events: i16, until: u64) -> bool {
        let wait = until.saturating_sub(now_ns()) / 1_000_000;
        let mut p = libc::pollfd {
            fd: self.stream.as_raw_fd(),
            events,
            revents: 0,
        };
        unsafe { libc::poll(&mut p, 1, wait as i32) > 0 }
    }

    /// Writes what the kernel takes now.
    pub fn write(&mut self) -> usize {
        let mut took = 0;
        while !self.gone && self.at < self.out.len() {
            match self.stream.write(&self.out[self.at..]) {
                Ok(n) => {
                    self.at += n;
                    took += n;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return took,
                Err(_) => self.gone = true,
            }
        }
        self.out.clear();
        self.at = 0;
        took
    }

    /// Reads what is there now, at most `most` bytes; 0 too when the connection is gone.
    pub fn read(&mut self, most: usize) -> usize {
        let mut scratch = [0u8; 65536];
        let n = most.min(scratch.len());
        match self.stream.read(&mut scratch[..n]) {
            Ok(0) => self.gone = true,
            Ok(n) => {
                self.inbox.extend_from_slice(&scratch[..n]);
                return n;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.gone = true,
        }
        0
    }

    /// Reads what is there and throws it away.
    pub fn swallow(&mut self) -> usize {
        let mut sum = 0;
        loop {
            let n = self.read(65536);
            sum += n;
            self.inbox.clear();
            if n == 0 || sum > 1 << 20 {
                return sum;
            }
        }
    }

    /// Writes everything, reading nothing.
    pub fn send(&mut self) -> io::Result<()> {
        self.send_until(now_ns() + self.patience)
    }

    pub fn send_until(&mut self, until: u64) -> io::Result<()> {
        loop {
            self.write();
            if self.gone {
                return Err(ErrorKind::ConnectionReset.into());
            }
            if self.left() == 0 {
                return Ok(());
            }
            if !self.ready(libc::POLLOUT, until) {
                return Err(timed_out("the server does not read"));
            }
        }
    }

    /// Reads until these bytes have come and throws away everything up to them.
    pub fn wait_for(&mut self, needle: &[u8]) -> io::Result<()> {
        let until = now_ns() + self.patience;
        loop {
            if let Some(at) = find(&self.inbox, needle) {
                self.inbox.drain(..at + needle.len());
                return Ok(());
            }
            let keep = self.inbox.len().saturating_sub(needle.len());
            self.inbox.drain(..keep);
            if !self.ready(libc::POLLIN, until) {
                return Err(timed_out("no answer"));
            }
            if self.read(65536) == 0 && self.gone {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads whole frames until one begins so.
    fn wait_frame(&mut self, prefix: &[u8]) -> io::Result<()> {
        let until = now_ns() + self.patience;
        loop {
            let mut found = false;
            self.frames(|frame| found |= frame.starts_with(prefix));
            if found {
                return Ok(());
            }
            if self.gone || !self.ready(libc::POLLIN, until) {
                return Err(timed_out("no answer"));
            }
            self.read(65536);
        }
    }

    /// Sends an event that asks for an ack, and gives the ack's text (within one frame).
    pub fn ask(&mut self, event: &str) -> io::Result<String> {
        self.text(&format!("4277{event}"));
        self.send()?;
        self.wait_for(b"4377")?;
        let until = now_ns() + self.patience;
        loop {
            if let Some(at) = find(&self.inbox, b"}]") {
                return Ok(String::from_utf8_lossy(&self.inbox[..at + 2]).into_owned());
            }
            if !self.ready(libc::POLLIN, until) || (self.read(65536) == 0 && self.gone) {
                return Err(timed_out("half an ack"));
            }
        }
    }

    /// One HTTP answer.
    pub fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let until = now_ns() + self.patience;
        loop {
            match response(&self.inbox) {
                Ok(Some(answer)) => {
                    self.inbox.drain(..answer.used);
                    return Ok((answer.status, answer.body));
                }
                Ok(None) => {}
                Err(why) => return Err(io::Error::new(ErrorKind::InvalidData, why)),
            }
            if !self.ready(libc::POLLIN, until) {
                return Err(timed_out("no answer"));
            }
            if self.read(65536) == 0 && self.gone {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Calls `take` with every whole text frame that has come.
    pub fn frames(&mut self, mut take: impl FnMut(&[u8])) {
        let mut pos = 0;
        loop {
            let b = &self.inbox[pos..];
            if b.len() < 2 {
                break;
            }
            let (len, head) = match b[1] & 127 {
                126 if b.len() >= 4 => (u16::from_be_bytes([b[2], b[3]]) as usize, 4),
                127 if b.len() >= 10 => (
                    u64::from_be_bytes(b[2..10].try_into().unwrap()) as usize,
                    10,
                ),
                126 | 127 => break,
                n => (n as usize, 2),
            };
            if b.len() < head + len {
                break;
            }
            if b[0] == 0x88 {
                self.gone = true;
            }
            take(&b[head..head + len]);
            pos += head + len;
        }
        self.inbox.drain(..pos);
    }
}

/// A long-polling session: its id, and a connection for its POSTs.
pub struct Poller {
    pub sid: String,
    pub post: Raw,
}

impl Poller {
    /// A session that is in the namespace.
    pub fn member(ctx: &Ctx, k: usize) -> io::Result<Poller> {
        let mut post = Raw::tcp(ctx, k)?;
        post.put(request("GET", "", "", None).as_bytes());
        post.send()?;
        let (_, body) = post.answer()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let sid = body
            .split("\"sid\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let sid = sid
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, body.clone()))?
            .to_owned();
        let mut poller = Poller { sid, post };
        poller.say("40")?;
        poller.post.put(poller.get().as_bytes());
        poller.post.send()?;
        poller.post.answer()?;
        Ok(poller)
    }

    /// The request of a poll.
    pub fn get(&self) -> String {
        request("GET", &format!("&sid={}", self.sid), "", None)
    }

    /// A POST, and its answer.
    pub fn say(&mut self, body: &str) -> io::Result<u16> {
        self.post
            .put(request("POST", &format!("&sid={}", self.sid), "", Some(body)).as_bytes());
        self.post.send()?;
        Ok(self.post.answer()?.0)
    }
}

/// A request to the endpoint over long-polling. `headers` end in CRLF each.
pub fn request(method: &str, query: &str, headers: &str, body: Option<&str>) -> String {
    let length = body.map(|body| {
        format!(
            "Content-Type: text/plain\r\nContent-Length: {}\r\n",
            body.len()
        )
    });
    format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{}\r\n{}",
        length.unwrap_or_default(),
        body.unwrap_or_default()
    )
}
