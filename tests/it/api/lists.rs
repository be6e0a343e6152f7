//! What is listed: all that is there, once, page by page.

use std::collections::BTreeSet;

use dondo::config::RoomScope;
use serde_json::{Value, json};

use super::{KEY, ORDERS, ask, ask_at, bearer, get, hub, hub_with, joins, logged_in, member_of};
use crate::support::{Client, Hub};

/// All entries of a list, page by page, and how many pages that took.
fn walked(
    hub: &Hub,
    path: &str,
    list: &str,
    name: &str,
    mut meanwhile: impl FnMut(usize),
) -> (Vec<String>, usize) {
    let (mut all, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let and = if path.contains('?') { "&" } else { "?" };
        let page = get(hub, &format!("{path}{and}limit=3{after}"));
        let entries = page[list].as_array().unwrap();
        assert!(entries.len() <= 3, "{page}");
        all.extend(
            entries
                .iter()
                .map(|entry| entry[name].as_str().unwrap().to_owned()),
        );
        pages += 1;
        assert!(pages < 50, "the walk does not end");
        meanwhile(pages);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", next.replace('-', "%2D")),
            None => return (all, pages),
        }
    }
}

/// Fails if a walk misses somebody who is there all the time, meets somebody twice, or does not end, while others come and go.
#[test]
fn a_walk_meets_everybody_who_stays_once_while_others_come_and_go() {
    let hub = hub();
    let (mut staying, mut ids) = (Vec::new(), BTreeSet::new());
    for number in 0..8 {
        let mut client = Client::connect(&hub);
        joins(&mut client, "lobby");
        ids.insert(joins(&mut client, &format!("channel-{number}")));
        let room = json!({"data": {"roomId": format!("room-{number}")}});
        assert_eq!(client.ask("join-room", &[room])["ok"], true);
        staying.push(client);
    }
    for path in ["members", "channels/lobby/members"] {
        let mut passing = Vec::new();
        let (met, pages) = walked(&hub, path, "members", "id", |page| {
            passing.push(member_of(&hub, "lobby"));
            if page % 2 == 0 {
                passing.remove(0);
            }
        });
        let once: BTreeSet<_> = met.iter().cloned().collect();
        assert_eq!(once.len(), met.len(), "{path}: somebody is met twice");
        assert!(once.is_superset(&ids), "{path}: somebody is missed");
        assert!(pages >= 3);
        drop(passing);
        hub.wait_for("dondo_members", 8);
    }
    let (channels, _) = walked(&hub, "channels", "channels", "channel", |_| {});
    let mut expected: Vec<String> = (0..8).map(|number| format!("channel-{number}")).collect();
    expected.push("lobby".to_owned());
    assert_eq!(channels, expected);
    let (rooms, _) = walked(&hub, "rooms", "rooms", "room", |_| {});
    assert_eq!(
        rooms,
        (0..8)
            .map(|number| format!("room-{number}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(
        get(&hub, "rooms")["rooms"][0],
        json!({"room": "room-0", "members": 1})
    );
    assert_eq!(
        get(&hub, "channels")["channels"][8],
        json!({"channel": "lobby", "members": 8})
    );
    for (path, count) in [
        ("members", 8),
        ("channels", 9),
        ("rooms", 8),
        ("channels/lobby/members", 8),
        ("rooms/room-1/members", 1),
        ("rooms/none/members", 0),
    ] {
        let answer = get(&hub, &format!("{path}?count=true"));
        assert_eq!(answer, json!({"namespace": "/", "count": count}), "{path}");
    }
    let presence =
        json!({"namespace": "/", "members": 8, "onlineUsers": 8, "channels": 9, "rooms": 8});
    assert_eq!(get(&hub, "presence"), presence);
}

/// Fails if a member is listed without what is known of it, or under another account.
#[test]
fn members_are_listed_with_account_and_address() {
    let hub = hub();
    let mut ama = logged_in(&hub, "ama");
    let id = joins(&mut ama, "lobby");
    let _others = [logged_in(&hub, "kofi"), Client::connect(&hub)];
    let member = json!({"id": id, "account": "ama", "address": "127.0.0.1"});
    assert_eq!(get(&hub, "members?account=ama")["members"], json!([member]));
    assert_eq!(
        get(&hub, "channels/lobby/members")["members"],
        json!([member])
    );
    assert_eq!(get(&hub, "members?account=ama&count=true")["count"], 1);
    assert_eq!(get(&hub, "members?account=nobody")["members"], json!([]));
    let _more: Vec<_> = (0..7).map(|_| logged_in(&hub, "ama")).collect();
    let (met, pages) = walked(&hub, "members?account=ama", "members", "id", |_| {});
    assert_eq!((met.len(), pages), (8, 3));
}

/// Fails if a room is listed with members that it has in another channel, without one who hears what is said within this channel, or for a
/// key that is not for the channel.
#[test]
fn a_room_is_listed_as_it_is_within_a_channel() {
    for scope in [RoomScope::Strict, RoomScope::Match, RoomScope::Flat] {
        let hub = hub_with(|config| config.hub.room_scope = scope, |builder| builder);
        let sits = |channel: Option<&str>| {
            let mut client = Client::connect(&hub);
            let room = json!({"data": {"roomId": "den", "roomChannel": channel}});
            let joined = client.ask("join-room", &[room]);
            (joined["ok"] == true)
                .then(|| (joined["clientId"].as_str().unwrap().to_owned(), client))
        };
        let all = [Some("orders-1"), Some("b"), None].map(sits);
        let ids = all.iter().map(|one| one.as_ref().map(|(id, _)| id.clone()));
        let ids: Vec<_> = ids.collect();
        let listed = |secret: &str, query: &str| {
            let (path, key) = (format!("rooms/den/members{query}"), bearer(secret));
            let header = [("Authorization", &*key)];
            let (status, said) = ask_at(hub.operators(), "GET", &path, &header, &Value::Null);
            let members = said["members"].as_array().cloned().unwrap_or_default();
            let ids = members
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned());
            (status, ids.collect::<BTreeSet<_>>())
        };
        let expected = |places: &[usize]| {
            let there = places.iter().filter_map(|place| ids[*place].clone());
            (200, there.collect::<BTreeSet<_>>())
        };
        let everybody = expected(&[0, 1, 2]);
        let within = match scope {
            RoomScope::Flat => everybody.clone(),
            _ => expected(&[0, 2]),
        };
        assert_eq!(listed(KEY, ""), everybody, "{scope:?}");
        assert_eq!(listed(KEY, "?channel=orders-1"), within, "{scope:?}");
        let count = get(&hub, "rooms/den/members?channel=orders-1&count=true");
        assert_eq!(count["count"], within.1.len(), "{scope:?}");
        // Where rooms are flat no key for some channels is for any.
        let of_key = match scope {
            RoomScope::Flat => (403, BTreeSet::new()),
            _ => within,
        };
        assert_eq!(listed(ORDERS, "?channel=orders-1"), of_key, "{scope:?}");
        for query in ["?channel=b", ""] {
            assert_eq!(listed(ORDERS, query).0, 403, "{scope:?} {query:?}");
        }
    }
}

/// Fails if a query that is not in order is passed over.
#[test]
fn a_query_that_is_wrong_is_named_by_its_parameter() {
    let hub = hub();
    for (path, field) in [
        ("members?limit=0", "limit"),
        ("members?limit=1001", "limit"),
        ("members?limit=+5", "limit"),
        ("channels?limit=101", "limit"),
        ("channels?limit=x&count=true", "limit"),
        ("members?count=yes", "count"),
        ("members?after=x", "after"),
        ("members?acount=ama", "acount"),
        ("members?limit=1&limit=2", "limit"),
        ("presence?limit=1", "limit"),
        ("node?x=1", "x"),
        ("rooms/den/members?channel=join-room", "channel"),
        ("channels/join-room/members", "channel"),
        ("channels/%0a/members", "channel"),
    ] {
        let (status, said) = ask(&hub, "GET", path, &Value::Null);
        assert_eq!(
            (status, said["error"]["field"].as_str()),
            (400, Some(field)),
            "{path}: {said}"
        );
    }
    for path in ["none", "members/x", "channels/a", "/api/v1", "/api/v1/"] {
        assert_eq!(ask(&hub, "GET", path, &Value::Null).0, 404, "{path}");
    }
    assert_eq!(
        ask(&hub, "GET", "members?namespace=/none", &Value::Null).0,
        404
    );
}
