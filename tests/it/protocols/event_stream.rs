//! Event streams: each row of `src/docs/event-stream.md` that takes a socket to see.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use dondo::{Error, Namespace};
use serde_json::json;

use crate::support::{
    Client, EventReader, Form, Hub, PATIENCE, WebSocket, http, in_both_forms, system,
};

in_both_forms!(
    it_tells_what_is_said_where_it_listens,
    a_reader_that_knows_no_chunks_gets_none,
    it_is_taken_up_again_from_the_last_id_on,
    a_request_that_cannot_be_served_is_refused_with_a_sentence,
    who_may_not_come_in_is_told_and_the_stream_ends,
    a_comment_comes_with_each_heartbeat_and_nobody_needs_to_answer,
    a_shutdown_ends_it_and_says_when_to_come_back,
    who_does_not_read_is_cut_and_costs_others_nothing,
);

fn hub(form: Form) -> Hub {
    form.built(|_| {}, |builder| builder)
}

/// Fails if a page of a name that was made to point here reads along (DNS rebinding): browsers send no `Origin` to a page's own
/// host.
#[test]
fn a_list_of_origins_holds_for_pages_of_the_hubs_own_host_too() {
    let hub = Hub::with(|config| config.origins = "https://app.example".parse().unwrap());
    let asked = |host: &str, more: &[(&str, &str)]| {
        let own = [("Host", host), ("Sec-Fetch-Site", "same-origin")];
        let headers = [&own[..], more].concat();
        let mut stream = http::send(&hub, "GET", "/events?channel=a", &headers, b"");
        http::read_head(&mut stream).status
    };
    assert_eq!(asked("rebound.example", &[]), 403);
    assert_eq!(asked("127.0.0.1:11000", &[]), 200);
    assert_eq!(asked("app.example", &[]), 200);
    let forwarded = [("X-Forwarded-Host", "app.example")];
    assert_eq!(asked("hub.internal", &forwarded), 200);
}

/// Fails if the body for HTTP/1.0 comes in chunks, whose lengths would be lines of the first event.
fn a_reader_that_knows_no_chunks_gets_none(form: Form) {
    let hub = hub(form);
    let mut stream = http::connect(&hub);
    stream
        .write_all(b"GET /events?channel=lobby HTTP/1.0\r\nHost: x\r\n\r\n")
        .unwrap();
    let head = http::read_head(&mut stream);
    assert_eq!(head.status, 200);
    for name in ["Transfer-Encoding", "Content-Length"] {
        assert_eq!(head.header(name), None);
    }
    let mut begin = [0; 6];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"retry:");
}

/// Fails if a stream is no member, if what it hears is not what others hear, or if proxies would keep it back.
fn it_tells_what_is_said_where_it_listens(form: Form) {
    let hub = hub(form);
    let target = "/events?channel=lobby&room=r&userName=Ama";
    let (answer, mut stream) = EventReader::ask(&hub, target, &[]);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("vary", "Origin"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert!(answer.header("cache-control").unwrap().contains("no-store"));
    assert_eq!(stream.record().unwrap().retry, Some(3000));
    let welcome = stream.event("welcome").json();
    assert_eq!(welcome["pingInterval"], 25_000, "as the hub has comments");
    let id = welcome["clientId"].clone();
    assert_eq!(stream.event("ack").json()["channel"], "lobby");
    let joined = stream.event("ack");
    assert_eq!(
        (&joined.json()["room"], &joined.json()["channel"]),
        (&json!("r"), &json!("lobby"))
    );
    assert!(joined.id.is_some() && joined.comment);
    let mut stock = Client::connect(&hub);
    assert_eq!(
        stock.ask("join-channel", &[json!("lobby")])["onlineUsers"],
        2
    );
    // The last state comes always; of those before it any may. It is asked for first, as a wait for another event drops it.
    while stream.event("online-users").json()["data"]["onlineUsers"] != 2 {}
    let joined = stock.ask(
        "join-room",
        &[json!({"data": {"roomId": "r", "roomChannel": "lobby"}})],
    );
    let names: Vec<_> = joined["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["userName"])
        .collect();
    assert!(names.contains(&&json!("Ama")), "{joined}");
    stock.ask("lobby", &[json!("to all")]);
    let heard = stream.event("lobby");
    assert_eq!(heard.json(), stock.event("lobby")[0]);
    assert!(heard.id.is_some());
    stock.ask(
        "notify-room",
        &[json!({"data": {"roomId": "r", "message": "to some"}})],
    );
    assert_eq!(
        stream.event("notify-room").json()["data"]["message"],
        "to some"
    );
    drop(stream);
    assert_eq!(stock.event("leave-channel")[0]["clientId"], id);
}

/// Fails if something is lost between two streams, or told twice although all was joined.
fn it_is_taken_up_again_from_the_last_id_on(form: Form) {
    let hub = hub(form);
    let mut stock = Client::connect(&hub);
    for channel in ["a", "b"] {
        stock.ask("join-channel", &[json!(channel)]);
    }
    let mut say = |from: u32, to: u32| {
        for number in from..to {
            let channel = if number % 2 == 0 { "a" } else { "b" };
            assert_eq!(stock.ask(channel, &[json!(number)])["ok"], true);
        }
    };
    say(0, 10);
    let target = "/events?channel=a&channel=b&history=2";
    let mut stream = EventReader::open(&hub, target);
    // What is said, until so many messages and answers to joins have come.
    let messages = |stream: &mut EventReader, count: usize, mut joins: usize| {
        let mut messages = Vec::new();
        while messages.len() < count || joins > 0 {
            let record = stream.record().expect("the stream goes on");
            match record.event.as_deref() {
                Some("a" | "b") => {
                    messages.push(record.json()["data"]["message"].as_u64().unwrap())
                }
                Some("ack") => {
                    assert_eq!(record.json()["complete"], true);
                    joins -= 1;
                }
                _ => {}
            }
        }
        messages
    };
    assert_eq!(messages(&mut stream, 4, 2), [6, 8, 7, 9]);
    say(10, 13);
    assert_eq!(messages(&mut stream, 3, 0), [10, 11, 12]);
    let last = stream.last_event_id.clone().unwrap();
    drop(stream);
    say(13, 17);
    let again = |headers: &[(&str, &str)], target: &str| {
        let (answer, mut stream) = EventReader::ask(&hub, target, headers);
        assert_eq!(answer.status, 200);
        let told = messages(&mut stream, 4, 2);
        (told, stream)
    };
    let expected = [14, 16, 13, 15];
    assert_eq!(again(&[("Last-Event-ID", &last)], target).0, expected);
    let (told, mut stream) = again(&[], &format!("{target}&lastEventId={last}"));
    assert_eq!(told, expected);
    say(17, 18);
    assert_eq!(messages(&mut stream, 1, 0), [17]);
}

fn a_request_that_cannot_be_served_is_refused_with_a_sentence(form: Form) {
    let hub = form.built(|config| config.limits.sessions_max = 1, |builder| builder);
    for target in [
        "/events",
        "/events?channel=a&history=x",
        "/events?channel=a&lastEventId=1",
        // Nobody could ever be in these, or have such a name.
        "/events?channel=",
        "/events?channel=a&channel=online-users",
        "/events?channel=%20a",
        "/events?room=",
        "/events?channel=a&userName=%20a",
        "/events?channel=%zz",
        "/events?room=a%2",
    ] {
        let answer = http::get(&hub, target);
        assert_eq!(answer.status, 400, "{target}");
        assert!(answer.text().len() > 10, "{}", answer.text());
    }
    for method in ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let mut stream = http::send(&hub, method, "/events?channel=a", &[], b"");
        let answer = http::read_head(&mut stream);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET")),
            "{method}"
        );
    }
    let upgrade = WebSocket::handshake(&hub, "/events?channel=a", &[]).0;
    assert_eq!(upgrade.status, 400);
    assert!(upgrade.text().contains("without an upgrade"));
    assert_eq!(http::get(&hub, "/events/below?channel=a").status, 404);
    let foreign = [("Origin", "https://elsewhere.example")];
    let answer = http::request(&hub, "GET", "/events?channel=a", &foreign, b"");
    assert_eq!(answer.status, 403);
    let _stream = EventReader::open(&hub, "/events?channel=a");
    let full = http::get(&hub, "/events?channel=a");
    assert_eq!(full.status, 503);
    assert!(full.header("retry-after").is_some());
    // An EventSource would never come back after that.
    let source = [("Accept", "text/event-stream")];
    let told = http::request(&hub, "GET", "/events?channel=a", &source, b"");
    assert_eq!(told.status, 200);
    assert!(
        told.text()
            .starts_with("retry: 5000\n\nevent: refused\ndata: {"),
        "{}",
        told.text()
    );
}

fn who_may_not_come_in_is_told_and_the_stream_ends(form: Form) {
    let door = async || Err::<(), _>(Error::new("closed", "come back tomorrow"));
    let hub = form.built(
        |_| {},
        |builder| builder.namespace(Namespace::hub("/").middleware(door)),
    );
    for (target, message) in [
        ("/events?channel=a", "come back tomorrow"),
        ("/events?channel=a&namespace=/nowhere", "Invalid namespace"),
    ] {
        let mut stream = EventReader::open(&hub, target);
        assert_eq!(stream.event("refused").json()["message"], message);
        assert_eq!(stream.record(), None);
    }
}

fn a_comment_comes_with_each_heartbeat_and_nobody_needs_to_answer(form: Form) {
    let hub = form.built(
        |config| {
            config.engine.ping_interval = Duration::from_millis(20);
            config.engine.ping_timeout = Duration::from_millis(20);
        },
        |builder| builder,
    );
    let mut stream = EventReader::open(&hub, "/events?channel=a");
    let mut comments = 0;
    while comments < 20 {
        let record = stream.record().expect("the stream goes on");
        comments += usize::from(record.comment && record.event.is_none());
    }
}

fn a_shutdown_ends_it_and_says_when_to_come_back(form: Form) {
    let hub = hub(form);
    let mut stream = EventReader::open(&hub, "/events?channel=a");
    stream.event("ack");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(hub.dondo().shut_down(Duration::ZERO));
    let mut last = None;
    while let Some(record) = stream.record() {
        last = Some(record);
    }
    let least = match form {
        Form::Standalone => 3000,
        Form::InApp => 13_000,
    };
    assert_eq!(last.unwrap().retry, Some(least));
    let source = [("Accept", "text/event-stream")];
    let late = http::request(&hub, "GET", "/events?channel=a", &source, b"");
    assert_eq!(late.status, 200);
    assert!(late.text().contains("shutting down"), "{}", late.text());
}

/// Fails if what a reader does not take waits somewhere for ever, or if others wait for it.
fn who_does_not_read_is_cut_and_costs_others_nothing(form: Form) {
    let hub = form.built(
        |config| config.delivery.stall_timeout = Some(Duration::from_millis(500)),
        |builder| builder,
    );
    let mut idle = system::narrow(&hub);
    let head = format!(
        "GET /events?channel=lobby HTTP/1.1\r\nHost: {}\r\n\r\n",
        hub.address()
    );
    idle.write_all(head.as_bytes()).unwrap();
    assert_eq!(http::read_head(&mut idle).status, 200);
    // It is a member before anything is said.
    EventReader::on(idle.try_clone().unwrap()).event("ack");
    let mut reader = EventReader::open(&hub, "/events?channel=lobby");
    reader.event("ack");
    let mut stock = Client::connect(&hub);
    let deadline = Instant::now() + PATIENCE;
    let text = "x".repeat(100_000);
    let mut sent = 0;
    loop {
        let answer = stock.ask("lobby", &[json!(text)]);
        sent += 1;
        let heard = reader.event("lobby");
        assert_eq!(heard.json()["data"]["message"], json!(text));
        if answer["recipients"] == 1 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "it is still a member after {sent} messages"
        );
    }
    // What its kernel still had, then the end.
    let mut rest = [0; 16 * 1024];
    while matches!(idle.read(&mut rest), Ok(1..)) {}
}
