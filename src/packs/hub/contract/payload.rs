//! What a client said, in whichever of the accepted forms: read once into its known parts, the rest kept as raw text.
//! Refuses to know who said it and where it goes (contract 2.1).

use std::borrow::Cow;

pub(crate) use super::fields::Use;
use crate::io::Arguments;
use crate::nesting::{LEVELS_MAX, is_deeper_than};
use bytes::Bytes;

use super::{
    blobs,
    fault::{Code, Fault},
    fields::{Parts, Source, TextRange},
    json::{self, KeySpelling},
    name,
};

/// Longest `userName`, in bytes (contract 2.3): lists hold up to 100 of them.
pub(crate) const USER_NAME_BYTES_MAX: usize = 256;

/// A payload's known parts and everything else it came with. Values are raw JSON; absent ones (`null`, `""`) are
/// `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    /// The JSON that all spans lie in: the first argument, or what its string held.
    text: Bytes,
    second: Option<Bytes>,
    blobs: Vec<Bytes>,
    parts: Parts,
}

impl Payload {
    /// Reads the arguments of an event. `bad_payload` for what contract 2.1 does not accept.
    pub(crate) fn read(arguments: &Arguments, purpose: Use) -> Result<Self, Fault> {
        let args =
            std::str::from_utf8(arguments.text()).map_err(|_| bad("the payload is not UTF-8"))?;
        let (first, second) =
            json::first_two(args).ok_or_else(|| bad("the payload is not valid JSON"))?;
        let second = second.filter(|raw| is_string_or_number(raw) && !json::is_absent(raw));
        let mut payload = Self {
            second: second.map(|raw| arguments.text().slice_ref(raw.as_bytes())),
            ..Self::default()
        };
        let Some(first) = first.filter(|raw| *raw != "null") else {
            return match purpose {
                Use::Command => Ok(payload),
                Use::Message | Use::RoomMessage => Err(bad("there is no payload")),
            };
        };
        if is_deeper_than(first, LEVELS_MAX) {
            return Err(too_deep());
        }
        payload.text = arguments.text().slice_ref(first.as_bytes());
        if !arguments.blobs().is_empty() {
            blobs::check(first, arguments.blobs().len())
                .map_err(|_| bad("a placeholder names no attachment"))?;
            payload.blobs = arguments.blobs().to_vec();
        }
        let binary = !payload.blobs.is_empty() && blobs::is_placeholder(first);
        if first.starts_with('{') && !binary {
            let parts = Parts::of_object(first, purpose, !payload.blobs.is_empty());
            payload.parts = parts.ok_or_else(no_source)?;
            return Ok(payload);
        }
        if first.starts_with('"') {
            // What a string holds is text, also where it spells a placeholder.
            payload.blobs.clear();
            if let Some(held) = object_in_string(first, purpose)? {
                let parts = Parts::of_object(&held, purpose, false);
                payload.parts = parts.ok_or_else(no_source)?;
                payload.text = Bytes::from(held);
                return Ok(payload);
            }
        }
        let whole = TextRange::of(first, first);
        match purpose {
            Use::Message | Use::RoomMessage => payload.parts.message = Some(whole),
            Use::Command if is_string_or_number(first) => {
                payload.parts.bare = (!json::is_absent(first)).then_some(whole);
            }
            Use::Command => return Err(bad("a payload is an object, or a name")),
        }
        Ok(payload)
    }

    /// `source.userName`: the client's word, a name of at most [`USER_NAME_BYTES_MAX`] bytes. `invalid_name` for what is
    /// none (contract 2.3).
    pub(crate) fn user_name(&self) -> Result<Option<Cow<'_, str>>, Fault> {
        let raw = self.parts.source.user_name.map(|span| self.at(span));
        raw.map(|raw| name::read_user(raw, USER_NAME_BYTES_MAX))
            .transpose()
    }

    /// A field of `data` that the payload itself does not know, raw (in the flat form: of the top level). Found as
    /// known ones are: without regard to case, exact spelling first, absent values not counted.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let unknown = match self.parts.flat {
            true => &self.parts.top_unknown,
            false => &self.parts.data_unknown,
        };
        let (mut exact, mut other_case) = (None, None);
        for (key, value) in unknown {
            let Ok(key) = std::str::from_utf8(self.at(*key)) else {
                continue;
            };
            let value = self.at(*value);
            if value == b"null" || value == b"\"\"" {
                continue;
            }
            match json::spelling(&json::key_text(key), name) {
                KeySpelling::Exact => exact = Some(value),
                KeySpelling::OtherCase => other_case = Some(value),
                KeySpelling::Different => {}
            }
        }
        exact.or(other_case)
    }

    /// A command's `data.token`, raw.
    pub(crate) fn token(&self) -> Option<&[u8]> {
        self.parts.token.map(|span| self.at(span))
    }

    /// `data.roomId` or its alias.
    pub(crate) fn room(&self) -> Option<&[u8]> {
        self.parts.room.map(|span| self.at(span))
    }

    /// `data.roomChannel` or its alias.
    pub(crate) fn channel(&self) -> Option<&[u8]> {
        self.parts.channel.map(|span| self.at(span))
    }

    /// A command's bare name in the place of a payload.
    pub(crate) fn bare(&self) -> Option<&[u8]> {
        self.parts.bare.map(|span| self.at(span))
    }

    /// The second argument, where it is a string or a number.
    pub(crate) fn second(&self) -> Option<&[u8]> {
        self.second.as_deref()
    }

    /// The message; `None` where the normal form has the empty string.
    pub(crate) fn message(&self) -> Option<&[u8]> {
        self.parts.message.map(|span| self.at(span))
    }

    /// The time as sent.
    pub(crate) fn time(&self) -> Option<&[u8]> {
        self.parts.time.map(|span| self.at(span))
    }

    /// The clientId as sent.
    pub(crate) fn client_id(&self) -> Option<&[u8]> {
        self.parts.client_id.map(|span| self.at(span))
    }

    /// The fields of `source`.
    pub(crate) fn source(&self) -> Source<&[u8]> {
        self.parts.source.map(|span| self.at(span))
    }

    /// Unknown fields of `source`, keys with their quotes.
    pub(crate) fn source_unknown(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs(&self.parts.source_unknown)
    }

    /// Unknown fields of `data`, keys with their quotes.
    pub(crate) fn data_unknown(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs(&self.parts.data_unknown)
    }

    /// Unknown fields of the top level, keys with their quotes.
    pub(crate) fn top_unknown(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs(&self.parts.top_unknown)
    }

    /// The same with its known fields alone.
    pub(crate) fn without_unknown(&self) -> Self {
        let mut known = self.clone();
        let parts = &mut known.parts;
        for unknown in [
            &mut parts.source_unknown,
            &mut parts.data_unknown,
            &mut parts.top_unknown,
        ] {
            unknown.clear();
        }
        known
    }

    /// The same without what its sender says to others by it, in whatever field: of what others are told by its text, only the
    /// name is left.
    pub(crate) fn without_words(&self) -> Self {
        let mut mute = self.without_unknown();
        let user_name = mute.parts.source.user_name;
        mute.parts.message = None;
        mute.parts.time = None;
        mute.parts.client_id = None;
        mute.parts.source = Source {
            user_name,
            ..Source::default()
        };
        mute.blobs.clear();
        mute
    }

    /// The same without the name that its sender gives itself.
    pub(crate) fn without_name(mut self) -> Self {
        self.parts.source.user_name = None;
        self
    }

    /// The attachments that placeholders in the raw values number.
    pub(crate) fn blobs(&self) -> &[Bytes] {
        &self.blobs
    }

    /// Bytes of its text and its attachments.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }

    /// Bytes of JSON text that this payload was read from: no less than all raw values together.
    pub(crate) fn text_len(&self) -> usize {
        self.text.len()
    }

    fn pairs<'a>(
        &'a self,
        spans: &'a [(TextRange, TextRange)],
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        spans
            .iter()
            .map(|(key, value)| (self.at(*key), self.at(*value)))
    }

    fn at(&self, span: TextRange) -> &[u8] {
        self.text.get(span.range()).unwrap_or_default()
    }
}

/// The JSON object that a raw string holds; `None` where the string is text or a name.
fn object_in_string(raw: &str, purpose: Use) -> Result<Option<String>, Fault> {
    let Some(text) = json::string(raw.as_bytes()) else {
        return Ok(None);
    };
    let held = text.trim_ascii();
    if !held.starts_with('{') {
        return Ok(None);
    }
    if json::fields(held).is_none() {
        return match purpose {
            Use::Command => Err(bad("the payload's string is not valid JSON")),
            Use::Message | Use::RoomMessage => Ok(None),
        };
    }
    if is_deeper_than(held, LEVELS_MAX) {
        return Err(too_deep());
    }
    Ok(Some(match held.len() == text.len() {
        true => text.into_owned(),
        false => held.to_owned(),
    }))
}

fn is_string_or_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
}

fn bad(message: &'static str) -> Fault {
    Fault::new(Code::BadPayload, message)
}

fn no_source() -> Fault {
    bad("the field 'source' is no object")
}

fn too_deep() -> Fault {
    Fault::new(
        Code::BadPayload,
        format!("the payload is nested deeper than {LEVELS_MAX} levels"),
    )
}
