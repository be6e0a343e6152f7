//! The fields of a request's body: each is known, stands once, and is what it should be; else the refusal names it.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use strsim::damerau_levenshtein;

use super::answer::ApiError;

/// A JSON object, its values unread.
pub(super) struct BodyFields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for BodyFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = BodyFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BodyFields, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(BodyFields(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl BodyFields {
    /// An object of which only these fields are known.
    pub(super) fn of(text: &[u8], known: &[&str]) -> Result<Self, ApiError> {
        let fields: Self = serde_json::from_slice(text).map_err(|error| unread(&error))?;
        let mut names: Vec<&str> = fields.0.iter().map(|(name, _)| &**name).collect();
        for name in &names {
            if !known.contains(name) {
                return Err(unknown(name, known));
            }
        }
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(ApiError::bad("the field stands twice").at(pair[0])),
            None => Ok(fields),
        }
    }

    /// The text of a field.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        Some(value.get())
    }

    /// A field, if it is there. `null` is not nothing.
    pub(super) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let read = serde_json::from_str(raw).map(Some);
        read.map_err(|error| unread(&error).at(name))
    }

    /// A field that must be there.
    pub(super) fn need<T: DeserializeOwned>(&self, name: &str) -> Result<T, ApiError> {
        self.get(name)?
            .ok_or_else(|| ApiError::bad("the field is missing").at(name))
    }

    /// All of them, values as they were sent.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }
}

/// The refusal of a name that is not known.
pub(super) fn unknown(name: &str, known: &[&str]) -> ApiError {
    let nearest = known
        .iter()
        .min_by_key(|other| damerau_levenshtein(name, other));
    let shown: String = name.chars().take(64).collect();
    let message = match nearest {
        Some(nearest) => format!("there is no field of this name; the nearest is {nearest}"),
        None => "there is no field of this name".to_owned(),
    };
    ApiError::bad(message).at(shown)
}

fn unread(error: &serde_json::Error) -> ApiError {
    // The place is within the field alone.
    let text = error.to_string();
    let said = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(said, _)| said);
    ApiError::bad(said.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refused(text: &str) -> ApiError {
        let read = BodyFields::of(text.as_bytes(), &["to", "message"]);
        let read = read.and_then(|fields| fields.need::<String>("to"));
        read.err().unwrap()
    }

    /// Fails if a mistyped field is passed over, or a refusal does not name the field.
    #[test]
    fn a_field_that_is_unknown_or_wrong_is_named() {
        for (text, field, said) in [
            ("{\"mesage\":1}", Some("mesage"), "the nearest is message"),
            ("{\"message\":1}", Some("to"), "missing"),
            ("{\"to\":1}", Some("to"), "expected a string"),
            ("{\"to\":null}", Some("to"), "expected a string"),
            ("{\"to\":\"a\",\"to\":\"b\"}", Some("to"), "twice"),
            ("[]", None, "expected an object"),
            ("{\"to\":", None, "EOF"),
            ("", None, "EOF"),
        ] {
            let error = refused(text);
            assert_eq!(error.field.as_deref(), field, "{text}");
            assert!(error.message.contains(said), "{text}: {}", error.message);
        }
    }
}
