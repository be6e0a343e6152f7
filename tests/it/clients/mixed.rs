//! All stock clients in one channel and one room.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::connected;
use super::conversation::payload;
use super::robot::{Kind, Robot};
use crate::support::Hub;

const MESSAGES: usize = 20;

#[test]
fn all_clients_in_one_channel_and_room_see_everything_once_and_in_one_order() {
    let hub = Hub::start();
    let mut robots: Vec<Robot> = Kind::ALL.map(|kind| connected(&hub, kind)).into();
    for robot in &mut robots {
        let id = robot.id();
        for (event, room) in [("join-channel", None), ("join-room", Some("den"))] {
            let joined = robot.ask(event, &[payload(&id, room, &json!(""))]);
            assert_eq!(joined["ok"], true, "{:?}: {joined}", robot.kind);
        }
    }
    // All speak at the same time: commands are written ahead of their answers.
    for number in 0..MESSAGES {
        for robot in &mut robots {
            let who = format!("{:?}", robot.kind);
            for (event, room) in [("lobby", None), ("notify-room", Some("den"))] {
                let message = payload("", room, &json!([who, number]));
                robot.command("emit", &[json!(event), message]);
            }
        }
    }
    let expected = MESSAGES * robots.len();
    for event in ["lobby", "notify-room"] {
        let mut heard: Vec<Vec<Value>> = Vec::new();
        for robot in &mut robots {
            let mine = (0..expected).map(|_| robot.letter(event)["data"]["message"].take());
            heard.push(mine.collect());
        }
        let all = sorted(&heard[0]);
        for (robot, mine) in robots.iter().zip(&heard) {
            assert_eq!(sorted(mine), all, "{:?} saw something else", robot.kind);
            if robot.kind.keeps_order() {
                assert_eq!(mine, &heard[0], "{:?} saw another order", robot.kind);
            }
        }
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for said in &heard[0] {
            let (who, number) = (said[0].as_str().unwrap(), said[1].as_u64().unwrap());
            assert_eq!(number, last.insert(who, number).map_or(0, |last| last + 1));
        }
        assert_eq!(last.len(), robots.len());
    }
    for robot in &mut robots {
        let more = robot.drain();
        let twice = more
            .iter()
            .find(|(event, _)| event == "lobby" || event == "notify-room");
        assert_eq!(twice, None, "{:?}", robot.kind);
    }
}

fn sorted(said: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = said.iter().map(Value::to_string).collect();
    all.sort();
    all
}
