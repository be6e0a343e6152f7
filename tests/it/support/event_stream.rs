//! A reader of Server-Sent Events by hand: the chunks of the answer, and the records in them.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use super::{Hub, PATIENCE, http};

/// One record, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRecord {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub retry: Option<u64>,
    /// It has a comment.
    pub comment: bool,
}

impl EventRecord {
    pub fn json(&self) -> Value {
        serde_json::from_str(self.data.as_deref().expect("a record with data")).unwrap()
    }
}

pub struct EventReader {
    reader: BufReader<TcpStream>,
    chunk: usize,
    /// What an EventSource would say when it comes back.
    pub last_event_id: Option<String>,
}

impl EventReader {
    pub fn open(hub: &Hub, target: &str) -> Self {
        let (answer, reader) = Self::ask(hub, target, &[("Accept", "text/event-stream")]);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        reader
    }

    /// Asks; whatever the answer is, of which only the head is read.
    pub fn ask(hub: &Hub, target: &str, headers: &[(&str, &str)]) -> (http::Answer, Self) {
        let mut stream = http::send(hub, "GET", target, headers, b"");
        let answer = http::read_head(&mut stream);
        (answer, Self::on(stream))
    }

    /// Behind the head of an answer.
    pub fn on(stream: TcpStream) -> Self {
        Self {
            reader: BufReader::new(stream),
            chunk: 0,
            last_event_id: None,
        }
    }

    /// The next record; none at the end of the stream.
    pub fn record(&mut self) -> Option<EventRecord> {
        let mut record = EventRecord::default();
        loop {
            let line = self.line()?;
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => break,
                "" => record.comment = true,
                "id" => record.id = Some(value.to_owned()),
                "event" => record.event = Some(value.to_owned()),
                "data" => {
                    assert_eq!(record.data, None, "data is on one line");
                    record.data = Some(value.to_owned());
                }
                "retry" => record.retry = Some(value.parse().unwrap()),
                other => panic!("a field {other:?}"),
            }
        }
        if record.id.is_some() {
            self.last_event_id.clone_from(&record.id);
        }
        Some(record)
    }

    /// The next record of this event; those before it are dropped.
    pub fn event(&mut self, name: &str) -> EventRecord {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "no {name}");
            let record = self.record().expect("the stream goes on");
            if record.event.as_deref() == Some(name) {
                return record;
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Some(String::from_utf8(line).expect("a stream is UTF-8")),
                byte => line.push(byte),
            }
        }
    }

    /// The next byte of the body; none at its end, in order or not.
    fn byte(&mut self) -> Option<u8> {
        if self.chunk == 0 {
            let mut size = String::new();
            self.reader.read_line(&mut size).ok()?;
            if size.trim().is_empty() {
                return None;
            }
            self.chunk = usize::from_str_radix(size.trim(), 16).expect(&size);
            if self.chunk == 0 {
                return None;
            }
        }
        let mut byte = [0];
        self.reader.read_exact(&mut byte).ok()?;
        self.chunk -= 1;
        if self.chunk == 0 {
            self.reader.read_line(&mut String::new()).ok()?;
        }
        Some(byte[0])
    }
}
