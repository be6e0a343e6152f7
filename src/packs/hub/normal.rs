//! The normal form: the one object that every recipient gets, whatever form the sender used (contract 2.2).
//! Refuses to know recipients and clocks; the resolved target, the sender's id and the time are handed in.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use dondo_actors::letter::Content;

use super::{
    blobs,
    json::{self, Spelling},
    payload::Payload,
};

/// Longest `source` that is kept with a seat, in bytes. A longer one is kept as its sender's id and channel alone.
pub(crate) const SEAT_SOURCE_BYTES_MAX: usize = 4096;

/// The setting `client_id`: whose word counts for `clientId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientIdPolicy {
    /// The hub's: the sender's own socket id, always.
    Stamp,
    /// The sender's, and its socket id where it says nothing.
    Keep,
}

/// What the hub itself puts on a letter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    /// The sender's socket id.
    pub(crate) client_id: &'a str,
    /// Whether it replaces the one that was sent.
    pub(crate) policy: ClientIdPolicy,
    /// The name in the sender's token, where it is authenticated: it replaces the `userName` sent.
    pub(crate) user_name: Option<&'a str>,
    /// The server's time, for letters without one.
    pub(crate) now: SystemTime,
}

/// A message in normal form, as the event `event`. `room` and `channel` are the resolved ones.
pub(crate) fn compose(
    event: Arc<str>,
    payload: &Payload,
    room: Option<&str>,
    channel: Option<&str>,
    stamp: &Stamp<'_>,
) -> Content {
    let (text, _) = write(payload, room, channel, stamp, &[]);
    let (text, _, blobs) = with_blobs(text, 0, payload);
    Content {
        name: event,
        args: text.into(),
        blobs,
    }
}

/// The `source` of a join, to be kept with the seat for the event that its disconnection will cause. Blobs in it are
/// `null`.
pub(crate) fn seat_source(payload: &Payload, channel: Option<&str>, stamp: &Stamp<'_>) -> Bytes {
    let mut text = Vec::with_capacity(256);
    write_source(&mut text, payload, channel, stamp);
    if !payload.blobs().is_empty() {
        text = blobs::strip(&String::from_utf8_lossy(&text));
    }
    if text.len() > SEAT_SOURCE_BYTES_MAX {
        text.clear();
        write_source(&mut text, &Payload::default(), channel, stamp);
    }
    // It stays as long as the seat does: no spare room.
    text.into_boxed_slice().into()
}

/// A join or leave event whose text lacks only what the target's state adds: `plus`, at the end of `data`.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    event: Arc<str>,
    text: Bytes,
    /// Where `plus` goes.
    cut: usize,
    blobs: Vec<Bytes>,
}

impl Announcement {
    /// The event of a client's own join or leave. Fields of `data` that are called like those of `plus` are left
    /// out: no client can speak as the hub.
    pub(crate) fn new(
        event: Arc<str>,
        payload: &Payload,
        room: Option<&str>,
        channel: Option<&str>,
        stamp: &Stamp<'_>,
    ) -> Self {
        let plus: &[&str] = match event.starts_with("leave-") {
            true => &["onlineUsers", "reason"],
            false => &["onlineUsers"],
        };
        let (text, cut) = write(payload, room, channel, stamp, plus);
        let (text, cut, blobs) = with_blobs(text, cut, payload);
        Self {
            event,
            text: text.into(),
            cut,
            blobs,
        }
    }

    /// The leave event of a client that is gone, with the `source` that [`seat_source`] kept.
    pub(crate) fn of_gone(
        event: Arc<str>,
        seat_source: &[u8],
        room: Option<&str>,
        channel: Option<&str>,
        stamp: &Stamp<'_>,
    ) -> Self {
        let mut text = Vec::with_capacity(256 + seat_source.len());
        let cut = write_data(&mut text, None, room, channel);
        text.push(b'}');
        write_time(&mut text, None, stamp.now);
        text.extend_from_slice(b",\"clientId\":");
        json::put(&mut text, stamp.client_id);
        text.extend_from_slice(b",\"source\":");
        text.extend_from_slice(seat_source);
        text.push(b'}');
        Self {
            event,
            text: text.into(),
            cut,
            blobs: Vec::new(),
        }
    }

    /// The event with the members that its target has now and, on leaves, the reason.
    pub(crate) fn with(&self, online_users: usize, reason: Option<&str>) -> Content {
        let (head, tail) = self.text.split_at(self.cut.min(self.text.len()));
        let room = 48 + reason.map_or(0, str::len);
        let mut text = Vec::with_capacity(self.text.len() + room);
        text.extend_from_slice(head);
        text.extend_from_slice(b",\"onlineUsers\":");
        json::put(&mut text, &online_users);
        if let Some(reason) = reason {
            text.extend_from_slice(b",\"reason\":");
            json::put(&mut text, reason);
        }
        text.extend_from_slice(tail);
        Content {
            name: self.event.clone(),
            args: text.into(),
            blobs: self.blobs.clone(),
        }
    }
}

/// Appends the server's time in UTC, as `time`.
pub(super) fn write_time(out: &mut Vec<u8>, sent: Option<&[u8]>, now: SystemTime) {
    out.extend_from_slice(b",\"time\":");
    match sent {
        Some(time) => out.extend_from_slice(time),
        None => {
            // The formatter panics on a clock before 1970.
            let time = humantime::format_rfc3339_millis(now.max(UNIX_EPOCH));
            json::put(out, &format_args!("{time}"));
        }
    }
}

/// Appends `{"data":{` and data's known fields, and answers where more fields of data can follow.
pub(super) fn write_data(
    out: &mut Vec<u8>,
    message: Option<&[u8]>,
    room: Option<&str>,
    channel: Option<&str>,
) -> usize {
    out.extend_from_slice(b"{\"data\":{\"message\":");
    out.extend_from_slice(message.unwrap_or(b"\"\""));
    out.extend_from_slice(b",\"roomId\":");
    json::put(out, &room);
    out.extend_from_slice(b",\"roomChannel\":");
    json::put(out, &channel);
    out.len()
}

/// The whole normal form, and where in it `data` ends. `hidden` are fields of data that are left out.
fn write(
    payload: &Payload,
    room: Option<&str>,
    channel: Option<&str>,
    stamp: &Stamp<'_>,
    hidden: &[&str],
) -> (Vec<u8>, usize) {
    // Known keys, `null`s and the time take less than 256 bytes; the ids and the channel stand twice.
    let names = [room, channel, channel, stamp.user_name]
        .into_iter()
        .flatten();
    let added: usize = names.map(str::len).sum::<usize>() + 2 * stamp.client_id.len();
    let mut out = Vec::with_capacity(256 + payload.text_len() + added);
    write_data(&mut out, payload.message(), room, channel);
    let shown = payload.data_unknown().filter(|(key, _)| {
        let key = String::from_utf8_lossy(key);
        let key = json::key_text(&key);
        hidden
            .iter()
            .all(|name| json::spelling(&key, name) == Spelling::Different)
    });
    write_pairs(&mut out, shown);
    let cut = out.len();
    out.push(b'}');
    write_time(&mut out, payload.time(), stamp.now);
    write_client_id(&mut out, b",\"clientId\":", payload.client_id(), stamp);
    out.extend_from_slice(b",\"source\":");
    write_source(&mut out, payload, channel, stamp);
    write_pairs(&mut out, payload.top_unknown());
    out.push(b'}');
    (out, cut)
}

fn write_source(out: &mut Vec<u8>, payload: &Payload, channel: Option<&str>, stamp: &Stamp<'_>) {
    let sent = payload.source();
    let field = |out: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>| {
        out.extend_from_slice(key);
        out.extend_from_slice(value.unwrap_or(b"null"));
    };
    field(out, b"{\"platform\":", sent.platform);
    field(out, b",\"appName\":", sent.app_name);
    field(out, b",\"appVersion\":", sent.app_version);
    write_client_id(out, b",\"clientId\":", sent.client_id, stamp);
    match stamp.user_name {
        Some(name) => {
            out.extend_from_slice(b",\"userName\":");
            json::put(out, name);
        }
        None => field(out, b",\"userName\":", sent.user_name),
    }
    match channel {
        Some(channel) => {
            out.extend_from_slice(b",\"channel\":");
            json::put(out, channel);
        }
        None => field(out, b",\"channel\":", sent.channel),
    }
    if sent.room.is_some() {
        field(out, b",\"room\":", sent.room);
    }
    write_pairs(out, payload.source_unknown());
    out.push(b'}');
}

fn write_client_id(out: &mut Vec<u8>, key: &[u8], sent: Option<&[u8]>, stamp: &Stamp<'_>) {
    out.extend_from_slice(key);
    match (stamp.policy, sent) {
        (ClientIdPolicy::Keep, Some(sent)) => out.extend_from_slice(sent),
        _ => json::put(out, stamp.client_id),
    }
}

fn write_pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    for (key, value) in pairs {
        out.push(b',');
        out.extend_from_slice(key);
        out.push(b':');
        out.extend_from_slice(value);
    }
}

/// The text with the blobs that it still refers to, numbered anew; a second pass, for payloads with blobs only.
fn with_blobs(text: Vec<u8>, cut: usize, payload: &Payload) -> (Vec<u8>, usize, Vec<Bytes>) {
    if payload.blobs().is_empty() {
        return (text, cut, Vec::new());
    }
    blobs::renumber(&String::from_utf8_lossy(&text), cut, payload.blobs())
}
