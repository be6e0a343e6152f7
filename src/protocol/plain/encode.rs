//! Messages of `dondo.1` as the hub sends them: finished WebSocket frames.
//! Knows no receiver: one frame serves everyone in the namespace.

use bytes::Bytes;
use dondo_actors::{
    id::Token,
    letter::{Content, Frame},
    ports::Answer,
};

use super::{SUBPROTOCOL, message::PlainFault};
use crate::{
    protocol::json::{escaped, is_one},
    ws::{binary_frame, text_frame},
};

/// The client is in the namespace, under this id.
pub(super) fn welcome(namespace: &str, id: &str) -> Frame {
    say(&[
        r#"{"type":"welcome","protocol":""#,
        SUBPROTOCOL,
        r#"","clientId":""#,
        &escaped(id),
        r#"","namespace":""#,
        &escaped(namespace),
        r#""}"#,
    ])
}

/// The client is not let into the namespace. `data` is a JSON text.
pub(super) fn refused(message: &str, data: Option<&str>) -> Frame {
    let (key, data) = data.map_or(("", ""), |data| (r#","data":"#, data));
    say(&[
        r#"{"type":"refused","message":""#,
        &escaped(message),
        r#"""#,
        key,
        data,
        "}",
    ])
}

/// A message of the client is refused. `id` is a JSON text.
pub(super) fn error(id: Option<&str>, fault: &PlainFault) -> Frame {
    let (key, id) = id.map_or(("", ""), |id| (r#","id":"#, id));
    say(&[
        r#"{"type":"error","code":""#,
        fault.code,
        r#"","message":""#,
        &escaped(&fault.message),
        r#"""#,
        key,
        id,
        "}",
    ])
}

/// The answer to a ping. `id` is a JSON text.
pub(super) fn pong(id: Option<&str>) -> Frame {
    let (key, id) = id.map_or(("", ""), |id| (r#","id":"#, id));
    say(&[r#"{"type":"pong""#, key, id, "}"])
}

/// An event, which may be answered under `id`, and the blobs behind it.
pub(super) fn event(content: &Content, id: Option<u64>, position: Option<Token>) -> Frame {
    let name = escaped(&content.name);
    let mut tail = String::new();
    if let Some(id) = id {
        tail.push_str(&format!(r#","id":{id}"#));
    }
    if let Some(position) = position {
        tail.push_str(&format!(r#","position":"{position}""#));
    }
    let head = [r#"{"type":"event","event":""#, &name, r#"","#];
    with_args(&head, &content.args, &tail, &content.blobs)
}

/// The answer to a client's event. `id` is a JSON text.
pub(super) fn ack(id: &str, answer: &Answer) -> Frame {
    let head = [r#"{"type":"ack","id":"#, id, ","];
    with_args(&head, &answer.args, "", &answer.blobs)
}

fn with_args(head: &[&str], args: &[u8], tail: &str, blobs: &[Bytes]) -> Frame {
    let (before, behind) = match is_one(args) {
        true => (r#""payload":"#, ""),
        false => (r#""args":["#, "]"),
    };
    let announced = match blobs.len() {
        0 => String::new(),
        count => format!(r#","attachments":{count}"#),
    };
    let head = head.iter().map(|piece| piece.as_bytes());
    let rest = [
        before.as_bytes(),
        args,
        behind.as_bytes(),
        tail.as_bytes(),
        announced.as_bytes(),
        b"}",
    ];
    let first = text_frame(head.chain(rest));
    let rest = blobs.iter().map(|blob| binary_frame(blob));
    Frame {
        first,
        rest: (!blobs.is_empty()).then(|| rest.collect()),
    }
}

fn say(pieces: &[&str]) -> Frame {
    Frame::single(text_frame(pieces.iter().map(|piece| piece.as_bytes())))
}
