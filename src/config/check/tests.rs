//! What is refused before anything is started, and what is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::Duration;

use super::*;

type Change = fn(&mut Settings);

fn checked(change: impl FnOnce(&mut Settings)) -> Result<(), SettingError> {
    let mut settings = Settings::default();
    change(&mut settings);
    settings.check()
}

fn refusal(change: impl FnOnce(&mut Settings)) -> String {
    checked(change).unwrap_err().to_string()
}

#[test]
fn the_defaults_can_be_started() {
    assert_eq!(Settings::default().check(), Ok(()));
}

#[test]
fn doors_that_cannot_open_are_refused_by_name() {
    let cases: [(&str, Change); 12] = [
        ("--listen", |c| c.listen.clear()),
        ("--listen", |c| c.listen[1] = c.listen[0]),
        ("--admin-listen", |c| c.admin_listen = Some(c.listen[1])),
        ("--namespaces", |c| c.namespaces.clear()),
        ("--namespaces", |c| c.namespaces.push("/".into())),
        ("--namespaces", |c| c.namespaces.push("chat".into())),
        ("--namespaces", |c| c.namespaces.push("/a,b".into())),
        ("--namespaces", |c| c.namespaces.push("/é".repeat(90))),
        ("--hosts", |c| c.hosts.push("http://a".into())),
        ("--client-dist", |c| c.client_dist = Some("/nowhere".into())),
        ("--api.keys-file", |c| {
            c.api.keys_file = Some("/nowhere".into())
        }),
        ("--api.public on", |c| c.api.public = true),
    ];
    for (name, change) in cases {
        let refusal = refusal(change);
        assert!(refusal.starts_with(&format!("{name}: ")), "{refusal}");
        assert!(refusal.contains("; write "), "{refusal}");
    }
}

#[test]
fn several_ports_of_the_systems_choice_are_no_repetition() {
    let any = "127.0.0.1:0".parse().unwrap();
    assert_eq!(
        checked(|c| {
            c.listen = vec![any; 2];
            c.admin_listen = Some(any);
        }),
        Ok(())
    );
}

/// Of two endpoints at one path, or one below the other, nobody would ever reach the second.
#[test]
fn two_endpoints_where_one_can_be_reached_are_refused() {
    let cases: [(&str, Change); 5] = [
        ("--endpoints.websocket", |c| c.path = "/ws/".into()),
        ("--endpoints.echo", |c| {
            c.endpoints.echo = Some("/ws/echo/".into())
        }),
        ("--endpoints.echo", |c| {
            c.endpoints.echo = Some("/events/".into())
        }),
        ("--endpoints.events", |c| {
            c.endpoints.events = Some("/socket.io/events/".into())
        }),
        ("--endpoints.websocket", |c| {
            c.endpoints.websocket = Some("ws".into())
        }),
    ];
    for (name, change) in cases {
        let refusal = refusal(change);
        assert!(refusal.starts_with(&format!("{name}: ")), "{refusal}");
        assert!(refusal.contains("; write "), "{refusal}");
    }
    let off: Change = |c| {
        c.path = "/ws/".into();
        c.endpoints.websocket = None;
        c.endpoints.echo = Some("/wsx/".into());
    };
    assert_eq!(checked(off), Ok(()));
}

#[test]
fn paths_that_no_client_could_reach_are_refused() {
    for path in [
        "", "/", "/x", "x/", "/a//b/", "/{tail}/", "/a b/", "/é/", "/a/../b/", "/./",
    ] {
        let refusal = refusal(|c| c.path = path.into());
        assert!(refusal.starts_with("--path: "), "{refusal}");
    }
    for path in ["/socket.io/", "/a/b-c_d~/"] {
        assert_eq!(checked(|c| c.path = path.into()), Ok(()), "{path}");
    }
}

#[test]
fn a_duration_of_nothing_is_refused_but_for_the_grace() {
    assert_eq!(
        refusal(|c| c.engine.ping_interval = Duration::ZERO),
        "--engine.ping-interval: 0s is too little; write 1ms to 1day"
    );
    let refusal = refusal(|c| c.delivery.stall_timeout = Some(Duration::ZERO));
    assert!(
        refusal.starts_with("--delivery.stall-timeout: "),
        "{refusal}"
    );
    assert_eq!(checked(|c| c.grace = Duration::ZERO), Ok(()));
}

#[test]
fn a_duration_that_a_clients_timer_cannot_count_is_refused() {
    let refusal = refusal(|c| c.engine.ping_timeout = Duration::MAX);
    assert!(refusal.starts_with("--engine.ping-timeout: "), "{refusal}");
    assert!(
        refusal.ends_with("is too much; write 1ms to 1day"),
        "{refusal}"
    );
}

#[test]
fn thread_counts_out_of_reason_are_refused() {
    assert!(refusal(|c| c.workers = 0).starts_with("--workers: 0 "));
    assert!(refusal(|c| c.room_threads = 100_000).starts_with("--room-threads: "));
    assert_eq!(checked(|c| c.room_threads = 0), Ok(()));
}

/// Whatever has a unit or is counted: at zero it is refused, or zero has a meaning.
#[test]
fn limits_that_let_nothing_through_are_refused() {
    let nothing_has_a_meaning = [
        "room-threads",
        "grace",
        "engine.attachments-max",
        "presence.join-events-up-to",
        "history.count",
        "auth.leeway",
    ];
    for setting in Settings::table() {
        let nothing = match setting.written {
            "COUNT" => "0",
            "SIZE" => "0B",
            "DURATION" => "0s",
            _ => continue,
        };
        let mut settings = Settings::default();
        (setting.read)(&mut settings, nothing).unwrap();
        let name = setting.name();
        match (setting.in_range)(&settings).and_then(|()| (setting.check)(&settings)) {
            Ok(()) => assert!(nothing_has_a_meaning.contains(&name.as_str()), "{name}"),
            Err(said) => assert!(said.starts_with(&format!("{nothing} ")), "{name}: {said}"),
        }
    }
}

#[test]
fn sizes_that_do_not_fit_into_each_other_are_refused() {
    let much = refusal(|c| {
        c.memory_max = Some(1 << 30);
        c.history.bytes = Some((1 << 29) + 1);
    });
    assert!(much.starts_with("--history.bytes: "), "{much}");
    assert_eq!(
        refusal(|c| c.delivery.outbox_bytes_max = Some(1_999_999)),
        "--delivery.outbox-bytes-max: 1999999B is less than two messages of the size that \
         --engine.max-payload allows; write at least 2MB"
    );
    assert_eq!(
        refusal(|c| c.memory_max = Some(1 << 20)),
        "--memory-max: 1MiB is less than one session may hold; \
         write at least 16MiB (--delivery.outbox-bytes-max)"
    );
    assert_eq!(
        refusal(|c| c.memory_max = Some(20 << 20)),
        "--memory-max: 20MiB is less than one session may hold; \
         write at least 32MiB (--session-bytes-max)"
    );
    let short = refusal(|c| c.engine.packet_bytes_max = Some(999_999));
    assert!(
        short.starts_with("--engine.packet-bytes-max: 999999B is less "),
        "{short}"
    );
    let long = refusal(|c| c.engine.packet_bytes_max = Some(9 << 20));
    assert!(long.contains("write at most 8MiB"), "{long}");
    let short = refusal(|c| c.limits.address_bytes_max = 1);
    assert!(
        short.starts_with("--limits.address-bytes-max: 1B "),
        "{short}"
    );
    let short = refusal(|c| c.limits.unfinished_bytes_max = 999_999);
    assert!(short.contains("write at least 1MB"), "{short}");
    let short = refusal(|c| c.session_bytes_max = 1 << 20);
    assert!(short.starts_with("--session-bytes-max: 1MiB "), "{short}");
    let huge = refusal(|c| c.engine.max_payload = usize::MAX);
    assert!(huge.starts_with("--engine.max-payload: "), "{huge}");
}
