//! What an application does with a hub of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_cors::Cors;
use actix_identity::IdentityMiddleware;
use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, Logger, Next, NormalizePath, from_fn};
use actix_web::{App, HttpServer, web};
use dondo::{Arguments, Data, Dondo, Namespace, NamespaceHandle, Socket, blocking};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::clients::{Kind, Robot};
use crate::support::{Client, Hub, PATIENCE, WebSocket, http, polling};

/// A hub in an `App` that the expression makes, with whatever stands around the hub there.
macro_rules! hub_in {
    (|$dondo:ident| $app:expr) => {
        hub_in!(Dondo::builder(), |$dondo| $app)
    };
    ($builder:expr, |$dondo:ident| $app:expr) => {{
        let dondo = $builder.build().unwrap();
        let ($dondo, serving) = (dondo.clone(), dondo.clone());
        Hub::serving(dondo, move |listener| {
            serving
                .tune(HttpServer::new(move || $app))
                .workers(2)
                .shutdown_timeout(0)
                .listen(listener)
                .unwrap()
                .run()
        })
    }};
}

/// Stock clients at this path chat with each other, over long-polling, over a WebSocket, and from one to the other.
fn chat(hub: &Hub, path: &str) {
    let kinds = [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault];
    let mut robots: Vec<Robot> = kinds
        .map(|kind| Robot::start_at(hub, kind, path))
        .into_iter()
        .collect();
    for robot in &mut robots {
        robot.tell("connect", &[]);
        robot.event("$connect");
        robot.settle();
        let joined = robot.ask("join-channel", &[json!("lobby")]);
        assert_eq!(joined["ok"], true, "{joined}");
    }
    for sender in 0..robots.len() {
        // Long enough for what compresses answers.
        let text = format!("{sender} says {}", "so ".repeat(2000));
        let said = robots[sender].ask("lobby", &[json!(text)]);
        assert_eq!(said["recipients"], 3, "{said}");
        for robot in &mut robots {
            assert_eq!(robot.letter("lobby")["data"]["message"], text);
        }
    }
}

#[test]
fn where_the_host_trims_slashes_stock_clients_connect() {
    let hub = hub_in!(|dondo| {
        App::new()
            .wrap(NormalizePath::trim())
            .configure(dondo.configure_observation())
            .configure(dondo.configure())
    });
    chat(&hub, "/socket.io/");
    assert_eq!(http::get(&hub, "/healthz/").status, 200);
    assert_eq!(http::get(&hub, "/socket.iox").status, 404);
}

#[test]
fn in_a_scope_of_the_host_stock_clients_connect() {
    let hub =
        hub_in!(|dondo| { App::new().service(web::scope("/live").configure(dondo.configure())) });
    chat(&hub, "/live/socket.io/");
    assert_eq!(
        http::get(&hub, "/socket.io/?EIO=4&transport=polling").status,
        404
    );
}

#[test]
fn with_what_hosts_wrap_around_their_app_stock_clients_connect() {
    let key = Key::generate();
    let hub = hub_in!(|dondo| {
        App::new()
            .configure(dondo.configure_observation())
            .service(web::scope("/live").configure(dondo.configure()))
            .wrap(IdentityMiddleware::default())
            .wrap(SessionMiddleware::new(
                CookieSessionStore::default(),
                key.clone(),
            ))
            .wrap(Cors::permissive())
            .wrap(NormalizePath::trim())
            .wrap(Compress::default())
            .wrap(Logger::default())
    });
    chat(&hub, "/live/socket.io/");
    let page = [("Origin", &*hub.url()), ("Accept-Encoding", "gzip")];
    let open = "/live/socket.io/?EIO=4&transport=polling";
    let answer = http::request(&hub, "GET", open, &page, b"");
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("Access-Control-Allow-Origin"),
        Some(page[0].1)
    );
}

/// Fails if a middleware of the host's cannot put headers on the answers that open connections, on those behind, or on an upgrade's.
#[test]
fn a_host_puts_headers_on_the_first_answer_or_on_all_and_stock_clients_connect() {
    let hub = hub_in!(|dondo| {
        App::new()
            .configure(dondo.configure_observation())
            .configure(dondo.configure())
            .wrap(from_fn(async |request: ServiceRequest, next: Next<_>| {
                let is_first = !request.query_string().contains("sid=");
                let mut answer = next.call(request).await?;
                if is_first {
                    let once = HeaderValue::from_static("once");
                    let first = HeaderName::from_static("x-first");
                    answer.headers_mut().insert(first, once);
                }
                Ok(answer)
            }))
            .wrap(DefaultHeaders::new().add(("x-all", "always")))
    });
    chat(&hub, "/socket.io/");
    let has =
        |answer: &http::Answer| ["x-first", "x-all"].map(|name| answer.header(name).is_some());
    let open = "/socket.io/?EIO=4&transport=polling";
    let opened = http::get(&hub, open);
    assert_eq!(has(&opened), [true, true]);
    let sid = polling::sid(&polling::body(&opened));
    let next = format!("{open}&sid={sid}");
    let posted = http::request(&hub, "POST", &next, &[], b"40");
    assert_eq!((posted.status, has(&posted)), (200, [false, true]));
    let direct = "/socket.io/?EIO=4&transport=websocket";
    let (switched, _) = WebSocket::handshake(&hub, direct, &[]);
    assert_eq!((switched.status, has(&switched)), (101, [true, true]));
}

/// From the thread of an HTTP request, which is not that of the clients.
#[test]
fn an_http_handler_says_something_to_the_members_of_a_room() {
    let root = Namespace::hub("/").on_connect(async |s: Socket| Ok(s.join("den").await?));
    let hub = hub_in!(Dondo::builder().namespace(root), |dondo| {
        let notify = async |inbox: web::Data<NamespaceHandle>, text: String| {
            let told = inbox.to("den").emit("note", text)?.await;
            told.map_err(actix_web::error::ErrorInternalServerError)
                .map(|told| format!("told {}", told.recipients))
        };
        App::new()
            .app_data(web::Data::new(dondo.of("/").unwrap()))
            .route("/notify", web::post().to(notify))
            .configure(dondo.configure_observation())
            .configure(dondo.configure())
    });
    let mut members = [Client::connect(&hub), Client::connect(&hub)];
    for member in &mut members {
        // Events wait for on_connect, so who has an answer has joined.
        member.ask("nobody's channel", &[]);
    }
    let answer = http::request(&hub, "POST", "/notify", &[], b"hello");
    assert_eq!((answer.status, &answer.body[..]), (200, &b"told 2"[..]));
    for member in &mut members {
        assert_eq!(member.event("note"), [json!("hello")]);
    }
}

/// Fails if a namespace of the application's own has the pack's events, or is not found by its name when the hub runs.
#[test]
fn a_namespace_without_the_pack_has_only_the_applications_events() {
    let bare = saying(Namespace::new("/bare"));
    let hub = Hub::built(
        |_| {},
        |builder| builder.namespace(Namespace::hub("/")).namespace(bare),
    );
    let mut bare = Client::connect_to(&hub, "/bare", "");
    bare.emit("join-channel", &[json!("lobby")]);
    let unknown = bare.ask("lobby", &[json!("anybody?")]);
    assert_eq!(unknown["code"], "unknown_event");
    assert_eq!(bare.ask("echo", &[json!(1.5)]), 1.5);
    assert_eq!(bare.drain(), []);
    drop(hub.dondo().of("/bare").unwrap().emit("note", "hello"));
    assert_eq!(bare.event("note"), [json!("hello")]);
    assert!(hub.dondo().of("/none").is_err());
    // The pack's own namespace is as it was.
    let joined = Client::connect(&hub).ask("join-channel", &[json!("lobby")]);
    assert_eq!(joined["ok"], true, "{joined}");
}

/// Fails if what is said through a parent is answered before the workers that serve its children have handed it on.
#[test]
fn what_a_parent_says_is_delivered_when_all_workers_have_handed_it_on() {
    let orders = Namespace::new("/orders/{order}").on_connect(async |s: Socket| {
        s.join("r").await?;
        Ok(s.emit("in", ())?)
    });
    let hub = Hub::built(
        |config| {
            config.workers = 2;
            // However busy the machine is.
            config.delivery.courier_stall = PATIENCE;
            // They read nothing, and answer no ping.
            config.engine.ping_interval = PATIENCE * 60;
        },
        |builder| builder.namespace(orders),
    );
    let mut members: Vec<Client> = (0..8)
        .map(|number| Client::connect_to(&hub, &format!("/orders/{}", number % 3), ""))
        .collect();
    for member in &mut members {
        member.event("in");
    }
    let parent = hub.dondo().of("/orders/{order}").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    for round in 0..100 {
        let delivery = parent.to("r").emit("round", round).unwrap();
        let delivered = runtime.block_on(delivery).unwrap();
        assert_eq!(delivered.recipients, members.len(), "{round}");
    }
}

#[test]
fn arguments_are_passed_on_as_they_came() {
    let root = saying(Namespace::hub("/"));
    let hub = Hub::built(|_| {}, |builder| builder.namespace(root));
    let mut client = Client::connect(&hub);
    client.emit("say again", &[json!(1.50), json!("two"), json!([3])]);
    assert_eq!(
        client.event("again"),
        [json!(1.50), json!("two"), json!([3])]
    );
    let mut robot = Robot::start(&hub, Kind::JsWebSocket);
    robot.tell("connect", &[]);
    let sent = [json!("a picture"), json!({"is": {"$bytes": "00ff10"}})];
    robot.emit("say again", &sent);
    assert_eq!(robot.event("again"), sent);
}

/// An ack of no argument it takes for a failure, and sends again, four times in all.
#[test]
fn a_client_with_retries_sends_once_what_is_answered_with_null() {
    let times = Arc::new(AtomicUsize::new(0));
    let counted = times.clone();
    let take = async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(Value::Null)
    };
    let root = saying(Namespace::hub("/")).on("take", take);
    let hub = Hub::built(|_| {}, |builder| builder.namespace(root));
    let options = json!({"transports": ["websocket"], "retries": 3});
    let mut robot = Robot::start_with(&hub, Kind::JsWebSocket, options);
    robot.tell("connect", &[]);
    robot.emit("take", &[json!("once")]);
    // It comes after all tries of the first.
    robot.emit("say again", &[json!("done")]);
    robot.event("again");
    assert_eq!(times.load(Ordering::Relaxed), 1);
}

/// It would stop the only worker, and with it whoever could let it go on.
#[test]
fn what_blocks_in_a_blocking_handler_delays_nobody_else_and_its_panic_is_its_acks() {
    let go = Arc::new(Semaphore::new(0));
    let wait = go.clone();
    let root = Namespace::hub("/")
        .on(
            "wait",
            blocking(move |Data(panics): Data<bool>| {
                Handle::current().block_on(wait.acquire())?.forget();
                assert!(!panics, "as it was told to");
                Ok("gone on")
            }),
        )
        .on("go", async move || go.add_permits(1));
    let hub = Hub::built(
        |config| config.workers = 1,
        |builder| builder.namespace(root),
    );
    let (mut waiting, mut other) = (Client::connect(&hub), Client::connect(&hub));
    for (panics, expected) in [(false, json!("gone on")), (true, json!("internal"))] {
        waiting.socket.text(&format!(r#"427["wait",{panics}]"#));
        other.ask("go", &[]);
        let answer = waiting.socket.next_text();
        let answer: Value = serde_json::from_str(answer.strip_prefix("437").unwrap()).unwrap();
        assert!(
            answer[0] == expected || answer[0]["code"] == expected,
            "{answer}"
        );
    }
}

fn saying(namespace: Namespace) -> Namespace {
    namespace
        .on("echo", async |all: Arguments| Ok(all))
        .on("say again", async |socket: Socket, all: Arguments| {
            Ok(socket.emit("again", all)?)
        })
}
