//! The browser client below the endpoint's path (wire reference 1.11). The standalone server alone has it: an `App` serves
//! its own files.

use std::path::PathBuf;

use crate::support::http::Answer;
use crate::support::{Hub, http};

/// A folder with files of the names that the client has; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("dondo-it-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for file in files {
            std::fs::write(folder.join(file), format!("this is {file}")).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const NAMES: [&str; 6] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
];

/// Files that the folder has, and that nobody is to load.
const OTHERS: [&str; 3] = [
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
    "index.js",
];

/// The headers of a request that the answer depends on.
fn varies(answer: &Answer) -> Vec<&str> {
    let headers = answer.headers.iter();
    let values = headers.filter(|(name, _)| name.eq_ignore_ascii_case("vary"));
    values.flat_map(|(_, value)| value.split(", ")).collect()
}

#[test]
fn the_client_is_served_with_a_tag_and_is_not_sent_twice() {
    let folder = Folder::new("served", &NAMES);
    let hub = Hub::with(|config| config.client_dist = Some(folder.0.clone()));
    for name in NAMES {
        let target = format!("/socket.io/{name}");
        let answer = http::get(&hub, &target);
        assert_eq!(
            (answer.status, answer.text()),
            (200, format!("this is {name}"))
        );
        let kind = match name.ends_with(".map") {
            true => "application/json",
            false => "application/javascript; charset=utf-8",
        };
        assert_eq!(answer.header("Content-Type"), Some(kind), "{name}");
        assert_eq!(
            answer.header("Cache-Control"),
            Some("public, max-age=0"),
            "{name}"
        );
        let tag = answer.header("ETag").unwrap();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for known in [tag.to_owned(), format!("W/{tag}")] {
            let again = http::request(&hub, "GET", &target, &[("If-None-Match", &known)], b"");
            assert_eq!((again.status, again.body.len()), (304, 0), "{name} {known}");
        }
    }
}

#[test]
fn a_long_file_is_compressed_for_who_asks_for_it() {
    let folder = Folder::new("compressed", &NAMES);
    let script = "this is a long script; ".repeat(1000);
    std::fs::write(folder.0.join("socket.io.js"), &script).unwrap();
    let serve = |compressed| {
        Hub::with(|config| {
            config.client_dist = Some(folder.0.clone());
            config.engine.http_compression = compressed;
        })
    };
    let hub = serve(true);
    let target = "/socket.io/socket.io.js";
    let plain = http::get(&hub, target);
    assert_eq!(
        (plain.text(), plain.header("Content-Encoding")),
        (script.clone(), None)
    );
    assert_eq!(varies(&plain), ["Origin", "Accept-Encoding"]);
    for accepted in ["gzip", "deflate, gzip;q=0.5", "br, gzip, zstd"] {
        let asked = [("Accept-Encoding", accepted)];
        let answer = http::request(&hub, "GET", target, &asked, b"");
        assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
        assert_eq!(varies(&answer), ["Origin", "Accept-Encoding"]);
        assert!(answer.body.len() < 1000, "{} bytes", answer.body.len());
        assert_eq!(http::gunzip(&answer.body), script.as_bytes());
        // Other bytes have another tag, and HEAD tells of them what GET does.
        let tag = answer.header("ETag").unwrap();
        assert_ne!(answer.header("ETag"), plain.header("ETag"));
        let mut stream = http::send(&hub, "HEAD", target, &asked, b"");
        let head = http::read_head(&mut stream);
        assert_eq!(
            (head.status, head.headers.len()),
            (200, answer.headers.len())
        );
        let length = answer.body.len().to_string();
        assert_eq!(head.header("Content-Length"), Some(length.as_str()));
        let known = [asked[0], ("If-None-Match", tag)];
        let again = http::request(&hub, "GET", target, &known, b"");
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("ETag"), Some(tag));
    }
    for refused in ["identity", "gzip;q=0", "br", "*;q=0"] {
        let answer = http::request(&hub, "GET", target, &[("Accept-Encoding", refused)], b"");
        assert_eq!(answer.text(), script, "{refused}");
    }
    // What is short would not be any shorter.
    let asked = [("Accept-Encoding", "gzip")];
    let short = http::request(&hub, "GET", "/socket.io/socket.io.min.js", &asked, b"");
    assert_eq!(short.header("Content-Encoding"), None);
    let off = http::request(&serve(false), "GET", target, &asked, b"");
    assert_eq!((off.text(), varies(&off)), (script, vec!["Origin"]));
}

#[test]
fn the_pages_own_files_are_compressed_too() {
    let asked = [("Accept-Encoding", "gzip")];
    let hub = Hub::start();
    let plain = http::get(&hub, "/page.js");
    let answer = http::request(&hub, "GET", "/page.js", &asked, b"");
    assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
    assert_eq!(http::gunzip(&answer.body), plain.body);
}

#[test]
fn other_names_and_the_client_for_messagepack_fall_through_to_the_engine() {
    let folder = Folder::new("names", &[&NAMES[..], &OTHERS].concat());
    let hub = Hub::with(|config| config.client_dist = Some(folder.0.clone()));
    for name in OTHERS
        .into_iter()
        .chain(["socket.io.slim.js", "socket.io.js/", ""])
    {
        let answer = http::get(&hub, &format!("/socket.io/{name}"));
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (400, r#"{"code":0,"message":"Transport unknown"}"#),
            "{name}"
        );
    }
}

#[test]
fn an_allowed_page_may_load_the_client() {
    let folder = Folder::new("cors", &NAMES);
    let hub = Hub::with(|config| {
        config.client_dist = Some(folder.0.clone());
        config.origins = "https://app.example".parse().unwrap();
    });
    let page = [("Origin", "https://app.example")];
    let answer = http::request(&hub, "GET", "/socket.io/socket.io.js", &page, b"");
    assert_eq!(
        answer.header("Access-Control-Allow-Origin"),
        Some("https://app.example")
    );
    // Whoever asks: a cache must not give the answer without the header to the page.
    let any = Hub::with(|config| {
        config.client_dist = Some(folder.0.clone());
        config.origins = "*".parse().unwrap();
    });
    for hub in [&hub, &any] {
        for origin in [&page[..], &[("Origin", "https://evil.example")], &[]] {
            let answer = http::request(hub, "GET", "/socket.io/socket.io.js", origin, b"");
            assert!(varies(&answer).contains(&"Origin"), "{answer:?}");
        }
    }
}
