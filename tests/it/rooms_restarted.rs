//! The thread that the rooms run on ends: it is started anew, and who was in its namespaces comes back to a whole hub.

use actix_web::{App, HttpServer};
use dondo::config::Settings;
use dondo::service::{Dondo, on_connect};
use serde_json::json;

use crate::support::{Client, Hub};

#[test]
fn a_lost_room_thread_is_started_anew_and_its_members_are_closed_so_that_they_come_back() {
    let hub = Hub::with(|config| {
        config.namespaces = vec!["/".into(), "/other".into()];
        config.room_threads = 2;
    });
    let mut member = Client::connect(&hub);
    let mut neighbour = Client::connect_to(&hub, "/other", "");
    for client in [&mut member, &mut neighbour] {
        assert_eq!(client.ask("join-channel", &[json!("lobby")])["ok"], true);
    }
    let mut poison = Client::connect(&hub);
    let marked = json!({
        "data": { "roomChannel": "lobby" }, "source": { "userName": "dondo-fault:stop-thread" }
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
    let settings = Settings {
        room_threads: 0,
        ..Settings::default()
    };
    let dondo = Dondo::builder().settings(settings).build().unwrap();
    for _ in 0..2 {
        let serving = dondo.clone();
        let server = Hub::serving(dondo.clone(), move |listener| {
            let app = move || {
                App::new()
                    .configure(serving.configure_observation())
                    .configure(serving.configure())
            };
            HttpServer::new(app)
                .workers(1)
                .on_connect(on_connect)
                .disable_signals()
                .shutdown_timeout(0)
                .listen(listener)
                .unwrap()
                .run()
        });
        let mut client = Client::connect(&server);
        let joined = client.ask("join-channel", &[json!("lobby")]);
        assert_eq!(
            (&joined["ok"], &joined["onlineUsers"]),
            (&json!(true), &json!(1))
        );
        server.wait_for("dondo_rooms", 1);
    }
}
