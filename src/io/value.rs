//! A JSON value of unknown shape that keeps its blobs.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

use super::blob::{self, Blob};

/// Any JSON value, with [`Blob`]s in it: what a handler takes that passes on what it does not know. A
/// [`serde_json::Value`] has no place for blobs: it cannot be sent on once it was read from an event that has some.
///
/// ```
/// use dondo::{Data, Result, Socket, Value};
///
/// async fn relay(socket: Socket, Data(anything): Data<Value>) -> Result {
///     socket.to("room").emit("relayed", anything)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that fits 64 bits, whole or not.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, in the order in which it came.
    Object(Vec<(String, Value)>),
    /// An attachment.
    Blob(Blob),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
            Self::Blob(blob) => blob.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, Value>()? {
            entries.push(entry);
        }
        match placeholder(&entries) {
            Some(number) if blob::is_provided() => blob::numbered(number)
                .map(Value::Blob)
                .ok_or_else(|| de::Error::custom(blob::NO_ATTACHMENT)),
            _ => Ok(Value::Object(entries)),
        }
    }
}

/// The number of the attachment that an object stands for, if it does. Of two keys of one name the last counts, as for clients.
fn placeholder(entries: &[(String, Value)]) -> Option<usize> {
    let field = |name: &str| entries.iter().rfind(|(key, _)| key == name);
    let stands_for = matches!(field("_placeholder"), Some((_, Value::Bool(true))));
    match field("num") {
        Some((_, Value::Number(number))) if stands_for => usize::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;
    use dondo_actors::letter::Content;

    use super::{
        super::arguments::{Arguments, content},
        *,
    };
    use crate::placeholders::number;

    #[test]
    fn a_value_of_unknown_shape_is_passed_on_with_its_blobs_under_their_new_numbers() {
        let sent = (
            Blob(Bytes::from_static(b"first")),
            serde_json::json!({"z": [1, -2, 1.5, "x", null, true], "a": {}}),
            vec![Blob(Bytes::from_static(b"second"))],
        );
        let sent = Arguments::from(content("x", &sent).unwrap());
        let (object, list): (Value, Value) = (sent.at(1).unwrap(), sent.at(2).unwrap());
        let passed = content("x", &(&list, &object)).unwrap();
        assert_eq!(
            passed.args,
            r#"[{"_placeholder":true,"num":0}],{"a":{},"z":[1,-2,1.5,"x",null,true]}"#
        );
        assert_eq!(passed.blobs, [&b"second"[..]]);
    }

    #[test]
    fn in_an_event_without_blobs_a_placeholder_is_an_object() {
        let read: Value = serde_json::from_str(r#"{"_placeholder":true,"num":0}"#).unwrap();
        assert!(matches!(read, Value::Object(_)));
    }

    /// Fails if an object whose `_placeholder` is taken back by a second key of that name is read as a blob that came beside it, shows
    /// how placeholders are marked, or cannot be passed on as it is.
    #[test]
    fn what_only_begins_like_a_placeholder_is_an_object_beside_a_blob() {
        for text in [
            r#"{"_placeholder":true,"num":0,"_placeholder":false}"#,
            r#"{"_placeholder":true,"_placeholder":false}"#,
            r#"{"_placeholder":true,"num":0,"_placeholder":"true","num":0}"#,
        ] {
            let real = r#"{"_placeholder":true,"num":0}"#;
            let sent = number(&format!("{text},{real}"), 1).unwrap();
            let event = Content {
                name: "x".into(),
                args: sent.args,
                blobs: vec![Bytes::from_static(b"real")],
            };
            let sent = Arguments::from(event);
            let (object, real_blob): (Value, Value) = sent.all().unwrap();
            let fields = ["_placeholder", "num"];
            let Value::Object(entries) = &object else {
                panic!("{text}: {object:?}");
            };
            assert!(
                entries.iter().all(|(key, _)| fields.contains(&&**key)),
                "{object:?}"
            );
            assert_eq!(real_blob, Value::Blob(Blob(Bytes::from_static(b"real"))));
            let read: (serde_json::Value, Blob) = sent.all().unwrap();
            assert!(read.0["_placeholder"] != true, "{read:?}");
            assert_eq!(
                content("x", &(&object, &real_blob)).unwrap().args,
                format!("{text},{real}")
            );
            assert!(content("x", &read.0).unwrap().blobs.is_empty());
            let list = Bytes::from(blob::renumbered(text.as_bytes(), 7));
            assert_eq!(list, text);
        }
    }
}
