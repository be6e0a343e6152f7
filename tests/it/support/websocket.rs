//! A WebSocket client by hand: it can also send what no library would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Hub, PATIENCE, http};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
    /// The connection ended (FIN or RST) without a further frame.
    End,
}

#[derive(Debug)]
pub struct WebSocket {
    pub stream: TcpStream,
    read: Vec<u8>,
}

pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

impl WebSocket {
    pub fn open(hub: &Hub, target: &str) -> Self {
        let (answer, socket) = Self::handshake(hub, target, &[]);
        assert_eq!(
            answer.status,
            101,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        socket
    }

    /// Asks to switch; whatever the answer is.
    pub fn handshake(hub: &Hub, target: &str, headers: &[(&str, &str)]) -> (http::Answer, Self) {
        let mut all = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", "13"),
        ];
        all.retain(|(name, _)| {
            !headers
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(name))
        });
        all.extend_from_slice(headers);
        let mut stream = http::send(hub, "GET", target, &all, b"");
        let answer = http::read(&mut stream);
        (
            answer,
            Self {
                stream,
                read: Vec::new(),
            },
        )
    }

    /// Switches on a connection that stands already, so that its socket can have any options.
    pub fn over(mut stream: TcpStream, target: &str) -> Self {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n",
            stream.peer_addr().unwrap()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let answer = http::read(&mut stream);
        assert_eq!(answer.status, 101);
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// A connection that has been switched already.
    pub fn on(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub fn text(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes());
    }

    pub fn binary(&mut self, data: &[u8]) {
        self.frame(0x82, data);
    }

    /// One masked frame with the first byte as given.
    pub fn frame(&mut self, first: u8, payload: &[u8]) {
        self.raw(&masked(first, payload));
    }

    /// Bytes as they are. A connection that is closed already is no error here.
    pub fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame within the usual time.
    pub fn next(&mut self) -> Frame {
        self.next_within(PATIENCE).expect("a frame arrives in time")
    }

    /// The next text, pings answered on the way.
    pub fn next_text(&mut self) -> String {
        loop {
            match self.next() {
                Frame::Text(text) if text == "2" => self.text("3"),
                Frame::Text(text) => return text,
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// The next frame, or nothing within `limit`.
    pub fn next_within(&mut self, limit: Duration) -> Option<Frame> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some((frame, used)) = parse(&self.read) {
                self.read.drain(..used);
                return Some(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Some(Frame::End),
                Ok(count) => self.read.extend_from_slice(&chunk[..count]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return None;
                }
                // A wait with a time limit is not taken up again by itself where this process was held still.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Some(Frame::End),
            }
        }
    }

    /// Reads to the end of the connection; the code of the close frame, if one came.
    pub fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match self.next() {
                Frame::Close(with) => code = with,
                Frame::End => return code,
                _ => {}
            }
        }
    }
}

/// A masked frame.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0x56, 0x78];
    frame.extend_from_slice(&mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let (length, start) = match second {
        126 => (
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())),
            4,
        ),
        127 => (
            u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()) as usize,
            10,
        ),
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(start..start + length)?.to_vec();
    let frame = match first {
        0x81 => Frame::Text(String::from_utf8(payload).expect("text is UTF-8")),
        0x82 => Frame::Binary(payload),
        0x88 => Frame::Close(
            payload
                .get(..2)
                .map(|code| u16::from_be_bytes(code.try_into().unwrap())),
        ),
        0x89 => Frame::Ping(payload),
        0x8a => Frame::Pong(payload),
        other => panic!("a frame that begins with {other:#04x}"),
    };
    Some((frame, start + length))
}
