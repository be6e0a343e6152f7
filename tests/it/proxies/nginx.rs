//! nginx, as people write it.

use super::{DIRECT, POLLING, Proxy, SERVED, asked, readme, serves_its_own_page_alone};
use crate::support::{Hub, WebSocket, http};

/// What passes upgrades on.
const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection \"upgrade\";";

fn with(lines: &str) -> Proxy {
    changed(|_| {}, lines)
}

fn changed(change: impl FnOnce(&mut dondo::config::Settings), lines: &str) -> Proxy {
    Proxy::nginx(
        Hub::with(change),
        &format!("server {{ listen LISTEN; location / {{ proxy_pass http://HUB; {lines} }} }}"),
    )
}

#[test]
fn behind_nginx_as_socket_io_documents_it_the_page_gets_its_websocket_on_any_port() {
    let lines =
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $host;";
    serves_its_own_page_alone(&with(&format!("{lines} {UPGRADE}")));
}

#[test]
fn behind_nginx_that_passes_the_hosts_port_on_the_page_gets_its_websocket() {
    serves_its_own_page_alone(&with(&format!(
        "proxy_set_header Host $http_host; {UPGRADE}"
    )));
}

#[test]
fn behind_nginx_that_tells_the_forwarded_host_the_page_gets_its_websocket() {
    for lines in [
        "proxy_set_header X-Forwarded-Host $host;",
        "proxy_set_header X-Forwarded-Host $http_host;",
        "proxy_set_header Forwarded \"for=$remote_addr;host=\\\"$http_host\\\";proto=http\";",
        "proxy_set_header Forwarded \"for=_a, for=$remote_addr; Host=$host\";",
    ] {
        serves_its_own_page_alone(&with(&format!("{lines} {UPGRADE}")));
    }
}

#[test]
fn the_block_of_readme_serves_the_page() {
    let block = readme("nginx", "nginx")
        .replace("listen 80;", "listen LISTEN;")
        .replace("127.0.0.1:11000", "HUB");
    serves_its_own_page_alone(&Proxy::nginx(Hub::start(), &block));
}

#[test]
fn an_upgrade_over_http_1_0_is_answered_as_node_does() {
    let lines = UPGRADE.replace("proxy_http_version 1.1", "proxy_http_version 1.0");
    let lines = format!("proxy_set_header Host $http_host; {lines}");
    serves_its_own_page_alone(&with(&lines));
}

/// With its lines for WebSockets it writes `Connection: upgrade` into every poll.
#[test]
fn a_poll_does_not_cost_nginx_the_connection_that_it_keeps() {
    let kept = Proxy::nginx(
        Hub::start(),
        &format!(
            "upstream hub {{ server HUB; keepalive 4; }} server {{ listen LISTEN; location / {{ \
             proxy_pass http://hub; proxy_set_header Host $http_host; {UPGRADE} \
             add_header Hub-Says $upstream_http_connection; add_header Hub-Took $upstream_status; }} }}"
        ),
    );
    for _ in 0..3 {
        let answer = http::get(kept.front(), POLLING);
        assert_eq!(answer.header("Hub-Took"), Some("200"));
        assert_eq!(answer.header("Hub-Says"), None);
        assert_eq!(kept.hub().metric("dondo_connections"), 1);
    }
}

#[test]
fn a_proxy_that_hides_its_name_leaves_the_page_its_polls_and_the_refusal_says_what_to_write() {
    let proxy = with(UPGRADE);
    let own = proxy.front().url();
    assert_eq!(asked(proxy.front(), &own), (403, 400, 400));
    let refused = |cause: &str| {
        let family = format!("dondo_refusals_total{{cause=\"{cause}\"}}");
        proxy.hub().metric(&family)
    };
    assert_eq!(
        (refused("origin forbidden"), refused("upgrade forbidden")),
        (2, 1)
    );
    // What the log says to write.
    let listed = changed(
        |config| config.origins = "same-host,http://localhost:5173".parse().unwrap(),
        UPGRADE,
    );
    assert_eq!(asked(listed.front(), "http://localhost:5173"), SERVED);
}

#[test]
fn behind_a_proxy_that_changes_host_the_session_of_the_hubs_own_page_is_upgraded() {
    let proxy = with(UPGRADE);
    let front = proxy.front();
    // As browsers do on secure pages and on this machine; pages cannot write it.
    let open = |site: &str| {
        let opened = http::request(front, "GET", POLLING, &[("Sec-Fetch-Site", site)], b"");
        let sid = opened.text().split('"').nth(3).unwrap().to_owned();
        format!("{DIRECT}&sid={sid}")
    };
    let own = front.url();
    for (site, headers, status) in [
        ("same-origin", vec![("Origin", own.as_str())], 101),
        ("same-site", vec![("Origin", own.as_str())], 400),
        ("none", vec![("Origin", own.as_str())], 400),
        (
            "same-origin",
            vec![
                ("Origin", "http://evil.example"),
                ("Sec-Fetch-Site", "cross-site"),
            ],
            400,
        ),
    ] {
        let (answer, _) = WebSocket::handshake(front, &open(site), &headers);
        assert_eq!(answer.status, status, "{site} {headers:?}");
    }
}

#[test]
fn a_prefix_that_nginx_strips_or_leaves_reaches_the_endpoint() {
    for (path, location) in [
        ("/socket.io/", "location /chat/ { proxy_pass http://HUB/;"),
        (
            "/chat/socket.io/",
            "location /chat/ { proxy_pass http://HUB;",
        ),
    ] {
        let hub = Hub::with(|config| config.path = path.to_owned());
        let proxy = Proxy::nginx(
            hub,
            &format!(
                "server {{ listen LISTEN; {location} proxy_set_header Host $host; {UPGRADE} }} }}"
            ),
        );
        let (front, own) = (proxy.front(), proxy.front().url());
        let page = [("Origin", own.as_str())];
        let polled = http::request(front, "GET", &format!("/chat{POLLING}"), &page, b"");
        assert_eq!(polled.status, 200, "{path}");
        let (answer, _) = WebSocket::handshake(front, &format!("/chat{DIRECT}"), &page);
        assert_eq!(answer.status, 101, "{path}");
        let client = http::get(front, "/chat/socket.io/socket.io.js");
        assert_eq!(client.status, 200, "{path}");
    }
}
