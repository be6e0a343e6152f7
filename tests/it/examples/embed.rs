//! `examples/embed.rs`: a larger application, whose own actors and the hub's clients are in one lobby.

use rustix::process::Signal;
use serde_json::json;

use crate::clients::{Kind, Robot};
use crate::support::http::{self, Answer};
use crate::support::{Frame, Hub, WebSocket};

/// The cookie of a user who has logged in.
fn logged_in(hub: &Hub, name: &str) -> String {
    let welcome = http::request(hub, "POST", "/login", &[], name.as_bytes());
    let cookie = welcome.header("Set-Cookie").expect("a session");
    cookie.split(';').next().unwrap().to_owned()
}

fn client(hub: &Hub, kind: Kind, cookie: &str) -> Robot {
    let mut options = kind.options();
    options["extraHeaders"] = json!({ "cookie": cookie });
    let mut robot = Robot::start_with(hub, kind, options);
    robot.tell("connect", &[]);
    robot.event("$connect");
    robot
}

fn plain(hub: &Hub, cookie: &str) -> (Answer, WebSocket) {
    WebSocket::handshake(hub, "/plain", &[("Cookie", cookie)])
}

/// Would fail if an actor could not be an event's handler, or speak in a room, or if what the session of an App knows were not
/// who a client is.
#[test]
fn the_hubs_clients_and_the_applications_own_actors_hear_each_other_in_one_order() {
    let hub = Hub::example("embed", &[]);
    assert!(http::get(&hub, "/").text().contains("<h1>Lobby</h1>"));
    let [ama, kofi, esi] = ["ama", "kofi", "esi"].map(|name| logged_in(&hub, name));
    let mut robots = [
        client(&hub, Kind::JsPolling, &ama),
        client(&hub, Kind::JsWebSocket, &kofi),
    ];
    let (answer, mut plain) = plain(&hub, &esi);
    assert_eq!(answer.status, 101);
    plain.text("akwaaba");
    assert_eq!(plain.next_text(), "esi: akwaaba");
    robots[0].ask("say", &[json!("medaase")]);
    assert_eq!(plain.next_text(), "ama: medaase");
    for robot in &mut robots {
        for said in [("esi", "akwaaba"), ("ama", "medaase")] {
            let said = json!({ "who": said.0, "text": said.1 });
            assert_eq!(robot.event("said"), [said]);
        }
    }
    let visits = robots[1].ask("visits", &[]);
    assert_eq!(visits, 1);
    let poke = http::request(&hub, "POST", "/poke/kofi", &[("Cookie", &ama)], b"");
    assert_eq!(poke.text(), "poked");
    assert_eq!(robots[1].event("poked"), [json!("ama")]);
}

/// Would fail if somebody could come in whom the application does not know, by any door.
#[test]
fn who_is_not_logged_in_reads_the_page_alone() {
    let hub = Hub::example("embed", &[]);
    let opening = "/socket.io/?EIO=4&transport=";
    let polled = http::get(&hub, &format!("{opening}polling"));
    let (switched, _) = WebSocket::handshake(&hub, &format!("{opening}websocket"), &[]);
    let (plain, _) = plain(&hub, "");
    let poke = http::request(&hub, "POST", "/poke/kofi", &[], b"");
    for answer in [polled, switched, plain, poke] {
        assert_eq!((answer.status, &*answer.text()), (401, "log in first"));
    }
}

/// Would fail if the server ended before clients were told, did not end, or ended in disorder.
#[test]
fn at_sigterm_clients_are_told_and_the_application_ends_in_order() {
    let mut hub = Hub::example("embed", &[]);
    let ama = logged_in(&hub, "ama");
    let target = "/socket.io/?EIO=4&transport=websocket";
    let (_, mut client) = WebSocket::handshake(&hub, target, &[("Cookie", &ama)]);
    client.next_text();
    let (_, mut plain) = plain(&hub, &ama);
    plain.text("akwaaba");
    assert_eq!(plain.next_text(), "ama: akwaaba");
    hub.signal(Signal::TERM);
    assert_eq!(client.closed(), Some(1001));
    assert_eq!(plain.next(), Frame::End);
    assert!(hub.ended().0.success());
}
