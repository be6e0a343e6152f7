//! The server pings, and only a pong is a sign of life (wire reference 1.6).

use std::time::{Duration, Instant};

use dondo::config::Settings;

use crate::support::polling::UNKNOWN;
use crate::support::{ECHO, Form, Frame, Hub, Polling, WebSocket, in_both_forms};

in_both_forms!(
    after_the_interval_comes_a_ping_and_after_a_pong_the_next,
    without_a_pong_the_session_ends_after_interval_and_timeout,
    whoever_sends_lives_though_its_pongs_stay_away_and_goes_when_it_falls_silent,
    a_waiting_get_is_answered_with_the_ping,
    a_ping_waits_for_the_next_get_while_its_time_runs,
    a_silent_polling_session_ends,
    a_pong_that_stays_away_ends_the_session_after_an_upgrade_too,
    a_clients_ping_ends_a_websocket,
);

const INTERVAL: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_millis(400);

fn quick(config: &mut Settings) {
    config.engine.ping_interval = INTERVAL;
    config.engine.ping_timeout = TIMEOUT;
}

/// Long enough that only what a test does ends the session.
fn patient(config: &mut Settings) {
    config.engine.ping_interval = INTERVAL;
}

fn socket(hub: &Hub) -> WebSocket {
    let mut socket = WebSocket::open(hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    socket
}

fn ping() -> Frame {
    Frame::Text("2".to_owned())
}

/// Longer than the machine keeps anybody from saying something.
const LONG: Duration = Duration::from_secs(3);
const TIMED_OUT: &str = "dondo_closes_total{reason=\"ping timeout\"}";

fn after_the_interval_comes_a_ping_and_after_a_pong_the_next(form: Form) {
    let hub = form.echoing_with(patient);
    // Taken before the time begins to run: a slow machine only makes it longer.
    let mut since = Instant::now();
    let mut socket = socket(&hub);
    // What a pong holds beside its type means nothing.
    for pong in ["3", "3probe", "3what?"] {
        assert_eq!(socket.next(), ping());
        let waited = since.elapsed();
        assert!(waited >= INTERVAL, "pinged after {waited:?}");
        since = Instant::now();
        socket.text(pong);
    }
}

fn without_a_pong_the_session_ends_after_interval_and_timeout(form: Form) {
    let hub = form.echoing_with(quick);
    let began = Instant::now();
    let mut socket = socket(&hub);
    assert_eq!(socket.next(), ping());
    assert_eq!(socket.next(), Frame::Close(None), "it is told why");
    assert_eq!(socket.next(), Frame::End);
    assert!(
        began.elapsed() >= INTERVAL + TIMEOUT,
        "ended after {:?}",
        began.elapsed()
    );
    hub.wait_for(TIMED_OUT, 1);
}

fn whoever_sends_lives_though_its_pongs_stay_away_and_goes_when_it_falls_silent(form: Form) {
    let hub = form.echoing_with(|config| {
        config.engine.ping_interval = INTERVAL;
        config.engine.ping_timeout = LONG;
    });
    let mut ended = 1;
    while !lives_for(&hub, INTERVAL + LONG + LONG / 2) {
        ended += 1;
        assert!(ended < 10, "it is never heard in time");
    }
    hub.wait_for(TIMED_OUT, ended);
}

/// Sends something all the while, and answers no ping; then it falls silent and is closed. Not so if a busy machine kept it
/// silent for as long before.
fn lives_for(hub: &Hub, time: Duration) -> bool {
    let mut said = Instant::now();
    let mut socket = socket(hub);
    let began = Instant::now();
    while began.elapsed() < time {
        let says = Instant::now();
        socket.text("4alive");
        loop {
            match socket.next() {
                Frame::Text(text) if text == "2" => {}
                Frame::Text(_) => break,
                end => {
                    let silent = said.elapsed();
                    assert!(silent > LONG / 2, "{end:?} after a silence of {silent:?}");
                    return false;
                }
            }
        }
        said = says;
    }
    socket.closed();
    true
}

fn a_waiting_get_is_answered_with_the_ping(form: Form) {
    let hub = form.echoing_with(patient);
    let polling = Polling::open(&hub, ECHO);
    for _ in 0..3 {
        assert_eq!(polling.read(), "2");
        polling.say("3");
    }
}

fn a_ping_waits_for_the_next_get_while_its_time_runs(form: Form) {
    let hub = form.echoing_with(quick);
    // Never asks: were the time counted from the GET that brings the ping, it would live for ever.
    let silent = Polling::open(&hub, ECHO);
    let mut others = Vec::new();
    loop {
        let polling = Polling::open(&hub, ECHO);
        // The other one, of the same age and younger, has been pinged by now, and so has this one.
        let mut younger = socket(&hub);
        assert_eq!(younger.next(), ping());
        others.push(younger);
        let said = [(); 2].map(|()| polling.get().text());
        if said == ["2", "1"] {
            break;
        }
        // It asked when its time was over, on a machine that stood still for so long: another one asks then.
        assert!([UNKNOWN, "6\x1e1"].contains(&&*said[1]), "{said:?}");
        assert!(others.len() < 10, "none asks in time: {said:?}");
    }
    hub.wait_for(TIMED_OUT, 1 + 2 * others.len() as u64);
    drop(silent);
}

fn a_silent_polling_session_ends(form: Form) {
    let hub = form.echoing_with(quick);
    let polling = Polling::open(&hub, ECHO);
    polling.is_gone("ping timeout");
}

fn a_pong_that_stays_away_ends_the_session_after_an_upgrade_too(form: Form) {
    let hub = form.echoing_with(|config| {
        config.engine.ping_interval = INTERVAL;
        config.engine.ping_timeout = LONG;
    });
    let mut ended = 1;
    let mut socket = loop {
        let polling = Polling::open(&hub, ECHO);
        let pinged = polling.get();
        let (answer, socket) = WebSocket::handshake(&hub, &polling.upgrade_target(), &[]);
        if answer.status == 101 {
            assert_eq!(pinged.text(), "2");
            break socket;
        }
        // Its time was over before it had a WebSocket, on a machine that stood still for so long: another one asks then.
        assert_eq!(answer.text(), "Session ID unknown");
        ended += 1;
        assert!(ended < 10, "none asks in time");
    };
    socket.text("5");
    socket.closed();
    hub.wait_for(TIMED_OUT, ended);
    // And one that came in time keeps the pings coming.
    let hub = form.echoing_with(patient);
    let polling = Polling::open(&hub, ECHO);
    assert_eq!(polling.read(), "2");
    let mut socket = polling.upgrading();
    socket.text("5");
    socket.text("3");
    for _ in 0..2 {
        assert_eq!(socket.next(), ping());
        socket.text("3");
    }
}

fn a_clients_ping_ends_a_websocket(form: Form) {
    let hub = form.echoing();
    for (number, packet) in ["2", "2probe"].into_iter().enumerate() {
        let mut socket = socket(&hub);
        socket.text(packet);
        assert_eq!(socket.next(), Frame::Close(None), "{packet}");
        hub.wait_for(
            "dondo_closes_total{reason=\"transport error\"}",
            number as u64 + 1,
        );
    }
}
