//! Which origins each policy lets in, row by row. Nothing here opens a socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

impl Origins {
    fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        self.allows_behind(origin, host, &[], &[])
    }

    fn allows_behind(
        &self,
        origin: Option<&str>,
        host: Option<&str>,
        forwarded: &[&str],
        own: &[String],
    ) -> bool {
        let host = host.map(str::as_bytes);
        let names = Names {
            host,
            forwarded,
            own,
        };
        self.judge(origin.map(str::as_bytes), &names) == Verdict::Allowed
    }
}

fn policy(setting: &str) -> Origins {
    setting.parse().expect(setting)
}

#[test]
fn unless_set_only_the_same_host_is_allowed() {
    assert_eq!(Origins::default(), policy("same-host"));
}

#[test]
fn an_absent_origin_is_allowed_by_every_policy() {
    for setting in ["same-host", "*", "https://a.example"] {
        assert!(policy(setting).allows(None, None), "{setting}");
    }
}

#[test]
fn the_same_host_compares_host_and_port_and_nothing_else() {
    for (origin, host, allowed) in [
        ("https://a.example", "a.example", true),
        ("https://A.Example", "a.eXample", true),
        ("https://a.example", "a.example:443", true),
        ("https://a.example:443", "a.example", true),
        ("http://a.example", "a.example:80", true),
        ("HTTP://a.example", "a.example:80", true),
        ("http://a.example:8080", "a.example:8080", true),
        ("http://[::1]:3000", "[::1]:3000", true),
        ("http://[::1]", "[::1]", true),
        ("http://a.example", "a.example:443", false),
        ("https://a.example", "a.example:8443", false),
        // A name without a port says nothing of ports.
        ("https://a.example:8443", "a.example", true),
        ("https://evil-a.example", "a.example", false),
        ("https://a.example.evil.net", "a.example", false),
        ("https://a.example@evil.net", "a.example", false),
        ("https://evil.net/a.example", "a.example", false),
        ("https://a.example/", "a.example", false),
        ("https://a.example:+443", "a.example", false),
        ("https://a.example:99999", "a.example", false),
        ("https://a.example:", "a.example", false),
        ("https://", "", false),
        ("https://a.example https://b.example", "a.example", false),
        ("a.example", "a.example", false),
        ("null", "a.example", false),
        ("null", "null", false),
        ("", "a.example", false),
    ] {
        assert_eq!(
            Origins::SameHost.allows(Some(origin), Some(host)),
            allowed,
            "{origin} at {host}"
        );
    }
    assert!(!Origins::SameHost.allows(Some("https://a.example"), None));
}

#[test]
fn a_list_allows_what_it_names_and_nothing_that_looks_like_it() {
    let list = policy(" https://Example.com , http://b.example:8080,capacitor://localhost");
    for (origin, allowed) in [
        ("https://example.com", true),
        ("HTTPS://EXAMPLE.COM", true),
        ("https://example.com:443", true),
        ("http://b.example:8080", true),
        ("capacitor://localhost", true),
        ("http://example.com", false),
        ("https://example.com:8443", false),
        ("http://b.example", false),
        ("https://evil-example.com", false),
        ("https://example.com.evil.net", false),
        ("https://sub.example.com", false),
        ("https://example.com.", false),
        ("https://example.com/", false),
        ("null", false),
        ("", false),
    ] {
        // A name that was made to point here must not matter to a list.
        for host in [None, Some("evil-example.com"), Some("example.com.evil.net")] {
            assert_eq!(list.allows(Some(origin), host), allowed, "{origin}");
        }
    }
}

#[test]
fn null_is_allowed_only_where_listed_or_where_all_are() {
    assert!(policy("null,https://a.example").allows(Some("null"), Some("a.example")));
    assert!(policy("*").allows(Some("null"), None));
    assert!(!policy("https://a.example").allows(Some("null"), None));
}

#[test]
fn a_port_written_out_equals_the_default_port() {
    assert_eq!(policy("https://x:443"), policy("https://X"));
    assert_eq!(policy("http://x:80"), policy("http://x"));
    assert_ne!(policy("http://x:443"), policy("https://x"));
}

#[test]
fn illegal_characters_are_told_apart_from_a_refusal() {
    for setting in ["same-host", "*", "https://a.example"] {
        for origin in [
            &b"https://a.example\x01"[..],
            b"\x7f",
            b"https://\xc3\xa9",
            b"a\tb",
        ] {
            assert_eq!(
                policy(setting).judge(Some(origin), &Names::default()),
                Verdict::Illegal,
                "{setting} {origin:?}"
            );
        }
    }
}

#[test]
fn a_bad_setting_is_refused_by_name() {
    let not_an_origin = |item: &str| BadOrigins::NotAnOrigin(item.to_owned());
    for (setting, error) in [
        ("", BadOrigins::Empty),
        ("https://a.example,", BadOrigins::Empty),
        ("https://a.example,*", BadOrigins::NotAlone("*".to_owned())),
        ("same-host,*", BadOrigins::NotAlone("*".to_owned())),
        ("a.example", not_an_origin("a.example")),
        ("https://*.a.example", not_an_origin("https://*.a.example")),
        ("https://a.example/", not_an_origin("https://a.example/")),
        ("https://u@a.example", not_an_origin("https://u@a.example")),
        (
            "https://a.example:0x1",
            not_an_origin("https://a.example:0x1"),
        ),
        ("https://[::g]", not_an_origin("https://[::g]")),
        ("https://", not_an_origin("https://")),
        ("://a.example", not_an_origin("://a.example")),
    ] {
        assert_eq!(setting.parse::<Origins>(), Err(error), "{setting}");
    }
    let message = not_an_origin("a.example").to_string();
    assert!(message.contains("`a.example`"), "{message}");
}

#[test]
fn a_page_behind_a_proxy_is_the_hubs_own_by_the_name_that_the_proxy_passes_on() {
    for (origin, host, forwarded, allowed) in [
        (
            "https://chat.example",
            "127.0.0.1:11000",
            &["chat.example"][..],
            true,
        ),
        (
            "https://chat.example:8443",
            "127.0.0.1:11000",
            &["chat.example"],
            true,
        ),
        (
            "https://chat.example",
            "127.0.0.1:11000",
            &["chat.example:443"],
            true,
        ),
        (
            "https://chat.example",
            "127.0.0.1:11000",
            &["inner", "CHAT.example"],
            true,
        ),
        (
            "https://chat.example",
            "127.0.0.1:11000",
            &["chat.example:8443"],
            false,
        ),
        (
            "https://evil.example",
            "127.0.0.1:11000",
            &["chat.example"],
            false,
        ),
        (
            "https://chat.example",
            "127.0.0.1:11000",
            &["chat.example.evil.net", ""],
            false,
        ),
        ("https://chat.example", "127.0.0.1:11000", &[], false),
        ("null", "127.0.0.1:11000", &["null"], false),
    ] {
        let passes = Origins::SameHost.allows_behind(Some(origin), Some(host), forwarded, &[]);
        assert_eq!(passes, allowed, "{origin} at {forwarded:?}");
    }
}

#[test]
fn where_hosts_are_listed_a_name_that_a_proxy_passes_on_is_one_of_them() {
    let own = ["hub.internal".to_owned(), "chat.example".to_owned()];
    let allows = |name: &str| {
        let origin = format!("http://{name}");
        let host = Some("hub.internal:11000");
        Origins::SameHost.allows_behind(Some(&origin), host, &[name], &own)
    };
    assert!(allows("chat.example"));
    assert!(!allows("evil.example"), "a name bound to the proxy");
}

#[test]
fn a_list_lets_the_hubs_own_page_in_under_a_name_that_no_stranger_can_have() {
    let own = |setting: &str, hosts: &[String], origin: &str| {
        let (_, name) = origin.split_once("://").unwrap();
        policy(setting).allows_behind(Some(origin), Some(name), &[], hosts)
    };
    let hosts = ["chat.example".to_owned()];
    let list = "https://app.example";
    for origin in [
        "http://127.0.0.1:11000",
        "http://[::1]:11000",
        "ws://localhost:11000",
        "http://app.example:11000",
    ] {
        assert!(own(list, &[], origin), "{origin}");
    }
    assert!(own(list, &hosts, "https://chat.example"));
    assert!(own(
        "same-host,https://app.example",
        &[],
        "https://chat.example"
    ));
    for origin in [
        "http://rebound.example:11000",
        "http://127.0.0.1.rebound.example",
        "http://localhost.rebound.example",
        "http://[rebound.example]",
    ] {
        assert!(!own(list, &[], origin), "{origin}");
        assert!(!own(list, &hosts, origin), "{origin}");
    }
    // An address of somebody else is not the hub's.
    assert!(!policy(list).allows(Some("http://127.0.0.1:9"), Some("127.0.0.1:11000")));
}

#[test]
fn origins_without_a_host_can_be_listed() {
    for (listed, origin) in [
        ("file://", "file://"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("null", "null"),
    ] {
        assert!(policy(listed).allows(Some(origin), None), "{listed}");
        assert!(
            !Origins::SameHost.allows(Some(origin), Some("")),
            "{origin}"
        );
        assert!(!policy(listed).allows(Some("app://"), None), "{listed}");
    }
}

#[test]
fn what_the_log_tells_to_write_lets_the_page_in_and_shuts_nobody_out() {
    let here = [&[][..], &["127.0.0.1".to_owned()]];
    for setting in [
        "same-host",
        "https://a.example",
        "same-host,http://b.example:81",
    ] {
        let origins = policy(setting);
        for origin in [
            "https://c.example",
            "HTTP://C.example:8080",
            "file://",
            "null",
        ] {
            for (forwarded, own) in [
                (&[][..], here[0]),
                (&["c.example"], here[0]),
                (&["c.example"], here[1]),
            ] {
                let names = Names {
                    host: Some(b"127.0.0.1"),
                    forwarded,
                    own,
                };
                let judge = |origins: &Origins, origin: &str, own| {
                    origins.judge(Some(origin.as_bytes()), &Names { own, ..names })
                };
                if judge(&origins, origin, own) == Verdict::Allowed {
                    continue;
                }
                let (origins, own) = match origins.way_in(origin.as_bytes(), &names).unwrap() {
                    WayIn::Hosts(host) => (origins.clone(), vec!["127.0.0.1".to_owned(), host]),
                    WayIn::Listed { origins, .. } => (origins, own.to_vec()),
                };
                // As an operator writes it.
                let origins = policy(&origins.to_string());
                for origin in [origin, "http://127.0.0.1"] {
                    assert_eq!(
                        judge(&origins, origin, &own),
                        Verdict::Allowed,
                        "{origin} {forwarded:?} {origins} {own:?}"
                    );
                }
            }
        }
    }
}

/// Fails if a page that does not come from this machine passes as one that does, or one that does is refused.
#[test]
fn localhost_in_a_list_is_every_page_of_this_machine_and_no_other() {
    let this_machine = policy("localhost,https://a.example");
    assert_eq!(this_machine.to_string(), "localhost,https://a.example");
    for (origin, allowed) in [
        ("http://localhost:5173", true),
        ("https://LOCALHOST", true),
        ("http://127.0.0.1:3000", true),
        ("http://127.1.2.3", true),
        ("http://[::1]:3000", true),
        ("https://a.example", true),
        ("http://192.168.0.7:3000", false),
        ("http://localhost.evil.example", false),
        ("http://127.0.0.1.evil.example", false),
        ("http://evil.example", false),
        ("ftp://localhost", false),
        ("null", false),
    ] {
        // Under a name that was bound to this machine, too.
        let host = origin.split_once("://").map(|(_, host)| host);
        assert_eq!(
            this_machine.allows(Some(origin), Some("127.0.0.1:11000")),
            allowed,
            "{origin}"
        );
        if host == Some("evil.example") {
            assert!(!this_machine.allows(Some(origin), host), "{origin}");
        }
    }
}
