//! The hub's own events about who is there: `online-users` and `room-online-users` (contract 4.2).
//! Refuses to count: numbers, names and their order are handed in.

use std::time::SystemTime;

use dondo_actors::{letter::Content, message::JoinAnswer};

use super::super::contract::{json, normal_form};

/// Most channels, and most users, that one presence event lists.
pub(crate) const LISTED_MAX: usize = 100;

/// Most bytes of one presence event, and of the users in the ack of a join.
pub(crate) const BYTES_MAX: usize = 4096;

const TRUNCATED: &[u8] = b",\"truncated\":true";

/// Who the hub says it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubInfo<'a> {
    /// The hub's `source.appName`.
    pub(crate) app_name: &'a str,
    /// The hub's `source.appVersion`.
    pub(crate) app_version: &'a str,
}

/// `online-users`. `total` is the number of distinct clients in any channel; `channels` are names and counts, the most
/// interesting first, of which [`LISTED_MAX`] are sent; `truncated` tells that there are more; `changed` is the channel
/// that changed, if it was one.
pub(crate) fn online_users<'a>(
    total: usize,
    channels: impl Iterator<Item = (&'a str, usize)>,
    truncated: bool,
    changed: Option<&str>,
    hub: &HubInfo<'_>,
    now: SystemTime,
) -> Content {
    let mut text = Vec::with_capacity(512);
    write_head(&mut text, total, None, changed);
    text.extend_from_slice(b",\"channels\":{");
    let tail = tail(changed, hub, now);
    let complete = write_list(&mut text, channels, tail.len(), |text, (channel, count)| {
        json::put(text, channel);
        text.push(b':');
        json::put(text, &count);
    });
    text.push(b'}');
    if truncated || !complete {
        text.extend_from_slice(TRUNCATED);
    }
    text.extend_from_slice(&tail);
    event("online-users", text)
}

/// `room-online-users` of one address. `count` is the number of its members; `users` are socket ids and user names, of
/// which [`LISTED_MAX`] are sent, fewer where they take more than [`BYTES_MAX`].
pub(crate) fn room_online_users<'a>(
    room: &str,
    channel: Option<&str>,
    count: usize,
    users: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    hub: &HubInfo<'_>,
    now: SystemTime,
) -> Content {
    let mut text = Vec::with_capacity(512);
    write_head(&mut text, count, Some(room), channel);
    text.extend_from_slice(b",\"users\":[");
    let tail = tail(channel, hub, now);
    let mut listed = 0;
    let complete = write_list(
        &mut text,
        users,
        tail.len(),
        |text, (client_id, user_name)| {
            listed += 1;
            write_user(text, client_id, user_name);
        },
    );
    text.push(b']');
    if listed < count || !complete {
        text.extend_from_slice(TRUNCATED);
    }
    text.extend_from_slice(&tail);
    event("room-online-users", text)
}

/// `users` for the ack of a join, and whether it lists all members. Plain rooms list nobody.
pub(crate) fn users(joined: &JoinAnswer) -> (Vec<u8>, bool) {
    let mut text = vec![b'['];
    let mut listed = 0;
    let complete = write_list(&mut text, joined.users.iter(), 1, |text, (id, name)| {
        listed += 1;
        write_user(text, id.as_str(), name.as_deref());
    });
    text.push(b']');
    (text, complete && listed >= joined.count)
}

fn write_user(text: &mut Vec<u8>, client_id: &str, user_name: Option<&str>) {
    text.extend_from_slice(b"{\"clientId\":");
    json::put(text, client_id);
    text.extend_from_slice(b",\"userName\":");
    json::put(text, &user_name);
    text.push(b'}');
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
fn tail(channel: Option<&str>, hub: &HubInfo<'_>, now: SystemTime) -> Vec<u8> {
    let mut text = vec![b'}'];
    normal_form::write_time(&mut text, None, now);
    text.extend_from_slice(
        b",\"clientId\":\"server\",\"source\":{\"platform\":\"server\",\"appName\":",
    );
    json::put(&mut text, hub.app_name);
    text.extend_from_slice(b",\"appVersion\":");
    json::put(&mut text, hub.app_version);
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

    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::{Value, json};

    use super::*;

    const HUB: HubInfo<'static> = HubInfo {
        app_name: "dondo",
        app_version: "0.1.0",
    };

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_630_497_600_123)
    }

    fn value(content: &Content) -> Value {
        serde_json::from_slice(&content.args).unwrap()
    }

    #[test]
    fn online_users_is_a_message_of_the_server_with_counts_by_channel() {
        let channels = [("__proto__", 2), ("a \"b\"", 1)];
        let sent = online_users(3, channels.into_iter(), false, Some("a \"b\""), &HUB, now());
        assert_eq!(&*sent.name, "online-users");
        let expected = r#"{"data":{"message":"3 users online","roomId":null,"roomChannel":"a \"b\"",
            "onlineUsers":3,"channels":{"__proto__":2,"a \"b\"":1}},
            "time":"2021-09-01T12:00:00.123Z","clientId":"server",
            "source":{"platform":"server","appName":"dondo","appVersion":"0.1.0","clientId":"server",
                "userName":null,"channel":"a \"b\""}}"#;
        assert_eq!(
            value(&sent),
            serde_json::from_str::<Value>(expected).unwrap()
        );
    }

    #[test]
    fn online_users_lists_at_most_100_channels_and_says_so() {
        let names: Vec<String> = (0..150).map(|number| number.to_string()).collect();
        let channels = names.iter().map(|name| (name.as_str(), 1));
        let sent = value(&online_users(150, channels, true, None, &HUB, now()));
        assert_eq!(sent["data"]["channels"].as_object().unwrap().len(), 100);
        assert_eq!(sent["data"]["truncated"], true);
        assert_eq!(sent["data"]["roomChannel"], Value::Null);
        let none = value(&online_users(
            0,
            std::iter::empty(),
            false,
            None,
            &HUB,
            now(),
        ));
        assert_eq!(none["data"].get("truncated"), None);
        assert_eq!(none["data"]["channels"], json!({}));
    }

    #[test]
    fn room_online_users_lists_members_with_their_names() {
        let users = [("id1", Some("John \"Doe\"")), ("id2", None)];
        let sent = room_online_users("r", Some("c"), 2, users.into_iter(), &HUB, now());
        assert_eq!(&*sent.name, "room-online-users");
        assert_eq!(
            value(&sent)["data"],
            json!({"message": "2 users in the room", "roomId": "r", "roomChannel": "c", "onlineUsers": 2,
                "users": [{"clientId": "id1", "userName": "John \"Doe\""}, {"clientId": "id2", "userName": null}]})
        );
    }

    #[test]
    fn no_presence_event_is_longer_than_4_kb() {
        let names: Vec<String> = (0..100).map(|number| format!("{number:\"<256}")).collect();
        let channels = names.iter().map(|name| (name.as_str(), 1));
        let changed = Some(names[0].as_str());
        let sent = online_users(100, channels, false, changed, &HUB, now());
        assert!(sent.args.len() <= BYTES_MAX, "{}", sent.args.len());
        let channels = value(&sent)["data"]["channels"].as_object().unwrap().len();
        assert!((3..20).contains(&channels), "{channels}");
        assert_eq!(value(&sent)["data"]["truncated"], true);
        let users = names.iter().map(|name| ("id", Some(name.as_str())));
        let sent = room_online_users("r", None, 100, users, &HUB, now());
        assert!(sent.args.len() <= BYTES_MAX, "{}", sent.args.len());
        assert!(value(&sent)["data"]["users"].as_array().unwrap().len() > 3);
        assert_eq!(value(&sent)["data"]["truncated"], true);
    }

    #[test]
    fn room_online_users_lists_at_most_100_but_counts_all() {
        let users = (0..200).map(|_| ("id", None));
        let sent = value(&room_online_users("r", None, 200, users, &HUB, now()));
        assert_eq!(sent["data"]["users"].as_array().unwrap().len(), 100);
        assert_eq!(sent["data"]["onlineUsers"], 200);
    }
}
