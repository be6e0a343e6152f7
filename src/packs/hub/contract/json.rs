//! JSON as raw text: split into arguments and fields, measured and quoted, but never built into a tree.
//! Refuses to know events, and to change a number, a duplicate key or an escape that somebody sent.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// One field of an object as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    /// The key with its quotes and escapes.
    pub(crate) key: &'a str,
    /// What the key says: read once, as it is compared with many names.
    pub(crate) name: Cow<'a, str>,
    /// The value.
    pub(crate) value: &'a str,
}

/// The first two of JSON values joined by commas; `None` if what is read of them is no JSON.
pub(crate) fn first_two(args: &str) -> Option<(Option<&str>, Option<&str>)> {
    if args.trim_ascii().is_empty() {
        return Some((None, None));
    }
    let (first, behind) = first_value(args)?;
    match behind.trim_ascii_start().strip_prefix(',') {
        Some(behind) => Some((Some(first), Some(first_value(behind)?.0))),
        None => Some((Some(first), None)),
    }
}

/// The first of JSON values joined by commas, so many at most; `None` if what is read of them is no JSON.
pub(crate) fn first_values(args: &str, most: usize) -> Option<Vec<&str>> {
    let mut values = Vec::new();
    let mut rest = args.trim_ascii();
    while !rest.is_empty() && values.len() < most {
        let (value, behind) = first_value(rest)?;
        values.push(value);
        rest = behind.trim_ascii_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').filter(|rest| !rest.is_empty())?;
        }
    }
    Some(values)
}

/// The fields of an object in order, duplicates included; `None` if the text is no JSON object. Does not recurse.
pub(crate) fn fields(object: &str) -> Option<Vec<Field<'_>>> {
    serde_json::from_str::<Fields<'_>>(object)
        .ok()
        .map(|fields| fields.0)
}

/// The text of a JSON string; `None` for anything else and for lone surrogates.
pub(crate) fn string(raw: &[u8]) -> Option<Cow<'_, str>> {
    serde_json::from_slice::<Text<'_>>(raw)
        .ok()
        .map(|text| text.0)
}

/// What a raw key says, without quotes and escapes. One that is no Unicode text stays as it is written: no known name
/// has a backslash.
pub(crate) fn key_text(key: &str) -> Cow<'_, str> {
    let quoted = key
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match key.contains('\\') {
        true => string(key.as_bytes()).or(quoted.map(Cow::Borrowed)),
        false => quoted.map(Cow::Borrowed),
    }
    .unwrap_or(Cow::Borrowed(key))
}

/// How a key's text is spelled, compared with a known name.
pub(crate) fn spelling(key_text: &str, name: &str) -> KeySpelling {
    if key_text == name {
        KeySpelling::Exact
    } else if key_text.eq_ignore_ascii_case(name) {
        KeySpelling::OtherCase
    } else {
        KeySpelling::Different
    }
}

/// A known name's exact spelling, its ASCII letters in another case, or another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySpelling {
    Exact,
    OtherCase,
    Different,
}

/// Contract 2.1: `null` and `""` count as absent.
pub(crate) fn is_absent(raw: &str) -> bool {
    raw == "null" || raw == "\"\""
}

/// Takes all spellings of `name` out of the fields and answers the value of one: an exact spelling first, the last of
/// duplicates, as parsers do. Absent values do not count. No other spelling may travel on, or a reader that ignores
/// case could be shown another value than the one the hub went by.
pub(crate) fn take<'a>(fields: &mut Vec<Field<'a>>, name: &str) -> Option<&'a str> {
    let mut exact = None;
    let mut other_case = None;
    fields.retain(|field| {
        let local_id = match spelling(&field.name, name) {
            KeySpelling::Exact => &mut exact,
            KeySpelling::OtherCase => &mut other_case,
            KeySpelling::Different => return true,
        };
        if !is_absent(field.value) {
            *local_id = Some(field.value);
        }
        false
    });
    exact.or(other_case)
}

/// Appends a value as JSON text.
pub(crate) fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Strings, numbers and plain structs cannot fail to serialize, nor can a write to memory.
    let _ = serde_json::to_writer(out, value);
}

/// A value as JSON text of its own.
pub(crate) fn text(value: &impl Serialize) -> Bytes {
    let mut out = Vec::with_capacity(128);
    put(&mut out, value);
    out.into()
}

/// The value at the front, and what stands behind it.
fn first_value(text: &str) -> Option<(&str, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    Some((value.get(), text.get(values.byte_offset()..)?))
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields<'a>(Vec<Field<'a>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            fields.push(Field {
                key: key.get(),
                name: key_text(key.get()),
                value: value.get(),
            });
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_first_two_arguments_are_found_whatever_follows() {
        assert_eq!(first_two(""), Some((None, None)));
        assert_eq!(
            first_two(" 1e5 , \"a,b\" ,{"),
            Some((Some("1e5"), Some("\"a,b\"")))
        );
        assert_eq!(
            first_two(r#"{"a":[1,2]}"#),
            Some((Some(r#"{"a":[1,2]}"#), None))
        );
        assert_eq!(first_two("tru"), None);
        assert_eq!(first_two("1,"), None);
    }

    #[test]
    fn fields_keep_order_duplicates_escapes_and_numbers() {
        let object =
            r#"{ "a" : 1.10, "\u0061":{"x":[]}, "a":12345678901234567890123, "\ud800": 1 }"#;
        let found: Vec<_> = fields(object)
            .unwrap()
            .iter()
            .map(|field| (field.key, field.value))
            .collect();
        assert_eq!(
            found,
            [
                ("\"a\"", "1.10"),
                ("\"\\u0061\"", "{\"x\":[]}"),
                ("\"a\"", "12345678901234567890123"),
                ("\"\\ud800\"", "1"),
            ]
        );
        assert!(fields("[1]").is_none());
        assert!(fields("{\"a\":}").is_none());
    }

    #[test]
    fn fields_are_read_without_recursion() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(fields(&deep).unwrap().len(), 1);
    }

    #[test]
    fn an_exact_spelling_wins_then_the_last_and_none_travels_on() {
        let pick = |object| {
            let mut all = fields(object).unwrap();
            let value = take(&mut all, "clientId");
            (value, all.len())
        };
        assert_eq!(pick(r#"{"clientId":1,"CLIENTID":2,"x":0}"#), (Some("1"), 1));
        assert_eq!(pick(r#"{"clientId":null,"ClientId":2}"#), (Some("2"), 0));
        assert_eq!(pick(r#"{"ClientId":1,"clientID":2}"#), (Some("2"), 0));
        assert_eq!(pick(r#"{"\u0063lientId":"","client":1}"#), (None, 1));
    }
}
