//! Who may open a session: limits of the process, of an address and of a connection, and names that are not ours.

use std::net::{IpAddr, TcpStream};
use std::time::Instant;

use dondo::config::Settings;

use crate::support::http::{self, Answer};
use crate::support::{Form, Hub, PATIENCE, Polling, WebSocket, echo, in_both_forms};

in_both_forms!(
    a_full_server_refuses_and_lets_in_again,
    one_connection_opens_no_more_sessions_than_it_may,
    an_address_has_no_more_sessions_than_it_may_but_this_machine_has,
    an_address_makes_no_more_handshakes_than_it_may,
    behind_a_trusted_proxy_the_clients_address_counts,
    a_rebound_name_opens_nothing,
    a_foreign_page_without_an_origin_opens_nothing,
);

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 1, 1));

fn guarded(form: Form, change: impl FnOnce(&mut Settings)) -> Hub {
    form.built(change, echo)
}

fn is_refused(answer: &Answer, setting: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains(setting), "{}", answer.text());
    let code = setting.trim_start_matches("limits.");
    let code = code.trim_end_matches("-per-s").replace('-', "_");
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["code"], *code);
    assert!(answer.header("Retry-After").is_some());
    assert_eq!(answer.header("Connection"), Some("close"));
}

fn open_from(hub: &Hub, address: IpAddr) -> (TcpStream, Answer) {
    let mut stream = http::connect_from(hub, address);
    let answer = http::ask(&mut stream, POLLING, &[]);
    (stream, answer)
}

/// Ends the session that an answer opened, over a connection of its own.
fn end(hub: &Hub, open: &Answer) {
    let sid = crate::support::polling::sid(&open.text());
    http::post(hub, &format!("{POLLING}&sid={sid}"), "1");
}

/// Waits until nothing is known of anybody.
fn forgets(hub: &Hub) {
    let deadline = Instant::now() + PATIENCE;
    while hub.doors().sessions() > 0 || hub.doors().known() != (0, 0) {
        let (sessions, known) = (hub.doors().sessions(), hub.doors().known());
        assert!(Instant::now() < deadline, "{sessions} and {known:?}");
        std::thread::yield_now();
    }
}

fn a_full_server_refuses_and_lets_in_again(form: Form) {
    let hub = guarded(form, |settings| {
        settings.limits.sessions_max = 2;
        settings.insecure.no_rate_limits = true;
    });
    let (socket, polling) = (WebSocket::open(&hub, DIRECT), http::get(&hub, POLLING));
    is_refused(&http::get(&hub, POLLING), "limits.sessions-max");
    // All endpoints have the same doors.
    let other = format!("{}?EIO=4&transport=polling", crate::support::ECHO);
    is_refused(&http::get(&hub, &other), "limits.sessions-max");
    let (answer, _) = WebSocket::handshake(&hub, DIRECT, &[]);
    is_refused(&answer, "limits.sessions-max");
    drop(socket);
    end(&hub, &polling);
    forgets(&hub);
    assert_eq!(http::get(&hub, POLLING).status, 200);
}

fn one_connection_opens_no_more_sessions_than_it_may(form: Form) {
    let hub = guarded(form, |settings| {
        settings.limits.connection_sessions_max = 3;
        settings.insecure.no_rate_limits = true;
    });
    let mut stream = http::connect(&hub);
    let opened: Vec<_> = (0..3)
        .map(|_| http::ask(&mut stream, POLLING, &[]))
        .inspect(|answer| assert_eq!(answer.status, 200))
        .collect();
    is_refused(
        &http::ask(&mut stream, POLLING, &[]),
        "limits.connection-sessions-max",
    );
    // What was opened before is as it was, and over another connection there is place.
    let mut stream = http::connect(&hub);
    let sid = crate::support::polling::sid(&opened[0].text());
    let said = http::post(&hub, &format!("{POLLING}&sid={sid}"), "40");
    assert_eq!(said.text(), "ok");
    let more = http::ask(&mut stream, POLLING, &[]);
    assert_eq!(more.status, 200);
    for answer in opened.iter().chain([&more]) {
        end(&hub, answer);
    }
    forgets(&hub);
}

fn an_address_has_no_more_sessions_than_it_may_but_this_machine_has(form: Form) {
    let hub = guarded(form, |settings| {
        settings.limits.address_sessions_max = 2;
    });
    let first = open_from(&hub, STRANGER);
    let second = open_from(&hub, STRANGER);
    assert_eq!((first.1.status, second.1.status), (200, 200));
    is_refused(&open_from(&hub, STRANGER).1, "limits.address-sessions-max");
    for _ in 0..5 {
        let answer = http::get(&hub, POLLING);
        assert_eq!(answer.status, 200);
        end(&hub, &answer);
    }
    end(&hub, &first.1);
    end(&hub, &second.1);
    forgets(&hub);
    assert_eq!(open_from(&hub, STRANGER).1.status, 200);
}

fn an_address_makes_no_more_handshakes_than_it_may(form: Form) {
    let hub = guarded(form, |settings| {
        settings.limits.address_handshakes_per_s = 1;
        settings.limits.burst = std::time::Duration::from_secs(3);
    });
    // More than were saved up and can come in the meantime, however slow this is.
    let began = Instant::now();
    let mut opened = Vec::new();
    let refused = loop {
        let (_, answer) = open_from(&hub, STRANGER);
        if answer.status != 200 {
            break answer;
        }
        opened.push(answer);
        assert!(opened.len() as u64 <= 3 + began.elapsed().as_secs() + 1);
    };
    is_refused(&refused, "limits.address-handshakes-per-s");
    assert!(opened.len() >= 3);
    assert_eq!(http::get(&hub, POLLING).status, 200);
}

fn behind_a_trusted_proxy_the_clients_address_counts(form: Form) {
    let hub = guarded(form, |settings| {
        settings.trusted_proxies = vec!["127.0.1.1/32".parse().unwrap()];
        settings.limits.address_sessions_max = 1;
        settings.insecure.no_rate_limits = true;
    });
    let forwarded = |from: IpAddr, named: &str| {
        let mut stream = http::connect_from(&hub, from);
        let header = [("X-Forwarded-For", named)];
        http::ask(&mut stream, POLLING, &header).status
    };
    assert_eq!(forwarded(STRANGER, "203.0.113.7"), 200);
    assert_eq!(forwarded(STRANGER, "203.0.113.7"), 503);
    assert_eq!(forwarded(STRANGER, "127.0.0.1, 203.0.113.7"), 503);
    assert_eq!(forwarded(STRANGER, "203.0.113.8"), 200);
    // One network of IPv6 is one client.
    assert_eq!(forwarded(STRANGER, "2001:db8::1"), 200);
    assert_eq!(forwarded(STRANGER, "2001:db8::2"), 503);
    // Nobody else is believed.
    let liar = IpAddr::from([127, 0, 1, 2]);
    assert_eq!(forwarded(liar, "203.0.113.9"), 200);
    assert_eq!(forwarded(liar, "203.0.113.10"), 503);
}

fn a_rebound_name_opens_nothing(form: Form) {
    let hub = guarded(form, |settings| {
        settings.hosts = vec!["127.0.0.1".to_owned()];
        settings.insecure.no_rate_limits = true;
    });
    let rebound = [("Host", "evil.example"), ("Origin", "http://evil.example")];
    let answer = http::request(&hub, "GET", POLLING, &rebound, b"");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (403, r#"{"code":4,"message":"Forbidden"}"#)
    );
    let polling = Polling::open(&hub, "/socket.io/");
    for target in [DIRECT, &polling.upgrade_target()] {
        let mut socket = http::send(&hub, "GET", target, &UPGRADE_OF_EVIL, b"");
        let answer = http::read(&mut socket);
        assert_eq!((answer.status, answer.text().as_str()), (400, "Forbidden"));
    }
    assert_eq!(http::get(&hub, POLLING).status, 200);
}

const UPGRADE_OF_EVIL: [(&str, &str); 6] = [
    ("Host", "evil.example"),
    ("Origin", "http://evil.example"),
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

fn a_foreign_page_without_an_origin_opens_nothing(form: Form) {
    let hub = guarded(form, |settings| settings.insecure.no_rate_limits = true);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    let answer = http::request(&hub, "GET", POLLING, &foreign, b"");
    assert_eq!(answer.status, 403);
    let (answer, _) = WebSocket::handshake(&hub, DIRECT, &foreign);
    assert_eq!((answer.status, answer.text().as_str()), (400, "Forbidden"));
    let own = hub.url();
    let foreign_but_allowed = [foreign[0], ("Origin", own.as_str())];
    let answer = http::request(&hub, "GET", POLLING, &foreign_but_allowed, b"");
    assert_eq!(answer.status, 200);
    assert_eq!(hub.doors().sessions(), 1);
}
