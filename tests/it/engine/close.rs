//! How a session ends, and what goes out then (wire reference 1.8).

use crate::support::http;
use crate::support::polling::{SEPARATOR, body};
use crate::support::{ECHO, Form, Frame, Hub, Polling, WebSocket, in_both_forms};

in_both_forms!(
    a_posted_close_ends_the_session_and_the_rest_of_the_body_is_ignored,
    a_posted_close_ends_the_waiting_get,
    a_close_packet_ends_a_websocket_at_once,
    a_websocket_that_goes_ends_its_session,
    a_close_of_the_server_ends_the_waiting_get,
    a_close_of_the_server_is_told_by_the_gets_that_come_later,
    a_close_of_the_server_flushes_a_websocket_and_sends_no_close_packet,
    a_closing_session_takes_nothing_more,
);

fn socket(hub: &Hub) -> WebSocket {
    let mut socket = WebSocket::open(hub, &format!("{ECHO}?EIO=4&transport=websocket"));
    assert!(socket.next_text().starts_with("0{"));
    socket
}

const FORCED: &str = "dondo_closes_total{reason=\"forced close\"}";
const CLOSED: &str = "dondo_closes_total{reason=\"transport close\"}";

fn a_posted_close_ends_the_session_and_the_rest_of_the_body_is_ignored(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    // Were it read, `close` or the bad packet would give another reason.
    polling.say(&["1", "4close", "x"].join(SEPARATOR));
    polling.is_gone("transport close");
}

fn a_posted_close_ends_the_waiting_get(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut waiting = polling.wait();
    polling.say("1");
    assert_eq!(body(&http::read(&mut waiting)), "6");
    polling.is_gone("transport close");
}

fn a_close_packet_ends_a_websocket_at_once(form: Form) {
    let hub = form.echoing();
    let mut socket = socket(&hub);
    socket.text("1");
    assert_eq!(socket.next(), Frame::Close(None));
    assert_eq!(socket.next(), Frame::End);
    hub.wait_for(CLOSED, 1);
}

fn a_websocket_that_goes_ends_its_session(form: Form) {
    let hub = form.echoing();
    // Without a close frame, and with one that has no code.
    drop(socket(&hub));
    hub.wait_for(CLOSED, 1);
    let mut closing = socket(&hub);
    closing.frame(0x88, b"");
    closing.closed();
    hub.wait_for(CLOSED, 2);
    // Reset by the peer.
    let reset = socket(&hub);
    socket2::SockRef::from(&reset.stream)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(reset);
    hub.wait_for(CLOSED, 3);
}

fn a_close_of_the_server_ends_the_waiting_get(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut waiting = polling.wait();
    polling.say("4close");
    assert_eq!(body(&http::read(&mut waiting)), "1");
    polling.is_gone("forced close");
}

fn a_close_of_the_server_is_told_by_the_gets_that_come_later(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    polling.say(&["4a", "4b", "4close"].join(SEPARATOR));
    hub.wait_for(FORCED, 1);
    polling.settle();
    assert_eq!(polling.read(), "4a\x1e4b");
    assert_eq!(polling.read(), "6\x1e1");
    polling.is_gone("forced close");
}

fn a_close_of_the_server_flushes_a_websocket_and_sends_no_close_packet(form: Form) {
    let hub = form.echoing();
    let mut socket = socket(&hub);
    let large = format!("4{}", "x".repeat(200_000));
    for text in [&large, "4b", "4close"] {
        socket.text(text);
    }
    assert_eq!(socket.next_text(), large);
    assert_eq!(socket.next_text(), "4b");
    assert_eq!(socket.next(), Frame::Close(None));
    assert_eq!(socket.next(), Frame::End);
    hub.wait_for(FORCED, 1);
}

fn a_closing_session_takes_nothing_more(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    polling.say(&["4a", "4close", "4b"].join(SEPARATOR));
    hub.wait_for(FORCED, 1);
    polling.post("4c");
    polling.settle();
    assert_eq!(polling.read(), "4a");
    assert_eq!(polling.read(), "6\x1e1");
}
