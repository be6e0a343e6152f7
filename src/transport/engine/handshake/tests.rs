//! The checks of the handshake, row by row of wire reference 1.4 and 1.5.
//! Nothing here opens a socket: a request is a value.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn judged(request: &RequestView<'_>) -> Result<EngineRequest, Refusal> {
    check(request, &Origins::SameHost, &Hosts::default())
}

fn get(query: &str) -> RequestView<'_> {
    RequestView {
        method: "GET",
        upgrade: false,
        query: Query::parse(query),
        origin: None,
        host: Some(b"a.example"),
        forwarded: &[],
        site: None,
    }
}

fn upgrade(query: &str) -> RequestView<'_> {
    RequestView {
        upgrade: true,
        ..get(query)
    }
}

const OPEN: Result<EngineRequest, Refusal> = Ok(EngineRequest::Open);

const UPGRADE: EngineRequest = EngineRequest::Upgrade { foreign: false };

#[test]
fn each_row_of_the_error_table_for_plain_http() {
    let eio = "EIO=4&transport=polling";
    for (method, query, expected) in [
        ("GET", eio, OPEN),
        ("GET", "EIO=4", Err(Refusal::TransportUnknown)),
        ("GET", "", Err(Refusal::TransportUnknown)),
        ("GET", "EIO=4&transport=", Err(Refusal::TransportUnknown)),
        ("GET", "EIO=4&transport=foo", Err(Refusal::TransportUnknown)),
        (
            "GET",
            "EIO=4&transport=Polling",
            Err(Refusal::TransportUnknown),
        ),
        (
            "GET",
            "EIO=4&transport=__proto__",
            Err(Refusal::TransportUnknown),
        ),
        (
            "GET",
            "EIO=4&transport=webtransport",
            Err(Refusal::TransportUnknown),
        ),
        ("GET", "EIO=4&transport=websocket&transport=polling", OPEN),
        ("POST", eio, Err(Refusal::BadMethod)),
        ("OPTIONS", eio, Err(Refusal::BadMethod)),
        ("HEAD", eio, Err(Refusal::BadMethod)),
        ("GET", "EIO=4&transport=websocket", Err(Refusal::BadRequest)),
        (
            "GET",
            "EIO=3&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "GET",
            "EIO=5&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "GET",
            "EIO=99&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "GET",
            "EIO=abc&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "GET",
            "EIO=&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "GET",
            "EIO=4&EIO=5&transport=polling",
            Err(Refusal::UnsupportedVersion),
        ),
        ("GET", "transport=polling", Err(Refusal::UnsupportedVersion)),
        (
            "GET",
            "EIO=4&transport=polling&sid=S",
            Ok(EngineRequest::Get),
        ),
        ("GET", "transport=polling&sid=S", Ok(EngineRequest::Get)),
        (
            "POST",
            "EIO=4&transport=polling&sid=S",
            Ok(EngineRequest::Post),
        ),
        (
            "PUT",
            "EIO=4&transport=polling&sid=S",
            Ok(EngineRequest::Unfit(Refusal::OtherMethod)),
        ),
        (
            "GET",
            "EIO=4&transport=websocket&sid=S",
            Ok(EngineRequest::Unfit(Refusal::BadRequest)),
        ),
        ("GET", "EIO=4&sid=S", Err(Refusal::TransportUnknown)),
    ] {
        let request = RequestView {
            method,
            ..get(query)
        };
        assert_eq!(judged(&request), expected, "{method} {query}");
    }
}

#[test]
fn an_upgrade_is_refused_before_the_switch_for_each_fault_it_can_have() {
    for (query, expected) in [
        ("EIO=4&transport=websocket", OPEN),
        ("EIO=4&transport=websocket&sid=S", Ok(UPGRADE)),
        ("EIO=4", Err(Refusal::TransportUnknown)),
        ("EIO=4&transport=foo", Err(Refusal::TransportUnknown)),
        ("EIO=4&transport=polling", Err(Refusal::BadRequest)),
        ("EIO=4&transport=polling&sid=S", Err(Refusal::BadRequest)),
        (
            "EIO=99&transport=websocket",
            Err(Refusal::UnsupportedVersion),
        ),
        (
            "EIO=3&transport=websocket&sid=S",
            Err(Refusal::UnsupportedVersion),
        ),
        ("transport=websocket", Err(Refusal::UnsupportedVersion)),
    ] {
        assert_eq!(judged(&upgrade(query)), expected, "{query}");
    }
    let post = RequestView {
        method: "POST",
        ..upgrade("EIO=4&transport=websocket&sid=S")
    };
    assert_eq!(judged(&post), Err(Refusal::BadMethod));
}

#[test]
fn of_several_faults_the_first_of_the_table_is_told() {
    let strange = Some(&b"https://evil.example"[..]);
    let illegal = Some(&b"\x01"[..]);
    for (method, query, origin, expected) in [
        (
            "POST",
            "EIO=9&transport=foo",
            illegal,
            Refusal::TransportUnknown,
        ),
        (
            "POST",
            "EIO=9&transport=websocket",
            illegal,
            Refusal::BadRequest,
        ),
        (
            "POST",
            "EIO=9&transport=websocket",
            strange,
            Refusal::BadMethod,
        ),
        (
            "GET",
            "EIO=9&transport=websocket",
            strange,
            Refusal::BadRequest,
        ),
        (
            "GET",
            "EIO=9&transport=polling",
            strange,
            Refusal::Forbidden,
        ),
        (
            "GET",
            "EIO=9&transport=polling",
            None,
            Refusal::UnsupportedVersion,
        ),
    ] {
        let request = RequestView {
            method,
            origin,
            ..get(query)
        };
        assert_eq!(judged(&request), Err(expected), "{method} {query}");
    }
}

#[test]
fn a_strange_origin_may_neither_open_nor_upgrade() {
    for (origin, allowed) in [
        (&b"https://a.example"[..], true),
        (b"https://evil-a.example", false),
        (b"https://a.example.evil.net", false),
        (b"null", false),
    ] {
        for request in [
            get("EIO=4&transport=polling"),
            upgrade("EIO=4&transport=websocket"),
            upgrade("EIO=4&transport=websocket&sid=S"),
        ] {
            let request = RequestView {
                origin: Some(origin),
                ..request
            };
            let result = judged(&request);
            let refused = result == Err(Refusal::Forbidden);
            assert_eq!(refused || is_foreign(&result), !allowed, "{request:?}");
        }
    }
    let poll = RequestView {
        origin: Some(b"https://evil.example"),
        ..get("EIO=4&transport=polling&sid=S")
    };
    assert_eq!(judged(&poll), Ok(EngineRequest::Get));
}

#[test]
fn a_page_of_another_site_must_say_whose_it_is() {
    for (site, origin, allowed) in [
        ("cross-site", None, false),
        ("cross-site", Some(&b"https://a.example"[..]), true),
        ("cross-site", Some(b"https://evil.example"), false),
        ("same-origin", None, true),
        ("same-site", None, true),
        ("none", None, true),
    ] {
        for request in [
            get("EIO=4&transport=polling"),
            upgrade("EIO=4&transport=websocket"),
            upgrade("EIO=4&transport=websocket&sid=S"),
        ] {
            let request = RequestView {
                origin,
                site: Some(site.as_bytes()),
                ..request
            };
            let result = judged(&request);
            assert_eq!(result.is_ok(), allowed, "{request:?}");
            assert!(!is_foreign(&result), "{request:?}");
        }
    }
}

/// Left to whoever knows the session.
fn is_foreign(result: &Result<EngineRequest, Refusal>) -> bool {
    matches!(result, Ok(EngineRequest::Upgrade { foreign: true }))
}

#[test]
fn a_name_that_is_not_ours_opens_nothing_even_where_origin_and_host_agree() {
    let hosts = Hosts::new(&["a.example".to_owned()]);
    for request in [
        get("EIO=4&transport=polling"),
        upgrade("EIO=4&transport=websocket"),
        upgrade("EIO=4&transport=websocket&sid=S"),
    ] {
        assert!(check(&request, &Origins::SameHost, &hosts).is_ok());
        let request = RequestView {
            host: Some(b"evil.example"),
            origin: Some(b"http://evil.example"),
            ..request
        };
        assert_eq!(
            check(&request, &Origins::SameHost, &hosts),
            Err(Refusal::ForeignHost)
        );
    }
}

#[test]
fn other_parameters_do_no_harm_however_many() {
    let flood = "a&".repeat(10_000) + "EIO=4&transport=polling";
    assert_eq!(judged(&get(&flood)), OPEN);
}

#[test]
fn what_a_session_takes_depends_on_where_it_is() {
    let (wrong, method) = (Refusal::BadRequest, Refusal::OtherMethod);
    for (request, polling, upgrading, websocket) in [
        (EngineRequest::Get, Ok(()), Ok(()), Err(wrong)),
        (EngineRequest::Post, Ok(()), Ok(()), Err(wrong)),
        (
            EngineRequest::Unfit(method),
            Err(method),
            Err(method),
            Err(wrong),
        ),
        (
            EngineRequest::Unfit(wrong),
            Err(wrong),
            Err(wrong),
            Err(wrong),
        ),
        (UPGRADE, Ok(()), Ok(()), Ok(())),
    ] {
        for (stage, expected) in [
            (None, Err(Refusal::SessionUnknown)),
            (Some(Stage::Polling), polling),
            (Some(Stage::Upgrading), upgrading),
            (Some(Stage::WebSocket), websocket),
        ] {
            assert_eq!(
                check_session(request, stage),
                expected,
                "{request:?} {stage:?}"
            );
        }
    }
}

#[test]
fn the_open_packet_has_its_keys_in_order() {
    let [interval, timeout] = [25, 20].map(Duration::from_secs);
    assert_eq!(
        open_packet("S", r#"["websocket"]"#, interval, timeout, 1_000_000),
        r#"0{"sid":"S","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
    );
    assert!(open_packet("S", "[]", interval, timeout, 1).contains(r#""upgrades":[],"#));
}
