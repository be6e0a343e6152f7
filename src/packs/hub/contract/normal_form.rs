//! The normal form: the one object that every recipient gets, whatever form the sender used (contract 2.2).
//! Refuses to know recipients and clocks; the resolved target, the sender's id and the time are handed in.

use std::{
    ops::Range,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use dondo_actors::{
    event_template::{EventTemplate, Hole},
    letter::Content,
};

use super::{
    blobs,
    json::{self, KeySpelling},
    payload::Payload,
};

/// Longest `source` that is kept with a seat, in bytes.
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
    /// Whether the hub vouches for the sender: it is logged in, or the hub itself.
    pub(crate) verified: bool,
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
    let (mut text, _) = write(payload, room, Channel::Named(channel), stamp, &[]);
    let mut blobs = Vec::new();
    if !payload.blobs().is_empty() {
        (text, blobs) = blobs::renumber(&String::from_utf8_lossy(&text), &mut [], payload.blobs());
    }
    Content {
        name: event,
        // It may be kept for long: without room to spare.
        args: text.into_boxed_slice().into(),
        blobs,
    }
}

/// The channel that a join or leave event names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Channel<'a> {
    /// This one, or none.
    Named(Option<&'a str>),
    /// That of the address which is joined or left: a leave may give up several.
    OfTheAddress,
}

/// The `source` of a join, to be kept with the seat for the event that its disconnection will cause. Blobs in it are
/// `null`; above [`SEAT_SOURCE_BYTES_MAX`] its unknown fields are left out, and if that is not enough all but id and
/// channel.
pub(crate) fn seat_source(payload: &Payload, channel: Option<&str>, stamp: &Stamp<'_>) -> Vec<u8> {
    let known = payload.without_unknown();
    for payload in [payload, &known] {
        let mut text = Vec::with_capacity(256);
        write_source(&mut text, payload, Channel::Named(channel), stamp);
        if !payload.blobs().is_empty() {
            text = blobs::strip(&String::from_utf8_lossy(&text));
        }
        if text.len() <= SEAT_SOURCE_BYTES_MAX {
            return text;
        }
    }
    let mut text = Vec::with_capacity(256);
    write_source(
        &mut text,
        &Payload::default(),
        Channel::Named(channel),
        stamp,
    );
    text
}

/// The event of a client's own join or leave, with holes for what the target's state adds: `plus`, at the end of
/// `data`. Fields of `data` that are called like those of `plus` are left out: no client can speak as the hub.
pub(crate) fn template(
    event: Arc<str>,
    payload: &Payload,
    room: Option<&str>,
    channel: Channel<'_>,
    stamp: &Stamp<'_>,
) -> EventTemplate {
    let plus: &[&str] = match event.starts_with("leave-") {
        true => &LEAVE_PLUS,
        false => &JOIN_PLUS,
    };
    let (mut text, mut holes) = write(payload, room, channel, stamp, plus);
    let mut blobs = Vec::new();
    if !payload.blobs().is_empty() {
        let mut places: Vec<usize> = ends(&holes).collect();
        (text, blobs) = blobs::renumber(
            &String::from_utf8_lossy(&text),
            &mut places,
            payload.blobs(),
        );
        for ((range, _), moved) in holes.iter_mut().zip(places.chunks_exact(2)) {
            if let [start, end] = *moved {
                *range = start..end;
            }
        }
    }
    EventTemplate::new(event, text.into_boxed_slice().into(), holes, blobs)
}

/// The leave event of a client that is gone, with the `source` that [`seat_source`] made.
pub(crate) fn gone_template(
    event: Arc<str>,
    seat_source: &[u8],
    room: Option<&str>,
    channel: Channel<'_>,
    client_id: &str,
) -> EventTemplate {
    let mut text = Vec::with_capacity(256 + seat_source.len());
    let mut holes = Vec::with_capacity(4);
    open_data(&mut text, &mut holes, None, room, channel);
    write_plus(&mut text, &mut holes, &LEAVE_PLUS);
    text.extend_from_slice(b"},\"time\":");
    holes.push((text.len()..text.len(), Hole::Time));
    text.extend_from_slice(b",\"clientId\":");
    json::put(&mut text, client_id);
    text.extend_from_slice(b",\"source\":");
    text.extend_from_slice(seat_source);
    text.push(b'}');
    // It stays as long as the seat does: no spare room.
    EventTemplate::new(event, text.into_boxed_slice().into(), holes, Vec::new())
}

type Holes = Vec<(Range<usize>, Hole)>;

const JOIN_PLUS: [&str; 1] = ["onlineUsers"];
const LEAVE_PLUS: [&str; 2] = ["onlineUsers", "reason"];

fn ends(holes: &Holes) -> impl Iterator<Item = usize> {
    holes.iter().flat_map(|(range, _)| [range.start, range.end])
}

/// Appends `data` up to its known fields.
fn open_data(
    out: &mut Vec<u8>,
    holes: &mut Holes,
    message: Option<&[u8]>,
    room: Option<&str>,
    channel: Channel<'_>,
) {
    match channel {
        Channel::Named(channel) => write_data(out, message, room, channel),
        Channel::OfTheAddress => {
            write_data(out, message, room, None);
            holes.push((out.len() - b"null".len()..out.len(), Hole::Channel));
        }
    }
}

/// Appends the fields that the hub fills in: `onlineUsers` and, on leaves, `reason`.
fn write_plus(out: &mut Vec<u8>, holes: &mut Holes, plus: &[&str]) {
    for name in plus {
        out.push(b',');
        json::put(out, name);
        out.push(b':');
        let start = out.len();
        if *name == "reason" {
            out.extend_from_slice(b"null");
            holes.push((start..out.len(), Hole::Reason));
        } else {
            holes.push((start..start, Hole::Count));
        }
    }
}

/// Appends the server's time in UTC, as `time`.
pub(crate) fn write_time(out: &mut Vec<u8>, sent: Option<&[u8]>, now: SystemTime) {
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

/// Appends `{"data":{` and data's known fields, `roomChannel` last.
pub(crate) fn write_data(
    out: &mut Vec<u8>,
    message: Option<&[u8]>,
    room: Option<&str>,
    channel: Option<&str>,
) {
    out.extend_from_slice(b"{\"data\":{\"message\":");
    out.extend_from_slice(message.unwrap_or(b"\"\""));
    out.extend_from_slice(b",\"roomId\":");
    json::put(out, &room);
    out.extend_from_slice(b",\"roomChannel\":");
    json::put(out, &channel);
}

/// The whole normal form and its holes: `plus` are the fields of data that the hub fills in, in place of the client's.
fn write(
    payload: &Payload,
    room: Option<&str>,
    channel: Channel<'_>,
    stamp: &Stamp<'_>,
    plus: &[&str],
) -> (Vec<u8>, Holes) {
    // Known keys, `null`s and the time take less than 256 bytes; the ids and the channel stand twice.
    let named = match channel {
        Channel::Named(channel) => channel,
        Channel::OfTheAddress => None,
    };
    let names = [room, named, named, stamp.user_name].into_iter().flatten();
    let added: usize = names.map(str::len).sum::<usize>() + 2 * stamp.client_id.len();
    let mut out = Vec::with_capacity(256 + payload.text_len() + added);
    let mut holes = Vec::new();
    open_data(&mut out, &mut holes, payload.message(), room, channel);
    let shown = payload.data_unknown().filter(|(key, _)| {
        let key = String::from_utf8_lossy(key);
        let key = json::key_text(&key);
        plus.iter()
            .all(|name| json::spelling(&key, name) == KeySpelling::Different)
    });
    write_pairs(&mut out, shown);
    write_plus(&mut out, &mut holes, plus);
    out.push(b'}');
    write_time(&mut out, payload.time(), stamp.now);
    write_client_id(&mut out, b",\"clientId\":", payload.client_id(), stamp);
    out.extend_from_slice(b",\"source\":");
    let channel = write_source(&mut out, payload, channel, stamp);
    holes.extend(channel.map(|range| (range, Hole::Channel)));
    write_pairs(&mut out, payload.top_unknown());
    out.push(b'}');
    (out, holes)
}

/// Appends the source; the range of its channel, where that is the address's.
fn write_source(
    out: &mut Vec<u8>,
    payload: &Payload,
    channel: Channel<'_>,
    stamp: &Stamp<'_>,
) -> Option<Range<usize>> {
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
    // Not false elsewhere: what a guest sends in the contract's form comes back as it was sent.
    if stamp.verified {
        out.extend_from_slice(b",\"verified\":true");
    }
    out.extend_from_slice(b",\"channel\":");
    let start = out.len();
    match channel {
        Channel::Named(Some(channel)) => json::put(out, channel),
        // What is replaced must not hold the only placeholder of a blob.
        Channel::OfTheAddress if !payload.blobs().is_empty() => out.extend_from_slice(b"null"),
        _ => field(out, b"", sent.channel),
    }
    let range = start..out.len();
    if sent.room.is_some() {
        field(out, b",\"room\":", sent.room);
    }
    write_pairs(out, payload.source_unknown());
    out.push(b'}');
    matches!(channel, Channel::OfTheAddress).then_some(range)
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
