//! What decision 12 rests on: how socketioxide-parser-common reads and writes values. Where one of these fails, it has changed,
//! and dondo's own reading of arguments may go.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use socketioxide_core::{Value, parser::Parse};
use socketioxide_parser_common::CommonParser;

fn sent(json: &str) -> Value {
    let blobs = [&b"zero"[..], b"one"].map(Bytes::from_static);
    Value::Str(json.to_owned().into(), Some(blobs.into_iter().collect()))
}

fn written<T: Serialize>(data: &T) -> String {
    let value = CommonParser.encode_value(data, Some("x")).unwrap();
    value.as_str().unwrap().to_string()
}

/// It gives blobs out in the order in which a type asks for them, whatever their placeholders say.
#[test]
fn a_handler_that_reads_a_part_of_its_arguments_gets_the_blob_of_another() {
    #[derive(Deserialize)]
    struct Second {
        b: Bytes,
    }
    let mut two =
        sent(r#"["x",{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":1}}]"#);
    let read: Second = CommonParser.decode_value(&mut two, true).unwrap();
    assert_eq!(read.b, "zero", "it is the blob of a");
    let mut turned = sent(r#"["x",{"_placeholder":true,"num":1}]"#);
    let read: Bytes = CommonParser.decode_value(&mut turned, true).unwrap();
    assert_eq!(read, "zero", "it is number 0");
}

/// Nobody can read after a first reader: `on_any` and the event's own handler both do.
#[test]
fn what_was_read_once_has_lost_its_blobs() {
    let mut one = sent(r#"["x",{"_placeholder":true,"num":0}]"#);
    for expected in ["zero", "one"] {
        let read: Bytes = CommonParser.decode_value(&mut one, true).unwrap();
        assert_eq!(read, expected);
    }
    assert!(CommonParser.decode_value::<Bytes>(&mut one, true).is_err());
}

/// Here `()` is no argument, and a tuple struct one.
#[test]
fn unit_is_an_argument_and_a_tuple_struct_several() {
    #[derive(Serialize)]
    struct Pair(u8, u8);
    assert_eq!(written(&()), r#"["x",null]"#);
    assert_eq!(written(&Pair(1, 2)), r#"["x",1,2]"#);
}

/// One that stands alone: what it reads is `["x", …]`. Within a tuple it is the argument, its numbers as they were spelled.
#[test]
fn a_raw_argument_is_the_whole_event() {
    let event = r#"["x",[1.50,1e2]]"#;
    let whole: Box<RawValue> = CommonParser.decode_value(&mut sent(event), true).unwrap();
    assert_eq!(whole.get(), event);
    let (argument,): (Box<RawValue>,) = CommonParser.decode_value(&mut sent(event), true).unwrap();
    assert_eq!(argument.get(), "[1.50,1e2]");
    assert_eq!(written(&(argument,)), event);
}
