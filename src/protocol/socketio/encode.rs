//! Socket.IO packets as the server sends them: finished WebSocket frames, whose payload long-polling takes as it is.
//! Knows no receiver: one frame serves everyone in the namespace.

use bytes::Bytes;
use dondo_actors::letter::{Content, Frame, WsFrame};

use crate::{
    protocol::json::escaped,
    ws::{binary_frame, text_frame},
};

/// An event: `42/ns,12["name",args]`, or `45N-…` and the blobs behind it where there are any.
///
/// Only blobs make an event a binary one: without them no client takes anything in the arguments for a placeholder.
pub(crate) fn event(namespace: &str, content: &Content, ack: Option<u64>) -> Frame {
    let name = escaped(&content.name);
    let comma: &[u8] = if content.args.is_empty() { b"" } else { b"," };
    let array: [&[u8]; 6] = [b"[\"", name.as_bytes(), b"\"", comma, &content.args, b"]"];
    let kind = if content.blobs.is_empty() { "42" } else { "45" };
    with_blobs(kind, namespace, ack, &array, &content.blobs)
}

/// The answer to a client's event `id`: `43/ns,12[args]`, or `46N-…` with blobs. `args` as in [`Content::args`].
pub(crate) fn ack(namespace: &str, id: u64, args: &[u8], blobs: &[Bytes]) -> Frame {
    let kind = if blobs.is_empty() { "43" } else { "46" };
    with_blobs(kind, namespace, Some(id), &[b"[", args, b"]"], blobs)
}

/// The client is in the namespace, under this socket id: `40/ns,{"sid":"…"}`.
pub(crate) fn connected(namespace: &str, sid: &str) -> Frame {
    let sid = escaped(sid);
    without_blobs("40", namespace, &[b"{\"sid\":\"", sid.as_bytes(), b"\"}"])
}

/// The client may not join the namespace: `44/ns,{"message":"…"}`, with `"data"`, a JSON text, where some is given.
pub(crate) fn refused(namespace: &str, message: &str, data: Option<&str>) -> Frame {
    let message = escaped(message);
    let (behind, data) = data.map_or(("\"", ""), |data| ("\",\"data\":", data));
    let object: [&[u8]; 5] = [
        b"{\"message\":\"",
        message.as_bytes(),
        behind.as_bytes(),
        data.as_bytes(),
        b"}",
    ];
    without_blobs("44", namespace, &object)
}

/// The client is no longer in the namespace: `41/ns,`. Stock clients do not come back by themselves after it.
pub(crate) fn disconnected(namespace: &str) -> Frame {
    without_blobs("41", namespace, &[])
}

fn with_blobs(
    kind: &str,
    namespace: &str,
    id: Option<u64>,
    json: &[&[u8]],
    blobs: &[Bytes],
) -> Frame {
    if blobs.is_empty() {
        return Frame::single(first(kind, None, namespace, id, json));
    }
    // A length fits 64 bits on every machine there is.
    let count = blobs.len() as u64;
    Frame {
        first: first(kind, Some(count), namespace, id, json),
        rest: Some(blobs.iter().map(|blob| binary_frame(blob)).collect()),
    }
}

fn without_blobs(kind: &str, namespace: &str, json: &[&[u8]]) -> Frame {
    Frame::single(first(kind, None, namespace, None, json))
}

/// The text of a packet behind `kind`, the Engine.IO digit and the packet's own.
fn first(
    kind: &str,
    blobs: Option<u64>,
    namespace: &str,
    id: Option<u64>,
    json: &[&[u8]],
) -> WsFrame {
    let (mut blobs_digits, mut id_digits) = ([0; DIGITS_MAX], [0; DIGITS_MAX]);
    let dash = if blobs.is_some() { "-" } else { "" };
    let (namespace, comma) = if namespace == "/" {
        ("", "")
    } else {
        (namespace, ",")
    };
    let head = [
        kind.as_bytes(),
        decimal(blobs, &mut blobs_digits),
        dash.as_bytes(),
        namespace.as_bytes(),
        comma.as_bytes(),
        decimal(id, &mut id_digits),
    ];
    text_frame(head.iter().chain(json).copied())
}

/// Digits of the largest `u64`.
const DIGITS_MAX: usize = 20;

/// The number in decimal, nothing for none. `write!` takes four times as long.
fn decimal(number: Option<u64>, digits: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let Some(mut number) = number else {
        return b"";
    };
    let mut begin = DIGITS_MAX;
    loop {
        begin -= 1;
        // A digit: below 10.
        digits[begin] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[begin..];
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn content(name: &str, args: &str, blobs: &[&'static [u8]]) -> Content {
        Content {
            name: name.into(),
            args: Bytes::copy_from_slice(args.as_bytes()),
            blobs: blobs.iter().map(|blob| Bytes::from_static(blob)).collect(),
        }
    }

    /// The payloads of a frame: its text, then its blobs.
    fn payloads(frame: &Frame) -> (String, Vec<Bytes>) {
        let text = String::from_utf8(frame.first.payload().into()).unwrap();
        assert!(!frame.first.binary);
        assert!(frame.parts().skip(1).all(|part| part.binary));
        (text, frame.parts().skip(1).map(WsFrame::payload).collect())
    }

    fn text(frame: Frame) -> String {
        payloads(&frame).0
    }

    #[test]
    fn events_and_acks_have_their_parts_in_the_protocols_order() {
        let blob = r#"{"_placeholder":true,"num":0}"#;
        assert_eq!(text(event("/", &content("x", "", &[]), None)), r#"42["x"]"#);
        assert_eq!(
            text(event("/", &content("x", "1,2", &[]), Some(0))),
            r#"420["x",1,2]"#
        );
        assert_eq!(
            text(event("/a", &content("x", "", &[]), Some(u64::MAX))),
            r#"42/a,18446744073709551615["x"]"#
        );
        assert_eq!(
            text(event("/a", &content("\"é\\\n", "", &[]), None)),
            r#"42/a,["\"é\\\n"]"#
        );
        for (name, escaped) in [
            ("a\nb", r"a\nb"),
            ("\\", r"\\"),
            ("\"", "\\\""),
            ("é/😀", "é/😀"),
        ] {
            let expected = format!("42[\"{escaped}\"]");
            assert_eq!(text(event("/", &content(name, "", &[]), None)), expected);
        }
        let binary = payloads(&event("/a", &content("x", blob, &[b"\x01", b""]), Some(7)));
        assert_eq!(binary.0, format!("452-/a,7[\"x\",{blob}]"));
        assert_eq!(binary.1, [&b"\x01"[..], b""]);
        assert_eq!(text(ack("/", 0, b"", &[])), "430[]");
        assert_eq!(text(ack("/a", 12, b"1,\"x\"", &[])), "43/a,12[1,\"x\"]");
        let binary = payloads(&ack("/", 3, blob.as_bytes(), &[Bytes::from_static(b"b")]));
        assert_eq!(
            binary,
            (format!("461-3[{blob}]"), vec![Bytes::from_static(b"b")])
        );
    }

    #[test]
    fn a_placeholder_without_blobs_leaves_in_a_plain_event() {
        let plain = content("x", r#"{"_placeholder":true,"num":0}"#, &[]);
        let frame = event("/", &plain, None);
        assert_eq!(
            text(frame.clone()),
            r#"42["x",{"_placeholder":true,"num":0}]"#
        );
        assert_eq!(frame.rest, None);
    }

    #[test]
    fn answers_about_a_namespace_are_written_as_stock_clients_read_them() {
        assert_eq!(text(connected("/", "abc")), r#"40{"sid":"abc"}"#);
        assert_eq!(text(connected("/a", "a\"c")), r#"40/a,{"sid":"a\"c"}"#);
        assert_eq!(
            text(refused("/a", "no \"x\"", None)),
            r#"44/a,{"message":"no \"x\""}"#
        );
        assert_eq!(
            text(refused("/", "no", Some(r#"{"code":1}"#))),
            r#"44{"message":"no","data":{"code":1}}"#
        );
        assert_eq!(text(disconnected("/")), "41");
        assert_eq!(text(disconnected("/a")), "41/a,");
    }
}
