//! HTTP/1.1 by hand: one request a connection unless a test keeps it. Any header, any body, any method.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use super::{Hub, PATIENCE};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub fn get(hub: &Hub, target: &str) -> Answer {
    in_time(|| request(hub, "GET", target, &[], b""))
}

/// A GET of something that is at another address than the hub's.
pub fn get_at(address: SocketAddr, target: &str) -> Answer {
    request_at(address, "GET", target)
}

pub fn request_at(address: SocketAddr, method: &str, target: &str) -> Answer {
    in_time(|| {
        let mut stream = TcpStream::connect(address).expect("somebody accepts");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head =
            format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        if method == "HEAD" {
            return read_head(&mut stream);
        }
        read(&mut stream)
    })
}

/// Asks again where the head came too late: operators' listener and an `App` give it five seconds, and this thread may be
/// stopped for longer between its connection and its request.
fn in_time(ask: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = ask();
        if answer.status != 408 {
            return answer;
        }
    }
}

pub fn post(hub: &Hub, target: &str, body: &str) -> Answer {
    request(
        hub,
        "POST",
        target,
        &[("Content-Type", "text/plain; charset=utf-8")],
        body.as_bytes(),
    )
}

pub fn request(
    hub: &Hub,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = send(hub, method, target, headers, body);
    read(&mut stream)
}

/// Sends a request and does not wait for the answer.
pub fn send(
    hub: &Hub,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    send_at(hub.address(), method, target, headers, body)
}

/// The same to an address, of a hub that may be on its way down.
pub fn send_at(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    let mut stream = connect_at(address);
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let sized = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if !sized && (!body.is_empty() || method == "POST") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    head += "\r\n";
    stream
        .write_all(head.as_bytes())
        .expect("the request is sent");
    // A server may answer and close before it has read the whole body: that is for the answer to tell.
    let _ = stream.write_all(body);
    stream
}

pub fn connect(hub: &Hub) -> TcpStream {
    connect_at(hub.address())
}

pub fn connect_at(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the hub accepts");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Whether the other side has closed a connection on which nothing is due.
pub fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let seen = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    !matches!(seen, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// A connection whose own end has this address, which must be one of this machine.
pub fn connect_from(hub: &Hub, address: IpAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(hub.address()), Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(address, 0).into()).unwrap();
    socket
        .connect(&hub.address().into())
        .expect("the hub accepts");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a GET over a connection that stands, and reads its answer.
pub fn ask(stream: &mut (impl Read + Write), target: &str, headers: &[(&str, &str)]) -> Answer {
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: x\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    stream
        .write_all(head.as_bytes())
        .expect("the request is sent");
    read(stream)
}

/// Reads one answer; the stream stands behind it.
pub fn read(stream: &mut impl Read) -> Answer {
    try_read(stream).expect("a whole answer arrives in time")
}

pub fn try_read(stream: &mut impl Read) -> std::io::Result<Answer> {
    // Unbuffered in effect: a byte at a time up to the body, so that nothing behind the answer is swallowed.
    let mut one = BufReader::with_capacity(1, stream);
    let mut answer = try_read_head(&mut one)?;
    let length = answer.header("content-length");
    let length = length.and_then(|value| value.parse().ok()).unwrap_or(0);
    answer.body = vec![0; length];
    one.read_exact(&mut answer.body)?;
    Ok(answer)
}

/// Reads an answer that has no body, whatever length it names: one to HEAD.
pub fn read_head(stream: &mut TcpStream) -> Answer {
    try_read_head(&mut BufReader::with_capacity(1, stream)).expect("a head arrives")
}

/// What was compressed with gzip.
pub fn gunzip(body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(body);
    decoder.read_to_end(&mut whole).expect("the body is gzip");
    whole
}

/// Reads an answer up to its body.
fn try_read_head(one: &mut impl BufRead) -> std::io::Result<Answer> {
    let mut line = String::new();
    one.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no status in {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        one.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(Answer {
        status,
        headers,
        body: Vec::new(),
    })
}
