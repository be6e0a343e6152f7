//! Which web pages may connect: one setting for HTTP and for WebSocket (wire reference 1.11).

use crate::support::http::{self, Answer};
use crate::support::{ECHO, Form, Hub, Polling, WebSocket, in_both_forms};

in_both_forms!(
    a_preflight_is_answered_before_any_check,
    every_answer_to_an_allowed_page_carries_the_headers,
    a_page_that_is_not_listed_gets_no_headers_and_no_session,
    a_page_that_is_not_listed_gets_no_websocket,
    without_a_list_pages_of_the_same_host_are_let_in_without_headers,
    any_page_may_read_answers_but_not_with_its_visitors_credentials,
    a_cache_keeps_answers_to_pages_of_different_origins_apart,
);

const PAGE: [(&str, &str); 1] = [("Origin", "https://app.example")];
const EVIL: [(&str, &str); 1] = [("Origin", "https://evil.example")];

fn listing(form: Form, origins: &str) -> Hub {
    form.echoing_with(|config| config.origins = origins.parse().unwrap())
}

fn allowed(answer: &Answer) -> [Option<&str>; 2] {
    [
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials",
    ]
    .map(|name| answer.header(name))
}

const YES: [Option<&str>; 2] = [Some("https://app.example"), Some("true")];

fn a_preflight_is_answered_before_any_check(form: Form) {
    let hub = listing(form, "https://app.example");
    for query in ["EIO=4&transport=polling&sid=nobody", "EIO=9", ""] {
        let headers = [
            PAGE[0],
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-mine"),
        ];
        let answer = http::request(&hub, "OPTIONS", &format!("{ECHO}?{query}"), &headers, b"");
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{query}");
        assert_eq!(allowed(&answer), YES);
        assert_eq!(
            answer.header("Access-Control-Allow-Headers"),
            Some("x-mine")
        );
        assert!(
            answer
                .header("Access-Control-Allow-Methods")
                .is_some_and(|methods| methods.contains("POST"))
        );
    }
}

fn every_answer_to_an_allowed_page_carries_the_headers(form: Form) {
    let hub = listing(form, "https://app.example");
    let polling = Polling::open(&hub, ECHO);
    let open = format!("{ECHO}?EIO=4&transport=polling");
    let nobody = format!("{open}&sid=nobody");
    let binary = [PAGE[0], ("Content-Type", "application/octet-stream")];
    for (method, target, headers, body, status) in [
        ("GET", open.as_str(), &PAGE[..], "", 200),
        ("POST", &polling.target(), &PAGE, "4a", 200),
        ("GET", &polling.target(), &PAGE, "", 200),
        ("GET", ECHO, &PAGE, "", 400),
        ("GET", &nobody, &PAGE, "", 400),
        ("PUT", &polling.target(), &PAGE, "", 500),
        (
            "POST",
            &polling.target(),
            &PAGE,
            &"x".repeat(1_000_001),
            413,
        ),
        ("POST", &polling.target(), &binary, "x", 400),
    ] {
        let answer = http::request(&hub, method, target, headers, body.as_bytes());
        assert_eq!(
            (answer.status, allowed(&answer)),
            (status, YES),
            "{method} {target}"
        );
        assert_eq!(answer.header("Vary"), Some("Origin"), "{method} {target}");
    }
}

fn a_page_that_is_not_listed_gets_no_headers_and_no_session(form: Form) {
    let hub = listing(form, "https://app.example");
    let open = format!("{ECHO}?EIO=4&transport=polling");
    let answer = http::request(&hub, "GET", &open, &EVIL, b"");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (403, r#"{"code":4,"message":"Forbidden"}"#)
    );
    assert_eq!(allowed(&answer), [None, None]);
    let answer = http::request(&hub, "OPTIONS", &open, &EVIL, b"");
    assert_eq!(allowed(&answer), [None, None]);
    // Asked for handshakes only: whoever knows a session's id may poll it, but a page cannot read the answers.
    let polling = Polling::open(&hub, ECHO);
    let answer = http::request(&hub, "POST", &polling.target(), &EVIL, b"4a");
    assert_eq!((answer.status, allowed(&answer)), (200, [None, None]));
}

fn a_page_that_is_not_listed_gets_no_websocket(form: Form) {
    let hub = listing(form, "https://app.example");
    let target = format!("{ECHO}?EIO=4&transport=websocket");
    let (answer, _) = WebSocket::handshake(&hub, &target, &EVIL);
    assert_eq!((answer.status, answer.text().as_str()), (400, "Forbidden"));
    let (answer, mut socket) = WebSocket::handshake(&hub, &target, &PAGE);
    assert_eq!(answer.status, 101);
    assert!(socket.next_text().starts_with("0{"));
    // Nor may it take a session over.
    let polling = Polling::open(&hub, ECHO);
    let (answer, _) = WebSocket::handshake(&hub, &polling.upgrade_target(), &EVIL);
    assert_eq!((answer.status, answer.text().as_str()), (400, "Forbidden"));
    polling.is_alive();
}

fn without_a_list_pages_of_the_same_host_are_let_in_without_headers(form: Form) {
    let hub = form.echoing();
    let open = format!("{ECHO}?EIO=4&transport=polling");
    let own = hub.url();
    let answer = http::request(&hub, "GET", &open, &[("Origin", &own)], b"");
    assert_eq!((answer.status, allowed(&answer)), (200, [None, None]));
    let answer = http::request(&hub, "GET", &open, &EVIL, b"");
    assert_eq!((answer.status, allowed(&answer)), (403, [None, None]));
    // No Origin, User-Agent or Accept header is no error.
    assert_eq!(http::get(&hub, &open).status, 200);
}

fn any_page_may_read_answers_but_not_with_its_visitors_credentials(form: Form) {
    let hub = listing(form, "*");
    let open = format!("{ECHO}?EIO=4&transport=polling");
    for (method, target, headers, status) in [
        ("GET", open.as_str(), &EVIL[..], 200),
        ("GET", &open, &[], 200),
        ("GET", ECHO, &EVIL, 400),
        ("OPTIONS", &open, &EVIL, 204),
    ] {
        let answer = http::request(&hub, method, target, headers, b"");
        assert_eq!(
            (answer.status, allowed(&answer)),
            (status, [Some("*"), None]),
            "{method} {target}"
        );
    }
}

fn a_cache_keeps_answers_to_pages_of_different_origins_apart(form: Form) {
    let open = format!("{ECHO}?EIO=4&transport=polling");
    for origins in ["https://app.example", "same-host,null", "same-host", "*"] {
        let hub = listing(form, origins);
        for headers in [&PAGE[..], &EVIL, &[]] {
            for (method, target) in [("GET", open.as_str()), ("GET", ECHO), ("OPTIONS", &open)] {
                let answer = http::request(&hub, method, target, headers, b"");
                let vary = answer.header("Vary").unwrap_or_default();
                assert!(
                    vary.split(", ").any(|name| name == "Origin"),
                    "{origins} {headers:?} {method} {target}: {answer:?}"
                );
            }
        }
    }
}
