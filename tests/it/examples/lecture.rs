//! `examples/lecture.rs`, event by event, and its page.

use serde_json::{Value, json};

use super::{KINDS, enter};
use crate::clients::{Kind, Robot};
use crate::support::{Application, Hub, http};

/// Three clients in `/lecture`, over both transports, who have heard of each other.
fn with_three(converse: impl Fn(&Hub, [Robot; 3])) {
    for kinds in KINDS {
        let hub = Hub::example("lecture", &[]);
        let mut robots = kinds.map(|kind| enter(&hub, kind, "/lecture"));
        for (others, robot) in (0..3).rev().zip(&mut robots) {
            for _ in 0..others {
                assert_eq!(robot.event("user connected"), [] as [Value; 0]);
            }
        }
        converse(&hub, robots);
    }
}

/// What has come to a client of all that `from` said before: order is kept from one to another.
fn heard_from(from: &mut Robot, robot: &mut Robot) -> Vec<(String, Vec<Value>)> {
    from.ask("say to someone", &[json!(robot.id()), json!("the last")]);
    assert_eq!(robot.event("my message"), [json!("the last")]);
    robot.arrived()
}

#[test]
fn everybody_else_hears_that_a_client_has_connected_and_it_does_not_itself() {
    with_three(|hub, [mut ama, mut kofi, _]| {
        let mut esi = enter(hub, Kind::JsWebSocket, "/lecture");
        assert_eq!(ama.event("user connected"), [] as [Value; 0]);
        assert_eq!(kofi.event("user connected"), [] as [Value; 0]);
        assert_eq!(heard_from(&mut ama, &mut esi), []);
    });
}

#[test]
fn a_message_comes_back_to_its_sender_alone_with_all_its_arguments() {
    with_three(|_, [mut ama, mut kofi, _]| {
        let all: [&[Value]; 3] = [
            &[],
            &[json!("one")],
            &[
                json!(1),
                json!({"a": [null, {"$bytes": "00ff"}]}),
                json!(["x"]),
            ],
        ];
        for arguments in all {
            ama.emit("message", arguments);
            assert_eq!(ama.event("message"), arguments);
        }
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
    });
}

#[test]
fn a_room_keeps_the_type_of_its_name_and_all_in_it_hear_who_joins() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        for room in [json!(3946), json!("some room")] {
            let [first, second] = [json!("ama"), json!(1494)].map(|user| [room.clone(), user]);
            ama.ask("create or join", &first);
            assert_eq!(ama.event("joined"), first);
            kofi.ask("create or join", &second);
            assert_eq!(ama.event("joined"), second);
            assert_eq!(kofi.event("joined"), second);
        }
        assert_eq!(heard_from(&mut kofi, &mut yaa), []);
    });
}

#[test]
fn chat_reaches_the_room_with_its_sender_under_both_names_and_nobody_outside() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        let room = json!(3946);
        for (robot, user) in [(&mut ama, "ama"), (&mut kofi, "kofi")] {
            robot.ask("create or join", &[room.clone(), json!(user)]);
        }
        let said = [room.clone(), json!("ama"), json!("hello!")];
        ama.ask("chat", &said);
        for robot in [&mut ama, &mut kofi] {
            assert_eq!(robot.event("chat"), said);
            assert_eq!(robot.event("chat message"), said[1..]);
        }
        // A room may be spoken to from outside.
        yaa.ask("chat", &[room, json!("yaa"), json!("hello?")]);
        assert_eq!(ama.event("chat")[2], "hello?");
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

#[test]
fn who_is_joining_is_announced_to_the_others_of_the_room_alone() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        ama.ask("joining", &[json!("ama"), json!(3946)]);
        kofi.ask("joining", &[json!("kofi"), json!(3946)]);
        let announced = [json!("kofi has joined this room"), json!("")];
        assert_eq!(ama.event("updatechat"), announced);
        assert_eq!(heard_from(&mut kofi, &mut ama), []);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
        assert_eq!(heard_from(&mut kofi, &mut yaa), []);
    });
}

#[test]
fn a_line_goes_to_the_room_under_the_name_that_its_sender_joined_with_and_nowhere_before_that() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        for (robot, user) in [(&mut ama, "ama"), (&mut kofi, "kofi")] {
            robot.ask("joining", &[json!(user), json!("den")]);
        }
        ama.event("updatechat");
        ama.ask("sendchat", &[json!("hello!")]);
        for robot in [&mut ama, &mut kofi] {
            assert_eq!(robot.event("updatechat"), [json!("ama"), json!("hello!")]);
        }
        let refused = yaa.ask("sendchat", &[json!("hello?")]);
        assert_eq!(refused["code"], "missing_room", "{refused}");
        assert_eq!(heard_from(&mut yaa, &mut ama), []);
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
    });
}

#[test]
fn what_is_said_to_someone_reaches_that_client_alone() {
    with_three(|_, [mut ama, mut kofi, mut yaa]| {
        // A room of that name changes nothing.
        let id = json!(kofi.id());
        yaa.ask("create or join", &[id.clone(), json!("yaa")]);
        yaa.event("joined");
        ama.ask("say to someone", &[id, json!({"for": "kofi"})]);
        assert_eq!(kofi.event("my message"), [json!({"for": "kofi"})]);
        assert_eq!(heard_from(&mut ama, &mut yaa), []);
        assert_eq!(ama.arrived(), []);
    });
}

#[test]
fn the_ferret_is_answered_in_its_ack() {
    with_three(|_, [mut ama, ..]| {
        assert_eq!(ama.ask("ferret", &[json!("tobi")]), "woot");
        assert_eq!(ama.arrived(), []);
    });
}

#[test]
fn a_client_that_was_gone_is_in_no_room_any_more() {
    with_three(|_, [mut ama, mut kofi, _]| {
        for (robot, user) in [(&mut ama, "ama"), (&mut kofi, "kofi")] {
            robot.ask("joining", &[json!(user), json!("den")]);
        }
        kofi.tell("spoil", &[]);
        kofi.event("$disconnect");
        kofi.event("$connect");
        kofi.arrived();
        ama.ask("sendchat", &[json!("are you there?")]);
        assert_eq!(heard_from(&mut ama, &mut kofi), []);
        let refused = kofi.ask("sendchat", &[json!("where am I?")]);
        assert_eq!(refused["code"], "missing_room", "{refused}");
    });
}

#[test]
fn one_connection_is_in_two_namespaces_and_their_rooms_of_one_name_are_two() {
    for kinds in KINDS {
        let hub = Hub::example("lecture", &[]);
        let [mut ama, mut kofi, _] = kinds.map(|kind| enter(&hub, kind, "/chat"));
        let [ama_in_news, _] = [&mut ama, &mut kofi].map(|robot| {
            robot.tell("enter", &[json!("/news")]);
            robot.event("/news $connect").remove(0)
        });
        let news = |event: &str, arguments: &[Value]| {
            [&[json!("/news"), json!(event)], arguments].concat()
        };
        let room = json!("den");
        ama.ask("create or join", &[room.clone(), json!("ama")]);
        let joining = news("create or join", &[room.clone(), json!("kofi")]);
        kofi.tell("askIn", &joining);
        let [here, there] = ["here", "there"].map(|text| [room.clone(), json!("x"), json!(text)]);
        ama.ask("chat", &here);
        kofi.tell("askIn", &news("chat", &there));
        assert_eq!(ama.event("chat"), here);
        assert_eq!(kofi.event("/news chat"), there);
        // What each says to the other behind that, in the namespace that it spoke in.
        ama.ask("say to someone", &[json!(kofi.id()), json!("the last")]);
        kofi.event("my message");
        let last = news("say to someone", &[ama_in_news, json!("the last")]);
        kofi.tell("askIn", &last);
        ama.event("/news my message");
        for (robot, prefix) in [(&mut ama, "/news "), (&mut kofi, "")] {
            let others = ["joined", "chat", "chat message"].map(|event| format!("{prefix}{event}"));
            let arrived = robot.arrived();
            assert!(
                !arrived.iter().any(|(event, _)| others.contains(event)),
                "{arrived:?}"
            );
        }
    }
}

#[test]
fn two_windows_of_the_page_chat_and_it_asks_nobody_else() {
    let hub = Hub::example("lecture", &[]);
    let page = http::get(&hub, "/");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("src="), "a file of somebody else's");
    let mut browser = Application::node("lecture.js", &[&hub.url()]);
    browser.end();
}
