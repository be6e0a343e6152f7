//! What Node's servers can do and no other test shows, by stock clients: see `src/docs/from-node.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use dondo::{Data, Namespace, NamespaceHandle, RoomName, Socket};
use serde_json::json;

use crate::clients::{Kind, Robot, connected};
use crate::support::{Form, WebSocket, http, in_both_forms};

in_both_forms!(
    stock_clients_connect_at_the_path_of_the_setting,
    a_join_and_a_leave_are_done_when_they_have_been_awaited,
    a_socket_says_which_namespace_it_is_in,
    who_sees_all_events_that_come_or_go_is_taken_away,
    an_upgrade_that_nobody_serves_is_answered,
);

const KINDS: [Kind; 3] = [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault];

/// Fails if the setting does not say where clients connect, if they are served where they were without it, or if a client that has no
/// slash at the end of its path is served nowhere.
fn stock_clients_connect_at_the_path_of_the_setting(form: Form) {
    let root = Namespace::new("/").on("echo", async |Data(text): Data<String>| Ok(text));
    let hub = form.built(
        |config| config.path = "/live/".into(),
        |builder| builder.namespace(root),
    );
    for kind in KINDS {
        for slash in [true, false] {
            let mut options = kind.options();
            options["path"] = json!("/live");
            options["addTrailingSlash"] = json!(slash);
            let mut robot = Robot::start_with(&hub, kind, options);
            robot.tell("connect", &[]);
            robot.event("$connect");
            robot.settle();
            assert_eq!(robot.ask("echo", &[json!("here")]), "here");
        }
    }
    let elsewhere = http::get(&hub, "/socket.io/?EIO=4&transport=polling");
    assert_eq!(elsewhere.status, 404);
}

/// Fails if whoever has awaited a join or a leave is not in the room, or still is: asked by another thread, which knows of nothing
/// that is expected.
fn a_join_and_a_leave_are_done_when_they_have_been_awaited(form: Form) {
    let count = async |of: NamespaceHandle, room: RoomName| {
        let others = std::thread::spawn(move || of.to(room).count());
        others.join().unwrap().await
    };
    let root = Namespace::new("/")
        .on(
            "join",
            async move |s: Socket, of: NamespaceHandle, Data(room): Data<String>| {
                s.join(&room).await?;
                Ok(count(of, room.into()).await?)
            },
        )
        .on(
            "leave",
            async move |s: Socket, of: NamespaceHandle, Data(room): Data<String>| {
                s.leave(&room).await;
                Ok(count(of, room.into()).await?)
            },
        );
    let hub = form.built(|_| {}, |builder| builder.namespace(root));
    let mut robot = connected(&hub, Kind::JsWebSocket);
    for room in 0..50 {
        let room = [json!(format!("room {room}"))];
        assert_eq!(robot.ask("join", &room), 1);
        assert_eq!(robot.ask("leave", &room), 0);
    }
}

/// Fails if a socket of one connection in two namespaces is told the wrong one, or says something in the other.
fn a_socket_says_which_namespace_it_is_in(form: Form) {
    let whose = |name: &str| {
        Namespace::new(name).on("where", async |s: Socket| {
            let of = s.namespace();
            of.emit("said in", of.name())?;
            Ok(of.name().to_owned())
        })
    };
    let hub = form.built(
        |_| {},
        |builder| builder.namespace(whose("/")).namespace(whose("/news")),
    );
    let mut robot = connected(&hub, Kind::JsDefault);
    robot.tell("enter", &[json!("/news")]);
    robot.event("/news $connect");
    assert_eq!(robot.ask("where", &[]), "/");
    assert_eq!(robot.event("said in"), [json!("/")]);
    let there = robot.tell("askIn", &[json!("/news"), json!("where")]);
    assert_eq!(there, "/news");
    assert_eq!(robot.event("/news said in"), [json!("/news")]);
}

/// Fails if one that was to see all events goes on when it has been taken away, or if another one goes with it.
fn who_sees_all_events_that_come_or_go_is_taken_away(form: Form) {
    // What came and what went, seen by the one that is taken away and by the one that stays.
    let seen: Arc<[AtomicUsize; 4]> = Arc::default();
    let counts = seen.clone();
    let count = move |at: usize| {
        let seen = seen.clone();
        async move || {
            seen[at].fetch_add(1, SeqCst);
        }
    };
    let root = Namespace::new("/")
        .on_connect(async move |s: Socket| {
            let (came, went) = (s.on_any(count(0)), s.on_any_outgoing(count(1)));
            s.on_any(count(2));
            s.on_any_outgoing(count(3));
            s.on("off", async move |s: Socket| Ok([s.off(came), s.off(went)]));
        })
        .on("say", async |s: Socket| Ok(s.emit("said", ())?));
    let hub = form.built(|_| {}, |builder| builder.namespace(root));
    let mut robot = connected(&hub, Kind::JsWebSocket);
    // Each of the two events comes, and one goes.
    for (was_there, expected) in [(true, [2, 1, 2, 1]), (false, [2, 1, 4, 2])] {
        robot.ask("say", &[]);
        robot.event("said");
        assert_eq!(robot.ask("off", &[]), was_there);
        let counted = [0, 1, 2, 3].map(|at| counts[at].load(SeqCst));
        assert_eq!(counted, expected);
    }
}

/// Fails if an upgrade at a path where nobody stands holds its connection open, or takes one from those who are served.
fn an_upgrade_that_nobody_serves_is_answered(form: Form) {
    let hub = form.built(|config| config.workers = 1, |builder| builder);
    let (answer, _) = WebSocket::handshake(&hub, "/nobody/", &[]);
    assert_eq!(answer.status, 404);
    connected(&hub, Kind::JsWebSocket);
}
