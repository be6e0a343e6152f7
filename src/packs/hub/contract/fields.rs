//! Where the parts of a payload object lie in its text: known fields by their names, the others in their order.
//! Refuses to judge what a field holds, and copies nothing.

use std::ops::Range;

use super::{
    blobs,
    json::{self, Field, KeySpelling},
};

/// What an event's first argument is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// join-, leave- and the owners' events: a bare string or integer names the target. Fields named `token` are
    /// secrets between the client and the hub: never delivered.
    Command,
    /// Channel messages: whatever is no payload is the message itself.
    Message,
    /// notify-room: the same, and the payload names the room.
    RoomMessage,
}

/// A piece of a payload's text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextRange {
    start: usize,
    end: usize,
}

/// The known fields of `source`, as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source<T> {
    pub(crate) platform: Option<T>,
    pub(crate) app_name: Option<T>,
    pub(crate) app_version: Option<T>,
    pub(crate) client_id: Option<T>,
    pub(crate) user_name: Option<T>,
    pub(crate) channel: Option<T>,
    pub(crate) room: Option<T>,
}

/// The parts of one payload; `None` for what is absent. Unknown fields are pairs of key, with its quotes, and value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) message: Option<TextRange>,
    pub(crate) room: Option<TextRange>,
    pub(crate) channel: Option<TextRange>,
    /// A command's, of the same object as its room.
    pub(crate) token: Option<TextRange>,
    /// A command's bare name.
    pub(crate) bare: Option<TextRange>,
    pub(crate) time: Option<TextRange>,
    pub(crate) client_id: Option<TextRange>,
    pub(crate) source: Source<TextRange>,
    pub(crate) source_unknown: Vec<(TextRange, TextRange)>,
    pub(crate) data_unknown: Vec<(TextRange, TextRange)>,
    pub(crate) top_unknown: Vec<(TextRange, TextRange)>,
    /// There is no `data` object: the top level was read as one.
    pub(crate) flat: bool,
}

impl Parts {
    /// Reads an object; `None` if its `source` is none, and would be lost. A command's token is a secret, taken out; `blobs`
    /// tells whether some of its objects may be placeholders.
    pub(crate) fn of_object(text: &str, purpose: Use, blobs: bool) -> Option<Self> {
        let command = purpose == Use::Command;
        let is_object = |raw: &&str| raw.starts_with('{') && !(blobs && blobs::is_placeholder(raw));
        let span = |part: &str| TextRange::of(text, part);
        let pairs = |fields: Vec<Field<'_>>| -> Vec<(TextRange, TextRange)> {
            fields
                .iter()
                .map(|field| (span(field.key), span(field.value)))
                .collect()
        };
        let mut parts = Self::default();
        let mut top = json::fields(text).unwrap_or_default();
        if !top.iter().any(|field| is_known(&field.name, command)) {
            parts.message = Some(span(text));
            return Some(parts);
        }
        let whole = is_message(&top, purpose, |raw| is_object(&raw));
        let data = json::take(&mut top, "data");
        parts.time = json::take(&mut top, "time").map(span);
        parts.client_id = json::take(&mut top, "clientId").map(span);
        let source = json::take(&mut top, "source");
        if !whole && source.is_some_and(|source| !is_object(&source)) {
            return None;
        }
        if let Some(source) = source.filter(is_object) {
            let mut fields = json::fields(source).unwrap_or_default();
            let mut take = |name| json::take(&mut fields, name).map(span);
            parts.source = Source {
                platform: take("platform"),
                app_name: take("appName"),
                app_version: take("appVersion"),
                client_id: take("clientId"),
                user_name: take("userName"),
                channel: take("channel"),
                room: take("room"),
            };
            // The hub's word, as is the id: nobody says it of himself.
            json::take(&mut fields, "verified");
            parts.source_unknown = pairs(fields);
        }
        let mut inner = data
            .filter(is_object)
            .map(|raw| json::fields(raw).unwrap_or_default());
        if command {
            // Also a token that stands in the wrong place is a secret.
            for fields in [Some(&mut top), inner.as_mut()].into_iter().flatten() {
                parts.token = json::take(fields, "token").map(span);
            }
        }
        parts.flat = inner.is_none();
        let fields = inner.as_mut().unwrap_or(&mut top);
        parts.message = match data {
            _ if whole => Some(span(text)),
            Some(raw) if parts.flat => Some(span(raw)),
            _ => json::take(fields, "message").map(span),
        };
        let mut either = |name, alias| {
            let (named, aliased) = (json::take(fields, name), json::take(fields, alias));
            named.or(aliased).map(span)
        };
        parts.room = either("roomId", "room");
        parts.channel = either("roomChannel", "channel");
        parts.data_unknown = inner.map(pairs).unwrap_or_default();
        if !whole {
            parts.top_unknown = pairs(top);
        }
        Some(parts)
    }
}

impl TextRange {
    /// Where `part` lies in `text`, of which it is a slice.
    pub(crate) fn of(text: &str, part: &str) -> Self {
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        Self {
            start,
            end: start + part.len(),
        }
    }

    /// The piece's place, in bytes.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Whether a top-level key makes an object a payload. In a command the fields of a join do so as well: taken whole as
/// the message, such an object would show its token to all.
fn is_known(key: &str, command: bool) -> bool {
    const KNOWN: [&str; 9] = [
        "data",
        "time",
        "clientId",
        "source",
        "message",
        "room",
        "roomId",
        "roomChannel",
        "channel",
    ];
    const OF_JOINS: [&str; 4] = ["capacity", "access", "invite", "token"];
    let among = |names: &[&str]| {
        names
            .iter()
            .any(|name| json::spelling(key, name) != KeySpelling::Different)
    };
    among(&KNOWN) || (command && among(&OF_JOINS))
}

/// Whether an object is itself what is said, although fields of it are known: it has neither `data` nor `message`, and has what
/// would be lost, or would not be told as a message.
fn is_message(top: &[Field<'_>], purpose: Use, is_object: impl Fn(&str) -> bool) -> bool {
    let is = |field: &Field<'_>, names: &[&str]| {
        let mut names = names.iter();
        names.any(|name| json::spelling(&field.name, name) != KeySpelling::Different)
    };
    let is_said = |field: &Field<'_>| {
        let is_there = !json::is_absent(field.value);
        !is_known(&field.name, false)
            || (is_there && is(field, &["source"]) && !is_object(field.value))
            // Where the event names the channel these two are everyday words.
            || (is_there && purpose == Use::Message && is(field, &["room", "channel"]))
    };
    purpose != Use::Command
        && !top.iter().any(|field| is(field, &["data", "message"]))
        && top.iter().any(is_said)
}

impl<T: Copy> Source<T> {
    /// The same fields, each in another form.
    pub(crate) fn map<U>(self, to: impl Fn(T) -> U) -> Source<U> {
        Source {
            platform: self.platform.map(&to),
            app_name: self.app_name.map(&to),
            app_version: self.app_version.map(&to),
            client_id: self.client_id.map(&to),
            user_name: self.user_name.map(&to),
            channel: self.channel.map(&to),
            room: self.room.map(&to),
        }
    }
}
