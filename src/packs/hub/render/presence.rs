//! The hub's own events about who is there: `online-users` and `room-online-users` (contract 4.2).
//! Refuses to count: numbers, names and their order are handed in.

use std::time::SystemTime;

use dondo_actors::{
    id::RoomKey,
    letter::Content,
    message::JoinAnswer,
    ports::{Online, PresenceEvents, RoomOnline},
    state::roster::ListedMember,
};

use super::super::{
    HubPack,
    contract::{json, normal_form},
};

/// Most channels, and most users, that one presence event lists.
const LISTED_MAX: usize = 100;

/// Most bytes of one presence event, and of the users in the ack of a join.
const BYTES_MAX: usize = 4096;

const TRUNCATED: &[u8] = b",\"truncated\":true";

impl PresenceEvents for HubPack {
    fn online(&self, online: &Online) -> Content {
        online_users(online, self.0.clock.now())
    }

    fn room_online(&self, room: &RoomKey, online: &RoomOnline<'_>) -> Content {
        room_online_users(&room.name, online, self.0.clock.now())
    }
}

/// `online-users`: of the channels [`LISTED_MAX`] are sent, fewer where they take more than [`BYTES_MAX`].
fn online_users(online: &Online, now: SystemTime) -> Content {
    let changed = online.changed.as_deref();
    let mut text = Vec::with_capacity(512);
    write_head(&mut text, online.members, None, changed);
    text.extend_from_slice(b",\"channels\":{");
    let tail = tail(changed, now);
    let channels = online.channels.iter();
    let complete = write_list(&mut text, channels, tail.len(), |text, (channel, count)| {
        json::put(text, &**channel);
        text.push(b':');
        json::put(text, count);
    });
    text.push(b'}');
    if online.truncated || !complete {
        text.extend_from_slice(TRUNCATED);
    }
    text.extend_from_slice(&tail);
    event("online-users", text)
}

/// `room-online-users` of one address: of the users [`LISTED_MAX`] are sent, fewer where they take more than [`BYTES_MAX`].
fn room_online_users(room: &str, online: &RoomOnline<'_>, now: SystemTime) -> Content {
    let channel = online.tag.as_deref();
    let mut text = Vec::with_capacity(512);
    write_head(&mut text, online.count, Some(room), channel);
    text.extend_from_slice(b",\"users\":");
    let tail = tail(channel, now);
    let complete = write_users(&mut text, &online.users, online.count, tail.len());
    if !complete {
        text.extend_from_slice(TRUNCATED);
    }
    text.extend_from_slice(&tail);
    event("room-online-users", text)
}

/// `users` for the ack of a join, and whether it lists all members. Plain rooms list nobody.
pub(super) fn users(joined: &JoinAnswer) -> (Vec<u8>, bool) {
    let mut text = Vec::with_capacity(128);
    let complete = write_users(&mut text, &joined.users, joined.count, 1);
    (text, complete)
}

/// Appends a list of users; whether it has all of `count`.
fn write_users(text: &mut Vec<u8>, users: &[ListedMember], count: usize, behind: usize) -> bool {
    let mut listed = 0;
    text.push(b'[');
    let complete = write_list(text, users.iter(), behind, |text, user| {
        listed += 1;
        text.extend_from_slice(b"{\"clientId\":");
        json::put(text, user.member.as_str());
        text.extend_from_slice(b",\"userName\":");
        json::put(text, &user.name.as_deref());
        if user.is_logged_in {
            text.extend_from_slice(b",\"verified\":true");
        }
        text.push(b'}');
    });
    text.push(b']');
    complete && listed >= count
}

/// Appends items, commas between, while there are at most [`LISTED_MAX`] and the text stays below [`BYTES_MAX`] with a
/// tail of `behind` bytes; whether that was all of them.
fn write_list<T>(
    text: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    behind: usize,
    mut write: impl FnMut(&mut Vec<u8>, T),
) -> bool {
    let most = BYTES_MAX.saturating_sub(behind + TRUNCATED.len() + 1);
    for (place, item) in items.enumerate() {
        let end = text.len();
        if place > 0 {
            text.push(b',');
        }
        if place < LISTED_MAX {
            write(text, item);
        }
        if place == LISTED_MAX || text.len() > most {
            text.truncate(end);
            return false;
        }
    }
    true
}

/// Up to and with `data.onlineUsers`. The message is a line to show.
fn write_head(text: &mut Vec<u8>, count: usize, room: Option<&str>, channel: Option<&str>) {
    let line = match (count, room) {
        (1, None) => "\"1 user online\"".into(),
        (_, None) => format!("\"{count} users online\""),
        (1, Some(_)) => "\"1 user in the room\"".into(),
        (_, Some(_)) => format!("\"{count} users in the room\""),
    };
    normal_form::write_data(text, Some(line.as_bytes()), room, channel);
    text.extend_from_slice(b",\"onlineUsers\":");
    json::put(text, &count);
}

/// From the end of `data` on.
fn tail(channel: Option<&str>, now: SystemTime) -> Vec<u8> {
    let mut text = vec![b'}'];
    normal_form::write_time(&mut text, None, now);
    text.extend_from_slice(
        b",\"clientId\":\"server\",\"source\":{\"platform\":\"server\",\"appName\":",
    );
    json::put(&mut text, env!("CARGO_PKG_NAME"));
    text.extend_from_slice(b",\"appVersion\":");
    json::put(&mut text, env!("CARGO_PKG_VERSION"));
    text.extend_from_slice(b",\"clientId\":\"server\",\"userName\":null,\"channel\":");
    json::put(&mut text, &channel);
    text.extend_from_slice(b"}}");
    text
}

fn event(name: &str, text: Vec<u8>) -> Content {
    Content {
        name: name.into(),
        args: text.into(),
        blobs: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::{
        sync::Arc,
        time::{Duration, UNIX_EPOCH},
    };

    use serde_json::{Value, json};

    use dondo_actors::id::MemberId;

    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_630_497_600_123)
    }

    /// With these channels, each with one member.
    fn online(members: usize, channels: &[String], changed: Option<&str>) -> Online {
        Online {
            members,
            channels: channels
                .iter()
                .map(|name| (name.as_str().into(), 1))
                .collect(),
            truncated: false,
            changed: changed.map(Arc::from),
        }
    }

    fn in_room(count: usize, users: &[(&str, Option<&str>)], channel: Option<&str>) -> Content {
        let user = |(id, name): &(&str, Option<&str>)| ListedMember {
            member: MemberId::new(*id),
            name: name.map(Arc::from),
            is_logged_in: *id == "id1",
        };
        let online = RoomOnline {
            tag: &channel.map(Arc::from),
            count,
            users: users.iter().map(user).collect(),
        };
        room_online_users("r", &online, now())
    }

    fn value(content: &Content) -> Value {
        serde_json::from_slice(&content.args).unwrap()
    }

    #[test]
    fn online_users_is_a_message_of_the_server_with_counts_by_channel() {
        let online = Online {
            channels: vec![("__proto__".into(), 2), ("a \"b\"".into(), 1)],
            ..online(3, &[], Some("a \"b\""))
        };
        let sent = online_users(&online, now());
        assert_eq!(&*sent.name, "online-users");
        let expected = r#"{"data":{"message":"3 users online","roomId":null,"roomChannel":"a \"b\"",
            "onlineUsers":3,"channels":{"__proto__":2,"a \"b\"":1}},
            "time":"2021-09-01T12:00:00.123Z","clientId":"server",
            "source":{"platform":"server","appName":"dondo","appVersion":"VERSION","clientId":"server",
                "userName":null,"channel":"a \"b\""}}"#
            .replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(
            value(&sent),
            serde_json::from_str::<Value>(&expected).unwrap()
        );
    }

    #[test]
    fn online_users_lists_at_most_100_channels_and_says_so() {
        let names: Vec<String> = (0..150).map(|number| number.to_string()).collect();
        let sent = value(&online_users(&online(150, &names, None), now()));
        assert_eq!(sent["data"]["channels"].as_object().unwrap().len(), 100);
        assert_eq!(sent["data"]["truncated"], true);
        assert_eq!(sent["data"]["roomChannel"], Value::Null);
        let none = value(&online_users(&online(0, &[], None), now()));
        assert_eq!(none["data"].get("truncated"), None);
        assert_eq!(none["data"]["channels"], json!({}));
    }

    #[test]
    fn room_online_users_lists_members_with_their_names() {
        let users = [("id1", Some("John \"Doe\"")), ("id2", None)];
        let sent = in_room(2, &users, Some("c"));
        assert_eq!(&*sent.name, "room-online-users");
        assert_eq!(
            value(&sent)["data"],
            json!({"message": "2 users in the room", "roomId": "r", "roomChannel": "c", "onlineUsers": 2,
                "users": [{"clientId": "id1", "userName": "John \"Doe\"", "verified": true},
                    {"clientId": "id2", "userName": null}]})
        );
    }

    #[test]
    fn no_presence_event_is_longer_than_4_kb() {
        let names: Vec<String> = (0..100).map(|number| format!("{number:\"<256}")).collect();
        let sent = online_users(&online(100, &names, Some(&names[0])), now());
        assert!(sent.args.len() <= BYTES_MAX, "{}", sent.args.len());
        let channels = value(&sent)["data"]["channels"].as_object().unwrap().len();
        assert!((3..20).contains(&channels), "{channels}");
        assert_eq!(value(&sent)["data"]["truncated"], true);
        let users: Vec<_> = names
            .iter()
            .map(|name| ("id", Some(name.as_str())))
            .collect();
        let sent = in_room(100, &users, None);
        assert!(sent.args.len() <= BYTES_MAX, "{}", sent.args.len());
        assert!(value(&sent)["data"]["users"].as_array().unwrap().len() > 3);
        assert_eq!(value(&sent)["data"]["truncated"], true);
    }

    #[test]
    fn room_online_users_lists_at_most_100_but_counts_all() {
        let sent = value(&in_room(200, &[("id", None); 200], None));
        assert_eq!(sent["data"]["users"].as_array().unwrap().len(), 100);
        assert_eq!(sent["data"]["onlineUsers"], 200);
    }
}
