//! Vite's development server, as README writes its configuration.

use super::browser::reaches_websocket;
use super::{Proxy, SERVED, asked, readme};
use crate::support::Hub;

const HEADING: &str = "Vite's development server";

/// README's block on a port of its own, with `options` beside `ws`.
fn vite(change: impl FnOnce(&mut dondo::config::Settings), path: &str, options: &str) -> Proxy {
    let block = readme(HEADING, "js");
    let config = [
        (
            "server: {",
            "server: { host: \"HOST\", port: PORT, strictPort: true,",
        ),
        ("\"/socket.io\"", path),
        ("127.0.0.1:11000", "HUB"),
        ("ws: true", options),
    ]
    .into_iter()
    .fold(block, |block, (written, here)| {
        assert!(block.contains(written), "{written} in {block}");
        block.replace(written, here)
    });
    Proxy::vite(Hub::with(change), &config)
}

#[test]
fn behind_vite_as_readme_writes_it_a_page_gets_its_websocket() {
    let proxy = vite(|_| {}, "\"/socket.io\"", "ws: true");
    let front = proxy.front();
    assert_eq!(asked(front, &front.url()), SERVED);
    reaches_websocket(&proxy, "stock");
}

#[test]
fn behind_vite_that_changes_host_a_page_reaches_websocket_after_its_first_poll() {
    for (path, client) in [("\"/socket.io\"", "stock"), ("\"/\"", "page")] {
        let proxy = vite(|_| {}, path, "changeOrigin: true, ws: true");
        reaches_websocket(&proxy, client);
    }
}

#[test]
fn behind_vite_that_changes_host_a_page_that_readme_lists_gets_its_websocket() {
    let text = include_str!("../../../README.md");
    let (_, section) = text.split_once(HEADING).unwrap();
    let (_, origins) = section.split_once("--origins ").unwrap();
    let (origins, _) = origins.split_once('`').unwrap();
    let listed = vite(
        |config| config.origins = origins.parse().unwrap(),
        "\"/socket.io\"",
        "changeOrigin: true, ws: true",
    );
    assert_eq!(asked(listed.front(), "http://localhost:5173"), SERVED);
}
