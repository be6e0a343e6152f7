//! Attachments that are announced and never come, or come without end.

use super::{CLOSED, MEGABYTE, Siege, fate, member};
use crate::support::{Frame, LongPoll, WebSocket, http};

const HALF_CLOSED: &str = "dondo_closes_total{reason=\"half packet\"}";

#[test]
fn attachments_that_never_come_close_their_connection_when_their_time_is_over() {
    let siege = Siege::begin(&["--engine.attachments-timeout", "400ms"]);
    let packets = [
        "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "4510-[\"x\"]",
        "461-5[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "451-/never/joined,[\"x\"]",
    ];
    let mut sockets: Vec<WebSocket> = packets
        .iter()
        .map(|packet| {
            let mut socket = member(&siege.hub);
            socket.text(packet);
            socket
        })
        .collect();
    // Heartbeats between do not make the time longer, nor do some of the attachments.
    sockets[0].text("3");
    sockets[1].binary(b"one of ten");
    for (socket, packet) in sockets.iter_mut().zip(packets) {
        assert_eq!(socket.closed(), None, "{packet}");
    }
    siege.hub.wait_for(HALF_CLOSED, packets.len() as u64);
    let poll = LongPoll::connect(&siege.hub);
    let answer = http::post(&siege.hub, &poll.target("polling"), packets[0]);
    assert_eq!(answer.status, 200);
    siege.hub.wait_for(HALF_CLOSED, packets.len() as u64 + 1);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_half_packet_is_timed_before_its_sender_has_joined_anything() {
    let siege = Siege::begin(&["--engine.attachments-timeout", "400ms"]);
    let mut socket = super::stranger(&siege.hub);
    socket.text("451-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    assert_eq!(socket.closed(), None);
    siege.hub.wait_for(HALF_CLOSED, 1);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_packet_with_its_attachments_is_as_large_as_it_may_be() {
    let siege = Siege::begin(&["--engine.packet-bytes-max", "1MB"]);
    let announced = "4510-[\"void\"]";
    let mut socket = member(&siege.hub);
    socket.text(announced);
    for _ in 0..10 {
        socket.binary(&[0; 200_000]);
    }
    assert_eq!(fate(&mut socket), CLOSED, "2 MB in ten attachments");
    let mut socket = member(&siege.hub);
    socket.text(announced);
    for _ in 0..10 {
        socket.binary(&[0; 90_000]);
    }
    assert_eq!(fate(&mut socket), super::Fate::Stays, "0.9 MB in ten");
    drop(socket);
    siege.end(32 * MEGABYTE);
}

#[test]
fn many_half_packets_hold_what_they_were_sent_and_their_connections_no_longer_than_allowed() {
    let siege = Siege::begin(&["--engine.attachments-timeout", "1s"]);
    let mut sockets: Vec<WebSocket> = (0..200).map(|_| member(&siege.hub)).collect();
    for socket in &mut sockets {
        socket.text("4510-[\"x\"]");
        socket.binary(&[0; 50_000]);
    }
    for socket in &mut sockets {
        assert_eq!(socket.closed(), None);
    }
    siege.hub.wait_for(HALF_CLOSED, 200);
    // 10 MB were legal; what counts is that they are given back, and reused by the next.
    siege.end(64 * MEGABYTE);
}

#[test]
fn two_half_packets_do_not_stand_beside_each_other() {
    let siege = Siege::begin(&["--namespaces", "/,/other"]);
    let mut socket = member(&siege.hub);
    socket.text("40/other,");
    assert!(socket.next_text().starts_with("40/other,"));
    socket.text("451-[\"x\",{\"_placeholder\":true,\"num\":0}]");
    socket.text("451-/other,[\"x\",{\"_placeholder\":true,\"num\":0}]");
    assert_eq!(socket.next(), Frame::Close(None));
    drop(socket);
    // The same in one body of a POST, with an attachment behind both.
    let poll = LongPoll::connect(&siege.hub);
    let half = "451-[\"x\",{\"_placeholder\":true,\"num\":0}]";
    let body = format!("{half}\x1e{half}\x1ebAA==");
    http::post(&siege.hub, &poll.target("polling"), &body);
    siege
        .hub
        .wait_for("dondo_closes_total{reason=\"forced close\"}", 2);
    siege.end(16 * MEGABYTE);
}
