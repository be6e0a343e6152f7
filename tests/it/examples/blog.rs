//! `examples/blog.rs`, event by event. Over 400 lines: a test for each row of one table.

use std::collections::BTreeSet;
use std::time::Instant;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{KINDS, enter, enter_with};
use crate::clients::{Kind, Robot};
use crate::support::{Hub, PATIENCE};

const SECRET: &str = "not to be guessed";
const GREETING: &str = "Hello from the server!";

fn start() -> Hub {
    Hub::example("blog", &[("BLOG_TOKEN_SECRET", SECRET)])
}

/// Three clients in `/blog`, over both transports.
fn with_three(converse: impl Fn(&Hub, [Robot; 3])) {
    for kinds in KINDS {
        let hub = start();
        let robots = kinds.map(|kind| guest(&hub, kind));
        converse(&hub, robots);
    }
}

/// A client that has been greeted and given the nicknames.
fn greeted(mut robot: Robot) -> (Robot, Value) {
    let id = robot.id();
    assert_eq!(robot.event("greetings"), [json!(GREETING), json!(id)]);
    let nicknames = robot.letter("nicknames");
    (robot, nicknames)
}

fn guest(hub: &Hub, kind: Kind) -> Robot {
    greeted(enter(hub, kind, "/blog")).0
}

/// A client that shows a token as it connects.
fn member(hub: &Hub, kind: Kind, account: &str) -> Robot {
    let auth = json!({"token": token(account)});
    greeted(enter_with(hub, kind, "/blog", auth)).0
}

fn token(account: &str) -> String {
    signed(Algorithm::HS256, SECRET, account, 4_000_000_000)
}

fn signed(algorithm: Algorithm, secret: &str, account: &str, until: u64) -> String {
    let claims = json!({"sub": account, "exp": until});
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), &claims, &key).unwrap()
}

/// What has come to a client of all that `from` said before: order is kept from one to another.
fn heard_from(from: &mut Robot, robot: &mut Robot) -> Vec<(String, Vec<Value>)> {
    let last = json!({"msg": "the last", "to": robot.id()});
    from.ask("sendMsgTo", &[last]);
    while robot.letter("privateMsg")["msg"] != "the last" {}
    let mut heard = robot.arrived();
    heard.retain(|(event, _)| event != "tick");
    heard
}

#[test]
fn a_newcomer_is_greeted_with_its_own_id() {
    with_three(|_, [mut ama, mut kofi, _]| {
        assert_ne!(ama.id(), kofi.id());
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
    });
}

#[test]
fn a_nickname_is_told_to_the_others_and_to_newcomers_until_its_client_is_gone() {
    with_three(|hub, [mut ama, mut kofi, mut yaa]| {
        let id = ama.id();
        ama.ask("setNickname", &[json!("Ama")]);
        for robot in [&mut kofi, &mut yaa] {
            assert_eq!(robot.event("nickname"), [json!(id), json!("Ama")]);
        }
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
        let (_esi, nicknames) = greeted(enter(hub, kofi.kind, "/blog"));
        assert_eq!(nicknames, json!({ id: "Ama" }));
        ama.tell("end", &[]);
        let deadline = Instant::now() + PATIENCE;
        while greeted(enter(hub, kofi.kind, "/blog")).1 != json!({}) {
            assert!(Instant::now() < deadline, "the nickname stays");
        }
    });
}

#[test]
fn a_message_to_the_server_is_taken_and_told_to_nobody() {
    with_three(|_, [mut ama, mut kofi, _]| {
        assert_eq!(ama.ask("message", &[json!("hello")]), Value::Null);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
    });
}

#[test]
fn what_is_told_to_everyone_reaches_its_sender_too() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let said = [json!({"any": "thing"}), json!(ama.id())];
        ama.ask("tellEveryone", &said[..1]);
        for robot in [&mut ama, &mut kofi, &mut yaa] {
            assert_eq!(robot.event("heyEveryone"), said);
        }
    });
}

#[test]
fn rooms_are_told_once_each_without_the_sender_who_may_be_outside() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        ama.ask("enterRoom", &[json!("a")]);
        kofi.ask("enterRoom", &[json!("a")]);
        kofi.ask("enterRoom", &[json!(7)]);
        let id = json!(ama.id());
        ama.ask("tellRoom", &[json!("in a"), json!("a")]);
        assert_eq!(kofi.event("heyThere"), [json!("in a"), id.clone()]);
        ama.ask(
            "tellRooms",
            &[json!("in both"), json!("a"), json!(7), json!("nowhere")],
        );
        assert_eq!(kofi.event("heyThere"), [json!("in both"), id]);
        let none = ama.ask("tellRooms", &[json!("to nobody")]);
        assert_eq!(none["code"], "missing_room", "{none}");
        for robot in [&mut kofi, &mut yaa] {
            assert_eq!(heard_from(&mut ama, robot), []);
        }
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
        yaa.ask("tellRoom", &[json!("from outside"), json!("a")]);
        for robot in [&mut ama, &mut kofi] {
            let said = [json!("from outside"), json!(yaa.id())];
            assert_eq!(robot.event("heyThere"), said);
        }
    });
}

#[test]
fn a_broadcast_reaches_the_others_of_the_namespace_or_of_the_room_alone() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let id = json!(ama.id());
        kofi.ask("enterRoom", &[json!("a")]);
        ama.ask("enterRoom", &[json!("a")]);
        ama.ask("broadcastMsg", &[json!("to all")]);
        ama.ask("broadcastMsg", &[json!("to a"), json!("a")]);
        for text in ["to all", "to a"] {
            assert_eq!(kofi.event("broadcastFrom"), [json!(text), id.clone()]);
        }
        assert_eq!(yaa.event("broadcastFrom"), [json!("to all"), id]);
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
    });
}

#[test]
fn what_is_sent_to_a_client_reaches_it_alone_even_where_a_room_has_its_id_for_a_name() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let (from, to) = (json!(ama.id()), json!(kofi.id()));
        yaa.ask("enterRoom", std::slice::from_ref(&to));
        ama.ask("sendToUser", &[json!("one"), to.clone()]);
        ama.ask("sendMsg", &[json!("two"), to.clone(), Value::Null]);
        ama.ask("sendMsgTo", &[json!({"msg": "three", "to": to})]);
        assert_eq!(kofi.event("messageFromUser"), [json!("one"), from.clone()]);
        assert_eq!(kofi.event("receiveMsg"), [json!("two"), from.clone()]);
        assert_eq!(
            kofi.letter("privateMsg"),
            json!({"msg": "three", "from": from})
        );
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

/// A sender would believe that somebody had it.
#[test]
fn who_writes_to_a_client_that_is_gone_is_told() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let gone = json!(kofi.id());
        kofi.tell("end", &[]);
        kofi.event("$disconnect");
        while ama.ask("connectedIds", &[]).as_array().unwrap().len() > 2 {}
        let sent = ama.ask("sendToUser", &[json!("hello?"), gone]);
        assert_eq!(sent["code"], "unknown_client", "{sent}");
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

#[test]
fn the_ids_of_who_is_connected_are_those_of_the_namespace_or_of_the_room() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let ids = |robot: &mut Robot, room: &[Value]| -> BTreeSet<String> {
            serde_json::from_value(robot.ask("connectedIds", room)).unwrap()
        };
        let [a, k, y] = [&mut ama, &mut kofi, &mut yaa].map(|robot| robot.id());
        kofi.ask("enterRoom", &[json!("a")]);
        let all = BTreeSet::from([a, k.clone(), y]);
        assert_eq!(ids(&mut ama, &[]), all);
        assert_eq!(ids(&mut ama, &[json!("a")]), BTreeSet::from([k]));
        assert_eq!(ids(&mut ama, &[json!("nowhere")]), BTreeSet::new());
    });
}

#[test]
fn what_is_told_to_another_namespace_is_heard_there_alone() {
    with_three(|hub, [mut ama, mut kofi, _]| {
        let mut there = Robot::start_in(hub, Kind::JsWebSocket, "/other", json!({}));
        there.tell("connect", &[]);
        there.event("$connect");
        let told = ama.ask("tellNamespace", &[json!("hello"), json!("/other")]);
        assert_eq!(told, Value::Null);
        let said = [json!("hello"), json!(ama.id())];
        assert_eq!(there.event("heyEveryone"), said);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
        let nowhere = ama.ask("tellNamespace", &[json!("hello"), json!("/nowhere")]);
        assert_eq!(nowhere["code"], "unknown_namespace", "{nowhere}");
    });
}

#[test]
fn a_message_without_a_client_goes_to_its_room_which_is_named_as_it_was_sent() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        kofi.ask("enterRoom", &[json!(3946)]);
        let to_room = [json!("hello"), Value::Null, json!(3946)];
        ama.ask("sendMsg", &to_room);
        let heard = [json!("hello"), json!(ama.id()), json!(3946)];
        assert_eq!(kofi.event("receiveMsgFromRoom"), heard);
        let nobody = ama.ask("sendMsg", &[json!("hello")]);
        assert_eq!(nobody["code"], "missing_room", "{nobody}");
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

#[test]
fn who_has_left_a_room_hears_nothing_of_it_any_more() {
    with_three(|_, [mut ama, mut kofi, _]| {
        kofi.ask("enterRoom", &[json!("a")]);
        ama.ask("tellRoom", &[json!("before"), json!("a")]);
        assert_eq!(kofi.event("heyThere")[0], "before");
        kofi.ask("leaveRoom", &[json!("a")]);
        ama.ask("tellRoom", &[json!("behind"), json!("a")]);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
    });
}

/// A third client in a room for two, or a place that is not free again after a leave and after a lost connection.
#[test]
fn a_room_for_two_refuses_the_third_until_one_of_them_goes() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let two = [json!("pair"), json!({"capacity": 2})];
        let five = [json!("pair"), json!({"capacity": 5})];
        assert_eq!(ama.ask("enterRoom", &two), Value::Null);
        assert_eq!(kofi.ask("enterRoom", &[json!("pair")]), Value::Null);
        let full = yaa.ask("enterRoom", &five);
        assert_eq!(full["code"], "room_full", "{full}");
        ama.ask("leaveRoom", &[json!("pair")]);
        assert_eq!(yaa.ask("enterRoom", &two), Value::Null);
        assert_eq!(ama.ask("enterRoom", &two)["code"], "room_full");
        kofi.tell("end", &[]);
        kofi.event("$disconnect");
        while ama
            .ask("connectedIds", &[json!("pair")])
            .as_array()
            .unwrap()
            .len()
            > 1
        {}
        assert_eq!(ama.ask("enterRoom", &two), Value::Null);
    });
}

/// Other rooms' messages, another order, or more than was asked for or than is kept.
#[test]
fn who_comes_later_is_told_the_last_that_was_said_to_a_room() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        for n in 0..101 {
            ama.ask("tellRoom", &[json!(n), json!("a")]);
        }
        kofi.ask("tellRooms", &[json!("both"), json!("a"), json!(7)]);
        kofi.ask("broadcastMsg", &[json!("seven"), json!(7)]);
        kofi.ask("sendMsg", &[json!("eight"), Value::Null, json!(7)]);
        let mut last = |room: Value, n: usize| yaa.ask("history", &[room, json!(n)]);
        assert_eq!(last(json!("a"), 2), json!([100, "both"]));
        assert_eq!(last(json!(7), 9), json!(["both", "seven", "eight"]));
        assert_eq!(last(json!("nowhere"), 9), json!([]));
        let all = last(json!("a"), 1000);
        assert_eq!((all.as_array().unwrap().len(), &all[0]), (100, &json!(2)));
    });
}

#[test]
fn a_token_logs_in_by_event_and_as_the_client_connects_and_guests_may_stay() {
    with_three(|hub, [mut ama, mut kofi, _]| {
        let guest = ama.ask("post", &[json!("who am I?")]);
        assert_eq!(guest["code"], "unauthorized", "{guest}");
        let answer = ama.ask("auth", &[json!(token("ama"))]);
        assert_eq!(answer, json!({"ok": true, "account": "ama"}));
        assert_eq!(ama.ask("post", &[json!("I am ama")]), Value::Null);
        let mut esi = member(hub, kofi.kind, "esi");
        assert_eq!(esi.ask("post", &[json!("I am esi")]), Value::Null);
        let guest = kofi.ask("post", &[json!("who am I?")]);
        assert_eq!(guest["code"], "unauthorized", "{guest}");
    });
}

#[test]
fn tokens_that_are_foreign_old_unsigned_or_broken_log_nobody_in() {
    with_three(|hub, [mut ama, ..]| {
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbWEiLCJleHAiOjQwMDAwMDAwMDB9.";
        for bad in [
            signed(Algorithm::HS256, "another secret", "ama", 4_000_000_000),
            signed(Algorithm::HS256, SECRET, "ama", 1_000_000_000),
            signed(Algorithm::HS512, SECRET, "ama", 4_000_000_000),
            unsigned.to_owned(),
            "no token".to_owned(),
            String::new(),
        ] {
            let refused = ama.ask("auth", &[json!(bad)]);
            assert_eq!(refused["code"], "unauthorized", "{bad}: {refused}");
            let auth = json!({"token": bad});
            let mut robot = Robot::start_in(hub, ama.kind, "/blog", auth);
            robot.tell("connect", &[]);
            let refused = robot.event("$connect_error");
            assert_eq!(refused[1], json!({"code": "unauthorized"}), "{bad}");
        }
        let still_a_guest = ama.ask("post", &[json!("who am I?")]);
        assert_eq!(still_a_guest["code"], "unauthorized");
    });
}

#[test]
fn an_account_is_reached_at_all_its_sockets_and_nobody_else_is() {
    with_three(|hub, [mut ama, mut kofi, mut yaa]| {
        kofi.ask("auth", &[json!(token("kofi"))]);
        let mut phone = member(hub, yaa.kind, "kofi");
        let from = ama.id();
        ama.ask("sendToAccount", &[json!("hello"), json!("kofi")]);
        for robot in [&mut kofi, &mut phone] {
            assert_eq!(
                robot.letter("privateMsg"),
                json!({"msg": "hello", "from": from})
            );
        }
        phone.ask("sendToAccount", &[json!("from my phone"), json!("kofi")]);
        for robot in [&mut kofi, &mut phone] {
            let heard = json!({"msg": "from my phone", "from": "kofi"});
            assert_eq!(robot.letter("privateMsg"), heard);
        }
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

#[test]
fn what_an_account_missed_comes_once_and_in_order_when_it_comes() {
    with_three(|hub, [mut ama, mut kofi, _]| {
        ama.ask("auth", &[json!(token("ama"))]);
        for text in ["one", "two"] {
            ama.ask("sendToAccount", &[json!(text), json!("kofi")]);
        }
        kofi.ask("auth", &[json!(token("kofi"))]);
        let missed = ["one", "two"].map(|msg| json!({"msg": msg, "from": "ama"}));
        assert_eq!(kofi.letter("offlineMessages"), json!(missed));
        let mut phone = member(hub, ama.kind, "kofi");
        assert_eq!(heard_from(&mut ama, &mut phone), []);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
        // Once none of its sockets is there, they wait again: so a token shown in the handshake gets them, too.
        for robot in [&mut kofi, &mut phone] {
            robot.ask("auth", &[json!(token("somebody else"))]);
        }
        ama.ask("sendToAccount", &[json!("three"), json!("kofi")]);
        let mut back = member(hub, ama.kind, "kofi");
        let missed = json!([{"msg": "three", "from": "ama"}]);
        assert_eq!(back.letter("offlineMessages"), missed);
    });
}

#[test]
fn a_post_reaches_the_followers_of_its_account_who_are_connected() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        ama.ask("auth", &[json!(token("ama"))]);
        kofi.ask("follow", &[json!("ama")]);
        yaa.ask("follow", &[json!("somebody else")]);
        ama.ask("post", &[json!("news")]);
        assert_eq!(kofi.event("post"), [json!("news"), json!("ama")]);
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
    });
}

#[test]
fn two_who_wait_find_each_other_and_who_left_the_queue_is_never_matched() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        ama.ask("joinQueue", &[]);
        assert_eq!(ama.letter("waiting"), 1);
        // Twice is once.
        ama.ask("joinQueue", &[]);
        assert_eq!(ama.letter("waiting"), 1);
        ama.ask("leaveQueue", &[]);
        assert_eq!(ama.letter("waiting"), 0);
        kofi.ask("joinQueue", &[]);
        assert_eq!(kofi.letter("waiting"), 1);
        yaa.ask("joinQueue", &[]);
        let players = json!([kofi.id(), yaa.id()]);
        let found = kofi.event("gameFound");
        assert_eq!(found[1], players);
        assert_eq!(yaa.event("gameFound"), found);
        assert_eq!(heard_from(&mut yaa, &mut ama), []);
        // Nobody waits any more.
        ama.ask("joinQueue", &[]);
        assert_eq!(ama.letter("waiting"), 1);
    });
}

#[test]
fn who_is_gone_waits_no_more() {
    with_three(|_, [mut ama, mut kofi, _]| {
        ama.ask("joinQueue", &[]);
        ama.tell("end", &[]);
        ama.event("$disconnect");
        // Until the server has seen it, too, nobody joins the queue: its place is told to who leaves it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            kofi.ask("leaveQueue", &[]);
            if kofi.letter("waiting") == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "it waits for ever");
        }
        kofi.ask("joinQueue", &[]);
        assert_eq!(kofi.letter("waiting"), 1);
    });
}

#[test]
fn the_server_ticks_by_itself_to_everybody() {
    with_three(|_, robots| {
        for mut robot in robots {
            let first = robot.letter("tick").as_u64().unwrap();
            assert_eq!(robot.letter("tick"), first + 1);
        }
    });
}

#[test]
fn beside_the_blog_two_hubs_have_channels_of_one_name_that_are_two() {
    for kinds in KINDS {
        let hub = start();
        let mut robots = kinds.map(|kind| enter(&hub, kind, "/"));
        for robot in &mut robots {
            robot.tell("enter", &[json!("/other")]);
            robot.event("/other $connect");
        }
        let [ama, kofi, _] = &mut robots;
        let in_other = |event: &str, name: &str| [json!("/other"), json!(event), json!(name)];
        for robot in [&mut *ama, kofi] {
            robot.ask("join-channel", &[json!("lobby")]);
        }
        kofi.tell("askIn", &in_other("join-channel", "lobby"));
        let said = ama.ask("lobby", &[json!("here")]);
        assert_eq!(said["recipients"], 2, "{said}");
        assert_eq!(kofi.letter("lobby")["data"]["message"], "here");
        let said = ama.tell("askIn", &in_other("lobby", "there"));
        assert_eq!(said["recipients"], 1, "{said}");
        assert_eq!(kofi.letter("/other lobby")["data"]["message"], "there");
    }
}
