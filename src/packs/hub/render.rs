//! What clients are told: the event that others get of a command, and its ack, of which contract 4.3 names every field.
//! Refuses to know how either travels.

mod presence;

use bytes::Bytes;
use dondo_actors::{
    event::Access, event_template::EventTemplate, letter::Content, message::JoinAnswer,
};
use serde::Serialize;

use super::{
    command::{Done, Place, Success},
    contract::{
        json,
        normal_form::{self, Channel, SEAT_SOURCE_BYTES_MAX, Stamp, seat_source},
        payload::Payload,
    },
};

/// A message for those in `place`.
pub(super) fn message(payload: &Payload, place: &Place, stamp: &Stamp<'_>) -> Content {
    let event = match place {
        Place::Channel(channel) => channel.clone(),
        Place::Room(_) => "notify-room".into(),
    };
    normal_form::compose(event, payload, place.room(), place.channel(), stamp)
}

/// An owner's event.
pub(super) fn managed(
    event: &str,
    payload: &Payload,
    place: &Place,
    stamp: &Stamp<'_>,
) -> EventTemplate {
    let (room, channel) = (place.room(), place.channel());
    let told = normal_form::compose(event.into(), payload, room, channel, stamp);
    EventTemplate::new(told.name, told.args, vec![], told.blobs)
}

/// The event of a join.
pub(super) fn joined(payload: &Payload, place: &Place, stamp: &Stamp<'_>) -> EventTemplate {
    let event = match place {
        Place::Channel(_) => "join-channel",
        Place::Room(_) => "join-room",
    };
    let channel = Channel::Named(place.channel());
    normal_form::template(event.into(), payload, place.room(), channel, stamp)
}

/// The event of a leave that names its channel.
pub(super) fn left(payload: &Payload, place: &Place, stamp: &Stamp<'_>) -> EventTemplate {
    let channel = Channel::Named(place.channel());
    normal_form::template(leave(place).into(), payload, place.room(), channel, stamp)
}

/// The event for each of `seats` addresses that a leave-room gives up. One that is long is told in short to several: what a
/// client sends once, the room must not have to write many times.
pub(super) fn left_seats(
    payload: &Payload,
    place: &Place,
    seats: usize,
    stamp: &Stamp<'_>,
) -> EventTemplate {
    let channel = Channel::OfTheAddress;
    if seats > 1 && payload.bytes() > SEAT_SOURCE_BYTES_MAX {
        let source = seat_source(payload, None, stamp);
        return normal_form::gone_template(
            leave(place).into(),
            &source,
            place.room(),
            channel,
            stamp.client_id,
        );
    }
    normal_form::template(leave(place).into(), payload, place.room(), channel, stamp)
}

/// The leave event for when the client is gone, with the source of its join. `by_tag`: of a room it names the channel of the
/// seat that is left.
pub(super) fn gone(
    payload: &Payload,
    place: &Place,
    by_tag: bool,
    stamp: &Stamp<'_>,
) -> EventTemplate {
    let source = seat_source(payload, place.channel(), stamp);
    let channel = match place {
        Place::Room(_) if by_tag => Channel::OfTheAddress,
        _ => Channel::Named(place.channel()),
    };
    normal_form::gone_template(
        leave(place).into(),
        &source,
        place.room(),
        channel,
        stamp.client_id,
    )
}

fn leave(place: &Place) -> &'static str {
    match place {
        Place::Channel(_) => "leave-channel",
        Place::Room(_) => "leave-room",
    }
}

/// The one argument of the ack of a command that was carried out: a JSON object.
pub(super) fn ack(event: &str, client_id: &str, success: &Success) -> Bytes {
    let mut text = Vec::with_capacity(128);
    text.extend_from_slice(b"{\"ok\":true");
    put(&mut text, "event", event);
    let Success { place, done } = success;
    put_some(&mut text, "channel", place.channel());
    put_some(&mut text, "room", place.room());
    put(&mut text, "clientId", client_id);
    match done {
        Done::Joined(joined) => put_joined(&mut text, place, joined),
        Done::Left(gone) => {
            // Of several seats, the most that any still shares; `left` has each.
            let most = gone.iter().map(|(_, count)| *count).max();
            put_some(&mut text, "onlineUsers", most);
            put(&mut text, "already", &gone.is_empty());
            if let Some(room) = place.room() {
                let seats = gone.iter().map(|(tag, count)| Left {
                    room,
                    channel: tag.as_deref(),
                    online_users: *count,
                });
                put(&mut text, "left", &seats.collect::<Vec<_>>());
            }
        }
        Done::Notified(recipients) => put(&mut text, "recipients", recipients),
        Done::Managed => {}
    }
    text.push(b'}');
    text.into()
}

fn put_joined(text: &mut Vec<u8>, place: &Place, joined: &JoinAnswer) {
    put(text, "onlineUsers", &joined.count);
    put(text, "already", &joined.already);
    if let Place::Room(_) = place {
        let policy = &joined.terms;
        let access = match policy.access {
            Access::Open => "open",
            Access::Token => "token",
            Access::Invite => "invite",
        };
        put(text, "created", &policy.created);
        put(text, "access", access);
        put_some(text, "allChannels", policy.in_all_channels.then_some(true));
        put_some(text, "capacity", policy.capacity);
        put(
            text,
            "owner",
            &policy.owner.as_ref().map(|owner| owner.as_str()),
        );
    }
    if let Some(replayed) = &joined.replayed {
        put(text, "position", &replayed.position.token().to_string());
        put(text, "replayed", &replayed.count);
        put(text, "complete", &replayed.complete);
    }
    let (users, complete) = presence::users(joined);
    text.extend_from_slice(b",\"users\":");
    text.extend_from_slice(&users);
    put_some(text, "truncated", (!complete).then_some(true));
}

fn put(text: &mut Vec<u8>, key: &str, value: &(impl Serialize + ?Sized)) {
    text.push(b',');
    json::put(text, key);
    text.push(b':');
    json::put(text, value);
}

fn put_some(text: &mut Vec<u8>, key: &str, value: Option<impl Serialize>) {
    if let Some(value) = value {
        put(text, key, &value);
    }
}

/// One seat given up: the address it had and who is left there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Left<'a> {
    room: &'a str,
    /// `null` for a seat in none.
    channel: Option<&'a str>,
    online_users: usize,
}

#[cfg(test)]
mod tests {
    use super::{super::contract::target::RoomTarget, *};

    fn acked(event: &str, place: Place, done: Done) -> Bytes {
        ack(event, "abc", &Success { place, done })
    }

    #[test]
    fn a_success_sends_only_the_fields_that_were_given() {
        let place = Place::Channel("some \"channel\"".into());
        assert_eq!(
            acked("leave-channel", place, Done::Left(vec![])),
            r#"{"ok":true,"event":"leave-channel","channel":"some \"channel\"","clientId":"abc","already":true}"#
        );
    }

    #[test]
    fn a_message_ack_tells_its_recipients() {
        let place = Place::Channel("lobby".into());
        assert_eq!(
            acked("lobby", place, Done::Notified(0)),
            r#"{"ok":true,"event":"lobby","channel":"lobby","clientId":"abc","recipients":0}"#
        );
    }

    #[test]
    fn leave_room_lists_every_seat_given_up() {
        let gone = vec![(Some("a".into()), 1), (None, 0)];
        let place = Place::Room(RoomTarget {
            room: "r".into(),
            channel: None,
        });
        assert_eq!(
            acked("leave-room", place, Done::Left(gone)),
            r#"{"ok":true,"event":"leave-room","room":"r","clientId":"abc","onlineUsers":1,"already":false,"left":[{"room":"r","channel":"a","onlineUsers":1},{"room":"r","channel":null,"onlineUsers":0}]}"#
        );
    }
}
