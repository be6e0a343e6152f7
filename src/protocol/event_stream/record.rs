//! Records of an event stream: lines of fields, and an empty one.

use std::borrow::Cow;

use bytes::Bytes;
use dondo_actors::{
    id::Token,
    letter::{Content, Frame, WsFrame},
};

use crate::protocol::json::is_one;

/// How the record of the last answered join begins: a comment, which clients do not see.
pub(super) const JOINED: &[u8] = b": joined\n";

/// Events of a stream's own, and of a browser's EventSource.
const OWN: [&str; 5] = ["ack", "welcome", "refused", "open", "error"];

/// What an id stands behind.
const ID: &[u8] = b"id: ";

/// One record.
pub(super) struct EventRecord<'a> {
    event: &'a str,
    data: &'a [u8],
}

impl<'a> EventRecord<'a> {
    /// A record of this event. The data is JSON on one line.
    pub(super) fn new(event: &'a str, data: &'a [u8]) -> Self {
        Self { event, data }
    }

    /// As a frame behind these lines.
    fn behind(&self, lines: &[&[u8]]) -> Frame {
        let event = self.event.as_bytes();
        let own = [b"event: ", event, b"\ndata: ", self.data, b"\n\n"];
        Frame::single(WsFrame {
            frame: Bytes::from([lines, &own].concat().concat()),
            header: 0,
            binary: false,
            uncompressed: false,
        })
    }

    /// Without an id.
    pub(super) fn frame(&self) -> Frame {
        self.behind(&[])
    }

    /// The same, behind which an EventSource stays away for ten minutes: it would be told so again.
    pub(super) fn for_good(&self) -> Frame {
        self.behind(&[b"retry: 600000\n"])
    }

    /// The same, with which all that a client asked for is joined.
    pub(super) fn joined(&self, position: Option<Token>) -> Frame {
        self.behind(&[JOINED, id_line(position).as_bytes()])
    }
}

/// A letter, or an event to one client.
pub(super) fn letter(content: &Content, position: Option<Token>) -> Frame {
    let name = match content.name.contains(['\n', '\r']) {
        true => Cow::Owned(content.name.replace(['\n', '\r'], " ")),
        false => Cow::Borrowed(&*content.name),
    };
    // A channel may have the name of what a stream says itself, or of what a browser's EventSource does.
    let name = match OWN.contains(&&*name) {
        true => Cow::Owned(format!("channel:{name}")),
        false => name,
    };
    let id = id_line(position);
    EventRecord::new(&name, &as_data(&content.args)).behind(&[id.as_bytes()])
}

/// A record without the id that it may begin with.
pub(super) fn without_id(record: Bytes) -> Bytes {
    let end = record.iter().position(|byte| *byte == b'\n');
    match end.filter(|_| record.starts_with(ID)) {
        Some(end) => record.slice(end + 1..),
        None => record,
    }
}

/// Where a record says that the stream stands.
pub(super) fn id_of(record: &[u8]) -> Option<Token> {
    let record = record.strip_prefix(JOINED).unwrap_or(record);
    let line = record
        .strip_prefix(ID)?
        .split(|byte| *byte == b'\n')
        .next()?;
    Token::parse(std::str::from_utf8(line).ok()?)
}

fn id_line(position: Option<Token>) -> String {
    position.map_or_else(String::new, |position| format!("id: {position}\n"))
}

/// Arguments as one JSON text on one line: the one that there is, else an array of them.
pub(super) fn as_data(args: &[u8]) -> Cow<'_, [u8]> {
    let one = is_one(args);
    // Between the tokens of JSON alone, where a blank means as much.
    let is_broken = args.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    if one && !is_broken {
        return Cow::Borrowed(args);
    }
    let (before, behind): (&[u8], &[u8]) = if one { (b"", b"") } else { (b"[", b"]") };
    let mut data = [before, args, behind].concat();
    for byte in &mut data {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    Cow::Owned(data)
}
