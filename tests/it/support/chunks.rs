//! The body of an answer that comes in chunks and does not end.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// What has come of it and is not taken yet.
pub struct Chunks {
    stream: BufReader<TcpStream>,
    text: String,
}

impl Chunks {
    /// Of a stream whose head was read.
    pub fn of(stream: TcpStream) -> Self {
        Self {
            stream: BufReader::new(stream),
            text: String::new(),
        }
    }

    /// Takes what comes up to `end`, and that too.
    pub fn until(&mut self, end: &str) -> String {
        let taken = self.next_until(end);
        taken.unwrap_or_else(|| panic!("the body ends behind {:?}", self.text))
    }

    /// The same; none if the body ends before, in order or not.
    pub fn next_until(&mut self, end: &str) -> Option<String> {
        loop {
            if let Some(at) = self.text.find(end) {
                let rest = self.text.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.text, rest));
            }
            let more = self.chunk()?;
            self.text += &more;
        }
    }

    fn chunk(&mut self) -> Option<String> {
        let mut length = String::new();
        self.stream.read_line(&mut length).ok()?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk).ok()?;
        chunk.truncate(length);
        (length > 0).then(|| String::from_utf8(chunk).unwrap())
    }
}
