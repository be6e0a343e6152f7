//! What clients are told, as frames in either format. A field that has nothing is left out, never `null`: stock clients close
//! on some of those.

use std::io::Write;

use dondo_actors::letter::Frame;
use rmp::encode;

use super::{
    format::{Format, LENGTH_BYTES_MAX, SEPARATOR},
    message::{Completed, Values},
    msgpack, placeholder,
};
use crate::{
    protocol::json::{put, well_formed},
    ws::{binary_frame, text_frame},
};

/// What a client is told whose connection ends by its own fault.
pub(crate) const CLOSED_WITH_AN_ERROR: &str = "Connection closed with an error.";

/// A method of the client is called; with an id it answers.
pub(crate) fn invocation(
    format: Format,
    id: Option<&str>,
    target: &str,
    arguments: &Values,
) -> Frame {
    match format {
        Format::Json => {
            let mut object = Object::new(1, target.len() + arguments.text.len());
            if let Some(id) = id {
                object.text("invocationId", id);
            }
            object.text("target", target);
            object.array("arguments", arguments);
            object.frame()
        }
        Format::MessagePack => {
            let mut list = List::new(1, 6, target.len() + arguments.text.len());
            list.headers();
            match id {
                Some(id) => list.text(id),
                None => list.nil(),
            }
            list.text(target);
            list.array(arguments);
            list.array(&Values::default());
            list.frame()
        }
    }
}

/// An item of a stream, which is one value.
pub(crate) fn stream_item(format: Format, id: &str, item: &Values) -> Frame {
    match format {
        Format::Json => {
            let mut object = Object::new(2, id.len() + item.text.len());
            object.text("invocationId", id);
            object.value("item", item);
            object.frame()
        }
        Format::MessagePack => {
            let mut list = List::new(2, 4, id.len() + item.text.len());
            list.headers();
            list.text(id);
            list.value(item);
            list.frame()
        }
    }
}

/// A call, or a stream, of this id has come to its end.
pub(crate) fn completion(format: Format, id: &str, outcome: &Completed) -> Frame {
    let size = match outcome {
        Completed::Void => 0,
        Completed::Result(value) => value.text.len(),
        Completed::Error(error) => error.len(),
    };
    match format {
        Format::Json => {
            let mut object = Object::new(3, id.len() + size);
            object.text("invocationId", id);
            match outcome {
                Completed::Void => {}
                Completed::Result(value) => object.value("result", value),
                Completed::Error(error) => object.text("error", error),
            }
            object.frame()
        }
        Format::MessagePack => {
            let elements = 4 + u32::from(*outcome != Completed::Void);
            let mut list = List::new(3, elements, id.len() + size);
            list.headers();
            list.text(id);
            match outcome {
                Completed::Error(error) => {
                    list.number(1);
                    list.text(error);
                }
                Completed::Void => list.number(2),
                Completed::Result(value) => {
                    list.number(3);
                    list.value(value);
                }
            }
            list.frame()
        }
    }
}

/// The connection ends. A client that may come back does so by itself if it is made to.
pub(crate) fn close(format: Format, error: Option<&str>, allow_reconnect: bool) -> Frame {
    match format {
        Format::Json => {
            let mut object = Object::new(7, 0);
            if let Some(error) = error {
                object.text("error", error);
            }
            if allow_reconnect {
                object.field("allowReconnect");
                object.0.extend_from_slice(b"true");
            }
            object.frame()
        }
        Format::MessagePack => {
            let mut list = List::new(7, 3, 0);
            match error {
                Some(error) => list.text(error),
                None => list.nil(),
            }
            list.boolean(allow_reconnect);
            list.frame()
        }
    }
}

/// The connection lives.
pub(crate) fn ping(format: Format) -> Frame {
    match format {
        Format::Json => Object::new(6, 0).frame(),
        Format::MessagePack => List::new(6, 1, 0).frame(),
    }
}

/// A JSON message on its way.
struct Object(Vec<u8>);

impl Object {
    fn new(kind: u8, size: usize) -> Self {
        let mut text = Vec::with_capacity(64 + size);
        // Writing to memory cannot fail.
        let _ = write!(text, "{{\"type\":{kind}");
        Self(text)
    }

    fn field(&mut self, name: &str) {
        let _ = write!(self.0, ",\"{name}\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.field(name);
        put(&mut self.0, text);
    }

    fn value(&mut self, name: &str, value: &Values) {
        self.field(name);
        self.values(value);
    }

    fn array(&mut self, name: &str, values: &Values) {
        self.field(name);
        self.0.push(b'[');
        self.values(values);
        self.0.push(b']');
    }

    fn values(&mut self, values: &Values) {
        let text = placeholder::as_base64(&values.text, &values.blobs);
        let begins = self.0.len();
        // What .NET reads JSON with throws at half a surrogate pair: anybody could break all who are told of it.
        match std::str::from_utf8(&text) {
            Ok(json) => self.0.extend_from_slice(well_formed(json).as_bytes()),
            Err(_) => self.0.extend_from_slice(&text),
        }
        // Between the tokens of JSON alone, where a blank means as much: in an event stream they would end the line. Here they
        // go once for all who are told.
        for byte in &mut self.0[begins..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }

    fn frame(self) -> Frame {
        let end: [&[u8]; 2] = [&self.0, &[b'}', SEPARATOR]];
        Frame::single(text_frame(end))
    }
}

/// A MessagePack message on its way, with room for its length before it. Writing to memory cannot fail.
struct List(Vec<u8>);

impl List {
    fn new(kind: u64, elements: u32, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(LENGTH_BYTES_MAX + 32 + size);
        bytes.resize(LENGTH_BYTES_MAX, 0);
        let _ = encode::write_array_len(&mut bytes, elements);
        let mut list = Self(bytes);
        list.number(kind);
        list
    }

    fn headers(&mut self) {
        let _ = encode::write_map_len(&mut self.0, 0);
    }

    fn nil(&mut self) {
        let _ = encode::write_nil(&mut self.0);
    }

    fn boolean(&mut self, value: bool) {
        let _ = encode::write_bool(&mut self.0, value);
    }

    fn number(&mut self, number: u64) {
        let _ = encode::write_uint(&mut self.0, number);
    }

    fn text(&mut self, text: &str) {
        let _ = encode::write_str(&mut self.0, text);
    }

    fn value(&mut self, value: &Values) {
        msgpack::values(&mut self.0, &value.text, &value.blobs);
    }

    fn array(&mut self, values: &Values) {
        // Each value has a byte, so one frame has room for no more than this.
        let count = u32::try_from(msgpack::count(&values.text)).unwrap_or(u32::MAX);
        let _ = encode::write_array_len(&mut self.0, count);
        self.value(values);
    }

    fn frame(mut self) -> Frame {
        let mut length = self.0.len() - LENGTH_BYTES_MAX;
        let mut prefix = [0; LENGTH_BYTES_MAX];
        let mut bytes = 0;
        while bytes == 0 || length > 0 {
            let more = if length > 0x7f { 0x80 } else { 0 };
            prefix[bytes] = (length & 0x7f) as u8 | more;
            length >>= 7;
            bytes += 1;
        }
        let start = LENGTH_BYTES_MAX - bytes;
        self.0[start..LENGTH_BYTES_MAX].copy_from_slice(&prefix[..bytes]);
        Frame::single(binary_frame(&self.0[start..]))
    }
}
