//! Coming into a namespace (wire reference 3.2).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::polling::{UNKNOWN, sid};
use crate::support::{ECHO, Form, Frame, PATIENCE, Polling, WebSocket, http, in_both_forms};

use super::app::{App, is_alive, is_closed};

in_both_forms!(
    an_accepted_connect_is_answered_with_the_socket_id_alone,
    socket_ids_are_not_the_sessions_id_and_differ_by_namespace,
    a_refusal_gives_message_and_data_and_the_rest_stays,
    an_unknown_namespace_is_invalid,
    an_unknown_namespace_with_a_long_name_is_invalid_and_costs_nothing_else,
    the_answer_comes_before_what_the_handler_says,
    events_wait_until_the_connect_handler_is_done,
    a_connection_that_joins_nothing_ends,
    a_refusal_does_not_stop_the_clock,
    a_member_that_leaves_does_not_start_the_clock_again,
    on_polling_the_time_limit_is_told_by_a_get,
    an_endpoint_without_namespaces_has_no_time_limit,
);

fn an_accepted_connect_is_answered_with_the_socket_id_alone(form: Form) {
    let app = App::start(form);
    let mut socket = app.socket();
    socket.text("40");
    let answer = socket.next_text();
    let body: Value = serde_json::from_str(&answer[2..]).unwrap();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["sid"]);
    assert_eq!(body["sid"].as_str().unwrap().len(), 20);
}

fn socket_ids_are_not_the_sessions_id_and_differ_by_namespace(form: Form) {
    let app = App::start(form);
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        let mut socket = WebSocket::open(&app, "/socket.io/?EIO=4&transport=websocket");
        ids.insert(sid(&socket.next_text()));
        for namespace in ["", "/a,"] {
            socket.text(&format!("40{namespace}"));
            ids.insert(sid(&socket.next_text()));
        }
    }
    assert_eq!(ids.len(), 6);
}

fn a_refusal_gives_message_and_data_and_the_rest_stays(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for (namespace, body) in [
        (
            "/closed",
            r#"{"message":"not \"now\"","data":{"code":"closed"}}"#,
        ),
        (
            "/told",
            r#"{"message":"not \"now\"","data":{"until":"noon"}}"#,
        ),
    ] {
        // A refused client may try again.
        for _ in 0..2 {
            socket.text(&format!("40{namespace},"));
            assert_eq!(socket.next_text(), format!("44{namespace},{body}"));
            is_alive(&mut socket);
        }
    }
}

fn an_unknown_namespace_is_invalid(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for namespace in ["/nowhere", "/A", "/a/"] {
        socket.text(&format!("40{namespace},{{}}"));
        assert_eq!(
            socket.next_text(),
            format!(r#"44{namespace},{{"message":"Invalid namespace"}}"#)
        );
        is_alive(&mut socket);
    }
}

fn an_unknown_namespace_with_a_long_name_is_invalid_and_costs_nothing_else(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for letters in [255, 256, 1000, 900_000] {
        let namespace = format!("/{}", "n".repeat(letters));
        socket.text(&format!("40{namespace},"));
        let expected = format!(r#"44{namespace},{{"message":"Invalid namespace"}}"#);
        assert!(socket.next_text() == expected, "{letters} letters");
        is_alive(&mut socket);
    }
}

fn the_answer_comes_before_what_the_handler_says(form: Form) {
    let app = App::start(form);
    let mut socket = app.socket();
    socket.text("40/greet,");
    assert!(socket.next_text().starts_with("40/greet,{"));
    assert_eq!(socket.next_text(), r#"42/greet,["welcome",1]"#);
}

fn events_wait_until_the_connect_handler_is_done(form: Form) {
    let app = App::start(form);
    let mut socket = app.socket();
    // Sent without waiting for the answers; /slow's handler never ends, so its event is never handled.
    for packet in ["40/slow,", r#"42/slow,["echo"]"#, "40", r#"42["echo",2]"#] {
        socket.text(packet);
    }
    assert!(socket.next_text().starts_with("40/slow,{"));
    assert!(socket.next_text().starts_with("40{"));
    assert_eq!(socket.next_text(), r#"42["echo",[2]]"#);
    is_alive(&mut socket);
}

const LATE: &str = "dondo_closes_total{reason=\"connect timeout\"}";

fn hasty(form: Form) -> App {
    App::with(form, |config| {
        config.workers = 1;
        // Longer than a machine keeps anybody from joining, as a rule.
        config.engine.connect_timeout = Duration::from_secs(2);
    })
}

fn a_connection_that_joins_nothing_ends(form: Form) {
    let app = hasty(form);
    is_closed(&mut app.socket(), "it has said nothing");
    app.wait_for(LATE, 1);
}

fn a_refusal_does_not_stop_the_clock(form: Form) {
    let app = hasty(form);
    let deadline = Instant::now() + PATIENCE;
    for late in 1.. {
        let mut socket = app.socket();
        let refused = ["/closed", "/nowhere"].iter().all(|namespace| {
            socket.text(&format!("40{namespace},"));
            match socket.next() {
                Frame::Text(answer) => answer.starts_with("44"),
                // A machine that stood still for so long: another one asks then.
                end => {
                    assert_eq!(end, Frame::Close(None));
                    false
                }
            }
        });
        if refused {
            is_closed(&mut socket, "it was refused");
            return app.wait_for(LATE, late);
        }
        assert!(Instant::now() < deadline, "it is not refused");
    }
}

fn a_member_that_leaves_does_not_start_the_clock_again(form: Form) {
    let app = hasty(form);
    let (mut socket, late) = app.inside_in_time();
    socket.text("41");
    assert_eq!(app.farewell().0, "/");
    // Another connection lives through the whole time after that.
    is_closed(&mut app.socket(), "it has said nothing");
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
    assert_eq!(app.metric(LATE), late + 1);
}

fn on_polling_the_time_limit_is_told_by_a_get(form: Form) {
    let app = hasty(form);
    let deadline = Instant::now() + PATIENCE;
    let mut late = 1;
    loop {
        let polling = Polling::open(&app, "/socket.io/");
        let told = http::read(&mut polling.wait());
        if told.status == 200 {
            assert_eq!(told.text(), "1");
            break;
        }
        // Its time was over before its GET came, on a machine that stood still for so long: another one asks then.
        assert_eq!(told.text(), UNKNOWN);
        late += 1;
        assert!(Instant::now() < deadline, "{late} were too late");
    }
    let polling = Polling::open(&app, "/socket.io/");
    // One who does not poll is not kept for it: he costs nothing to make.
    app.wait_for(LATE, late + 1);
    polling.is_gone_already();
}

fn an_endpoint_without_namespaces_has_no_time_limit(form: Form) {
    let app = hasty(form);
    let mut socket = WebSocket::open(&app, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    is_closed(&mut app.socket(), "it has said nothing");
    socket.text("4still here");
    assert_eq!(socket.next(), Frame::Text("4still here".to_owned()));
}
