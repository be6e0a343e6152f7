//! What is refused over HTTP, and what that does to a session (wire reference 1.4).

use std::io::Write;

use crate::support::http::{self, Answer};
use crate::support::polling::UNKNOWN;
use crate::support::{ECHO, Form, Polling, in_both_forms};

in_both_forms!(
    a_refusal_is_json_with_its_code,
    the_checks_come_in_the_order_of_the_list,
    another_path_is_left_to_the_host,
    a_session_on_a_websocket_is_not_polled,
    a_second_get_ends_the_session,
    a_second_post_ends_the_session,
    a_binary_post_ends_the_session,
    a_body_over_the_limit_is_413_and_the_session_goes_on,
    a_chunked_body_over_the_limit_is_413_and_the_session_goes_on,
    an_empty_post_and_a_clients_ping_end_the_session,
    an_aborted_get_ends_the_session,
);

const TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD: &str = r#"{"code":3,"message":"Bad request"}"#;
const VERSION: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

fn refused(answer: &Answer, status: u16, body: &str, what: &str) {
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (status, body),
        "{what}"
    );
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/json"),
        "{what}"
    );
}

fn a_refusal_is_json_with_its_code(form: Form) {
    let hub = form.echoing();
    for (method, query, body) in [
        ("GET", "EIO=4", TRANSPORT),
        ("GET", "EIO=4&transport=", TRANSPORT),
        ("GET", "EIO=4&transport=tcp", TRANSPORT),
        ("GET", "EIO=4&transport=__proto__", TRANSPORT),
        ("GET", "EIO=4&transport=webtransport", TRANSPORT),
        ("GET", "EIO=4&transport=polling&transport=websocket", BAD),
        ("GET", "EIO=4&transport=polling&sid=nobody", UNKNOWN),
        ("POST", "EIO=4&transport=polling&sid=nobody", UNKNOWN),
        ("GET", "EIO=4&transport=polling&sid=__proto__", UNKNOWN),
        ("GET", "EIO=4&transport=websocket&sid=nobody", UNKNOWN),
        ("POST", "EIO=4&transport=polling", METHOD),
        ("PUT", "EIO=4&transport=polling", METHOD),
        ("OPTIONS", "EIO=4&transport=polling", METHOD),
        ("GET", "EIO=4&transport=websocket", BAD),
        ("GET", "EIO=5&transport=polling", VERSION),
        ("GET", "EIO=3&transport=polling", VERSION),
        ("GET", "EIO=abc&transport=polling", VERSION),
        ("GET", "transport=polling", VERSION),
    ] {
        let answer = http::request(&hub, method, &format!("{ECHO}?{query}"), &[], b"");
        refused(&answer, 400, body, &format!("{method} {query}"));
    }
    for origin in ["http://a\u{e9}.example", "a\tb"] {
        let target = format!("{ECHO}?EIO=4&transport=polling");
        let answer = http::request(&hub, "GET", &target, &[("Origin", origin)], b"");
        refused(&answer, 400, BAD, origin);
    }
    let polling = Polling::open(&hub, ECHO);
    refused(
        &http::get(&hub, &polling.upgrade_target()),
        400,
        BAD,
        "a plain GET for the other transport",
    );
    polling.is_alive();
}

fn the_checks_come_in_the_order_of_the_list(form: Form) {
    let hub = form.echoing();
    let illegal = [("Origin", "http://a\u{e9}.example")];
    for (method, query, headers, body) in [
        (
            "POST",
            "EIO=5&transport=tcp&sid=nobody",
            &illegal[..],
            TRANSPORT,
        ),
        ("POST", "EIO=5&transport=polling&sid=nobody", &illegal, BAD),
        ("POST", "EIO=5&transport=polling&sid=nobody", &[], UNKNOWN),
        ("POST", "EIO=5&transport=websocket", &[], METHOD),
        ("GET", "EIO=5&transport=websocket", &[], BAD),
    ] {
        let answer = http::request(&hub, method, &format!("{ECHO}?{query}"), headers, b"");
        refused(&answer, 400, body, query);
    }
}

fn another_path_is_left_to_the_host(form: Form) {
    let hub = form.echoing();
    for path in [
        "/socket.iox",
        "/socket.iox/",
        "/engine.iox",
        "/engine.iox/",
        "/elsewhere/",
    ] {
        let answer = http::get(&hub, &format!("{path}?EIO=4&transport=polling"));
        assert_eq!(answer.status, 404, "{path}");
    }
    // The path is a prefix.
    assert_eq!(
        http::get(&hub, "/socket.io/below?EIO=4&transport=polling").status,
        200
    );
}

fn a_session_on_a_websocket_is_not_polled(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut socket = polling.upgrade();
    refused(&polling.get(), 400, BAD, "GET");
    refused(&polling.post("4a"), 400, BAD, "POST");
    socket.text("4b");
    assert_eq!(socket.next_text(), "4b");
}

fn a_second_get_ends_the_session(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut first = polling.wait();
    let second = polling.get();
    assert_eq!((second.status, second.body.len()), (400, 0));
    let first = http::read(&mut first);
    assert_eq!((first.status, first.text().as_str()), (200, "1"));
    polling.is_gone("transport error");
}

fn a_second_post_ends_the_session(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let _first = polling.begin_post(100, "4half");
    let second = polling.post("4a");
    assert_eq!((second.status, second.body.len()), (400, 0));
    polling.is_gone("transport error");
}

fn a_binary_post_ends_the_session(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let binary = [("Content-Type", "application/octet-stream")];
    let answer = http::request(&hub, "POST", &polling.target(), &binary, b"4a");
    assert_eq!((answer.status, answer.body.len()), (400, 0));
    polling.is_gone("transport error");
}

fn a_body_over_the_limit_is_413_and_the_session_goes_on(form: Form) {
    let hub = form.echoing_with(|config| config.engine.max_payload = 1000);
    let polling = Polling::open(&hub, ECHO);
    let exact = format!("4{}", "x".repeat(999));
    polling.say(&exact);
    assert_eq!(polling.read(), exact);
    let answer = polling.post(&format!("4a\x1e{exact}"));
    assert_eq!((answer.status, answer.body.len()), (413, 0));
    // The one message to come back is this; nothing of the body was delivered.
    polling.is_alive();
}

fn a_chunked_body_over_the_limit_is_413_and_the_session_goes_on(form: Form) {
    let hub = form.echoing_with(|config| config.engine.max_payload = 1000);
    let polling = Polling::open(&hub, ECHO);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        polling.target(),
        hub.address()
    );
    let mut stream = http::connect(&hub);
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..3 {
        stream
            .write_all(format!("190\r\n4{}\r\n", "x".repeat(399)).as_bytes())
            .unwrap();
    }
    assert_eq!(http::read(&mut stream).status, 413);
    polling.is_alive();
}

fn an_empty_post_and_a_clients_ping_end_the_session(form: Form) {
    for (body, reason) in [
        ("", "parse error"),
        ("2", "transport error"),
        ("2probe", "transport error"),
    ] {
        let hub = form.echoing();
        let polling = Polling::open(&hub, ECHO);
        let answer = polling.post(body);
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{body:?}");
        polling.is_gone(reason);
    }
}

fn an_aborted_get_ends_the_session(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    drop(polling.wait());
    polling.is_gone("transport error");
}
