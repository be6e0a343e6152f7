//! `examples/game.rs`, with stock clients: the queue, the turns, and each way in which a game ends.

use std::time::Instant;

use serde_json::{Value, json};

use super::{KINDS, enter};
use crate::clients::{Kind, Robot};
use crate::support::{Hub, PATIENCE};

/// The room of a game, with who begins and who is second.
struct Found {
    room: Value,
    first: Robot,
    second: Robot,
}

/// Two who wait are matched.
fn matched(mut one: Robot, mut other: Robot) -> Found {
    assert_eq!(one.ask("joinQueue", &[]), "waiting");
    assert_eq!(one.event("waiting"), [json!(1)]);
    assert_eq!(other.ask("joinQueue", &[]), "waiting");
    let found = one.event("gameFound");
    assert_eq!(other.event("gameFound"), found);
    let players = [one.id(), other.id()].map(|id| json!(id));
    let (room, order) = (found[0].clone(), found[1].as_array().unwrap());
    assert!(
        order.contains(&players[0]) && order.contains(&players[1]),
        "{found:?}"
    );
    match order[0] == players[0] {
        true => Found {
            room,
            first: one,
            second: other,
        },
        false => Found {
            room,
            first: other,
            second: one,
        },
    }
}

fn add(robot: &mut Robot, room: &Value, number: u32) -> Value {
    robot.ask("add", &[room.clone(), json!(number)])
}

/// The room of a game that is over takes no move any more. Its end is told a moment before the room is gone.
fn ends(robot: &mut Robot, room: &Value) {
    let deadline = Instant::now() + PATIENCE;
    while add(robot, room, 1)["code"] != "unknown_room" {
        assert!(Instant::now() < deadline, "the game goes on");
    }
}

/// Fails if a player may move twice, may add more than 3, if one of them hears another sum, or if the game goes on behind 21.
#[test]
fn two_who_wait_are_matched_and_who_reaches_21_wins() {
    for kinds in KINDS {
        let hub = Hub::example("game", &[]);
        let [one, other, mut third] = kinds.map(|kind| enter(&hub, kind, "/game"));
        let Found {
            room,
            mut first,
            mut second,
        } = matched(one, other);
        let refused = add(&mut second, &room, 1);
        assert_eq!(refused["code"], "not_your_turn", "{refused}");
        assert_eq!(add(&mut third, &room, 1)["code"], "not_your_turn");
        assert_eq!(add(&mut first, &room, 9), 3);
        assert_eq!(add(&mut first, &room, 1)["code"], "not_your_turn");
        assert_eq!(add(&mut second, &room, 0), 4);
        let ids = [first.id(), second.id()].map(|id| json!(id));
        for (turn, sum) in (7..=19).step_by(3).enumerate() {
            let robot = if turn % 2 == 0 {
                &mut first
            } else {
                &mut second
            };
            assert_eq!(add(robot, &room, 3), sum);
        }
        assert_eq!(add(&mut second, &room, 2), 21);
        for robot in [&mut first, &mut second] {
            assert_eq!(robot.event("sum"), [json!(3), ids[0].clone()]);
            for sum in [4, 7, 10, 13, 16, 19, 21] {
                assert_eq!(robot.event("sum")[0], sum);
            }
            assert_eq!(robot.event("won"), [ids[1].clone()]);
        }
        ends(&mut first, &room);
        assert!(third.arrived().is_empty());
    }
}

/// Fails if nobody is told who was too slow, if who left the queue is matched, or if a second game has the first one's room.
#[test]
fn who_thinks_too_long_loses_and_a_second_game_has_another_room() {
    let hub = Hub::example("game", &[]);
    let kinds = [Kind::JsPolling, Kind::JsWebSocket, Kind::JsWebSocket];
    let [mut one, other, mut fickle] = kinds.map(|kind| enter(&hub, kind, "/game"));
    fickle.ask("joinQueue", &[]);
    fickle.ask("leaveQueue", &[]);
    one.arrived();
    let Found {
        room,
        mut first,
        mut second,
    } = matched(one, other);
    assert_eq!(add(&mut first, &room, 2), 2);
    let slow = json!(second.id());
    for robot in [&mut first, &mut second] {
        assert_eq!(robot.event("lost")[0], slow);
        robot.arrived();
    }
    let again = matched(first, second);
    assert_ne!(again.room, room);
    let fickle = fickle.arrived();
    assert!(
        fickle.iter().all(|(event, _)| event == "waiting"),
        "{fickle:?}"
    );
}

/// Fails if who stays behind is not told, or plays on.
#[test]
fn who_goes_gives_up() {
    let hub = Hub::example("game", &[]);
    let [one, other] = [Kind::JsPolling, Kind::JsWebSocket].map(|kind| enter(&hub, kind, "/game"));
    let Found {
        room,
        mut first,
        mut second,
    } = matched(one, other);
    add(&mut first, &room, 1);
    let gone = json!(first.id());
    first.tell("spoil", &[]);
    assert_eq!(second.event("gave up"), [gone]);
    ends(&mut second, &room);
    assert_eq!(add(&mut second, &room, 1)["code"], "unknown_room");
}
