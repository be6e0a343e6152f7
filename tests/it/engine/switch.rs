//! Asking for a WebSocket, and how one ends (wire reference 1.5).

use crate::support::polling::sid;
use crate::support::{ECHO, Form, Frame, Hub, Polling, WebSocket, in_both_forms};

in_both_forms!(
    a_refused_upgrade_is_plain_text_before_the_switch,
    a_session_takes_one_websocket_and_further_ones_are_closed,
    a_message_over_the_limit_is_1009,
    broken_frames_end_with_the_websockets_own_codes,
    a_close_is_answered,
    a_subprotocol_is_answered_with_the_clients_first,
);

fn socket(hub: &Hub) -> WebSocket {
    let mut socket = WebSocket::open(hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    socket
}

fn a_refused_upgrade_is_plain_text_before_the_switch(form: Form) {
    let hub = form.echoing();
    let foreign = [("Origin", "https://evil.example")];
    let illegal = [("Origin", "http://a\u{e9}.example")];
    for (query, headers, message) in [
        ("EIO=4&transport=tcp", &[][..], "Transport unknown"),
        ("EIO=4", &[], "Transport unknown"),
        ("EIO=4&transport=websocket", &illegal, "Bad request"),
        (
            "EIO=4&transport=websocket&sid=nobody",
            &[],
            "Session ID unknown",
        ),
        // Two that the reference finds only after its 101.
        (
            "EIO=5&transport=websocket",
            &[],
            "Unsupported protocol version",
        ),
        ("transport=websocket", &[], "Unsupported protocol version"),
        ("EIO=4&transport=polling", &[], "Bad request"),
        // 400 also where a plain request gets 403.
        ("EIO=4&transport=websocket", &foreign, "Forbidden"),
    ] {
        let (answer, mut socket) = WebSocket::handshake(&hub, &format!("{ECHO}?{query}"), headers);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (400, message),
            "{query}"
        );
        assert_eq!(answer.header("Connection"), Some("close"), "{query}");
        assert_eq!(answer.header("Content-Type"), Some("text/html"), "{query}");
        assert_eq!(
            answer.header("Content-Length"),
            Some(message.len().to_string().as_str()),
            "{query}"
        );
        assert_eq!(socket.next(), Frame::End, "{query}");
    }
    let polling = Polling::open(&hub, ECHO);
    let (answer, _) = WebSocket::handshake(&hub, &polling.target(), &[]);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (400, "Bad request")
    );
    polling.is_alive();
}

fn a_session_takes_one_websocket_and_further_ones_are_closed(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut first = polling.upgrading();
    let mut second = polling.upgrading();
    assert_eq!(second.next(), Frame::Close(None));
    // The first goes on.
    first.text("2probe");
    assert_eq!(first.next_text(), "3probe");
    first.text("5");
    hub.wait_for("dondo_sessions{state=\"websocket\"}", 1);
    let mut third = polling.upgrading();
    assert_eq!(third.next(), Frame::Close(None));
    first.text("4a");
    assert_eq!(first.next_text(), "4a");
    let mut began = WebSocket::open(&hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    let sid = sid(&began.next_text());
    let mut surplus = WebSocket::open(&hub, &format!("{ECHO}?EIO=4&transport=websocket&sid={sid}"));
    assert_eq!(surplus.next(), Frame::Close(None));
    began.text("4b");
    assert_eq!(began.next_text(), "4b");
}

fn a_message_over_the_limit_is_1009(form: Form) {
    let hub = form.echoing_with(|config| config.engine.max_payload = 1000);
    let mut one = socket(&hub);
    // The limit counts the type digit too, and is itself allowed.
    let exact = format!("4{}", "x".repeat(999));
    one.text(&exact);
    assert_eq!(one.next_text(), exact);
    one.binary(&[1; 1000]);
    assert_eq!(one.next(), Frame::Binary(vec![1; 1000]));
    one.text(&format!("{exact}x"));
    assert_eq!(one.next(), Frame::Close(Some(1009)));
    hub.wait_for("dondo_closes_total{reason=\"transport error\"}", 1);
    // In pieces it is no smaller.
    let mut other = socket(&hub);
    other.frame(0x01, exact.as_bytes());
    other.frame(0x80, b"x");
    assert_eq!(other.next(), Frame::Close(Some(1009)));
    hub.wait_for("dondo_closes_total{reason=\"transport error\"}", 2);
}

fn broken_frames_end_with_the_websockets_own_codes(form: Form) {
    let hub = form.echoing();
    let unmasked = b"\x81\x02\x34\x61".to_vec();
    let masked = crate::support::masked;
    for (number, (bytes, code)) in [
        (unmasked, 1002),
        (masked(0x83, b"4a"), 1002),
        (masked(0xc1, b"4a"), 1002),
        (masked(0x80, b"4a"), 1002),
        (masked(0x81, b"4\xff"), 1007),
    ]
    .into_iter()
    .enumerate()
    {
        let mut socket = socket(&hub);
        socket.raw(&bytes);
        assert_eq!(socket.next(), Frame::Close(Some(code)), "{bytes:?}");
        hub.wait_for(
            "dondo_closes_total{reason=\"transport error\"}",
            number as u64 + 1,
        );
    }
}

fn a_close_is_answered(form: Form) {
    let hub = form.echoing();
    let mut socket = socket(&hub);
    socket.frame(0x88, &1000u16.to_be_bytes());
    assert_eq!(socket.next(), Frame::Close(Some(1000)));
    assert_eq!(socket.next(), Frame::End);
    hub.wait_for("dondo_closes_total{reason=\"transport close\"}", 1);
}

/// Clients close a WebSocket that answers none of the subprotocols they name.
fn a_subprotocol_is_answered_with_the_clients_first(form: Form) {
    let target = format!("{ECHO}?EIO=4&transport=websocket");
    let answered = |hub: &Hub, headers: &[(&str, &str)]| {
        let (answer, mut socket) = WebSocket::handshake(hub, &target, headers);
        assert_eq!(answer.status, 101);
        assert!(socket.next_text().starts_with("0{"));
        answer.header("Sec-WebSocket-Protocol").map(str::to_owned)
    };
    let name = "Sec-WebSocket-Protocol";
    let hub = form.echoing();
    assert_eq!(answered(&hub, &[]), None);
    assert_eq!(
        answered(&hub, &[(name, "chat.v1, other")]).unwrap(),
        "chat.v1"
    );
    let twice = [(name, "not a token,a"), (name, "b")];
    assert_eq!(answered(&hub, &twice).unwrap(), "a");
    let hub = form.echoing_with(|config| config.engine.subprotocols = vec!["b".to_owned()]);
    assert_eq!(answered(&hub, &[(name, "a, b")]).unwrap(), "b");
    assert_eq!(answered(&hub, &[(name, "a")]), None);
}
