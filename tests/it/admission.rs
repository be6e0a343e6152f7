//! A middleware that takes its time, fails, panics or never answers, and what it knows of the client.

use std::future::pending;
use std::time::Duration;

use dondo::config::Settings;
use dondo::{Arguments, Auth, Builder, Connecting, Error, Handshake, Namespace, Result, Socket};
use serde_json::{Value, json};

use crate::support::{Application, Form, Frame, Hub, PATIENCE, WebSocket, in_both_forms, masked};

in_both_forms!(
    a_stock_client_hears_how_each_admission_ended,
    what_is_said_to_a_namespace_waits_for_its_admission_and_nothing_else_does,
    who_leaves_before_it_is_admitted_is_not_admitted,
    who_asks_anew_before_it_is_answered_is_decided_by_what_it_said_last,
    who_waits_for_an_admission_is_not_late_for_it,
    a_session_that_ends_while_it_is_admitted_leaves_nothing,
    what_was_said_before_a_late_refusal_is_forgotten,
    who_asks_again_and_again_is_read_later,
);

const NAMESPACES: [&str; 6] = [
    "/",
    "/slow",
    "/fails",
    "/panics",
    "/panics-at-once",
    "/never",
];

/// Lets in after 300 ms whoever comes to `/slow`; its account is all that is known of it.
async fn admit(client: Connecting, Auth(auth): Auth<Value>, handshake: Handshake) -> Result {
    match client.namespace() {
        "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
        "/fails" => {
            tokio::task::yield_now().await;
            let until = json!({"until": "noon"});
            return Err(Error::new("full", "no room").with_data(until));
        }
        "/panics-at-once" => panic!("a middleware panics"),
        "/panics" => {
            tokio::task::yield_now().await;
            panic!("a middleware panics later");
        }
        "/never" => pending().await,
        _ => {}
    }
    let known = json!({
        "auth": auth,
        "room": handshake.parameter("room"),
        "who": handshake.header("X-Who"),
        "hidden": handshake.header("Sec-WebSocket-Key"),
        "address": client.address(),
    });
    client.login(known.to_string());
    Ok(())
}

fn hub(form: Form) -> Hub {
    hub_with(form, Duration::from_millis(600), |_| {})
}

fn hub_with(form: Form, limit: Duration, change: impl FnOnce(&mut Settings)) -> Hub {
    let namespaces = NAMESPACES.map(|name| {
        Namespace::hub(name)
            .middleware(admit)
            .on("who", async |socket: Socket| {
                Ok(socket.emit("who", socket.account().map(|name| &**name))?)
            })
            .on("echo", async |socket: Socket, all: Arguments| {
                Ok(socket.emit("echo", all.all::<Vec<Value>>()?)?)
            })
    });
    form.built(change, |builder| {
        let builder = builder.admission_timeout(limit);
        namespaces.into_iter().fold(builder, Builder::namespace)
    })
}

fn socket(hub: &Hub) -> WebSocket {
    let target = "/socket.io/?EIO=4&transport=websocket&room=a%20b";
    let (answer, mut socket) = WebSocket::handshake(hub, target, &[("x-who", "Ama")]);
    assert_eq!(answer.status, 101);
    assert!(socket.next_text().starts_with("0{"));
    socket
}

/// Sends these in one go: a client that is held up between two of them would say the second after the first was decided.
fn say_at_once(socket: &mut WebSocket, texts: &[&str]) {
    let frames = texts.iter().map(|text| masked(0x81, text.as_bytes()));
    socket.raw(&frames.collect::<Vec<_>>().concat());
}

/// Reads the next two texts, which begin like these, in any order: two namespaces wait for nothing of each other.
fn hears_both(socket: &mut WebSocket, begin: [&str; 2]) {
    let heard = [socket.next_text(), socket.next_text()];
    for start in begin {
        let is_it = |text: &String| text.starts_with(start);
        assert!(heard.iter().any(is_it), "no {start} in {heard:?}");
    }
}

/// Would fail if an admission were not waited for, not limited, or if one that failed were told as another.
fn a_stock_client_hears_how_each_admission_ended(form: Form) {
    let hub = hub(form);
    for transport in ["polling", "websocket"] {
        let mut client = Application::node("admission.js", &[&hub.url(), transport]);
        let mut told: Vec<Value> = Vec::new();
        while let Some(line) = client.line() {
            told.push(serde_json::from_str(&line).unwrap());
        }
        client.end();
        told.sort_by_key(|one| one["namespace"].to_string());
        let known = json!({
            "auth": {"word": "akwaaba"},
            "room": "a b",
            "who": "Ama",
            "hidden": null,
            "address": "127.0.0.1",
        });
        let expected = json!([
            {"namespace": "/fails", "error": "no room", "data": {"until": "noon"}},
            {"namespace": "/never", "error": "Timed out", "data": null},
            {"namespace": "/panics", "error": "internal", "data": null},
            {"namespace": "/panics-at-once", "error": "internal", "data": null},
            {"namespace": "/slow", "who": known},
        ]);
        assert_eq!(json!(told), expected, "{transport}");
    }
}

/// Would fail if the session stood still while it asks, or if what a hasty client says were lost or closed it.
fn what_is_said_to_a_namespace_waits_for_its_admission_and_nothing_else_does(form: Form) {
    // Longer than a busy machine takes for all that comes before the end of `/never`.
    let hub = hub_with(form, Duration::from_secs(8), |_| {});
    let mut socket = socket(&hub);
    say_at_once(
        &mut socket,
        &[
            "40/never,",
            "40/slow,",
            r#"42/slow,["echo",1]"#,
            r#"42/slow,["echo",2]"#,
            "40",
            r#"42["echo","at once"]"#,
        ],
    );
    let (mut root, mut slow) = (Vec::new(), Vec::new());
    let refused = loop {
        let text = socket.next_text();
        if text.starts_with("44/never,") {
            break text;
        }
        match text.contains("/slow,") {
            true => slow.push(text),
            false => root.push(text),
        }
    };
    assert_eq!(refused, r#"44/never,{"message":"Timed out"}"#);
    assert!(root[0].starts_with("40{"), "{root:?}");
    assert_eq!(root[1..], [r#"42["echo",["at once"]]"#]);
    assert!(slow[0].starts_with("40/slow,{"), "{slow:?}");
    assert_eq!(
        slow[1..],
        [r#"42/slow,["echo",[1]]"#, r#"42/slow,["echo",[2]]"#]
    );
    socket.text("40/fails,");
    assert!(socket.next_text().starts_with("44/fails,"), "it goes on");
}

/// The credentials that `/slow` was asked with.
fn asked_with(socket: &mut WebSocket) -> Value {
    socket.text(r#"42/slow,["who"]"#);
    let told = socket.next_text();
    let told: Value = serde_json::from_str(told.strip_prefix("42/slow,").unwrap()).unwrap();
    let known: Value = serde_json::from_str(told[1].as_str().unwrap()).unwrap();
    known["auth"].clone()
}

/// Would fail if a CONNECT that was taken back were still decided, or if it stood in the way of the next.
fn who_leaves_before_it_is_admitted_is_not_admitted(form: Form) {
    let hub = hub(form);
    let mut socket = socket(&hub);
    say_at_once(
        &mut socket,
        &[
            r#"40/slow,{"n":1}"#,
            r#"42/slow,["echo",1]"#,
            "41/slow,",
            r#"40/slow,{"n":2}"#,
            "40",
        ],
    );
    hears_both(&mut socket, ["40{", "40/slow,{"]);
    assert_eq!(asked_with(&mut socket), json!({"n": 2}));
    say_at_once(&mut socket, &["41/slow,", r#"40/slow,{"n":3}"#, "41/slow,"]);
    hub.wait_for("dondo_members", 1);
    // Longer than the admission would have taken.
    socket.text("40/never,");
    assert!(socket.next_text().starts_with("44/never,"));
}

/// Would fail if the session were closed for it, as it was, or if the first CONNECT were decided: a stock client says nothing
/// of a connection that it gives up before it is answered.
fn who_asks_anew_before_it_is_answered_is_decided_by_what_it_said_last(form: Form) {
    let hub = hub(form);
    let mut socket = socket(&hub);
    say_at_once(
        &mut socket,
        &[
            "40",
            r#"40/slow,{"n":1}"#,
            r#"42/slow,["echo",1]"#,
            r#"40/slow,{"n":2}"#,
        ],
    );
    hears_both(&mut socket, ["40{", "40/slow,{"]);
    assert_eq!(asked_with(&mut socket), json!({"n": 2}));
    hub.wait_for("dondo_members", 2);
    socket.text(r#"40/slow,{"n":3}"#);
    assert_eq!(socket.next(), Frame::Close(None), "it is in there now");
}

/// Would fail if the time to come into a namespace ended a session whose admission is under way; where that is refused it does end.
fn who_waits_for_an_admission_is_not_late_for_it(form: Form) {
    // A client that is held up has so long to ask for its admission.
    let hub = hub_with(form, Duration::from_secs(7), |settings| {
        settings.engine.connect_timeout = Duration::from_secs(5);
    });
    let mut socket = socket(&hub);
    socket.text("40/never,");
    assert_eq!(socket.next_text(), r#"44/never,{"message":"Timed out"}"#);
    assert_eq!(socket.next(), Frame::Close(None));
}

/// Would fail if an admission kept its session, its credentials or its handshake.
fn a_session_that_ends_while_it_is_admitted_leaves_nothing(form: Form) {
    let hub = hub_with(form, PATIENCE * 3, |_| {});
    let mut socket = socket(&hub);
    let auth = "a".repeat(10_000);
    socket.text(&format!(r#"40/never,{{"word":"{auth}"}}"#));
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
    assert!(hub.metric("dondo_bytes{what=\"auth\"}") > 10_000);
    drop(socket);
    hub.wait_for("dondo_sessions{state=\"websocket\"}", 0);
    hub.wait_for("dondo_bytes{what=\"auth\"}", 0);
}

/// Would fail if it closed the session: it is the hub that took its time.
fn what_was_said_before_a_late_refusal_is_forgotten(form: Form) {
    let hub = hub(form);
    let mut socket = socket(&hub);
    socket.text("40/never,");
    socket.text(r#"42/never,["echo",1]"#);
    assert!(socket.next_text().starts_with("44/never,"));
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
}

/// Would fail if each CONNECT that is taken back cost the host a login, and its client nothing.
fn who_asks_again_and_again_is_read_later(form: Form) {
    let hub = hub_with(form, Duration::from_millis(600), |settings| {
        settings.limits.joins_per_s = 5;
        settings.limits.burst = Duration::from_secs(1);
    });
    let mut socket = socket(&hub);
    for _ in 0..20 {
        socket.text("40/never,");
    }
    hub.wait_for_some("dondo_pauses_total{rate=\"joins and leaves\"}");
    assert_eq!(socket.next_text(), r#"44/never,{"message":"Timed out"}"#);
}
