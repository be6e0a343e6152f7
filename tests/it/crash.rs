//! Messages and joins on which a room, a channel or a namespace panics: everybody but their sender goes on as if nothing was.

use std::time::Instant;

use dondo::{Data, Namespace, Socket};
use serde_json::{Value, json};

use crate::support::{Client, Hub, PATIENCE, faults};

const MEMBERS: usize = 4;
/// One seat more than the members take.
const CAPACITY: usize = MEMBERS + 1;

/// A hub with a channel and a room full of members, and others elsewhere.
struct Scene {
    hub: Hub,
    members: Vec<Client>,
    siblings: Vec<Client>,
    rounds: u32,
}

impl Scene {
    fn new(workers: usize) -> Self {
        let root = Namespace::hub("/").on("shout", shout);
        let hub = Hub::built(
            |config| config.workers = workers,
            |builder| faults::faulty(builder).namespace(root),
        );
        let settle = |channel: &str, room: &str| -> Vec<Client> {
            let settled = (0..MEMBERS).map(|_| {
                let mut client = Client::connect(&hub);
                ok(&client.ask("join-channel", &[json!(channel)]));
                ok(&client.ask("join-room", &[room_of(room, "")]));
                client
            });
            settled.collect()
        };
        let members = settle("lobby", "r");
        let siblings = settle("hall", "s");
        Self {
            hub,
            members,
            siblings,
            rounds: 0,
        }
    }

    /// A message of the second member and of the second sibling reaches everyone who shares a target with it.
    fn all_get_the_next_message(&mut self) {
        self.rounds += 1;
        let text = format!("round {}", self.rounds);
        for (group, channel, room) in [
            (&mut self.members, "lobby", "r"),
            (&mut self.siblings, "hall", "s"),
        ] {
            for (event, name) in [(channel, channel), ("notify-room", room)] {
                let answer = group[1].ask(
                    event,
                    &[json!({ "data": { "message": text, "roomId": name } })],
                );
                assert_eq!(answer["recipients"], MEMBERS, "{answer}");
                for member in group.iter_mut() {
                    let got = member.event(event).remove(0);
                    assert_eq!(got["data"]["message"], text);
                }
            }
        }
    }

    /// The room has as many seats as before, knows who sits there, and how many may.
    fn seats_are_whole(&mut self) {
        let mut newcomer = Client::connect(&self.hub);
        let answer = newcomer.ask("join-room", &[room_of("r", "")]);
        ok(&answer);
        assert_eq!(
            (
                &answer["onlineUsers"],
                &answer["capacity"],
                &answer["already"]
            ),
            (&json!(CAPACITY), &json!(CAPACITY), &json!(false)),
            "{answer}"
        );
        let mut listed = ids_in(newcomer.event("room-online-users"));
        let mut seated: Vec<String> = self
            .members
            .iter()
            .map(|member| member.id.clone())
            .collect();
        seated.push(newcomer.id.clone());
        listed.sort();
        seated.sort();
        assert_eq!(listed, seated);
        let mut surplus = Client::connect(&self.hub);
        let answer = surplus.ask("join-room", &[room_of("r", "")]);
        assert_eq!(answer["code"], "room_full", "{answer}");
        let answer = newcomer.ask("join-channel", &[json!("lobby")]);
        assert_eq!(
            (&answer["onlineUsers"], &answer["already"]),
            (&json!(CAPACITY), &json!(false)),
            "{answer}"
        );
        ok(&newcomer.ask("leave-channel", &[json!("lobby")]));
        ok(&newcomer.ask("leave-room", &[room_of("r", "")]));
    }

    fn crashes(&self) -> u64 {
        self.hub.metric("dondo_crashes_total")
    }

    /// The sender's error may be ahead of the count.
    fn wait_for_crashes(&self, count: u64) {
        self.hub.wait_for("dondo_crashes_total", count);
    }
}

/// A host's handler whose letter goes through the namespace, since it has two rooms.
async fn shout(socket: Socket, Data(text): Data<String>) -> dondo::Result<Value> {
    socket.to(["a", "b"]).emit("shouted", text)?.await?;
    Ok(json!({ "ok": true }))
}

fn room_of(room: &str, user: &str) -> Value {
    json!({ "data": { "roomId": room, "capacity": CAPACITY }, "source": { "userName": user } })
}

fn ok(answer: &Value) {
    assert_eq!(answer["ok"], true, "{answer}");
}

fn ids_in(mut presence: Vec<Value>) -> Vec<String> {
    let users = presence.remove(0)["data"]["users"].take();
    let users = users.as_array().unwrap().iter();
    users
        .map(|user| user["clientId"].as_str().unwrap().to_owned())
        .collect()
}

/// Sends the poison and takes its error, in the ack or as an event.
fn poison(client: &mut Client, event: &str, payload: Value, acked: bool) {
    let refusal = if acked {
        client.ask(event, &[payload])
    } else {
        client.emit(event, &[payload]);
        client.event("hub-error").remove(0)
    };
    assert_eq!(
        (&refusal["ok"], &refusal["event"], &refusal["code"]),
        (&json!(false), &json!(event), &json!("internal")),
        "{refusal}"
    );
}

#[test]
fn a_message_that_crashes_a_handler_costs_its_sender_an_error_and_nobody_else_anything() {
    // In a channel, in a room, and in the namespace.
    for event in ["lobby", "notify-room", "shout"] {
        for (workers, acked) in [(1, true), (1, false), (2, true), (2, false)] {
            if event == "shout" && !acked {
                // What a host's own handler says without being asked is the host's affair.
                continue;
            }
            let mut scene = Scene::new(workers);
            eprintln!("{event} {workers} workers, acked {acked}");
            let payload = match event {
                "shout" => json!(faults::PANICS),
                _ => json!({ "data": { "message": faults::PANICS, "roomId": "r" } }),
            };
            let before = scene.crashes();
            poison(&mut scene.members[0], event, payload, acked);
            scene.wait_for_crashes(before + 1);
            scene.all_get_the_next_message();
            scene.seats_are_whole();
            scene.all_get_the_next_message();
        }
    }
}

#[test]
fn a_join_that_crashes_a_handler_leaves_seats_presence_and_capacity_as_they_were() {
    for event in ["join-channel", "join-room"] {
        for (workers, acked) in [(1, true), (1, false), (2, true), (2, false)] {
            let mut scene = Scene::new(workers);
            let mut joiner = Client::connect(&scene.hub);
            eprintln!("{event} {workers} workers, acked {acked}");
            let payload = match event {
                "join-room" => room_of("r", faults::PANICS),
                _ => json!({
                    "data": { "roomChannel": "lobby" }, "source": { "userName": faults::PANICS }
                }),
            };
            let before = scene.crashes();
            poison(&mut joiner, event, payload, acked);
            scene.wait_for_crashes(before + 1);
            scene.all_get_the_next_message();
            scene.seats_are_whole();
            // The poison's own sender may come in now, and its leave is told once.
            ok(&joiner.ask("join-room", &[room_of("r", "joiner")]));
            let id = joiner.id.clone();
            drop(joiner);
            for member in &mut scene.members {
                loop {
                    let left = member.event("leave-room").remove(0);
                    if left["clientId"] == json!(id) {
                        assert_eq!(
                            (&left["data"]["reason"], &left["data"]["onlineUsers"]),
                            (&json!("disconnect"), &json!(MEMBERS))
                        );
                        break;
                    }
                }
            }
            scene.seats_are_whole();
        }
    }
}

#[test]
fn a_room_that_keeps_crashing_takes_nothing_for_a_while_and_its_siblings_do() {
    let mut scene = Scene::new(2);
    let poisoned = json!({ "data": { "message": faults::PANICS, "roomId": "r" } });
    for _ in 0..5 {
        poison(&mut scene.members[0], "notify-room", poisoned.clone(), true);
    }
    let (mut crashes, deadline) = (5, Instant::now() + PATIENCE);
    loop {
        poison(&mut scene.members[0], "notify-room", poisoned.clone(), true);
        crashes += 1;
        let sound = json!({ "data": { "message": "sound", "roomId": "r" } });
        let answer = scene.members[1].ask("notify-room", &[sound]);
        if answer["code"] == "internal" {
            break;
        }
        // Six count that come within ten seconds, and a busy machine may take longer for them.
        assert!(Instant::now() < deadline, "{answer}");
    }
    scene.wait_for_crashes(crashes);
    let answer = scene.members[1].ask("lobby", &[json!("hello")]);
    assert_eq!(answer["recipients"], MEMBERS);
    let answer = scene.siblings[1].ask("notify-room", &[json!("hello"), json!("s")]);
    assert_eq!(answer["recipients"], MEMBERS);
    let leaver = scene.members.pop().unwrap().id;
    // A leave is taken all the same: no seat may stay for ever.
    let left = scene.members[0].event("leave-room").remove(0);
    assert_eq!(left["clientId"], json!(leaver));
}
