//! One message of a client as its fields: which there are, and what is wrong with them. Builds no value of a payload: numbers
//! and doubled keys in it pass as they were sent.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::ids::ID_BYTES_MAX;
use crate::nesting::{LEVELS_MAX, is_deeper_than};
use crate::protocol::json;
use crate::reserved::is_reserved;

/// The fields that a message may have, as JSON texts. Others are not looked at.
#[derive(Deserialize)]
pub(super) struct MessageFields<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "raw")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    event: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    args: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    attachments: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "raw")]
    auth: Option<&'a RawValue>,
}

/// `null` is a payload, too: it must not pass for one that is absent.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A message that is refused, and answered: the connection goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlainFault {
    /// For programs.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
}

impl PlainFault {
    pub(super) fn bad_message(message: impl Into<String>) -> Self {
        Self {
            code: "bad_message",
            message: message.into(),
        }
    }
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PlainMessage<'a> {
    /// `connect`, with a JSON object or without.
    Connect(Option<&'a str>),
    /// `event`: the name, JSON texts joined by commas, and the id as it was sent.
    Event(Arc<str>, &'a str, Option<&'a str>),
    /// `ack`: the number of the hub's event, and JSON texts joined by commas.
    Ack(u64, &'a str),
    /// `ping`, with what the answer is to tell again.
    Ping(Option<&'a str>),
}

impl<'a> MessageFields<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// It is no JSON object, or one of the fields above stands in it twice; the text says where.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        // An array would be read as the fields' values in their order.
        if !text.trim_start().starts_with('{') {
            return Err("a message is a JSON object".to_owned());
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The id of the message, if it has one that can be told again.
    pub(super) fn id(&self) -> Option<&'a str> {
        let id = present(self.id)?;
        let is_scalar =
            id.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
        (is_scalar && id.len() <= ID_BYTES_MAX).then_some(id)
    }

    /// How many binary messages belong to this one.
    pub(super) fn attachments(&self) -> Result<usize, PlainFault> {
        let Some(count) = present(self.attachments) else {
            return Ok(0);
        };
        let wrong = || PlainFault::bad_message("attachments is a whole number from 0");
        count.parse().map_err(|_| wrong())
    }

    /// What it says.
    pub(super) fn message(&self) -> Result<PlainMessage<'a>, PlainFault> {
        let kind = present(self.kind).and_then(json::string);
        if self.id().is_none() && present(self.id).is_some() {
            let message = format!("id is a number or a string of at most {ID_BYTES_MAX} bytes");
            return Err(PlainFault::bad_message(message));
        }
        match kind.as_deref() {
            Some("connect") => match present(self.auth) {
                Some(auth) if !auth.starts_with('{') => {
                    Err(PlainFault::bad_message("auth is an object"))
                }
                auth => Ok(PlainMessage::Connect(auth)),
            },
            Some("event") => Ok(PlainMessage::Event(self.name()?, self.args()?, self.id())),
            Some("ack") => {
                let number = self.id().and_then(|id| id.parse().ok());
                let number = number.ok_or_else(|| {
                    PlainFault::bad_message("an ack has the id of the hub's event")
                })?;
                Ok(PlainMessage::Ack(number, self.args()?))
            }
            Some("ping") => Ok(PlainMessage::Ping(self.id())),
            _ => Err(PlainFault::bad_message(
                "type is one of connect, event, ack and ping",
            )),
        }
    }

    fn name(&self) -> Result<Arc<str>, PlainFault> {
        let name = self.event.map(RawValue::get).and_then(json::string);
        let name = name.ok_or_else(|| PlainFault::bad_message("event is the name, a string"))?;
        match is_reserved(&name) {
            true => Err(PlainFault {
                code: "reserved_name",
                message: format!("{name} is an event of the client libraries: use another"),
            }),
            false => Ok(name.into()),
        }
    }

    /// The arguments: the payload, all of `args`, or none.
    fn args(&self) -> Result<&'a str, PlainFault> {
        // Serializers of records write what a record has not as null.
        let is_null = |value: &&RawValue| value.get() == "null";
        let (payload, args) = match (self.payload, self.args) {
            (Some(payload), Some(args)) if is_null(&args) => (Some(payload), None),
            (Some(payload), Some(args)) if is_null(&payload) => (None, Some(args)),
            given => given,
        };
        let args = match (payload, args) {
            (Some(payload), None) => payload.get(),
            (None, Some(args)) => {
                let inner = args.get().strip_prefix('[');
                let inner = inner.and_then(|inner| inner.strip_suffix(']'));
                let inner = inner.ok_or_else(|| PlainFault::bad_message("args is an array"))?;
                inner.trim()
            }
            (None, None) => "",
            (Some(_), Some(_)) => {
                return Err(PlainFault::bad_message("there is either payload or args"));
            }
        };
        match is_deeper_than(args, LEVELS_MAX) {
            true => Err(PlainFault {
                code: "bad_payload",
                message: format!("the payload is nested more than {LEVELS_MAX} levels deep"),
            }),
            false => Ok(args),
        }
    }
}

/// The text of a field that is there and not `null`.
fn present(field: Option<&RawValue>) -> Option<&str> {
    field.map(RawValue::get).filter(|text| *text != "null")
}
