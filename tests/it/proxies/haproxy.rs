//! HAProxy, over HTTP/1.1 and over HTTP/2.

use std::process::Stdio;

use super::{Proxy, readme, serves_its_own_page_alone};
use crate::clients::node;
use crate::support::Hub;

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
    let said = node("http2.js")
        .arg(proxy.front().url())
        .stderr(Stdio::inherit())
        .output()
        .expect("node starts");
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "200 0{");
}
