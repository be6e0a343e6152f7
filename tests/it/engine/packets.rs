//! Packets and their encodings (wire reference 1.1).

use crate::support::polling::SEPARATOR;
use crate::support::{ECHO, Form, Frame, Hub, Polling, WebSocket, in_both_forms};

in_both_forms!(
    text_is_a_digit_and_data_on_both_transports,
    binary_on_a_websocket_is_data_without_a_type_byte,
    binary_in_polling_is_b_and_padded_base64,
    bad_base64_is_read_as_far_as_it_goes,
    a_websocket_text_that_begins_with_b_is_binary,
    packets_of_one_body_are_joined_by_the_separator_alone,
    what_is_no_packet_closes_a_polling_session,
    what_is_no_packet_closes_a_websocket,
    packets_before_a_bad_one_are_delivered_and_those_behind_it_are_not,
    packets_that_only_servers_send_are_ignored,
);

fn socket(hub: &Hub) -> WebSocket {
    let mut socket = WebSocket::open(hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    socket
}

fn text_is_a_digit_and_data_on_both_transports(form: Form) {
    let hub = form.echoing();
    let (polling, mut socket) = (Polling::open(&hub, ECHO), socket(&hub));
    for text in ["4", "4a", "4é😀\u{2028}", "4\"\\\u{7f}", "44"] {
        polling.say(text);
        assert_eq!(polling.read(), text);
        socket.text(text);
        assert_eq!(socket.next_text(), text);
    }
}

fn binary_on_a_websocket_is_data_without_a_type_byte(form: Form) {
    let hub = form.echoing();
    let mut socket = socket(&hub);
    // An empty one is legal.
    for data in [&b""[..], b"\x04", b"4", b"\x00\xff\x1e", &[7; 70_000]] {
        socket.binary(data);
        assert_eq!(socket.next(), Frame::Binary(data.to_vec()));
    }
}

fn binary_in_polling_is_b_and_padded_base64(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    for packet in ["bAQIDBA==", "bAQID", "b/+8=", "b"] {
        polling.say(packet);
        assert_eq!(polling.read(), packet);
    }
}

fn bad_base64_is_read_as_far_as_it_goes(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    for (sent, back) in [
        ("bAQIDBA", "bAQIDBA=="),
        ("bAQ ID!BA=", "bAQIDBA=="),
        ("b-_8", "b+/8="),
        ("b!!", "b"),
    ] {
        polling.say(sent);
        assert_eq!(polling.read(), back, "{sent}");
    }
}

fn a_websocket_text_that_begins_with_b_is_binary(form: Form) {
    let hub = form.echoing();
    let mut socket = socket(&hub);
    for (sent, data) in [("bAQIDBA==", &[1, 2, 3, 4][..]), ("b", b"")] {
        socket.text(sent);
        assert_eq!(socket.next(), Frame::Binary(data.to_vec()));
    }
}

fn packets_of_one_body_are_joined_by_the_separator_alone(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let body = ["4one", "bAQIDBA==", "4", "4two"].join(SEPARATOR);
    polling.say(&body);
    assert_eq!(polling.read(), body);
}

/// What is no packet, also between good ones.
const NO_PACKETS: [&str; 7] = ["", "7", "abc", "{}", " 4a", "é", "\x00"];

fn what_is_no_packet_closes_a_polling_session(form: Form) {
    for bad in NO_PACKETS
        .into_iter()
        .chain(["4a\x1e", "\x1e4a", "4a\x1e\x1e4b"])
    {
        let hub = form.echoing();
        let polling = Polling::open(&hub, ECHO);
        assert_eq!(polling.post(bad).status, 400, "{bad:?}");
        polling.is_gone("parse error");
    }
}

fn what_is_no_packet_closes_a_websocket(form: Form) {
    for bad in NO_PACKETS {
        let hub = form.echoing();
        let mut socket = socket(&hub);
        socket.text(bad);
        assert_eq!(socket.next(), Frame::Close(None), "{bad:?}");
        hub.wait_for("dondo_closes_total{reason=\"parse error\"}", 1);
    }
}

fn packets_before_a_bad_one_are_delivered_and_those_behind_it_are_not(form: Form) {
    let hub = form.echoing();
    for (number, body) in (1..).zip([["4count", "x"], ["x", "4count"]]) {
        let polling = Polling::open(&hub, ECHO);
        assert_eq!(polling.post(&body.join(SEPARATOR)).status, 400);
        hub.wait_for("dondo_closes_total{reason=\"parse error\"}", number);
        let other = Polling::open(&hub, ECHO);
        other.say("4counted");
        assert_eq!(other.read(), "41");
    }
}

fn packets_that_only_servers_send_are_ignored(form: Form) {
    let hub = form.echoing();
    let (polling, mut socket) = (Polling::open(&hub, ECHO), socket(&hub));
    for packet in ["0", "0{}", "5", "6", "3", "3what"] {
        polling.say(packet);
        polling.is_alive();
        socket.text(packet);
        socket.text("4still here");
        assert_eq!(
            socket.next(),
            Frame::Text("4still here".to_owned()),
            "{packet}"
        );
    }
}
