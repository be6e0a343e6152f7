//! The server pings, and only a pong is a sign of life (wire reference 1.6).

use std::time::{Duration, Instant};

use dondo::config::Settings;

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

const TIMED_OUT: &str = "dondo_closes_total{reason=\"ping timeout\"}";

fn after_the_interval_comes_a_ping_and_after_a_pong_the_next(form: Form) {
    let hub = form.echoing_with(patient);
    let mut socket = socket(&hub);
    // What a pong holds beside its type means nothing.
    for pong in ["3", "3probe", "3what?"] {
        let asked = Instant::now();
        assert_eq!(socket.next(), ping());
        assert!(
            asked.elapsed() > INTERVAL / 2,
            "pinged after {:?}",
            asked.elapsed()
        );
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
    let hub = form.echoing_with(quick);
    let mut socket = socket(&hub);
    let began = Instant::now();
    while began.elapsed() < 3 * (INTERVAL + TIMEOUT) {
        socket.text("4alive");
        loop {
            match socket.next() {
                Frame::Text(text) if text == "2" => {}
                Frame::Text(_) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    socket.closed();
    hub.wait_for(TIMED_OUT, 1);
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
    // One session is asked for its ping just before another one, of the same age, has ended for want of a pong.
    let hub = form.echoing_with(quick);
    let polling = Polling::open(&hub, ECHO);
    let later = Instant::now() + INTERVAL + TIMEOUT / 2;
    let mut ticking = socket(&hub);
    while Instant::now() < later {
        let left = later.saturating_duration_since(Instant::now());
        ticking.next_within(left.max(Duration::from_millis(1)));
    }
    assert_eq!(polling.read(), "2");
    // The time for its pong began with the ping, not with this GET.
    let asked = Instant::now();
    let last = polling.get().text();
    assert!(
        asked.elapsed() < TIMEOUT,
        "only after {:?}",
        asked.elapsed()
    );
    assert_eq!(last, "1");
    hub.wait_for(TIMED_OUT, 2);
}

fn a_silent_polling_session_ends(form: Form) {
    let hub = form.echoing_with(quick);
    let polling = Polling::open(&hub, ECHO);
    polling.is_gone("ping timeout");
}

fn a_pong_that_stays_away_ends_the_session_after_an_upgrade_too(form: Form) {
    let hub = form.echoing_with(quick);
    let polling = Polling::open(&hub, ECHO);
    assert_eq!(polling.read(), "2");
    let mut socket = polling.upgrading();
    socket.text("5");
    socket.closed();
    hub.wait_for(TIMED_OUT, 1);
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
