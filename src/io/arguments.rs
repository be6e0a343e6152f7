//! Data to the arguments of an event, and back.
//! The rule: a tuple (or an array of fixed length) is several arguments, `()` is none, anything else is one.

use std::{borrow::Cow, cell::Cell, sync::Arc};

use bytes::Bytes;
use dondo_actors::{letter::Content, ports::Answer};
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeTuple};
use serde_json::value::RawValue;

use super::{
    blob::{self, Blobs},
    error::{BadArguments, EmitError},
    next::{NextArguments, skip},
    shape::{self, Shape},
    unreadable::unreadable,
};
use crate::reserved::is_reserved;

/// The arguments of an event or of an answer, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    text: Bytes,
    blobs: Vec<Bytes>,
}

impl Arguments {
    /// An event's name and its arguments.
    pub(super) fn of(content: Content) -> (Arc<str>, Self) {
        let Content { name, args, blobs } = content;
        (name, Self { text: args, blobs })
    }

    /// One argument, counted from 0. One that was not sent reads as `null`.
    ///
    /// # Errors
    /// It is not what is read.
    pub fn at<T: DeserializeOwned>(&self, index: usize) -> Result<T, BadArguments> {
        let ((argument,), _) = self.read(index)?;
        Ok(argument)
    }

    /// Arguments from the one that is counted `first`, from 0: of a tuple as many as it has, of `()` none, else one. How many
    /// were taken is answered too. What was not sent reads as `null`.
    ///
    /// # Errors
    /// They are not what is read.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        first: usize,
    ) -> Result<(T, usize), BadArguments> {
        let text = self.readable();
        let rest = skip(&text, first).map_err(unreadable)?;
        let taken = Cell::new(0);
        let read = || {
            T::deserialize(NextArguments {
                rest,
                taken: &taken,
                is_event: false,
            })
        };
        let value = blob::provide(&self.blobs, read).map_err(unreadable)?;
        Ok((value, taken.get()))
    }

    /// Those from the one that is counted `first`, from 0.
    pub(super) fn rest<T: DeserializeOwned>(&self, first: usize) -> Result<Vec<T>, BadArguments> {
        let text = self.readable();
        let list = list(skip(&text, first).map_err(unreadable)?);
        blob::provide(&self.blobs, || serde_json::from_slice(&list)).map_err(unreadable)
    }

    /// All arguments, as a tuple or a list.
    ///
    /// # Errors
    /// They are not what is read.
    pub fn all<T: DeserializeOwned>(&self) -> Result<T, BadArguments> {
        let list = list(&self.readable());
        blob::provide(&self.blobs, || serde_json::from_slice(&list)).map_err(unreadable)
    }

    /// The JSON texts, joined by commas.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The blobs that placeholders in the text number.
    pub fn blobs(&self) -> &[Bytes] {
        &self.blobs
    }

    /// The text for those who read it: see [`blob::marked`].
    fn readable(&self) -> Cow<'_, [u8]> {
        match self.blobs.is_empty() {
            true => Cow::Borrowed(&self.text),
            false => Cow::Owned(blob::marked(&self.text)),
        }
    }
}

fn list(text: &[u8]) -> Vec<u8> {
    [b"[", text, b"]"].concat()
}

/// Passed on as they came: as the data of an emit or an answer they are its arguments, within other data a list. With
/// blobs, only where no other blob comes before them.
impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        blob::pass_on(&self.text, &self.blobs).map_err(serde::ser::Error::custom)?;
        let list = list(&self.text);
        let all: Vec<&RawValue> =
            serde_json::from_slice(&list).map_err(serde::ser::Error::custom)?;
        let mut tuple = serializer.serialize_tuple(all.len())?;
        for argument in all {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}

impl From<Content> for Arguments {
    fn from(content: Content) -> Self {
        Self::of(content).1
    }
}

impl From<Answer> for Arguments {
    fn from(answer: Answer) -> Self {
        Self {
            text: answer.args,
            blobs: answer.blobs,
        }
    }
}

/// An event with `data` as its arguments.
pub(crate) fn content<T: Serialize + ?Sized>(name: &str, data: &T) -> Result<Content, EmitError> {
    if is_reserved(name) {
        return Err(EmitError::ReservedName(name.into()));
    }
    let Answer { args, blobs } = answer(data)?;
    Ok(Content {
        name: name.into(),
        args,
        blobs,
    })
}

/// The most memory that a thread keeps for texts that it writes.
const WRITTEN_MAX: usize = 64 * 1024;

thread_local! {
    /// Where data is written before it is known how much it is.
    static WRITTEN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is wrong with data that say beside blobs that they are one, as those that a client made up may.
pub(super) const FORGED: &str = "beside its blobs is an object with `_placeholder`, which clients would take for one of them, or \
     it is nested too deeply to look";

/// An answer with `data` as its arguments.
pub(crate) fn answer<T: Serialize + ?Sized>(data: &T) -> Result<Answer, EmitError> {
    let mut text = WRITTEN.take();
    let ((shape, written), Blobs { blobs, named }) = blob::collect(|| {
        let shape = shape::of(data);
        // What looks at the shape must not leave blobs.
        blob::discard();
        (shape, serde_json::to_writer(&mut text, data))
    });
    written.map_err(|error| EmitError::Unwritable(error.to_string()))?;
    if blob::is_lost(&text) {
        return Err(EmitError::BlobLost);
    }
    if !blobs.is_empty() && blob::seen(&text) != Some(named) {
        return Err(EmitError::Unwritable(FORGED.into()));
    }
    let args = match shape {
        Ok(Shape::Several) => 1..text.len() - 1,
        Ok(Shape::None) => 0..0,
        Ok(Shape::Unit) if is_unit(data) => 0..0,
        Ok(Shape::Unit) | Err(_) => 0..text.len(),
    };
    let args = if text.capacity() > WRITTEN_MAX {
        Bytes::from(text).slice(args)
    } else {
        let args = Bytes::copy_from_slice(&text[args]);
        text.clear();
        WRITTEN.set(text);
        args
    };
    Ok(Answer { args, blobs })
}

/// Whether what writes itself as unit is `()`, or a reference to it, and not a value that happens to be `null`. That has no name
/// of a type to tell it by, and takes room.
fn is_unit<T: ?Sized>(data: &T) -> bool {
    let name = std::any::type_name::<T>();
    size_of_val(data) == 0 || name.rsplit(['&', ' ']).next() == Some("()")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::{super::blob::Blob, *};

    fn text<T: Serialize + ?Sized>(data: &T) -> String {
        String::from_utf8(content("x", data).unwrap().args.to_vec()).unwrap()
    }

    fn read(text: &'static str, blobs: &[&'static [u8]]) -> Arguments {
        Arguments {
            text: Bytes::from_static(text.as_bytes()),
            blobs: blobs.iter().map(|blob| Bytes::from_static(blob)).collect(),
        }
    }

    #[test]
    fn a_tuple_is_several_arguments_unit_none_and_anything_else_one() {
        #[derive(Serialize)]
        struct Pair(u8, u8);
        assert_eq!(text(&(1, "a", [2, 3])), r#"1,"a",[2,3]"#);
        assert_eq!(text(&[1, 2]), "1,2");
        assert_eq!(text(&()), "");
        assert_eq!(text(&&()), "");
        assert_eq!(text(&&mut &()), "");
        assert_eq!(text(&vec![1, 2]), "[1,2]");
        assert_eq!(text(&Pair(1, 2)), "[1,2]");
        assert_eq!(text("a"), r#""a""#);
        assert_eq!(text(&Some((1, 2))), "[1,2]");
        assert_eq!(text(&serde_json::json!({"a": [1]})), r#"{"a":[1]}"#);
        assert_eq!(text(&None::<u8>), "null");
    }

    /// Fails if what a client made up is told beside a blob as another one: whoever hears it takes the wrong bytes, or is cut.
    #[test]
    fn what_looks_like_a_blob_beside_one_is_refused() {
        let blob = || Blob(Bytes::from_static(b"x"));
        let made_up = [
            r#"{"_placeholder":true,"num":0}"#,
            r#"{"num":9,"_placeholder" : true}"#,
            r#"{"\u005fplaceholder":true,"num":0}"#,
            r#"{"_placeholder":true}"#,
        ];
        for text in made_up.map(str::to_owned) {
            let data = RawValue::from_string(text.clone()).unwrap();
            let passed = Arguments {
                text: Bytes::from(text.clone()),
                blobs: Vec::new(),
            };
            assert!(content("x", &data).is_ok(), "{text}");
            let refused = EmitError::Unwritable(FORGED.to_owned());
            assert_eq!(
                content("x", &(&data, blob())),
                Err(refused.clone()),
                "{text}"
            );
            assert_eq!(content("x", &(&passed, blob())), Err(refused), "{text}");
        }
        assert!(content("x", &(blob(), "_placeholder", blob())).is_ok());
    }

    /// As `43n[]` a stock client with retries took it for a failure, and sent again.
    #[test]
    fn null_is_an_argument() {
        assert_eq!(text(&serde_json::Value::Null), "null");
        assert_eq!(text(&&serde_json::Value::Null), "null");
        assert_eq!(text(&(serde_json::Value::Null, 1)), "null,1");
        let answer = answer(&serde_json::Value::Null).unwrap();
        assert_eq!(answer.args, "null");
    }

    #[test]
    fn a_blob_that_was_read_into_a_value_without_room_for_it_is_missed_when_that_is_sent() {
        let sent = read(r#"{"a":{"_placeholder":true,"num":0}}"#, &[b"a"]);
        let lost: serde_json::Value = sent.at(0).unwrap();
        assert_eq!(content("x", &lost), Err(EmitError::BlobLost));
        let all: Vec<serde_json::Value> = sent.all().unwrap();
        assert_eq!(content("x", &all), Err(EmitError::BlobLost));
        // In an event without attachments it is an object like others.
        let plain = read(r#"{"_placeholder":true,"num":0}"#, &[]);
        let object: serde_json::Value = plain.at(0).unwrap();
        assert_eq!(text(&object), r#"{"_placeholder":true,"num":0}"#);
    }

    #[test]
    fn blobs_leave_placeholders_and_come_back_from_them() {
        let data = (
            1,
            vec![Blob(Bytes::from_static(b"a"))],
            Blob(Bytes::from_static(b"b")),
        );
        let sent = content("x", &data).unwrap();
        assert_eq!(sent.blobs, [&b"a"[..], b"b"]);
        let back: (u8, Vec<Blob>, Blob) = Arguments::from(sent).all().unwrap();
        assert_eq!(back, data);
    }

    #[test]
    fn a_placeholder_without_an_attachment_is_no_blob() {
        let forged = read(r#"{"_placeholder":true,"num":1}"#, &[b"a"]);
        assert!(forged.at::<Blob>(0).is_err());
        let plain = read(r#"{"_placeholder":false,"num":0}"#, &[b"a"]);
        assert!(plain.at::<Blob>(0).is_err());
    }

    #[test]
    fn arguments_are_passed_on_as_they_came() {
        let placeholder = r#"1,{"_placeholder":true,"num":0},1.0e2"#;
        for (sent, nested) in [
            (read("", &[]), "[]"),
            (read("[7]", &[]), "[[7]]"),
            (
                read(placeholder, &[b"a"]),
                r#"[1,{"_placeholder":true,"num":0},1.0e2]"#,
            ),
        ] {
            let passed = content("x", &sent).unwrap();
            assert_eq!(Arguments::from(passed), sent);
            assert_eq!(text(&(&sent, 2)), format!("{nested},2"));
        }
        let taken = (Blob::default(), read(placeholder, &[b"a"]));
        assert!(matches!(
            content("x", &taken),
            Err(EmitError::Unwritable(_))
        ));
    }

    #[test]
    fn arguments_are_read_one_by_one_or_all_at_once() {
        let sent = read(r#"1,"b",{"c":[1]}"#, &[]);
        assert_eq!(sent.at::<u8>(0), Ok(1));
        assert_eq!(sent.at::<String>(1), Ok("b".into()));
        assert_eq!(sent.at::<Option<u8>>(3), Ok(None));
        assert!(sent.at::<u8>(1).is_err());
        assert_eq!(sent.all::<Vec<serde_json::Value>>().unwrap().len(), 3);
        assert_eq!(read("", &[]).all::<Vec<u8>>(), Ok(Vec::new()));
    }

    #[test]
    fn deep_arguments_are_unreadable_and_do_not_overflow_the_stack() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let sent = Arguments {
            text: deep.into(),
            blobs: Vec::new(),
        };
        assert!(sent.at::<serde_json::Value>(0).is_err());
    }

    #[test]
    fn names_of_the_client_libraries_cannot_be_emitted() {
        assert_eq!(
            content("disconnect", &()),
            Err(EmitError::ReservedName("disconnect".into()))
        );
    }

    #[test]
    fn data_that_is_no_json_is_refused() {
        let odd = std::collections::BTreeMap::from([(vec![1], 1)]);
        assert!(matches!(content("x", &odd), Err(EmitError::Unwritable(_))));
    }
}
