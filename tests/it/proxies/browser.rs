//! Pages in a browser, through a proxy on another port.

use super::Proxy;
use crate::support::{Application, Hub};

const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection \"upgrade\";";

fn moves_to_websocket(client: &str, lines: &str) {
    let proxy = Proxy::nginx(
        Hub::start(),
        &format!(
            "server {{ listen LISTEN; location / {{ proxy_pass http://HUB; {lines} {UPGRADE} }} }}"
        ),
    );
    reaches_websocket(&proxy, client);
}

/// The own page (`page`), or one with the stock client (`stock`), in front of `proxy`.
pub(super) fn reaches_websocket(proxy: &Proxy, client: &str) {
    let mut browser = Application::node("proxied_page.js", &[&proxy.front().url(), client]);
    assert_eq!(browser.line().as_deref(), Some("connected"));
    proxy
        .hub()
        .wait_for("dondo_sessions{state=\"websocket\"}", 1);
    browser.say("seen");
    browser.end();
}

#[test]
fn the_page_behind_nginx_on_another_port_reaches_websocket() {
    moves_to_websocket("page", "proxy_set_header Host $host;");
}

#[test]
fn the_page_behind_a_proxy_that_changes_host_reaches_websocket_after_its_first_poll() {
    moves_to_websocket("page", "");
}

#[test]
fn a_page_of_the_stock_client_behind_a_proxy_that_changes_host_reaches_websocket_after_its_first_poll()
 {
    moves_to_websocket("stock", "");
}
