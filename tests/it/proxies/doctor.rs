//! `dondo doctor --url`: what it says of real proxies, as README has them and with a line left out.

use std::process::Command;

use super::{Proxy, readme};
use crate::support::Hub;

const HOST: &str = "proxy_set_header Host $http_host;";
const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                       proxy_set_header Connection \"upgrade\";";

/// What it says of a hub at this address, each finding on its line, and its exit code.
fn said(url: &str, more: &[&str]) -> (Vec<String>, Option<i32>) {
    let program = Command::new(env!("CARGO_BIN_EXE_dondo"))
        .args(["doctor", "--url", url, "--limits.sessions-max", "10"])
        .args(["--trusted-proxies", "127.0.0.0/8"])
        .args(more)
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&program.stderr), "");
    let said = String::from_utf8_lossy(&program.stdout);
    let lines = said.lines().map(str::to_owned).collect();
    (lines, program.status.code())
}

/// Nothing is wrong with the way.
fn is_well(url: &str, more: &[&str]) {
    let (lines, code) = said(url, more);
    let well = format!(
        "nothing is wrong: settings, open files, memory, clock, certificate and the way through {url}"
    );
    assert_eq!((lines, code), (vec![well], Some(0)), "{url}");
}

/// There is one fault, of which these words are told.
fn is_wrong(url: &str, more: &[&str], words: &[&str]) {
    let (lines, code) = said(url, more);
    let [line] = &lines[..] else {
        panic!("{words:?}: {lines:#?}");
    };
    assert!(line.starts_with("fault: ") && code == Some(1), "{line}");
    for word in words {
        assert!(line.contains(word), "{word}: {line}");
    }
}

fn nginx(hub: Hub, location: &str) -> Proxy {
    let http = format!("server {{ listen LISTEN; {location} }}");
    Proxy::nginx(hub, &http)
}

/// Fails if a proxy that README tells people to write has a finding, or a hub without one.
#[test]
fn the_proxies_of_readme_leave_nothing_out() {
    let hub = Hub::start();
    is_well(&hub.url(), &[]);
    let hub = |block: String| block.replace("127.0.0.1:11000", "HUB");
    for proxy in [
        Proxy::nginx(
            Hub::start(),
            &hub(readme("nginx", "nginx")).replace("listen 80;", "listen LISTEN;"),
        ),
        Proxy::haproxy(
            Hub::start(),
            &hub(readme("HAProxy", "haproxy")).replace("*:80", "LISTEN"),
        ),
        Proxy::apache(
            Hub::start(),
            &hub(readme("Apache", "apache")).replace("*:80", "*:PORT"),
        ),
    ] {
        is_well(&proxy.front().url(), &[]);
    }
}

/// Fails if a line that is left out is not told of, or another one is.
#[test]
fn what_nginx_leaves_out_is_told_alone() {
    let unchanged = "proxy_pass http://HUB;";
    for (lines, words) in [
        (
            format!("{unchanged} {HOST}"),
            &["no WebSocket is opened", "proxy_set_header Upgrade"][..],
        ),
        (
            format!(
                "{unchanged} {HOST} proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
            ),
            &["no WebSocket is opened", "proxy_set_header Connection"],
        ),
        (
            format!("{unchanged} {UPGRADE}"),
            &["is refused (403)", "proxy_set_header Host $http_host;"],
        ),
        (
            format!("proxy_pass http://127.0.0.1:9; {HOST} {UPGRADE}"),
            &[
                "answers 502: the proxy does not reach the hub",
                "proxy_pass http://",
            ],
        ),
        (
            "return 301 https://chat.example$request_uri;".to_owned(),
            &["leads to https://chat.example/socket.io/", "--url"],
        ),
    ] {
        let proxy = nginx(Hub::start(), &format!("location / {{ {lines} }}"));
        is_wrong(&proxy.front().url(), &[], words);
    }
}

/// Fails if a stream that is held back is taken for one that comes.
#[test]
fn a_stream_that_is_held_back_is_told() {
    // Over HTTP/1.1 nginx passes on what comes, whatever it is told.
    let upgrade = UPGRADE.replace("1.1", "1.0");
    let held = "proxy_ignore_headers X-Accel-Buffering;";
    let lines = format!("proxy_pass http://HUB; {HOST} {upgrade} {held}");
    let proxy = nginx(Hub::start(), &format!("location / {{ {lines} }}"));
    let words = ["an event stream is held back", "proxy_buffering off;"];
    is_wrong(&proxy.front().url(), &[], &words);
}

/// Fails if a prefix that works has a finding, or one that does not has none.
#[test]
fn a_prefix_is_taken_away_or_the_hubs_own() {
    let below = |path: &'static str| Hub::with(|config| config.path = path.to_owned());
    let lines = format!("{HOST} {UPGRADE}");
    let strips = format!("location /chat/ {{ proxy_pass http://HUB/; {lines} }}");
    let leaves = format!("location /chat/ {{ proxy_pass http://HUB; {lines} }}");
    let proxy = nginx(Hub::start(), &strips);
    is_well(&format!("{}/chat/", proxy.front().url()), &[]);
    let own = ["--path", "/chat/socket.io/", "--endpoints.events", "off"];
    let proxy = nginx(below("/chat/socket.io/"), &leaves);
    is_well(&format!("{}/chat", proxy.front().url()), &own);
    let proxy = nginx(Hub::start(), &leaves);
    let url = format!("{}/chat/", proxy.front().url());
    is_wrong(
        &url,
        &[],
        &["take the prefix away", "--path /chat/socket.io/"],
    );
}

/// Fails if what other proxies leave out is not told of in their own words.
#[test]
fn what_haproxy_and_apache_leave_out_is_told_alone() {
    let block = readme("Apache", "apache")
        .replace("*:80", "*:PORT")
        .replace("127.0.0.1:11000", "HUB")
        .replace(" upgrade=websocket", "");
    let proxy = Proxy::apache(Hub::start(), &block);
    let words = ["no WebSocket is opened", "upgrade=websocket"];
    is_wrong(&proxy.front().url(), &[], &words);

    let block = readme("HAProxy", "haproxy")
        .replace("*:80", "LISTEN")
        .replace("127.0.0.1:11000", "HUB");
    let hides = "option forwardfor\n    http-request set-header Host hub.internal";
    let proxy = Proxy::haproxy(Hub::start(), &block.replace("option forwardfor", hides));
    is_wrong(&proxy.front().url(), &[], &["is refused (403)", "Host"]);
}

/// Fails if a name that the hub does not serve, or an address that nobody trusts, is not told of.
#[test]
fn names_and_addresses_that_settings_lack_are_told() {
    let hub = Hub::with(|config| config.hosts = vec!["chat.example".to_owned()]);
    let proxy = nginx(
        hub,
        &format!("location / {{ proxy_pass http://HUB; {HOST} {UPGRADE} }}"),
    );
    let url = proxy.front().url();
    let hosts = format!("--hosts chat.example,{}", proxy.front().address().ip());
    is_wrong(&url, &["--hosts", "chat.example"], &[&hosts]);

    let hub = Hub::start();
    let program = Command::new(env!("CARGO_BIN_EXE_dondo"))
        .args(["doctor", "--limits.sessions-max", "10", "--url", &hub.url()])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&program.stdout);
    assert!(
        said.starts_with("warning: X-Forwarded-For is nobody's") && said.lines().count() == 1,
        "{said}"
    );
    assert_eq!(program.status.code(), Some(0));
}
