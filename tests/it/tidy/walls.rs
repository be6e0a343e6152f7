//! The walls of the architecture, read off the sources: who may know whom.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::circles::{imports, module};
use super::source::{Source, read, source, sources, top};

#[test]
fn the_core_has_no_web_crate_and_no_protocol() {
    let manifest = read("actors/Cargo.toml");
    let (_, dependencies) = manifest
        .split_once("\n[dependencies]\n")
        .expect("a table of dependencies");
    let dependencies = dependencies.split("\n[").next().unwrap();
    let allowed = [
        "actix",
        "actix-rt",
        "bytes",
        "dashmap",
        "form_urlencoded",
        "futures-util",
        "humantime",
        "log",
        "serde",
        "smallvec",
        "tokio",
    ];
    for line in dependencies
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let name = line.split(['.', ' ', '=']).next().unwrap();
        assert!(allowed.contains(&name), "actors depends on {name}");
    }
    for source in sources("actors/src") {
        for word in [
            "http",
            "WebSocketFrame",
            "serde_json",
            "TcpStream",
            "socketioxide",
        ] {
            assert!(
                !source.code.contains(word),
                "{} knows of {word}",
                source.path
            );
        }
    }
}

#[test]
fn state_knows_no_actor_no_clock_and_no_randomness() {
    for source in sources("actors/src/state").filter(|source| !source.is_test()) {
        for word in [
            "actix",
            "tokio",
            "Instant",
            "SystemTime::now",
            "random",
            "rand::",
            "crate::mailbox",
            "crate::message",
        ] {
            assert!(
                !source.code.contains(word),
                "{} knows of {word}",
                source.path
            );
        }
    }
}

/// Whoever is supervised has the guard's; a session dies alone.
#[test]
fn nobody_but_the_guard_and_the_session_has_a_handler() {
    for source in sources("actors/src") {
        let own = ["actors/src/guard.rs", "actors/src/session/handlers.rs"];
        let handlers = source.code.lines();
        let handlers =
            handlers.filter(|line| line.starts_with("impl") && line.contains("Handler<"));
        let may = usize::from(own.contains(&source.path.as_str()));
        assert_eq!(handlers.count(), may, "handlers in {}", source.path);
    }
}

#[test]
fn rooms_and_namespaces_never_hold_a_session() {
    for file in ["actors/src/room.rs", "actors/src/namespace.rs"] {
        let source = source(Path::new(file));
        for word in ["Addr<Session", "ToSession", "session::", "Outbox"] {
            assert!(!source.code.contains(word), "{file} knows of {word}");
        }
    }
}

#[test]
fn outboxes_are_written_by_couriers_alone() {
    for source in sources("actors/src")
        .chain(sources("src"))
        .filter(|source| !source.is_test())
    {
        let code: String = source.code.split_whitespace().collect();
        let writes = code.contains("outbox.push(") || code.contains("Outbox::push");
        let may =
            source.path.starts_with("actors/src/courier") || source.path == "actors/src/outbox.rs";
        assert!(!writes || may, "{} writes into an outbox", source.path);
    }
}

#[test]
fn there_is_no_lock_but_the_outbox_and_dashmap_only_in_the_directory() {
    for source in sources("actors/src").chain(sources("src")) {
        for word in ["Mutex", "RwLock"] {
            let allowed = source.path == "actors/src/outbox.rs";
            assert!(
                allowed || !source.code.contains(word),
                "{} has a {word}",
                source.path
            );
        }
        let allowed = source.path == "actors/src/directory.rs";
        assert!(
            allowed || !source.code.contains("dashmap"),
            "{} uses dashmap",
            source.path
        );
    }
}

#[test]
fn layers_know_only_what_is_below_them() {
    let forbidden: [(&str, &[&str]); 5] = [
        (
            "src/protocol",
            &[
                "transport",
                "io",
                "packs",
                "http",
                "service",
                "server",
                "config",
            ],
        ),
        (
            "src/transport",
            &["io", "packs", "http", "service", "server", "config"],
        ),
        (
            "src/io",
            &[
                "protocol",
                "transport",
                "packs",
                "http",
                "service",
                "server",
            ],
        ),
        (
            "src/packs",
            &["protocol", "transport", "http", "service", "server"],
        ),
        (
            "src/http",
            &["protocol", "io", "packs", "service", "server"],
        ),
    ];
    let all: Vec<_> = sources("src").filter(|source| !source.is_test()).collect();
    for (layer, others) in forbidden {
        let of_layer = |source: &&Source| {
            let path = source.path.strip_prefix(layer);
            path.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        let files: Vec<_> = all.iter().filter(of_layer).collect();
        let has_root = |file: &&Source| {
            file.path == format!("{layer}.rs") || file.path == format!("{layer}/mod.rs")
        };
        assert!(files.len() > 1 && files.iter().any(has_root), "{layer}");
        for file in files {
            let known = known_of(&file.path, &file.code);
            let wrong = others.iter().find(|other| known.contains(**other));
            assert!(wrong.is_none(), "{} knows of {wrong:?}", file.path);
        }
    }
}

/// The modules of the root whose names a file of `src` writes, however it imports them.
fn known_of(path: &str, code: &str) -> BTreeSet<String> {
    let file = module(path.strip_prefix("src").unwrap());
    let paths = imports(&file, code).into_iter();
    paths.filter_map(|path| path.into_iter().next()).collect()
}

/// Fails if an import goes over a wall unseen: in a group, from a layer's own root, by way of `super`, or without `use`.
#[test]
fn a_wall_is_seen_through_every_kind_of_import() {
    for (path, code) in [
        (
            "src/packs/hub.rs",
            "use crate::{\n    io::Pack,\n    protocol::signalr::{A, B},\n};",
        ),
        ("src/packs.rs", "use super::protocol::json;"),
        (
            "src/packs/hub/a.rs",
            "fn f() { super::super::super::protocol::f() }",
        ),
        ("src/packs/hub/a.rs", "fn f() { crate::protocol::f() }"),
    ] {
        let known = known_of(path, code);
        assert!(known.contains("protocol"), "{path}: {code}: {known:?}");
    }
    let known = known_of(
        "src/packs/hub.rs",
        "use crate::{io::protocol, transports};\nuse self::protocol::A;",
    );
    assert!(!known.contains("protocol"), "{known:?}");
}

#[test]
fn websocket_frames_know_nobody() {
    let all = sources("src/ws").chain([source(Path::new("src/ws.rs"))]);
    for source in all.filter(|source| !source.is_test()) {
        for word in ["crate::", "super::super", "tokio", "actix"] {
            assert!(
                !source.code.contains(word),
                "{} knows of {word}",
                source.path
            );
        }
    }
}

#[test]
fn the_ways_of_websockets_know_no_protocol() {
    for file in [
        "connection",
        "framing",
        "tcp_driver",
        "embedded_driver",
        "endpoint",
        "upgrade",
    ] {
        let source = source(Path::new(&format!("src/transport/{file}.rs")));
        for word in ["engine", "Engine", "protocol::"] {
            assert!(!source.code.contains(word), "{file} knows of {word}");
        }
    }
}

#[test]
fn one_file_each_uses_actix_web_actors_and_socketioxide() {
    for name in [
        "actix_web_actors",
        "socketioxide_parser_common",
        "socketioxide_core",
    ] {
        let users: Vec<_> = sources("src")
            .filter(|source| source.code.contains(name))
            .map(|source| source.path)
            .collect();
        assert_eq!(users.len(), 1, "{name} is used in {users:?}");
    }
}

#[test]
fn every_file_says_what_it_is_and_is_short_or_says_why_not() {
    let all = sources("actors")
        .chain(sources("src"))
        .chain(sources("tests"))
        .chain(sources("examples"));
    for source in all {
        assert!(
            source.text.starts_with("//!"),
            "{} does not say what it is",
            source.path
        );
        let lines = source.text.lines().count();
        let explained = source
            .text
            .lines()
            .take(8)
            .any(|line| line.contains("Over 400 lines:"));
        assert!(
            lines <= 400 || explained,
            "{} has {lines} lines and does not say why",
            source.path
        );
    }
}

#[test]
fn nothing_is_unsafe_and_nothing_unfinished() {
    for source in sources("actors")
        .chain(sources("src"))
        .chain(sources("tests"))
        .chain(sources("examples"))
    {
        for word in [
            "todo!(",
            "unimplemented!(",
            "FIXME",
            "#[ignore",
            "unsafe {",
            "unsafe fn",
            "thread::sleep(Duration",
        ] {
            let own = source.path.ends_with("tidy/walls.rs");
            assert!(
                own || !source.code.contains(word),
                "{} has {word}",
                source.path
            );
        }
    }
}

#[test]
fn the_top_level_is_the_card() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "deny.toml",
        "src",
        "actors",
        "tests",
        "benches",
        "examples",
        "target",
    ];
    for entry in fs::read_dir(top()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "{name} is not on the card"
        );
    }
}
