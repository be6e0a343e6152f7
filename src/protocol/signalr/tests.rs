//! SignalR on the wire: what was captured of stock clients, what hosts of ASP.NET answer, and input that means harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failures;
mod handshakes;
mod hostile;
mod messages;
mod records;
mod round_trips;
mod sessions;
mod streams;

use bytes::Bytes;
use dondo_actors::letter::Frame;

use super::{
    format::Format,
    message::{Completed, HubMessage, Malformed, ValueLimits, Values},
    read::read,
    *,
};

const LIMITS: ValueLimits = ValueLimits {
    blobs_max: 10,
    text_bytes_max: 1_000_000,
};

fn json(record: &str) -> Result<HubMessage, Malformed> {
    read(Format::Json, record.as_bytes(), LIMITS)
}

fn packed(record: &[u8]) -> Result<HubMessage, Malformed> {
    read(Format::MessagePack, record, LIMITS)
}

fn values(text: &str) -> Values {
    Values {
        text: Bytes::copy_from_slice(text.as_bytes()),
        blobs: Vec::new(),
    }
}

fn invocation_of(id: Option<&str>, target: &str, arguments: &str) -> HubMessage {
    HubMessage::Invocation {
        id: id.map(str::to_owned),
        target: target.to_owned(),
        arguments: values(arguments),
        streams: Vec::new(),
    }
}

fn completion_of(id: &str, outcome: Completed) -> HubMessage {
    let id = id.to_owned();
    HubMessage::Completion { id, outcome }
}

/// A JSON frame without its separator.
fn text(frame: &Frame) -> String {
    assert!(!frame.first.binary && frame.rest.is_none());
    let text = String::from_utf8(frame.first.payload().to_vec()).unwrap();
    text.strip_suffix('\u{1e}').expect("a separator").to_owned()
}

/// A MessagePack frame with its length.
fn bytes(frame: &Frame) -> Bytes {
    assert!(frame.first.binary && frame.rest.is_none());
    frame.first.payload()
}

fn item_of(id: &str, item: &str) -> HubMessage {
    let (id, item) = (id.to_owned(), values(item));
    HubMessage::StreamItem { id, item }
}
