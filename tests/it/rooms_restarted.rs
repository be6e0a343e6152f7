//! The thread that the rooms run on ends: it is started anew, and who was in its namespaces comes back to a whole hub.

use std::slice::from_ref;
use std::time::Instant;

use actix_web::{App, HttpServer};
use dondo::Dondo;
use dondo::config::Settings;
use serde_json::{Value, json};

use crate::support::{Client, Frame, Hub, PATIENCE, WebSocket, faults};

#[test]
fn a_lost_room_thread_is_started_anew_and_its_members_are_closed_so_that_they_come_back() {
    let change = |config: &mut Settings| {
        config.namespaces = vec!["/".into(), "/other".into()];
        config.room_threads = 2;
    };
    let hub = Hub::built(change, faults::faulty);
    let mut member = Client::connect(&hub);
    let mut neighbour = Client::connect_to(&hub, "/other", "");
    for client in [&mut member, &mut neighbour] {
        assert_eq!(client.ask("join-channel", &[json!("lobby")])["ok"], true);
    }
    let mut poison = Client::connect(&hub);
    let marked = json!({
        "data": { "roomChannel": "lobby" }, "source": { "userName": faults::ENDS_THREAD }
    });
    poison.emit("join-channel", &[marked]);
    member.socket.closed();
    poison.socket.closed();
    hub.wait_for("dondo_closes_total{reason=\"server restart\"}", 2);

    let mut back = Client::connect(&hub);
    let joined = back.ask("join-channel", &[json!("lobby")]);
    assert_eq!(
        (&joined["ok"], &joined["onlineUsers"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(back.ask("lobby", &[json!("again")])["recipients"], 1);
    assert_eq!(back.event("lobby")[0]["data"]["message"], "again");
    // The other thread's namespace never noticed.
    assert_eq!(neighbour.ask("lobby", &[json!("still")])["recipients"], 1);
    hub.wait_for("dondo_members", 2);
    hub.wait_for("dondo_rooms", 2);
}

/// The rooms were gone for ever with the worker that they ran on.
#[test]
fn rooms_whose_worker_ended_run_on_the_next() {
    let mut settings = Settings::default();
    settings.room_threads = 0;
    let dondo = Dondo::builder().settings(settings).build().unwrap();
    for _ in 0..2 {
        let (serving, mounted) = (dondo.clone(), dondo.clone());
        let server = Hub::serving(dondo.clone(), move |listener| {
            let app = move || {
                App::new()
                    .configure(mounted.configure_observation())
                    .configure(mounted.configure())
            };
            serving
                .tune(HttpServer::new(app))
                .workers(1)
                .shutdown_timeout(0)
                .listen(listener)
                .unwrap()
                .run()
        });
        let _member = member_of_lobby(&server);
        server.wait_for("dondo_rooms", 1);
    }
}

/// Who comes while the rooms are started anew is closed with the others, and comes back, as every client does.
fn member_of_lobby(hub: &Hub) -> WebSocket {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "it is closed again and again");
        let mut socket = WebSocket::open(hub, "/socket.io/?EIO=4&transport=websocket");
        socket.text("40");
        socket.text(r#"420["join-channel","lobby"]"#);
        while let Frame::Text(text) = socket.next() {
            if let Some(ack) = text.strip_prefix("430") {
                assert!(ack.starts_with(r#"[{"ok":true"#), "{ack}");
                return socket;
            }
        }
    }
}

/// It stayed dead for ever, and its namespace went on handing out the way to it.
#[test]
fn a_room_that_dies_outside_of_its_guard_serves_its_next_message_with_its_seats_and_presence() {
    let hub = Hub::built(|config| config.workers = 2, faults::faulty);
    let (mut a, mut b) = (Client::connect(&hub), Client::connect(&hub));
    let here = json!({"roomId": "r", "roomChannel": "lobby", "capacity": 3});
    for client in [&mut a, &mut b] {
        assert_eq!(client.ask("join-channel", &[json!("lobby")])["ok"], true);
        assert_eq!(client.ask("join-room", from_ref(&here))["ok"], true);
    }
    let mut killer = Client::connect(&hub);
    for (event, data) in [
        ("join-channel", json!({"roomChannel": "lobby"})),
        ("join-room", json!({"roomId": "r", "roomChannel": "lobby"})),
    ] {
        let mut data = data;
        data["history"] = json!(faults::KILLS_ROOM);
        let ack = killer.ask(event, &[json!({ "data": data })]);
        assert_eq!(ack["code"], "internal", "{ack}");
    }
    // What meets a room as it dies is lost and says so; the next is served.
    let served = |client: &mut Client, event: &str, said: Value| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ack = client.ask(event, from_ref(&said));
            if ack["ok"] == true {
                return ack;
            }
            assert_eq!(ack["code"], "internal", "{ack}");
            assert!(Instant::now() < deadline, "it stays dead: {ack}");
        }
    };
    let in_channel = served(&mut a, "lobby", json!("after"));
    let in_room = served(
        &mut a,
        "notify-room",
        json!({"roomId": "r", "roomChannel": "lobby", "message": "after"}),
    );
    assert_eq!(
        (&in_channel["recipients"], &in_room["recipients"]),
        (&json!(2), &json!(2))
    );
    for event in ["lobby", "notify-room"] {
        assert_eq!(b.event(event)[0]["data"]["message"], "after");
    }
    let mut c = Client::connect(&hub);
    let ack = c.ask("join-room", from_ref(&here));
    assert_eq!(ack["onlineUsers"], 3, "{ack}");
    assert_eq!(ack["owner"], a.id, "{ack}");
    assert_eq!(
        Client::connect(&hub).ask("join-room", &[here])["code"],
        "room_full"
    );
    assert_eq!(c.ask("join-channel", &[json!("lobby")])["onlineUsers"], 3);
    drop((a, b, c));
    hub.wait_for("dondo_rooms", 0);
}
