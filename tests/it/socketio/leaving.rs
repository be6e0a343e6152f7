//! Leaving a namespace or the server, and the reasons that handlers see (wire reference 3 and 3.2).

use std::time::Duration;

use dondo::DisconnectReason;

use crate::support::polling::SEPARATOR;
use crate::support::{Form, Frame, Polling, in_both_forms};

use super::app::{App, is_alive, is_closed};

in_both_forms!(
    a_disconnect_leaves_one_namespace_and_nothing_is_sent_back,
    an_event_behind_a_disconnect_closes,
    a_namespace_that_was_left_can_be_joined_again,
    handlers_see_why_a_member_went,
);

fn a_disconnect_leaves_one_namespace_and_nothing_is_sent_back(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/", "/a"]);
    for packet in ["41/a", "40/a,", "41/a,"] {
        socket.text(packet);
        if packet.starts_with("41") {
            assert_eq!(app.farewell().0, "/a");
            is_alive(&mut socket);
        } else {
            assert!(socket.next_text().starts_with("40/a,{"));
        }
    }
    // With no namespace left the connection stays too: it answers the next CONNECT, and nothing came before.
    socket.text("41");
    assert_eq!(app.farewell().0, "/");
    app.wait_for("dondo_members", 0);
    socket.text("40");
    assert!(matches!(socket.next(), Frame::Text(text) if text.starts_with("40{")));
}

fn an_event_behind_a_disconnect_closes(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/", "/a"]);
    socket.text("41/a");
    assert_eq!(app.farewell().0, "/a");
    socket.text(r#"42/a,["echo"]"#);
    is_closed(&mut socket, "an event for a namespace that it left");
    assert_eq!(
        app.farewell(),
        ("/".to_owned(), DisconnectReason::ForcedClose)
    );
}

fn a_namespace_that_was_left_can_be_joined_again(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        socket.text("41");
        socket.text("40");
        ids.insert(socket.next_text());
        is_alive(&mut socket);
    }
    assert_eq!(ids.len(), 3, "each time with a new id");
}

fn handlers_see_why_a_member_went(form: Form) {
    let app = App::with(form, |config| config.engine.max_payload = 1000);
    let why = |reason: DisconnectReason| assert_eq!(app.farewell(), ("/".to_owned(), reason));
    drop(app.inside(&["/"]));
    why(DisconnectReason::TransportClose);
    let mut leaving = app.inside(&["/"]);
    leaving.text("41");
    why(DisconnectReason::ClientLeft);
    drop(leaving);
    app.inside(&["/"]).text("1");
    why(DisconnectReason::TransportClose);
    app.inside(&["/"]).text(&"4".repeat(1001));
    why(DisconnectReason::TransportError);
    app.inside(&["/"]).text("x");
    why(DisconnectReason::ParseError);
    app.inside(&["/"]).text("4x");
    why(DisconnectReason::ForcedClose);
    let polling = Polling::open(&app, "/socket.io/");
    polling.say(&["40", "1"].join(SEPARATOR));
    why(DisconnectReason::TransportClose);
    let hasty = App::with(form, |config| {
        config.engine.ping_interval = Duration::from_millis(100);
        config.engine.ping_timeout = Duration::from_secs(1);
    });
    let (silent, _) = hasty.inside_in_time();
    assert_eq!(
        hasty.farewell(),
        ("/".to_owned(), DisconnectReason::PingTimeout)
    );
    drop(silent);
    let words = [
        (DisconnectReason::TransportClose, "transport close"),
        (DisconnectReason::ClientLeft, "client namespace disconnect"),
        (DisconnectReason::TransportError, "transport error"),
        (DisconnectReason::ParseError, "parse error"),
        (DisconnectReason::ForcedClose, "forced close"),
        (DisconnectReason::PingTimeout, "ping timeout"),
        (DisconnectReason::ShuttingDown, "server shutting down"),
    ];
    assert!(words.iter().all(|(reason, word)| reason.as_str() == *word));
}

#[test]
fn a_shutdown_says_no_41_and_members_hear_of_it() {
    let mut app = App::start(Form::Standalone);
    let mut socket = app.inside(&["/", "/a"]);
    app.stop();
    assert!(matches!(socket.next(), Frame::Close(_)));
    assert_eq!(socket.next(), Frame::End);
    let mut gone = [(); 2].map(|()| app.farewell());
    gone.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        gone,
        ["/", "/a"].map(|name| (name.to_owned(), DisconnectReason::ShuttingDown))
    );
}
