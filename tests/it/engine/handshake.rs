//! How a session begins (wire reference 1.2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::polling::sid;
use crate::support::{ECHO, Form, Polling, WebSocket, http, in_both_forms};

in_both_forms!(
    a_handshake_gives_the_five_keys_in_order,
    the_open_packet_tells_the_settings,
    a_websocket_begins_with_the_same_packet_and_no_upgrades,
    other_parameters_are_allowed_and_kept,
    a_hundred_parameters_open_a_session,
    without_the_slash_at_its_end_the_endpoint_is_the_same,
    ids_are_20_url_safe_characters_and_never_repeat,
);

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

fn a_handshake_gives_the_five_keys_in_order(form: Form) {
    let hub = form.echoing();
    for path in ["/socket.io/", ECHO] {
        let answer = http::get(&hub, &format!("{path}?EIO=4&transport=polling"));
        assert_eq!(answer.status, 200);
        let (start, rest) = answer
            .text()
            .split_once(&sid(&answer.text()))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        assert_eq!(start, "0{\"sid\":\"");
        let settings = r#"","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert_eq!(rest, settings);
    }
}

fn the_open_packet_tells_the_settings(form: Form) {
    let hub = form.echoing_with(|config| {
        config.engine.ping_interval = std::time::Duration::from_millis(1234);
        config.engine.ping_timeout = std::time::Duration::from_secs(7);
        config.engine.max_payload = 4321;
    });
    let open = http::get(&hub, POLLING).text();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    assert_eq!(
        (
            &open["pingInterval"],
            &open["pingTimeout"],
            &open["maxPayload"]
        ),
        (&json!(1234), &json!(7000), &json!(4321))
    );
}

fn a_websocket_begins_with_the_same_packet_and_no_upgrades(form: Form) {
    let hub = form.echoing();
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    let open = socket.next_text();
    let expected = format!(
        r#"0{{"sid":"{}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#,
        sid(&open)
    );
    assert_eq!(open, expected);
}

fn other_parameters_are_allowed_and_kept(form: Form) {
    let hub = form.echoing();
    let kept = |transport: &str| {
        let engines = [("EIO", "4"), ("x", ""), ("transport", transport)];
        let own = [("t", "Pq1"), ("token", "a b")].into_iter();
        json!(
            own.chain(engines)
                .chain([("token", "2")])
                .collect::<Vec<_>>()
        )
    };
    let more = "t=Pq1&token=a%20b&EIO=4&x&transport=";
    let open = http::get(&hub, &format!("{ECHO}?{more}polling&token=2")).text();
    let target = format!("{ECHO}?EIO=4&transport=polling&sid={}&t=other", sid(&open));
    assert_eq!(http::post(&hub, &target, "4query").status, 200);
    assert_eq!(
        http::get(&hub, &target).text(),
        format!("4{}", kept("polling"))
    );
    let mut socket = WebSocket::open(&hub, &format!("{ECHO}?{more}websocket&token=2"));
    assert!(socket.next_text().starts_with("0{"));
    socket.text("4query");
    assert_eq!(socket.next_text(), format!("4{}", kept("websocket")));
}

fn without_the_slash_at_its_end_the_endpoint_is_the_same(form: Form) {
    let hub = form.echoing();
    for path in ["/socket.io", ECHO.trim_end_matches('/')] {
        let polling = Polling::open(&hub, path);
        polling.say("41");
        assert!(
            WebSocket::open(&hub, &format!("{path}?EIO=4&transport=websocket"))
                .next_text()
                .starts_with("0{")
        );
        let other = format!("{path}x?EIO=4&transport=");
        assert_eq!(http::get(&hub, &format!("{other}polling")).status, 404);
        let (answer, _) = WebSocket::handshake(&hub, &format!("{other}websocket"), &[]);
        assert_eq!(answer.status, 404);
    }
}

fn a_hundred_parameters_open_a_session(form: Form) {
    let hub = form.echoing();
    let more: String = (0..100).map(|number| format!("&p{number}=x")).collect();
    for path in ["/socket.io/", ECHO] {
        let answer = http::get(&hub, &format!("{path}?EIO=4&transport=polling{more}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let target = format!("{path}?transport=websocket{more}&EIO=4");
        assert!(WebSocket::open(&hub, &target).next_text().starts_with("0{"));
    }
}

fn ids_are_20_url_safe_characters_and_never_repeat(form: Form) {
    let hub = form.echoing();
    let ids: Vec<String> = (0..50).map(|_| Polling::open(&hub, ECHO).sid).collect();
    for id in &ids {
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(id.len() == 20 && id.bytes().all(url_safe), "{id}");
    }
    // Fresh in every place, no counter: at each position, 50 ids show many characters.
    for place in 0..20 {
        let seen: BTreeSet<u8> = ids.iter().map(|id| id.as_bytes()[place]).collect();
        assert!(seen.len() > 10, "at {place} only {seen:?}");
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 50);
}
