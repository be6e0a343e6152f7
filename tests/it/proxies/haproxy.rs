//! HAProxy, over HTTP/1.1 and over HTTP/2.

use super::{Proxy, readme, serves_its_own_page_alone};
use crate::support::{Application, Hub};

fn readmes() -> String {
    readme("HAProxy", "haproxy")
        .replace("*:80", "LISTEN")
        .replace("127.0.0.1:11000", "HUB")
}

#[test]
fn the_block_of_readme_serves_the_page() {
    serves_its_own_page_alone(&Proxy::haproxy(Hub::start(), &readmes()));
}

#[test]
fn a_websocket_over_http_2_in_front_reaches_the_hub() {
    let sections = readmes().replace("bind LISTEN", "bind LISTEN proto h2");
    let proxy = Proxy::haproxy(Hub::start(), &sections);
    let mut client = Application::node("http2.js", &[&proxy.front().url()]);
    assert_eq!(client.line().as_deref(), Some("200 0{"));
    client.end();
}
