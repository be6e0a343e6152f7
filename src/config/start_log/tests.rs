//! What the start log says of settings. Opens nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::Duration;

use super::*;

type Change = fn(&mut Settings);

fn said(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = Settings::default();
    change(&mut settings);
    settings.start_log(Some(1024)).join("\n")
}

#[test]
fn every_address_is_told_with_all_that_stands_there() {
    let said = said(|_| {});
    for url in [
        "http://127.0.0.1:11000/\n",
        "endpoint http://127.0.0.1:11000/socket.io/\n",
        "http://127.0.0.1:11000/healthz ",
        "http://127.0.0.1:11000/readyz ",
        "http://[::1]:11000/\n",
    ] {
        assert!(said.contains(url), "{url} in {said}");
    }
}

#[test]
fn a_path_of_ones_own_is_told_as_the_client_writes_it() {
    let said = said(|c| c.path = "/live/".into());
    assert!(
        said.contains(r#"io("http://127.0.0.1:11000", { path: "/live/" })"#),
        "{said}"
    );
}

#[test]
fn every_setting_is_told_as_it_is_in_the_line_of_its_section() {
    let mut settings = Settings::default();
    settings.engine.max_payload = 30_000_000;
    settings.engine.ping_timeout = Duration::from_secs(5);
    settings.memory_max = Some(1 << 30);
    let lines = settings.start_log(None);
    for setting in Settings::table() {
        let title = match setting.section {
            "" => "server",
            section => section,
        };
        let told = format!(" {} {}", setting.key(), (setting.show)(&settings));
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with(&format!("{title}:")) && line.contains(&told)),
            "{title} {told} in {lines:#?}"
        );
    }
    let said = lines.join("\n");
    for fact in [
        "max-payload 30MB;",
        "outbox-bytes-max 60MB (computed);",
        "stall-timeout 5s (computed);",
        "memory-max 1GiB;",
        "hosts any;",
        "trusted-proxies none;",
    ] {
        assert!(said.contains(fact), "{fact} in {said}");
    }
}

#[test]
fn whose_limits_do_not_hold_and_whose_names_are_taken_is_told() {
    let open = said(|_| {});
    assert!(
        open.contains("no limits per address for 127.0.0.1 and ::1"),
        "{open}"
    );
    let behind = said(|c| c.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    assert!(!behind.contains("name it in --trusted-proxies"), "{behind}");
    assert!(open.contains("any host name"), "{open}");
    let closed = said(|c| c.hosts = vec!["chat.example".into()]);
    assert!(!closed.contains("any host name"), "{closed}");
}

#[test]
fn open_files_are_told_as_connections() {
    let settings = Settings {
        workers: 2,
        ..Settings::default()
    };
    assert!(
        settings
            .start_log(Some(1024))
            .join("\n")
            .contains("1024 open files, so about 926 connections")
    );
    assert!(settings.start_log(None).join("\n").contains("unknown"));
    assert!(settings.start_log(Some(3)).join("\n").contains("about 0 "));
}

#[test]
fn nothing_is_called_relaxed_in_the_defaults() {
    assert!(!said(|_| {}).contains("relaxed"));
}

/// The README has it in full, and `transport::origin` decides it.
#[test]
fn under_which_names_a_list_lets_the_hubs_own_page_in_is_told() {
    let sure = "under an IP address, localhost or the host of a listed origin, else only with same-host in the list";
    for (origins, hosts, listed, under) in [
        ("https://a.example", "", "1 listed origin can", sure),
        ("https://a.example,null", "", "2 listed origins can", sure),
        (
            "same-host,null",
            "",
            "1 listed origin can",
            "under any name",
        ),
        (
            "https://a.example",
            "b.example",
            "1 listed",
            "under the names of --hosts",
        ),
        (
            "same-host,null",
            "b.example",
            "1 listed",
            "under the names of --hosts",
        ),
    ] {
        let said = said(|c| {
            c.origins = origins.parse().unwrap();
            c.hosts = hosts.split_terminator(',').map(str::to_owned).collect();
        });
        let line = said
            .lines()
            .find(|line| line.starts_with("relaxed: --origins"));
        let line = line.expect("it is relaxed");
        assert!(line.contains(listed), "{listed} in {line}");
        assert!(
            line.ends_with(&format!("the hub's own page {under}")),
            "{under} in {line}"
        );
    }
}

#[test]
fn each_relaxed_setting_is_told_with_what_it_means() {
    let cases: [(&str, Change); 4] = [
        ("relaxed: --listen 0.0.0.0:80", |c| {
            c.listen.push("0.0.0.0:80".parse().unwrap());
        }),
        ("relaxed: no metrics are served (--admin-listen off)", |c| {
            c.admin_listen = None;
        }),
        (
            "relaxed: --origins: web pages of 1 listed origin can",
            |c| {
                c.origins = "https://a.example".parse().unwrap();
            },
        ),
        ("relaxed: --hub.room-scope flat", |c| {
            c.hub.room_scope = RoomScope::Flat;
        }),
    ];
    for (line, change) in cases {
        let said = said(change);
        assert!(said.contains(line), "{line} in {said}");
    }
}

/// A client that leaves the namespace out asks for `/`.
#[test]
fn the_client_line_names_a_namespace_that_there_is() {
    let told = |namespaces: &[&str]| {
        said(|c| c.namespaces = namespaces.iter().map(|&name| name.to_owned()).collect())
    };
    for (namespaces, line) in [
        (
            &["/chat"][..],
            r#"io("http://127.0.0.1:11000/chat"), endpoint http://127.0.0.1:11000/socket.io/"#,
        ),
        (
            &["/chat", "/news"],
            r#"io("http://127.0.0.1:11000/chat"), "#,
        ),
        (&["/chat", "/"], r#"io("http://127.0.0.1:11000"), "#),
        (&["/a\"b\\"], r#"io("http://127.0.0.1:11000/a\"b\\"), "#),
    ] {
        let said = told(namespaces);
        assert!(said.contains(line), "{line} in {said}");
    }
}

/// Fails if an address of the log does not work as it is printed, where there is no namespace `/`.
#[test]
fn where_a_namespace_must_be_named_the_addresses_name_it() {
    let told = |name: &str| said(|c| c.namespaces = vec![name.to_owned()]);
    for (namespace, query) in [
        ("/orders", "?namespace=/orders\n"),
        ("/a b&c#é", "?namespace=/a%20b%26c%23%C3%A9\n"),
        ("/", "\n"),
    ] {
        let said = told(namespace);
        for address in [
            format!("plain WebSockets: ws://127.0.0.1:11000/ws{query}"),
            format!("event streams: http://127.0.0.1:11000/events{query}"),
        ] {
            assert!(said.contains(&address), "{address} in {said}");
        }
    }
    assert!(!told("/orders").contains("SignalR"));
}

/// Browsers open no unspecified address, and from other machines it would be their own.
#[test]
fn for_all_addresses_one_is_told_that_this_machine_can_open() {
    for (listen, url) in [
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        // Over IPv4, too, which is there in containers that lack ::1.
        ("[::]:80", "http://127.0.0.1:80"),
        ("192.0.2.1:80,[::]:80", "http://[::1]:80"),
        ("192.0.2.1:81,[::]:80", "http://127.0.0.1:80"),
    ] {
        let said = said(|c| {
            c.listen = listen
                .split(',')
                .map(|address| address.parse().unwrap())
                .collect();
        });
        for line in [
            format!("first page: {url}/\n"),
            format!("io(\"{url}\")"),
            format!("endpoint {url}/socket.io/\n"),
            format!("{url}/healthz "),
        ] {
            assert!(said.contains(&line), "{line} in {said}");
        }
        assert!(
            !said.contains("http://0.0.0.0") && !said.contains("http://[::]"),
            "{said}"
        );
        assert!(
            said.contains("other machines write this machine's name or address"),
            "{said}"
        );
    }
    assert!(!said(|_| {}).contains("other machines"));
}

#[test]
fn the_operators_addresses_are_told_as_this_machine_can_open_them() {
    for (listen, told) in [
        (
            "127.0.0.1:9",
            "http://127.0.0.1:9/metrics, http://127.0.0.1:9/readyz",
        ),
        ("0.0.0.0:9", "http://127.0.0.1:9/metrics, "),
        ("[::]:9", "http://127.0.0.1:9/metrics, "),
    ] {
        let said = said(|c| c.admin_listen = Some(listen.parse().unwrap()));
        assert!(said.contains(told), "{told} in {said}");
    }
}

/// Fails if the HTTP API is told where it does not answer: by the scheme of the listener that it is on.
#[test]
fn the_http_api_is_told_by_the_scheme_of_its_listener() {
    let said = said(|settings| {
        settings.listen = vec!["127.0.0.1:11000".parse().unwrap()];
        settings.api.keys_file = Some("keys.toml".into());
        settings.api.public = true;
        settings.tls.certificate_file = Some("chain.pem".into());
        settings.tls.key_file = Some("key.pem".into());
    });
    let told = said.lines().filter(|line| line.starts_with("HTTP API: "));
    let told: Vec<_> = told.filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(
        told,
        [
            "http://127.0.0.1:11001/api/v1",
            "https://127.0.0.1:11000/api/v1"
        ]
    );
}
