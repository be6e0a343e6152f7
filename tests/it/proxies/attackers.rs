//! What a page of a stranger tries, now that names of proxies are believed.

use super::{DIRECT, POLLING, Proxy};
use crate::support::{Hub, WebSocket, http};

const EVIL: (&str, &str) = ("Origin", "http://evil.example");

#[test]
fn a_foreign_page_may_not_send_the_headers_of_proxies() {
    for origins in ["same-host", "https://app.example"] {
        let hub = Hub::with(|config| config.origins = origins.parse().unwrap());
        for header in [
            "x-forwarded-host",
            "forwarded",
            "X-Forwarded-Host, content-type",
        ] {
            let headers = [
                EVIL,
                ("Access-Control-Request-Method", "GET"),
                ("Access-Control-Request-Headers", header),
            ];
            let answer = http::request(&hub, "OPTIONS", POLLING, &headers, b"");
            for allowed in ["Origin", "Headers", "Methods", "Credentials"] {
                let name = format!("Access-Control-Allow-{allowed}");
                assert_eq!(answer.header(&name), None, "{origins}: {header}");
            }
        }
    }
}

#[test]
fn whatever_a_proxy_is_told_a_page_reads_no_answer_of_another_origin() {
    let hub = Hub::start();
    // As if a proxy had passed on what a page cannot write.
    let headers = [EVIL, ("X-Forwarded-Host", "evil.example")];
    let answer = http::request(&hub, "GET", POLLING, &headers, b"");
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_strangers_name_that_points_to_a_proxy_opens_nothing_where_hosts_are_listed() {
    let name = |config: &mut dondo::config::Settings| {
        config.hosts = vec!["127.0.0.1".to_owned(), "chat.example".to_owned()];
    };
    // It answers to any name, gives the hub its own, and says what it was asked for.
    let proxy = Proxy::apache(
        Hub::with(name),
        "<VirtualHost *:PORT>\nProxyPass / http://HUB/ upgrade=websocket\n</VirtualHost>",
    );
    let asked = |host: &str| {
        let origin = format!("http://{host}");
        let page = [("Host", host), ("Origin", origin.as_str())];
        let polled = http::request(proxy.front(), "GET", POLLING, &page, b"");
        let (direct, _) = WebSocket::handshake(proxy.front(), DIRECT, &page);
        (polled.status, direct.status)
    };
    assert_eq!(asked("chat.example"), (200, 101));
    assert_eq!(asked("evil.example"), (403, 400));
}

#[test]
fn hosts_are_checked_against_host_itself_whatever_proxies_say() {
    let hub = Hub::with(|config| config.hosts = vec!["chat.example".to_owned()]);
    for forwarded in ["X-Forwarded-Host", "Forwarded"] {
        let value = match forwarded {
            "Forwarded" => "host=chat.example",
            _ => "chat.example",
        };
        let headers = [
            ("Host", "evil.example"),
            ("Origin", "http://chat.example"),
            (forwarded, value),
        ];
        let (answer, _) = WebSocket::handshake(&hub, DIRECT, &headers);
        assert_eq!((answer.status, answer.text().as_str()), (400, "Forbidden"));
    }
}

#[test]
fn a_list_of_origins_keeps_a_strangers_name_out_and_the_hubs_own_addresses_in() {
    let hub = Hub::with(|config| config.origins = "https://app.example".parse().unwrap());
    for (host, origin, status) in [
        (hub.address().to_string(), hub.url(), 101),
        (
            "localhost:11000".to_owned(),
            "http://localhost:11000".to_owned(),
            101,
        ),
        (
            "localhost".to_owned(),
            "ws://localhost:11000".to_owned(),
            101,
        ),
        (
            "evil.example".to_owned(),
            "http://evil.example".to_owned(),
            400,
        ),
        (
            "chat.example".to_owned(),
            "https://chat.example".to_owned(),
            400,
        ),
    ] {
        let headers = [("Host", host.as_str()), ("Origin", origin.as_str())];
        let (answer, _) = WebSocket::handshake(&hub, DIRECT, &headers);
        assert_eq!(answer.status, status, "{origin}");
    }
    let hub = Hub::with(|config| config.origins = "same-host,https://app.example".parse().unwrap());
    let headers = [("Host", "chat.example"), ("Origin", "https://chat.example")];
    let (answer, _) = WebSocket::handshake(&hub, DIRECT, &headers);
    assert_eq!(answer.status, 101);
}

#[test]
fn clients_whose_origin_has_no_host_may_be_listed() {
    for origin in ["file://", "capacitor://localhost", "null"] {
        let headers = [("Origin", origin)];
        let (refused, _) = WebSocket::handshake(&Hub::start(), DIRECT, &headers);
        assert_eq!(refused.status, 400, "{origin}");
        let hub = Hub::with(|config| config.origins = origin.parse().unwrap());
        let (answer, _) = WebSocket::handshake(&hub, DIRECT, &headers);
        assert_eq!(answer.status, 101, "{origin}");
    }
}
