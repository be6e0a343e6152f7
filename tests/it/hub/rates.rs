//! Rates and bytes of sessions and of addresses, each limit changed: who goes beyond is read slower, and loses nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use dondo::config::Settings;
use serde_json::{Value, json};

use super::dotnet_rows::open;
use crate::support::{Client, Hub, PATIENCE, WebSocket, http};

const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
const POLL: &str = "/socket.io/?EIO=4&transport=polling";

/// A hub in which a second's worth of everything may come at once.
fn hub(change: impl FnOnce(&mut Settings)) -> Hub {
    Hub::with(|settings| {
        settings.limits.burst = Duration::from_secs(1);
        change(settings);
    })
}

/// A client whose address has limits.
fn stranger(hub: &Hub) -> Client {
    let stream = http::connect_from(hub, IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1)));
    Client::over(WebSocket::over(stream, DIRECT), "/")
}

/// All in one go: one who waits for each answer may be slower than any rate, on a busy machine.
fn speak(clients: &mut [Client], messages: usize, text: &Value) {
    for number in 0..messages {
        clients[number % 2].emit("lobby", std::slice::from_ref(text));
    }
}

/// All that they said has been handled.
fn answered(clients: &mut [Client]) {
    for client in clients {
        let answer = client.ask("lobby", &[json!("x")]);
        assert_eq!(answer["ok"], true, "{answer}");
    }
}

fn pauses(hub: &Hub, rate: &str) -> u64 {
    hub.metric(&format!("dondo_pauses_total{{rate=\"{rate}\"}}"))
}

/// Two clients do several times what these rates allow; whether one of them is not read for a while.
fn is_paused<T>(hub: &Hub, rate: &str, act: impl FnOnce(&mut [Client]) -> T) -> bool {
    let mut clients = [stranger(hub), stranger(hub)];
    // Whom they speak to stays until then.
    let _others = act(&mut clients);
    let deadline = Instant::now() + PATIENCE;
    // What a letter costs is known when it has been delivered: the next one that is read meets the debt.
    while pauses(hub, rate) == 0 && Instant::now() < deadline {
        speak(&mut clients, 2, &json!("x"));
    }
    pauses(hub, rate) > 0
}

/// The same where nothing is too much.
fn is_never_paused(hub: &Hub, act: impl FnOnce(&mut [Client])) -> bool {
    let mut clients = [stranger(hub), stranger(hub)];
    act(&mut clients);
    answered(&mut clients);
    pauses(hub, "messages") == 0
}

/// Fails if a rate that was changed holds for newcomers alone, or one that was taken back goes on.
#[test]
fn a_rate_that_changes_holds_for_who_is_there() {
    for of_address in [false, true] {
        let hub = hub(|_| {});
        let mut clients = [stranger(&hub), stranger(&hub)];
        answered(&mut clients);
        let mut settings = Settings::default();
        settings.limits.burst = Duration::from_secs(1);
        let rate = match of_address {
            false => &mut settings.limits.messages_per_s,
            true => &mut settings.limits.address_messages_per_s,
        };
        *rate = 2;
        hub.dondo().take_live(&settings);
        let deadline = Instant::now() + PATIENCE;
        while pauses(&hub, "messages") == 0 && Instant::now() < deadline {
            speak(&mut clients, 8, &json!("x"));
        }
        assert!(pauses(&hub, "messages") > 0, "of an address: {of_address}");
        hub.dondo().take_live(&Settings::default());
        answered(&mut clients);
        let before = pauses(&hub, "messages");
        speak(&mut clients, 50, &json!("x"));
        answered(&mut clients);
        assert_eq!(pauses(&hub, "messages"), before);
    }
}

/// Fails if who owes much is held as long as the rate of before asked for.
#[test]
fn a_rate_that_is_raised_frees_who_is_held_by_it() {
    let hub = hub(|settings| {
        settings.limits.burst = Duration::from_secs(1);
        settings.limits.bytes_per_s = 1000;
    });
    let mut clients = [stranger(&hub), stranger(&hub)];
    // Minutes, in which nobody would answer.
    clients[0].emit("lobby", &[json!("x".repeat(500_000))]);
    let deadline = Instant::now() + PATIENCE;
    while pauses(&hub, "bytes") == 0 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(pauses(&hub, "bytes") > 0);
    let mut settings = Settings::default();
    settings.limits.bytes_per_s = 10_000_000;
    hub.dondo().take_live(&settings);
    answered(&mut clients);
}

#[test]
fn messages_of_a_session_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.messages_per_s = 10);
    assert!(is_paused(&hub, "messages", |two| speak(
        two,
        160,
        &json!("x")
    )));
}

#[test]
fn messages_of_an_address_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.address_messages_per_s = 20);
    assert!(is_paused(&hub, "messages", |two| speak(
        two,
        160,
        &json!("x")
    )));
}

#[test]
fn bytes_of_a_session_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.bytes_per_s = 20_000);
    let text = json!("x".repeat(10_000));
    assert!(is_paused(&hub, "bytes", |two| speak(two, 16, &text)));
}

#[test]
fn bytes_of_an_address_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.address_bytes_per_s = 40_000);
    let text = json!("x".repeat(10_000));
    assert!(is_paused(&hub, "bytes", |two| speak(two, 16, &text)));
}

fn flap(clients: &mut [Client]) {
    for number in 0..40 {
        for event in ["join-channel", "leave-channel"] {
            clients[number % 2].emit(event, &[json!("lobby")]);
        }
    }
}

#[test]
fn joins_of_a_session_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.joins_per_s = 5);
    assert!(is_paused(&hub, "joins and leaves", flap));
}

#[test]
fn joins_of_an_address_beyond_their_rate_are_read_later() {
    let hub = hub(|settings| settings.limits.address_joins_per_s = 10);
    assert!(is_paused(&hub, "joins and leaves", flap));
}

fn speak_to_ten(hub: &Hub, clients: &mut [Client]) -> Vec<Client> {
    let members: Vec<_> = (0..10)
        .map(|_| {
            let mut member = Client::connect(hub);
            assert_eq!(member.ask("join-channel", &[json!("lobby")])["ok"], true);
            member
        })
        .collect();
    speak(clients, 40, &json!("x"));
    members
}

#[test]
fn deliveries_that_a_session_causes_beyond_their_rate_hold_it_back() {
    let hub = hub(|settings| settings.limits.deliveries_per_s = 20);
    assert!(is_paused(&hub, "deliveries", |two| speak_to_ten(&hub, two)));
}

#[test]
fn deliveries_that_an_address_causes_beyond_their_rate_hold_it_back() {
    let hub = hub(|settings| settings.limits.address_deliveries_per_s = 40);
    assert!(is_paused(&hub, "deliveries", |two| speak_to_ten(&hub, two)));
}

/// An owner that locks its room again and again told a crowd of it, and it counted as one message each.
#[test]
fn deliveries_that_an_owners_commands_cause_count_too() {
    let hub = hub(|settings| settings.limits.deliveries_per_s = 20);
    let room = [json!({"data": {"roomId": "r", "locked": false}})];
    assert!(is_paused(&hub, "deliveries", |two| {
        assert_eq!(two[0].ask("join-room", &room)["ok"], true);
        let members: Vec<_> = (0..10)
            .map(|_| {
                let mut member = Client::connect(&hub);
                assert_eq!(member.ask("join-room", &room)["ok"], true);
                member
            })
            .collect();
        for _ in 0..20 {
            two[0].emit("lock-room", &room);
        }
        members
    }));
}

#[test]
fn what_is_saved_up_may_come_at_once_and_without_rate_limits_everything_may() {
    let patient = Hub::with(|settings| {
        settings.limits.messages_per_s = 10;
        settings.limits.burst = Duration::from_secs(100);
    });
    assert!(is_never_paused(&patient, |two| speak(
        two,
        160,
        &json!("x")
    )));
    let free = hub(|settings| {
        settings.limits.messages_per_s = 10;
        settings.insecure.no_rate_limits = true;
    });
    assert!(is_never_paused(&free, |two| speak(two, 160, &json!("x"))));
}

#[test]
fn this_machine_has_no_limits_per_address() {
    let hub = hub(|settings| settings.limits.address_messages_per_s = 1);
    let mut local = [Client::connect(&hub), Client::connect(&hub)];
    speak(&mut local, 40, &json!("x"));
    answered(&mut local);
    assert_eq!(pauses(&hub, "messages"), 0);
}

/// A member that never polls, with answers of its own waiting for it.
fn idle_reader(hub: &Hub) -> String {
    let target = format!("{POLL}&sid={}", open(hub));
    assert_eq!(http::post(hub, &target, "40").text(), "ok");
    http::post(hub, &target, "42[\"join-channel\",\"lobby\"]");
    target
}

fn closes(hub: &Hub, reason: &str) {
    hub.wait_for(&format!("dondo_closes_total{{reason=\"{reason}\"}}"), 1);
}

#[test]
fn a_session_that_holds_more_than_it_may_is_closed() {
    let hub = hub(|settings| {
        settings.engine.max_payload = 10_000;
        settings.session_bytes_max = 40_000;
    });
    idle_reader(&hub);
    let mut sender = Client::connect(&hub);
    while sender.ask("lobby", &[json!("")])["recipients"] != 1 {}
    for _ in 0..5 {
        assert_eq!(sender.ask("lobby", &[json!("x".repeat(9_000))])["ok"], true);
    }
    closes(&hub, "session bytes");
}

/// A text message of which all but the last byte is sent.
fn half_a_message(socket: &mut WebSocket, bytes: usize) {
    let mut frame = vec![0x81, 0xff];
    frame.extend_from_slice(&(bytes as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.resize(frame.len() + bytes - 1, b'4');
    std::io::Write::write_all(&mut socket.stream, &frame).unwrap();
}

#[test]
fn an_address_whose_sessions_hold_more_than_they_may_loses_the_one_that_asks_for_more() {
    let hub = hub(|settings| {
        settings.limits.address_bytes_max = 500_000;
        settings.engine.max_payload = 450_000;
    });
    let mut first = stranger(&hub);
    half_a_message(&mut first.socket, 400_000);
    hub.wait_for("dondo_bytes{what=\"partial\"}", 400_000);
    let mut second = stranger(&hub);
    half_a_message(&mut second.socket, 400_000);
    closes(&hub, "address bytes");
    assert_eq!(hub.metric("dondo_sessions_alive"), 1);
}

/// Memberships filled the account, and newcomers were closed for it.
#[test]
fn an_address_whose_clients_hold_much_joins_nothing_more_and_its_newcomers_get_in() {
    let hub = hub(|settings| {
        settings.limits.address_bytes_max = 200_000;
        settings.engine.max_payload = 100_000;
    });
    let mut busy = stranger(&hub);
    let refused = (0..200).find_map(|number| {
        let channel = json!({"data": {"roomChannel": format!("c{number}")}});
        let answer = busy.ask("join-channel", &[channel]);
        (answer["ok"] != true).then_some(answer)
    });
    let refused = refused.expect("200 memberships are too much");
    assert_eq!(refused["code"], "limit_reached", "{refused}");
    let said = refused["message"].as_str().unwrap();
    assert!(said.contains("address-bytes-max"), "{said}");
    assert_eq!(busy.ask("lobby", &[json!("x")])["ok"], true);
    let stream = http::connect_from(&hub, IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1)));
    let mut newcomer = WebSocket::over(stream, DIRECT);
    assert!(newcomer.next_text().starts_with("0{"));
    newcomer.text(&format!("40{{\"token\":\"{}\"}}", "x".repeat(10_000)));
    let told = newcomer.next_text();
    assert!(told.starts_with("40{"), "{told}");
}

#[test]
fn too_much_of_messages_that_do_not_end_costs_the_one_who_sent_most() {
    let hub = hub(|settings| {
        settings.limits.unfinished_bytes_max = 500_000;
        settings.engine.max_payload = 450_000;
    });
    let (mut more, mut less) = (stranger(&hub), stranger(&hub));
    half_a_message(&mut more.socket, 400_000);
    hub.wait_for("dondo_bytes{what=\"partial\"}", 400_000);
    half_a_message(&mut less.socket, 200_000);
    closes(&hub, "unfinished bytes");
    hub.wait_for("dondo_bytes{what=\"partial\"}", 200_000);
}
