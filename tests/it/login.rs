//! A host's own login, which runs on the request that opens a connection, whatever its transport and whoever serves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::cookie::{Key, SameSite};
use actix_web::error::ErrorUnauthorized;
use actix_web::http::header::HeaderValue;
use actix_web::{App, HttpRequest, HttpServer, web};
use dondo::{Account, Builder, Connecting, Dondo, Identity, Namespace, Socket};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::clients::{Kind, Robot};
use crate::support::{
    Client, Form, Hub, PATIENCE, Polling, WebSocket, http, in_both_forms, polling,
};

in_both_forms!(
    whom_the_login_finds_is_the_identity_on_either_transport,
    the_error_of_a_login_is_the_answer_to_the_opening_request,
    a_session_that_changes_its_transport_keeps_its_identity,
    a_middleware_has_the_last_word_on_who_it_is,
    a_login_that_waits_holds_its_own_request_alone,
    a_login_that_never_ends_is_refused_in_its_time_and_leaves_nothing,
    a_login_that_panics_costs_its_own_request,
    whom_the_host_lets_moderate_has_no_limits_of_channels_and_accounts,
);

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

struct User {
    name: String,
    level: u32,
}

impl Account for User {
    fn account(&self) -> &str {
        &self.name
    }

    fn moderates(&self, channel: Option<&str>) -> bool {
        match channel {
            Some(channel) => self.name == "chief" || self.name == channel,
            None => self.name == "chief",
        }
    }
}

/// `x-name` says who it is; `eve` may not come, `boom` panics.
async fn by_header(request: HttpRequest) -> actix_web::Result<Option<User>> {
    let name = request.headers().get("x-name").map(HeaderValue::to_str);
    match name.transpose().map_err(ErrorUnauthorized)? {
        Some("eve") => Err(ErrorUnauthorized("eve may not")),
        Some("boom") => panic!("a login panics"),
        name => Ok(name.map(|name| User {
            name: name.to_owned(),
            level: 7,
        })),
    }
}

fn whoami(name: &str) -> Namespace {
    Namespace::new(name).on(
        "whoami",
        async |user: Option<Identity<User>>, socket: Socket| {
            let account = socket.account().map(|account| account.to_string());
            Ok(json!([user.map(|user| user.level), account]))
        },
    )
}

fn hub(form: Form, change: impl FnOnce(Builder) -> Builder) -> Hub {
    form.built(
        |settings| settings.workers = 1,
        |builder| change(builder.identify(by_header).namespace(whoami("/"))),
    )
}

fn websocket(hub: &Hub, name: &str) -> Client {
    let (answer, socket) = WebSocket::handshake(hub, WEBSOCKET, &[("x-name", name)]);
    assert_eq!(answer.status, 101);
    Client::over(socket, "/")
}

/// Opens a session on long-polling.
fn polling<'a>(hub: &'a Hub, headers: &[(&str, &str)]) -> Polling<'a> {
    let answer = http::request(hub, "GET", POLLING, headers, b"");
    Polling {
        hub,
        sid: polling::sid(&polling::body(&answer)),
        path: "/socket.io/".to_owned(),
    }
}

/// Would fail if one of the transports had no login, or if what it finds did not reach handlers and the hub.
fn whom_the_login_finds_is_the_identity_on_either_transport(form: Form) {
    let hub = hub(form, |builder| builder.namespace(whoami("/more")));
    let mut ama = websocket(&hub, "ama");
    assert_eq!(ama.ask("whoami", &[]), json!([7, "ama"]));
    let mut nobody = Client::connect(&hub);
    assert_eq!(nobody.ask("whoami", &[]), json!([null, null]));
    for namespace in ["", "/more,"] {
        let kofi = polling(&hub, &[("x-name", "kofi")]);
        kofi.say(&format!("40{namespace}"));
        kofi.read();
        kofi.say(&format!("42{namespace}1[\"whoami\"]"));
        assert_eq!(kofi.read(), format!("43{namespace}1[[7,\"kofi\"]]"));
    }
}

/// Would fail if a login's refusal were the hub's own answer on one of the transports, or if a session were left behind.
fn the_error_of_a_login_is_the_answer_to_the_opening_request(form: Form) {
    let hub = hub(form, |builder| builder);
    let eve = [("x-name", "eve")];
    let polled = http::request(&hub, "GET", POLLING, &eve, b"");
    let (switched, _) = WebSocket::handshake(&hub, WEBSOCKET, &eve);
    for answer in [polled, switched] {
        assert_eq!((answer.status, &*answer.text()), (401, "eve may not"));
        assert!(
            answer
                .header("Vary")
                .is_some_and(|on| on.contains("Origin"))
        );
    }
    assert_eq!(hub.doors().sessions(), 0);
}

/// Would fail if an upgrade were asked who it is, or took its identity from its own headers.
fn a_session_that_changes_its_transport_keeps_its_identity(form: Form) {
    let hub = hub(form, |builder| builder);
    let session = polling(&hub, &[("x-name", "ama")]);
    session.say("40");
    session.read();
    let target = session.upgrade_target();
    let (answer, mut socket) = WebSocket::handshake(&hub, &target, &[("x-name", "eve")]);
    assert_eq!(answer.status, 101);
    socket.text("2probe");
    assert_eq!(socket.next_text(), "3probe");
    socket.text("5");
    socket.text("421[\"whoami\"]");
    assert_eq!(socket.next_text(), "431[[7,\"ama\"]]");
}

/// Would fail if what the login found could not be replaced, or were replaced in another namespace too.
fn a_middleware_has_the_last_word_on_who_it_is(form: Form) {
    let promoted =
        whoami("/staff").middleware(async |client: Connecting, Identity(user): Identity<User>| {
            let (name, level) = (format!("staff:{}", user.name), user.level + 1);
            client.login(User { name, level });
        });
    let hub = hub(form, |builder| builder.namespace(promoted));
    let (_, mut socket) = WebSocket::handshake(&hub, WEBSOCKET, &[("x-name", "ama")]);
    socket.next_text();
    for (namespace, expected) in [
        ("/staff,", json!([8, "staff:ama"])),
        ("", json!([7, "ama"])),
    ] {
        socket.text(&format!("40{namespace}"));
        socket.next_text();
        socket.text(&format!("42{namespace}1[\"whoami\"]"));
        assert_eq!(socket.next_text(), format!("43{namespace}1[{expected}]"));
    }
    let (_, mut nobody) = WebSocket::handshake(&hub, WEBSOCKET, &[]);
    nobody.next_text();
    nobody.text("40/staff,");
    assert!(nobody.next_text().contains("log in first"));
}

/// Would fail if a login held its worker, its connection's other namespaces, or a lock: the hub has one worker.
fn a_login_that_waits_holds_its_own_request_alone(form: Form) {
    let (open, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = (open.clone(), begun.clone());
    let slow = move |request: HttpRequest| {
        let (open, begun) = gate.clone();
        async move {
            if request.headers().contains_key("x-slow") {
                begun.fetch_add(1, Ordering::SeqCst);
                drop(open.acquire().await);
            }
            by_header(request).await
        }
    };
    // Until the gate is open, however long that takes.
    let hub = hub(form, |builder| {
        builder.identify(slow).admission_timeout(PATIENCE)
    });
    let headers = [("x-name", "slow"), ("x-slow", "1")];
    let mut polled = http::send(&hub, "GET", POLLING, &headers, b"");
    let switching = std::thread::scope(|scope| {
        let switching = scope.spawn(|| WebSocket::handshake(&hub, WEBSOCKET, &headers));
        while begun.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
        let mut ama = websocket(&hub, "ama");
        assert_eq!(ama.ask("whoami", &[]), json!([7, "ama"]));
        // They have their places: who makes logins wait cannot have more than the limits say.
        assert_eq!(hub.doors().sessions(), 3);
        open.close();
        switching.join().unwrap()
    });
    let mut client = Client::over(switching.1, "/");
    assert_eq!(client.ask("whoami", &[]), json!([7, "slow"]));
    assert!(polling::body(&http::read(&mut polled)).starts_with("0{"));
}

/// Would fail if a login had no time, or kept its place after it.
fn a_login_that_never_ends_is_refused_in_its_time_and_leaves_nothing(form: Form) {
    let never = async || -> actix_web::Result<Option<String>> { std::future::pending().await };
    let limit = Duration::from_millis(50);
    let hub = hub(form, |builder| {
        builder.identify(never).admission_timeout(limit)
    });
    let polled = http::get(&hub, POLLING);
    let (switched, _) = WebSocket::handshake(&hub, WEBSOCKET, &[]);
    let told = r#"{"code":"login_timeout","message":"Timed out"}"#;
    for answer in [polled, switched] {
        assert_eq!((answer.status, &*answer.text()), (503, told));
        assert_eq!(answer.header("Retry-After"), Some("1"));
    }
    assert_eq!(hub.doors().sessions(), 0);
}

/// Would fail if a panic ended the worker, left its request without an answer, or kept the place of the session that nobody opened.
fn a_login_that_panics_costs_its_own_request(form: Form) {
    let hub = hub(form, |builder| builder);
    let switching = [
        ("x-name", "boom"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    for (target, headers) in [(POLLING, &switching[..1]), (WEBSOCKET, &switching[..])] {
        let mut stream = http::send(&hub, "GET", target, headers, b"");
        assert_eq!(http::read(&mut stream).status, 500);
    }
    let mut ama = websocket(&hub, "ama");
    assert_eq!(ama.ask("whoami", &[]), json!([7, "ama"]));
    assert_eq!(hub.doors().sessions(), 1);
}

#[derive(Serialize, Deserialize)]
struct Visitor(String);

impl Account for Visitor {
    fn account(&self) -> &str {
        &self.0
    }
}

/// Would fail if the login did not stand behind the host's own middlewares, or if a closure needed its types spelled out.
#[test]
fn an_extractor_of_the_hosts_own_is_the_identity_of_a_stock_client() {
    let whoami = async |Identity(user): Identity<Visitor>| Ok(user.0.clone());
    let dondo = Dondo::builder()
        .identify(async |session: Session| Ok(session.get::<Visitor>("user")?))
        .namespace(Namespace::new("/").on("whoami", whoami))
        .build()
        .unwrap();
    let (mount, serving, key) = (dondo.clone(), dondo.clone(), Key::generate());
    let log_in = async |session: Session, name: String| -> actix_web::Result<&'static str> {
        session.insert("user", Visitor(name))?;
        Ok("welcome")
    };
    let hub = Hub::serving(dondo, move |listener| {
        let server = HttpServer::new(move || {
            let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
                .cookie_secure(false)
                .cookie_same_site(SameSite::Lax);
            App::new()
                .wrap(sessions.build())
                .route("/login", web::post().to(log_in))
                .configure(mount.configure())
        });
        let server = serving.tune(server).workers(2).shutdown_timeout(0);
        server.listen(listener).unwrap().run()
    });
    let welcome = http::request(&hub, "POST", "/login", &[], b"Ama");
    let cookie = welcome.header("Set-Cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    for kind in [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault] {
        let mut options = kind.options();
        options["extraHeaders"] = json!({ "cookie": cookie });
        let mut robot = Robot::start_with(&hub, kind, options);
        robot.tell("connect", &[]);
        robot.event("$connect");
        let said: Value = robot.ask("whoami", &[]);
        assert_eq!(said, "Ama", "{kind:?}");
    }
}

/// Fails if what a host's user says of itself does not exempt it, exempts it elsewhere, or exempts others.
fn whom_the_host_lets_moderate_has_no_limits_of_channels_and_accounts(form: Form) {
    let hub = form.built(
        |settings| {
            settings.limits.account_sessions_max = 1;
            let hour = Duration::from_secs(3600);
            settings.hub.slow_mode = vec![dondo::config::SlowMode::new("*", hour)];
            settings.hub.channel_capacity = vec![dondo::config::ChannelCapacity::new("*", 1)];
        },
        |builder| builder.identify(by_header).namespace(Namespace::hub("/")),
    );
    let speaks = |client: &mut Client, channel: &str| {
        client.ask(channel, &[json!("first")]);
        client.ask(channel, &[json!("second")])["code"].clone()
    };
    let joins = |client: &mut Client, channel: &str| {
        client.ask("join-channel", &[json!(channel)])["code"].clone()
    };
    let mut guest = Client::connect(&hub);
    let (mut ama, mut chief) = (websocket(&hub, "ama"), websocket(&hub, "chief"));
    for channel in ["ama", "other"] {
        assert_eq!(joins(&mut guest, channel), Value::Null);
        assert_eq!(joins(&mut chief, channel), Value::Null);
        assert_eq!(speaks(&mut chief, channel), Value::Null);
        assert_eq!(speaks(&mut guest, channel), "slow_mode");
    }
    assert_eq!(joins(&mut ama, "ama"), Value::Null);
    assert_eq!(joins(&mut ama, "other"), "channel_full");
    assert_eq!(speaks(&mut ama, "ama"), Value::Null);
    assert_eq!(speaks(&mut ama, "other"), "slow_mode");
    // As many clients of everybody's account as may be, and more of one that moderates everything.
    let _again = websocket(&hub, "chief");
    let (_, mut socket) = WebSocket::handshake(&hub, WEBSOCKET, &[("x-name", "ama")]);
    socket.next_text();
    socket.text("40");
    let refused = socket.next_text();
    assert!(refused.contains("account_sessions_max"), "{refused}");
}
