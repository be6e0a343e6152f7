//! Who may connect from a web page: the same policy for polling and for WebSocket, which CORS does not guard.

use super::{DIRECT, MEGABYTE, POLLING, Siege};
use crate::support::{WebSocket, http};

fn verdicts(siege: &Siege, origin: &str) -> (u16, Option<String>, u16) {
    let headers = [("Origin", origin)];
    let polled = http::request(&siege.hub, "GET", POLLING, &headers, b"");
    let allowed = polled
        .header("Access-Control-Allow-Origin")
        .map(str::to_owned);
    if polled.status == 200 {
        // Not to be left behind.
        let sid = polled.text().split('"').nth(3).unwrap().to_owned();
        http::post(&siege.hub, &format!("{POLLING}&sid={sid}"), "1");
    }
    let (switched, _) = WebSocket::handshake(&siege.hub, DIRECT, &headers);
    (polled.status, allowed, switched.status)
}

#[test]
fn without_a_setting_only_the_servers_own_pages_may_connect() {
    let siege = Siege::begin(&[]);
    let own = siege.hub.url();
    let host = siege.hub.address().to_string();
    let refused = [
        "null".to_owned(),
        "http://evil-example.com".to_owned(),
        "https://example.com.evil.net".to_owned(),
        "http://127.0.0.1".to_owned(),
        "http://127.0.0.1:1".to_owned(),
        format!("http://{host}.evil.net"),
        format!("http://evil.net/{host}"),
        format!("http://{host}@evil.net"),
        format!("http://evil@{host}"),
        format!("{own}, http://evil.net"),
        format!("{own}/"),
        host.clone(),
        "file://".to_owned(),
        "*".to_owned(),
    ];
    for origin in &refused {
        let (polled, allowed, switched) = verdicts(&siege, origin);
        assert_eq!((polled, switched), (403, 400), "{origin}");
        assert_eq!(allowed, None, "{origin}");
    }
    for origin in [own.clone(), own.to_uppercase(), format!("https://{host}")] {
        let (polled, _, switched) = verdicts(&siege, &origin);
        assert_eq!((polled, switched), (200, 101), "{origin}");
    }
    for origin in ["http://a\tb", "http://\u{e9}.example"] {
        let (polled, allowed, switched) = verdicts(&siege, origin);
        assert_eq!((polled, allowed, switched), (400, None, 400), "{origin:?}");
    }
    siege.end(16 * MEGABYTE);
}

#[test]
fn with_a_list_exactly_its_origins_may_connect() {
    let siege = Siege::begin(&["--origins", "https://example.com,http://localhost:3000"]);
    for origin in [
        "null",
        "https://evil-example.com",
        "https://example.com.evil.net",
        "https://sub.example.com",
        "http://example.com",
        "https://example.com:8443",
        "https://example.com.",
        "http://localhost",
        "http://localhost:30000",
        "https://example.comhttps://example.com",
    ] {
        let (polled, allowed, switched) = verdicts(&siege, origin);
        assert_eq!((polled, allowed, switched), (403, None, 400), "{origin}");
    }
    for origin in [
        "https://example.com",
        "HTTPS://EXAMPLE.COM",
        "https://example.com:443",
        "http://localhost:3000",
    ] {
        let (polled, allowed, switched) = verdicts(&siege, origin);
        assert_eq!((polled, switched), (200, 101), "{origin}");
        assert_eq!(allowed.as_deref(), Some(origin));
    }
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_refused_origin_may_not_use_a_session_that_another_opened() {
    let siege = Siege::begin(&[]);
    let open = http::get(&siege.hub, POLLING).text();
    let sid = open.split('"').nth(3).unwrap();
    let target = format!("{POLLING}&sid={sid}");
    let evil = [("Origin", "http://evil-example.com")];
    let upgrade = format!("{DIRECT}&sid={sid}");
    let (switched, _) = WebSocket::handshake(&siege.hub, &upgrade, &evil);
    assert_eq!(switched.status, 400);
    let posted = http::request(&siege.hub, "POST", &target, &evil, b"40");
    assert_eq!(posted.header("Access-Control-Allow-Origin"), None);
    assert_eq!(http::post(&siege.hub, &target, "1").status, 200);
    siege.end(16 * MEGABYTE);
}
