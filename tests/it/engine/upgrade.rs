//! From polling to WebSocket (wire reference 1.7).

use std::time::Duration;

use crate::support::http;
use crate::support::polling::{SEPARATOR, body};
use crate::support::{ECHO, Form, Frame, Polling, in_both_forms};

in_both_forms!(
    each_probe_is_answered_and_the_upgrade_flushes_what_is_queued,
    a_probe_answers_the_waiting_get_at_once_and_later_ones_too,
    until_the_upgrade_polling_carries_the_messages,
    an_upgrade_without_a_probe_is_accepted,
    something_else_than_a_probe_costs_the_websocket_only,
    a_probe_that_takes_too_long_costs_the_websocket_only,
    frames_that_mean_nothing_while_it_probes_cost_the_websocket_only,
    a_probe_socket_that_dies_costs_the_websocket_only,
    after_a_failed_probe_gets_wait_again,
    a_get_that_still_waits_is_ended_by_the_upgrade,
    a_post_that_is_half_read_is_answered_after_the_upgrade,
    a_post_that_waits_to_be_handed_on_comes_before_the_websocket,
    a_close_of_the_server_during_the_upgrade_ends_the_waiting_get,
    order_holds_across_the_upgrade,
    many_sessions_upgrade_at_once_on_several_workers,
);

fn each_probe_is_answered_and_the_upgrade_flushes_what_is_queued(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    for _ in 0..3 {
        socket.text("2probe");
        assert_eq!(socket.next(), Frame::Text("3probe".to_owned()));
    }
    polling.say(&["4a", "bAQI=", "4b"].join(SEPARATOR));
    polling.settle();
    socket.text("5");
    assert_eq!(socket.next_text(), "4a");
    assert_eq!(socket.next(), Frame::Binary(vec![1, 2]));
    assert_eq!(socket.next_text(), "4b");
}

fn a_probe_answers_the_waiting_get_at_once_and_later_ones_too(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    let mut waiting = polling.wait();
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    assert_eq!(body(&http::read(&mut waiting)), "6");
    for _ in 0..3 {
        assert_eq!(polling.read(), "6");
    }
    // A message is not lost behind them.
    polling.say("4a");
    polling.settle();
    assert_eq!(polling.read(), "4a");
}

fn until_the_upgrade_polling_carries_the_messages(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    let mut waiting = polling.wait();
    polling.say("4a");
    assert_eq!(body(&http::read(&mut waiting)), "4a");
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    polling.say("4b");
    polling.settle();
    assert_eq!(polling.read(), "4b");
    socket.text("5");
    socket.text("4c");
    // The first thing on the WebSocket is what was not said by polling.
    assert_eq!(socket.next_text(), "4c");
}

fn an_upgrade_without_a_probe_is_accepted(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    polling.say("4a");
    polling.settle();
    let mut socket = polling.upgrading();
    socket.text("5");
    socket.text("4b");
    assert_eq!(socket.next_text(), "4a");
    assert_eq!(socket.next_text(), "4b");
}

fn something_else_than_a_probe_costs_the_websocket_only(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    for packet in ["4close", "2", "2prob", "3probe", "1", "0", "6", "x", ""] {
        let mut socket = polling.upgrading();
        socket.text(packet);
        assert_eq!(socket.next(), Frame::Close(None), "{packet:?}");
        assert_eq!(socket.next(), Frame::End, "{packet:?}");
        hub.wait_for("dondo_sessions{state=\"upgrading\"}", 0);
        polling.is_alive();
    }
    let mut socket = polling.upgrading();
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    socket.text("4close");
    assert_eq!(socket.next(), Frame::Close(None));
    hub.wait_for("dondo_sessions{state=\"upgrading\"}", 0);
    polling.is_alive();
    // And another attempt succeeds.
    let mut socket = polling.upgrade();
    socket.text("4a");
    assert_eq!(socket.next_text(), "4a");
}

/// A socket that probes has no credit to run out of: they were read as many as came.
fn frames_that_mean_nothing_while_it_probes_cost_the_websocket_only(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    for (first, payload) in [(0x89, &b"?"[..]), (0x8a, b""), (0x01, b"")] {
        let mut socket = polling.upgrading();
        socket.frame(first, payload);
        for _ in 0..100 {
            socket.frame(if first == 0x01 { 0x00 } else { first }, payload);
        }
        socket.closed();
        hub.wait_for("dondo_sessions{state=\"upgrading\"}", 0);
        polling.is_alive();
    }
    polling.upgrade();
}

fn a_probe_that_takes_too_long_costs_the_websocket_only(form: Form) {
    let hub = form.echoing_with(|config| config.engine.upgrade_timeout = Duration::from_secs(2));
    let polling = Polling::open(&hub, ECHO);
    let (mut probed, mut tries) = (false, 0);
    while !probed {
        tries += 1;
        assert!(tries < 10, "none probes in time");
        let mut socket = polling.upgrading();
        // The first one is silent. Another one may be too late, on a machine that stands still: then one more probes.
        if tries > 1 {
            socket.text("2probe");
        }
        let mut said = socket.next();
        if tries > 1 && said == Frame::Text("3probe".to_owned()) {
            probed = true;
            said = socket.next();
        }
        assert_eq!(said, Frame::Close(None));
        assert_eq!(socket.next(), Frame::End);
        hub.wait_for("dondo_sessions{state=\"polling\"}", 1);
        polling.is_alive();
    }
}

fn a_probe_socket_that_dies_costs_the_websocket_only(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    drop(socket);
    hub.wait_for("dondo_sessions{state=\"polling\"}", 1);
    polling.is_alive();
}

fn after_a_failed_probe_gets_wait_again(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    drop(socket);
    hub.wait_for("dondo_sessions{state=\"polling\"}", 1);
    // What the probe left behind may answer one GET, no more.
    let _ = http::send(&hub, "GET", &polling.target(), &[], b"");
    let mut waiting = polling.wait();
    polling.say("4a");
    let first = body(&http::read(&mut waiting));
    if first == "6" {
        assert_eq!(polling.read(), "4a");
    } else {
        assert_eq!(first, "4a");
    }
}

fn a_get_that_still_waits_is_ended_by_the_upgrade(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    let mut waiting = polling.wait();
    socket.text("5");
    assert_eq!(body(&http::read(&mut waiting)), "6");
    socket.text("4a");
    assert_eq!(socket.next_text(), "4a");
}

fn a_post_that_is_half_read_is_answered_after_the_upgrade(form: Form) {
    use std::io::Write;
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut posting = polling.begin_post(6, "4ha");
    let mut socket = polling.upgrade();
    posting.write_all(b"lf!").unwrap();
    assert_eq!(http::read(&mut posting).text(), "ok");
    // Better than the reference: what it brought is not lost.
    assert_eq!(socket.next_text(), "4half!");
}

/// Both would wait for credit, which wakes one reader: the POST's waiting was lost to the WebSocket's.
fn a_post_that_waits_to_be_handed_on_comes_before_the_websocket(form: Form) {
    let hub = form.echoing_with(|config| {
        config.limits.messages_per_s = 100;
        config.limits.burst = Duration::from_secs(1);
    });
    let polling = Polling::open(&hub, ECHO);
    let posted: Vec<String> = (0..300).map(|number| format!("4{number}")).collect();
    let all = posted.join(SEPARATOR);
    let mut posting = polling.begin_post(all.len(), &all);
    hub.wait_for_some("dondo_pauses_total{rate=\"messages\"}");
    let mut socket = polling.upgrade();
    socket.text("4last");
    for number in &posted {
        assert_eq!(&socket.next_text(), number);
    }
    assert_eq!(http::read(&mut posting).text(), "ok");
    assert_eq!(socket.next_text(), "4last");
}

fn a_close_of_the_server_during_the_upgrade_ends_the_waiting_get(form: Form) {
    const HOUR: Duration = Duration::from_secs(3600);
    let hub = form.echoing_with(|config| config.engine.upgrade_timeout = HOUR);
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrading();
    let mut waiting = polling.wait();
    polling.say("4close");
    assert_eq!(body(&http::read(&mut waiting)), "1");
    hub.wait_for("dondo_closes_total{reason=\"forced close\"}", 1);
    // The WebSocket that was to take over is not left open, though it says nothing.
    assert_eq!(socket.next(), Frame::Close(None));
    assert_eq!(socket.next(), Frame::End);
}

fn order_holds_across_the_upgrade(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut heard = Vec::new();
    let mut socket = polling.upgrading();
    for number in 0..20 {
        polling.say(&format!("4{number}"));
        if number % 7 == 3 {
            heard.extend(polling.read().split(SEPARATOR).map(str::to_owned));
        }
        if number == 10 {
            socket.text("2probe");
            assert_eq!(socket.next_text(), "3probe");
        }
    }
    socket.text("5");
    for number in 20..40 {
        socket.text(&format!("4{number}"));
    }
    while heard.len() < 40 {
        heard.push(socket.next_text());
    }
    let sent: Vec<String> = (0..40).map(|number| format!("4{number}")).collect();
    assert_eq!(heard, sent);
}

fn many_sessions_upgrade_at_once_on_several_workers(form: Form) {
    let hub = form.echoing_with(|config| config.workers = 2);
    std::thread::scope(|scope| {
        for number in 0..20 {
            let hub = &hub;
            scope.spawn(move || {
                let polling = Polling::open(hub, ECHO);
                polling.say(&format!("4early {number}"));
                let mut socket = polling.upgrading();
                socket.text("2probe");
                socket.text("5");
                socket.text(&format!("4late {number}"));
                let expected = [
                    "3probe".to_owned(),
                    format!("4early {number}"),
                    format!("4late {number}"),
                ];
                assert_eq!([(); 3].map(|()| socket.next_text()), expected);
            });
        }
    });
}
