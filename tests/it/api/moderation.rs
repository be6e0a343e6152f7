//! What whoever moderates does: it takes hold at once, holds against who comes back, and ends when it shall.

use serde_json::{Value, json};

use super::{ask, get, hub, is_put_out, joins, logged_in, member_of, post, publish};
use crate::support::chat_hub::{HubClient, HubTransport};
use crate::support::{Client, Hub, Polling, WebSocket, http};

const OPENING: &str = "/socket.io/?EIO=4&transport=polling";

/// What the answer to a CONNECT with this says.
fn connects(hub: &Hub, account: &str) -> String {
    let session = Polling::open(hub, "/socket.io/");
    let connect = format!("40{}", json!({"name": account}));
    assert_eq!(http::post(hub, &session.target(), &connect).status, 200);
    session.get().text()
}

/// Fails if somebody who is banned stays, comes back, or does not hear why; or if others go with it.
#[test]
fn a_ban_of_an_account_closes_its_sockets_and_holds_until_it_is_lifted() {
    let hub = hub();
    let (mut first, second) = (logged_in(&hub, "ama"), logged_in(&hub, "ama"));
    let mut other = member_of(&hub, "lobby");
    joins(&mut first, "lobby");
    let banned = post(
        &hub,
        "ban",
        &json!({"account": "ama", "for": "1h", "reason": "spam"}),
    );
    assert_eq!(banned["disconnected"], 2, "{banned}");
    assert_eq!(
        (&banned["ban"]["account"], &banned["ban"]["reason"]),
        (&json!("ama"), &json!("spam"))
    );
    is_put_out(first);
    is_put_out(second);
    other.event("leave-channel");
    let refused = connects(&hub, "ama");
    assert!(refused.starts_with("44"), "{refused}");
    let refused: Value = serde_json::from_str(&refused[2..]).unwrap();
    assert_eq!(
        refused,
        json!({"message": "banned: spam", "data": {"code": "banned"}})
    );
    assert!(connects(&hub, "kofi").starts_with("40"));
    let listed = get(&hub, "bans");
    assert_eq!(listed["bans"][0]["account"], "ama", "{listed}");
    assert_eq!(get(&hub, "node")["bans"], 1);
    let lift = |path| ask(&hub, "DELETE", path, &Value::Null).1["lifted"].clone();
    assert_eq!(
        [lift("ban?account=ama"), lift("ban?account=ama")],
        [true, false]
    );
    assert!(connects(&hub, "ama").starts_with("40"));
    assert_eq!(get(&hub, "bans")["bans"], json!([]));
}

/// Fails if a banned address opens anything, over whichever protocol, or hears no code.
#[test]
fn a_banned_address_opens_nothing_over_any_protocol() {
    let hub = hub();
    let there = Client::connect(&hub);
    let banned = post(&hub, "ban", &json!({"address": "::ffff:127.0.0.1"}));
    assert_eq!(
        (&banned["ban"]["address"], &banned["disconnected"]),
        (&json!("127.0.0.1"), &json!(1))
    );
    assert_eq!(banned["ban"]["until"], Value::Null);
    is_put_out(there);
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (method, target, headers) in [
        ("GET", OPENING, &[][..]),
        ("GET", "/socket.io/?EIO=4&transport=websocket", &upgrade),
        ("GET", "/ws", &upgrade),
        ("GET", "/events?channel=lobby", &[]),
        ("POST", "/chatHub/negotiate?negotiateVersion=1", &[]),
    ] {
        let answer = http::request(&hub, method, target, headers, b"");
        assert_eq!(answer.status, 403, "{target}");
        assert!(
            answer.text().contains(r#""code":"banned""#),
            "{target}: {}",
            answer.text()
        );
    }
    // Whoever moderates is not a client.
    assert_eq!(
        ask(&hub, "DELETE", "ban?address=127.0.0.1", &Value::Null).1["lifted"],
        true
    );
    drop(Client::connect(&hub));
}

/// Fails if a client by its id is not known again when it comes back under another.
#[test]
fn a_ban_of_a_member_is_one_of_its_account() {
    let hub = hub();
    let mut ama = logged_in(&hub, "ama");
    let id = joins(&mut ama, "lobby");
    let banned = post(&hub, "ban", &json!({"member": id, "for": "7days"}));
    assert_eq!(
        (&banned["ban"]["account"], &banned["disconnected"]),
        (&json!("ama"), &json!(1))
    );
    assert!(connects(&hub, "ama").starts_with("44"));
    let (status, said) = ask(&hub, "POST", "ban", &json!({"member": "nobody"}));
    assert_eq!((status, &said["error"]["field"]), (404, &json!("member")));
}

/// Fails if a ban outlasts its time.
#[test]
fn a_ban_ends_by_itself() {
    let hub = hub();
    post(&hub, "ban", &json!({"account": "ama", "for": "1s"}));
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while get(&hub, "bans?count=true")["count"] != 0 {
        assert!(std::time::Instant::now() < deadline, "the ban stays");
        std::thread::yield_now();
    }
    assert!(connects(&hub, "ama").starts_with("40"));
    assert_eq!(
        ask(&hub, "DELETE", "ban?account=ama", &Value::Null).1["lifted"],
        false
    );
}

/// A join or a leave with words in every field.
fn psst() -> Value {
    let source = json!({"platform": "psst", "appName": "psst", "appVersion": "psst", "clientId": "psst",
        "userName": "psst", "channel": "psst", "room": "psst", "more": "psst"});
    let data = json!({"message": "psst", "more": "psst", "roomChannel": "lobby"});
    json!({"data": data, "source": source, "time": "psst", "clientId": "psst", "more": "psst"})
}

/// Fails if a guest speaks by the name that it gives itself.
#[test]
fn a_guest_who_is_muted_has_no_name_to_tell() {
    let hub = hub();
    let (mut guest, mut kofi) = (Client::connect(&hub), logged_in(&hub, "kofi"));
    let id = joins(&mut guest, "lobby");
    joins(&mut kofi, "lobby");
    post(&hub, "mute", &json!({"member": id}));
    for event in ["leave-channel", "join-channel"] {
        assert_eq!(guest.ask(event, &[psst()])["ok"], true);
        let told = kofi.event(event);
        assert!(!told[0].to_string().contains("psst"), "{told:?}");
    }
}

/// Fails if somebody who is muted is heard, cannot listen any more, or others are not heard.
#[test]
fn who_is_muted_says_nothing_and_hears_all() {
    let hub = hub();
    let (mut ama, mut kofi) = (logged_in(&hub, "ama"), logged_in(&hub, "kofi"));
    joins(&mut ama, "lobby");
    let id = joins(&mut kofi, "lobby");
    let letter = || json!({"data": {"message": "hi", "roomChannel": "lobby", "roomId": "den"}});
    assert_eq!(ama.ask("join-room", &[letter()])["ok"], true);
    for (whom, path) in [
        (
            json!({"account": "ama", "reason": "too loud"}),
            "mute?account=ama",
        ),
        (json!({"address": "127.0.0.1"}), "mute?address=127.0.0.1"),
    ] {
        post(&hub, "mute", &whom);
        for event in ["lobby", "notify-room"] {
            let said = ama.ask(event, &[letter()]);
            assert_eq!(
                (&said["ok"], &said["code"]),
                (&json!(false), &json!("muted")),
                "{said}"
            );
        }
        let psst = psst();
        for event in ["leave-channel", "join-channel"] {
            kofi.drain();
            assert_eq!(ama.ask(event, std::slice::from_ref(&psst))["ok"], true);
            let told = kofi.event(event);
            assert!(!told[0].to_string().contains("psst"), "{told:?}");
        }
        assert_eq!(ama.ask("join-channel", &[json!("other")])["ok"], true);
        publish(
            &hub,
            &json!({"to": {"channel": "lobby"}, "message": "still there?"}),
        );
        assert_eq!(ama.event("lobby")[0]["clientId"], "server");
        assert_eq!(kofi.event("lobby")[0]["clientId"], "server");
        assert_eq!(ask(&hub, "DELETE", path, &Value::Null).1["lifted"], true);
        assert_eq!(ama.ask("lobby", &[letter()])["ok"], true);
        ama.event("lobby");
        kofi.event("lobby");
    }
    post(&hub, "mute", &json!({"member": id, "for": "1h"}));
    assert_eq!(kofi.ask("lobby", &[letter()])["code"], "muted");
    assert_eq!(ama.ask("lobby", &[letter()])["ok"], true);
    assert_eq!(get(&hub, "mutes")["mutes"][0]["member"], json!(id));
    assert_eq!(get(&hub, "mutes?count=true")["count"], 1);
}

/// Fails if SignalR's clients can speak where others cannot.
#[test]
fn who_is_muted_says_nothing_over_signalr_either() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let mut speaker = HubClient::connect(&hub, HubTransport::WebSocket, http::connect(&hub));
    assert!(speaker.call("JoinRoom", &["lobby"]).is_ok());
    post(&hub, "mute", &json!({"address": "127.0.0.1"}));
    let refused = speaker
        .call("SendMessage", &["lobby", "Yaa", "hello"])
        .unwrap_err();
    assert!(refused.contains("muted"), "{refused}");
    member.no_event("lobby");
}

/// Fails if a client that is kicked keeps its seat, or loses others; or nobody hears of it.
#[test]
fn a_kick_takes_a_seat_in_a_channel_or_a_room_and_no_other() {
    let hub = hub();
    let mut member = member_of(&hub, "lobby");
    let mut other = member_of(&hub, "lobby");
    let id = joins(&mut member, "other");
    let room = |channel: Option<&str>| json!({"data": {"roomId": "den", "roomChannel": channel}});
    for channel in [Some("a"), Some("b"), None] {
        assert_eq!(member.ask("join-room", &[room(channel)])["ok"], true);
    }
    let kick = |whom: Value| post(&hub, "kick", &whom)["kicked"].clone();
    assert_eq!(
        kick(json!({"member": id, "channel": "lobby", "reason": "enough"})),
        true
    );
    assert_eq!(kick(json!({"member": id, "channel": "lobby"})), false);
    let told = member.event("kick-room");
    assert_eq!(
        (&told[0]["data"]["roomChannel"], &told[0]["data"]["message"]),
        (&json!("lobby"), &json!("enough"))
    );
    assert_eq!(other.event("leave-channel")[0]["data"]["reason"], "kick");
    let count = |path: &str| get(&hub, &format!("{path}/members?count=true"))["count"].clone();
    assert_eq!([count("channels/lobby"), count("channels/other")], [1, 1]);
    assert_eq!(
        kick(json!({"member": id, "room": "den", "channel": "a"})),
        true
    );
    assert_eq!(count("rooms/den"), 1, "its other seats stand");
    assert_eq!(kick(json!({"member": id, "room": "den"})), true);
    assert_eq!(count("rooms/den"), 0);
    assert_eq!(kick(json!({"member": id, "room": "none"})), false);
    // It may come again: a ban is what keeps it out.
    joins(&mut member, "lobby");
}

/// Fails if a locked room lets somebody in, or an open one does not.
#[test]
fn a_locked_room_lets_nobody_in_until_it_is_opened() {
    let hub = hub();
    let (mut owner, mut guest) = (Client::connect(&hub), Client::connect(&hub));
    let den = || json!({"data": {"roomId": "den"}});
    let lock = |locked: bool| {
        ask(
            &hub,
            "POST",
            "lock",
            &json!({"room": "den", "locked": locked}),
        )
    };
    assert_eq!(
        (lock(true).0, &lock(true).1["error"]["field"]),
        (404, &json!("room"))
    );
    assert_eq!(owner.ask("join-room", &[den()])["ok"], true);
    assert_eq!(lock(true), (200, json!({"ok": true, "locked": true})));
    assert_eq!(owner.event("lock-room")[0]["clientId"], "server");
    assert_eq!(guest.ask("join-room", &[den()])["code"], "forbidden");
    assert_eq!(lock(false).0, 200);
    assert_eq!(guest.ask("join-room", &[den()])["ok"], true);
}

/// Fails if somebody who is put out stays, or cannot come again.
#[test]
fn who_is_put_out_may_come_again() {
    let hub = hub();
    let ama = logged_in(&hub, "ama");
    let mut guest = Client::connect(&hub);
    let id = joins(&mut guest, "lobby");
    assert_eq!(
        post(&hub, "disconnect", &json!({"account": "ama"}))["disconnected"],
        1
    );
    is_put_out(ama);
    assert_eq!(
        post(&hub, "disconnect", &json!({"member": id}))["disconnected"],
        1
    );
    is_put_out(guest);
    assert_eq!(
        post(&hub, "disconnect", &json!({"member": id}))["disconnected"],
        0
    );
    let _again = [logged_in(&hub, "ama"), Client::connect(&hub)];
    assert_eq!(
        post(&hub, "disconnect", &json!({"address": "127.0.0.1"}))["disconnected"],
        2
    );
    drop(WebSocket::open(&hub, "/ws"));
}

/// Fails if a request that cannot be meant so is taken.
#[test]
fn what_cannot_be_meant_is_refused_by_its_field() {
    let hub = hub();
    for (path, body, field) in [
        ("ban", json!({}), "account"),
        (
            "ban",
            json!({"account": "a", "address": "10.0.0.1"}),
            "account",
        ),
        ("ban", json!({"account": ""}), "account"),
        ("ban", json!({"address": "10.0.0"}), "address"),
        ("ban", json!({"account": "a", "for": "0s"}), "for"),
        ("ban", json!({"account": "a", "for": "soon"}), "for"),
        ("ban", json!({"account": "a", "for": "99999days"}), "for"),
        ("ban", json!({"account": "a", "for": 60}), "for"),
        (
            "ban",
            json!({"account": "a", "reason": "x".repeat(257)}),
            "reason",
        ),
        ("ban", json!({"acount": "a"}), "acount"),
        ("mute", json!({"account": null}), "account"),
        ("kick", json!({"member": "x"}), "channel"),
        ("kick", json!({"channel": "x"}), "member"),
        ("lock", json!({"room": "x"}), "locked"),
        ("lock", json!({"channel": "x", "locked": true}), "room"),
        ("disconnect", json!({"everyone": true}), "everyone"),
    ] {
        let (status, said) = ask(&hub, "POST", path, &body);
        assert_eq!(
            (status, said["error"]["field"].as_str()),
            (400, Some(field)),
            "{path} {body}: {said}"
        );
    }
    for path in [
        "ban",
        "ban?account=a&address=10.0.0.1",
        "ban?address=x",
        "ban?member=x",
    ] {
        assert_eq!(ask(&hub, "DELETE", path, &Value::Null).0, 400, "{path}");
    }
}
