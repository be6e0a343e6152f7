//! JSON records read. Values stay the text that they were sent as; nothing recurses.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::message::{
    Completed, HubMessage, Malformed, STREAMS_MAX, TOO_MANY_STREAMS, Values, short, too_deep,
};
use crate::nesting::{LEVELS_MAX, is_deeper_than};

/// Reads one message. Of a field that stands twice the last counts, as in ASP.NET; unknown ones are ignored.
pub(super) fn read(record: &[u8]) -> Result<HubMessage, Malformed> {
    let text = std::str::from_utf8(record).map_err(|_| "a record is not UTF-8")?;
    let object: HubObject<'_> =
        serde_json::from_str(text).map_err(|_| "a record is no JSON object")?;
    let kind: i64 = required(object.kind, "type is no integer")?;
    Ok(match kind {
        1 => HubMessage::Invocation {
            id: object.id.map(id).transpose()?,
            target: required(object.target, "target is no text")?,
            arguments: arguments(object.arguments)?,
            streams: streams(object.streams)?,
        },
        2 => HubMessage::StreamItem {
            id: id(object.id.ok_or(NO_ID)?)?,
            item: value(object.item.ok_or("a stream's item is missing")?)?,
        },
        3 => HubMessage::Completion {
            id: id(object.id.ok_or(NO_ID)?)?,
            outcome: match (error(object.error)?, object.result) {
                (None, None) => Completed::Void,
                (None, Some(result)) => Completed::Result(value(result)?),
                (Some(error), None) => Completed::Error(error),
                (Some(_), Some(_)) => return Err("both a result and an error".into()),
            },
        },
        4 => HubMessage::StreamInvocation {
            id: id(object.id.ok_or(NO_ID)?)?,
            target: required(object.target, "target is no text")?,
            arguments: arguments(object.arguments)?,
            streams: streams(object.streams)?,
        },
        5 => HubMessage::CancelInvocation {
            id: id(object.id.ok_or(NO_ID)?)?,
        },
        6 => HubMessage::Ping,
        7 => HubMessage::Close,
        _ => HubMessage::Unknown,
    })
}

const NO_ID: &str = "an invocation id is missing";

fn required<'a, T: Deserialize<'a>>(
    field: Option<&'a RawValue>,
    wrong: &'static str,
) -> Result<T, Malformed> {
    let value = field.and_then(|raw| serde_json::from_str(raw.get()).ok());
    value.ok_or_else(|| wrong.into())
}

fn id(raw: &RawValue) -> Result<String, Malformed> {
    required(Some(raw), "an invocation id is no text").and_then(short)
}

/// `null` is no error.
fn error(raw: Option<&RawValue>) -> Result<Option<String>, Malformed> {
    raw.map_or(Ok(None), |_| required(raw, "an error is no text"))
}

fn streams(raw: Option<&RawValue>) -> Result<Vec<String>, Malformed> {
    let ids = raw.map_or(Ok(Vec::new()), |_| {
        required::<Vec<String>>(raw, "streamIds is no list of texts")
    })?;
    match ids.len() <= STREAMS_MAX {
        true => ids.into_iter().map(short).collect(),
        false => Err(TOO_MANY_STREAMS.into()),
    }
}

fn arguments(raw: Option<&RawValue>) -> Result<Values, Malformed> {
    let Some(raw) = raw else {
        return Ok(Values::default());
    };
    let list = raw
        .get()
        .strip_prefix('[')
        .and_then(|list| list.strip_suffix(']'));
    // Valid JSON has only its own four kinds of white space outside of strings, so `trim` cannot take more.
    values(list.ok_or("arguments is no array")?.trim())
}

fn value(raw: &RawValue) -> Result<Values, Malformed> {
    values(raw.get())
}

/// A copy of its own: the record's buffer may be much larger.
fn values(text: &str) -> Result<Values, Malformed> {
    match is_deeper_than(text, LEVELS_MAX) {
        true => Err(too_deep()),
        false => Ok(Values {
            text: Bytes::copy_from_slice(text.as_bytes()),
            blobs: Vec::new(),
        }),
    }
}

/// The fields of any message, as they were written.
#[derive(Default)]
struct HubObject<'a> {
    kind: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    target: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    streams: Option<&'a RawValue>,
    item: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for HubObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HubObjectVisitor)
    }
}

struct HubObjectVisitor;

impl<'de> Visitor<'de> for HubObjectVisitor {
    type Value = HubObject<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a message, which is an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        #[derive(Deserialize)]
        struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut object = HubObject::default();
        while let Some((FieldName(name), value)) = map.next_entry::<_, &RawValue>()? {
            let field = match &*name {
                "type" => &mut object.kind,
                "invocationId" => &mut object.id,
                "target" => &mut object.target,
                "arguments" => &mut object.arguments,
                "streamIds" => &mut object.streams,
                "item" => &mut object.item,
                "result" => &mut object.result,
                "error" => &mut object.error,
                _ => continue,
            };
            *field = Some(value);
        }
        Ok(object)
    }
}
